package appstreamingtest_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// noRetries makes every request of a client visible.
func noRetries() appstreaming.Option {
	return appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1})
}

func TestTheServerCanBeMountedElsewhere(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	mounted := httptest.NewTLSServer(s)
	t.Cleanup(mounted.Close)
	client := s.Client(appstreaming.WithEndpoint(mounted.URL), appstreaming.WithHTTPClient(mounted.Client()), noRetries())
	if page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); err != nil || page.Count != 3 {
		t.Fatalf("%+v, %v", page, err)
	}
	for _, b := range []appstreamingtest.Break{appstreamingtest.BreakReset, appstreamingtest.BreakResetBody} {
		s.Fail(1, appstreamingtest.Fault{Break: b})
		var broken *appstreaming.TransportError
		if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); !errors.As(err, &broken) {
			t.Errorf("break %d: %v", b, err)
		}
	}
	s.Close()
	if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); err == nil {
		t.Error("no error after Close")
	}
}

func TestServeTakesAListener(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := appstreamingtest.New()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	resp, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 400 || s.URL() != "http://"+l.Addr().String() {
		t.Errorf("HTTP %d at %s", resp.StatusCode, s.URL())
	}
	s.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	if resp, err := http.Get("http://" + l.Addr().String()); err == nil {
		resp.Body.Close()
		t.Error("it still answers")
	}
}

// It does not run in parallel, so that the goroutines are its own.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := appstreamingtest.Start(appstreamingtest.SampleImages(200)...)
	if err != nil {
		t.Fatal(err)
	}
	s.Fail(4, appstreamingtest.Fault{Break: appstreamingtest.BreakHang})
	s.Fail(4, appstreamingtest.Fault{Break: appstreamingtest.BreakHangBody})
	s.Fail(4, appstreamingtest.Fault{Delay: time.Hour})
	s.Fail(4, appstreamingtest.Fault{DripBytes: 1, DripEvery: time.Hour})
	s.Fail(4, appstreamingtest.Fault{Padding: 1 << 40})
	client := s.Client(noRetries(), appstreaming.WithMaxResponseBytes(1<<50))
	var calls sync.WaitGroup
	for range 24 {
		calls.Go(func() {
			_, _ = client.ListImage(t.Context(), appstreaming.ListImageRequest{PageSize: 100}) // most cannot succeed
		})
	}
	for s.RequestCount() < 24 {
		runtime.Gosched()
	}
	s.Close()
	calls.Wait()
	client.CloseIdleConnections()
	if _, open := s.Connections(); open != 0 {
		t.Errorf("%d connections are open", open)
	}
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched() // the client's own end a little later
	}
	if now := runtime.NumGoroutine(); now > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, now, stacks[:runtime.Stack(stacks, true)])
	}
}

func TestEverythingMayHappenAtOnce(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(150)...)
	extra := appstreamingtest.SampleImages(160)[150:]
	policy := appstreaming.RetryPolicy{BaseDelay: time.Millisecond, Budget: -1, MaxAttempts: 20}
	client := s.Client(appstreaming.WithPrefetch(4), appstreaming.WithRetry(policy), appstreaming.WithPacing(false))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			images, err := appstreaming.Collect(client.Images(t.Context(), appstreaming.ListImageRequest{PageSize: 20}))
			if err != nil || len(images) < 130 {
				t.Errorf("%d images, %v", len(images), err)
			}
		})
		all.Go(func() {
			s.Fail(2, appstreamingtest.Fault{Code: appstreaming.CodeThrottling})
			s.Fail(1, appstreamingtest.Fault{Break: appstreamingtest.BreakReset, Page: i})
			s.Put(extra[i])
			s.SetLatency(time.Duration(i) * time.Microsecond)
			s.SetGzip(i%2 == 0)
			s.SetListing(appstreamingtest.Listing{})
			s.AddCredentials(appstreaming.Credentials{AccessKeyID: "k", AccessKeySecret: "s"})
			s.DisableKey("k")
			s.Remove(extra[i].ImageID)
			_ = s.Requests()
			_, _ = s.Connections()
			_ = s.PendingFaults()
		})
	}
	all.Wait()
}
