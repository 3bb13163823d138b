package appstreaming

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ms = time.Millisecond

func TestAttemptsFollowTheRetryRules(t *testing.T) {
	t.Parallel()
	reset := answer{err: errors.New("connection reset by peer")}
	tests := map[string]struct {
		answers []answer
		opts    []Option
		at      []time.Duration // when each attempt leaves
		code    Code            // of the final error
		is      error           // what it matches; nil: the call succeeds
		stopped string
	}{
		"success":                         {[]answer{ok()}, nil, []time.Duration{0}, "", nil, ""},
		"throttled once":                  {[]answer{refusal(400, "Throttling.User"), ok()}, nil, []time.Duration{0, 1000 * ms}, "", nil, ""},
		"throttled for good":              {[]answer{refusal(400, "Throttling.User")}, nil, []time.Duration{0, 1000 * ms, 3000 * ms, 7000 * ms}, "Throttling.User", CodeThrottling, "no attempts left"},
		"internal error as a 400":         {[]answer{refusal(400, "InternalError")}, nil, []time.Duration{0, 100 * ms, 300 * ms, 700 * ms}, "InternalError", CodeInternalError, "no attempts left"},
		"broken connection, then success": {[]answer{reset, reset, ok()}, nil, []time.Duration{0, 100 * ms, 300 * ms}, "", nil, ""},
		"not retryable":                   {[]answer{refusal(403, "Forbidden.NoPermission")}, nil, []time.Duration{0}, "Forbidden.NoPermission", CodeForbidden, "not retryable"},
		"one attempt allowed":             {[]answer{refusal(503, "ServiceUnavailable")}, []Option{WithRetry(RetryPolicy{MaxAttempts: 1})}, []time.Duration{0}, "ServiceUnavailable", CodeServiceUnavailable, "no attempts left"},
		"six attempts allowed": {[]answer{refusal(503, "ServiceUnavailable")}, []Option{WithRetry(RetryPolicy{MaxAttempts: 6, BaseDelay: ms, MaxDelay: 4 * ms})},
			[]time.Duration{0, 1 * ms, 3 * ms, 7 * ms, 11 * ms, 15 * ms}, "ServiceUnavailable", CodeServiceUnavailable, "no attempts left"},
		"hint in milliseconds, with a tenth": {[]answer{refusal(429, "Throttling", "x-acs-retry-after", "300"), ok()}, nil, []time.Duration{0, 330 * ms}, "", nil, ""},
		"hint in seconds":                    {[]answer{refusal(503, "ServiceUnavailable", "Retry-After", "2"), ok()}, nil, []time.Duration{0, 2200 * ms}, "", nil, ""},
		"time left":                          {[]answer{refusal(400, "Throttling.Api", "x-ratelimit-user-api", "Limit:9,Remain:0,TimeLeft:500"), ok()}, nil, []time.Duration{0, 550 * ms}, "", nil, ""},
		"hint over the cap": {[]answer{refusal(503, "ServiceUnavailable", "Retry-After", "3600")}, nil, []time.Duration{0}, "ServiceUnavailable", CodeServiceUnavailable,
			"the service asks to wait 1h0m0s, more than MaxDelay of 20s"},
		"failure reported with 200": {[]answer{{status: 200, body: `{"Success":false,"Code":"SystemBusy","Message":"later"}`}, ok()}, nil, []time.Duration{0, 100 * ms}, "", nil, ""},
		"own rule retries": {[]answer{refusal(404, "NotYet"), ok()}, []Option{WithRetry(RetryPolicy{Retryable: func(err error) bool { return errors.Is(err, Code("NotYet")) }})},
			[]time.Duration{0, 100 * ms}, "", nil, ""},
		"own rule does not": {[]answer{refusal(503, "ServiceUnavailable")}, []Option{WithRetry(RetryPolicy{Retryable: func(error) bool { return false }})},
			[]time.Duration{0}, "ServiceUnavailable", CodeServiceUnavailable, "not retryable"},
		"failure in a 200 whose data makes no sense": {[]answer{{status: 200, body: `{"Success":false,"Code":"SystemBusy","RequestId":"R-SystemBusy","Data":{}}`}}, nil,
			[]time.Duration{0, 100 * ms, 300 * ms, 700 * ms}, "SystemBusy", CodeSystemBusy, "no attempts left"},
		"budget for one retry": {[]answer{refusal(503, "ServiceUnavailable")}, []Option{WithRetry(RetryPolicy{Budget: 5})},
			[]time.Duration{0, 100 * ms}, "ServiceUnavailable", CodeServiceUnavailable, "the client's retry budget is spent"},
		"no time zone of ours is off": {[]answer{refusal(400, "InvalidTimeStamp.Expired", "Date", "Sat, 01 Jan 2000 00:00:30 GMT")}, nil, []time.Duration{0},
			"InvalidTimeStamp.Expired", CodeInvalidTimestampExpired, "not retryable"},
		"clock off twice": {[]answer{refusal(400, "InvalidTimeStamp.Expired", "Date", "Sat, 01 Jan 2000 01:00:00 GMT")}, nil, []time.Duration{0, 0},
			"InvalidTimeStamp.Expired", CodeInvalidTimestampExpired, "not retryable"},
		"token expired twice": {[]answer{refusal(400, "InvalidSecurityToken.Expired")}, nil, []time.Duration{0, 0},
			"InvalidSecurityToken.Expired", CodeInvalidSecurityToken, "not retryable"},
		"slow, then answered": {[]answer{{takes: time.Minute, status: 200}, ok()}, nil, []time.Duration{0, 30100 * ms}, "", nil, ""},
		"slow for good": {[]answer{{takes: time.Minute, status: 200}}, []Option{WithRetry(RetryPolicy{MaxAttempts: 2, AttemptTimeout: 5 * time.Second})},
			[]time.Duration{0, 5100 * ms}, "", ErrAttemptTimeout, "no attempts left"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, signature := range []Signature{SignatureACS3, SignatureRPC} {
				synctest.Test(t, func(t *testing.T) {
					client, s := scripted(t, test.answers, append(test.opts, WithSignature(signature))...)
					page, err := client.ListImage(t.Context(), ListImageRequest{})
					if diff := cmp.Diff(test.at, s.at); diff != "" {
						t.Errorf("%v: attempts left at (-want +got):\n%s", signature, diff)
					}
					if test.is == nil {
						if err != nil || page.Attempts != len(test.at) || page.Images[0].ImageID != "imgc-1" {
							t.Errorf("%v: got %v, %v; want a page after %d attempts", signature, page, err, len(test.at))
						}
						return
					}
					if page != nil || !errors.Is(err, test.is) || errors.Is(err, context.DeadlineExceeded) {
						t.Fatalf("%v: got %v, %v; want an error that is %v and not the caller's deadline", signature, page, err, test.is)
					}
					var apiErr *APIError
					var transportErr *TransportError
					switch {
					case errors.As(err, &apiErr):
						got := []any{apiErr.Code, apiErr.Attempts, apiErr.StopReason, apiErr.RequestID}
						if diff := cmp.Diff([]any{test.code, len(test.at), test.stopped, "R-" + string(test.code)}, got); diff != "" {
							t.Errorf("%v: %v (-want +got):\n%s", signature, err, diff)
						}
					case errors.As(err, &transportErr):
						got := []any{transportErr.Attempts, transportErr.StopReason, transportErr.Host}
						if diff := cmp.Diff([]any{len(test.at), test.stopped, "appstream-center.cn-shanghai.aliyuncs.com"}, got); diff != "" {
							t.Errorf("%v: %v (-want +got):\n%s", signature, err, diff)
						}
					default:
						t.Errorf("%v: %T is not a typed error", signature, err)
					}
				})
			}
		})
	}
}

