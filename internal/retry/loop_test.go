package retry_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming/internal/retry"
)

// script is a call whose attempts are followed by the given waits. It notes when
// attempts began.
type script struct {
	waits []time.Duration
	start time.Time
	sent  []time.Duration
	ctxs  []context.Context
}

func (s *script) Send(ctx context.Context) {
	s.sent, s.ctxs = append(s.sent, time.Since(s.start)), append(s.ctxs, ctx)
}

func (s *script) Next() (wait time.Duration, again bool) {
	if made := len(s.sent); made <= len(s.waits) {
		return s.waits[made-1], true
	}
	return time.Hour, false
}

func TestRunMakesAttemptsWithTheWaitsTheCallAsksFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		waits       []time.Duration
		maxAttempts int
		want        []time.Duration
	}{
		"one attempt, no retry": {nil, 4, []time.Duration{0}},
		"one attempt allowed":   {[]time.Duration{1, 1}, 1, []time.Duration{0}},
		"retries until Next stops": {
			[]time.Duration{time.Second, 0, time.Minute}, 9,
			[]time.Duration{0, time.Second, time.Second, time.Second + time.Minute},
		},
		"retries until the maximum": {[]time.Duration{1, 2, 3, 4, 5}, 3, []time.Duration{0, 1, 3}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{waits: test.waits, start: time.Now()}
				retry.Run(t.Context(), test.maxAttempts, s)
				if diff := cmp.Diff(test.want, s.sent); diff != "" {
					t.Errorf("attempts began at (-want +got):\n%s", diff)
				}
			})
		})
	}
}

type contextKey struct{}

func TestRunEndsAWaitWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), contextKey{}, "value"), time.Minute)
		defer cancel()
		s := &script{waits: []time.Duration{time.Hour}, start: time.Now()}
		retry.Run(ctx, 4, s)
		if took := time.Since(s.start); took != time.Minute || len(s.sent) != 1 {
			t.Errorf("it ended after %v and %d attempts, want 1m0s and one", took, len(s.sent))
		}
		if s.ctxs[0].Value(contextKey{}) != "value" {
			t.Error("an attempt did not get the ctx of the call")
		}
	})
}

type panicking struct{ inNext bool }

func (p panicking) Send(context.Context) {
	if !p.inNext {
		panic("in Send")
	}
}

func (p panicking) Next() (time.Duration, bool) { panic("in Next") }

func TestRunLetsPanicsThrough(t *testing.T) {
	t.Parallel()
	for want, call := range map[string]retry.Call{"in Send": panicking{}, "in Next": panicking{inNext: true}} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("recovered %v, want %v", got, want)
				}
			}()
			retry.Run(t.Context(), 4, call)
		}()
	}
}
