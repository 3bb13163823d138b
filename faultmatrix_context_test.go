package appstreaming_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// phase is where a call is when its ctx ends.
type phase struct {
	fault appstreamingtest.Fault
	// before is a failure that an earlier attempt ended with; it must survive.
	before appstreamingtest.Fault
	keeps  error
}

func phases() map[string]phase {
	throttled := appstreamingtest.Fault{Code: appstreaming.CodeThrottlingUser, Header: http.Header{"X-Acs-Retry-After": {"100"}}}
	return map[string]phase{
		"waiting for headers":             {fault: appstreamingtest.Fault{Break: appstreamingtest.BreakHang}},
		"in mid-body":                     {fault: appstreamingtest.Fault{Break: appstreamingtest.BreakHangBody}},
		"between drops":                   {fault: appstreamingtest.Fault{DripBytes: 1, DripEvery: time.Second}},
		"waiting for headers once more":   {fault: appstreamingtest.Fault{Break: appstreamingtest.BreakHang}, before: throttled, keeps: appstreaming.CodeThrottling},
		"in mid-body once more":           {fault: appstreamingtest.Fault{Break: appstreamingtest.BreakHangBody}, before: throttled, keeps: appstreaming.CodeThrottling},
		"in a wait that was asked for":    {fault: appstreamingtest.Fault{Code: appstreaming.CodeThrottlingUser, Header: http.Header{"Retry-After": {"15"}}}, keeps: appstreaming.CodeThrottling},
		"in a wait after a broken answer": {fault: appstreamingtest.Fault{Break: appstreamingtest.BreakShort}, keeps: io.ErrUnexpectedEOF},
	}
}

func TestFaultMatrixOfAContextThatEnds(t *testing.T) {
	t.Parallel()
	const after = 3 * time.Second
	cause := errors.New("the user closed the window")
	for name, p := range phases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
				synctest.Test(t, func(t *testing.T) {
					service := appstreamingtest.New(matrixImages()...)
					defer service.Close()
					before, fault := p.before, p.fault
					before.Page, fault.Page = faultyPage, faultyPage
					if before.Code != "" {
						service.Fail(1, before)
					}
					service.Fail(-1, fault)
					ctx, cancel := context.WithCancelCause(t.Context())
					defer time.AfterFunc(after, func() { cancel(cause) }).Stop()
					client := service.Client(appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch),
						// Broken answers are followed by waits of hours.
						appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour}))
					start := time.Now()
					list := w.start(client)
					got := list(ctx)
					if elapsed := time.Since(start); elapsed != after {
						t.Errorf("it ended after %v, want %v", elapsed, after)
					}
					if !errors.Is(got.err, context.Canceled) || !errors.Is(got.err, cause) {
						t.Errorf("got %v, want the cancellation and its cause", got.err)
					}
					if p.keeps != nil && !errors.Is(got.err, p.keeps) {
						t.Errorf("got %v, which has lost %v", got.err, p.keeps)
					}
					checkImages(t, w.wantImages(true), got)
					service.ClearFaults()
					checkImages(t, w.wantImages(false), list(t.Context()))
				})
			})
		})
	}
}

func TestFaultMatrixOfAContextThatHasEnded(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		service := appstreamingtest.NewServer(t, matrixImages()...)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		list := w.start(service.Client(appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch)))
		if got := list(ctx); !errors.Is(got.err, context.Canceled) || service.RequestCount() != 0 || len(got.images) != 0 {
			t.Errorf("got %v and %d requests, want the cancellation and none", got.err, service.RequestCount())
		}
		checkImages(t, w.wantImages(false), list(t.Context()))
	})
}

func TestFaultMatrixOfADeadlineNearerThanTheNextWait(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		synctest.Test(t, func(t *testing.T) {
			service := appstreamingtest.New(matrixImages()...)
			defer service.Close()
			service.Fail(-1, appstreamingtest.Fault{Page: faultyPage, Code: appstreaming.CodeThrottlingAPI, Header: http.Header{"X-Acs-Retry-After": {"5000"}}})
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			start := time.Now()
			got := w.start(service.Client(appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch)))(ctx)
			var apiErr *appstreaming.APIError
			if !errors.As(got.err, &apiErr) || errors.Is(got.err, context.DeadlineExceeded) || time.Since(start) != 0 {
				t.Fatalf("got %v after %v, want the refusal at once", got.err, time.Since(start))
			}
			if apiErr.Attempts != 1 || apiErr.RetryAfter != 5*time.Second || !strings.HasSuffix(apiErr.StopReason, "would outlast ctx's deadline") {
				t.Errorf("%d attempts, RetryAfter %v, stopped because %q", apiErr.Attempts, apiErr.RetryAfter, apiErr.StopReason)
			}
			checkImages(t, w.wantImages(true), got)
		})
	})
}

// The same over real sockets, whose clock is not exact: of several tries the
// best one has to be within 50 ms.
func TestFaultMatrixReturnsWithinFiftyMillisecondsOfTheContextsEnd(t *testing.T) {
	t.Parallel()
	const after, late = 30 * time.Millisecond, 50 * time.Millisecond
	for name, p := range phases() {
		if p.before.Code != "" {
			continue // no other phase of a call
		}
		for _, w := range ways {
			t.Run(name+"/"+w.name, func(t *testing.T) {
				t.Parallel()
				service := appstreamingtest.NewServer(t, matrixImages()...)
				fault := p.fault
				fault.Page = faultyPage
				service.Fail(-1, fault)
				client := service.Client(appstreaming.WithPrefetch(w.prefetch), appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour}))
				best := time.Hour
				for try := 0; try < 10 && best > late; try++ {
					ctx, cancel := context.WithCancel(t.Context())
					var ended time.Time
					timer := time.AfterFunc(after, func() {
						ended = time.Now()
						cancel()
					})
					got := w.start(client)(ctx)
					if timer.Stop() || !errors.Is(got.err, context.Canceled) {
						t.Fatalf("got %v, want the cancellation", got.err)
					}
					best = min(best, time.Since(ended))
				}
				if best > late {
					t.Errorf("%v late at best, want at most %v", best, late)
				}
			})
		}
	}
}
