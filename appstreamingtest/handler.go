package appstreamingtest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming"
)

// answer is a response about to be sent.
type answer struct {
	status int
	code   appstreaming.Code
	header http.Header
	body   []byte
}

// ServeHTTP answers a request as the service would, or as a [Fault] specifies.
// Where there is no other way to break a connection, it panics with
// [http.ErrAbortHandler], as net/http documents.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		abort()
	}
	defer s.leave()

	set := s.current()
	var now time.Time
	s.call("SetClock", func() { now = set.clock().UTC() })
	x, refused, err := s.read(r, now)
	if err != nil {
		abort() // the client has gone
	}
	x.requestID = s.newRequestID()
	if refused == nil {
		refused = s.verify(x)
	}
	req := x.request()
	s.requests.add(&req)

	var fault Fault
	if refused == nil {
		if set.onRequest != nil {
			s.call("OnRequest", func() { set.onRequest(req.clone()) })
			set = s.current()
		}
		if !s.sleep(r.Context(), set.latency) {
			abort()
		}
		if wait := s.throttle(); wait > 0 {
			refused = throttled(wait)
		} else {
			s.call("Fail", func() { fault = s.faults.take(req.clone()) })
		}
	}

	buffer := s.buffer()
	defer s.buffers.Put(buffer)
	a := s.answer(buffer, x, refused, &fault, &set)
	a.setHeader(x, &fault)
	if !fault.breaksBeforeHeaders() {
		s.requests.answered(&req, a.status, a.code)
	}
	s.deliver(w, r, a, &fault, set.gzip && acceptsGzip(r))
}

func abort() { panic(http.ErrAbortHandler) }

func (s *Server) buffer() *[]byte {
	if b, ok := s.buffers.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

// newRequestID returns an identifier of the service's form. Every server returns
// the same sequence.
func (s *Server) newRequestID() string {
	s.mu.Lock()
	s.requestIDs++
	n := s.requestIDs
	s.mu.Unlock()
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80 // a UUID of version 5
	return fmt.Sprintf("%X-%X-%X-%X-%X", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func throttled(wait time.Duration) *refusal {
	ref := refuse(http.StatusBadRequest, appstreaming.CodeThrottlingUser, "Request was denied due to user flow control.")
	milliseconds := (wait + time.Millisecond - 1) / time.Millisecond
	ref.header = http.Header{"X-Acs-Retry-After": {strconv.FormatInt(int64(milliseconds), 10)}}
	return ref
}

// answer makes the response. Its body may use buffer.
func (s *Server) answer(buffer *[]byte, x *exchange, refused *refusal, f *Fault, set *settings) *answer {
	switch {
	case refused != nil:
	case f.Code != "":
		refused = f.refusal()
	case f.Status != 0 || f.Body != "":
		return &answer{status: soundStatus(f.Status), body: s.rewritten([]byte(f.Body), f)}
	default:
		*buffer, refused = s.page((*buffer)[:0], x, set)
	}

	a := &answer{status: http.StatusOK, body: *buffer}
	root := "ListImageResponse"
	if refused != nil {
		a = &answer{status: soundStatus(refused.status), code: refused.code, header: refused.header, body: x.errorBody(refused)}
		root = "Error"
	}
	if len(f.ImageMembers) > 0 {
		a.body = overrideFirstImage(a.body, f.ImageMembers)
	}
	if len(f.Members) > 0 {
		a.body = overrideMembers(a.body, f.Members)
	}
	a.body = s.rewritten(a.body, f)
	if a.header == nil {
		a.header = make(http.Header)
	}
	a.header.Set("Content-Type", "application/json;charset=utf-8")
	if x.xml || f.XML {
		a.header.Set("Content-Type", "text/xml;charset=utf-8")
		a.body = toXML(root, a.body)
	}
	return a
}

// rewritten applies the fault's own change to a body.
func (s *Server) rewritten(body []byte, f *Fault) []byte {
	if f.Rewrite != nil {
		s.call("Fail", func() { body = f.Rewrite(slices.Clone(body)) })
	}
	return body
}

func overrideFirstImage(page []byte, overrides map[string]json.RawMessage) []byte {
	members, err := splitObject(page)
	if err != nil {
		return page
	}
	for i, m := range members {
		var images []json.RawMessage
		if m.name == "Data" && json.Unmarshal(m.value, &images) == nil && len(images) > 0 {
			first := overrideMembers(images[0], overrides)
			rest := m.value[1+len(images[0]):]
			members[i].value = append(append([]byte{'['}, first...), rest...)
		}
	}
	return joinObject(members)
}

// setHeader adds the headers of every response, and the fault's.
func (a *answer) setHeader(x *exchange, f *Fault) {
	if a.header == nil {
		a.header = make(http.Header)
	}
	a.header.Set("Date", x.now.Format(http.TimeFormat))
	a.header.Set("X-Acs-Request-Id", x.requestID)
	for name, values := range f.Header {
		a.header[http.CanonicalHeaderKey(name)] = values
	}
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(coding, "gzip") {
			q, found := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			zero, err := strconv.ParseFloat(q, 64)
			return !found || err == nil && zero > 0
		}
	}
	return false
}
