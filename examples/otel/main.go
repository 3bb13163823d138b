// Program otel lists all images, of your account or of a built-in service, and prints OpenTelemetry spans and metrics of the listing.
// Try: cd examples/otel && go run . -images 237
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"

	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
	"github.com/wuying-go/appstreaming/examples/otel/appstreamingotel"
)

func main() { program().Main() }

func program() *demo.Program {
	images := 237
	return &demo.Program{
		Name:    "otel",
		About:   "Lists all images and prints OpenTelemetry spans and metrics as JSON.",
		Samples: func() []appstreaming.Image { return appstreamingtest.SampleImages(images) },
		Flags: func(f *demo.Flags) {
			f.Group("Sample data")
			f.Count("images", &images, 0, math.MaxInt32, "`number` of images the built-in service holds (default 237)")
		},
		Run: func(ctx context.Context, s *demo.Session) error {
			if s.Service != nil { // so that there are retries to see
				soon := http.Header{"X-Acs-Retry-After": {"20"}}
				s.Service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeThrottlingUser, Header: soon})
				s.Service.Fail(1, appstreamingtest.Fault{Page: 2, Code: appstreaming.CodeServiceUnavailable})
				s.Service.Fail(1, appstreamingtest.Fault{Page: 3, Break: appstreamingtest.BreakReset})
			}
			count, err := traced(ctx, s.Client, s.Stdout)
			if err == nil {
				fmt.Fprintf(s.Stderr, "%d images\n", count)
			}
			return err
		},
	}
}

// traced counts the images, with spans and metrics printed to w.
func traced(ctx context.Context, client *appstreaming.Client, w io.Writer) (count int, err error) {
	traceExporter, err := stdouttrace.New(stdouttrace.WithWriter(w), stdouttrace.WithPrettyPrint())
	if err != nil {
		return 0, err
	}
	metricExporter, err := stdoutmetric.New(stdoutmetric.WithWriter(w), stdoutmetric.WithPrettyPrint())
	if err != nil {
		return 0, err
	}
	about := resource.NewWithAttributes(semconv.SchemaURL, semconv.ServiceName("appstreaming-otel-example"))
	traces := sdktrace.NewTracerProvider(sdktrace.WithBatcher(traceExporter), sdktrace.WithResource(about))
	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metricExporter)), sdkmetric.WithResource(about))
	// Shutting down prints what is left, whether or not ctx has ended.
	defer func() {
		last := context.WithoutCancel(ctx)
		err = errors.Join(err, traces.Shutdown(last), metrics.Shutdown(last))
	}()

	options, err := appstreamingotel.Options(traces, metrics)
	if err != nil {
		return 0, err
	}
	if client, err = client.With(options...); err != nil {
		return 0, err
	}
	ctx, span := traces.Tracer("example").Start(ctx, "count images")
	defer span.End()
	for _, err := range client.Images(ctx, appstreaming.ListImageRequest{}) {
		if err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}
