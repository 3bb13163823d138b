package appstreaming

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming/internal/pacer"
)

// limited is a service with a rate limit: a bucket of tokens.
type limited struct {
	rate, burst float64 // requests a second, and at once
	hints       bool
	pages       int // of one image each
	takes       time.Duration

	mu      sync.Mutex
	tokens  float64
	at      time.Time
	closed  time.Time // the end of the latest hint
	served  []int     // page numbers
	refused int
	ignored int // requests before the end of a hint
}

func (l *limited) answer(req *http.Request) (*http.Response, error) {
	time.Sleep(l.takes / 2)
	form, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	number := 1
	if _, text, found := strings.Cut(string(form), "PageNumber="); found {
		digits, _, _ := strings.Cut(text, "&")
		if number, err = strconv.Atoi(digits); err != nil {
			return nil, err
		}
	}
	status, header, body := l.decide(number)
	time.Sleep(l.takes - l.takes/2)
	return respond(status, header, body), nil
}

func (l *limited) decide(number int) (status int, header http.Header, body string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.at.IsZero() {
		l.tokens = l.burst
	} else {
		l.tokens = min(l.burst, l.tokens+now.Sub(l.at).Seconds()*l.rate)
	}
	l.at = now
	if l.tokens >= 0.999999 {
		l.tokens--
		l.served = append(l.served, number)
		if now.Before(l.closed) {
			l.ignored++
		}
		const page = `{"Success":true,"Code":"200","Count":%d,"PageNumber":%d,"PageSize":1,"Data":[{"ImageId":"imgc-%d"}]}`
		return 200, nil, fmt.Sprintf(page, l.pages, number, number)
	}
	l.refused++
	header = http.Header{}
	if wait := time.Duration((1 - l.tokens) / l.rate * float64(time.Second)); l.hints {
		header.Set("X-Acs-Retry-After", strconv.Itoa(int(wait/time.Millisecond)+1))
	}
	return 400, header, `{"Code":"Throttling.User","Message":"no","RequestId":"R-1"}`
}

func TestListingFinishesUnderALimitWhateverTheWindow(t *testing.T) {
	t.Parallel()
	for _, hints := range []bool{true, false} {
		for _, window := range []int{0, 4, 16, 64} {
			t.Run(fmt.Sprintf("hints %v, window %d", hints, window), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					service := &limited{rate: 20, burst: 20, hints: hints, pages: 200, takes: 30 * ms}
					start := time.Now()
					client := sendingThrough(t, service.answer, WithPrefetch(window))
					images, err := Collect(client.Images(t.Context(), ListImageRequest{PageSize: 1}))
					if err != nil || len(images) != service.pages {
						t.Fatalf("%d images and %v, want %d", len(images), err, service.pages)
					}
					if took := time.Since(start); took > 12*time.Second {
						t.Errorf("the listing took %v, want about the 9 s that the limit allows", took)
					}
					if service.refused > 40 {
						t.Errorf("%d requests were refused for %d pages", service.refused, service.pages)
					}
				})
			})
		}
	}
}

// listAtOnce makes so many calls at once and waits for them. None may fail.
func listAtOnce(t *testing.T, client *Client, calls int) {
	t.Helper()
	var running sync.WaitGroup
	for range calls {
		running.Go(func() {
			if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
}

func TestManyCallsAtOnceSucceedUnderALimit(t *testing.T) {
	t.Parallel()
	for _, hints := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			service := &limited{rate: 20, burst: 20, hints: hints, pages: 1, takes: 30 * ms}
			client := sendingThrough(t, service.answer)
			listAtOnce(t, client, 64)
		})
	}
}

func TestPagesLeaveInOrderWhileTheServiceThrottles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := &limited{rate: 5, burst: 1, hints: true, pages: 40, takes: 10 * ms}
		client := sendingThrough(t, service.answer, WithPrefetch(16))
		if _, err := Collect(client.Images(t.Context(), ListImageRequest{PageSize: 1})); err != nil {
			t.Fatal(err)
		}
		if len(service.served) < 40 || !slices.IsSorted(service.served[2:40]) {
			t.Errorf("pages were served in the order %v", service.served)
		}
	})
}

