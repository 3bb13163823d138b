// Otel lists all images and prints OpenTelemetry spans and metrics of it: of your account, or of a built-in service.
// Try: cd examples/otel && go run . -images 237
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"

	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"

	"github.com/wuying-go/appstreaming"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0 when all went well, 1 when listing failed, 2 when
// the arguments cannot be used.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("otel", flag.ContinueOnError)
	flags.SetOutput(stderr)
	images := flags.Int("images", 237, "`number` of images the built-in service holds")
	region := flags.String("region", appstreaming.RegionShanghai, "`region` whose service is asked when there are credentials")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0 || *images < 0:
		fmt.Fprintln(stderr, "otel: no arguments are taken, and no negative number of images")
		return 2
	}

	client, stop, err := connect(getenv, *region, *images, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "otel:", err)
		return 1
	}
	defer stop()
	count, err := traced(ctx, client, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "otel:", err)
		return 1
	}
	fmt.Fprintf(stderr, "%d images\n", count)
	return 0
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

	t, err := newTelemetry(http.MethodPost, traces, metrics)
	if err != nil {
		return 0, err
	}
	ctx, span := traces.Tracer(scope).Start(ctx, "count images")
	defer span.End()
	for _, err := range appstreaming.Images(ctx, t.lister(client), appstreaming.ListImageRequest{}) {
		if err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}
