package main

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// limit is how a service limits requests. It is not safe for concurrent use.
type limit interface {
	// ask takes one request at a time since the limit's start. When the request
	// is refused, ask returns after what time one is allowed again.
	ask(at time.Duration) (wait time.Duration)
}

// counting is a way of counting requests.
type counting int

const (
	perSecondBucket counting = iota // a bucket that holds one second's worth
	quarterBucket                   // a bucket that holds a quarter of that, and at least 2
	wholeSeconds                    // so many in each whole second
	burstlessBucket                 // a bucket that holds one request
	droppingBucket                  // the first, whose rate is a quarter from second 3 to second 7
)

// ordinary is how services usually count.
var ordinary = []counting{perSecondBucket, quarterBucket, wholeSeconds}

func (c counting) String() string {
	return [...]string{"bucket of 1 s", "bucket of 1/4 s", "whole seconds", "no burst", "drops to 1/4"}[c]
}

// newLimit returns the limit of so many requests a second. Phase is how much of
// the first whole second has passed at the start.
func (c counting) newLimit(rate float64, phase time.Duration) limit {
	switch c {
	case perSecondBucket:
		return newBucket(rate, rate)
	case quarterBucket:
		return newBucket(rate, max(2, math.Floor(rate/4)))
	case wholeSeconds:
		return &window{rate: int(rate), phase: phase, second: -1}
	case burstlessBucket:
		return newBucket(rate, 1)
	case droppingBucket:
		return &dropping{bucket: newBucket(rate, rate), full: rate}
	}
	panic(fmt.Sprintf("no such way of counting: %d", int(c)))
}

// bucket is refilled evenly.
type bucket struct {
	rate, burst, tokens float64
	at                  time.Duration
}

func newBucket(rate, burst float64) *bucket { return &bucket{rate: rate, burst: burst, tokens: burst} }

func (b *bucket) ask(at time.Duration) time.Duration {
	b.fill(at)
	if b.tokens >= 1-1e-6 {
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) / b.rate * float64(time.Second))
}

func (b *bucket) fill(at time.Duration) {
	b.tokens = min(b.burst, b.tokens+max(0, at-b.at).Seconds()*b.rate)
	b.at = max(b.at, at)
}

// window allows so many requests in each whole second.
type window struct {
	rate, used int
	second     int64
	phase      time.Duration
}

func (w *window) ask(at time.Duration) time.Duration {
	second := int64((at + w.phase) / time.Second)
	if second > w.second {
		w.second, w.used = second, 0
	}
	if w.used < w.rate {
		w.used++
		return 0
	}
	return time.Duration(w.second+1)*time.Second - w.phase - at
}

// dropping is a bucket whose rate drops for a while.
type dropping struct {
	*bucket
	full float64
}

const dropBegins, dropEnds = 3 * time.Second, 7 * time.Second

func (d *dropping) ask(at time.Duration) time.Duration {
	d.fill(at)
	d.rate = d.full
	if at >= dropBegins && at < dropEnds {
		d.rate = d.full / 4
	}
	d.burst = d.rate
	return d.bucket.ask(at)
}

// gatekeeper applies a limit to requests as they come, on the clock.
type gatekeeper struct {
	mu     sync.Mutex
	limit  limit
	start  time.Time // the first request
	asked  int
	denied int
}

func (g *gatekeeper) ask() (wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.start.IsZero() {
		g.start = time.Now()
	}
	g.asked++
	if wait = g.limit.ask(time.Since(g.start)); wait > 0 {
		g.denied++
	}
	return wait
}

// leastTime returns the time of a scheduler that knows everything: limit, phase,
// burst, latency and window. The clients share the limit. The first page of each
// is fetched alone.
func leastTime(l limit, clients, pages, window int, latency time.Duration) time.Duration {
	window = max(1, window) * clients
	done := make([]time.Duration, clients*pages)
	last := time.Duration(0) // the latest request to reach the service
	for i := range done {
		sent := time.Duration(0)
		if i >= clients {
			sent = done[i%clients]
		}
		if i >= window {
			sent = max(sent, done[i-window])
		}
		reached := max(sent+latency/2, last)
		for wait := l.ask(reached); wait > 0; wait = l.ask(reached) {
			reached += wait + time.Microsecond
		}
		last = reached
		done[i] = reached + latency - latency/2
	}
	return done[len(done)-1] // they finish in order
}