func TestAThrottledAttemptWaitsForTheLaterOfHintAndRate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hint     string
		from, to time.Duration
	}{
		"a long hint":  {"3000", 3000 * ms, 3000 * ms},
		"a short hint": {"1", 200 * ms, 500 * ms},
		"no hint":      {"", 200 * ms, 500 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var attempts []Attempt
				client, s := scripted(t, []answer{refusal(429, "Throttling", "x-acs-retry-after", test.hint), ok()},
					WithObserver(func(_ context.Context, a Attempt) { attempts = append(attempts, a) }))
				if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
					t.Fatal(err)
				}
				if s.at[1] < test.from || s.at[1] > test.to {
					t.Errorf("the second attempt was sent after %v, want %v to %v", s.at[1], test.from, test.to)
				}
				if !attempts[0].Retry || attempts[0].RetryIn != s.at[1] || attempts[1].Waited != s.at[1] {
					t.Errorf("the observer saw Retry %v, RetryIn %v and Waited %v, want %v",
						attempts[0].Retry, attempts[0].RetryIn, attempts[1].Waited, s.at[1])
				}
			})
		})
	}
}

// spacing is a Limiter that lets a caller go after each gap.
type spacing struct {
	gap   time.Duration
	mu    sync.Mutex
	next  time.Time
	asked int
}

func (s *spacing) Wait(ctx context.Context) error {
	s.mu.Lock()
	now := time.Now()
	turn := now
	if s.next.After(now) {
		turn = s.next
	}
	s.next = turn.Add(s.gap)
	s.asked++
	s.mu.Unlock()
	select {
	case <-time.After(turn.Sub(now)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestALimiterHoldsAfterADelayThatTheServiceAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const gap, delayed = 200 * ms, 5 // the request with that number
		var mu sync.Mutex
		var sent []time.Time
		client := sendingThrough(t, func(*http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			a := ok()
			if sent = append(sent, time.Now()); len(sent) == delayed {
				a = refusal(429, "Throttling", "Retry-After", "15")
			}
			return respond(a.status, a.header, a.body), nil
		}, WithRateLimit(&spacing{gap: gap}))
		listAtOnce(t, client, 100)
		// What the limiter let go in the last second of the delay may follow it at once.
		perSecond := int(time.Second / gap)
		for n := 2 * perSecond; n < len(sent); n++ {
			if took := sent[n].Sub(sent[n-2*perSecond]); took < time.Second {
				t.Fatalf("%d requests in %v, with a limit of %d a second", 2*perSecond+1, took, perSecond)
			}
		}
	})
}

func TestALimiterIsAskedOnceForEachAttempt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refused answer
		opts    []Option
	}{
		"a short delay":                {refused: refusal(429, "Throttling", "x-acs-retry-after", "300")},
		"a long delay":                 {refused: refusal(429, "Throttling", "x-acs-retry-after", "9000")},
		"a long delay, without pacing": {refusal(429, "Throttling", "x-acs-retry-after", "9000"), []Option{WithPacing(false)}},
		"a long delay of a failure":    {refused: refusal(503, "ServiceUnavailable", "Retry-After", "9")},
		"no delay":                     {refused: refusal(429, "Throttling")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				limiter := &spacing{gap: ms}
				client, s := scripted(t, []answer{test.refused, ok()}, append(test.opts, WithRateLimit(limiter))...)
				if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
					t.Fatal(err)
				}
				if len(s.sent) != 2 || limiter.asked != 2 {
					t.Errorf("the limiter was asked %d times for %d requests", limiter.asked, len(s.sent))
				}
			})
		})
	}
}

func TestWaitingForATurnShowsInTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		client, _ := scripted(t, []answer{refusal(429, "Throttling", "x-acs-retry-after", "3000"), ok()},
			WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "retry_in=3s") || !strings.Contains(log.String(), "waited=3s") {
			t.Errorf("log:\n%s", log.String())
		}
	})
}

// byKey answers each access key with a script of its own, and ok at its end.
type byKey struct {
	scripts map[string][]answer
	mu      sync.Mutex
	start   time.Time
	sent    []string // key and time
}

func (b *byKey) answer(req *http.Request) (*http.Response, error) {
	_, rest, _ := strings.Cut(req.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(rest, ",")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, fmt.Sprintf("%s %s %v", req.URL.Host, key, time.Since(b.start)))
	a := ok()
	if script := b.scripts[key]; len(script) > 0 {
		a, b.scripts[key] = script[0], script[1:]
	}
	return respond(a.status, a.header, a.body), nil
}

func TestPacingBelongsToAnEndpointAndAnAccessKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := &byKey{start: time.Now(), scripts: map[string][]answer{"LTAI1": {refusal(400, "Throttling", "x-acs-retry-after", "9000")}}}
		client := sendingThrough(t, service.answer)
		with := func(opts ...Option) *Client {
			t.Helper()
			derived, err := client.With(opts...)
			if err != nil {
				t.Fatal(err)
			}
			return derived
		}
		static := func(id string) Option { return WithCredentials(StaticCredentials(id, "hunter22-secret", "")) }
		var running sync.WaitGroup
		for _, c := range []*Client{
			client, with(WithPrefetch(1)), with(static("LTAI1")), // together
			with(static("LTAI2")), with(WithEndpoint("https://other.test")), with(WithPacing(false)),
		} {
			running.Go(func() {
				if _, err := c.ListImage(t.Context(), ListImageRequest{}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		running.Wait()
		slices.Sort(service.sent)
		got := strings.Join(service.sent, "\n")
		for key, want := range map[string]int{
			"appstream-center.cn-shanghai.aliyuncs.com LTAI1 0s": 2, // the refused one and the one without pacing
			"appstream-center.cn-shanghai.aliyuncs.com LTAI1 9":  3,
			"appstream-center.cn-shanghai.aliyuncs.com LTAI2 0s": 1,
			"other.test LTAI1 0s":                                1,
		} {
			if n := strings.Count(got, key); n != want {
				t.Errorf("%d requests %q, want %d; all:\n%s", n, key, want, got)
			}
		}
	})
}

// A provider can return other credentials for each caller.
func TestAnAttemptWaitsUnderTheKeyThatItsProviderReturns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type tenant struct{}
		service := &byKey{start: time.Now(), scripts: map[string][]answer{"LTAI-a": {refusal(400, "Throttling", "x-acs-retry-after", "9000")}}}
		client := sendingThrough(t, service.answer, WithCredentials(CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			return Credentials{AccessKeyID: ctx.Value(tenant{}).(string), AccessKeySecret: "hunter22-secret"}, nil
		})))
		var running sync.WaitGroup
		for _, key := range []string{"LTAI-a", "LTAI-b", "LTAI-a", "LTAI-b"} {
			running.Go(func() {
				page, err := client.ListImage(context.WithValue(t.Context(), tenant{}, key), ListImageRequest{})
				if err != nil || key == "LTAI-b" && page.Attempts != 1 {
					t.Errorf("%s: %v, %v", key, page, err)
				}
			})
			synctest.Wait()
		}
		running.Wait()
		got := strings.ReplaceAll(strings.Join(service.sent, "\n"), "appstream-center.cn-shanghai.aliyuncs.com ", "")
		if !strings.HasPrefix(got, "LTAI-a 0s\nLTAI-b 0s\nLTAI-b 0s\nLTAI-a 9s\nLTAI-a 9.") {
			t.Errorf("requests:\n%s", got)
		}
	})
}

func TestEachBearerTokenIsPacedByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := atomic.Bool{}
		client := sendingThrough(t, func(*http.Request) (*http.Response, error) {
			a := ok()
			if refused.CompareAndSwap(false, true) {
				a = refusal(400, "Throttling", "x-acs-retry-after", "9000")
			}
			return respond(a.status, a.header, a.body), nil
		})
		start := time.Now()
		var running sync.WaitGroup
		for _, call := range []struct {
			token string
			ends  time.Duration
		}{{"t0ken-a", 9 * time.Second}, {"t0ken-b", 0}, {"t0ken-a", 9 * time.Second}} {
			running.Go(func() {
				token := CredentialsFunc(func(context.Context) (Credentials, error) { return Credentials{BearerToken: call.token}, nil })
				_, err := client.ListImage(t.Context(), ListImageRequest{}, WithCredentials(token))
				if took := time.Since(start).Truncate(time.Second); err != nil || took != call.ends {
					t.Errorf("%s: %v after %v, want %v", call.token, err, took, call.ends)
				}
			})
			synctest.Wait()
		}
		running.Wait()
	})
}

func TestADelayThatTheServiceAsksForHoldsBackAnAttemptWhoseProviderIsSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := atomic.Int32{}
		service := &byKey{start: time.Now(), scripts: map[string][]answer{"LTAI1": {refusal(400, "Throttling", "x-acs-retry-after", "9000")}}}
		client := sendingThrough(t, service.answer, WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			if asked.Add(1) == 2 {
				time.Sleep(time.Second)
			}
			return Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "hunter22-secret"}, nil
		})))
		listAtOnce(t, client, 2)
		if len(service.sent) != 3 || !strings.HasSuffix(service.sent[0], " 0s") || !strings.Contains(service.sent[1], "LTAI1 9") {
			t.Errorf("requests: %q, want all except the first after 9 s", service.sent)
		}
	})
}

func TestThrottledAttemptsLeaveTheRetryBudgetAlone(t *testing.T) {
	t.Parallel()
	throttled := refusal(400, "Throttling.User")
	for _, pacing := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := scripted(t, []answer{throttled, throttled, throttled, ok()}, WithRetry(RetryPolicy{Budget: 5}), WithPacing(pacing))
			_, err := client.ListImage(t.Context(), ListImageRequest{})
			if failed := err != nil; failed == pacing {
				t.Errorf("pacing %v: error %v", pacing, err)
			}
		})
	}
}

func TestOtherFailuresBackOffWhilePacing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var attempts []Attempt
		client, _ := scripted(t, []answer{refusal(400, "Throttling"), refusal(500, "InternalError"), ok()},
			WithRetry(RetryPolicy{BaseDelay: 2 * time.Second}), WithObserver(func(_ context.Context, a Attempt) { attempts = append(attempts, a) }))
		if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
			t.Fatal(err)
		}
		if attempts[0].RetryIn > 500*ms || attempts[1].RetryIn != 4*time.Second || attempts[2].Waited != 0 {
			t.Errorf("waits %v and %v, and %v for a turn; want less than 500ms, 4s and 0s",
				attempts[0].RetryIn, attempts[1].RetryIn, attempts[2].Waited)
		}
	})
}

