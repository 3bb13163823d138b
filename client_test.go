package appstreaming_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/internal/leaktest"
)

const smallPage = `{"Success":true,"Code":"200","RequestId":"R","Count":1,"PageNumber":1,"PageSize":10,"Data":[{"ImageId":"imgc-1"}]}`

// tlsService serves a page over TLS and counts new connections.
func tlsService(t *testing.T, configure func(*httptest.Server)) (service *httptest.Server, dialed *atomic.Int32) {
	t.Helper()
	dialed = new(atomic.Int32)
	service = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Protocol", r.Proto)
		io.WriteString(w, smallPage)
	}))
	service.Config.ErrorLog = log.New(io.Discard, "", 0)
	service.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		dialed.Add(1)
		return nil, nil
	}}
	configure(service)
	service.StartTLS()
	t.Cleanup(service.Close)
	return service, dialed
}

// tlsClient returns a client with a transport of the caller's and that TLS
// configuration.
func tlsClient(t *testing.T, service *httptest.Server, config *tls.Config) *appstreaming.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(service.URL),
		appstreaming.WithHTTPClient(&http.Client{Transport: transport}),
		appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI1", "c4nary-secret", "")),
		appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Millisecond}))
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
		client := tlsClient(t, service, trusting(service))
		page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{ImageName: "x"}, appstreaming.WithSignature(signature))
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
			service, dialed := tlsService(t, func(*httptest.Server) {})
			config := trusting(service)
			spoil(config)
			_, err := tlsClient(t, service, config).ListImage(t.Context(), appstreaming.ListImageRequest{})
			var transportErr *appstreaming.TransportError
			if !errors.As(err, &transportErr) || transportErr.Attempts != 1 || transportErr.StopReason != "not retryable" || dialed.Load() != 1 {
				t.Fatalf("got %v after %d connections, want a *TransportError after one", err, dialed.Load())
			}
			host := strings.TrimPrefix(service.URL, "https://")
			if !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "c4nary") {
				t.Errorf("%q does not name the host %s, or shows the secret", err, host)
			}
		})
	}
}

// These tests use the client's own transport, which does not trust the service's
// certificate. They show how far the handshake gets.
func TestTheDefaultTransportSpeaksTLS12AndNewerOnly(t *testing.T) {
	t.Parallel()
	var offered []uint16
	hello := make(chan []uint16, 8)
	service, _ := tlsService(t, func(s *httptest.Server) {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, // to see that nothing below 1.2 is offered even so
			GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				hello <- h.SupportedVersions
				return nil, errors.New("seen enough")
			}}
	})
	client := ownTransport(t, service.URL)
	once := appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1})
	if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}, once); err == nil {
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
		service, dialed := tlsService(t, func(s *httptest.Server) {
			s.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
		})
		client := ownTransport(t, service.URL, appstreaming.WithSignature(signature))
		_, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{ImageName: "c4nary"})
		var transportErr *appstreaming.TransportError
		if !errors.As(err, &transportErr) || transportErr.Attempts != 1 || transportErr.StopReason != "not retryable" || dialed.Load() != 1 {
			t.Fatalf("got %v after %d connections, want a *TransportError after one", err, dialed.Load())
		}
		host := strings.TrimPrefix(service.URL, "https://")
		if !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%q does not name the host %s, or shows too much", err, host)
		}
	}
}

// ownTransport returns a client with the transport that New makes.
func ownTransport(t *testing.T, endpoint string, opts ...appstreaming.Option) *appstreaming.Client {
	t.Helper()
	client, err := appstreaming.New("cn-shanghai", append([]appstreaming.Option{
		appstreaming.WithEndpoint(endpoint), appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Millisecond}),
		appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI1", "c4nary-secret", "")),
	}, opts...)...)
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

// relay passes bytes on to a server. Connections that it has silenced stay open,
// and it drops their bytes.
type relay struct {
	net.Listener
	target string

	mu    sync.Mutex
	links []*link
	done  sync.WaitGroup
}

type link struct {
	silent           atomic.Bool
	client, upstream net.Conn
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: listener, target: target}
	r.done.Go(r.serve)
	t.Cleanup(func() {
		listener.Close()
		r.mu.Lock()
		for _, l := range r.links {
			l.client.Close()
			l.upstream.Close()
		}
		r.mu.Unlock()
		r.done.Wait()
	})
	return r
}

func (r *relay) serve() {
	for {
		client, err := r.Accept()
		if err != nil {
			return
		}
		upstream, err := net.Dial("tcp", r.target)
		if err != nil {
			client.Close()
			continue
		}
		l := &link{client: client, upstream: upstream}
		r.mu.Lock()
		r.links = append(r.links, l)
		r.mu.Unlock()
		r.done.Go(func() { l.pass(upstream, client) })
		r.done.Go(func() { l.pass(client, upstream) })
	}
}

// pass copies from one side to the other until a side is closed.
func (l *link) pass(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !l.silent.Load() {
			_, _ = to.Write(buffer[:n])
		}
		if err != nil {
			if !l.silent.Load() {
				to.Close()
			}
			return
		}
	}
}

