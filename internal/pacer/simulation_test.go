package pacer

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

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

// list has clients that share the limit list so many pages each. It returns the
// clients, and the time until the last one ends against the least possible.
func (s scenario) list(t *testing.T, seed uint64, clients, pages int) (all []*lister, ratio float64) {
	t.Helper()
	phase := time.Duration(rand.New(rand.NewPCG(seed, 1)).Int64N(int64(time.Second)))
	shared, sim := limitOf(s.kind, s.rate, phase), newSimulation(seed)
	for range clients {
		l := sim.lister(shared, pages, s.window, s.latency, s.hints)
		all = append(all, l)
		l.fill()
	}
	sim.run(time.Hour)
	slowest := time.Duration(0)
	for _, l := range all {
		if l.end == 0 {
			t.Fatalf("%d clients, %+v: %d of %d pages", clients, s, l.delivered, pages)
		}
		slowest = max(slowest, l.end)
	}
	return all, float64(slowest) / float64(leastTime(limitOf(s.kind, s.rate, phase), clients, pages, s.window, s.latency))
}

var rates = []float64{5, 20, 100}
