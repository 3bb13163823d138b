package appstreamingtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming"
)

// Fault is how the answer to a call goes wrong. Its zero value goes right, and
// serves to space out others; what is set adds up, so that a response can be
// late, compressed and cut short. Requests that are not signed correctly are
// refused for that reason, whatever faults there are, and use none up.
//
// net/http repeats some requests of its own accord when a reused connection
// breaks before the first byte of a response: those signed in the RPC way with
// GET. Each takes another fault.
type Fault struct {
	// Page makes the fault wait for a request of that page number, in whatever
	// order pages are asked for. 0: any.
	Page int
	// When makes the fault wait for a request it is true for. It must not use
	// the server. nil: any.
	When func(Request) bool

	// Delay comes before the response.
	Delay time.Duration

	// Code makes the response an error of the service: Status, which is what
	// the service gives with that code when 0, and Message in the usual
	// envelope. With Status 200 it is a page that says Success=false.
	Code    appstreaming.Code
	Message string
	// AccessDenied goes into the envelope. An example is taken when it is nil
	// and Code is Forbidden.NoPermission.
	AccessDenied *appstreaming.AccessDeniedDetail
	// XML writes the error as XML, asked for or not.
	XML bool

	// Status and Body are the whole response when there is no Code: Body may be
	// empty, Status is 200 when 0. Statuses outside 200 to 599 become 500.
	Status int
	Body   string
	// Header is set in the response, over headers of the same name; an empty
	// list takes one out. As {"Retry-After": {"3"}}, {"X-Acs-Retry-After":
	// {"300"}}, {"Location": {"http://example.com/"}}, {"Date": {"..."}}.
	Header http.Header

	// Members replaces members at the top of the JSON response, ImageMembers
	// those of the first image: by text that need not be JSON, or by nothing
	// when it is nil. New ones are added.
	Members, ImageMembers map[string]json.RawMessage

	// Padding is a number of blanks before the body, which are sent without
	// being held in memory: 200 << 20 makes a huge body, and with Gzip a bomb.
	Padding int64
	// Gzip compresses the body, asked for or not.
	Gzip bool
	// Chunked sends the body without its length.
	Chunked bool
	// DripBytes of the body at a time, DripEvery apart. 0: all at once.
	DripBytes int
	DripEvery time.Duration

	// Break is how the connection fails, After how many bytes of the body as it
	// travels for those breaks that need some: 0 stands for half of it, a
	// negative number for none.
	Break Break
	After int64
}

// Break is how a connection fails.
type Break int

// The ways a connection fails. Where a listener cannot reset connections they
// are closed.
const (
	BreakNone      Break = iota // it does not
	BreakReset                  // reset before the first byte of the response
	BreakClose                  // closed before the first byte of the response
	BreakGarbage                // something that is not HTTP, then closed
	BreakHang                   // nothing, until the client gives up or the server is closed
	BreakTruncate               // the body ends after After bytes, and the framing says that is all of it
	BreakShort                  // closed after After bytes; more were promised
	BreakResetBody              // reset after After bytes
	BreakHangBody               // nothing more after After bytes, until the client gives up or the server is closed
	BreakIdle                   // the whole response, then closed, although the connection was to be kept
)

func (f *Fault) breaksBeforeHeaders() bool { return f.Break >= BreakReset && f.Break <= BreakHang }

// garbage is what an SSH server says.
const garbage = "SSH-2.0-OpenSSH_9.6\r\n\x00\x01\x02\r\n\r\n"

type queuedFault struct {
	Fault
	left int // negative: for ever
}

type faultQueue struct {
	mu     sync.Mutex
	queued []*queuedFault
}

// Fail applies f to the next times calls it fits, or to all of them when times
// is negative, until [Server.ClearFaults]. Every call takes the first fault
// queued that fits it.
func (s *Server) Fail(times int, f Fault) {
	if times == 0 {
		return
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.queued = append(s.faults.queued, &queuedFault{f, times})
}

// ClearFaults forgets all faults. Calls that are under one stay so.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.queued = nil
}

// PendingFaults tells how many calls are still to fail, those without end not
// counted.
func (s *Server) PendingFaults() int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	pending := 0
	for _, q := range s.faults.queued {
		pending += max(q.left, 0)
	}
	return pending
}

// take finds the fault for a request; the zero Fault when there is none.
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

// refusal is the fault's error of the service.
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

// usualStatus is what the service gives with a code. InternalError is
// documented as 400 for ListImage.
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
