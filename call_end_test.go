package appstreaming

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// These tests show how calls and attempts end: with their ctx, by a timeout,
// because of a transport that breaks the rules, or with a panic.

var errLimited = errors.New("the limiter refuses")

// limiter takes some time, ends with ctx, and can fail.
type limiter struct {
	takes   time.Duration
	failsAt int // the number of the Wait that fails
	waits   int
}

func (l *limiter) Wait(ctx context.Context) error {
	if l.waits++; l.waits == l.failsAt {
		return errLimited
	}
	select {
	case <-time.After(l.takes):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// blockingBody is a body whose Read waits for Close.
type blockingBody struct {
	closed chan struct{}
	reads  atomic.Int32
	closes atomic.Int32
	closer atomic.Value // the name of the goroutine that called Close
}

func newBlockingBody() *blockingBody { return &blockingBody{closed: make(chan struct{})} }

func (b *blockingBody) Read([]byte) (int, error) {
	b.reads.Add(1)
	<-b.closed
	return 0, http.ErrBodyReadAfterClose
}

func (b *blockingBody) Close() error {
	if b.closes.Add(1) == 1 {
		b.closer.Store(goroutine())
		close(b.closed)
	}
	return nil
}

// goroutine returns the name of the calling goroutine.
func goroutine() string {
	buffer := make([]byte, 64)
	name, _, _ := strings.Cut(string(buffer[:runtime.Stack(buffer, false)]), " [")
	return name
}

func respondWith(status int, body io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"X-Acs-Request-Id": {"R-HEADER"}}, Body: body, ContentLength: -1}
}

// stuck is a service, a provider and a limiter. One of them waits for ctx's end
// in the attempt with the given number. Attempts before that one are refused.
type stuck struct {
	place   string
	attempt int

	asked, limited, sent int
}

func (s *stuck) Credentials(ctx context.Context) (Credentials, error) {
	if s.asked++; s.asked == s.attempt && s.place == "provider" {
		<-ctx.Done()
		return Credentials{}, fmt.Errorf("asking STS: %w", ctx.Err())
	}
	return Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "hunter22-secret"}, nil
}

func (s *stuck) Wait(ctx context.Context) error {
	if s.limited++; s.limited == s.attempt && s.place == "limiter" {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (s *stuck) send(req *http.Request) (*http.Response, error) {
	s.sent++
	switch {
	case s.sent < s.attempt:
		return respond(400, nil, `{"Code":"SystemBusy","RequestId":"R-BEFORE"}`), nil
	case s.place == "wait":
		return respond(503, http.Header{"Retry-After": {"15"}}, `{"Code":"SystemBusy","RequestId":"R-BEFORE"}`), nil
	case s.place == "body":
		return respondWith(200, newBlockingBody()), nil
	}
	<-req.Context().Done()
	return nil, fmt.Errorf("sending: %w", req.Context().Err())
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	const after = 3 * time.Second
	cause := errors.New("the user closed the window")
	ends := map[string]struct {
		ctx     func(context.Context) (context.Context, context.CancelFunc)
		is, not error
	}{
		"canceled": {
			ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancelCause(ctx)
				time.AfterFunc(after, func() { cancel(cause) })
				return ctx, func() { cancel(nil) }
			},
			is: context.Canceled, not: context.DeadlineExceeded,
		},
		"past its deadline": {
			ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithDeadlineCause(ctx, time.Now().Add(after), cause)
			},
			is: context.DeadlineExceeded, not: context.Canceled,
		},
	}
	for _, place := range []string{"provider", "limiter", "headers", "body", "wait"} {
		for end, ended := range ends {
			if place == "wait" && end != "canceled" {
				continue // a wait past the deadline does not begin; another test shows that
			}
			for _, attempt := range []int{1, 2} {
				t.Run(fmt.Sprintf("%s in %s of attempt %d", end, place, attempt), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := &stuck{place: place, attempt: attempt}
						client := sendingThrough(t, s.send, WithCredentials(s), WithRateLimit(s), WithRetry(RetryPolicy{BaseDelay: ms}))
						ctx, cancel := ended.ctx(t.Context())
						defer cancel()
						start := time.Now()
						_, err := client.ListImage(ctx, ListImageRequest{})
						if took := time.Since(start); took != after {
							t.Errorf("returned after %v, want %v", took, after)
						}
						if !errors.Is(err, ended.is) || errors.Is(err, ended.not) || !errors.Is(err, cause) {
							t.Errorf("got %v, want %v with its cause", err, ended.is)
						}
						refused := attempt > 1 || place == "wait"
						if errors.Is(err, CodeSystemBusy) != refused || strings.Contains(err.Error(), "R-BEFORE") != refused {
							t.Errorf("got %v, want it to hold what failed before: %v", err, refused)
						}
						if DefaultRetryable(err) {
							t.Errorf("%v counts as retryable", err)
						}
					})
				})
			}
		}
	}
}

