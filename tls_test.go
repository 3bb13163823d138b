package appstreaming_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
)

const smallPage = `{"Success":true,"Code":"200","RequestId":"R","Count":1,"PageNumber":1,"PageSize":10,"Data":[{"ImageId":"imgc-1"}]}`

// tlsService serves a page over TLS and counts connections that began.
func tlsService(t *testing.T, configure func(*httptest.Server)) (service *httptest.Server, dialled *atomic.Int32) {
	t.Helper()
	dialled = new(atomic.Int32)
	service = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Protocol", r.Proto)
		io.WriteString(w, smallPage)
	}))
	service.Config.ErrorLog = log.New(io.Discard, "", 0)
	service.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		dialled.Add(1)
		return nil, nil
	}}
	configure(service)
	service.StartTLS()
	t.Cleanup(service.Close)
	return service, dialled
}

// tlsClient trusts the service's certificate, on a transport with the default
// one's rules.
func tlsClient(t *testing.T, service *httptest.Server, config *tls.Config) *appstreaming.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(service.URL), appstreaming.WithHTTPClient(&http.Client{Transport: transport}),
		appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI1", "c4nary-secret", "")), appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func trusting(service *httptest.Server) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(service.Certificate())
	return &tls.Config{RootCAs: pool, ServerName: "example.com"} // as in the certificate
}

func TestAPageArrivesOverHTTP2WhereItIsOffered(t *testing.T) {
	t.Parallel()
	for _, signature := range signatures {
		service, _ := tlsService(t, func(s *httptest.Server) { s.EnableHTTP2 = true })
		page, err := tlsClient(t, service, trusting(service)).ListImage(t.Context(), appstreaming.ListImageRequest{ImageName: "x"}, appstreaming.WithSignature(signature))
		if err != nil || page.Images[0].ImageID != "imgc-1" || page.Header.Get("X-Protocol") != "HTTP/2.0" {
			t.Errorf("%v: got %v, %v; want a page over HTTP/2", signature, page, err)
		}
	}
}

func TestCertificateErrorsAreNotRetried(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*tls.Config){
		"unknown authority": func(c *tls.Config) { c.RootCAs = x509.NewCertPool() },
		"another host":      func(c *tls.Config) { c.ServerName = "elsewhere.invalid" },
		"expired":           func(c *tls.Config) { c.Time = func() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, dialled := tlsService(t, func(*httptest.Server) {})
			config := trusting(service)
			spoil(config)
			_, err := tlsClient(t, service, config).ListImage(t.Context(), appstreaming.ListImageRequest{})
			var transportErr *appstreaming.TransportError
			if !errors.As(err, &transportErr) || transportErr.Attempts != 1 || transportErr.StopReason != "not retryable" || dialled.Load() != 1 {
				t.Fatalf("got %v after %d connections, want a *TransportError after one", err, dialled.Load())
			}
			if host := strings.TrimPrefix(service.URL, "https://"); !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "c4nary") {
				t.Errorf("%q does not name the host %s, or shows the secret", err, host)
			}
		})
	}
}

// The client's own transport: nothing here trusts the service, so that what is
// seen is how far the handshake gets.
func TestTheDefaultTransportSpeaksTLS12AndNewerOnly(t *testing.T) {
	t.Parallel()
	var offered []uint16
	hello := make(chan []uint16, 8)
	service, _ := tlsService(t, func(s *httptest.Server) {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, //nolint:gosec // to see that nothing below 1.2 is offered even so
			GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				hello <- h.SupportedVersions
				return nil, errors.New("seen enough")
			}}
	})
	client := ownTransport(t, service.URL)
	if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}, appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1})); err == nil {
		t.Fatal("a handshake that was refused gave a page")
	}
	offered = <-hello
	for _, version := range offered {
		if version < tls.VersionTLS12 {
			t.Errorf("%s is offered", tls.VersionName(version))
		}
	}
	if len(offered) == 0 {
		t.Error("no version is offered")
	}
}

// A server that speaks no version the client offers is refused, and so is one
// that answers in a version nobody offered.
func TestAServerThatStopsAtTLS11IsRefused(t *testing.T) {
	t.Parallel()
	for _, signature := range signatures {
		service, _ := tlsService(t, func(s *httptest.Server) {
			s.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
			s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		})
		for name, client := range map[string]*appstreaming.Client{
			"a transport that trusts it": tlsClient(t, service, trusting(service)),
			"the default transport":      ownTransport(t, service.URL),
		} {
			page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}, appstreaming.WithSignature(signature))
			var transportErr *appstreaming.TransportError
			if !errors.As(err, &transportErr) || page != nil || !strings.Contains(err.Error(), "protocol version") {
				t.Errorf("%s: got %v, %v; want the protocol version refused", name, page, err)
			}
		}
	}
}

// A self-signed certificate is not accepted by the client's own transport.
func TestTheDefaultTransportVerifiesCertificates(t *testing.T) {
	t.Parallel()
	for _, signature := range signatures {
		service, dialled := tlsService(t, func(s *httptest.Server) {
			s.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
		})
		_, err := ownTransport(t, service.URL).ListImage(t.Context(), appstreaming.ListImageRequest{ImageName: "c4nary"}, appstreaming.WithSignature(signature))
		var transportErr *appstreaming.TransportError
		if !errors.As(err, &transportErr) || transportErr.Attempts != 1 || transportErr.StopReason != "not retryable" || dialled.Load() != 1 {
			t.Fatalf("got %v after %d connections, want a *TransportError after one", err, dialled.Load())
		}
		if host := strings.TrimPrefix(service.URL, "https://"); !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%q does not name the host %s, or shows too much", err, host)
		}
	}
}

// ownTransport is a client with the transport that New makes.
func ownTransport(t *testing.T, endpoint string) *appstreaming.Client {
	t.Helper()
	client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(endpoint), appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Millisecond}),
		appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI1", "c4nary-secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func TestPlainHTTPWhereTLSIsSpokenIsNotRetried(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.NotFoundHandler())
	defer service.Close()
	client := ownTransport(t, "https"+strings.TrimPrefix(service.URL, "http"))
	_, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
	var transportErr *appstreaming.TransportError
	if !errors.As(err, &transportErr) || transportErr.Attempts != 1 {
		t.Errorf("got %v, want one attempt", err)
	}
}
