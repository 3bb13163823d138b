package appstreamingtest

import (
	"fmt"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// patience is how long Close waits before it reports what it waits for.
const patience = 5 * time.Second

// busy counts what Close waits for. All fields are guarded by Server.mu.
type busy struct {
	mu        *sync.Mutex
	changed   *sync.Cond
	listeners int
	requests  int
	callbacks map[string]int // running functions of the test, by the method that took them
	open      map[net.Conn]bool
}

func (b *busy) init(mu *sync.Mutex) {
	b.mu = mu
	b.changed = sync.NewCond(mu)
	b.callbacks = make(map[string]int)
	b.open = make(map[net.Conn]bool)
}

// add changes one of the counts.
func (b *busy) add(count *int, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*count += n
	b.changed.Broadcast()
}

func (b *busy) addCallback(name string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.callbacks[name] += n
}

func (b *busy) idle() bool { return b.listeners == 0 && b.requests == 0 && len(b.open) == 0 }

// String lists everything that Close waits for.
func (b *busy) String() string {
	var parts []string
	count := func(n int, what string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+what)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, what))
		}
	}
	count(b.requests, "request")
	var names []string
	for name, n := range b.callbacks {
		if n > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		count(b.callbacks[name], "call") // of the function
		parts[len(parts)-1] += " of the function given to " + name
	}
	count(len(b.open), "open connection")
	count(b.listeners, "listener")
	return strings.Join(parts, ", ")
}

// Close stops listening, ends hangs and waits, closes all connections and waits
// until no goroutine of the server is left. If this takes more than 5 seconds,
// Close reports what it waits for, to the test or with package log, and goes on
// waiting. Later requests through a handler mounted elsewhere have their
// connection closed. Closing a closed server does nothing.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	servers, pipe, transport := s.https, s.pipe, s.transport
	s.mu.Unlock()

	for _, h := range servers {
		_ = h.Close() // errors of closing listeners do not matter here
	}
	if pipe != nil {
		pipe.close()
	}
	if transport != nil {
		transport.CloseIdleConnections()
	}

	slow := time.AfterFunc(patience, s.reportSlowClose)
	defer slow.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.busy.idle() {
		s.busy.changed.Wait()
	}
}

func (s *Server) reportSlowClose() {
	s.mu.Lock()
	waitsFor := s.busy.String()
	s.mu.Unlock()
	const format = "appstreamingtest: Close has waited %v so far, for %s"
	if s.tb != nil {
		s.tb.Logf(format, patience, waitsFor)
	} else {
		log.Printf(format, patience, waitsFor)
	}
}

// enter counts a request. It returns false if the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.busy.requests++
	return true
}

func (s *Server) leave() { s.busy.add(&s.busy.requests, -1) }
