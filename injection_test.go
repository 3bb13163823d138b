package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// injections would break out of a header, a request line or a log line.
var injections = []string{"x\r\nX-Injected: 1", "\n", "\r", "x\x00y", "x\ny", "\x00", "x\r\n\r\nGET / HTTP/1.1\r\n", "x\x1b[2J", "x\x7f", "x\u0085y"}

// untouched is a client of a service that must not be asked anything.
func untouched(t *testing.T, opts ...appstreaming.Option) (*appstreaming.Client, error) {
	t.Helper()
	return appstreaming.New("cn-shanghai", append([]appstreaming.Option{
		appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")),
		appstreaming.WithHTTPClient(appstreaming.NothingSent(t).Client()),
	}, opts...)...)
}

// Every text of a request, those of fields to come included.
func TestNoFieldOfARequestTakesAnInjection(t *testing.T) {
	t.Parallel()
	client, err := untouched(t)
	if err != nil {
		t.Fatal(err)
	}
	places := 0
	for field, set := range textsOf(reflect.TypeFor[appstreaming.ListImageRequest]()) {
		places++
		for _, text := range injections {
			for _, signature := range signatures {
				var req appstreaming.ListImageRequest
				set(reflect.ValueOf(&req).Elem(), text)
				_, err := client.ListImage(t.Context(), req, appstreaming.WithSignature(signature))
				var paramErr *appstreaming.ParamError
				if !errors.As(err, &paramErr) || !strings.HasPrefix(paramErr.Field, field) {
					t.Errorf("%s = %q: got %v, want a *ParamError", field, text, err)
				}
				if err != nil && strings.ContainsAny(err.Error(), "\r\n\x00\x1b") {
					t.Errorf("%s = %q: the error repeats it raw: %q", field, text, err)
				}
			}
		}
	}
	if places < 17 {
		t.Errorf("%d texts found in the request, want at least 17", places)
	}
}

// textsOf finds where a struct takes text: in strings, and in lists of strings
// or of structs with strings.
func textsOf(of reflect.Type) map[string]func(reflect.Value, string) {
	places := make(map[string]func(reflect.Value, string))
	for i := range of.NumField() {
		name, kind := of.Field(i).Name, of.Field(i).Type
		switch {
		case kind.Kind() == reflect.String:
			places[name] = func(v reflect.Value, text string) { v.Field(i).SetString(text) }
		case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.String:
			places[name+"[1]"] = func(v reflect.Value, text string) {
				v.Field(i).Set(reflect.MakeSlice(kind, 2, 2))
				v.Field(i).Index(0).SetString("fine")
				v.Field(i).Index(1).SetString(text)
			}
		case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct:
			for inner, set := range textsOf(kind.Elem()) {
				places[name+"[0]."+inner] = func(v reflect.Value, text string) {
					v.Field(i).Set(reflect.MakeSlice(kind, 1, 1))
					for other, fine := range textsOf(kind.Elem()) {
						if other != inner {
							fine(v.Field(i).Index(0), "fine")
						}
					}
					set(v.Field(i).Index(0), text)
				}
			}
		}
	}
	return places
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
				t.Errorf("%s = %q: a client all the same", name, text)
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

func checkOptionError(t *testing.T, what string, err error) {
	t.Helper()
	var optionErr *appstreaming.OptionError
	if !errors.As(err, &optionErr) {
		t.Errorf("%s: got %v, want an *OptionError", what, err)
		return
	}
	if strings.ContainsAny(err.Error(), "\r\n\x00\x1b") {
		t.Errorf("%s: the error repeats it raw: %q", what, err)
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

// Not even a connection is made: over plain http everybody on the way could
// read a token.
func TestNothingIsSentOverHTTPUnlessItIsAllowed(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	service := httptest.NewUnstartedServer(http.NotFoundHandler())
	service.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	service.Start()
	defer service.Close()

	_, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(service.URL))
	checkOptionError(t, "New", err)
	client, err := appstreaming.New("cn-shanghai", appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI1", "c4nary", "")))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.ListImage(t.Context(), appstreaming.ListImageRequest{}, appstreaming.WithEndpoint(service.URL))
	checkOptionError(t, "ListImage", err)
	_, err = client.With(appstreaming.WithEndpoint(service.URL))
	checkOptionError(t, "With", err)
	_, err = client.SignedURL(t.Context(), appstreaming.ListImageRequest{}, appstreaming.WithEndpoint(service.URL))
	checkOptionError(t, "SignedURL", err)
	_, err = appstreaming.Collect(client.Images(t.Context(), appstreaming.ListImageRequest{}, appstreaming.WithEndpoint(service.URL)))
	checkOptionError(t, "Images", err)
	if connections.Load() != 0 {
		t.Errorf("%d connections were made", connections.Load())
	}
}

// A redirect to plain http is where a client that follows it would lose them.
func TestARedirectFromTLSToHTTPSendsNothing(t *testing.T) {
	t.Parallel()
	plain := appstreamingtest.NewServer(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, signature := range signatures {
			service, _ := tlsService(t, func(s *httptest.Server) {
				s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL(), status) })
			})
			_, err := tlsClient(t, service, trusting(service)).ListImage(t.Context(), appstreaming.ListImageRequest{}, appstreaming.WithSignature(signature))
			var apiErr *appstreaming.APIError
			if !errors.As(err, &apiErr) || apiErr.StatusCode != status || apiErr.Attempts != 1 {
				t.Errorf("%d: got %v, want an *APIError after one attempt", status, err)
			}
		}
	}
	if accepted, _ := plain.Connections(); accepted != 0 {
		t.Errorf("%d connections reached the plain service", accepted)
	}
}
