package main

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// maxRequests bounds what one run sends, retries included.
const maxRequests = 40

var errTooManyRequests = errors.New("doctor has sent all the requests it may send")

// exchange is one request as it was on the network.
type exchange struct {
	status  int // 0: no response
	proto   string
	header  http.Header
	tls     *tls.ConnectionState
	reused  bool // the connection had served a request before
	dns     time.Duration
	connect time.Duration
	secure  time.Duration // of the TLS handshake
	address string        // where the connection went
	at      time.Time     // when the headers had arrived
}

// recorder is a transport that notes how requests travel, and stops at
// maxRequests.
type recorder struct {
	next http.RoundTripper
	now  func() time.Time

	mu        sync.Mutex
	exchanges []*exchange
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	x := new(exchange)
	r.mu.Lock()
	full := len(r.exchanges) >= maxRequests
	if !full {
		r.exchanges = append(r.exchanges, x)
	}
	r.mu.Unlock()
	if full {
		return nil, errTooManyRequests
	}
	trace := x.trace()
	resp, err := r.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	r.mu.Lock()
	defer r.mu.Unlock()
	if resp != nil {
		x.status, x.proto, x.header, x.tls, x.at = resp.StatusCode, resp.Proto, resp.Header, resp.TLS, r.now()
	}
	return resp, err
}

// trace fills the parts of x that only the transport sees. Its hooks may run on
// other goroutines, but all of them before the response they belong to, except
// for a dial that loses a race; those times are then the faster dial's or zero.
func (x *exchange) trace() *httptrace.ClientTrace {
	var mu sync.Mutex
	var dns, connect, secure time.Time
	since := func(start *time.Time, into *time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if *into == 0 && !start.IsZero() {
			*into = time.Since(*start)
		}
	}
	begin := func(start *time.Time) {
		mu.Lock()
		defer mu.Unlock()
		if start.IsZero() {
			*start = time.Now()
		}
	}
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { begin(&dns) },
		DNSDone:           func(httptrace.DNSDoneInfo) { since(&dns, &x.dns) },
		ConnectStart:      func(string, string) { begin(&connect) },
		ConnectDone:       func(string, string, error) { since(&connect, &x.connect) },
		TLSHandshakeStart: func() { begin(&secure) },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { since(&secure, &x.secure) },
		GotConn: func(info httptrace.GotConnInfo) {
			x.reused, x.address = info.Reused, info.Conn.RemoteAddr().String()
		},
	}
}

// last returns the newest exchange, nil when there is none.
func (r *recorder) last() *exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.exchanges) == 0 {
		return nil
	}
	return r.exchanges[len(r.exchanges)-1]
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.exchanges)
}

// newTransport is set up as the library's own.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     time.Minute, // longer than the service keeps a connection, which one check finds out
		DisableCompression:  true,
	}
}
