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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// witness is a transport that records the secrets of each request: its signature
// and its signed query. It can fail in place of the network.
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

// printed returns a value in every form in which it could reach a log.
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

// unwrapped returns an error and all errors that it wraps.
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

// shown returns all texts that an error shows.
func shown(err error) string {
	var out strings.Builder
	for _, e := range unwrapped(err) {
		out.WriteString(printed(e))
	}
	var apiErr *appstreaming.APIError
	if errors.As(err, &apiErr) {
		out.Write(apiErr.Body)
	}
	var decodeErr *appstreaming.DecodeError
	if errors.As(err, &decodeErr) {
		out.Write(decodeErr.Body)
	}
	return out.String()
}

// provide returns a provider that has one of the credentials for each request,
// in turn.
func provide(all ...appstreaming.Credentials) appstreaming.CredentialsProvider {
	asked := 0
	return appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
		asked++
		return all[min(asked, len(all))-1], nil
	})
}

// eachByte writes every byte of a text in a form.
func eachByte(form, text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, form, text[i])
	}
	return b.String()
}

// alternately writes every other byte of a text in a form.
func alternately(text, form string) string {
	var b strings.Builder
	for i := range len(text) {
		if i%2 == 0 {
			b.WriteByte(text[i])
		} else {
			fmt.Fprintf(&b, form, text[i])
		}
	}
	return b.String()
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
		b, _ := json.Marshal(map[string]string{
			"Code": "SignatureDoesNotMatch", "Message": text, "HostId": text, "Recommend": text, "RequestId": text,
		})
		return string(b)
	}
	asText := func(text string) string { return text }
	asEscapes := func(text string) string { return "{\"Message\":\"" + eachByte(`\u%04x`, text) + "\"}\n" }
	asReferences := func(text string) string {
		return "<Error><Code>" + eachByte("&#%d;", text) + "</Code><Message>" + eachByte("&#x%X;", text) + "</Message></Error>"
	}
	partly := func(text string) string { return alternately(text, "%%%02x") + alternately(text, "%%25%02X") }
	handlers := map[string]http.HandlerFunc{
		"echoed in a message":         func(w http.ResponseWriter, r *http.Request) { echo(w, r, asMessage, 400) },
		"echoed in a page":            func(w http.ResponseWriter, r *http.Request) { echo(w, r, asText, 502) },
		"echoed in a success":         func(w http.ResponseWriter, r *http.Request) { echo(w, r, asText, 200) },
		"echoed in escapes":           func(w http.ResponseWriter, r *http.Request) { echo(w, r, asEscapes, 400) },
		"echoed in references":        func(w http.ResponseWriter, r *http.Request) { echo(w, r, asReferences, 400) },
		"echoed in a page of no kind": func(w http.ResponseWriter, r *http.Request) { echo(w, r, asEscapes, 200) },
		"echoed partly encoded":       func(w http.ResponseWriter, r *http.Request) { echo(w, r, partly, 403) },
		"echoed and broken off": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100000")
			echo(w, r, asMessage, 400)
		},
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
	urls := map[string]string{}
	for name, handler := range handlers {
		service := httptest.NewServer(handler)
		t.Cleanup(service.Close)
		urls[name] = service.URL
	}
	for kind, credentials := range kinds {
		for _, signature := range signatures {
			for handlerName := range handlers {
				for transportName, fail := range transports {
					t.Run(strings.Join([]string{kind, signature.String(), handlerName, transportName}, ", "), func(t *testing.T) {
						t.Parallel()
						seen := &witness{fail: fail}
						var mu sync.Mutex
						var log bytes.Buffer
						var out strings.Builder
						client, err := appstreaming.New("cn-shanghai",
							appstreaming.WithEndpoint(urls[handlerName]), appstreaming.WithPlainHTTP(), appstreaming.WithSignature(signature),
							appstreaming.WithHTTPClient(&http.Client{Transport: seen}),
							appstreaming.WithCredentials(provide(credentials)),
							appstreaming.WithPacing(false), // no wait for a slot
							appstreaming.WithRetry(appstreaming.RetryPolicy{
								MaxAttempts: 2, ThrottlePatience: -1, BaseDelay: time.Millisecond, AttemptTimeout: 50 * time.Millisecond,
							}),
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
						out.WriteString(printed(client) + printed(pager) + log.String() + shown(err))
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
		provider := appstreaming.StaticCredentials(
			appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken)
		client := service.Client(appstreaming.WithSignature(signature), appstreaming.WithCredentials(provider),
			appstreaming.WithHTTPClient(&http.Client{Transport: seen}))
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

// echoing answers the third attempt of a call with all secrets of the attempts,
// and those before with a refusal that is retried.
type echoing struct {
	sent   []string
	answer func(all string) *http.Response
}

func (e *echoing) RoundTrip(req *http.Request) (*http.Response, error) {
	_, signature, _ := strings.Cut(req.Header.Get("Authorization"), "Signature=")
	e.sent = append(e.sent, signature+req.URL.Query().Get("Signature"))
	resp := &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: http.NoBody}
	if len(e.sent) == 3 {
		resp = e.answer(strings.Join(e.sent, " "))
	}
	return resp, nil
}

func TestTheSecretsOfEveryAttemptAreMasked(t *testing.T) {
	t.Parallel()
	// Every attempt has other credentials, all of which the last one repeats.
	const canary = "c4nary"
	var all []appstreaming.Credentials
	held := ""
	for _, n := range []string{"1", "2", "3"} {
		secret, token := n+canary+"/secret+"+n, n+canary+"/token+"+n
		all = append(all, appstreaming.Credentials{AccessKeyID: "STS." + n, AccessKeySecret: secret, SecurityToken: token})
		held += secret + " " + url.QueryEscape(token) + " "
	}
	answer := func(status int, header http.Header, body string) *http.Response {
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	}
	for name, respond := range map[string]func(string) *http.Response{
		"a refusal": func(all string) *http.Response {
			header := http.Header{"X-Acs-Request-Id": {all}}
			return answer(400, header, fmt.Sprintf(
				`{"Code":%q,"Message":%[1]q,"HostId":%[1]q,"Recommend":%[1]q,"AccessDeniedDetail":{"AuthAction":%[1]q}}`, all))
		},
		"a refusal that is cut": func(all string) *http.Response {
			return answer(400, http.Header{}, fmt.Sprintf(`{"Code":"X","Message":"%s`, all[:len(all)-10]))
		},
		"no JSON": func(all string) *http.Response { return answer(200, http.Header{"X-Acs-Request-Id": {all}}, all) },
		"a page of no kind": func(all string) *http.Response {
			return answer(200, http.Header{}, fmt.Sprintf(`{%q:{"Data":[]},"RequestId":%q}`, all, all))
		},
		"a page": func(all string) *http.Response {
			header := http.Header{"X-Acs-Request-Id": {all}, "X-Echo": {"clean", all}, "X-" + all: {"clean"}}
			return answer(200, header, fmt.Sprintf(
				`{"Success":true,"Code":"200","Message":%q,"RequestId":%[1]q,"Trace":%[1]q,%[1]q:{%[1]q:[%[1]q]},"Data":[]}`, all))
		},
	} {
		for _, signature := range signatures {
			t.Run(name+", "+signature.String(), func(t *testing.T) {
				t.Parallel()
				transport := &echoing{answer: func(signatures string) *http.Response { return respond(held + signatures) }}
				var out strings.Builder
				client, err := appstreaming.New("cn-shanghai", appstreaming.WithHTTPClient(&http.Client{Transport: transport}),
					appstreaming.WithSignature(signature), appstreaming.WithCredentials(provide(all...)),
					appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Nanosecond}),
					appstreaming.WithLogger(slog.New(slog.NewTextHandler(&out, nil))),
					appstreaming.WithObserver(func(_ context.Context, a appstreaming.Attempt) { out.WriteString(printed(a)) }))
				if err != nil {
					t.Fatal(err)
				}
				page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
				if len(transport.sent) != 3 || (err == nil) != (name == "a page") {
					t.Fatalf("got %v, %v after %d attempts", page, err, len(transport.sent))
				}
				assertNoSecret(t, out.String()+printed(page)+shown(err), append(transport.sent, canary))
				if page != nil && (page.Header["X-Echo"][0] != "clean" || !strings.Contains(page.Message, "***")) {
					t.Errorf("the page says %q and %v", page.Message, page.Header)
				}
			})
		}
	}
}

// A provider can quote the token that it could not renew.
func TestAProvidersErrorShowsNoSecretOfTheCall(t *testing.T) {
	t.Parallel()
	const token = "c4nary-token/+=x"
	asked := 0
	provider := appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
		if asked++; asked > 1 {
			refused := &url.Error{Op: "Get", URL: "https://v/?t=" + url.QueryEscape(token), Err: io.EOF}
			return appstreaming.Credentials{}, fmt.Errorf("vault: %w", refused)
		}
		return appstreaming.Credentials{AccessKeyID: "STS.1", AccessKeySecret: "c4nary-secret", SecurityToken: token}, nil
	})
	transport := &echoing{}
	client, err := appstreaming.New("cn-shanghai", appstreaming.WithHTTPClient(&http.Client{Transport: transport}),
		appstreaming.WithCredentials(provider), appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Nanosecond}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.ListImage(t.Context(), appstreaming.ListImageRequest{})
	var credentialsErr *appstreaming.CredentialsError
	if !errors.As(err, &credentialsErr) || credentialsErr.Attempts != 2 {
		t.Fatalf("got %v, want a *CredentialsError of the second attempt", err)
	}
	assertNoSecret(t, shown(err), append(transport.sent, "c4nary"))
}

func TestABeginningOfASecretAtTheEndOfABodyIsMasked(t *testing.T) {
	t.Parallel()
	const secret = "c4nary/secret+x"
	credentials := appstreaming.Credentials{AccessKeyID: "LTAI1", AccessKeySecret: secret}
	prefixes := map[string]string{"at 4 KiB": strings.Repeat("x", 4<<10-8), "at 64 KiB": strings.Repeat("%2b", (64<<10)/3-2), "short": "{"}
	for name, prefix := range prefixes {
		for _, spelled := range []string{secret, url.QueryEscape(secret), eachByte("%%%02x", secret), eachByte(`\u%04x`, secret)} {
			for _, status := range []int{200, 400} {
				body := prefix + spelled + strings.Repeat("y", 10)
				if name == "short" {
					body = prefix + spelled[:len(spelled)*2/3]
				}
				transport := &echoing{sent: []string{"", ""}, answer: func(string) *http.Response {
					return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}
				}}
				client, err := appstreaming.New("cn-shanghai", appstreaming.WithHTTPClient(&http.Client{Transport: transport}),
					appstreaming.WithCredentials(provide(credentials)), appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1}))
				if err != nil {
					t.Fatal(err)
				}
				_, err = client.ListImage(t.Context(), appstreaming.ListImageRequest{})
				if text := shown(err); err == nil || strings.Contains(text, "c4na") || strings.Contains(text, spelled[:len(spelled)/3]) {
					t.Errorf("%s, HTTP %d, %s: %.300q", name, status, spelled, text)
				}
			}
		}
	}
}

