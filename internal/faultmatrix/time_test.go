package faultmatrix_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// Everything that takes its time, on a clock of its own: the waits are the
// default ones, and what is measured is exact.

const attemptTimeout = 30 * time.Second // the default

// maxWaits is the most that three waits take: 100 ms, doubled twice.
const maxWaits = 700 * time.Millisecond

func TestFaultMatrixOfAnswersThatDoNotCome(t *testing.T) {
	t.Parallel()
	runMatrixInTime(t, []faultRow{
		{name: "no answer at all", fault: Fault{Break: appstreamingtest.BreakHang}, want: timedOut()},
		{name: "hang in mid-body", fault: Fault{Break: appstreamingtest.BreakHangBody}, want: timedOut()},
		{name: "hang after the headers", fault: Fault{Break: appstreamingtest.BreakHangBody, After: -1}, want: timedOut()},
		{name: "hang in a chunked body", fault: Fault{Chunked: true, Break: appstreamingtest.BreakHangBody}, want: timedOut()},
		{name: "one byte a second", fault: Fault{DripBytes: 1, DripEvery: time.Second}, want: timedOut()},
		{name: "an answer after a minute", fault: Fault{Delay: time.Minute}, want: timedOut()},
	}, func(t *testing.T, elapsed time.Duration) {
		// Four failed attempts that end a call, then three before one that succeeds.
		const least = (4 + 3) * attemptTimeout
		if elapsed < least || elapsed > least+2*maxWaits {
			t.Errorf("it took %v, want %v and at most %v more", elapsed, least, 2*maxWaits)
		}
	})
}

func timedOut() verdict {
	v := broken(appstreaming.ErrAttemptTimeout)
	check := v.err
	v.err = func(t *testing.T, err error, request appstreamingtest.Request) {
		t.Helper()
		check(t, err, request)
		if !strings.Contains(err.Error(), "not answered within 30s") || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%q has to say what took too long, and is not the caller's deadline", err)
		}
	}
	return v
}

func TestFaultMatrixOfAnswersThatTakeLong(t *testing.T) {
	t.Parallel()
	runMatrixInTime(t, []faultRow{
		{name: "after twenty seconds", fault: Fault{Delay: 20 * time.Second}},
		{name: "in drops over twenty seconds", fault: Fault{DripBytes: 600, DripEvery: time.Second}},
	}, func(t *testing.T, elapsed time.Duration) {
		if elapsed < 10*time.Second || elapsed > attemptTimeout {
			t.Errorf("it took %v, want one slow attempt", elapsed)
		}
	})
}

func TestFaultMatrixOfHintsToWait(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]http.Header{
		"x-acs-retry-after":    {"X-Acs-Retry-After": {"300"}},
		"TimeLeft of the API":  {"X-Ratelimit-User-Api": {"Limit:100,Remain:0,TimeLeft:300"}},
		"TimeLeft of the user": {"X-Ratelimit-User": {"TimeLeft:300"}},
	} {
		var rows []faultRow
		for _, status := range []int{400, 429} {
			rows = append(rows, faultRow{
				name:  name,
				fault: Fault{Status: status, Code: appstreaming.CodeThrottlingUser, Header: header},
				opts:  []appstreaming.Option{appstreaming.WithPacing(false)}, // which has waits of its own
				want: refusal(true, appstreaming.APIError{StatusCode: status, Code: appstreaming.CodeThrottlingUser,
					RetryAfter: 300 * time.Millisecond}),
			})
		}
		runMatrixInTime(t, rows, func(t *testing.T, elapsed time.Duration) {
			const waits = (3 + 3) * 300 * time.Millisecond // and a tenth more at random
			if elapsed < waits || elapsed > waits+waits/10 {
				t.Errorf("it took %v, want the waits the service asked for, %v", elapsed, waits)
			}
		})
	}
}

// A service that accepts connections only to close them, for two seconds.
func TestFaultMatrixOfTwoSecondsWithoutAService(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		synctest.Test(t, func(t *testing.T) {
			service := appstreamingtest.New(matrixImages()...)
			defer service.Close()
			back := time.Now().Add(2 * time.Second)
			early := func(r appstreamingtest.Request) bool { return r.Time.Before(back) }
			service.Fail(-1, Fault{Break: appstreamingtest.BreakClose, When: early})
			// Four attempts are over after 0.7 s at the latest.
			client := service.Client(appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch),
				appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 20}))
			checkImages(t, w.wantImages(false), w.start(client)(t.Context()))
			if time.Now().Before(back) {
				t.Error("it was over before the service was back")
			}
		})
	})
}

// A port that accepts and never says a word.
func TestFaultMatrixOfASilentPort(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		silence, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer silence.Close() // nobody accepts: the kernel does, and no more
		client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint("http://"+silence.Addr().String()), appstreaming.WithPlainHTTP(),
			appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI-canary", "hunter22-secret", "")),
			appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch),
			appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Millisecond, AttemptTimeout: 20 * time.Millisecond}))
		if err != nil {
			t.Fatal(err)
		}
		got := w.start(client)(t.Context())
		checkTransportError(t, got.err, appstreaming.ErrAttemptTimeout)
	})
}

// phase is where a call is when its ctx ends.
type phase struct {
	fault Fault
	// before is a failure that an earlier attempt ended with; it must survive.
	before Fault
	keeps  error
}

func phases() map[string]phase {
	throttled := Fault{Code: appstreaming.CodeThrottlingUser, Header: http.Header{"X-Acs-Retry-After": {"100"}}}
	return map[string]phase{
		"waiting for headers": {fault: Fault{Break: appstreamingtest.BreakHang}},
		"in mid-body":         {fault: Fault{Break: appstreamingtest.BreakHangBody}},
		"between drops":       {fault: Fault{DripBytes: 1, DripEvery: time.Second}},
		"waiting for headers of a retry": {
			fault: Fault{Break: appstreamingtest.BreakHang}, before: throttled, keeps: appstreaming.CodeThrottling,
		},
		"in mid-body of a retry": {
			fault: Fault{Break: appstreamingtest.BreakHangBody}, before: throttled, keeps: appstreaming.CodeThrottling,
		},
		"in a wait that was asked for": {
			fault: Fault{Code: appstreaming.CodeThrottlingUser, Header: http.Header{"Retry-After": {"15"}}}, keeps: appstreaming.CodeThrottling,
		},
		"in a wait after a broken answer": {fault: Fault{Break: appstreamingtest.BreakShort}, keeps: io.ErrUnexpectedEOF},
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
			hint := http.Header{"X-Acs-Retry-After": {"5000"}}
			service.Fail(-1, Fault{Page: faultyPage, Code: appstreaming.CodeThrottlingAPI, Header: hint})
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
				client := service.Client(appstreaming.WithPrefetch(w.prefetch),
					appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour}))
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
