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
	status int // 0: no response
	proto  string
	header http.Header
	tls    *tls.ConnectionState
	at     time.Time // when the headers had arrived
	journey
}

// journey is how far a request came, and how long the parts of the way took.
type journey struct {
	reached stage
	reused  bool // the connection had served a request before
	dns     time.Duration
	connect time.Duration
	secure  time.Duration // of the TLS handshake
	address string        // where the connection went
}

// stage is a part of the way to a response.
type stage int

const (
	nowhere     stage = iota // nothing was sent
	lookingUp                // asks the name server
	connecting               // dials
	connected                // has a connection, and nothing was said over it, except to a proxy
	handshaking              // in the TLS handshake
	exchanging               // the request is sent, or could be
)

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
	var t tracer
	resp, err := r.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), t.trace())))
	r.mu.Lock()
	defer r.mu.Unlock()
	x.journey = t.now()
	if resp != nil {
		x.status, x.proto, x.header, x.tls, x.at = resp.StatusCode, resp.Proto, resp.Header, resp.TLS, r.now()
	}
	return resp, err
}

// tracer follows one request. Its hooks run on other goroutines, and a dial that
// loses a race calls them even after the response. Therefore they are locked.
type tracer struct {
	mu                   sync.Mutex
	j                    journey
	dns, connect, secure time.Time
}

func (t *tracer) now() journey {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.j
}

func (t *tracer) trace() *httptrace.ClientTrace {
	begin := func(s stage, start *time.Time) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.j.reached = max(t.j.reached, s)
		if start.IsZero() {
			*start = time.Now()
		}
	}
	end := func(err error, s stage, start *time.Time, took *time.Duration) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if err != nil {
			return
		}
		t.j.reached = max(t.j.reached, s)
		if *took == 0 && !start.IsZero() {
			*took = time.Since(*start)
		}
	}
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { begin(lookingUp, &t.dns) },
		DNSDone:           func(info httptrace.DNSDoneInfo) { end(info.Err, lookingUp, &t.dns, &t.j.dns) },
		ConnectStart:      func(string, string) { begin(connecting, &t.connect) },
		ConnectDone:       func(_, _ string, err error) { end(err, connected, &t.connect, &t.j.connect) },
		TLSHandshakeStart: func() { begin(handshaking, &t.secure) },
		TLSHandshakeDone:  func(_ tls.ConnectionState, err error) { end(err, handshaking, &t.secure, &t.j.secure) },
		GotConn: func(info httptrace.GotConnInfo) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.j.reached, t.j.reused, t.j.address = exchanging, info.Reused, info.Conn.RemoteAddr().String()
		},
	}
}

// last returns the newest exchange, an empty one when there is none.
func (r *recorder) last() exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.exchanges) == 0 {
		return exchange{}
	}
	return *r.exchanges[len(r.exchanges)-1]
}

// all returns copies of the exchanges so far.
func (r *recorder) all() []exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	copies := make([]exchange, len(r.exchanges))
	for i, x := range r.exchanges {
		copies[i] = *x
	}
	return copies
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
