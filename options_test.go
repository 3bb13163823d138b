package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// injections would break out of a header, a request line or a line of a log.
var injections = []string{
	"x\r\nX-Injected: 1", "\n", "\r", "x\x00y", "x\ny", "\x00", "x\r\n\r\nGET / HTTP/1.1\r\n", "x\x1b[2J", "x\x7f", "x\u0085y",
}

// untouched returns a client that must not send anything.
func untouched(t *testing.T, opts ...appstreaming.Option) (*appstreaming.Client, error) {
	t.Helper()
	return appstreaming.New("cn-shanghai", append([]appstreaming.Option{
		appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")),
		appstreaming.WithHTTPClient(appstreaming.NothingSent(t).Client()),
	}, opts...)...)
}

func checkOptionError(t *testing.T, what string, err error) {
	t.Helper()
	var optionErr *appstreaming.OptionError
	if !errors.As(err, &optionErr) {
		t.Errorf("%s: got %v, want an *OptionError", what, err)
		return
	}
	if strings.ContainsAny(err.Error(), "\r\n\x00\x1b") {
		t.Errorf("%s: the error repeats control characters: %q", what, err)
	}
}

func TestInvalidOptionsAreRefusedByNewAndByEveryCall(t *testing.T) {
	t.Parallel()
	retry := appstreaming.WithRetry
	tests := map[string]struct {
		option appstreaming.Option
		text   []string // parts of the error
	}{
		"nil option":      {nil, []string{"nil"}},
		"nil http.Client": {appstreaming.WithHTTPClient(nil), []string{"WithHTTPClient", "nil"}},
		"nil *http.Transport": {
			appstreaming.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)}), []string{"WithHTTPClient", "nil *http.Transport"},
		},
		"nil credentials":               {appstreaming.WithCredentials(nil), []string{"WithCredentials", "nil"}},
		"nil limiter":                   {appstreaming.WithRateLimit(nil), []string{"WithRateLimit", "nil"}},
		"nil logger":                    {appstreaming.WithLogger(nil), []string{"WithLogger", "nil"}},
		"nil observer":                  {appstreaming.WithObserver(nil), []string{"WithObserver", "nil"}},
		"nil middleware":                {appstreaming.WithMiddleware(nil), []string{"WithMiddleware", "nil"}},
		"unknown signature":             {appstreaming.WithSignature(7), []string{"WithSignature", "Signature(7)"}},
		"negative prefetch":             {appstreaming.WithPrefetch(-1), []string{"WithPrefetch", "-1", "0 to 64"}},
		"prefetch too large":            {appstreaming.WithPrefetch(65), []string{"WithPrefetch", "65", "0 to 64"}},
		"no room for a response":        {appstreaming.WithMaxResponseBytes(0), []string{"WithMaxResponseBytes", `"0"`, "positive"}},
		"negative attempts":             {retry(appstreaming.RetryPolicy{MaxAttempts: -1}), []string{"WithRetry", "MaxAttempts: -1", "negative"}},
		"negative base delay":           {retry(appstreaming.RetryPolicy{BaseDelay: -1}), []string{"BaseDelay: -1ns"}},
		"negative max delay":            {retry(appstreaming.RetryPolicy{MaxDelay: -1}), []string{"MaxDelay: -1ns"}},
		"negative timeout":              {retry(appstreaming.RetryPolicy{AttemptTimeout: -1}), []string{"AttemptTimeout: -1ns"}},
		"base over max delay":           {retry(appstreaming.RetryPolicy{BaseDelay: time.Minute}), []string{"BaseDelay: 1m0s", "MaxDelay, 20s"}},
		"application with a space":      {appstreaming.WithApplication("my app", "1"), []string{"WithApplication", "my app"}},
		"application with a line break": {appstreaming.WithApplication("app", "1\r\nX: y"), []string{"WithApplication"}},
		"application without name":      {appstreaming.WithApplication("", "1"), []string{"WithApplication", "empty"}},
		"parameter without name":        {appstreaming.WithParam("", "x"), []string{"WithParam"}},
		"parameter name with an &":      {appstreaming.WithParam("a&b", "x"), []string{"WithParam", "a&b"}},
		"parameter used for signing":    {appstreaming.WithParam("signatureNonce", "x"), []string{"WithParam", "signatureNonce", "signing"}},
		"parameter value with NUL":      {appstreaming.WithParam("A", "x\x00"), []string{"WithParam", "control characters"}},
		"parameter value not UTF-8":     {appstreaming.WithParam("A", "\xff"), []string{"WithParam", "UTF-8"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, newErr := appstreaming.New("cn-shanghai", test.option)
			client, err := untouched(t)
			if err != nil {
				t.Fatal(err)
			}
			req := appstreaming.ListImageRequest{}
			_, withErr := client.With(test.option)
			_, listErr := client.ListImage(t.Context(), req, test.option)
			_, urlErr := client.SignedURL(t.Context(), req, test.option)
			_, nextErr := appstreaming.NewPager(client, req, test.option).Next(t.Context())
			for call, err := range map[string]error{
				"New": newErr, "With": withErr, "ListImage": listErr, "SignedURL": urlErr, "Next": nextErr,
			} {
				checkOptionError(t, call, err)
				for _, want := range test.text {
					if !strings.Contains(fmt.Sprint(err), want) {
						t.Errorf("%s: %q does not name %q", call, err, want)
					}
				}
			}
		})
	}
	client, err := appstreaming.New("cn-shanghai", appstreaming.WithPlainHTTP(), nil)
	if err == nil || client != nil || !strings.Contains(err.Error(), "option 2") {
		t.Errorf("New returned %v, %v; want an error that names option 2", client, err)
	}
}