func TestEveryAttemptIsSignedAfresh(t *testing.T) {
	t.Parallel()
	for _, signature := range []Signature{SignatureACS3, SignatureRPC} {
		t.Run(signature.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				rotating := CredentialsFunc(func(context.Context) (Credentials, error) {
					asked++
					return Credentials{AccessKeyID: fmt.Sprintf("LTAI%d", asked), AccessKeySecret: "hunter22-secret"}, nil
				})
				client, s := scripted(t, []answer{refusal(400, "Throttling"), refusal(400, "SignatureNonceUsed"), ok()}, WithSignature(signature), WithCredentials(rotating))
				if _, err := client.ListImage(t.Context(), ListImageRequest{ImageName: "x"}); err != nil {
					t.Fatal(err)
				}
				seen := map[string]bool{}
				var dates, keys, retries []string
				for _, req := range s.sent {
					nonce, date := req.Header.Get("X-Acs-Signature-Nonce"), req.Header.Get("X-Acs-Date")
					_, rest, _ := strings.Cut(req.Header.Get("Authorization"), "Credential=")
					key, rest, _ := strings.Cut(rest, ",")
					_, sig, _ := strings.Cut(rest, "Signature=")
					if signature == SignatureRPC {
						q := req.URL.Query()
						nonce, date, key, sig = q.Get("SignatureNonce"), q.Get("Timestamp"), q.Get("AccessKeyId"), q.Get("Signature")
					}
					if len(nonce) != 32 || seen[nonce] || sig == "" || seen[sig] {
						t.Errorf("nonce %q or signature %q is used twice or missing", nonce, sig)
					}
					seen[nonce], seen[sig] = true, true
					dates, keys, retries = append(dates, date), append(keys, key), append(retries, req.Header.Get("X-Acs-Retry-Attempts"))
				}
				want := [][]string{{"2000-01-01T00:00:00Z", "2000-01-01T00:00:01Z", "2000-01-01T00:00:01Z"}, {"LTAI1", "LTAI2", "LTAI3"}, {"", "1", "2"}}
				if diff := cmp.Diff(want, [][]string{dates, keys, retries}); diff != "" {
					t.Errorf("dates, keys and retries (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestBothErrorsSurviveTheContextsEndInAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := scripted(t, []answer{refusal(400, "Throttling.User")})
		cause := errors.New("the user closed the window")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(400*ms, func() { cancel(cause) })
		start := time.Now()
		_, err := client.ListImage(ctx, ListImageRequest{})
		if took := time.Since(start); took != 400*ms {
			t.Errorf("returned after %v, want at the cancellation", took)
		}
		var apiErr *APIError
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || !errors.As(err, &apiErr) || !errors.Is(err, CodeThrottling) {
			t.Fatalf("%v has lost an error", err)
		}
		if apiErr.Attempts != 1 || apiErr.RequestID != "R-Throttling.User" || !strings.Contains(err.Error(), "R-Throttling.User") {
			t.Errorf("%v does not tell the attempt", err)
		}
	})
}

func TestBothErrorsSurviveTheContextsEndInALaterAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := scripted(t, []answer{refusal(503, "ServiceUnavailable"), {takes: time.Minute, status: 200}})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err := client.ListImage(ctx, ListImageRequest{})
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("returned after %v, want at the deadline", took)
		}
		var apiErr *APIError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &apiErr) || apiErr.Attempts != 2 {
			t.Errorf("%v has lost an error or the count", err)
		}
	})
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	t.Parallel()
	client, s := scripted(t, []answer{ok()})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client.ListImage(ctx, ListImageRequest{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	if len(s.sent) > 0 {
		t.Errorf("%d requests left", len(s.sent))
	}
}

func TestAWaitPastTheDeadlineFailsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, s := scripted(t, []answer{refusal(400, "Throttling", "x-acs-retry-after", "5000")})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := client.ListImage(ctx, ListImageRequest{})
		var apiErr *APIError
		if !errors.As(err, &apiErr) || errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 0 || len(s.sent) != 1 {
			t.Fatalf("got %v after %v and %d requests, want the API error at once", err, time.Since(start), len(s.sent))
		}
		if want := "the wait of 5.5s would outlast ctx's deadline"; apiErr.StopReason != want || apiErr.RetryAfter != 5*time.Second {
			t.Errorf("StopReason %q and RetryAfter %v, want %q and 5s", apiErr.StopReason, apiErr.RetryAfter, want)
		}
	})
}