// silence makes all connections so far silent, and returns how many there are.
func (r *relay) silence() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.links {
		l.silent.Store(true)
	}
	return len(r.links)
}

// An HTTP/2 connection that goes silent is noticed in time, so the next attempt
// has a new one.
func TestASilentHTTP2ConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	for _, signature := range signatures {
		t.Run(signature.String(), func(t *testing.T) {
			t.Parallel()
			service, _ := tlsService(t, func(s *httptest.Server) { s.EnableHTTP2 = true })
			r := newRelay(t, service.Listener.Addr().String())
			client := ownTransport(t, "https://"+r.Addr().String(), appstreaming.WithSignature(signature),
				appstreaming.WithRetry(appstreaming.RetryPolicy{AttemptTimeout: time.Second, BaseDelay: time.Millisecond}))
			trusted := trusting(service)
			own := appstreaming.OwnTransport(client)
			own.TLSClientConfig.RootCAs, own.TLSClientConfig.ServerName = trusted.RootCAs, trusted.ServerName
			page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
			if err != nil || page.Header.Get("X-Protocol") != "HTTP/2.0" {
				t.Fatalf("got %v, %v; want a page over HTTP/2", page, err)
			}
			if silenced := r.silence(); silenced != 1 {
				t.Errorf("%d connections before the silence, want 1", silenced)
			}
			page, err = client.ListImage(t.Context(), appstreaming.ListImageRequest{})
			if err != nil || page.Attempts < 2 { // more on a machine that is slow to answer pings
				t.Errorf("got %v, %v; want the page of the second attempt", page, err)
			}
			if r.silence() < 2 {
				t.Error("the second attempt did not have a new connection")
			}
		})
	}
}

func TestHealthChecksFitIntoAnAttempt(t *testing.T) {
	t.Parallel()
	for attempt, want := range map[time.Duration]time.Duration{
		0:                5 * time.Second, // the default of 30 s
		20 * time.Second: 5 * time.Second,
		8 * time.Second:  2 * time.Second,
		100:              time.Millisecond, // 0 would mean no checks
	} {
		client, err := appstreaming.New("cn-shanghai", appstreaming.WithRetry(appstreaming.RetryPolicy{AttemptTimeout: attempt}))
		if err != nil {
			t.Fatal(err)
		}
		checks := appstreaming.OwnTransport(client).HTTP2
		if diff := cmp.Diff([]time.Duration{want, want}, []time.Duration{checks.SendPingTimeout, checks.PingTimeout}); diff != "" {
			t.Errorf("attempts of %v: timeouts (-want +got):\n%s", attempt, diff)
		}
	}
}

// provider is a provider that would show its secret when printed.
type provider struct{ secret string }

func (p provider) Credentials(context.Context) (appstreaming.Credentials, error) {
	return appstreaming.Credentials{AccessKeyID: "LTAI1", AccessKeySecret: p.secret}, nil
}

func TestAPrintedClientShowsItsEndpointOnly(t *testing.T) {
	t.Parallel()
	client, err := appstreaming.New("cn-shanghai",
		appstreaming.WithCredentials(provider{"c4nary-secret"}), appstreaming.WithParam("Extra", "c4nary"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "appstreaming.Client(https://appstream-center.cn-shanghai.aliyuncs.com)"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for form, printed := range map[string]any{"pointer": client, "value": *client} {
			if got := fmt.Sprintf(verb, printed); got != want {
				t.Errorf("%s of a %s is %q, want %q", verb, form, got, want)
			}
		}
		holder := struct {
			Exported appstreaming.Client
			hidden   appstreaming.Client
		}{*client, *client}
		if got := fmt.Sprintf(verb, holder); strings.Contains(got, "c4nary") {
			t.Errorf("%s of a struct that holds a client is %q", verb, got)
		}
	}
	var zero appstreaming.Client
	if got, want := fmt.Sprintf("%v %v", zero, &zero), "appstreaming.Client(uninitialized) appstreaming.Client(uninitialized)"; got != want {
		t.Errorf("a zero client prints as %q, want %q", got, want)
	}
	var none *appstreaming.Client
	if got := none.String(); got != "appstreaming.Client(uninitialized)" {
		t.Errorf("a nil client's String is %q", got)
	}
	if got := fmt.Sprintf("%+v", none); got != "<nil>" {
		t.Errorf("a nil client prints as %q", got)
	}
}

// TestMain runs more tests at once than there are processors, because many wait
// for sockets. With the race detector they compute more than they wait. The tests
// keep little of what they allocate, so the garbage collector need not run often.
func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400)
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given && !appstreaming.UnderRaceDetector() {
		flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0)))
	}
	leaktest.Main(m)
}

const mebibyte = 1 << 20