// stubborn is a limiter that ignores ctx, or a body that does and whose Close takes
// an hour.
type stubborn struct {
	place  string
	closed chan struct{}
	closes atomic.Int32
}

func (s *stubborn) Wait(context.Context) error {
	if s.place == "limiter" {
		time.Sleep(time.Hour)
	}
	return nil
}

func (s *stubborn) send(*http.Request) (*http.Response, error) { return respondWith(200, s), nil }

func (s *stubborn) Read([]byte) (int, error) { <-s.closed; return 0, io.ErrUnexpectedEOF }

func (s *stubborn) Close() error {
	if s.closes.Add(1) == 1 {
		close(s.closed)
	}
	time.Sleep(time.Hour)
	return nil
}

func TestNothingThatIgnoresItsContextHoldsUpACall(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"limiter", "body"} {
		for _, timesOut := range []bool{false, true} {
			if timesOut && place == "limiter" {
				continue // an attempt begins after it
			}
			t.Run(fmt.Sprintf("%s/%v", place, timesOut), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := &stubborn{place: place, closed: make(chan struct{})}
					policy, want := RetryPolicy{MaxAttempts: 1}, context.Canceled
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if timesOut {
						policy.AttemptTimeout, want = time.Second, ErrAttemptTimeout
					} else {
						time.AfterFunc(time.Second, cancel)
					}
					client := sendingThrough(t, s.send, WithRateLimit(s), WithRetry(policy))
					start := time.Now()
					_, err := client.ListImage(ctx, ListImageRequest{})
					if took := time.Since(start); took < time.Second || took > time.Second+grace || !errors.Is(err, want) {
						t.Errorf("got %v after %v, want %v after 1s", err, took, want)
					}
					time.Sleep(3 * time.Hour) // what is left behind ends, without harm
					if opened := place == "body"; opened != (s.closes.Load() == 1) {
						t.Errorf("the body was closed %d times", s.closes.Load())
					}
				})
			})
		}
	}
}

// The deadline of the call and the end of an attempt can be the same moment.
func TestADeadlineThatIsAnAttemptsEndTooIsTheCallers(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"headers", "body", "provider"} {
		for range 30 { // the order in which two timers fire is random
			synctest.Test(t, func(t *testing.T) {
				s := &stuck{place: place, attempt: 1}
				cause := errors.New("the user waits no longer")
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
				defer cancel()
				client := sendingThrough(t, s.send, WithCredentials(s), WithRetry(RetryPolicy{AttemptTimeout: time.Second}))
				start := time.Now()
				_, err := client.ListImage(ctx, ListImageRequest{})
				if took := time.Since(start); took != time.Second || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, cause) ||
					errors.Is(err, ErrAttemptTimeout) {
					t.Fatalf("%s: got %v after %v, want the caller's deadline after 1s", place, err, took)
				}
			})
		}
	}
}