func TestTheClockIsCorrectedAndHeals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the local clock begins at 2000-01-01 00:00:00
		const ahead, equal = "Sat, 01 Jan 2000 00:20:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"
		client, s := scripted(t, []answer{refusal(400, "InvalidTimeStamp.Expired", "Date", ahead), ok(), ok(), refusal(400, "InvalidTimeStamp.Expired", "Date", equal), ok()})
		derived, err := client.With(WithPrefetch(1))
		if err != nil {
			t.Fatal(err)
		}
		for i, wantAttempts := range []int{2, 1, 2} {
			page, err := []*Client{client, derived, client}[i].ListImage(t.Context(), ListImageRequest{})
			if err != nil || page.Attempts != wantAttempts {
				t.Fatalf("call %d: %v, %v; want %d attempts", i+1, page, err, wantAttempts)
			}
		}
		var dates []string
		for _, req := range s.sent {
			dates = append(dates, req.Header.Get("X-Acs-Date"))
		}
		want := []string{"2000-01-01T00:00:00Z", "2000-01-01T00:20:00Z", "2000-01-01T00:20:00Z", "2000-01-01T00:20:00Z", "2000-01-01T00:00:00Z"}
		if diff := cmp.Diff(want, dates); diff != "" {
			t.Errorf("dates (-want +got):\n%s", diff)
		}
	})
}

