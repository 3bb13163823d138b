package appstreamingtest

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
)

// Server behaves as the service does, for the one operation ListImage. Make one
// with [NewServer], [Start] or [New]. All its methods may be called at any time
// and concurrently.
//
// It is an [http.Handler], and can be mounted on any server or listener.
type Server struct {
	tb testing.TB // nil outside tests

	mu        sync.Mutex
	url       string
	closed    bool
	done      chan struct{} // closed by Close: ends hangs and waits
	listeners sync.WaitGroup
	inFlight  sync.WaitGroup // calls of ServeHTTP
	https     []*http.Server
	pipe      *pipe

	open     map[net.Conn]bool
	accepted int
	allGone  *sync.Cond // signalled when open becomes empty

	settings settings
	keys     keyring
	nonces   nonceBook
	stock    inventory
	faults   faultQueue
	requests requestLog
	bucket   bucket

	buffers    sync.Pool // *[]byte, bodies of pages
	gzips      sync.Pool // *gzip.Writer
	requestIDs uint64
}

// New makes a Server holding images that does not listen. Mount it as an
// [http.Handler], give it a listener with [Server.Serve], or talk to it through
// memory with [Server.Client] or [Server.HTTPClient]: that way it can be used
// inside a testing/synctest bubble, when New is called inside it too. Close it
// when done.
func New(images ...appstreaming.Image) *Server {
	s := &Server{done: make(chan struct{}), open: make(map[net.Conn]bool)}
	s.allGone = sync.NewCond(&s.mu)
	s.settings.clock = time.Now
	s.keys.reset()
	s.requests.keep = defaultKeepRequests
	s.stock.put(images, false)
	return s
}

// Start makes a Server holding images that listens on a free port of the
// loopback interface until it is closed. The error is that of listening.
func Start(images ...appstreaming.Image) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := New(images...)
	if err := s.start(l, "http://"+l.Addr().String()); err != nil {
		return nil, err
	}
	return s, nil
}

// NewServer is [Start] for tests: the server is closed when the test ends, and
// a failure to listen is the test's.
func NewServer(tb testing.TB, images ...appstreaming.Image) *Server {
	tb.Helper()
	s, err := Start(images...)
	if err != nil {
		tb.Fatalf("appstreamingtest: %v", err)
		return nil
	}
	s.tb = tb
	tb.Cleanup(s.Close)
	return s
}

// Serve answers on l until the server is closed, and closes l. It returns
// [http.ErrServerClosed] then, and the listener's error when l fails before. The
// first listener served gives the server its [Server.URL].
func (s *Server) Serve(l net.Listener) error {
	h, err := s.attach(l, "http://"+l.Addr().String())
	if err != nil {
		return err
	}
	defer s.listeners.Done()
	return h.Serve(l)
}

// start serves l in the background.
func (s *Server) start(l net.Listener, url string) error {
	h, err := s.attach(l, url)
	if err != nil {
		return err
	}
	go func() {
		defer s.listeners.Done()
		_ = h.Serve(l) // it ends when the server is closed
	}()
	return nil
}

// attach makes the HTTP server for a listener, which counts as one of
// s.listeners from then on.
func (s *Server) attach(l net.Listener, url string) (*http.Server, error) {
	h := &http.Server{
		Handler:           s,
		ConnState:         s.connState,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.Join(http.ErrServerClosed, l.Close())
	}
	if s.url == "" {
		s.url = url
	}
	s.https = append(s.https, h)
	s.listeners.Add(1)
	return h, nil
}

// URL is where the server listens, as "http://127.0.0.1:40123", or "" when it
// does not.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// Close stops listening, ends hangs and waits, closes every connection and
// waits until all are gone: no goroutine of the server is left. A request that
// comes later through a handler mounted elsewhere has its connection closed.
// Closing again does nothing.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	servers, pipe := s.https, s.pipe
	s.mu.Unlock()

	for _, h := range servers {
		_ = h.Close() // errors of closing listeners help nobody here
	}
	if pipe != nil {
		pipe.close()
	}
	s.listeners.Wait()
	s.inFlight.Wait()

	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.open) > 0 {
		s.allGone.Wait()
	}
}

// Connections tells how many connections the server has accepted on its own
// listeners so far, and how many of them are open.
func (s *Server) Connections() (accepted, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted, len(s.open)
}

func (s *Server) connState(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.accepted++
		s.open[c] = true
	case http.StateClosed, http.StateHijacked: // whoever hijacks a connection closes it
		delete(s.open, c)
		if len(s.open) == 0 {
			s.allGone.Broadcast()
		}
	}
}

// enter counts a call of ServeHTTP; false when the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.inFlight.Add(1)
	return true
}

// sleep waits for d; false when the client went away or the server was closed
// before. A negative d waits for one of the two.
func (s *Server) sleep(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	var elapsed <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		elapsed = timer.C
	}
	select {
	case <-elapsed:
		return true
	case <-ctx.Done():
		return false
	case <-s.done:
		return false
	}
}