func TestNoOptionTakesAnInjection(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]func(string) appstreaming.Option{
		"WithParam's name":          func(s string) appstreaming.Option { return appstreaming.WithParam(s, "x") },
		"WithParam's value":         func(s string) appstreaming.Option { return appstreaming.WithParam("X", s) },
		"WithApplication's name":    func(s string) appstreaming.Option { return appstreaming.WithApplication(s, "1") },
		"WithApplication's version": func(s string) appstreaming.Option { return appstreaming.WithApplication("x", s) },
		"WithEndpoint":              func(s string) appstreaming.Option { return appstreaming.WithEndpoint("https://example.com" + s) },
		"WithEndpoint's port":       func(s string) appstreaming.Option { return appstreaming.WithEndpoint("https://example.com:80" + s) },
		"WithEndpoint's user":       func(s string) appstreaming.Option { return appstreaming.WithEndpoint("https://" + s + "@example.com") },
	} {
		for _, text := range injections {
			client, err := untouched(t, option(text))
			checkOptionError(t, fmt.Sprintf("%s = %q in New", name, text), err)
			if client != nil {
				t.Errorf("%s = %q: New returned a client", name, text)
			}
			if client, err = untouched(t); err != nil {
				t.Fatal(err)
			}
			_, err = client.ListImage(t.Context(), appstreaming.ListImageRequest{}, option(text))
			checkOptionError(t, fmt.Sprintf("%s = %q in a call", name, text), err)
		}
	}
	for _, text := range injections {
		_, err := appstreaming.New("cn" + text)
		checkOptionError(t, fmt.Sprintf("region %q", text), err)
	}
}

func TestNoPartOfCredentialsTakesAnInjection(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]func(string) appstreaming.Credentials{
		"AccessKeyID": func(s string) appstreaming.Credentials {
			return appstreaming.Credentials{AccessKeyID: s, AccessKeySecret: "c4nary"}
		},
		"AccessKeySecret": func(s string) appstreaming.Credentials {
			return appstreaming.Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "c4nary" + s}
		},
		"SecurityToken": func(s string) appstreaming.Credentials {
			return appstreaming.Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "c4nary", SecurityToken: "c4nary" + s}
		},
		"BearerToken": func(s string) appstreaming.Credentials { return appstreaming.Credentials{BearerToken: "c4nary" + s} },
	} {
		for _, text := range injections {
			for _, signature := range signatures {
				provider := appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) { return with(text), nil })
				client, err := untouched(t, appstreaming.WithCredentials(provider), appstreaming.WithSignature(signature))
				if err != nil {
					t.Fatal(err)
				}
				_, listErr := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
				_, urlErr := client.SignedURL(t.Context(), appstreaming.ListImageRequest{})
				for _, err := range []error{listErr, urlErr} {
					var credentialsErr *appstreaming.CredentialsError
					if !errors.As(err, &credentialsErr) || !strings.Contains(err.Error(), name) {
						t.Errorf("%s with %q: got %v, want a *CredentialsError that names it", name, text, err)
					} else if strings.Contains(err.Error(), "c4nary") || strings.ContainsAny(err.Error(), "\r\n\x00\x1b") {
						t.Errorf("%s with %q: the error shows it: %q", name, text, err)
					}
				}
			}
		}
	}
}