func TestTheRetryBudgetIsSharedAndRestored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := refusal(503, "ServiceUnavailable")
		client, s := scripted(t, []answer{down, down, down, ok(), down, ok()}, WithRetry(RetryPolicy{MaxAttempts: 2, Budget: 5}))
		derived, err := client.With(WithApplication("derived", ""))
		if err != nil {
			t.Fatal(err)
		}
		var apiErr *APIError
		// The first call takes the only retry there is, the second has none left.
		if _, err := client.ListImage(t.Context(), ListImageRequest{}); !errors.As(err, &apiErr) || apiErr.Attempts != 2 {
			t.Fatalf("first call: %v, want two attempts", err)
		}
		if _, err := derived.ListImage(t.Context(), ListImageRequest{}); !errors.As(err, &apiErr) || apiErr.Attempts != 1 || apiErr.StopReason != "the client's retry budget is spent" {
			t.Fatalf("second call: %v, want it stopped by the budget", err)
		}
		// Five successes give a retry back.
		s.answers = []answer{ok()}
		for range 5 {
			if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
				t.Fatal(err)
			}
		}
		s.answers, s.sent = []answer{down, ok()}, nil
		if page, err := derived.ListImage(t.Context(), ListImageRequest{}); err != nil || page.Attempts != 2 {
			t.Fatalf("after successes: %v, %v; want two attempts", page, err)
		}
	})
}

func TestObserversAndLogSeeEveryAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var attempts []Attempt
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		}))
		client, _ := scripted(t, []answer{{takes: 20 * ms, status: 400, body: refusal(400, "Throttling.User").body}, {err: io.ErrUnexpectedEOF}, ok()},
			WithLogger(logger), WithObserver(func(_ context.Context, a Attempt) { attempts = append(attempts, a) }))
		if _, err := client.ListImage(t.Context(), ListImageRequest{ImageName: "not in the log"}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.ListImage(t.Context(), ListImageRequest{}, WithSignature(SignatureRPC)); err != nil {
			t.Fatal(err)
		}
		host := "appstream-center.cn-shanghai.aliyuncs.com"
		wantLog := strings.Join([]string{
			`level=INFO msg="ListImage attempt failed" reason=Throttling.User attempt=1 host=` + host + ` status=400 request_id=R-Throttling.User duration=20ms retry_in=1s`,
			`level=INFO msg="ListImage attempt failed" reason=connection attempt=2 host=` + host + ` duration=0s retry_in=200ms`,
			`level=DEBUG msg="ListImage attempt succeeded" reason=ok attempt=3 host=` + host + ` status=200 request_id=R-OK duration=0s`,
			`level=DEBUG msg="ListImage attempt succeeded" reason=ok attempt=1 host=` + host + ` status=200 request_id=R-OK duration=0s`,
		}, "\n") + "\n"
		if diff := cmp.Diff(wantLog, log.String()); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		if len(attempts) != 4 {
			t.Fatalf("%d attempts observed, want 4", len(attempts))
		}
		if !errors.Is(attempts[0].Err, CodeThrottling) || !errors.Is(attempts[1].Err, io.ErrUnexpectedEOF) || attempts[2].Err != nil {
			t.Errorf("observed errors %v, %v, %v", attempts[0].Err, attempts[1].Err, attempts[2].Err)
		}
		for i := range attempts {
			attempts[i].Err = nil
		}
		began := time.Now().Add(-1220 * ms)
		wantAttempts := []Attempt{
			{Number: 1, Method: "POST", Host: host, StatusCode: 400, RequestID: "R-Throttling.User", Reason: "Throttling.User", Start: began, Duration: 20 * ms, Retry: true, RetryIn: time.Second},
			{Number: 2, Method: "POST", Host: host, Reason: "connection", Start: began.Add(1020 * ms), Retry: true, RetryIn: 200 * ms},
			{Number: 3, Method: "POST", Host: host, StatusCode: 200, RequestID: "R-OK", Reason: "ok", Start: began.Add(1220 * ms)},
			{Number: 1, Method: "GET", Host: host, StatusCode: 200, RequestID: "R-OK", Reason: "ok", Start: began.Add(1220 * ms)},
		}
		if diff := cmp.Diff(wantAttempts, attempts); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
}

func TestARateLimiterIsAskedBeforeEveryAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := &everySecond{}
		client, s := scripted(t, []answer{{err: io.ErrUnexpectedEOF}, ok()}, WithRateLimit(limiter))
		if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]time.Duration{0, 1100 * ms}, s.at); diff != "" {
			t.Errorf("attempts left at (-want +got):\n%s", diff)
		}
		limiter.fail = errors.New("would exceed the deadline")
		if _, err := client.ListImage(t.Context(), ListImageRequest{}); !errors.Is(err, limiter.fail) || len(s.sent) != 2 {
			t.Errorf("got %v and %d requests, want the limiter's error and no more requests", err, len(s.sent))
		}
	})
}

type everySecond struct{ fail error }

func (l *everySecond) Wait(ctx context.Context) error {
	time.Sleep(time.Second)
	return l.fail
}

func TestAnHTTPClientsTimeoutBoundsTheAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []answer{{takes: time.Minute, status: 200}, ok()}}
		client, err := New("cn-shanghai", WithHTTPClient(&http.Client{Transport: TransportFunc(s.answer), Timeout: 2 * time.Second}),
			WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")), longestWait(), WithRetry(RetryPolicy{MaxAttempts: 1}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.ListImage(t.Context(), ListImageRequest{})
		if !errors.Is(err, ErrAttemptTimeout) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want ErrAttemptTimeout and not the caller's deadline", err)
		}
		page, err := client.ListImage(t.Context(), ListImageRequest{}, WithRetry(RetryPolicy{}))
		if err != nil || page.Attempts != 1 {
			t.Errorf("got %v, %v; want a page at once", page, err)
		}
	})
}

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
