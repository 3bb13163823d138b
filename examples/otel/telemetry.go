package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/wuying-go/appstreaming"
)

const (
	scope   = "github.com/wuying-go/appstreaming/examples/otel"
	system  = "alibaba_cloud_api" // the conventions have no name for it
	service = "appstream-center"
	method  = "ListImage"
)

// telemetry turns what an observer is told into spans and metrics.
//
// Nothing of a request but its method becomes an attribute, and no error's text
// does: there is no URL, no query and no secret in any.
type telemetry struct {
	httpMethod string // of the attempts
	tracer     trace.Tracer
	duration   metric.Float64Histogram
	retries    metric.Int64Counter
}

// newTelemetry is for a client whose requests have that HTTP method: POST with
// SignatureACS3, which is the default, GET with SignatureRPC.
func newTelemetry(httpMethod string, traces trace.TracerProvider, metrics metric.MeterProvider) (*telemetry, error) {
	meter := metrics.Meter(scope, metric.WithInstrumentationVersion(appstreaming.Version), metric.WithSchemaURL(semconv.SchemaURL))
	duration, durationErr := meter.Float64Histogram("http.client.request.duration",
		metric.WithUnit("s"), metric.WithDescription("Duration of HTTP client requests."),
		metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10))
	retries, retriesErr := meter.Int64Counter("appstreaming.client.retries",
		metric.WithUnit("{retry}"), metric.WithDescription("Attempts that another one followed."))
	return &telemetry{
		httpMethod: httpMethod,
		tracer:     traces.Tracer(scope, trace.WithInstrumentationVersion(appstreaming.Version), trace.WithSchemaURL(semconv.SchemaURL)),
		duration:   duration,
		retries:    retries,
	}, errors.Join(durationErr, retriesErr)
}

// lister wraps next: each call becomes a client span with a span in it for every
// attempt. The functions Images and Pages page over it.
func (t *telemetry) lister(next appstreaming.ImageLister) appstreaming.ImageLister {
	return tracedLister{t, next}
}

type tracedLister struct {
	*telemetry
	next appstreaming.ImageLister
}

func (l tracedLister) ListImage(ctx context.Context, req appstreaming.ListImageRequest, opts ...appstreaming.Option) (*appstreaming.ListImageResponse, error) {
	ctx, span := l.tracer.Start(ctx, service+"/"+method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(semconv.RPCSystemKey.String(system), semconv.RPCService(service), semconv.RPCMethod(method)))
	defer span.End()

	var last appstreaming.Attempt
	observer := func(ctx context.Context, a appstreaming.Attempt) {
		last = a
		l.attempt(ctx, a)
	}
	page, err := l.next.ListImage(ctx, req, append(slices.Clip(opts), appstreaming.WithObserver(observer))...)
	if last.Number > 0 {
		span.SetAttributes(server(last.Host)...)
	}
	if err != nil {
		fail(span, errorType(err, last))
	}
	return page, err
}

// attempt records one HTTP request, after it was made.
func (t *telemetry) attempt(ctx context.Context, a appstreaming.Attempt) {
	attrs := append(server(a.Host), semconv.HTTPRequestMethodKey.String(t.httpMethod))
	if a.StatusCode != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(a.StatusCode))
	}
	if a.Err != nil {
		attrs = append(attrs, semconv.ErrorTypeKey.String(a.Reason))
	}
	t.duration.Record(ctx, a.Duration.Seconds(), metric.WithAttributes(attrs...))
	if a.Retry {
		t.retries.Add(ctx, 1, metric.WithAttributes(
			semconv.RPCSystemKey.String(system), semconv.RPCService(service), semconv.RPCMethod(method), semconv.ErrorTypeKey.String(a.Reason)))
	}

	// These would make a metric's time series too many.
	if a.Number > 1 {
		attrs = append(attrs, semconv.HTTPRequestResendCount(a.Number-1))
	}
	if a.RequestID != "" {
		attrs = append(attrs, attribute.String("alibaba_cloud.request_id", a.RequestID))
	}
	end := time.Now()
	_, span := t.tracer.Start(ctx, t.httpMethod, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(end.Add(-a.Duration)), trace.WithAttributes(attrs...))
	if a.Err != nil {
		span.SetStatus(codes.Error, a.Reason)
	}
	span.End(trace.WithTimestamp(end))
}

// fail marks a span as failed, without the error's text, which quotes the
// service.
func fail(span trace.Span, errorType string) {
	span.SetAttributes(semconv.ErrorTypeKey.String(errorType))
	span.SetStatus(codes.Error, errorType)
}

// errorType is a word for why a call failed: the last attempt's, or, when that
// succeeded or there was none, the error's type.
func errorType(err error, last appstreaming.Attempt) string {
	if last.Err != nil {
		return last.Reason
	}
	return fmt.Sprintf("%T", err)
}

// server are the attributes of where a request was sent.
func server(host string) []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, 8)
	name, portText, err := net.SplitHostPort(host)
	if err != nil {
		return append(attrs, semconv.ServerAddress(host), semconv.ServerPort(443))
	}
	attrs = append(attrs, semconv.ServerAddress(name))
	if port, err := strconv.Atoi(portText); err == nil {
		attrs = append(attrs, semconv.ServerPort(port))
	}
	return attrs
}
