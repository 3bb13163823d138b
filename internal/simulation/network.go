package simulation

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"time"
)

// Network carries requests to a service.
type Network struct {
	Service *Service
	Place   func(context.Context) (Place, bool) // the attempt that a request of that context makes

	mu    sync.Mutex
	open  map[net.Conn]bool
	dials int
}

// Transport returns a transport of at most maxConns connections; 0: no limit.
func (n *Network) Transport(maxConns int) *http.Transport {
	n.open = make(map[net.Conn]bool)
	return &http.Transport{
		DialContext: n.dial, Proxy: n.refuse, DisableCompression: true,
		MaxConnsPerHost: maxConns, MaxIdleConnsPerHost: 64, IdleConnTimeout: 8 * time.Second,
	}
}

// refuse fails a request as a refused connection would. It stands where a
// transport chooses a proxy, because only there it sees the request.
func (n *Network) refuse(req *http.Request) (*url.URL, error) {
	if place, ok := n.Place(req.Context()); ok && n.Service.IsRefused(place) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return nil, nil
}

func (n *Network) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open[theirs] = true
	n.dials++
	go n.serve(theirs)
	return ours, nil
}

// Open returns how many connections the client has not closed. It closes them.
func (n *Network) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	open := len(n.open)
	for conn := range n.open {
		conn.Close()
	}
	return open
}

// serve answers the requests of a connection.
func (n *Network) serve(conn net.Conn) {
	defer func() {
		conn.Close()
		n.mu.Lock()
		delete(n.open, conn)
		n.mu.Unlock()
	}()
	reader := bufio.NewReader(conn)
	for {
		received, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		q, err := n.Service.read(received)
		if err != nil {
			return
		}
		delays := n.Service.plan.Seed.Draw(q.parts(ofDelay)...)
		time.Sleep(time.Millisecond + time.Duration(delays.Int64N(int64(50*time.Millisecond))))
		a := n.Service.answer(&q)
		time.Sleep(time.Duration(delays.Int64N(int64(50 * time.Millisecond))))
		if a.trouble == Late {
			time.Sleep(n.Service.plan.Late)
		}
		if !a.send(conn) {
			return
		}
	}
}

// send writes the answer. It reports whether the connection stays open.
func (a *answer) send(conn net.Conn) bool {
	wait := func() { _, _ = io.Copy(io.Discard, conn) } // until the client closes the connection
	length := len(a.body)
	sent := a.body
	switch a.trouble {
	case Refused, Reset:
		return false
	case Hang:
		wait()
		return false
	case NotHTTP:
		_, _ = conn.Write([]byte("SSH-2.0-OpenSSH_9.6\r\n\x00\r\n\r\n"))
		return false
	case Switch:
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n"))
		wait()
		return false
	case CutBody, HangBody:
		sent = sent[:length/2]
	case CutRefusal, CutThrottled:
		length += 100
	}
	const status = "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
	head := fmt.Appendf(make([]byte, 0, 300+length), status, a.status, http.StatusText(a.status))
	for i := 0; i < len(a.header); i += 2 {
		head = fmt.Appendf(head, "%s: %s\r\n", a.header[i], a.header[i+1])
	}
	if a.trouble == CutHeader {
		_, _ = conn.Write(head)
		return false
	}
	if a.trouble == CutChunk {
		head = fmt.Appendf(head, "Transfer-Encoding: chunked\r\n\r\n%x\r\n", length)
		sent = sent[:length/2]
	} else {
		head = fmt.Appendf(head, "Content-Length: %d\r\n\r\n", length)
	}
	if a.trouble == Drip {
		for len(sent) > 10 {
			if _, err := conn.Write(append(head, sent[:len(sent)/2]...)); err != nil {
				return false
			}
			head, sent = head[:0], sent[len(sent)/2:]
			time.Sleep(100 * time.Millisecond)
		}
	}
	if _, err := conn.Write(append(head, sent...)); err != nil {
		return false
	}
	switch a.trouble {
	case HangBody:
		wait()
		return false
	case CutBody, CutChunk, CutRefusal, CutThrottled, CloseAfter:
		return false
	}
	return true
}
