package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	slow := answer{takes: time.Minute, status: 200}
	policy := func(p RetryPolicy) []Option { return []Option{WithRetry(p)} }
	const midnight, one, three = "Sat, 01 Jan 2000 00:00:30 GMT", "Sat, 01 Jan 2000 01:00:00 GMT", "Sat, 01 Jan 2000 03:00:00 GMT"
	tests := map[string]struct {
		answers []answer
		opts    []Option
		at      []time.Duration // when each attempt is sent
		is      error           // a target that the final error matches; nil: the call succeeds
		stopped string
	}{
		"success": {answers: []answer{ok()}, at: []time.Duration{0}},
		"throttled once": {
			answers: []answer{refusal(400, "Throttling.User"), ok()},
			at:      []time.Duration{0, 1000 * ms},
		},
		"throttled always": {
			answers: []answer{refusal(400, "Throttling.User")},
			at:      []time.Duration{0, 1000 * ms, 3000 * ms, 7000 * ms},
			is:      CodeThrottlingUser, stopped: "no attempts left",
		},
		"throttled by a code of another spelling": {
			answers: []answer{refusal(400, "FlowControl"), refusal(400, "ThrottlingException"), refusal(403, "TooManyRequests"), ok()},
			at:      []time.Duration{0, 1000 * ms, 3000 * ms, 7000 * ms},
		},
		"internal error as a 400": {
			answers: []answer{refusal(400, "InternalError")},
			at:      []time.Duration{0, 100 * ms, 300 * ms, 700 * ms},
			is:      CodeInternalError, stopped: "no attempts left",
		},
		"codes of families": {
			answers: []answer{refusal(400, "InternalError.Backend"), refusal(400, "SystemError"), refusal(408, "Timeout"), ok()},
			at:      []time.Duration{0, 100 * ms, 300 * ms, 700 * ms},
		},
		"broken connection, then success": {
			answers: []answer{reset, reset, ok()},
			at:      []time.Duration{0, 100 * ms, 300 * ms},
		},
		"not retryable": {
			answers: []answer{refusal(403, "Forbidden.NoPermission")},
			at:      []time.Duration{0},
			is:      Code("Forbidden.NoPermission"), stopped: "not retryable",
		},
		"one attempt allowed": {
			answers: []answer{refusal(503, "ServiceUnavailable")}, opts: policy(RetryPolicy{MaxAttempts: 1}),
			at: []time.Duration{0},
			is: CodeServiceUnavailable, stopped: "no attempts left",
		},
		"six attempts allowed": {
			answers: []answer{refusal(503, "ServiceUnavailable")},
			opts:    policy(RetryPolicy{MaxAttempts: 6, BaseDelay: ms, MaxDelay: 4 * ms}),
			at:      []time.Duration{0, 1 * ms, 3 * ms, 7 * ms, 11 * ms, 15 * ms},
			is:      CodeServiceUnavailable, stopped: "no attempts left",
		},

		"hint in milliseconds, with a tenth": {
			answers: []answer{refusal(429, "Throttling", "x-acs-retry-after", "300"), ok()},
			at:      []time.Duration{0, 330 * ms},
		},
		"hint in seconds": {
			answers: []answer{refusal(503, "ServiceUnavailable", "Retry-After", "2"), ok()},
			at:      []time.Duration{0, 2200 * ms},
		},
		"hint as a date of a service whose clock is ahead": {
			answers: []answer{refusal(503, "X", "Retry-After", "Sat, 01 Jan 2000 00:10:05 GMT", "Date", "Sat, 01 Jan 2000 00:10:00 GMT"), ok()},
			at:      []time.Duration{0, 5500 * ms},
		},
		"time left of a throttled request": {
			answers: []answer{refusal(400, "Throttling.Api", "x-ratelimit-user-api", "Limit:9,Remain:3,TimeLeft:500"), ok()},
			at:      []time.Duration{0, 550 * ms},
		},
		"time left when nothing remains": {
			answers: []answer{refusal(503, "X", "x-ratelimit-user-api", "Limit:9,Remain:0,TimeLeft:500"), ok()},
			at:      []time.Duration{0, 550 * ms},
		},
		"time left of a request that was not throttled": {
			answers: []answer{refusal(503, "X", "X-RateLimit-User-API", "Limit:100,Remain:99,TimeLeft:60000"), ok()},
			at:      []time.Duration{0, 100 * ms},
		},
		"hint of MaxDelay": {
			answers: []answer{refusal(503, "ServiceUnavailable", "Retry-After", "20"), ok()},
			at:      []time.Duration{0, 20 * time.Second},
		},
		"hint a little below MaxDelay": {
			answers: []answer{refusal(503, "ServiceUnavailable", "Retry-After", "19"), ok()},
			at:      []time.Duration{0, 20 * time.Second},
		},
		"hint over MaxDelay": {
			answers: []answer{refusal(503, "ServiceUnavailable", "x-acs-retry-after", "20001")},
			at:      []time.Duration{0},
			is:      CodeServiceUnavailable, stopped: "the service asks to wait 20.001s, more than MaxDelay of 20s",
		},
		"hint on a failure reported with 200": {
			answers: []answer{{status: 200, header: http.Header{"X-Acs-Retry-After": {"300"}}, body: `{"Success":false,"Code":"SystemBusy"}`}, ok()},
			at:      []time.Duration{0, 330 * ms},
		},
		"hint on a body that broke off": {
			answers: []answer{
				{status: 200, header: http.Header{"X-Acs-Retry-After": {"300"}, "Content-Encoding": {"gzip"}}, body: "\x1f\x8b"}, ok(),
			},
			at: []time.Duration{0, 330 * ms},
		},

		"failure reported with 200": {
			answers: []answer{{status: 200, body: `{"Success":false,"Code":"SystemBusy","Message":"later"}`}, ok()},
			at:      []time.Duration{0, 100 * ms},
		},
		"failure reported with 200 and invalid data": {
			answers: []answer{{status: 200, body: `{"Success":false,"Code":"SystemBusy","RequestId":"R-SystemBusy","Data":{}}`}},
			at:      []time.Duration{0, 100 * ms, 300 * ms, 700 * ms},
			is:      CodeSystemBusy, stopped: "no attempts left",
		},
		"own rule retries": {
			answers: []answer{refusal(404, "NotYet"), ok()},
			opts:    policy(RetryPolicy{Retryable: func(err error) bool { return errors.Is(err, Code("NotYet")) }}),
			at:      []time.Duration{0, 100 * ms},
		},
		"own rule does not retry": {
			answers: []answer{refusal(503, "ServiceUnavailable")},
			opts:    policy(RetryPolicy{Retryable: func(error) bool { return false }}),
			at:      []time.Duration{0},
			is:      CodeServiceUnavailable, stopped: "not retryable",
		},
		"budget for one retry": {
			answers: []answer{refusal(503, "ServiceUnavailable")}, opts: policy(RetryPolicy{Budget: 5}),
			at: []time.Duration{0, 100 * ms},
			is: CodeServiceUnavailable, stopped: "the client's retry budget is spent",
		},

		"time error although the clocks agree": {
			answers: []answer{refusal(400, "InvalidTimeStamp.Expired", "Date", midnight)},
			at:      []time.Duration{0},
			is:      CodeInvalidTimestampExpired, stopped: "not retryable",
		},
		"time error": {
			answers: []answer{refusal(400, "InvalidTimeStamp.Expired", "Date", one), ok()},
			at:      []time.Duration{0, 0},
		},
		"time error, the clock 40 minutes ahead": {
			answers: []answer{refusal(400, "InvalidTimeStamp.Expired", "Date", "Fri, 31 Dec 1999 23:20:00 GMT"), ok()},
			at:      []time.Duration{0, 0},
		},
		"time error in another letter case": {
			answers: []answer{refusal(400, "InvalidTimestamp.Expired", "Date", one), ok()},
			at:      []time.Duration{0, 0},
		},
		"time error under another code": {
			answers: []answer{refusal(400, "IllegalTimestamp", "Date", "Saturday, 01-Jan-00 00:40:00 GMT"), ok()},
			at:      []time.Duration{0, 0},
		},
		"time error with a Date in the form of asctime": {
			answers: []answer{refusal(403, "RequestTimeTooSkewed", "Date", "Sat Jan  1 00:40:00 2000"), ok()},
			at:      []time.Duration{0, 0},
		},
		"time error with a hint": {
			answers: []answer{refusal(400, "InvalidTimeStamp.Expired", "Date", one, "Retry-After", "1"), ok()},
			at:      []time.Duration{0, 1100 * ms},
		},
		"time error twice, at the same time": {
			answers: []answer{refusal(400, "InvalidTimeStamp.Expired", "Date", one)},
			at:      []time.Duration{0, 0},
			is:      CodeInvalidTimestampExpired, stopped: "not retryable",
		},
		"time error twice, at other times": {
			answers: []answer{
				refusal(400, "InvalidTimeStamp.Expired", "Date", one), refusal(400, "InvalidTimeStamp.Expired", "Date", three), ok(),
			},
			at: []time.Duration{0, 0},
			is: CodeInvalidTimestampExpired, stopped: "not retryable",
		},

		"token expired": {
			answers: []answer{refusal(403, "InvalidSecurityToken.Expired"), ok()},
			at:      []time.Duration{0, 0},
		},
		"token expired twice": {
			answers: []answer{refusal(400, "InvalidSecurityToken.Expired")},
			at:      []time.Duration{0, 0},
			is:      CodeInvalidSecurityToken, stopped: "not retryable",
		},
		"token refused as an invalid parameter": {
			answers: []answer{
				{status: 400, body: `{"Code":"InvalidParameter","Message":"code: 400, InvalidSecurityToken.Expired: the token has expired"}`},
				{status: 400, body: `{"Code":"InvalidParameter","Message":"SecurityToken.Expired","RequestId":"R-InvalidParameter"}`},
				ok(),
			},
			at: []time.Duration{0, 0},
			is: CodeInvalidParameter, stopped: "not retryable",
		},
		"token named by another code": {
			answers: []answer{{status: 400, body: `{"Code":"Missing","Message":"SecurityToken.Expired","RequestId":"R-Missing"}`}},
			at:      []time.Duration{0},
			is:      Code("Missing"), stopped: "not retryable",
		},
		"time error, then an expired token": {
			answers: []answer{refusal(400, "InvalidTimeStamp.Expired", "Date", one), refusal(403, "InvalidSecurityToken.Expired"), ok()},
			at:      []time.Duration{0, 0, 0},
		},

		"slow, then answered": {
			answers: []answer{slow, ok()},
			at:      []time.Duration{0, 30100 * ms},
		},
		"always slow": {
			answers: []answer{slow}, opts: policy(RetryPolicy{MaxAttempts: 2, AttemptTimeout: 5 * time.Second}),
			at: []time.Duration{0, 5100 * ms},
			is: ErrAttemptTimeout, stopped: "no attempts left",
		},
		"switching protocols": {
			answers: []answer{{status: 101, header: http.Header{"X-Acs-Request-Id": {"R-"}}}},
			at:      []time.Duration{0},
			is:      &APIError{}, stopped: "not retryable",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, signature := range []Signature{SignatureACS3, SignatureRPC} {
				synctest.Test(t, func(t *testing.T) {
					client, s := scripted(t, test.answers, append(slices.Clip(test.opts), WithSignature(signature), WithPacing(false))...)
					page, err := client.ListImage(t.Context(), ListImageRequest{})
					if diff := cmp.Diff(test.at, s.at); diff != "" {
						t.Errorf("%v: attempts were sent at (-want +got):\n%s", signature, diff)
					}
					if test.is == nil {
						if err != nil || page.Attempts != len(test.at) || page.Images[0].ImageID != "imgc-1" {
							t.Errorf("%v: got %v, %v; want a page after %d attempts", signature, page, err, len(test.at))
						}
						return
					}
					checkFinalError(t, err, test.is, len(test.at), test.stopped)
				})
			}
		})
	}
}