func TestAZeroClientReturnsAnError(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]*appstreaming.Client{"zero": {}, "nil": nil} {
		ctx, req := t.Context(), appstreaming.ListImageRequest{}
		_, listErr := client.ListImage(ctx, req)
		_, urlErr := client.SignedURL(ctx, req)
		_, withErr := client.With()
		_, pagerErr := appstreaming.NewPager(client, req).Next(ctx)
		var imagesErr error
		for _, err := range client.Images(ctx, req) {
			imagesErr = err
		}
		client.CloseIdleConnections()
		for call, err := range map[string]error{
			"ListImage": listErr, "SignedURL": urlErr, "With": withErr, "Images": imagesErr, "Pager": pagerErr,
		} {
			if !errors.Is(err, appstreaming.ErrUninitialized) {
				t.Errorf("%s client: %s returned %v, want ErrUninitialized", name, call, err)
			}
		}
	}
}

func TestAPagerWithoutListerReturnsAnError(t *testing.T) {
	t.Parallel()
	for name, pager := range map[string]*appstreaming.Pager{
		"nil lister": appstreaming.NewPager(nil, appstreaming.ListImageRequest{}), "zero": {},
	} {
		_, err := pager.Next(t.Context())
		checkOptionError(t, name, err)
	}
}

// Options of a derived client or of a call do not affect other clients. Options
// append to lists, so this test would show a shared array.
func TestDerivedClientsAndCallsShareNoOptions(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	var mu sync.Mutex
	var observed, entered []string
	option := func(name string) []appstreaming.Option {
		return []appstreaming.Option{
			appstreaming.WithParam(name, "v"),
			appstreaming.WithApplication(name, "1"),
			appstreaming.WithObserver(func(context.Context, appstreaming.Attempt) {
				mu.Lock()
				defer mu.Unlock()
				observed = append(observed, name)
			}),
			appstreaming.WithMiddleware(func(next appstreaming.Handler) appstreaming.Handler {
				return func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
					mu.Lock()
					entered = append(entered, name)
					mu.Unlock()
					return next(ctx, req)
				}
			}),
		}
	}
	// Several of each, so that the lists have spare capacity.
	parent := service.Client(slices.Concat(option("P1"), option("P2"), option("P3"))...)
	left, err := parent.With(option("Left")...)
	if err != nil {
		t.Fatal(err)
	}
	right, err := parent.With(option("Right")...)
	if err != nil {
		t.Fatal(err)
	}
	common := []string{"P1", "P2", "P3"}
	for _, test := range []struct {
		client *appstreaming.Client
		opts   []appstreaming.Option
		want   []string
	}{
		{left, nil, append(slices.Clip(common), "Left")},
		{right, nil, append(slices.Clip(common), "Right")},
		{parent, option("Call"), append(slices.Clip(common), "Call")},
		{left, option("Call"), append(slices.Clip(common), "Left", "Call")},
		{parent, nil, common},
	} {
		service.ForgetRequests()
		observed, entered = nil, nil
		if _, err := test.client.ListImage(t.Context(), appstreaming.ListImageRequest{}, test.opts...); err != nil {
			t.Fatal(err)
		}
		got := service.Requests()[0]
		var params []string
		for name := range got.Params {
			params = append(params, name)
		}
		slices.Sort(params)
		if diff := cmp.Diff(slices.Sorted(slices.Values(test.want)), params); diff != "" {
			t.Errorf("parameters (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(test.want, observed); diff != "" {
			t.Errorf("observers (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(test.want, entered); diff != "" {
			t.Errorf("middleware (-want +got):\n%s", diff)
		}
		agent := " " + strings.Join(test.want, "/1 ") + "/1"
		if !strings.HasSuffix(got.Header.Get("User-Agent"), agent) {
			t.Errorf("User-Agent %q does not end with %q", got.Header.Get("User-Agent"), agent)
		}
	}
}

// A listing applies its options once for itself and once for every page.
func TestAnOptionMeansTheSameHoweverOftenItIsApplied(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(30)...)
	opts := []appstreaming.Option{
		appstreaming.WithApplication("app", "1"),
		appstreaming.WithParam("X", "y"),
		appstreaming.WithSignature(appstreaming.SignatureRPC),
		appstreaming.WithPrefetch(2),
		appstreaming.WithMaxResponseBytes(1 << 20),
		appstreaming.WithRawResponse(),
		appstreaming.WithEndpoint(service.URL()),
		appstreaming.WithPlainHTTP(),
	}
	for range 2 {
		images := service.Client().Images(t.Context(), appstreaming.ListImageRequest{PageSize: 10}, opts...)
		if all, err := appstreaming.Collect(images); err != nil || len(all) != 30 {
			t.Fatalf("%d images, %v", len(all), err)
		}
	}
	for _, request := range service.Requests() {
		if agent := request.Header.Get("User-Agent"); !strings.HasSuffix(agent, ") app/1") || request.Params["X"] != "y" {
			t.Errorf("User-Agent %q, X %q; want each option once", agent, request.Params["X"])
		}
	}
}