func TestAListingIsPatientWithThrottledPages(t *testing.T) {
	t.Parallel()
	forever := []answer{refusal(400, "Throttling.User")}
	tests := map[string]struct {
		answers  []answer
		policy   RetryPolicy
		opts     []Option
		from, to time.Duration // when the listing ends
		fails    bool
		stopped  string
	}{
		"throttled ten times": {answers: append(slices.Repeat(forever, 10), ok()), from: time.Second, to: time.Minute},
		"throttled and broken": {
			answers: slices.Concat(slices.Repeat(forever, 5), []answer{{err: io.EOF}, forever[0], {err: io.EOF}, ok()}),
			from:    time.Second, to: time.Minute,
		},
		"broken too often": {
			answers: slices.Concat(slices.Repeat(forever, 5), slices.Repeat([]answer{{err: io.EOF}, forever[0]}, 3), []answer{{err: io.EOF}}),
			from:    time.Second, to: time.Minute, fails: true, stopped: "no attempts left",
		},
		"throttled without end": {
			answers: forever, from: time.Minute, to: 66 * time.Second,
			fails: true, stopped: "the service has throttled the page for more than 1m0s",
		},
		"less patience": {
			answers: forever, policy: RetryPolicy{ThrottlePatience: 5 * time.Second}, from: 5 * time.Second, to: 10 * time.Second,
			fails: true, stopped: "the service has throttled the page for more than 5s",
		},
		"no patience": {
			answers: forever, policy: RetryPolicy{ThrottlePatience: -1}, to: 5 * time.Second,
			fails: true, stopped: "no attempts left",
		},
		"a single attempt": {answers: forever, policy: RetryPolicy{MaxAttempts: 1}, fails: true, stopped: "no attempts left"},
		"without pacing": {
			answers: forever, opts: []Option{WithPacing(false)}, from: 7 * time.Second, to: 7 * time.Second,
			fails: true, stopped: "no attempts left",
		},
		"throttling is not retried": {
			answers: forever, policy: RetryPolicy{Retryable: func(error) bool { return false }},
			fails: true, stopped: "not retryable",
		},
		"a hint beyond MaxDelay": {
			answers: []answer{refusal(400, "Throttling", "Retry-After", "21")}, fails: true,
			stopped: "the service asks to wait 21s, more than MaxDelay of 20s",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				client, _ := scripted(t, test.answers, append(test.opts, WithRetry(test.policy))...)
				_, err := Collect(client.Images(t.Context(), ListImageRequest{PageSize: 10}))
				if took := time.Since(start); took < test.from || took > test.to {
					t.Errorf("the listing ended after %v, want %v to %v", took, test.from, test.to)
				}
				if (err != nil) != test.fails {
					t.Fatalf("the listing ended with %v", err)
				}
				stopped := ""
				var apiErr *APIError
				var transportErr *TransportError
				switch {
				case errors.As(err, &apiErr):
					stopped = apiErr.StopReason
				case errors.As(err, &transportErr):
					stopped = transportErr.StopReason
				}
				if stopped != test.stopped {
					t.Errorf("StopReason %q, want %q", stopped, test.stopped)
				}
			})
		})
	}
}

// Without prefetch, a page is first requested when the pages before it are there.
// Its patience must not begin earlier with prefetch.
func TestPrefetchEndsNoListingThatSucceedsWithoutIt(t *testing.T) {
	t.Parallel()
	for _, window := range []int{0, 1, 8, 64} {
		t.Run(fmt.Sprintf("window %d", window), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := &limited{rate: 1, burst: 2, pages: 40, takes: 30 * ms}
				start := time.Now()
				client := sendingThrough(t, func(req *http.Request) (*http.Response, error) {
					if since := time.Since(start); 0 < since && since < 55*time.Second {
						a := refusal(400, "Throttling.User")
						return respond(a.status, a.header, a.body), nil
					}
					return service.answer(req)
				}, WithPrefetch(window))
				images, err := Collect(client.Images(t.Context(), ListImageRequest{PageSize: 1}))
				if err != nil || len(images) != service.pages {
					t.Errorf("%d images and %v, want %d", len(images), err, service.pages)
				}
			})
		})
	}
}