// checkFinalError checks an *APIError or a *TransportError that no ctx caused.
func checkFinalError(t *testing.T, err, is error, attempts int, stopped string) {
	t.Helper()
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Errorf("%v matches an error of the caller's ctx", err)
	}
	var apiErr *APIError
	if errors.As(err, &apiErr) {
		code, _ := is.(Code)
		got := []any{apiErr.Attempts, apiErr.StopReason, apiErr.RequestID}
		if diff := cmp.Diff([]any{attempts, stopped, "R-" + string(apiErr.Code)}, got); diff != "" || code != "" && !errors.Is(err, code) {
			t.Errorf("got %v, want it to match %v (-want +got):\n%s", err, is, diff)
		}
		return
	}
	var transportErr *TransportError
	if !errors.As(err, &transportErr) || !errors.Is(err, is) {
		t.Fatalf("got %T %v, want a *TransportError that is %v", err, err, is)
	}
	got := []any{transportErr.Attempts, transportErr.StopReason, transportErr.Host}
	if diff := cmp.Diff([]any{attempts, stopped, "appstream-center.cn-shanghai.aliyuncs.com"}, got); diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
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
				client, s := scripted(t, []answer{refusal(400, "Throttling"), refusal(400, "SignatureNonceUsed"), ok()},
					WithSignature(signature), WithCredentials(rotating), WithPacing(false))
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
					dates, keys = append(dates, date), append(keys, key)
					retries = append(retries, req.Header.Get("X-Acs-Retry-Attempts"))
				}
				want := [][]string{
					{"2000-01-01T00:00:00Z", "2000-01-01T00:00:01Z", "2000-01-01T00:00:01Z"}, {"LTAI1", "LTAI2", "LTAI3"}, {"", "1", "2"},
				}
				if diff := cmp.Diff(want, [][]string{dates, keys, retries}); diff != "" {
					t.Errorf("dates, keys and retries (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestTheClockIsCorrectedAndHeals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the local clock begins at 2000-01-01 00:00:00
		const ahead, equal = "Sat, 01 Jan 2000 00:20:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"
		client, s := scripted(t, []answer{
			refusal(400, "InvalidTimeStamp.Expired", "Date", ahead), ok(), ok(),
			refusal(400, "InvalidTimeStamp.Expired", "Date", equal), ok(),
		})
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
		const local, corrected = "2000-01-01T00:00:00Z", "2000-01-01T00:20:00Z"
		want := []string{local, corrected, corrected, corrected, local}
		if diff := cmp.Diff(want, dates); diff != "" {
			t.Errorf("dates (-want +got):\n%s", diff)
		}
	})
}

