package appstreaming

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

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
		throttled := refusal(400, "Throttling.User")
		throttled.takes = 20 * ms
		client, _ := scripted(t, []answer{throttled, {err: io.ErrUnexpectedEOF}, ok()},
			WithLogger(logger), WithPacing(false), WithObserver(func(_ context.Context, a Attempt) { attempts = append(attempts, a) }))
		if _, err := client.ListImage(t.Context(), ListImageRequest{ImageName: "not in the log"}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.ListImage(t.Context(), ListImageRequest{}, WithSignature(SignatureRPC)); err != nil {
			t.Fatal(err)
		}
		host := "appstream-center.cn-shanghai.aliyuncs.com"
		wantLog := strings.Join([]string{
			`level=INFO msg="ListImage attempt failed" reason=Throttling.User attempt=1 host=` + host +
				` status=400 request_id=R-Throttling.User duration=20ms retry_in=1s`,
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
			{
				Number: 1, Method: "POST", Host: host, StatusCode: 400, RequestID: "R-Throttling.User", Reason: "Throttling.User",
				Start: began, Duration: 20 * ms, Retry: true, RetryIn: time.Second,
			},
			{Number: 2, Method: "POST", Host: host, Reason: "connection", Start: began.Add(1020 * ms), Retry: true, RetryIn: 200 * ms},
			{Number: 3, Method: "POST", Host: host, StatusCode: 200, RequestID: "R-OK", Reason: "ok", Start: began.Add(1220 * ms)},
			{Number: 1, Method: "GET", Host: host, StatusCode: 200, RequestID: "R-OK", Reason: "ok", Start: began.Add(1220 * ms)},
		}
		if diff := cmp.Diff(wantAttempts, attempts); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
}

// watching returns an option whose observer keeps the attempts.
func watching(attempts *[]Attempt) Option {
	return WithObserver(func(_ context.Context, a Attempt) { *attempts = append(*attempts, a) })
}

func TestAnAttemptReportsWhenItBeganAndWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var attempts []Attempt
		var log bytes.Buffer
		slow := refusal(503, "ServiceUnavailable")
		slow.takes = 30 * ms
		client, _ := scripted(t, []answer{slow, ok()}, watching(&attempts), WithRateLimit(&limiter{takes: 250 * ms}),
			WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		began := time.Now()
		if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
			t.Fatal(err)
		}
		type times struct{ start, waited, duration, retryIn time.Duration }
		var got []times
		for _, a := range attempts {
			got = append(got, times{a.Start.Sub(began), a.Waited, a.Duration, a.RetryIn})
		}
		want := []times{{250 * ms, 250 * ms, 30 * ms, 100 * ms}, {(250 + 30 + 100 + 250) * ms, 250 * ms, 0, 0}}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(times{})); diff != "" {
			t.Errorf("times (-want +got):\n%s", diff)
		}
		if !strings.Contains(log.String(), "waited=250ms") {
			t.Errorf("the log does not mention the wait:\n%s", &log)
		}
	})
}

func TestAnAttemptsErrorIsItsOwn(t *testing.T) {
	t.Parallel()
	refused, transport := refusal(503, "ServiceUnavailable"), answer{err: io.ErrUnexpectedEOF}
	noKey := CredentialsFunc(func(context.Context) (Credentials, error) { return Credentials{}, io.ErrUnexpectedEOF })
	for name, test := range map[string]struct {
		answer answer
		opts   []Option
	}{
		"refusal":         {answer: refused},
		"transport error": {answer: transport},
		"credentials":     {answer: ok(), opts: []Option{WithCredentials(noKey)}},
		"invalid page":    {answer: answer{status: 200, body: "[]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var attempts []Attempt
				var texts []string
				reading := make(chan error)
				done := make(chan struct{})
				go func() { // reads while the call goes on, which only the race detector sees
					defer close(done)
					for err := range reading {
						for range 10 {
							_ = err.Error()
						}
					}
				}()
				client, _ := scripted(t, []answer{test.answer}, append(test.opts,
					WithRetry(RetryPolicy{MaxAttempts: 3, Retryable: func(error) bool { return true }}),
					watching(&attempts), WithObserver(func(_ context.Context, a Attempt) {
						texts = append(texts, a.Err.Error())
						reading <- a.Err
					}))...)
				_, err := client.ListImage(t.Context(), ListImageRequest{})
				close(reading)
				<-done
				for i, a := range attempts {
					if a.Err.Error() != texts[i] || !strings.Contains(texts[i], attemptText(i+1)) {
						t.Errorf("attempt %d: the error was %q and is now %q", i+1, texts[i], a.Err)
					}
				}
				if len(attempts) != 3 || err.Error() != texts[2] {
					t.Errorf("%d attempts, the call's error is %q and the last attempt's was %q", len(attempts), err, texts)
				}
				var decodeErr *DecodeError
				if !errors.As(err, &decodeErr) && !strings.Contains(texts[2], "no attempts left") {
					t.Errorf("%q does not say why no attempt followed", texts[2])
				}
			})
		})
	}
}

func attemptText(n int) string { return attempts(n) }

func TestAnAttemptsReasonIsOneWord(t *testing.T) {
	t.Parallel()
	deadline := func(t *testing.T) (context.Context, context.CancelFunc) {
		return context.WithTimeout(t.Context(), time.Second)
	}
	canceled := func(t *testing.T) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		return ctx, cancel
	}
	untilDone := CredentialsFunc(func(ctx context.Context) (Credentials, error) {
		<-ctx.Done()
		return Credentials{}, ctx.Err()
	})
	never := answer{takes: time.Hour}
	for name, test := range map[string]struct {
		answer answer
		ctx    func(*testing.T) (context.Context, context.CancelFunc)
		opts   []Option
		want   string
	}{
		"ok":                       {answer: ok(), want: "ok"},
		"code":                     {answer: refusal(403, "Forbidden"), want: "Forbidden"},
		"no code":                  {answer: answer{status: 404}, want: "no code"},
		"decode":                   {answer: answer{status: 200, body: "{"}, want: "decode"},
		"too large":                {answer: ok(), opts: []Option{WithMaxResponseBytes(1)}, want: "too large"},
		"connection":               {answer: answer{err: io.EOF}, want: "connection"},
		"timeout":                  {answer: never, want: "timeout"},
		"deadline":                 {answer: never, ctx: deadline, want: "deadline"},
		"canceled":                 {answer: never, ctx: canceled, want: "canceled"},
		"deadline in the provider": {answer: never, ctx: deadline, opts: []Option{WithCredentials(untilDone)}, want: "deadline"},
		"slow provider":            {answer: never, opts: []Option{WithCredentials(untilDone)}, want: "credentials"},
		"no credentials":           {answer: never, opts: []Option{WithCredentials(StaticCredentials("", "", ""))}, want: "credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var attempts []Attempt
				client, _ := scripted(t, []answer{test.answer}, append(test.opts, watching(&attempts), WithRetry(RetryPolicy{MaxAttempts: 1}))...)
				ctx := t.Context()
				if test.ctx != nil {
					var cancel context.CancelFunc
					ctx, cancel = test.ctx(t)
					defer cancel()
				}
				_, _ = client.ListImage(ctx, ListImageRequest{})
				if len(attempts) != 1 || attempts[0].Reason != test.want {
					t.Errorf("got %+v, want one attempt with the reason %q", attempts, test.want)
				}
			})
		})
	}
}