// A page fetched ahead may be given up long before it is its turn.
func TestAPageGivenUpAheadIsRequestedAgainWhenItIsItsTurn(t *testing.T) {
	t.Parallel()
	const outage = 90 * time.Second
	for name, test := range map[string]struct {
		hints  bool
		policy RetryPolicy
		busy   time.Duration // the consumer, with the first image
		fails  bool
	}{
		"throttled for more than a minute":      {false, RetryPolicy{}, 5 * time.Minute, false},
		"a delay that has passed":               {true, RetryPolicy{}, 5 * time.Minute, false},
		"a delay of which little is left":       {true, RetryPolicy{}, 80 * time.Second, false},
		"a delay of which much is left":         {true, RetryPolicy{}, 60 * time.Second, true},
		"a service that still throttles":        {false, RetryPolicy{ThrottlePatience: time.Second}, time.Minute, true},
		"without patience":                      {false, RetryPolicy{ThrottlePatience: -1}, 5 * time.Minute, true},
		"a single attempt":                      {false, RetryPolicy{MaxAttempts: 1}, 5 * time.Minute, true},
		"the consumer waits when it is refused": {true, RetryPolicy{}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := &limited{rate: 100, burst: 100, pages: 20, takes: 30 * ms}
				start := time.Now()
				client := sendingThrough(t, func(req *http.Request) (*http.Response, error) {
					if since := time.Since(start); 0 < since && since < outage {
						a := refusal(400, "Throttling.User")
						if test.hints {
							a.header.Set("X-Acs-Retry-After", strconv.Itoa(int((outage-since)/ms)))
						}
						return respond(a.status, a.header, a.body), nil
					}
					return service.answer(req)
				}, WithPrefetch(8), WithRetry(test.policy))
				images := 0
				var failure error
				for _, err := range client.Images(t.Context(), ListImageRequest{PageSize: 1}) {
					if failure = err; err == nil {
						images++
					}
					if images == 1 {
						time.Sleep(test.busy)
					}
				}
				if test.fails != (failure != nil) || !test.fails && images != service.pages {
					t.Errorf("%d images and %v", images, failure)
				}
			})
		})
	}
}

func TestPatienceCountsWhileThePageIsRefused(t *testing.T) {
	t.Parallel()
	type refused struct {
		at       time.Duration
		progress pacer.Progress
	}
	const quiet, busy = 2 * time.Minute, time.Second // since a request of the account was served
	tests := map[string]struct {
		refusals []refused
		want     bool
		patience time.Duration // 0: a minute
	}{
		"for a minute":              {[]refused{{0, pacer.Progress{Quiet: quiet}}, {time.Minute, pacer.Progress{Quiet: quiet}}}, false, 0},
		"for more than a minute":    {[]refused{{0, pacer.Progress{Quiet: quiet}}, {time.Minute + 1, pacer.Progress{Quiet: quiet}}}, true, 0},
		"a page before it was next": {[]refused{{0, pacer.Progress{}}, {time.Hour, pacer.Progress{Listing: 1, Quiet: quiet}}}, false, 0},
		"refused since that page": {[]refused{
			{0, pacer.Progress{}},
			{time.Hour, pacer.Progress{Listing: 1}}, {time.Hour + time.Minute + 1, pacer.Progress{Listing: 1, Quiet: quiet}},
		}, true, 0},
		"others were served a minute ago": {[]refused{
			{0, pacer.Progress{}}, {2 * time.Minute, pacer.Progress{Quiet: time.Minute}},
		}, false, 0},
		"nine turns, while others are served": {
			slices.Repeat([]refused{{0, pacer.Progress{Quiet: busy}}, {time.Hour, pacer.Progress{Quiet: busy}}}, 5)[:9], false, 0,
		},
		"ten turns, while others are served": {
			slices.Repeat([]refused{{0, pacer.Progress{Quiet: busy}}, {time.Hour, pacer.Progress{Quiet: busy}}}, 5), true, 0,
		},
		"two turns, with a patience of 18 s": {[]refused{{0, pacer.Progress{}}, {time.Minute, pacer.Progress{}}}, false, 18 * time.Second},
		"three turns, with a patience of 18 s": {[]refused{
			{0, pacer.Progress{}}, {time.Second, pacer.Progress{}}, {time.Minute, pacer.Progress{}},
		}, true, 18 * time.Second},
		"a second turn, with a patience of 5 s": {[]refused{{0, pacer.Progress{}}, {6 * time.Second, pacer.Progress{}}}, true, 5 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			policy := RetryPolicy{ThrottlePatience: test.patience}
			c := &call{cfg: &config{pacing: true, retry: policy}, turn: pacer.Turn{Listing: new(pacer.Listing)}}
			for _, r := range test.refusals {
				if c.patienceLost() {
					t.Error("the patience is lost before the last refusal")
				}
				c.turn.Progress = r.progress
				c.last = outcome{start: start.Add(r.at), throttled: true}
				c.countThrottled()
			}
			if got := c.patienceLost(); got != test.want {
				t.Errorf("patience lost: %v, want %v", got, test.want)
			}
		})
	}
}