// The error keeps the service's answer even if ctx ends while it arrives.
func TestAnAnswerIsNotTakenForTheContextsEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		opts   []Option
		keeps  func(error) bool
	}{
		"refusal":      {403, `{"Code":"Forbidden"}`, nil, func(err error) bool { return errors.Is(err, CodeForbidden) }},
		"invalid page": {200, "[]", nil, func(err error) bool { _, ok := as[*DecodeError](err); return ok }},
		"too large": {200, onePage, []Option{WithMaxResponseBytes(9)}, func(err error) bool {
			return errors.Is(err, ErrResponseTooLarge)
		}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		client := sendingThrough(t, func(*http.Request) (*http.Response, error) {
			cancel()
			return respond(test.status, nil, test.body), nil
		}, test.opts...)
		if _, err := client.ListImage(ctx, ListImageRequest{}); !errors.Is(err, context.Canceled) || !test.keeps(err) {
			t.Errorf("%s: got %v, want it together with the cancellation", name, err)
		}
	}
}

func TestAPageIsNotTakenForTheContextsEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client := sendingThrough(t, func(*http.Request) (*http.Response, error) {
		cancel()
		return respond(200, nil, onePage), nil
	})
	if page, err := client.ListImage(ctx, ListImageRequest{}); err != nil || len(page.Images) != 1 {
		t.Errorf("got %v, %v; want the page", page, err)
	}
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := sendingThrough(t, NothingSent(t)).ListImage(ctx, ListImageRequest{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
}

func TestAWaitPastTheDeadlineFailsAtOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header []string
		want   string
		hint   time.Duration
	}{
		"hint":    {[]string{"x-acs-retry-after", "5000"}, "the wait of 5.5s would outlast ctx's deadline", 5 * time.Second},
		"backoff": {nil, "the wait of 1s would outlast ctx's deadline", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, s := scripted(t, []answer{refusal(400, "Throttling", test.header...)}, WithPacing(false))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				_, err := client.ListImage(ctx, ListImageRequest{})
				var apiErr *APIError
				if !errors.As(err, &apiErr) || errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 0 || len(s.sent) != 1 {
					t.Fatalf("got %v after %v and %d requests, want the API error at once", err, time.Since(start), len(s.sent))
				}
				if apiErr.StopReason != test.want || apiErr.RetryAfter != test.hint {
					t.Errorf("StopReason %q and RetryAfter %v, want %q and %v", apiErr.StopReason, apiErr.RetryAfter, test.want, test.hint)
				}
			})
		})
	}
}

func TestALimiterIsAskedBeforeEveryAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, s := scripted(t, []answer{{err: io.ErrUnexpectedEOF}, ok()}, WithRateLimit(&limiter{takes: time.Second, failsAt: 3}))
		if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]time.Duration{0, 1100 * ms}, s.at); diff != "" {
			t.Errorf("attempts were sent at (-want +got):\n%s", diff)
		}
		if _, err := client.ListImage(t.Context(), ListImageRequest{}); !errors.Is(err, errLimited) || len(s.sent) != 2 {
			t.Errorf("got %v and %d requests, want the limiter's error and no more requests", err, len(s.sent))
		}
	})
}

// An attempt begins after the limiter, and the smaller of two timeouts ends it.
func TestAnAttemptTakesNoLongerThanItsTimeouts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		client, policy time.Duration
		limiter        time.Duration
		takes          time.Duration
		want           time.Duration // after which the attempt is given up; 0: it is answered
	}{
		"the http.Client's is smaller":          {client: 2 * time.Second, takes: time.Minute, want: 2 * time.Second},
		"the policy's is smaller":               {client: 20 * time.Second, policy: 3 * time.Second, takes: time.Minute, want: 3 * time.Second},
		"the default":                           {takes: time.Minute, want: 30 * time.Second},
		"a limiter that takes longer than both": {client: 150 * ms, policy: 200 * ms, limiter: 250 * ms, takes: 100 * ms},
		"a limiter before a slow service":       {client: 150 * ms, limiter: 250 * ms, takes: time.Minute, want: 400 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []answer{{takes: test.takes, status: 200, body: onePage}}}
				hc := TransportFunc(s.answer).Client()
				hc.Timeout = test.client
				client := sendingThrough(t, nil, WithHTTPClient(hc), WithRateLimit(&limiter{takes: test.limiter}),
					WithRetry(RetryPolicy{MaxAttempts: 1, AttemptTimeout: test.policy}))
				start := time.Now()
				_, err := client.ListImage(t.Context(), ListImageRequest{})
				if test.want == 0 {
					if err != nil {
						t.Errorf("got %v, want a page", err)
					}
					return
				}
				if took := time.Since(start); took != test.want || !errors.Is(err, ErrAttemptTimeout) || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v after %v, want ErrAttemptTimeout after %v and not the caller's deadline", err, took, test.want)
				}
				if took := test.want - test.limiter; !strings.Contains(err.Error(), "not answered within "+took.String()) {
					t.Errorf("%q does not name the time %v", err, took)
				}
			})
		})
	}
}

