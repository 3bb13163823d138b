package pacer

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

var seeds = flag.Int("pacer.seeds", 5, "seeds to simulate an hour with")

// sample is a set of measured values.
type sample []float64

func (s *sample) add(value float64) { *s = append(*s, value) }

func (s sample) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func (s sample) atMost(t *testing.T, what string, median, nearly, worst float64) {
	t.Helper()
	got := [3]float64{s.quantile(.5), s.quantile(.95), s.quantile(1)}
	t.Logf("%s: median %.3f, 95 %% at most %.3f, worst %.3f", what, got[0], got[1], got[2])
	if got[0] > median || got[1] > nearly || got[2] > worst {
		t.Errorf("%s: median, 95 %% and worst %.3f, want at most %.3f, %.3f, %.3f", what, got, median, nearly, worst)
	}
}

func TestListingsAreNearlyAsFastAsTheLimitAllows(t *testing.T) {
	t.Parallel()
	var times, refused, refusedSmall sample
	for seed := range uint64(4) {
		each(rates, []int{0, 4, 16, 64}, func(s scenario) {
			all, ratio := s.list(t, seed, 1, s.pages(s.long()))
			l := all[0]
			times.add(ratio)
			refused.add(l.share())
			if s.window <= 4 {
				refusedSmall.add(l.share())
			}
			if l.tooEarly > 0 {
				t.Errorf("%+v: %d requests before the end of a requested delay", s, l.tooEarly)
			}
		})
	}
	times.atMost(t, "time against the least possible", 1.05, 1.2, 1.25)
	refused.atMost(t, "share of requests refused", 0.05, 0.13, 0.16)
	refusedSmall.atMost(t, "the same with windows of at most 4", 0.05, 0.10, 0.12)
}

// The first rate is more than such limits allow. It must be forgotten.
func TestSmallLimitsAreNotRefusedAllTheTime(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ rate, time, worstTime, refused, mostRefused float64 }{
		{1, 1.1, 1.5, 0.27, 0.35},
		{2, 1.05, 1.15, 0.12, 0.16},
	} {
		var times, refused sample
		for seed := range uint64(4) {
			each([]float64{test.rate}, []int{0, 4, 64}, func(s scenario) {
				all, ratio := s.list(t, seed, 1, s.pages(100))
				times.add(ratio)
				refused.add(all[0].share())
			})
		}
		times.atMost(t, fmt.Sprintf("%v a second: time against the least possible", test.rate), test.time, test.worstTime, test.worstTime)
		refused.atMost(t, fmt.Sprintf("%v a second: share of requests refused", test.rate), test.refused, test.mostRefused, test.mostRefused)
	}
}

func TestListingsFollowALimitThatDropsAndComesBack(t *testing.T) {
	t.Parallel()
	var times sample
	for seed := range uint64(4) {
		each(rates, []int{4, 16, 64}, func(s scenario) {
			if s.kind > 0 {
				return
			}
			pages := int(s.rate * 10)
			l := newSimulation(seed).lister(dropping(s.rate), pages, s.window, s.latency, s.hints)
			l.fill()
			l.run(time.Hour)
			times.add(float64(l.end) / float64(leastTime(dropping(s.rate), 1, pages, s.window, s.latency)))
		})
	}
	times.atMost(t, "time against the least possible", 1.15, 1.25, 1.25)
}

func TestListingsCompleteWithoutAnyBurst(t *testing.T) {
	t.Parallel()
	each(rates, []int{0, 16, 64}, func(s scenario) {
		if s.kind > 0 {
			return
		}
		pages := s.pages(8)
		l := newSimulation(1).lister(steady(s.rate, 1), pages, s.window, s.latency, s.hints)
		l.fill()
		l.run(time.Minute)
		if l.end == 0 {
			t.Errorf("%+v: %d of %d pages in a minute", s, l.delivered, pages)
		}
	})
}

func TestThreeClientsShareALimit(t *testing.T) {
	t.Parallel()
	var times, quarter, unfair sample
	for seed := range uint64(3) {
		each(rates, []int{4, 64}, func(s scenario) {
			all, ratio := s.list(t, seed, 3, int(s.rate*80+2)/3)
			if s.kind == 1 {
				quarter.add(ratio)
			} else {
				times.add(ratio)
			}
			byEnd := func(a, b *lister) int { return cmp.Compare(a.end, b.end) }
			unfair.add(float64(slices.MaxFunc(all, byEnd).end) / float64(slices.MinFunc(all, byEnd).end))
		})
	}
	times.atMost(t, "time against the least possible", 1.1, 1.2, 1.3)
	quarter.atMost(t, "the same with a burst of a quarter of a second", 1.1, 1.2, 1.6)
	unfair.atMost(t, "slowest against fastest", 1.25, 1.6, 2.3)
}

// A fleet can share a limit. A listing is given up when none of its pages is
// served for a minute, so no client may wait that long.
func TestOfManyClientsNoneIsRefusedForAMinute(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rate    float64
		clients int
	}{{1, 2}, {2, 6}, {5, 10}, {5, 20}, {20, 20}, {20, 60}} {
		var longest sample
		for seed := range uint64(2) {
			each([]float64{test.rate}, []int{4, 64}, func(s scenario) {
				all, _ := s.list(t, seed, test.clients, int(s.rate*120)/test.clients)
				for _, l := range all {
					longest.add(l.longest.Seconds())
				}
			})
		}
		longest.atMost(t, fmt.Sprintf("%d clients, %v a second: seconds without a page", test.clients, test.rate), 30, 40, 60)
	}
}

// An hour at each limit: requests never leave before a requested delay has
// passed or together, and no second passes in which none leaves although one
// may.
func TestAnHourAtEachLimit(t *testing.T) {
	t.Parallel()
	const length = time.Hour
	for seed := range uint64(*seeds) {
		each(rates, []int{16}, func(s scenario) {
			if s.latency > 100*time.Millisecond || s.kind != int(seed)%kinds || s.hints != (seed%2 == 0) {
				return // a part of the combinations for each seed
			}
			t.Run(fmt.Sprintf("seed %d, %+v", seed, s), func(t *testing.T) {
				t.Parallel()
				l := newSimulation(seed).lister(limitOf(s.kind, s.rate, 0), math.MaxInt, s.window, s.latency, s.hints)
				idle, last := 0, time.Duration(0)
				l.sentAt = func(now time.Duration) {
					if now-last > 1500*time.Millisecond {
						idle++
					}
					last = now
				}
				l.fill()
				l.run(length)
				if l.tooEarly > 0 || l.together > 0 || idle > 0 {
					t.Errorf("%d requests before the end of a requested delay, %d together with another one, %d pauses",
						l.tooEarly, l.together, idle)
				}
				if served := float64(l.delivered) / length.Seconds() / s.rate; served < 0.92 {
					t.Errorf("only %.1f %% of the limit were used", 100*served)
				}
				if l.share() > 0.055 {
					t.Errorf("%.1f %% of the requests were refused", 100*l.share())
				}
			})
		})
	}
}
