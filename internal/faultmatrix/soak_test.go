package faultmatrix_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/internal/leaktest"
)

var (
	soak      = flag.Bool("soak", false, "make calls by the hundred thousand with faults among them, which takes minutes")
	soakCalls = flag.Int64("soak.calls", 100_000, "requests for a page to make with -soak")
)

// TestSoak ends with the goroutines, connections and heap it began with, after
// 100,000 calls of which one in twenty goes wrong.
func TestSoak(t *testing.T) {
	if !*soak {
		t.Skip("takes minutes; run it with -soak")
	}
	soakFor(t, 2_000) // fills the pools
	goroutines, heap := settled()
	stats := soakFor(t, *soakCalls)
	goroutinesAfter, heapAfter := settled()

	t.Logf("%d calls in %v, %d requests, %d met a fault, %d calls failed; %d connections, %d open in the end",
		stats.calls.Load(), stats.took.Round(time.Second), stats.requests, stats.faults.Load(), stats.failed.Load(), stats.accepted, stats.open)
	t.Logf("goroutines %d, then %d; heap %d kB, then %d kB", goroutines, goroutinesAfter, heap>>10, heapAfter>>10)
	if goroutinesAfter > goroutines || stats.open != 0 || heapAfter > heap+1<<20 {
		t.Error("the soak did not end as it began")
	}
	if share := float64(stats.faults.Load()) / float64(stats.requests); share < 0.04 || share > 0.06 {
		t.Errorf("%.1f %% of the requests met a fault, want 5 %%", 100*share)
	}
}

// settled measures when everything in flight has ended.
func settled() (goroutines int, heap uint64) {
	leaktest.Settle(time.Second) // the test's own ones stay
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one only ages the pools
	runtime.ReadMemStats(&stats)
	return runtime.NumGoroutine(), stats.HeapAlloc
}

type soakStats struct {
	calls, failed, faults atomic.Int64
	requests              int
	accepted, open        int // connections
	took                  time.Duration
}

// soakFor makes that many calls, in every way there is.
func soakFor(t *testing.T, calls int64) *soakStats {
	stats := new(soakStats)
	start := time.Now()
	// Not NewServer: the test would keep it until its end, with 100,000 nonces.
	service, err := appstreamingtest.Start(matrixImages()...)
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	service.KeepRequests(0)
	for _, fault := range soakFaults() {
		fault.When = func(appstreamingtest.Request) bool {
			// Those that come later see fewer requests, hardly so.
			met := rand.Float64() < 0.05/float64(len(soakFaults()))
			if met {
				stats.faults.Add(1)
			}
			return met
		}
		service.Fail(-1, fault)
	}
	policy := appstreaming.RetryPolicy{BaseDelay: time.Microsecond, MaxDelay: time.Millisecond, AttemptTimeout: 250 * time.Millisecond}
	client := service.Client(appstreaming.WithRetry(policy),
		appstreaming.WithObserver(func(_ context.Context, a appstreaming.Attempt) {
			if !a.Retry {
				stats.calls.Add(1)
			}
			if !a.Retry && a.Err != nil {
				stats.failed.Add(1)
			}
		}))
	var callers sync.WaitGroup
	for n := range 16 {
		callers.Go(func() {
			for turn := n; stats.calls.Load() < calls; turn++ {
				w, signature := ways[turn%len(ways)], signatures[turn/len(ways)%len(signatures)]
				derived, err := client.With(appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch))
				if err != nil {
					t.Error(err)
					return
				}
				if got := w.start(derived)(context.Background()); got.err == nil && len(got.images) != len(w.wantImages(false)) {
					t.Errorf("%s: %d images", w.name, len(got.images))
				}
			}
		})
	}
	callers.Wait()
	client.CloseIdleConnections()
	stats.requests = service.RequestCount()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // they take a moment to close
		if stats.accepted, stats.open = service.Connections(); stats.open == 0 || time.Now().After(end) {
			break
		}
	}
	stats.took = time.Since(start)
	return stats
}

func soakFaults() []Fault {
	return []Fault{
		{Code: appstreaming.CodeServiceUnavailable},
		{Code: appstreaming.CodeThrottlingUser},
		{Code: appstreaming.CodeInternalError, Status: 200},
		{Status: 502, Body: "<html>Bad Gateway</html>"},
		{Break: appstreamingtest.BreakReset},
		{Break: appstreamingtest.BreakClose},
		{Break: appstreamingtest.BreakShort},
		{Break: appstreamingtest.BreakResetBody},
		{Break: appstreamingtest.BreakIdle},
		{Break: appstreamingtest.BreakHangBody},
		{Gzip: true, Break: appstreamingtest.BreakTruncate},
		{Status: 200, Body: "not JSON"}, // not retried
	}
}
