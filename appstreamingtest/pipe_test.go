package appstreamingtest_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestWaitsTakeNoTimeInABubble(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set  func(*appstreamingtest.Server)
		want time.Duration
	}{
		"latency": {func(s *appstreamingtest.Server) { s.SetLatency(20 * time.Second) }, 20 * time.Second},
		"delay":   {func(s *appstreamingtest.Server) { s.Fail(1, appstreamingtest.Fault{Delay: 7 * time.Second}) }, 7 * time.Second},
		"both": {func(s *appstreamingtest.Server) {
			s.SetLatency(time.Second)
			s.Fail(1, appstreamingtest.Fault{Delay: time.Second})
		}, 2 * time.Second},
		"drip": {func(s *appstreamingtest.Server) {
			s.Fail(1, appstreamingtest.Fault{Status: 200, Body: "1234567890", DripBytes: 3, DripEvery: time.Second})
		}, 3 * time.Second},
		"neither": {func(*appstreamingtest.Server) {}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
				defer s.Close()
				test.set(s)
				start := time.Now()
				_, err := s.Client().ListImage(t.Context(), appstreaming.ListImageRequest{})
				var undecodable *appstreaming.DecodeError
				if err != nil && !errors.As(err, &undecodable) { // the drip's body is no page
					t.Fatal(err)
				}
				if took := time.Since(start); took != test.want {
					t.Errorf("took %v, want %v", took, test.want)
				}
			})
		})
	}
}

func TestHangsEndWithTheClientsPatience(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]appstreamingtest.Fault{
		"before the response": {Break: appstreamingtest.BreakHang},
		"in the body":         {Break: appstreamingtest.BreakHangBody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
				defer s.Close()
				s.Fail(-1, fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				start := time.Now()
				client := s.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{AttemptTimeout: 10 * time.Hour}))
				_, err := client.ListImage(ctx, appstreaming.ListImageRequest{})
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Hour {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
			})
		})
	}
}

func TestClosingEndsHangsInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := appstreamingtest.New()
		s.Fail(-1, appstreamingtest.Fault{Break: appstreamingtest.BreakHang})
		client := s.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1, AttemptTimeout: time.Hour}))
		failed := make(chan error, 1)
		go func() {
			_, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
			failed <- err
		}()
		synctest.Wait()
		s.Close()
		if err := <-failed; err == nil {
			t.Error("no error from a service that was closed")
		}
	}) // fails when a goroutine is left
}

func TestTheRateLimitTellsHowLongToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := appstreamingtest.New()
		defer s.Close()
		s.SetRateLimit(2)
		client := s.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1}))
		call := func() error {
			_, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
			return err
		}
		for i := range 2 {
			if err := call(); err != nil {
				t.Fatalf("call %d of the burst: %v", i+1, err)
			}
		}
		var throttled *appstreaming.APIError
		if err := call(); !errors.As(err, &throttled) || !errors.Is(err, appstreaming.CodeThrottlingUser) ||
			throttled.StatusCode != 400 || throttled.RetryAfter != 500*time.Millisecond {
			t.Fatalf("beyond the burst: %v", err)
		}
		time.Sleep(throttled.RetryAfter)
		if err := call(); err != nil {
			t.Errorf("after the wait it received: %v", err)
		}
		s.SetRateLimit(0)
		for range 10 {
			if err := call(); err != nil {
				t.Errorf("without a limit: %v", err)
			}
		}
	})
}

func TestThroughMemoryEveryFaultIsSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := appstreamingtest.New(appstreamingtest.SampleImages(5)...)
		defer s.Close()
		client := s.Client()
		for _, b := range []appstreamingtest.Break{
			appstreamingtest.BreakReset, appstreamingtest.BreakClose, appstreamingtest.BreakGarbage,
			appstreamingtest.BreakShort, appstreamingtest.BreakResetBody,
		} {
			s.Fail(1, appstreamingtest.Fault{Break: b})
			resp, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
			if err != nil || resp.Attempts != 2 || resp.Count != 5 {
				t.Errorf("break %d: %+v, %v", b, resp, err)
			}
		}
	})
}

func TestConnectionsThroughMemoryAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := appstreamingtest.New()
		defer s.Close()
		for range 3 {
			if _, err := s.Client().ListImage(t.Context(), appstreaming.ListImageRequest{}); err != nil {
				t.Fatal(err)
			}
		}
		if accepted, open := s.Connections(); accepted != 1 || open != 1 {
			t.Errorf("%d connections, %d open, want one", accepted, open)
		}
		if s.URL() != "" {
			t.Errorf("URL %q of a server that does not listen", s.URL())
		}
	})
}

func TestAClosedServerCannotBeReachedThroughMemory(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*appstreamingtest.Server{"used before": appstreamingtest.New(), "new": appstreamingtest.New()} {
		if name == "used before" {
			s.HTTPClient()
		}
		s.Close()
		s.Close()
		resp, err := s.HTTPClient().Get("http://anywhere/")
		if err == nil {
			resp.Body.Close()
		}
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("%s: Serve: %v", name, err)
		}
	}
}
