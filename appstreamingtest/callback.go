package appstreamingtest

import (
	"bytes"
	"net/http"
	"os"
	"runtime/debug"
)

// call runs a function that the test gave to the named method. If the function
// panics or ends its goroutine, call reports this to the test and breaks the
// connection. Without a test the panic goes on to the HTTP server, which logs it.
func (s *Server) call(method string, f func()) {
	s.busy.addCallback(method, 1)
	defer s.busy.addCallback(method, -1)
	if s.tb == nil {
		f()
		return
	}
	finished := false
	defer func() {
		if finished {
			return
		}
		switch value := recover(); value {
		case nil: // runtime.Goexit, which cannot be stopped
			s.tb.Errorf("appstreamingtest: the function given to %s ended its goroutine, for example with t.FailNow; use t.Error", method)
		case http.ErrAbortHandler:
			abort()
		default:
			s.tb.Errorf("appstreamingtest: the function given to %s panicked: %v\n%s", method, value, debug.Stack())
			abort()
		}
	}()
	f()
	finished = true
}

// panicsOnly is a log that keeps panics of functions given to the server, and
// drops the rest, because the server breaks connections on purpose.
type panicsOnly struct{}

func (panicsOnly) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("panic serving")) {
		return os.Stderr.Write(line)
	}
	return len(line), nil
}
