package appstreamingtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wuying-go/appstreaming"
)

// recordingTB is a test that keeps what is reported to it.
type recordingTB struct {
	testing.TB
	mu   sync.Mutex
	text strings.Builder
}

func (r *recordingTB) Errorf(format string, args ...any) { r.note("error", format, args) }
func (r *recordingTB) Logf(format string, args ...any)   { r.note("log", format, args) }

func (r *recordingTB) note(kind, format string, args []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(&r.text, kind+": "+format+"\n", args...)
}

func (r *recordingTB) reported() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func TestAPanicInACallbackIsReportedToTheTest(t *testing.T) {
	t.Parallel()
	explode := func() { panic("from the test's function") }
	for method, install := range map[string]func(*Server){
		"OnRequest": func(s *Server) { s.OnRequest(func(Request) { explode() }) },
		"SetClock":  func(s *Server) { s.SetClock(func() time.Time { explode(); return time.Time{} }) },
		"Fail":      func(s *Server) { s.Fail(1, Fault{When: func(Request) bool { explode(); return false }}) },
		"Fail ":     func(s *Server) { s.Fail(1, Fault{Rewrite: func([]byte) []byte { explode(); return nil }}) },
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			tb := &recordingTB{TB: t}
			s := NewServer(t)
			s.tb = tb
			install(s)
			if got := call(t, s); got.err == nil {
				t.Errorf("got a response: %s", got.body)
			}
			reported := tb.reported()
			for _, want := range []string{
				"error: ", "the function given to " + strings.TrimSpace(method) + " panicked: from the test's function", "lifecycle_test.go",
			} {
				if !strings.Contains(reported, want) {
					t.Errorf("%q is not reported:\n%s", want, reported)
				}
			}
			// The server goes on.
			s.OnRequest(nil)
			s.SetClock(nil)
			s.ClearFaults()
			if got := call(t, s); got.err != nil || got.resp.StatusCode != 200 {
				t.Errorf("afterwards: %+v", got)
			}
		})
	}
}

func TestACallbackThatEndsItsGoroutineIsReportedToTheTest(t *testing.T) {
	t.Parallel()
	tb := &recordingTB{TB: t}
	s := NewServer(t)
	s.tb = tb
	s.OnRequest(func(Request) { runtime.Goexit() }) // as t.FailNow does
	if got := call(t, s); got.err == nil {
		t.Errorf("got a response: %s", got.body)
	}
	if reported := tb.reported(); !strings.Contains(reported, "OnRequest ended its goroutine") {
		t.Errorf("reported:\n%s", reported)
	}
}

func TestASlowCloseSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tb := &recordingTB{TB: t}
		s := New()
		s.tb = tb
		release := make(chan struct{})
		s.OnRequest(func(Request) { <-release })
		client := s.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1, AttemptTimeout: time.Hour}))
		go client.ListImage(context.WithoutCancel(t.Context()), appstreaming.ListImageRequest{})
		synctest.Wait()

		start, closed := time.Now(), make(chan time.Duration, 1)
		go func() {
			s.Close()
			closed <- time.Since(start)
		}()
		time.Sleep(4 * time.Second)
		if reported := tb.reported(); reported != "" {
			t.Errorf("reported too early: %s", reported)
		}
		time.Sleep(2 * time.Second)
		want := "log: appstreamingtest: Close has waited 5s so far, for 1 request, 1 call of the function given to OnRequest, 1 open connection\n"
		if reported := tb.reported(); reported != want {
			t.Errorf("reported %q, want %q", reported, want)
		}
		close(release)
		if took := <-closed; took != 6*time.Second {
			t.Errorf("Close took %v", took)
		}
	})
}

func TestAQuickCloseSaysNothing(t *testing.T) {
	t.Parallel()
	tb := &recordingTB{TB: t}
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	s.tb = tb
	call(t, s)
	s.Close()
	if reported := tb.reported(); reported != "" {
		t.Errorf("reported %q", reported)
	}
}

