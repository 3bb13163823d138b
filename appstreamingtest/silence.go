package appstreamingtest

import (
	"net"
	"sync/atomic"
	"time"
)

// GoSilent makes every open connection swallow what it receives and send nothing
// more, like a broken relay. New connections work. Silent connections end when
// the client or the server closes them.
func (s *Server) GoSilent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.busy.open {
		for c != nil {
			if quiet, ok := c.(*quietConn); ok {
				quiet.goSilent()
				break
			}
			c = inner(c)
		}
	}
}

// inner returns the connection below a wrapper such as *tls.Conn, or nil.
func inner(c net.Conn) net.Conn {
	if wrapper, ok := c.(interface{ NetConn() net.Conn }); ok {
		return wrapper.NetConn()
	}
	return nil
}

// quietListener accepts connections that can go silent.
type quietListener struct{ net.Listener }

func (l quietListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &quietConn{Conn: c}, nil
}

type quietConn struct {
	net.Conn
	silent atomic.Bool
}

// NetConn returns the connection below.
func (c *quietConn) NetConn() net.Conn { return c.Conn }

func (c *quietConn) goSilent() {
	c.silent.Store(true)
	_ = c.Conn.SetDeadline(time.Time{}) // an HTTP server that waits would end the connection
}

func (c *quietConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if !c.silent.Load() {
			return n, err
		}
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			_ = c.Conn.SetDeadline(time.Time{}) // set just before the silence
		} else if err != nil {
			return 0, err // closed
		}
	}
}

func (c *quietConn) Write(b []byte) (int, error) {
	if c.silent.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *quietConn) SetDeadline(t time.Time) error {
	if c.silent.Load() {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

func (c *quietConn) SetReadDeadline(t time.Time) error {
	if c.silent.Load() {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

func (c *quietConn) SetWriteDeadline(t time.Time) error {
	if c.silent.Load() {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}
