package appstreamingtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming"
)

// Fault describes how a response is altered. The zero Fault changes nothing, and
// serves to space out other faults. Fields can be combined: a response can be
// late, compressed and cut short. A request that is not signed correctly is
// refused for that reason and does not use up a fault.
//
// When a reused connection breaks before the first byte of a response, net/http
// repeats GET requests without a body by itself. Each repetition takes another
// fault.
type Fault struct {
	// Page limits the fault to requests of that page number. 0: any page.
	Page int
	// When limits the fault to requests for which it returns true. It must not
	// use the server. nil: any request.
	When func(Request) bool

	// Delay is the time before the response.
	Delay time.Duration

	// Code makes the response an error of the service, with Status and Message
	// in the usual envelope. If Status is 0, the response has the status that
	// the service uses for the code. With Status 200 it has Success=false.
	Code    appstreaming.Code
	Message string
	// AccessDenied goes into the envelope. If it is nil and Code is
	// Forbidden.NoPermission, the envelope has an example.
	AccessDenied *appstreaming.AccessDeniedDetail
	// XML writes the error as XML, regardless of the request's Format.
	XML bool

	// Status and Body replace the whole response if there is no Code. Body may
	// be empty. Status 0 means 200; statuses outside 200 to 599 become 500.
	Status int
	Body   string
	// Header replaces headers of the response; an empty list removes one. For
	// example {"Retry-After": {"3"}}, {"X-Acs-Retry-After": {"300"}},
	// {"Location": {"http://example.com/"}} or {"Date": {"..."}}.
	Header http.Header

	// Members replaces members at the top of the JSON response, and
	// ImageMembers those of the first image. The new text need not be JSON. A
	// nil value removes the member. Unknown names are added.
	Members, ImageMembers map[string]json.RawMessage

	// Rewrite returns another body in place of the body made so far, before XML
	// and compression: a page wrapped in one more object, for example. It must
	// not use the server. nil: no change.
	Rewrite func(body []byte) []byte

	// Padding is a number of blanks before the body. The server sends them
	// without holding them in memory: 200 << 20 makes a huge body, and with Gzip
	// a compression bomb.
	Padding int64
	// Gzip compresses the body, regardless of what the client accepts.
	Gzip bool
	// Chunked sends the body without its length.
	Chunked bool
	// DripBytes is how many bytes of the body are sent at a time, and DripEvery
	// the pause between them. 0: all at once.
	DripBytes int
	DripEvery time.Duration

	// Break is how the connection fails. For breaks inside the body, After is
	// the number of bytes sent before: 0 means half of the body as it travels,
	// and a negative number means none.
	Break Break
	After int64
}

// Break is how a connection fails.
type Break int

// The ways a connection fails. Where connections cannot be reset, they are
// closed. Over HTTP/2 only the stream of the request fails.
const (
	BreakNone      Break = iota // it does not fail
	BreakReset                  // reset before the first byte of the response
	BreakClose                  // closed before the first byte of the response
	BreakGarbage                // bytes that are not HTTP, then closed
	BreakHang                   // nothing, until the client gives up or the server is closed
	BreakTruncate               // the body ends after After bytes, and the length sent matches
	BreakShort                  // closed after After bytes, although the length sent was larger
	BreakResetBody              // reset after After bytes
	BreakHangBody               // nothing more after After bytes, until the client gives up or the server is closed
	BreakSwitch                 // HTTP 101 and silence, until the client or the server closes the connection
	BreakIdle                   // the whole response, then closed, although the connection was to stay open
)

func (f *Fault) breaksBeforeHeaders() bool { return f.Break >= BreakReset && f.Break <= BreakHang }

// garbage is the greeting of an SSH server.
const garbage = "SSH-2.0-OpenSSH_9.6\r\n\x00\x01\x02\r\n\r\n"

type queuedFault struct {
	Fault
	left int // negative: without end
}

type faultQueue struct {
	mu     sync.Mutex
	queued []*queuedFault
}

// Fail applies f to the next requests that match it: to the given number of
// them, or to all if times is negative, until [Server.ClearFaults]. Each request
// takes the first queued fault that matches. The fault is copied.
func (s *Server) Fail(times int, f Fault) {
	if times == 0 {
		return
	}
	f = f.clone()
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.queued = append(s.faults.queued, &queuedFault{f, times})
}

func (f Fault) clone() Fault {
	f.Header = f.Header.Clone()
	f.Members, f.ImageMembers = cloneRaw(f.Members), cloneRaw(f.ImageMembers)
	if f.AccessDenied != nil {
		f.AccessDenied = appstreaming.Ptr(*f.AccessDenied)
	}
	return f
}

func cloneRaw(members map[string]json.RawMessage) map[string]json.RawMessage {
	members = maps.Clone(members)
	for name, value := range members {
		members[name] = slices.Clone(value)
	}
	return members
}

// ClearFaults removes all faults. Requests already affected are not changed.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.queued = nil
}

// PendingFaults returns how many requests are still to fail. It does not count
// faults without end.
func (s *Server) PendingFaults() int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	pending := 0
	for _, q := range s.faults.queued {
		pending += max(q.left, 0)
	}
	return pending
}

// take returns the fault for a request, or the zero Fault.
func (q *faultQueue) take(r Request) Fault {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, f := range q.queued {
		if f.Page != 0 && f.Page != r.page() || f.When != nil && !f.When(r) {
			continue
		}
		if f.left > 0 {
			f.left--
		}
		if f.left == 0 {
			q.queued = slices.Delete(q.queued, i, i+1)
		}
		return f.Fault
	}
	return Fault{}
}

// refusal returns the fault's error of the service.
func (f *Fault) refusal() *refusal {
	ref := refuse(f.Status, f.Code, "%s", f.Message)
	if ref.status == 0 {
		ref.status = usualStatus(f.Code)
	}
	if ref.message == "" {
		ref.message = "The request was refused: " + string(f.Code) + "."
	}
	ref.denied = f.AccessDenied
	if ref.denied == nil && f.Code == appstreaming.CodeForbiddenNoPermission {
		ref.denied = &appstreaming.AccessDeniedDetail{
			AuthAction:               "appstreaming:ListImage",
			AuthPrincipalType:        "SubUser",
			AuthPrincipalOwnerID:     "1426098341234567",
			AuthPrincipalDisplayName: "202098341234567890",
			NoPermissionType:         "ImplicitDeny",
			PolicyType:               "AccountLevelIdentityBasedPolicy",
			EncodedDiagnosticMessage: "AQFohtp4aIbaeEUxNkQ3",
		}
	}
	return ref
}

// usualStatus returns the status that the service uses for a code. InternalError
// is documented as 400 for ListImage.
func usualStatus(code appstreaming.Code) int {
	switch {
	case strings.HasPrefix(string(code), "ServiceUnavailable"):
		return http.StatusServiceUnavailable
	case strings.HasPrefix(string(code), "Forbidden"):
		return http.StatusForbidden
	case strings.HasSuffix(string(code), ".NotFound"):
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}

func soundStatus(status int) int {
	switch {
	case status == 0:
		return http.StatusOK
	case status < 200 || status > 599:
		return http.StatusInternalServerError
	}
	return status
}
