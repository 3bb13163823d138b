package appstreaming_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestTheRegionSelectsTheEndpoint(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"cn-shanghai":    "https://appstream-center.cn-shanghai.aliyuncs.com",
		"ap-southeast-1": "https://appstream-center.ap-southeast-1.aliyuncs.com",
		"eu-central-1":   "https://appstream-center.eu-central-1.aliyuncs.com", // by the vendor's rule
	} {
		checkEndpoint(t, want, region)
	}
}

func checkEndpoint(t *testing.T, want, region string, opts ...appstreaming.Option) {
	t.Helper()
	client, err := appstreaming.New(region, opts...)
	if err != nil {
		t.Errorf("%s: %v", want, err)
		return
	}
	if got, want := client.String(), "appstreaming.Client("+want+")"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheLaterOfTwoEndpointOptionsWins(t *testing.T) {
	t.Parallel()
	const (
		region = "https://appstream-center.cn-shanghai.aliyuncs.com"
		vpc    = "https://appstream-center.vpc-proxy.aliyuncs.com"
		given  = "https://proxy.example.com:8443"
		other  = "https://other.example.com"
	)
	withVPC, withGiven, withOther := appstreaming.WithVPCEndpoint(), appstreaming.WithEndpoint(given), appstreaming.WithEndpoint(other)
	checkEndpoint(t, region, "cn-shanghai")
	checkEndpoint(t, vpc, "cn-shanghai", withVPC)
	checkEndpoint(t, vpc, "cn-shanghai", withGiven, withVPC)
	checkEndpoint(t, given, "cn-shanghai", withVPC, withGiven)
	checkEndpoint(t, other, "cn-shanghai", withGiven, withVPC, withOther)
	checkEndpoint(t, given, "cn-hangzhou", withVPC, withGiven) // has no VPC endpoint
	checkEndpoint(t, given, "", withGiven)
	checkEndpoint(t, other, "", appstreaming.WithEndpoint("HTTPS://Other.EXAMPLE.com/"))

	parent, err := appstreaming.New("cn-shanghai", withGiven)
	if err != nil {
		t.Fatal(err)
	}
	derived, err := parent.With(withVPC)
	if err != nil || !strings.Contains(derived.String(), vpc) || !strings.Contains(parent.String(), given) {
		t.Errorf("got %v, %v from %v", derived, err, parent)
	}
}

func TestInvalidRegionsAndEndpointsAreRefused(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"x/../evil?": "a-z, 0-9", "cn.shanghai": "a-z, 0-9", "CN-SHANGHAI": "a-z, 0-9", "-cn": "begins nor ends", "cn-": "begins nor ends",
		strings.Repeat("a", 41): "40 characters",
	} {
		_, err := appstreaming.New(region)
		checkOptionError(t, region, err)
		if err != nil && (!strings.Contains(err.Error(), region) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q does not name %q and %q", err, region, want)
		}
	}
	_, err := appstreaming.New("cn-hangzhou", appstreaming.WithVPCEndpoint())
	checkOptionError(t, "VPC endpoint", err)

	for rawURL, want := range map[string]string{
		"":                                     "scheme is missing",
		"example.com":                          "scheme is missing",
		"//example.com":                        "scheme is missing",
		"https:example.com":                    "scheme is missing",
		"ftp://example.com":                    "must be https",
		"http://example.com":                   "WithPlainHTTP",
		"https://":                             "host is missing",
		"https://:443":                         "host is missing",
		"https://example.com/a":                "path",
		"https://example.com//":                "path",
		"https://example.com/%2e":              "path",
		"https://u:hunter22@example.com":       "user information",
		"https://@example.com":                 "user information",
		"https://u@hunter22@example.com":       "user information",
		"https://example.com?a=hunter22":       "query",
		"https://example.com?":                 "query",
		"https://example.com#a":                "fragment",
		"https://example.com#":                 "fragment",
		"https://exa\r\nmple.com":              "not a URL",
		" https://example.com":                 "not a URL",
		"https://example.com ":                 "not a URL",
		"https://example.com:":                 "port",
		"https://example.com:0":                "1 to 65535",
		"https://example.com:00":               "1 to 65535",
		"https://example.com:0443":             "1 to 65535",
		"https://example.com:65536":            "1 to 65535",
		"https://example.com:99999":            "1 to 65535",
		"https://example.com:4294967739":       "1 to 65535",
		"https://example.com:https":            "not a URL",
		"https://example.com:-1":               "not a URL",
		"https://[::1]:":                       "port",
		"https://[::1]:0":                      "1 to 65535",
		"https://[fe80::1%25eth0]":             "zone",
		"https://[fe80::1%25eth0]:8443":        "zone",
		"https://[fe80::1%eth0]":               "not a URL",
		"https://[127.0.0.1]":                  "WithEndpoint",
		"https://[example.com]":                "WithEndpoint",
		"https://[]":                           "WithEndpoint",
		"https://::1":                          "brackets",
		"https://fe80::1:8443":                 "brackets",
		"https://exa_mple..com":                "1 to 63",
		"https://.example.com":                 "1 to 63",
		"https://.":                            "1 to 63",
		"https://example.com..":                "1 to 63",
		"https://müller.example":               "xn--",
		"https://m%C3%BCller.example":          "xn--",
		"https://a,b":                          "ASCII letters",
		"https://a;b":                          "ASCII letters",
		"https://a*b":                          "ASCII letters",
		"https://a\"b":                         "ASCII letters",
		"https://" + strings.Repeat("a", 64):   "1 to 63",
		"https://" + strings.Repeat("a.", 150): "253",
	} {
		_, err := appstreaming.New("", appstreaming.WithEndpoint(rawURL))
		checkOptionError(t, rawURL, err)
		if err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter22")) {
			t.Errorf("%q: got %q, want %q and no secret", rawURL, err, want)
		}
	}
}