// A provider that is slower than an attempt is retried, and does not look like
// the caller's deadline.
func TestASlowProviderIsRetried(t *testing.T) {
	t.Parallel()
	found := Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "hunter22-secret"}
	for name, slow := range map[string]CredentialsFunc{
		"that watches its ctx": func(ctx context.Context) (Credentials, error) {
			<-ctx.Done()
			return Credentials{}, fmt.Errorf("asking STS: %w", ctx.Err())
		},
		"with a timeout of its own": func(ctx context.Context) (Credentials, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			<-ctx.Done()
			return Credentials{}, &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("asking STS: %w", ctx.Err())}
		},
		"that is late": func(context.Context) (Credentials, error) {
			time.Sleep(6 * time.Second)
			return found, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var slowly atomic.Int32
				slowly.Store(2)
				provider := CredentialsFunc(func(ctx context.Context) (Credentials, error) {
					if slowly.Add(-1) >= 0 {
						return slow(ctx)
					}
					return found, nil
				})
				client, s := scripted(t, []answer{ok()}, WithCredentials(provider), WithRetry(RetryPolicy{AttemptTimeout: 5 * time.Second}))
				page, err := client.ListImage(t.Context(), ListImageRequest{})
				if err != nil || page.Attempts != 3 || len(s.sent) != 1 {
					t.Errorf("got %v, %v and %d requests; want the page of the third attempt", page, err, len(s.sent))
				}

				slowly.Store(9)
				_, err = client.ListImage(t.Context(), ListImageRequest{})
				var credentialsErr *CredentialsError
				if !errors.As(err, &credentialsErr) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
					t.Fatalf("got %v, want a *CredentialsError that no ctx of the caller caused", err)
				}
				timedOut := name == "with a timeout of its own" || errors.Is(err, ErrAttemptTimeout)
				got := []any{credentialsErr.Attempts, credentialsErr.StopReason, timedOut}
				if diff := cmp.Diff([]any{4, "no attempts left", true}, got); diff != "" {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
				time.Sleep(time.Minute) // until late calls have returned
			})
		})
	}
}

// Timeouts of the network match context.DeadlineExceeded. In errors of this
// package, only the end of the caller's ctx may match it.
func TestFailuresOfTheNetworkDoNotLookLikeTheContextsEnd(t *testing.T) {
	t.Parallel()
	other, cancel := context.WithTimeout(t.Context(), 0)
	t.Cleanup(cancel)
	for name, cause := range map[string]error{
		"deadline":     &net.OpError{Op: "dial", Net: "tcp", Err: other.Err()},
		"cancellation": &net.OpError{Op: "read", Net: "tcp", Err: fmt.Errorf("stopped: %w", context.Canceled)},
		"i/o timeout":  &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, s := scripted(t, []answer{{err: cause}})
				_, err := client.ListImage(t.Context(), ListImageRequest{})
				var opErr *net.OpError
				if len(s.sent) != 4 || !errors.As(err, &opErr) {
					t.Errorf("got %v after %d attempts, want the cause after 4", err, len(s.sent))
				}
				if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
					t.Errorf("%v looks like the end of the caller's ctx", err)
				}
				if name == "i/o timeout" && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%v has lost its cause", err)
				}
			})
		})
	}
}

