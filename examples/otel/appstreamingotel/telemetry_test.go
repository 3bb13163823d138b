package appstreamingotel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// recorder keeps spans and metrics in memory.
type recorder struct {
	spans   *tracetest.InMemoryExporter
	reader  *sdkmetric.ManualReader
	options []appstreaming.Option
}

func record(t *testing.T) recorder {
	t.Helper()
	r := recorder{spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	var err error
	r.options, err = Options(
		sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans)),
		sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r recorder) collect(t *testing.T) map[string]metricdata.Aggregation {
	t.Helper()
	var collected metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &collected); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]metricdata.Aggregation)
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			found[m.Name] = m.Data
		}
	}
	return found
}

// seen is the part of a span that the test compares.
type seen struct {
	Name   string
	Parent int // index of its parent, -1: none
	Status codes.Code
	Attrs  map[string]string
}

func view(spans tracetest.SpanStubs) []seen {
	index := make(map[trace.SpanID]int)
	for i, s := range spans {
		index[s.SpanContext.SpanID()] = i
	}
	views := make([]seen, len(spans))
	for i, s := range spans {
		parent, found := index[s.Parent.SpanID()]
		if !found {
			parent = -1
		}
		attrs := make(map[string]string)
		for _, a := range s.Attributes {
			if a.Key != "alibaba_cloud.request_id" {
				attrs[string(a.Key)] = a.Value.String()
			}
		}
		views[i] = seen{s.Name, parent, s.Status.Code, attrs}
	}
	return views
}

func TestACallIsASpanWithOneInItForEveryAttempt(t *testing.T) {
	t.Parallel()
	double := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(5)...)
	double.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeThrottlingUser, Header: http.Header{"X-Acs-Retry-After": {"1"}}})
	double.Fail(1, appstreamingtest.Fault{Break: appstreamingtest.BreakClose})
	r := record(t)
	client := double.Client(append(r.options, appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Millisecond}))...)
	if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); err != nil {
		t.Fatal(err)
	}

	port := strings.TrimPrefix(double.URL(), "http://127.0.0.1:")
	attempt := func(more ...string) map[string]string {
		attrs := map[string]string{"http.request.method": "POST", "server.address": "127.0.0.1", "server.port": port}
		for i := 0; i < len(more); i += 2 {
			attrs[more[i]] = more[i+1]
		}
		return attrs
	}
	want := []seen{
		{"POST", 3, codes.Error, attempt("http.response.status_code", "400", "error.type", "Throttling.User")},
		{"POST", 3, codes.Error, attempt("error.type", "connection", "http.request.resend_count", "1")},
		{"POST", 3, codes.Unset, attempt("http.response.status_code", "200", "http.request.resend_count", "2")},
		{"appstream-center/ListImage", -1, codes.Unset, map[string]string{
			"rpc.system.name": "alibaba_cloud_api", "rpc.method": "appstream-center/ListImage",
			"server.address": "127.0.0.1", "server.port": port,
		}},
	}
	spans := r.spans.GetSpans()
	if diff := cmp.Diff(want, view(spans)); diff != "" {
		t.Error(diff)
	}
	call := spans[len(spans)-1]
	for i, s := range spans {
		inside := !s.StartTime.Before(call.StartTime) && !s.EndTime.After(call.EndTime) && !s.StartTime.After(s.EndTime)
		if s.SpanKind != trace.SpanKindClient || !inside {
			t.Errorf("span %d is %v, from %v to %v", i, s.SpanKind, s.StartTime, s.EndTime)
		}
	}

	metrics := r.collect(t)
	durations := map[string]uint64{}
	for _, p := range metrics["http.client.request.duration"].(metricdata.Histogram[float64]).DataPoints {
		durations[value(p.Attributes, "http.response.status_code")+" "+value(p.Attributes, "error.type")] += p.Count
	}
	if diff := cmp.Diff(map[string]uint64{"400 Throttling.User": 1, " connection": 1, "200 ": 1}, durations); diff != "" {
		t.Error(diff)
	}
	calls := metrics["rpc.client.call.duration"].(metricdata.Histogram[float64]).DataPoints
	if len(calls) != 1 || calls[0].Count != 1 || value(calls[0].Attributes, "rpc.method") != "appstream-center/ListImage" {
		t.Errorf("calls are %+v, want one", calls)
	}
}

func value(set attribute.Set, key attribute.Key) string {
	v, _ := set.Value(key)
	return v.String()
}

func TestAFailedCallSaysWhyInAWord(t *testing.T) {
	t.Parallel()
	double := appstreamingtest.NewServer(t)
	double.Fail(-1, appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission})
	refused := errors.New("refused by another middleware")
	refusing := appstreaming.WithMiddleware(func(appstreaming.Handler) appstreaming.Handler {
		return func(context.Context, appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
			return nil, refused
		}
	})
	none := appstreaming.WithCredentials(appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
		return appstreaming.Credentials{}, errors.New("none today")
	}))
	for want, test := range map[string]struct {
		code, spans string
		request     appstreaming.ListImageRequest
		options     []appstreaming.Option
	}{
		"Forbidden.NoPermission":   {code: "Forbidden.NoPermission", spans: "POST appstream-center/ListImage"},
		"*appstreaming.ParamError": {spans: "appstream-center/ListImage", request: appstreaming.ListImageRequest{PageSize: 101}},
		"*errors.errorString":      {spans: "appstream-center/ListImage", options: []appstreaming.Option{refusing}},
		"credentials":              {spans: "credentials appstream-center/ListImage", options: []appstreaming.Option{none}},
	} {
		r := record(t)
		if _, err := double.Client(append(r.options, test.options...)...).ListImage(t.Context(), test.request); err == nil {
			t.Fatal("it succeeded")
		}
		views := view(r.spans.GetSpans())
		var names []string
		for _, v := range views {
			names = append(names, v.Name)
		}
		call := views[len(views)-1]
		if call.Attrs["error.type"] != want || call.Attrs["rpc.response.status_code"] != test.code || call.Status != codes.Error {
			t.Errorf("got %+v, want %s", call, want)
		}
		if got := strings.Join(names, " "); got != test.spans {
			t.Errorf("%s: spans %s, want %s", want, got, test.spans)
		}
	}
}