// A silent connection swallows requests. Only new connections work, over
// HTTP/1.1 and HTTP/2.
func TestSilentConnectionsSwallowRequestsWhileNewOnesWork(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB, ...appstreaming.Image) *Server{
		"HTTP/1.1": NewServer, "HTTP/2.0": NewTLSServer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			client := func() *http.Client { // with a connection of its own
				transport := &http.Transport{}
				if s.Certificate() != nil {
					transport = s.trustingClient().Transport.(*http.Transport).Clone()
				}
				t.Cleanup(transport.CloseIdleConnections)
				return &http.Client{Transport: transport}
			}
			ask := func(client *http.Client, patience time.Duration) (proto string, err error) {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL(), nil)
				if err != nil {
					return "", err
				}
				resp, err := client.Do(req)
				if err != nil {
					return "", err
				}
				defer resp.Body.Close()
				_, err = io.Copy(io.Discard, resp.Body)
				return resp.Proto, err
			}
			old := client()
			if proto, err := ask(old, time.Minute); err != nil || proto != name {
				t.Fatalf("%s, %v", proto, err)
			}
			before := s.RequestCount()
			s.GoSilent()
			if proto, err := ask(old, 200*time.Millisecond); err == nil {
				t.Errorf("the silent connection answers over %s", proto)
			}
			if s.RequestCount() != before {
				t.Error("the silent connection passes a request on")
			}
			if proto, err := ask(client(), time.Minute); err != nil || proto != name {
				t.Errorf("a new connection: %s, %v", proto, err)
			}
		})
	}
}

// GoSilent in the middle of a response cuts it off without a word.
func TestAConnectionCanGoSilentInsideAResponse(t *testing.T) {
	t.Parallel()
	s := NewServer(t, SampleImages(10)...)
	s.Fail(1, Fault{DripBytes: 1000, DripEvery: 50 * time.Millisecond})
	s.OnRequest(func(Request) { time.AfterFunc(100*time.Millisecond, s.GoSilent) })
	policy := appstreaming.RetryPolicy{MaxAttempts: 2, AttemptTimeout: time.Second, BaseDelay: time.Millisecond}
	client := s.Client(appstreaming.WithRetry(policy))
	page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
	if err == nil && page.Attempts == 1 {
		t.Error("the first attempt succeeded")
	}
}

func TestAServerWithTLSSpeaksHTTP2AndIsTrustedByItsClients(t *testing.T) {
	t.Parallel()
	s := NewTLSServer(t, SampleImages(3)...)
	page, err := s.Client().ListImage(t.Context(), appstreaming.ListImageRequest{})
	if err != nil || len(page.Images) != 3 || !strings.HasPrefix(s.URL(), "https://") || s.Certificate() == nil {
		t.Errorf("got %v, %v from %s", page, err, s.URL())
	}
	if page, err := s.Client(appstreaming.WithHTTPClient(s.HTTPClient()), appstreaming.WithEndpoint("http://memory.invalid")).
		ListImage(t.Context(), appstreaming.ListImageRequest{}); err != nil || len(page.Images) != 3 {
		t.Errorf("through memory: %v, %v", page, err)
	}
	if other, err := StartTLS(); err != nil {
		t.Error(err)
	} else {
		other.Close()
	}
}

func TestABreakCanSwitchProtocolsAndFallSilent(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Server, *http.Response){
		"ended by the client": func(_ *Server, resp *http.Response) { resp.Body.Close() },
		"ended by the server": func(s *Server, resp *http.Response) { s.Close(); resp.Body.Close() },
	} {
		s := NewServer(t)
		s.Fail(1, Fault{Break: BreakSwitch})
		d := newDraft()
		d.date = time.Now().UTC()
		r := d.acs3()
		r.RequestURI = ""
		r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(s.URL(), "http://")
		resp, err := new(http.Transport).RoundTrip(r)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("%s: got %v, %v", name, resp, err)
		}
		end(s, resp)
		s.Close()
	}
}
