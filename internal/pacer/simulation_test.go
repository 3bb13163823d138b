package pacer

import (
	"container/heap"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var seeds = flag.Int("pacer.seeds", 5, "seeds to simulate an hour with")

// The simulation runs on virtual time: events happen in the order of their
// times, and nothing sleeps.
type simulation struct {
	now    time.Time
	random *rand.Rand
	events events
	number int
}

type event struct {
	at     time.Time
	number int
	happen func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].number < e[j].number
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

var simulationStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func newSimulation(seed uint64) *simulation {
	return &simulation{now: simulationStart, random: rand.New(rand.NewPCG(seed, seed))}
}

func (s *simulation) after(d time.Duration, happen func()) {
	s.number++
	heap.Push(&s.events, event{s.now.Add(d), s.number, happen})
}

// run lets events happen until none is left or the time has passed.
func (s *simulation) run(length time.Duration) {
	for len(s.events) > 0 && s.events[0].at.Sub(simulationStart) <= length {
		next := heap.Pop(&s.events).(event)
		s.now = next.at
		next.happen()
	}
}

func (s *simulation) elapsed() time.Duration { return s.now.Sub(simulationStart) }

// A limit takes the time of a request since the start. If it refuses the request,
// it returns the time until one is allowed.
type limit func(at time.Duration) (wait time.Duration)

// bucket is refilled evenly. Rate can change with time.
func bucket(rate func(at time.Duration) (perSecond, burst float64)) limit {
	_, tokens := rate(0)
	last := time.Duration(0)
	return func(at time.Duration) time.Duration {
		perSecond, burst := rate(at)
		tokens = min(burst, tokens+(at-last).Seconds()*perSecond)
		last = at
		if tokens >= 1-1e-6 {
			tokens--
			return 0
		}
		return time.Duration((1 - tokens) / perSecond * float64(time.Second))
	}
}

func steady(perSecond, burst float64) limit {
	return bucket(func(time.Duration) (float64, float64) { return perSecond, burst })
}

// dropping allows a quarter from second 3 to second 7.
func dropping(perSecond float64) limit {
	return bucket(func(at time.Duration) (float64, float64) {
		if at >= 3*time.Second && at < 7*time.Second {
			return perSecond / 4, perSecond / 4
		}
		return perSecond, perSecond
	})
}

// wholeSeconds counts the requests of each second, the first of which began
// phase before the start.
func wholeSeconds(perSecond float64, phase time.Duration) limit {
	current, used := time.Duration(-1), 0.0
	return func(at time.Duration) time.Duration {
		second := (at + phase).Truncate(time.Second)
		if second != current {
			current, used = second, 0
		}
		if used < perSecond {
			used++
			return 0
		}
		return second + time.Second - at - phase
	}
}

const kinds = 3

// limitOf returns one of the ways of counting.
func limitOf(kind int, perSecond float64, phase time.Duration) limit {
	switch kind {
	case 0:
		return steady(perSecond, perSecond)
	case 1:
		return steady(perSecond, max(2, math.Floor(perSecond/4)))
	default:
		return wholeSeconds(perSecond, phase)
	}
}

// leastTime returns the time of a scheduler that knows the limit.
func leastTime(l limit, clients, pages, window int, latency time.Duration) time.Duration {
	window = max(1, window) * clients
	done, last := make([]time.Duration, clients*pages), time.Duration(0)
	for i := range done {
		sent := time.Duration(0)
		if i >= clients {
			sent = done[i%clients] // the first page of each client comes alone
		}
		if i >= window {
			sent = max(sent, done[i-window])
		}
		reached := max(sent+latency/2, last)
		for wait := l(reached); wait > 0; wait = l(reached) {
			reached += wait + time.Microsecond
		}
		last, done[i] = reached, reached+latency/2
	}
	return done[len(done)-1]
}

// lister is a client that lists pages with a window, which opens with eight.
type lister struct {
	*simulation
	limit   limit
	pages   int
	window  int
	latency time.Duration
	hints   bool

	line    line
	listing Listing
	pool    pool
	tickets uint64
	timer   time.Time // of the pacer's next slot

	next, opened, delivered int
	done                    map[int]bool
	end                     time.Duration
	served, longest         time.Duration // when a page was served last; the longest time without one

	sent, refused int
	heldUntil     time.Time // the latest end of a requested delay that is known
	tooEarly      int       // requests sent before it
	together      int       // requests sent at the same time as the one before, while awake
	lastSent      time.Time
	sentAt        func(now time.Duration) // for each request, if set
}

func (s *simulation) lister(l limit, pages, window int, latency time.Duration, hints bool) *lister {
	return &lister{
		simulation: s, limit: l, pages: pages, window: max(1, window), latency: latency, hints: hints,
		next: 1, opened: 1, done: make(map[int]bool),
	}
}

// fill asks for the pages of the window.
func (l *lister) fill() {
	for ; l.next <= l.pages && l.next <= l.delivered+min(l.opened, l.window); l.next++ {
		l.ask(l.next)
	}
	l.release()
}

func (l *lister) ask(page int) {
	l.tickets++
	l.line.insert(&Turn{Listing: &l.listing, Page: page, ticket: l.tickets, pool: &l.pool})
}

// release sends the requests that may leave, and schedules itself for the rest.
func (l *lister) release() {
	for l.line.waits() {
		slot := l.line.pacer.Slot(l.now)
		if slot.After(l.now) {
			if !slot.Equal(l.timer) {
				l.timer = slot
				l.after(slot.Sub(l.now), func() {
					if l.timer.Equal(slot) {
						l.timer = time.Time{}
						l.release()
					}
				})
			}
			return
		}
		t := l.line.first()
		l.line.remove(t)
		l.send(t.Page)
	}
}

func (l *lister) send(page int) {
	l.sent++
	if l.now.Before(l.heldUntil) {
		l.tooEarly++
	}
	if l.line.pacer.Awake(l.now) && l.now.Equal(l.lastSent) {
		l.together++
	}
	l.lastSent = l.now
	if l.sentAt != nil {
		l.sentAt(l.elapsed())
	}
	l.line.pacer.Sent(l.now)
	sent := l.now
	l.after(l.halfway(), func() {
		wait := l.limit(l.elapsed())
		l.after(l.halfway(), func() { l.answer(page, sent, wait) })
	})
}

// halfway returns the time of a request or an answer on its way. It varies by so
// much that they overtake each other, and so little that a client that was early
// stays ahead of the others, as over sockets.
func (l *lister) halfway() time.Duration {
	return l.latency/2 + time.Duration(l.random.Int64N(int64(2*time.Millisecond)))
}

func (l *lister) answer(page int, sent time.Time, wait time.Duration) {
	if wait > 0 {
		l.refused++
		if !l.hints {
			wait = 0
		} else if until := l.now.Add(wait); until.After(l.heldUntil) {
			l.heldUntil = until
		}
		l.line.pacer.Refused(sent, l.now, wait, l.random.Float64())
		l.ask(page)
		l.release()
		return
	}
	l.line.pacer.Served(sent, l.now)
	l.served, l.longest = l.elapsed(), max(l.longest, l.elapsed()-l.served)
	l.done[page] = true
	for l.done[l.delivered+1] {
		l.delivered++
		delete(l.done, l.delivered)
		l.opened = max(8, l.opened+1)
	}
	if l.delivered == l.pages {
		l.end = l.elapsed()
	}
	l.fill()
}

func (l *lister) share() float64 { return float64(l.refused) / float64(l.sent) }

// scenario is a listing under a limit.
type scenario struct {
	kind    int
	rate    float64
	hints   bool
	window  int
	latency time.Duration
}

// long is how many seconds a listing takes, so that it has at least 200 pages.
func (s scenario) long() float64 { return max(16, 200/s.rate) }

// pages returns how many pages take so many seconds, at the limit or as fast as
// the window allows.
func (s scenario) pages(seconds float64) int {
	return int(min(s.rate, float64(max(1, s.window))/s.latency.Seconds()) * seconds)
}

// each calls f for every combination.
func each(rates []float64, windows []int, f func(scenario)) {
	for _, rate := range rates {
		for kind := range kinds {
			for _, hints := range []bool{true, false} {
				for _, window := range windows {
					for _, latency := range []time.Duration{30 * time.Millisecond, 200 * time.Millisecond} {
						f(scenario{kind, rate, hints, window, latency})
					}
				}
			}
		}
	}
}

var rates = []float64{5, 20, 100}

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
			phase := time.Duration(rand.New(rand.NewPCG(seed, 1)).Int64N(int64(time.Second)))
			pages := s.pages(s.long())
			l := newSimulation(seed).lister(limitOf(s.kind, s.rate, phase), pages, s.window, s.latency, s.hints)
			l.fill()
			l.run(time.Hour)
			if l.end == 0 {
				t.Fatalf("%+v: %d of %d pages", s, l.delivered, pages)
			}
			times.add(float64(l.end) / float64(leastTime(limitOf(s.kind, s.rate, phase), 1, pages, s.window, s.latency)))
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
				phase := time.Duration(rand.New(rand.NewPCG(seed, 1)).Int64N(int64(time.Second)))
				pages := s.pages(100)
				l := newSimulation(seed).lister(limitOf(s.kind, s.rate, phase), pages, s.window, s.latency, s.hints)
				l.fill()
				l.run(time.Hour)
				times.add(float64(l.end) / float64(leastTime(limitOf(s.kind, s.rate, phase), 1, pages, s.window, s.latency)))
				refused.add(l.share())
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
			phase := time.Duration(seed) * time.Second / 3
			pages := int(s.rate*80+2) / 3
			all := newSimulation(seed)
			shared := limitOf(s.kind, s.rate, phase)
			var clients []*lister
			for range 3 {
				l := all.lister(shared, pages, s.window, s.latency, s.hints)
				clients = append(clients, l)
				l.fill()
			}
			all.run(time.Hour)
			slowest, fastest := time.Duration(0), time.Hour
			for _, l := range clients {
				slowest, fastest = max(slowest, l.end), min(fastest, l.end)
			}
			ratio := float64(slowest) / float64(leastTime(limitOf(s.kind, s.rate, phase), 3, pages, s.window, s.latency))
			if s.kind == 1 {
				quarter.add(ratio)
			} else {
				times.add(ratio)
			}
			unfair.add(float64(slowest) / float64(fastest))
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
				phase := time.Duration(rand.New(rand.NewPCG(seed, 1)).Int64N(int64(time.Second)))
				all := newSimulation(seed)
				shared := limitOf(s.kind, s.rate, phase)
				var clients []*lister
				for range test.clients {
					l := all.lister(shared, int(s.rate*120)/test.clients, s.window, s.latency, s.hints)
					clients = append(clients, l)
					l.fill()
				}
				all.run(time.Hour)
				for _, l := range clients {
					if l.end == 0 {
						t.Fatalf("%d clients, %+v: %d of %d pages", test.clients, s, l.delivered, l.pages)
					}
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