func TestATransportThatBreaksTheRulesIsAnError(t *testing.T) {
	t.Parallel()
	discarded := newBlockingBody()
	for name, test := range map[string]struct {
		send     TransportFunc
		attempts int
		text     string
	}{
		"neither response nor error": {
			send:     func(*http.Request) (*http.Response, error) { return nil, nil },
			attempts: 2, text: "neither a response nor an error",
		},
		"response without a body": {
			send: func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, ContentLength: 7}, nil
			},
			attempts: 1, text: "empty body",
		},
		"refusal without a body": {
			send:     func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 403}, nil },
			attempts: 1, text: "HTTP 403",
		},
		"response and error": {
			send:     func(*http.Request) (*http.Response, error) { return respondWith(200, discarded), io.ErrUnexpectedEOF },
			attempts: 2, text: "unexpected EOF",
		},
		"response without a body and error": {
			send: func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200}, io.ErrUnexpectedEOF
			},
			attempts: 2, text: "unexpected EOF",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var attempts []Attempt
			client := sendingThrough(t, test.send, watching(&attempts), WithRetry(RetryPolicy{MaxAttempts: 2, BaseDelay: 1}))
			_, err := client.ListImage(t.Context(), ListImageRequest{})
			if err == nil || !strings.Contains(err.Error(), test.text) || len(attempts) != test.attempts {
				t.Errorf("got %v after %d attempts, want %q after %d", err, len(attempts), test.text, test.attempts)
			}
			if name == "response and error" && discarded.closes.Load() != 2 {
				t.Error("the body of the response that came with an error is not closed")
			}
		})
	}
}

