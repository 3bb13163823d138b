// Package appstreamingotel records OpenTelemetry spans and metrics of an
// appstreaming client.
//
// Every ListImage call is a client span with one span in it for every HTTP
// request, retries included. Two histograms follow the semantic conventions:
// rpc.client.call.duration for calls and http.client.request.duration for
// requests, both in seconds.
//
// No attribute holds a URL, a query, a header or the text of an error, so none
// holds a secret or a parameter. The attribute url.full of the conventions is
// left out for that reason.
package appstreamingotel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/semconv/v1.43.0/rpcconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/wuying-go/appstreaming"
)

// Scope is the name of the instrumentation.
const Scope = "github.com/wuying-go/appstreaming/examples/otel/appstreamingotel"

const (
	system = "alibaba_cloud_api" // the conventions have no name for it
	method = "appstream-center/ListImage"
)

// Options returns the options that record spans and metrics of a client. Pass
// them to [appstreaming.New]. A nil provider means the global one. The error is
// that of creating the instruments.
func Options(traces trace.TracerProvider, metrics metric.MeterProvider) ([]appstreaming.Option, error) {
	if traces == nil {
		traces = otel.GetTracerProvider()
	}
	if metrics == nil {
		metrics = otel.GetMeterProvider()
	}
	meter := metrics.Meter(Scope, metric.WithInstrumentationVersion(appstreaming.Version), metric.WithSchemaURL(semconv.SchemaURL))
	buckets := metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
	calls, callsErr := rpcconv.NewClientCallDuration(meter, buckets)
	requests, requestsErr := httpconv.NewClientRequestDuration(meter, buckets)
	if err := errors.Join(callsErr, requestsErr); err != nil {
		return nil, err
	}
	t := &telemetry{
		tracer:   traces.Tracer(Scope, trace.WithInstrumentationVersion(appstreaming.Version), trace.WithSchemaURL(semconv.SchemaURL)),
		calls:    calls,
		requests: requests,
	}
	return []appstreaming.Option{appstreaming.WithMiddleware(t.call), appstreaming.WithObserver(t.attempt)}, nil
}

type telemetry struct {
	tracer   trace.Tracer
	calls    rpcconv.ClientCallDuration
	requests httpconv.ClientRequestDuration
}

// lastAttempt is the context key of the latest attempt of a call.
type lastAttempt struct{}

// call records one ListImage call, with all its attempts.
func (t *telemetry) call(next appstreaming.Handler) appstreaming.Handler {
	return func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
		start := time.Now()
		ctx, span := t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(semconv.RPCSystemNameKey.String(system), semconv.RPCMethod(method)))
		defer span.End()
		last := new(atomic.Pointer[appstreaming.Attempt])
		page, err := next(context.WithValue(ctx, lastAttempt{}, last), req)

		attrs := outcome(last.Load(), err)
		span.SetAttributes(attrs...)
		if err != nil {
			span.SetStatus(codes.Error, errorType(last.Load(), err))
		}
		t.calls.Record(ctx, time.Since(start).Seconds(), rpcconv.SystemNameAttr(system), append(attrs, semconv.RPCMethod(method))...)
		return page, err
	}
}

// attempt records one HTTP request, after it was made.
func (t *telemetry) attempt(ctx context.Context, a appstreaming.Attempt) {
	if last, ok := ctx.Value(lastAttempt{}).(*atomic.Pointer[appstreaming.Attempt]); ok {
		last.Store(&a)
	}
	name, attrs := "credentials", server(a.Host) // without them nothing is sent
	if a.Method != "" {
		name, attrs = a.Method, append(attrs, semconv.HTTPRequestMethodKey.String(a.Method))
	}
	var result []attribute.KeyValue
	if a.StatusCode != 0 {
		result = append(result, semconv.HTTPResponseStatusCode(a.StatusCode))
	}
	if a.Err != nil {
		result = append(result, semconv.ErrorTypeKey.String(a.Reason))
	}
	if a.Method != "" {
		address, port := split(a.Host)
		t.requests.Record(ctx, a.Duration.Seconds(), httpconv.RequestMethodAttr(a.Method), address, port, result...)
	}

	attrs = append(attrs, result...)
	if a.Number > 1 {
		attrs = append(attrs, semconv.HTTPRequestResendCount(a.Number-1))
	}
	if a.RequestID != "" { // of spans alone: it would make a metric's time series too many
		attrs = append(attrs, attribute.String("alibaba_cloud.request_id", a.RequestID))
	}
	_, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(a.Start), trace.WithAttributes(attrs...))
	if a.Err != nil {
		span.SetStatus(codes.Error, a.Reason)
	}
	span.End(trace.WithTimestamp(a.Start.Add(a.Duration)))
}

// outcome returns the attributes of a call's end.
func outcome(last *appstreaming.Attempt, err error) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if last != nil {
		attrs = server(last.Host)
	}
	var apiErr *appstreaming.APIError
	if errors.As(err, &apiErr) && apiErr.Code != "" {
		attrs = append(attrs, semconv.RPCResponseStatusCode(string(apiErr.Code)))
	}
	if err != nil {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType(last, err)))
	}
	return attrs
}

// errorType returns a word for why a call failed: the last attempt's reason, or
// the error's type when that attempt succeeded or there was none.
func errorType(last *appstreaming.Attempt, err error) string {
	if last != nil && last.Err != nil {
		return last.Reason
	}
	return fmt.Sprintf("%T", err)
}

// server returns the attributes of where a request is sent.
func server(host string) []attribute.KeyValue {
	address, port := split(host)
	return []attribute.KeyValue{semconv.ServerAddress(address), semconv.ServerPort(port)}
}

// split splits a host; its port is 443 unless it names one.
func split(host string) (address string, port int) {
	address, text, err := net.SplitHostPort(host)
	if err != nil {
		return host, 443
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		return host, 443
	}
	return address, port
}