// peakHeap runs f and returns by how much the heap's objects, garbage among
// them, grew at most, as sampled every millisecond.
func peakHeap(f func()) int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	defer debug.SetGCPercent(debug.SetGCPercent(100)) // as in a program
	heap := func() int64 {
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	runtime.GC()
	runtime.GC() // the first one only ages the pools
	before := heap()
	peak, stop, done := before, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, heap())
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	f()
	close(stop)
	<-done
	return peak - before
}

// These tests measure the heap of the whole process, so they do not run in
// parallel.

func TestListingAHundredThousandImagesTakesBoundedMemory(t *testing.T) {
	count := 100_000
	if appstreaming.UnderRaceDetector() {
		count = 10_000 // memory is not measured well there, and everything takes ten times as long
	}
	// A window of four pages with their bodies is 2 MB and 100,000 digests are
	// 4 MB, of which a growing map has twice or three times as much; the rest is
	// garbage on its way.
	const bound = 32 * mebibyte
	client := clientOf(t, manyImages(t, count), appstreaming.WithMaxResponseBytes(mebibyte), appstreaming.WithPrefetch(4))
	listed := 0
	peak := peakHeap(func() {
		for image, err := range client.Images(t.Context(), appstreaming.ListImageRequest{}) {
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("imgc-%06d", listed); image.ImageID != want {
				t.Fatalf("image %d is %s, want %s", listed, image.ImageID, want)
			}
			listed++
		}
	})
	t.Logf("%d images, the heap grew by %.1f MB at most", listed, float64(peak)/mebibyte)
	if listed != count || peak > bound {
		t.Errorf("%d images with %d bytes of heap, want %d with at most %d", listed, peak, count, int64(bound))
	}
}

// manyImages serves images of about a kilobyte each, which it holds in no
// memory of its own: that would blur the measure.
func manyImages(t *testing.T, count int) *httptest.Server {
	before := []byte(`{"ImageId":"imgc-`)
	after := []byte(`","VersionId":"iv-1","LatestVersionId":"iv-1","ImageName":"设计云镜像",` +
		`"Status":"AVAILABLE","ImageType":"User","OsType":"Windows",` +
		`"Description":"` + strings.Repeat("a word or two ", 40) + `","GmtModified":"2025-04-25 15:13:57","FeatureList":["GPU","Builder"],` +
		`"TagList":[{"Key":"env","Value":"test"},{"Key":"team","Value":"design"}],"ImageRegionList":["cn-shanghai","cn-hangzhou"]}`)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.Atoi(r.FormValue("PageNumber"))
		id := make([]byte, 0, 20)
		fmt.Fprintf(w, `{"Success":true,"Code":"200","RequestId":"R","PageNumber":%d,"PageSize":100,"Count":%d,"Data":[`, number, count)
		for n := range 100 {
			if n > 0 {
				_, _ = w.Write([]byte{','})
			}
			id = strconv.AppendInt(id[:0], int64(1_000_000+(number-1)*100+n), 10)
			_, _ = w.Write(before)
			_, _ = w.Write(id[1:])
			_, _ = w.Write(after)
		}
		_, _ = w.Write([]byte("]}"))
	}))
	t.Cleanup(service.Close)
	return service
}

func TestBodiesOverTheLimitCostLittleMoreThanTheLimit(t *testing.T) {
	const limit, more = 8 * mebibyte, 6 * mebibyte
	for name, fault := range map[string]appstreamingtest.Fault{
		"200 MB":                 {Padding: 200 * mebibyte, Chunked: true},
		"200 MB, announced":      {Padding: 200 * mebibyte},
		"200 MB, compressed":     {Padding: 200 * mebibyte, Gzip: true},
		"200 MB of an error":     {Padding: 200 * mebibyte, Chunked: true, Code: appstreaming.CodeInvalidBizType},
		"a compressed error too": {Padding: 200 * mebibyte, Gzip: true, Code: appstreaming.CodeInvalidBizType},
	} {
		service := appstreamingtest.NewServer(t)
		service.Fail(-1, fault)
		client := service.Client(appstreaming.WithMaxResponseBytes(limit))
		peak := peakHeap(func() {
			_, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
			var apiErr *appstreaming.APIError
			if want := fault.Code != ""; errors.As(err, &apiErr) != want || errors.Is(err, appstreaming.ErrResponseTooLarge) == want {
				t.Errorf("%s: got %v", name, err)
			}
		})
		t.Logf("%s: the heap grew by %.1f MB at most", name, float64(peak)/mebibyte)
		if peak > limit+more {
			t.Errorf("%s: the heap grew by %d bytes, want at most %d", name, peak, int64(limit+more))
		}
		if service.RequestCount() != 1 {
			t.Errorf("%s: %d requests, want one", name, service.RequestCount())
		}
		service.Close()
	}
}
func clientOf(tb testing.TB, service *httptest.Server, opts ...appstreaming.Option) *appstreaming.Client {
	tb.Helper()
	client, err := appstreaming.New("cn-shanghai", append([]appstreaming.Option{
		appstreaming.WithEndpoint(service.URL), appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI-bench", "secret-of-the-benchmark", "")),
	}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.CloseIdleConnections)
	return client
}