func TestTheBodyOfASwitchToAnotherProtocolIsClosedUnread(t *testing.T) {
	t.Parallel()
	body := newBlockingBody()
	client := sendingThrough(t, func(*http.Request) (*http.Response, error) { return respondWith(101, body), nil })
	_, err := client.ListImage(t.Context(), ListImageRequest{})
	var apiErr *APIError
	if !errors.As(err, &apiErr) {
		t.Fatalf("got %v, want an *APIError", err)
	}
	got := []any{apiErr.StatusCode, apiErr.Attempts, apiErr.StopReason, apiErr.RequestID, body.reads.Load(), body.closes.Load()}
	if diff := cmp.Diff([]any{101, 1, "not retryable", "R-HEADER", int32(0), int32(1)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABodyIsClosedWhenItsContextEndsAndNotBefore(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 503} {
		synctest.Test(t, func(t *testing.T) {
			var bodies []*blockingBody
			client := sendingThrough(t, func(*http.Request) (*http.Response, error) {
				bodies = append(bodies, newBlockingBody())
				return respondWith(status, bodies[len(bodies)-1]), nil
			}, WithRetry(RetryPolicy{MaxAttempts: 2, AttemptTimeout: time.Second}))
			ctx, cancel := context.WithTimeout(t.Context(), 1800*ms)
			defer cancel()
			start := time.Now()
			if _, err := client.ListImage(ctx, ListImageRequest{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("HTTP %d: got %v, want the caller's deadline", status, err)
			}
			if took := time.Since(start); took != 1800*ms || len(bodies) != 2 {
				t.Errorf("HTTP %d: %d attempts in %v, want the second to end after 1.8s", status, len(bodies), took)
			}
			for i, body := range bodies {
				if body.closes.Load() != 1 {
					t.Errorf("HTTP %d: body %d was closed %d times, want once", status, i+1, body.closes.Load())
				}
			}
		})
	}
	for _, status := range []int{150, 200, 299, 302, 304, 400, 403, 404, 429, 500, 503, 999} {
		for _, text := range []string{onePage, "{}", `{"Code":"NoPermission"}`, strings.Repeat("x", 2*maxErrorBody)} {
			body := newBlockingBody()
			client := sendingThrough(t, func(*http.Request) (*http.Response, error) {
				return respondWith(status, struct {
					io.Reader
					io.Closer
				}{strings.NewReader(text), body}), nil
			}, once(), WithMaxResponseBytes(maxErrorBody))
			_, _ = client.ListImage(t.Context(), ListImageRequest{})
			if body.closes.Load() != 1 || body.closer.Load() != goroutine() {
				t.Errorf("HTTP %d %.20s: the body was closed %d times, by %v; want once by %s",
					status, text, body.closes.Load(), body.closer.Load(), goroutine())
			}
		}
	}
}

func TestATransportErrorNamesTheRequestWhoseBodyBroke(t *testing.T) {
	t.Parallel()
	client := sendingThrough(t, func(*http.Request) (*http.Response, error) {
		return respondWith(200, io.NopCloser(brokenOff{})), nil
	}, WithRetry(RetryPolicy{MaxAttempts: 1}))
	_, err := client.ListImage(t.Context(), ListImageRequest{})
	var transportErr *TransportError
	if !errors.As(err, &transportErr) {
		t.Fatalf("got %v, want a *TransportError", err)
	}
	got := []any{transportErr.RequestID, transportErr.Attempts, transportErr.StopReason, strings.Contains(err.Error(), "request id R-HEADER")}
	if diff := cmp.Diff([]any{"R-HEADER", 1, "no attempts left", true}, got); diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A panic in the caller's code reaches the caller. No connection, slot or retry
// token is lost.
func TestPanicsReachTheCaller(t *testing.T) {
	t.Parallel()
	down := refusal(503, "ServiceUnavailable")
	body := newBlockingBody()
	var panicking atomic.Bool
	explode := func(where string) {
		if panicking.Load() {
			panic(where)
		}
	}
	for where, opts := range map[string][]Option{
		"observer": {WithObserver(func(context.Context, Attempt) { explode("observer") })},
		"limiter":  {WithRateLimit(limiterFunc(func(context.Context) error { explode("limiter"); return nil }))},
		"provider": {WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			explode("provider")
			return Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "hunter22-secret"}, nil
		}))},
		"transport": {WithHTTPClient(TransportFunc(func(*http.Request) (*http.Response, error) {
			explode("transport")
			return respond(down.status, nil, down.body), nil
		}).Client())},
		"body": {WithHTTPClient(TransportFunc(func(*http.Request) (*http.Response, error) {
			return respondWith(503, struct {
				io.Reader
				io.Closer
			}{readerFunc(func([]byte) (int, error) { explode("body"); return 0, io.EOF }), body}), nil
		}).Client())},
		"policy": {WithRetry(RetryPolicy{Budget: 10, BaseDelay: 1, MaxAttempts: 9, Retryable: func(error) bool {
			explode("policy")
			return true
		}})},
	} {
		t.Run(where, func(t *testing.T) {
			s := &script{answers: []answer{down}}
			client := sendingThrough(t, s.answer, append([]Option{WithRetry(RetryPolicy{Budget: 10, BaseDelay: 1, MaxAttempts: 9})}, opts...)...)
			panicking.Store(true)
			func() {
				defer func() {
					if got := recover(); got != where {
						t.Errorf("recovered %v, want %q", got, where)
					}
				}()
				_, err := client.ListImage(t.Context(), ListImageRequest{})
				t.Errorf("got %v, want a panic", err)
			}()
			if where == "body" && body.closes.Load() != 1 {
				t.Error("the body is not closed")
			}
			panicking.Store(false)
			checkRetriesLeft(t, client, s, 2)
		})
	}
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestASecretIsMaskedAlsoWhereTheKeptBodyEnds(t *testing.T) {
	t.Parallel()
	for n := range 30 {
		body := strings.Repeat("x", keptBody-n) + "hunter22-secret" + strings.Repeat("y", 100)
		for _, status := range []int{400, 200} {
			client, _ := scripted(t, []answer{{status: status, body: body}})
			_, err := client.ListImage(context.Background(), ListImageRequest{})
			var kept []byte
			if apiErr, ok := as[*APIError](err); ok {
				kept = apiErr.Body
			}
			if decodeErr, ok := as[*DecodeError](err); ok {
				kept = decodeErr.Body
			}
			if len(kept) != keptBody && len(kept) < keptBody-30 || bytes.Contains(kept, []byte("hun")) {
				t.Fatalf("HTTP %d, secret at %d: %d bytes are kept, ending in %q", status, keptBody-n, len(kept), kept[max(0, len(kept)-30):])
			}
		}
	}
}

// When ctx ends, the body is closed while another goroutine reads it.
func TestAPanicOfACloseThatEndsAReadReachesTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body := newBlockingBody()
		client := sendingThrough(t, func(*http.Request) (*http.Response, error) {
			return respondWith(200, struct {
				io.Reader
				io.Closer
			}{body, closerFunc(func() error { body.Close(); panic("boom") })}), nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		defer func() {
			if got := recover(); got != "boom" {
				t.Errorf("recovered %v, want boom", got)
			}
		}()
		_, err := client.ListImage(ctx, ListImageRequest{})
		t.Errorf("the call returned %v, want a panic", err)
	})
}

