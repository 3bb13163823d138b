package appstreamingtest

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/wuying-go/appstreaming"
)

// pipeURL is the endpoint of a server reached through memory. DNS can never
// contain this name.
const pipeURL = "http://appstreamingtest.invalid"

// maxIdlePipes is enough for the largest prefetch.
const maxIdlePipes = 2 * appstreaming.MaxPrefetch

// pipe is a listener of connections in memory.
type pipe struct {
	conns     chan net.Conn
	done      chan struct{}
	once      sync.Once
	transport *http.Transport
}

// HTTPClient returns an HTTP client that reaches this server through memory, for
// any address. It works inside a testing/synctest bubble if the server was made
// by [New] inside the bubble. All these clients share one pool of connections,
// which ends with [Server.Close]. After Close every request fails.
func (s *Server) HTTPClient() *http.Client {
	s.mu.Lock()
	p, isNew := s.pipe, s.pipe == nil
	if isNew {
		p = &pipe{conns: make(chan net.Conn), done: make(chan struct{})}
		p.transport = &http.Transport{DialContext: p.dial, MaxIdleConnsPerHost: maxIdlePipes}
		s.pipe = p
	}
	s.mu.Unlock()
	if isNew {
		_ = s.serveInBackground(p, "") // fails only if the server is closed, and closes p
	}
	return &http.Client{Transport: p.transport}
}

func (p *pipe) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept, Close and Addr make pipe a net.Listener.
func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipe) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipe) Addr() net.Addr { return pipeAddr{} }

func (p *pipe) close() {
	_ = p.Close()
	p.transport.CloseIdleConnections()
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
