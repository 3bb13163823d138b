package appstreaming_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// witness is a transport that notes what of each request must not show up
// anywhere: its signature, and a signed query. It can fail in place of the
// network.
type witness struct {
	mu      sync.Mutex
	secrets []string
	fail    func(*http.Request) error
}

func (w *witness) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	if _, signature, found := strings.Cut(req.Header.Get("Authorization"), "Signature="); found {
		w.secrets = append(w.secrets, signature)
	}
	if signature := req.URL.Query().Get("Signature"); signature != "" {
		w.secrets = append(w.secrets, signature, url.QueryEscape(signature), url.QueryEscape(url.QueryEscape(signature)), req.URL.RawQuery)
	}
	w.mu.Unlock()
	if w.fail != nil {
		if err := w.fail(req); err != nil {
			return nil, err
		}
	}
	return http.DefaultTransport.RoundTrip(req)
}

// printed is a value in every form it could reach a log in.
func printed(v any) string {
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	marshalled, err := json.Marshal(v)
	fmt.Fprintf(&b, "%s %v\n", marshalled, err)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
	return b.String() + log.String()
}

// unwrapped is an error and all it wraps.
func unwrapped(err error) []error {
	if err == nil {
		return nil
	}
	all := []error{err}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		all = append(all, unwrapped(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, unwrapped(inner)...)
		}
	}
	return all
}

func TestNoSecretShowsOnAnyFailurePath(t *testing.T) {
	t.Parallel()
	const secret, token, bearer = "c4nary-secret/+=~x", "c4nary-token/+=&~\"<x", "c4nary-bearer/+=x"
	kinds := map[string]appstreaming.Credentials{
		"access key": {AccessKeyID: "LTAI-canary", AccessKeySecret: secret},
		"STS":        {AccessKeyID: "STS.canary", AccessKeySecret: secret, SecurityToken: token},
		"bearer":     {BearerToken: bearer},
	}
	echo := func(w http.ResponseWriter, r *http.Request, wrap func(string) string, status int) {
		body, _ := io.ReadAll(r.Body)
		all := r.URL.String() + "\n" + url.QueryEscape(r.URL.RawQuery) + "\n" + string(body) + "\n"
		for name, values := range r.Header {
			all += name + ": " + strings.Join(values, ",") + "\n"
		}
		for _, values := range r.URL.Query() {
			all += strings.Join(values, ",") + "\n"
		}
		w.WriteHeader(status)
		io.WriteString(w, wrap(all))
	}
	asMessage := func(text string) string {
		b, _ := json.Marshal(map[string]string{"Code": "SignatureDoesNotMatch", "Message": text, "HostId": text, "Recommend": text, "RequestId": text})
		return string(b)
	}
	asText := func(text string) string { return text }
	handlers := map[string]http.HandlerFunc{
		"echoed in a message": func(w http.ResponseWriter, r *http.Request) { echo(w, r, asMessage, 400) },
		"echoed in a page":    func(w http.ResponseWriter, r *http.Request) { echo(w, r, asText, 502) },
		"echoed in a success": func(w http.ResponseWriter, r *http.Request) { echo(w, r, asText, 200) },
		"echoed in a redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", r.URL.String())
			echo(w, r, asText, 302)
		},
		"echoed in a false 200": func(w http.ResponseWriter, r *http.Request) { echo(w, r, asMessage, 200) },
		"throttled":             func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(429) },
		"cut short": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "{")
		},
		"hanging": func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() },
	}
	transports := map[string]func(*http.Request) error{
		"network":                     nil,
		"a transport quoting the URL": func(r *http.Request) error { return fmt.Errorf("cannot send %v with %v", r.URL, r.Header) },
		"a transport's url.Error": func(r *http.Request) error {
			return fmt.Errorf("proxy: %w", &url.Error{Op: "Get", URL: r.URL.String(), Err: io.EOF})
		},
	}
	for kind, credentials := range kinds {
		for _, signature := range signatures {
			for handlerName, handler := range handlers {
				for transportName, fail := range transports {
					t.Run(strings.Join([]string{kind, signature.String(), handlerName, transportName}, ", "), func(t *testing.T) {
						t.Parallel()
						service := httptest.NewServer(handler)
						defer service.Close()
						seen := &witness{fail: fail}
						var mu sync.Mutex
						var log bytes.Buffer
						var out strings.Builder
						client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(service.URL), appstreaming.WithPlainHTTP(), appstreaming.WithSignature(signature),
							appstreaming.WithHTTPClient(&http.Client{Transport: seen}),
							appstreaming.WithCredentials(appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) { return credentials, nil })),
							appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond, AttemptTimeout: 50 * time.Millisecond}),
							appstreaming.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
							appstreaming.WithObserver(func(_ context.Context, a appstreaming.Attempt) {
								mu.Lock()
								defer mu.Unlock()
								out.WriteString(printed(a) + printed(&a))
							}))
						if err != nil {
							t.Fatal(err)
						}
						pager := appstreaming.NewPager(client, appstreaming.ListImageRequest{ImageName: "x"})
						page, err := pager.Next(t.Context())
						if err == nil {
							t.Fatalf("got %v, want a failure", page)
						}
						out.WriteString(printed(client) + printed(pager) + log.String())
						for _, e := range unwrapped(err) {
							out.WriteString(printed(e))
						}
						var apiErr *appstreaming.APIError
						if errors.As(err, &apiErr) {
							out.WriteString(string(apiErr.Body))
						}
						var decodeErr *appstreaming.DecodeError
						if errors.As(err, &decodeErr) {
							out.WriteString(string(decodeErr.Body))
						}
						assertNoSecret(t, out.String(), append(seen.secrets, "c4nary"))
					})
				}
			}
		}
	}
}

// assertNoSecret also looks for secrets in hexadecimal, as %x prints them.
func assertNoSecret(t *testing.T, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret)} {
			if i := strings.Index(text, form); i >= 0 {
				t.Fatalf("a secret shows: …%s…", text[max(0, i-200):min(len(text), i+len(form)+20)])
			}
		}
	}
}

func TestNoSecretShowsInWhatSucceeds(t *testing.T) {
	t.Parallel()
	for _, signature := range signatures {
		service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(2)...)
		seen := &witness{}
		provider := appstreaming.StaticCredentials(appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken)
		client := service.Client(appstreaming.WithSignature(signature), appstreaming.WithCredentials(provider), appstreaming.WithHTTPClient(&http.Client{Transport: seen}))
		page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}, appstreaming.WithRawResponse())
		if err != nil {
			t.Fatal(err)
		}
		derived, err := client.With(appstreaming.WithPrefetch(1))
		if err != nil {
			t.Fatal(err)
		}
		held := struct {
			Client   *appstreaming.Client
			client   *appstreaming.Client
			Provider appstreaming.CredentialsProvider
			provider appstreaming.CredentialsProvider
			Option   appstreaming.Option
		}{client, derived, provider, provider, appstreaming.WithCredentials(provider)}
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			fmt.Fprintf(&out, verb, held)
		}
		out.WriteString(printed(page) + printed(client) + printed(derived) + printed(service.Requests()))
		assertNoSecret(t, out.String(), append(seen.secrets, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken))
	}
}