type closerFunc func() error

func (f closerFunc) Close() error { return f() }

// A timeout of the network or of a provider matches context.DeadlineExceeded, and
// so do the errors that errors.As finds in it.
func TestErrorsOfAContextAreTheCallersOnly(t *testing.T) {
	t.Parallel()
	timeout := &url.Error{Op: "Post", URL: "https://h/", Err: &net.OpError{Op: "dial", Net: "tcp", Err: context.DeadlineExceeded}}
	canceled := fmt.Errorf("stopped: %w", context.Canceled)
	failingProvider := func(cause error, first func()) Option {
		return WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) { first(); return Credentials{}, cause }))
	}
	failingTransport := func(cause error, first func()) Option {
		return WithHTTPClient(TransportFunc(func(*http.Request) (*http.Response, error) { first(); return nil, cause }).Client())
	}
	failingLimiter := func(cause error, first func()) Option { return WithRateLimit(limiting{cause, first}) }
	for name, test := range map[string]struct {
		cause   error
		failing func(error, func()) Option
		network bool // errors.As finds a *net.OpError
	}{
		"a provider's timeout":     {timeout, failingProvider, true},
		"a provider that stopped":  {canceled, failingProvider, false},
		"a transport's timeout":    {timeout, failingTransport, true},
		"a transport that stopped": {canceled, failingTransport, false},
		"a limiter's timeout":      {timeout, failingLimiter, true},
		"a limiter that stopped":   {canceled, failingLimiter, false},
	} {
		for _, ends := range []bool{false, true} { // the caller's ctx, just before the failure
			ctx, cancel := context.WithCancelCause(t.Context())
			cause := errors.New("the caller's cause")
			first := func() {
				if ends {
					cancel(cause)
				}
			}
			client := sendingThrough(t, NothingSent(t), WithRetry(RetryPolicy{MaxAttempts: 1}), test.failing(test.cause, first),
				WithObserver(func(_ context.Context, a Attempt) {
					if errors.Is(a.Err, context.DeadlineExceeded) || !ends && errors.Is(a.Err, context.Canceled) {
						t.Errorf("%s: the observer's %v matches an error of a context", name, a.Err)
					}
				}))
			_, err := client.ListImage(ctx, ListImageRequest{})
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) != ends || errors.Is(err, cause) != ends {
				t.Errorf("%s, ctx ended %t: %v matches another ctx's error, or not the caller's", name, ends, err)
			}
			var opErr *net.OpError
			if found := errors.As(err, &opErr); !ends && found != test.network || found && errors.Is(opErr, context.DeadlineExceeded) {
				t.Errorf("%s: found %t, %v", name, found, opErr)
			}
			cancel(nil)
		}
	}
}

func TestACanceledRequestIsNotTheEndOfACtxWhoseDeadlineHasPassed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen error
		client := sendingThrough(t, func(*http.Request) (*http.Response, error) {
			time.Sleep(2*time.Second + grace/2)
			return nil, fmt.Errorf("stopped: %w", context.Canceled)
		}, WithObserver(func(_ context.Context, a Attempt) { seen = a.Err }))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := client.ListImage(ctx, ListImageRequest{})
		for _, err := range []error{err, seen} {
			if errors.Is(err, context.Canceled) {
				t.Errorf("%v matches context.Canceled", err)
			}
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v does not match the deadline", err)
		}
	})
}

// limiting is a limiter that fails.
type limiting struct {
	err   error
	first func()
}

func (l limiting) Wait(context.Context) error { l.first(); return l.err }
