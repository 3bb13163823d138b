package appstreaming

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// TransportFunc is the tests' transport: a function that answers requests
// without a network. It is exported for the tests of package appstreaming_test.
type TransportFunc func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f TransportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Client returns an http.Client that sends through f.
func (f TransportFunc) Client() *http.Client { return &http.Client{Transport: f} }

// HandledBy returns a transport that calls a handler. The response breaks off
// where the handler panics with http.ErrAbortHandler.
func HandledBy(handler http.Handler) TransportFunc {
	return func(req *http.Request) (*http.Response, error) {
		ctx := req.Context()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		received := req.Clone(ctx)
		received.RequestURI = req.URL.RequestURI()
		received.RemoteAddr = "no network"
		if received.Body == nil {
			received.Body = http.NoBody
		}
		recorder := httptest.NewRecorder()
		finished := serveTo(recorder, handler, received)
		if err := ctx.Err(); err != nil { // the handler waited until the attempt ended
			return nil, err
		}
		resp := recorder.Result()
		if !finished {
			if recorder.Body.Len() == 0 && !recorder.Flushed {
				return nil, io.ErrUnexpectedEOF
			}
			resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(recorder.Body.Bytes()), brokenOff{}))
		}
		return resp, nil
	}
}

// serveTo reports whether the handler wrote a whole response.
func serveTo(w http.ResponseWriter, handler http.Handler, r *http.Request) (finished bool) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	handler.ServeHTTP(w, r)
	return true
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// NothingSent returns a transport that fails the test when it is used.
func NothingSent(t *testing.T) TransportFunc {
	return func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, fmt.Errorf("nothing may be sent")
	}
}

// respond returns a response.
func respond(status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: status, Header: header,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// answer is one answer of a script.
type answer struct {
	status int
	header http.Header
	body   string
	err    error         // instead of a response
	takes  time.Duration // before the response or the error
}

const onePage = `{"Success":true,"Code":"200","RequestId":"R-OK","Count":1,"PageNumber":1,"PageSize":10,"Data":[{"ImageId":"imgc-1"}]}`

func ok() answer { return answer{status: 200, body: onePage} }

// refusal returns the service's refusal, with headers given as name, value, ...
func refusal(status int, code string, header ...string) answer {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return answer{status: status, header: h, body: fmt.Sprintf(`{"Code":%q,"Message":"no","RequestId":"R-%s"}`, code, code)}
}

// script answers requests in turn, with the last answer for all further ones. It
// keeps the requests and when they were sent. It is for one request at a time.
type script struct {
	answers []answer
	sent    []*http.Request
	at      []time.Duration // since the first request
	start   time.Time
}

func (s *script) answer(req *http.Request) (*http.Response, error) {
	if s.sent == nil {
		s.start = time.Now()
	}
	a := s.answers[min(len(s.sent), len(s.answers)-1)]
	s.sent = append(s.sent, req)
	s.at = append(s.at, time.Since(s.start))
	select {
	case <-time.After(a.takes):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if a.err != nil {
		return nil, a.err
	}
	return respond(a.status, a.header.Clone(), a.body), nil
}

// longestWait makes every wait as long as it can be.
func longestWait() Option {
	return func(c *config) error {
		c.jitter = func(bound time.Duration) time.Duration { return bound }
		return nil
	}
}

// sendingThrough returns a client with that transport, whose waits are as long
// as they can be.
func sendingThrough(t *testing.T, transport TransportFunc, opts ...Option) *Client {
	t.Helper()
	client, err := New("cn-shanghai", append([]Option{
		WithHTTPClient(transport.Client()),
		WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")),
		longestWait(),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// scripted returns a client whose requests a script answers.
func scripted(t *testing.T, answers []answer, opts ...Option) (*Client, *script) {
	t.Helper()
	s := &script{answers: answers}
	return sendingThrough(t, s.answer, opts...), s
}

// OwnTransport returns the transport that New made for a client.
func OwnTransport(c *Client) *http.Transport { return c.shared.owned }

// UnderRaceDetector reports whether the tests run with -race.
func UnderRaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