func TestTheRetryBudgetIsSharedAndRestored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := refusal(503, "ServiceUnavailable")
		const spent = "the client's retry budget is spent"
		client, s := scripted(t, nil, WithRetry(RetryPolicy{MaxAttempts: 2, Budget: 5}))
		derived, err := client.With(WithApplication("derived", ""))
		if err != nil {
			t.Fatal(err)
		}
		list := func(c *Client, answers ...answer) (attempts int, stopped string) {
			t.Helper()
			s.answers, s.sent = answers, nil
			page, err := c.ListImage(t.Context(), ListImageRequest{})
			var apiErr *APIError
			if errors.As(err, &apiErr) {
				return apiErr.Attempts, apiErr.StopReason
			}
			if err != nil {
				t.Fatal(err)
			}
			return page.Attempts, ""
		}
		for i, step := range []struct {
			client   *Client
			answers  []answer
			attempts int
			stopped  string
		}{
			{client, []answer{down, ok()}, 2, ""},           // the success returns the tokens of its retry
			{client, []answer{down}, 2, "no attempts left"}, // takes the only retry there is
			{derived, []answer{down}, 1, spent},             // has none left
			{client, []answer{ok()}, 1, ""},                 // five successes add the tokens of a retry
			{client, []answer{ok()}, 1, ""},
			{derived, []answer{ok()}, 1, ""},
			{client, []answer{ok()}, 1, ""},
			{derived, []answer{down}, 1, spent},
			{client, []answer{ok()}, 1, ""},
			{derived, []answer{down, ok()}, 2, ""},
		} {
			attempts, stopped := list(step.client, step.answers...)
			if attempts != step.attempts || stopped != step.stopped {
				t.Errorf("call %d: %d attempts, stopped because %q; want %d and %q", i+1, attempts, stopped, step.attempts, step.stopped)
			}
		}
	})
}