// The host is signed, so net/http must send it as it was signed. The double
// checks the signature against the host it receives.
func TestTheSignedHostIsTheSentHost(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	plain := httptest.NewServer(service)
	defer plain.Close()
	secure := httptest.NewUnstartedServer(service)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	defer secure.Close()

	for _, address := range []string{
		"example.com", "EXAMPLE.com", "example.com.", "xn--mller-kva.example", "a_b.example", "example.com:80", "example.com:443",
		"example.com:8443", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:80", "[2001:DB8::00:1]:443", "[::ffff:192.0.2.1]:1", "localhost",
	} {
		for _, server := range []*httptest.Server{plain, secure} {
			transport := &http.Transport{
				ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
				DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
				},
			}
			scheme, _, _ := strings.Cut(server.URL, ":")
			client, err := appstreaming.New("", appstreaming.WithEndpoint(scheme+"://"+address), appstreaming.WithPlainHTTP(),
				appstreaming.WithHTTPClient(&http.Client{Transport: transport}),
				appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")))
			if err != nil {
				t.Errorf("%s: %v", address, err)
				continue
			}
			if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); err != nil {
				t.Errorf("%s over %s: %v", address, scheme, err)
			}
			transport.CloseIdleConnections()
		}
	}
}

func TestNewWithoutARegionNamesTheVariable(t *testing.T) {
	t.Setenv("ALIBABA_CLOUD_REGION_ID", "")
	_, err := appstreaming.New("")
	if err == nil || !strings.Contains(err.Error(), "ALIBABA_CLOUD_REGION_ID") {
		t.Errorf("New returned %v, want it to name the variable", err)
	}
}

func TestNewTakesTheRegionFromTheEnvironment(t *testing.T) {
	t.Setenv("ALIBABA_CLOUD_REGION_ID", "ap-southeast-1")
	checkEndpoint(t, "https://appstream-center.ap-southeast-1.aliyuncs.com", "")
}

// Anybody on the network path can read a token sent over plain http, so not even
// a connection is made.
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

	plain := appstreaming.WithEndpoint(service.URL)
	_, err := appstreaming.New("cn-shanghai", plain)
	checkOptionError(t, "New", err)
	client, err := appstreaming.New("cn-shanghai", appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI1", "c4nary", "")))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.ListImage(t.Context(), appstreaming.ListImageRequest{}, plain)
	checkOptionError(t, "ListImage", err)
	_, err = client.With(plain)
	checkOptionError(t, "With", err)
	_, err = client.SignedURL(t.Context(), appstreaming.ListImageRequest{}, plain)
	checkOptionError(t, "SignedURL", err)
	for _, err := range client.Images(t.Context(), appstreaming.ListImageRequest{}, plain) {
		checkOptionError(t, "Images", err)
	}
	if connections.Load() != 0 {
		t.Errorf("%d connections were made", connections.Load())
	}
}

// A client that followed a redirect to plain http would lose the request's
// secrets there.
func TestARedirectFromTLSToHTTPSendsNothing(t *testing.T) {
	t.Parallel()
	plain := appstreamingtest.NewServer(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, signature := range signatures {
			service, _ := tlsService(t, func(s *httptest.Server) {
				s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, plain.URL(), status)
				})
			})
			client := tlsClient(t, service, trusting(service))
			_, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}, appstreaming.WithSignature(signature))
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
