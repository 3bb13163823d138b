package appstreaming

import (
	"context"
	"sync"
	"time"
)

// freshFor is how long a fetched result serves later callers: long enough that
// they do not queue, short beside the three minutes before expiry at which
// credentials-go refreshes.
const freshFor = time.Second

// credentialGate lets one fetch run at a time and shares its result. The fetch
// need not be safe for concurrent use and takes no context.
type credentialGate struct {
	fetch func() (Credentials, error) // called by one goroutine at a time
	renew func()                      // nil, or makes the next fetch start from nothing

	mu      sync.Mutex
	flight  *flight // the fetch under way
	last    *flight // the last one that succeeded
	expired bool    // what was fetched so far is refused by the service
}

type flight struct {
	done  chan struct{} // closed when the rest is set
	found Credentials
	err   error
	at    time.Time
}

func (g *credentialGate) Credentials(ctx context.Context) (Credentials, error) {
	current, fresh := g.join()
	if fresh {
		return current.found, nil
	}
	select {
	case <-current.done:
		return current.found, current.err
	case <-ctx.Done():
		return Credentials{}, context.Cause(ctx)
	}
}

// join returns a result that is fresh, or else the fetch under way, started if
// there was none.
func (g *credentialGate) join() (f *flight, fresh bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last != nil && time.Since(g.last.at) < freshFor {
		return g.last, true
	}
	if g.flight == nil {
		g.flight = &flight{done: make(chan struct{})}
		go g.run(g.flight, g.expired)
		g.expired = false
	}
	return g.flight, false
}

func (g *credentialGate) run(f *flight, expired bool) {
	if expired && g.renew != nil {
		g.renew()
	}
	f.found, f.err = g.fetch()
	f.at = time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flight = nil
	if f.err == nil {
		g.last = f
	}
	close(f.done)
}

// expire makes the next call fetch anew if refused is what the gate has.
func (g *credentialGate) expire(refused Credentials) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last != nil && g.last.found == refused {
		g.last = nil
		g.expired = true
	}
}