func TestTheCallsOfPagersSnapshotsAndWaitsAreRecorded(t *testing.T) {
	t.Parallel()
	double := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(150)...)
	for name, test := range map[string]struct {
		calls int
		run   func(*appstreaming.Client) error
	}{
		"images": {2, func(c *appstreaming.Client) error {
			for _, err := range c.Images(t.Context(), appstreaming.ListImageRequest{}, appstreaming.WithPrefetch(4)) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		"snapshot": {4, func(c *appstreaming.Client) error {
			_, err := c.Snapshot(t.Context(), appstreaming.ListImageRequest{}, appstreaming.SnapshotOptions{})
			return err
		}},
		"wait": {1, func(c *appstreaming.Client) error {
			_, err := c.WaitForImage(t.Context(), double.Images()[0].ImageID, appstreaming.WaitOptions{})
			return err
		}},
	} {
		r := record(t)
		err := test.run(double.Client(r.options...))
		spans := r.spans.GetSpans()
		if err != nil || len(spans) != 2*test.calls {
			t.Errorf("%s: %v, %d spans, want one for each of %d calls and their attempts", name, err, len(spans), test.calls)
		}
	}
}

func TestTheGlobalProvidersAreTheDefault(t *testing.T) {
	t.Parallel()
	options, err := Options(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := appstreamingtest.NewServer(t).Client(options...).ListImage(t.Context(), appstreaming.ListImageRequest{}); err != nil {
		t.Error(err)
	}
}

func TestThePortOfAHostIsThatOfHTTPSUnlessNamed(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"example.com": "example.com 443", "example.com:8443": "example.com 8443", "[::1]:80": "::1 80", "::1": "::1 443",
	} {
		address, port := split(host)
		if got := fmt.Sprint(address, " ", port); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

func TestNoSpanAndNoMetricHoldsAURLAQueryOrASecret(t *testing.T) {
	t.Parallel()
	secrets := []string{
		appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, appstreamingtest.SecurityToken, appstreamingtest.BearerToken,
		"wrong-secret", "://", "?", "PageSize", "SignatureNonce=", "Signature=", "Authorization",
		"private-name", "env-key", "env-value", "imgc-", "云镜像",
	}
	for _, signature := range []appstreaming.Signature{appstreaming.SignatureACS3, appstreaming.SignatureRPC} {
		for name, credentials := range map[string]appstreaming.Credentials{
			"key": {AccessKeyID: appstreamingtest.AccessKeyID, AccessKeySecret: appstreamingtest.AccessKeySecret},
			"STS": {
				AccessKeyID: appstreamingtest.STSAccessKeyID, AccessKeySecret: appstreamingtest.STSAccessKeySecret,
				SecurityToken: appstreamingtest.SecurityToken,
			},
			"bearer": {BearerToken: appstreamingtest.BearerToken},
			"wrong":  {AccessKeyID: appstreamingtest.AccessKeyID, AccessKeySecret: "wrong-secret"},
			"none":   {},
		} {
			t.Run(fmt.Sprint(signature, " ", name), func(t *testing.T) {
				t.Parallel()
				double := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
				double.Fail(1, appstreamingtest.Fault{
					Code: "Throttling", Message: "wrong-secret in a message", Header: http.Header{"X-Acs-Retry-After": {"1"}},
				})
				double.Fail(1, appstreamingtest.Fault{Break: appstreamingtest.BreakReset})
				double.Fail(1, appstreamingtest.Fault{Break: appstreamingtest.BreakGarbage})
				r := record(t)
				provider := appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) { return credentials, nil })
				client := double.Client(append(r.options, appstreaming.WithSignature(signature),
					appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Millisecond}), appstreaming.WithCredentials(provider))...)
				_, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{
					ImageName: "private-name", PageSize: 7, Tags: []appstreaming.Tag{{Key: "env-key", Value: "env-value"}},
				})
				if bad := name == "wrong" || name == "none"; bad != (err != nil) {
					t.Fatalf("got %v", err)
				}

				printed := dump(t, r)
				for _, secret := range secrets {
					if strings.Contains(printed, secret) {
						t.Errorf("%q is in %s", secret, printed)
					}
				}
			})
		}
	}
}

// dump prints everything that would be exported.
func dump(t *testing.T, r recorder) string {
	t.Helper()
	var b strings.Builder
	spans := r.spans.GetSpans()
	if len(spans) == 0 {
		t.Fatal("there are no spans")
	}
	for _, s := range spans {
		fmt.Fprintln(&b, s.Name, strconv.Quote(s.Status.Description), s.Events, s.Links)
		for _, a := range s.Attributes {
			fmt.Fprintln(&b, a.Key, a.Value.String())
		}
	}
	text, err := json.Marshal(r.collect(t))
	if err != nil {
		t.Fatal(errors.Join(errors.New("metrics cannot be marshalled"), err))
	}
	b.Write(text)
	return b.String()
}
