package appstreaming_test

import (
	"context"
	"errors"
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
		{name: "no answer at all", fault: appstreamingtest.Fault{Break: appstreamingtest.BreakHang}, want: timedOut()},
		{name: "hang in mid-body", fault: appstreamingtest.Fault{Break: appstreamingtest.BreakHangBody}, want: timedOut()},
		{name: "hang after the headers", fault: appstreamingtest.Fault{Break: appstreamingtest.BreakHangBody, After: -1}, want: timedOut()},
		{name: "hang in a chunked body", fault: appstreamingtest.Fault{Chunked: true, Break: appstreamingtest.BreakHangBody}, want: timedOut()},
		{name: "one byte a second", fault: appstreamingtest.Fault{DripBytes: 1, DripEvery: time.Second}, want: timedOut()},
		{name: "an answer after a minute", fault: appstreamingtest.Fault{Delay: time.Minute}, want: timedOut()},
	}, func(t *testing.T, elapsed time.Duration) {
		// Four attempts that fail for good, then three before one that succeeds.
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
		{name: "after twenty seconds", fault: appstreamingtest.Fault{Delay: 20 * time.Second}},
		{name: "in drops over twenty seconds", fault: appstreamingtest.Fault{DripBytes: 2 << 10, DripEvery: time.Second}},
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
				fault: appstreamingtest.Fault{Status: status, Code: appstreaming.CodeThrottlingUser, Header: header},
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
			service.Fail(-1, appstreamingtest.Fault{Break: appstreamingtest.BreakClose, When: func(r appstreamingtest.Request) bool { return r.Time.Before(back) }})
			// Four attempts are over after 0.7 s at the latest.
			client := service.Client(appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch), appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 20}))
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
