package appstreamingtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
)

// Server behaves as the service does, for the one operation ListImage. Make one
// with [NewServer], [NewTLSServer], [Start], [StartTLS] or [New]. All methods are
// safe for concurrent use.
//
// Server is an [http.Handler] and can be mounted on any server or listener.
type Server struct {
	tb testing.TB // nil outside tests

	mu          sync.Mutex
	url         string
	certificate *tls.Certificate // nil without TLS
	closed      bool
	done        chan struct{} // closed by Close; ends hangs and waits
	https       []*http.Server
	pipe        *pipe
	transport   *http.Transport // of clients of a server with TLS

	busy     busy
	accepted int

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

// New returns a Server that holds images and does not listen. Mount it as an
// [http.Handler], give it a listener with [Server.Serve], or reach it through
// memory with [Server.Client] or [Server.HTTPClient]. Reached through memory, it
// works inside a testing/synctest bubble if New is called inside the bubble.
//
// The images are copied. Close the server when it is no longer needed.
func New(images ...appstreaming.Image) *Server {
	s := &Server{done: make(chan struct{})}
	s.busy.init(&s.mu)
	s.settings.clock = time.Now
	s.keys.reset()
	s.requests.keep = defaultKeepRequests
	s.stock.put(images, false)
	return s
}

// Start returns a Server that holds images and listens on a free port of the
// loopback interface until it is closed. The error is that of listening.
func Start(images ...appstreaming.Image) (*Server, error) { return start(nil, images) }

// NewServer is [Start] for tests. It closes the server when the test ends. If it
// cannot listen, the test fails.
func NewServer(tb testing.TB, images ...appstreaming.Image) *Server {
	tb.Helper()
	return started(tb, nil, images)
}

func start(certificate *tls.Certificate, images []appstreaming.Image) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := New(images...)
	s.certificate = certificate
	scheme := "http://"
	if certificate != nil {
		scheme = "https://"
	}
	if err := s.serveInBackground(l, scheme+l.Addr().String()); err != nil {
		return nil, err
	}
	return s, nil
}

func started(tb testing.TB, certificate *tls.Certificate, images []appstreaming.Image) *Server {
	tb.Helper()
	s, err := start(certificate, images)
	if err != nil {
		tb.Fatalf("appstreamingtest: %v", err)
		return nil
	}
	s.tb = tb
	tb.Cleanup(s.Close)
	return s
}

// Serve answers requests on l until the server is closed, and closes l. It then
// returns [http.ErrServerClosed], or the listener's error if l fails before. The
// first listener gives the server its [Server.URL].
func (s *Server) Serve(l net.Listener) error {
	h, err := s.attach(l, "http://"+l.Addr().String())
	if err != nil {
		return err
	}
	defer s.busy.add(&s.busy.listeners, -1)
	return h.Serve(quietListener{l})
}

func (s *Server) serveInBackground(l net.Listener, url string) error {
	h, err := s.attach(l, url)
	if err != nil {
		return err
	}
	go func() {
		defer s.busy.add(&s.busy.listeners, -1)
		// Both return when the server is closed.
		if strings.HasPrefix(url, "https:") {
			_ = h.ServeTLS(quietListener{l}, "", "")
		} else {
			_ = h.Serve(quietListener{l})
		}
	}()
	return nil
}

// attach makes the HTTP server for a listener and counts the listener.
func (s *Server) attach(l net.Listener, url string) (*http.Server, error) {
	h := &http.Server{
		Handler:           s,
		ConnState:         s.connState,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(panicsOnly{}, "", 0),
	}
	if s.certificate != nil {
		h.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*s.certificate}, MinVersion: tls.VersionTLS12}
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
	s.busy.listeners++
	return h, nil
}

// URL returns the server's address, such as "http://127.0.0.1:40123", or "" if
// the server does not listen.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// Certificate returns the certificate of a server with TLS, or nil. It is valid
// for 127.0.0.1, localhost and example.com. Clients must add it to their roots.
func (s *Server) Certificate() *x509.Certificate {
	if s.certificate == nil {
		return nil
	}
	return s.certificate.Leaf
}

// Connections returns how many connections the server has accepted on its own
// listeners so far, and how many of them are open.
func (s *Server) Connections() (accepted, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted, len(s.busy.open)
}

func (s *Server) connState(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.accepted++
		s.busy.open[c] = true
	case http.StateClosed, http.StateHijacked: // the code that hijacks a connection closes it
		delete(s.busy.open, c)
		s.busy.changed.Broadcast()
	}
}

// sleep waits for d. It returns false if the client goes away or the server is
// closed first. A negative d waits for one of the two.
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