// A service or a proxy can put any text where errors and the log take a request's
// identifier from.
func TestNoSecretShowsInAnIdentifierOrAPath(t *testing.T) {
	t.Parallel()
	const secret, token = "c4nary-secret", "c4nary-token/+="
	for name, answer := range map[string]struct {
		header, body string
	}{
		"identifier of a body that cannot be decoded": {"", `{"RequestId":"` + token + `\n` + secret + `","Data":{}}`},
		"name of a member that cannot be decoded":     {"", `{"Data":[{"` + token + secret + `":` + "\"\xff\"" + `}]}`},
		"header of a body that cannot be decoded":     {token + " " + secret, `{"Data":{}}`},
		"header of a body that is too large":          {token + " " + secret, strings.Repeat(" ", 2000)},
		"identifier of a page": {
			"", `{"RequestId":"` + token + `\n` + secret + `","Success":true,"Data":[{"ImageId":"a"}],"Count":300}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if answer.header != "" {
					w.Header().Set("X-Acs-Request-Id", answer.header)
				}
				io.WriteString(w, answer.body)
			}))
			defer service.Close()
			var log bytes.Buffer
			var out strings.Builder
			client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(service.URL), appstreaming.WithPlainHTTP(),
				appstreaming.WithCredentials(appstreaming.StaticCredentials("STS.canary", secret, token)), appstreaming.WithMaxResponseBytes(1000),
				appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Millisecond}),
				appstreaming.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
				appstreaming.WithObserver(func(_ context.Context, a appstreaming.Attempt) { out.WriteString(printed(a)) }))
			if err != nil {
				t.Fatal(err)
			}
			defer client.CloseIdleConnections()
			_, err = appstreaming.Collect(client.Pages(t.Context(), appstreaming.ListImageRequest{}))
			if err == nil {
				t.Fatal("the listing ended well, so that the test shows nothing")
			}
			for _, e := range unwrapped(err) {
				out.WriteString(printed(e))
			}
			var decodeErr *appstreaming.DecodeError
			if errors.As(err, &decodeErr) {
				out.Write(decodeErr.Body)
			}
			assertNoSecret(t, out.String()+log.String(), []string{secret, token})
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q is not one line", err)
			}
		})
	}
}

// A refused signature comes with the whole text to be signed. With RPC, every
// Chinese character of it takes 15 bytes.
func TestARefusalThatRepeatsALongRequestIsRead(t *testing.T) {
	t.Parallel()
	request := appstreaming.ListImageRequest{ImageName: strings.Repeat("设计云桌面", 20)}
	for i := range 20 {
		key := strings.Repeat("团队", 60) + strconv.Itoa(i)
		request.Tags = append(request.Tags, appstreaming.Tag{Key: key, Value: strings.Repeat("桌", 128)})
	}
	const secret = "c4nary-secret/+x"
	service := appstreamingtest.NewServer(t)
	wrong := appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, secret, ""))
	for _, signature := range signatures {
		_, err := service.Client(appstreaming.WithSignature(signature), wrong).ListImage(t.Context(), request)
		var apiErr *appstreaming.APIError
		if !errors.As(err, &apiErr) || apiErr.Code != appstreaming.CodeSignatureDoesNotMatch || apiErr.Message == "" || apiErr.RequestID == "" {
			t.Fatalf("%v: got %v, want code, message and request id", signature, err)
		}
		if !errors.Is(err, appstreaming.ErrBadCredentials) || len(apiErr.Body) == 0 {
			t.Errorf("%v: got %v with %d bytes of body", signature, err, len(apiErr.Body))
		}
		assertNoSecret(t, shown(err), []string{"c4nary"})
	}
}