func TestThrottledAttemptsDoNotLengthenTheBackoffOfOtherFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var backoff []time.Duration
		client, _ := scripted(t, append(slices.Repeat([]answer{refusal(400, "Throttling")}, 12), answer{err: io.EOF}, answer{err: io.EOF}, ok()),
			WithObserver(func(_ context.Context, a Attempt) {
				if a.Reason == "connection" {
					backoff = append(backoff, a.RetryIn)
				}
			}))
		if _, err := Collect(client.Images(t.Context(), ListImageRequest{PageSize: 10})); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]time.Duration{100 * ms, 200 * ms}, backoff); diff != "" {
			t.Errorf("waits after broken connections (-want +got):\n%s", diff)
		}
	})
}

func TestASingleCallHasItsAttemptsOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, s := scripted(t, []answer{refusal(400, "Throttling.User")})
		_, err := client.ListImage(t.Context(), ListImageRequest{})
		var apiErr *APIError
		if !errors.As(err, &apiErr) || apiErr.Attempts != 4 || apiErr.StopReason != "no attempts left" || len(s.sent) != 4 {
			t.Errorf("%d requests, then %v", len(s.sent), err)
		}
	})
}

// The patience also works through the caller's ImageLister.
type wrappedLister struct{ ImageLister }

func TestPatienceReachesThroughALister(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := scripted(t, append(slices.Repeat([]answer{refusal(400, "Throttling.User")}, 10), ok()))
		images, err := Collect(Images(t.Context(), wrappedLister{client}, ListImageRequest{PageSize: 10}))
		if err != nil || len(images) != 1 {
			t.Errorf("%v, %v", images, err)
		}
	})
}

// alternating is a lister that sends every other page through another client.
type alternating []*Client

func (a alternating) ListImage(ctx context.Context, req ListImageRequest, opts ...Option) (*ListImageResponse, error) {
	return a[req.PageNumber%len(a)].ListImage(ctx, req, opts...)
}

func TestAListingMayUseSeveralClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := &limited{rate: 5, burst: 2, pages: 30, takes: 30 * ms}
		lister := alternating{sendingThrough(t, service.answer), sendingThrough(t, service.answer)}
		images, err := Collect(Images(t.Context(), lister, ListImageRequest{PageSize: 1}, WithPrefetch(8)))
		if err != nil || len(images) != service.pages {
			t.Errorf("%d images and %v, want %d", len(images), err, service.pages)
		}
	})
}

func TestOnlyAHintFailsAtOnceForOutlastingTheDeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header  []string
		after   time.Duration
		expired bool
		stopped string
	}{
		"hint": {[]string{"x-acs-retry-after", "5000"}, 0, false, "the wait of 5s would outlast ctx's deadline"},
		"slot": {nil, 100 * ms, true, "the call was ended: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, _ := scripted(t, []answer{refusal(400, "Throttling", test.header...)})
				ctx, cancel := context.WithTimeout(t.Context(), 100*ms)
				defer cancel()
				start := time.Now()
				_, err := client.ListImage(ctx, ListImageRequest{})
				var apiErr *APIError
				if !errors.As(err, &apiErr) || time.Since(start) != test.after || errors.Is(err, context.DeadlineExceeded) != test.expired {
					t.Fatalf("%v after %v", err, time.Since(start))
				}
				if apiErr.StopReason != test.stopped {
					t.Errorf("StopReason %q, want %q", apiErr.StopReason, test.stopped)
				}
			})
		})
	}
}

func TestWaitingForATurnEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := scripted(t, []answer{refusal(400, "Throttling", "x-acs-retry-after", "9000"), ok()}, WithRetry(RetryPolicy{MaxAttempts: 1}))
		if _, err := client.ListImage(t.Context(), ListImageRequest{}); !errors.Is(err, CodeThrottling) {
			t.Fatal(err)
		}
		cause := errors.New("the user left")
		ctx, cancel := context.WithCancelCause(t.Context())
		start := time.Now()
		time.AfterFunc(time.Second, func() { cancel(cause) })
		_, err := client.ListImage(ctx, ListImageRequest{})
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if want := "the call was ended after 0 attempts, while it waited for its turn: "; !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("error %q, want %q in it", err, want)
		}
	})
}

func TestAnAttemptThatPanicsGivesItsConnectionBack(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, onePage) }))
	defer service.Close()
	transport := &http.Transport{MaxConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	client, err := New("cn-shanghai", WithEndpoint(service.URL), WithPlainHTTP(), WithHTTPClient(&http.Client{Transport: transport}),
		WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the provider's panic was lost")
			}
		}()
		panicking := CredentialsFunc(func(context.Context) (Credentials, error) { panic("no") })
		client.ListImage(t.Context(), ListImageRequest{}, WithCredentials(panicking))
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := client.ListImage(ctx, ListImageRequest{}); err != nil {
		t.Error(err)
	}
}

// The transport's own queue for connections would count against each attempt,
// and the last calls would time out there. Time is virtual.
func TestWaitingForAConnectionIsNoAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls, width := 4000, 64
		if UnderRaceDetector() {
			calls, width = 500, 8
		}
		const takes = 30 * ms
		var inFlight, most atomic.Int64
		dial := servePipes(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			now := inFlight.Add(1)
			for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
			}
			time.Sleep(takes)
			inFlight.Add(-1)
			io.WriteString(w, onePage)
		}))
		transport := &http.Transport{DialContext: dial, MaxConnsPerHost: width, MaxIdleConnsPerHost: width}
		defer transport.CloseIdleConnections()
		var attempts, waited atomic.Int64
		client, err := New("cn-shanghai", WithEndpoint("http://service.test"), WithPlainHTTP(),
			WithHTTPClient(&http.Client{Transport: transport}),
			WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")),
			WithRetry(RetryPolicy{AttemptTimeout: time.Second, MaxAttempts: 1}),
			WithObserver(func(_ context.Context, a Attempt) {
				attempts.Add(1)
				if a.Waited > 0 {
					waited.Add(1)
				}
			}))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var running sync.WaitGroup
		var failed atomic.Int64
		for range calls {
			running.Go(func() {
				if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil && failed.Add(1) == 1 {
					t.Error(err)
				}
			})
		}
		running.Wait()
		got := []int{int(failed.Load()), int(attempts.Load()), int(most.Load()), int(waited.Load())}
		if diff := cmp.Diff([]int{0, calls, width, calls - width}, got); diff != "" {
			t.Errorf("failed calls, attempts, requests at once, attempts that waited (-want +got):\n%s", diff)
		}
		if took, want := time.Since(start), time.Duration((calls+width-1)/width)*takes; took != want {
			t.Errorf("%v, want %v", took, want)
		}
	})
}

// servePipes serves over connections in memory. It returns what dials them.
func servePipes(t *testing.T, handler http.Handler) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	listener := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	service := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go service.Serve(listener)
	t.Cleanup(func() { service.Close() })
	return listener.dial
}

// pipes is a listener whose connections stay in memory.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.accepted <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.accepted:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }
