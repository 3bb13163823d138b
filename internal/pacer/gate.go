package pacer

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Account names the requests that share a limit. Requests without a KeyID are
// never paced.
type Account struct{ Endpoint, KeyID string }

// Route names the account and the connections that a request uses.
type Route struct {
	Account
	Pool  any // the connection pool: a comparable value
	Width int // connections to an endpoint that the pool allows; 0: unlimited
}

// Result is the outcome of a request.
type Result int

// The results of a request.
const (
	Unanswered Result = iota // no answer, or not sent
	Served                   // an answer, other than a refusal for too many requests
	Refused                  // a refusal for too many requests
)

// Gate makes requests wait until they may leave. The requests of an Account leave
// at the pace of its Pacer. No more requests are in flight than the pool has
// connections. Waiting requests leave in the order in which they came, except
// that the pages of a listing leave in the order of their numbers. The zero Gate
// is ready to use. It is safe for concurrent use.
type Gate struct {
	Now    func() time.Time // nil: time.Now
	Chance func() float64   // a random number from 0 to 1; nil: of math/rand/v2

	mu      sync.Mutex
	lines   shelf[Account, *line]
	pools   shelf[poolKey, *pool]
	waiting []*line // the lines in which turns wait
	tickets uint64
	timer   *time.Timer
}

// Enter waits until the turn's request may leave. When ctx ends first, Enter
// returns ctx's error. The caller calls Leave or Withdraw once for each Enter that
// returned nil. A turn that enters again keeps its place in the order, except after a
// refusal: it then comes after those that wait.
func (g *Gate) Enter(ctx context.Context, t *Turn, r Route) error {
	g.mu.Lock()
	now := g.now()
	t.line, t.pool, t.entered = g.line(r.Account, now), g.pool(r, now), now
	if t.ticket == 0 {
		g.tickets++
		t.ticket = g.tickets
	}
	if !t.line.waits() && t.mayLeave(now) {
		t.leave(now)
		g.mu.Unlock()
		return nil
	}
	t.ready = make(chan struct{})
	if !t.line.waits() {
		g.waiting = append(g.waiting, t.line)
	}
	t.line.insert(t)
	g.release(now)
	g.mu.Unlock()

	select {
	case <-t.ready:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !t.line.remove(t) {
		t.giveBack()
	}
	g.release(g.now())
	return ctx.Err()
}

// Confirm reports whether the request may still leave, after it was prepared and
// its account is known. When Confirm reports false, the turn has left the gate
// and must enter again.
func (g *Gate) Confirm(t *Turn, a Account) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if t.line.account == a && !t.line.pacer.Held(now) {
		return true
	}
	l := g.line(a, now)
	t.giveBack()
	if t.line != l && !l.waits() && !l.pacer.Slot(now).After(now) {
		t.line = l
		t.leave(now)
		return true
	}
	g.release(now)
	return false
}

// Withdraw ends a turn that Enter began and whose request is not sent. The turn
// keeps its place in the order.
func (g *Gate) Withdraw(t *Turn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t.giveBack()
	g.release(g.now())
}

// Leave ends the turn that Enter began. Delay is the delay that the service
// requested when it refused the request, or 0 if it requested none. Leave returns
// the time until the account's next request may leave, as far as it is known.
func (g *Gate) Leave(t *Turn, result Result, delay time.Duration) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, p := g.now(), &t.line.pacer
	t.line.active--
	t.pool.used--
	if result == Served {
		p.Served(t.sent, now)
		t.line.served = now
		if t.Listing != nil {
			t.Listing.served.Add(1)
		}
	}
	t.Progress.Quiet = now.Sub(t.line.served)
	if t.Listing != nil {
		t.Progress.Listing = t.Listing.served.Load()
	}
	if result == Refused {
		t.ticket = 0 // one page that is always refused must not keep others waiting
	}
	if result == Refused && t.line.account.KeyID != "" {
		p.Refused(t.sent, now, delay, g.chance())
	}
	g.release(now)
	return max(0, p.Slot(now).Sub(now))
}

// release lets the turns leave that may, and sets the timer for the next one.
func (g *Gate) release(now time.Time) {
	for {
		t, slot := g.first(now)
		if t == nil {
			g.wakeAt(slot, now)
			return
		}
		t.line.remove(t)
		t.leave(now)
		close(t.ready)
	}
}

// first returns the turn that may leave and came first. If there is none, it
// returns the time at which a turn may leave, or zero if that depends on others.
func (g *Gate) first(now time.Time) (first *Turn, soonest time.Time) {
	g.waiting = slices.DeleteFunc(g.waiting, func(l *line) bool { return !l.waits() })
	for _, l := range g.waiting {
		t := l.first()
		if t == nil {
			continue
		}
		switch slot := l.pacer.Slot(now); {
		case !slot.After(now):
			if first == nil || t.ticket < first.ticket {
				first = t
			}
		case soonest.IsZero() || slot.Before(soonest):
			soonest = slot
		}
	}
	return first, soonest
}

// wakeAt calls release at a time, or not when that is zero.
func (g *Gate) wakeAt(at, now time.Time) {
	if at.IsZero() {
		if g.timer != nil {
			g.timer.Stop()
		}
		return
	}
	if g.timer == nil {
		g.timer = time.AfterFunc(at.Sub(now), g.wake)
		return
	}
	g.timer.Reset(at.Sub(now))
}

func (g *Gate) wake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.release(g.now())
}

func (g *Gate) now() time.Time {
	if g.Now == nil {
		return time.Now()
	}
	return g.Now()
}

func (g *Gate) chance() float64 {
	if g.Chance == nil {
		return rand.Float64()
	}
	return g.Chance()
}