func TestTheRetryBudgetIsNotChangedByRetriesThatAreNotItsOwn(t *testing.T) {
	t.Parallel()
	down := refusal(503, "ServiceUnavailable")
	for name, before := range map[string]func(*testing.T, *Client, *script){
		"a wait that was canceled": func(t *testing.T, client *Client, s *script) {
			s.answers = []answer{down}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*ms, cancel)
			if _, err := client.ListImage(ctx, ListImageRequest{}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the cancellation", err)
			}
		},
		"a limiter that was canceled": func(t *testing.T, client *Client, s *script) {
			s.answers = []answer{down}
			_, err := client.ListImage(t.Context(), ListImageRequest{}, WithRateLimit(&limiter{failsAt: 2}))
			if !errors.Is(err, errLimited) {
				t.Errorf("got %v, want the limiter's error", err)
			}
		},
		"a retry whose wait would outlast the deadline": func(t *testing.T, client *Client, s *script) {
			s.answers = []answer{down}
			ctx, cancel := context.WithTimeout(t.Context(), 50*ms)
			defer cancel()
			if _, err := client.ListImage(ctx, ListImageRequest{}); !errors.Is(err, CodeServiceUnavailable) {
				t.Errorf("got %v, want the refusal", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, s := scripted(t, nil, WithRetry(RetryPolicy{MaxAttempts: 9, Budget: 10}))
				before(t, client, s)
				checkRetriesLeft(t, client, s, 2)
			})
		})
	}
	t.Run("unlimited retries", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			client, s := scripted(t, nil, WithRetry(RetryPolicy{MaxAttempts: 9, Budget: 10}))
			checkRetriesLeft(t, client, s, 2)
			s.answers, s.sent = []answer{down, down, down, ok()}, nil
			if _, err := client.ListImage(t.Context(), ListImageRequest{}, WithRetry(RetryPolicy{Budget: -1})); err != nil {
				t.Fatal(err)
			}
			checkRetriesLeft(t, client, s, 0)
		})
	})
}

// checkRetriesLeft uses up a client's retry budget.
func checkRetriesLeft(t *testing.T, client *Client, s *script, want int) {
	t.Helper()
	s.answers, s.sent = []answer{refusal(503, "ServiceUnavailable")}, nil
	_, err := client.ListImage(t.Context(), ListImageRequest{})
	var apiErr *APIError
	if !errors.As(err, &apiErr) || apiErr.Attempts != want+1 {
		t.Errorf("got %v, want %d retries", err, want)
	}
}
