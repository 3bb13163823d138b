package pacer

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// Listing marks the turns of a listing, whose pages leave in the order of their
// numbers. Its requests may leave through several gates.
type Listing struct{ served atomic.Int64 }

// Progress is what the service serves apart from the turn's own request.
type Progress struct {
	Listing int64         // requests of the turn's listing served
	Quiet   time.Duration // since a request of the account was served
}

// Turn is the place of a call in a Gate, for all attempts of the call. It is not
// safe for concurrent use.
type Turn struct {
	Listing *Listing // set before the first Enter; nil: none
	Page    int      // of the listing

	HeldFor  time.Duration // how long a requested delay held the turn back, set by Enter
	Progress Progress      // set by Leave

	entered time.Time
	ticket  uint64 // the order in which turns came
	line    *line
	pool    *pool
	sent    time.Time
	ready   chan struct{} // closed when the turn may leave
}

// mayLeave reports whether the turn could leave as the first of its line.
func (t *Turn) mayLeave(now time.Time) bool {
	return !t.pool.full() && !t.line.pacer.Slot(now).After(now)
}

func (t *Turn) leave(now time.Time) {
	t.sent = now
	t.HeldFor = max(0, t.line.pacer.hold.Sub(t.entered))
	t.line.active++
	t.pool.used++
	t.line.pacer.Sent(now)
}

// giveBack undoes leave.
func (t *Turn) giveBack() {
	t.line.active--
	t.pool.used--
	t.line.pacer.Unsent()
}

// line holds the turns of an account that wait.
type line struct {
	account Account
	pacer   Pacer
	active  int       // turns that have left and still run
	served  time.Time // the latest answer to a request that was served
	queues  []*queue  // none is empty
}

// queue holds the turns of a line that wait for connections of one pool. A pool
// that is full keeps only its own turns waiting.
type queue struct {
	pool  *pool
	turns []*Turn // in the order of their tickets
}

// insert adds a turn.
func (l *line) insert(t *Turn) {
	for _, q := range l.queues {
		if q.pool == t.pool {
			q.insert(t)
			return
		}
	}
	l.queues = append(l.queues, &queue{pool: t.pool, turns: []*Turn{t}})
}

// remove reports whether the turn was waiting.
func (l *line) remove(t *Turn) bool {
	for n, q := range l.queues {
		if q.pool != t.pool {
			continue
		}
		i, found := slices.BinarySearchFunc(q.turns, t.ticket, compareTicket)
		if found {
			q.turns = slices.Delete(q.turns, i, i+1)
		}
		if len(q.turns) == 0 {
			l.queues = slices.Delete(l.queues, n, n+1)
		}
		return found
	}
	return false
}

// first returns the turn that came first of those whose pools are not full.
func (l *line) first() *Turn {
	var first *Turn
	for _, q := range l.queues {
		if t := q.turns[0]; !q.pool.full() && (first == nil || t.ticket < first.ticket) {
			first = t
		}
	}
	return first
}

// insert adds a turn. The waiting pages of a listing share their tickets: the
// first page takes the first ticket.
func (q *queue) insert(t *Turn) {
	i, _ := slices.BinarySearchFunc(q.turns, t.ticket, compareTicket)
	q.turns = slices.Insert(q.turns, i, t)
	if t.Listing == nil {
		return
	}
	for j := i - 1; j >= 0; j-- {
		if other := q.turns[j]; other.Listing == t.Listing && other.Page > t.Page {
			q.swap(i, j)
			i = j
		}
	}
	for j := i + 1; j < len(q.turns); j++ {
		if other := q.turns[j]; other.Listing == t.Listing && other.Page < t.Page {
			q.swap(i, j)
			i = j
		}
	}
}

// swap exchanges two turns and their tickets, so that the order of tickets stays.
func (q *queue) swap(i, j int) {
	q.turns[i], q.turns[j] = q.turns[j], q.turns[i]
	q.turns[i].ticket, q.turns[j].ticket = q.turns[j].ticket, q.turns[i].ticket
}

func compareTicket(t *Turn, ticket uint64) int { return cmp.Compare(t.ticket, ticket) }

// waits reports whether turns wait.
func (l *line) waits() bool { return len(l.queues) > 0 }

func (l *line) unused(now time.Time) bool {
	return l.active == 0 && !l.waits() && !l.pacer.Awake(now)
}

// poolKey names the connections of a pool to one endpoint.
type poolKey struct {
	pool     any
	endpoint string
}

// pool counts the requests in flight over the connections of a pool to one
// endpoint.
type pool struct{ width, used int }

func (p *pool) full() bool { return p.width > 0 && p.used >= p.width }

func (p *pool) unused(time.Time) bool { return p.used == 0 }

func (g *Gate) line(a Account, now time.Time) *line {
	l, found := g.lines.items[a]
	if !found {
		l = &line{account: a}
		g.lines.add(a, l, now)
	}
	return l
}

func (g *Gate) pool(r Route, now time.Time) *pool {
	key := poolKey{r.Pool, r.Endpoint}
	p, found := g.pools.items[key]
	if !found {
		p = &pool{width: r.Width}
		g.pools.add(key, p, now)
	}
	return p
}

// shelf holds values by key, and drops unused ones before it grows.
type shelf[K comparable, V interface{ unused(now time.Time) bool }] struct {
	items map[K]V
	size  int // number of items at which unused ones are dropped
}

const smallestShelf = 64

func (s *shelf[K, V]) add(key K, value V, now time.Time) {
	if len(s.items) >= s.size {
		for k, v := range s.items {
			if v.unused(now) {
				delete(s.items, k)
			}
		}
		s.size = max(smallestShelf, 2*len(s.items))
	}
	if s.items == nil {
		s.items = make(map[K]V)
	}
	s.items[key] = value
}
