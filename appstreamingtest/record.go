package appstreamingtest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming"
)

const defaultKeepRequests = 10_000

// Request is a request that the server has received. This includes refused ones.
// It contains no access key secret, token or signature.
type Request struct {
	Time        time.Time // of the server's clock
	Method      string    // GET or POST
	Action      string    // "ListImage"
	Scheme      string    // SchemeACS3, SchemeRPC or SchemeBearer; "" if it was not signed
	AccessKeyID string    // "" with a bearer token
	Nonce       string
	Attempt     int // the attempt number that the request claims, from 1
	RemoteAddr  string

	// Params are the operation's parameters by wire name, such as
	// "TagList.1.Key".
	Params map[string]string
	// InQuery lists the names of the parameters in the query string, sorted. The
	// others came in the form.
	InQuery []string
	// Header contains the headers without secrets.
	Header http.Header

	RequestID string            // of the response
	Status    int               // HTTP status of the response; 0 if there is none yet or the connection broke
	Code      appstreaming.Code // error code of the response
}

// secretHeaders are not recorded.
var secretHeaders = [...]string{
	"Authorization", "X-Acs-Security-Token", "X-Acs-Bearer-Token", "X-Acs-Zero-Trust-Idtoken", "Cookie", "Proxy-Authorization",
}

func (x *exchange) request() Request {
	req := Request{
		Time: x.now, Method: x.r.Method, Action: x.action, Scheme: x.scheme, AccessKeyID: x.keyID, Nonce: x.nonce,
		Attempt: 1, RemoteAddr: x.r.RemoteAddr, Header: x.r.Header.Clone(), RequestID: x.requestID,
		Params: make(map[string]string, len(x.params)),
	}
	for _, name := range secretHeaders {
		req.Header.Del(name)
	}
	if n, err := strconv.Atoi(x.r.Header.Get("X-Acs-Retry-Attempts")); err == nil && n > 0 {
		req.Attempt = n + 1
	}
	for name, value := range x.params {
		if !isProtocolParam(name) {
			req.Params[name] = value
		}
	}
	for _, p := range x.query {
		if !isProtocolParam(p.name) {
			req.InQuery = append(req.InQuery, p.name)
		}
	}
	slices.Sort(req.InQuery)
	return req
}

// page returns the page number of the request: 1 by default, and 0 if it is not
// a number.
func (r Request) page() int {
	text := r.Params["PageNumber"]
	if text == "" {
		return 1
	}
	n, _ := strconv.Atoi(text)
	return n
}

// String describes the request in one line, without its parameters.
func (r Request) String() string {
	var b strings.Builder
	b.WriteString(r.Method + " " + printable(r.Action) + " page " + strconv.Itoa(r.page()) + " attempt " + strconv.Itoa(r.Attempt) + ": ")
	switch {
	case r.Status == 0:
		b.WriteString("no response")
	case r.Code != "":
		b.WriteString(strconv.Itoa(r.Status) + " " + printable(string(r.Code)))
	default:
		b.WriteString(strconv.Itoa(r.Status))
	}
	return b.String()
}

// printable replaces everything that could forge a line or control a terminal.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if !strconv.IsPrint(c) {
			return ' '
		}
		return c
	}, text)
}

func (r Request) clone() Request {
	r.Params, r.InQuery, r.Header = maps.Clone(r.Params), slices.Clone(r.InQuery), r.Header.Clone()
	return r
}

// requestLog keeps the latest requests in order of arrival.
type requestLog struct {
	mu    sync.Mutex
	keep  int
	total int
	kept  []*Request
}

func (l *requestLog) add(r *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.kept = append(l.kept, r)
	l.trim()
}

// trim drops the oldest requests. It does so only now and then, to be cheap.
func (l *requestLog) trim() {
	if over := len(l.kept) - l.keep; over > l.keep/4 {
		l.kept = slices.Clone(l.kept[over:])
	}
}

func (l *requestLog) answered(r *Request, status int, code appstreaming.Code) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Status, r.Code = status, code
}

// Requests returns the latest requests in order of arrival, up to 10,000 or the
// number that [Server.KeepRequests] set.
func (s *Server) Requests() []Request {
	l := &s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.kept[max(0, len(l.kept)-l.keep):]
	requests := make([]Request, len(kept))
	for i, r := range kept {
		requests[i] = r.clone()
	}
	return requests
}

// RequestCount returns the number of requests since the start or the last
// [Server.ForgetRequests], including those no longer kept.
func (s *Server) RequestCount() int {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	return s.requests.total
}

// KeepRequests sets how many requests the server keeps for [Server.Requests]. 0
// and less: none. Default: 10,000.
func (s *Server) KeepRequests(n int) {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	s.requests.keep = max(n, 0)
	s.requests.trim()
}

// ForgetRequests removes all kept requests and sets the count to 0.
func (s *Server) ForgetRequests() {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	s.requests.kept, s.requests.total = nil, 0
}
