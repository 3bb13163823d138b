package faultmatrix_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestFaultMatrixOfTheNetwork(t *testing.T) {
	t.Parallel()
	rows := []faultRow{
		{name: "reset before the headers", fault: Fault{Break: appstreamingtest.BreakReset}, want: broken(nil)},
		{name: "kept connection closed by the service", fault: Fault{Break: appstreamingtest.BreakClose}, want: broken(nil)},
		{name: "something that is not HTTP", fault: Fault{Break: appstreamingtest.BreakGarbage}, want: broken(nil)},
		{name: "body shorter than its length", fault: Fault{Break: appstreamingtest.BreakShort}, want: broken(io.ErrUnexpectedEOF)},
		{name: "no body at all of its length", fault: Fault{Break: appstreamingtest.BreakShort, After: -1}, want: broken(io.ErrUnexpectedEOF)},
		{name: "chunked body cut short", fault: Fault{Chunked: true, Break: appstreamingtest.BreakShort}, want: broken(io.ErrUnexpectedEOF)},
		{name: "reset in mid-body", fault: Fault{Break: appstreamingtest.BreakResetBody}, want: broken(nil)},
		{name: "reset in a chunked body", fault: Fault{Chunked: true, Break: appstreamingtest.BreakResetBody}, want: broken(nil)},
		{name: "closed after a whole answer", fault: Fault{Break: appstreamingtest.BreakIdle}},
		{name: "a chunked answer", fault: Fault{Chunked: true}},
		{name: "an answer in drops", fault: Fault{DripBytes: 1 << 10, DripEvery: 1}},
	}
	runMatrix(t, rows)
}

// broken expects a *TransportError after all attempts.
func broken(cause error) verdict {
	return verdict{retried: true, err: func(t *testing.T, err error, _ appstreamingtest.Request) {
		t.Helper()
		checkTransportError(t, err, cause)
	}}
}

func checkTransportError(t *testing.T, err, cause error) {
	t.Helper()
	var got *appstreaming.TransportError
	if !errors.As(err, &got) {
		t.Fatalf("got %T %v, want a *TransportError", err, err)
	}
	if got.Operation != "ListImage" || got.Attempts != 4 || got.StopReason != "no attempts left" || got.Err == nil {
		t.Errorf("got %#v, want four attempts", got)
	}
	if cause != nil && !errors.Is(err, cause) {
		t.Errorf("got %v, want %v", err, cause)
	}
	text := err.Error()
	if got.Host == "" || !strings.Contains(text, got.Host) || strings.ContainsAny(text, "?&") || strings.Contains(text, "Signature") {
		t.Errorf("%q has to name the host %q and no query", text, got.Host)
	}
}

// flaky is a listener that spoils the first connections.
type flaky struct {
	net.Listener
	spoil func(net.Conn)
	left  atomic.Int32 // connections to spoil; negative: all
	count atomic.Int32 // connections spoiled
}

func (f *flaky) Accept() (net.Conn, error) {
	for {
		conn, err := f.Listener.Accept()
		if err != nil || f.left.Load() == 0 {
			return conn, err
		}
		f.left.Add(-1)
		f.count.Add(1)
		f.spoil(conn)
		_ = conn.Close()
	}
}

// answering reads a request and answers it with these bytes.
func answering(text string) func(net.Conn) {
	return func(conn net.Conn) {
		if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.Copy(io.Discard, req.Body)
			_, _ = io.WriteString(conn, text)
		}
	}
}

func spoiled(t *testing.T, connections int32, spoil func(net.Conn)) (*appstreamingtest.Server, *flaky) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &flaky{Listener: inner, spoil: spoil}
	f.left.Store(connections)
	service := appstreamingtest.New(matrixImages()...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = service.Serve(f) // until it is closed
	}()
	t.Cleanup(func() {
		service.Close()
		<-done
	})
	for service.URL() == "" { // it serves in a moment
		time.Sleep(time.Millisecond)
	}
	return service, f
}

// Faults that no HTTP server has: the connection itself fails.
func TestFaultMatrixOfRawConnections(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(net.Conn){
		"closed at once":             func(net.Conn) {},
		"closed after the request":   answering(""),
		"cut in the status line":     answering("HTTP/1."),
		"cut in the headers":         answering("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Acs-Requ"),
		"a status that is none":      answering("HTTP/1.1 OK 200\r\n\r\n{}"),
		"another protocol":           answering("220 mail.example.com ESMTP\r\n"),
		"two lengths":                answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
		"a negative length":          answering("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}"),
		"a chunk that is none":       answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
		"a transfer that is none":    answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\n{}"),
		"headers of over a mebibyte": answering("HTTP/1.1 200 OK\r\nX-Padding: " + strings.Repeat("x", 1<<20) + "\r\n\r\n{}"),
		"a header without its name":  answering("HTTP/1.1 200 OK\r\n: value\r\nContent-Length: 2\r\n\r\n{}"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
				// The fourth attempt gets through.
				service, f := spoiled(t, 3, spoil)
				client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch))
				defer client.CloseIdleConnections()
				got := w.start(client)(t.Context())
				checkImages(t, w.wantImages(false), got)
				if f.count.Load() != 3 {
					t.Errorf("%d connections spoiled, want 3", f.count.Load())
				}

				service, f = spoiled(t, -1, spoil)
				client = service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch))
				got = w.start(client)(t.Context())
				checkTransportError(t, got.err, nil)
				if f.count.Load() != 4 || len(got.images) != 0 {
					t.Errorf("%d connections and %d images, want 4 and 0", f.count.Load(), len(got.images))
				}
			})
		})
	}
}

// A server that switches to another protocol and says nothing more.
func TestFaultMatrixOfASwitchToAnotherProtocol(t *testing.T) {
	t.Parallel()
	const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Acs-Request-Id: R-101\r\n\r\n"
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		service, f := spoiled(t, 1, func(conn net.Conn) {
			answering(switching)(conn)
			_, _ = io.Copy(io.Discard, conn) // until the client closes it
		})
		client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch))
		defer client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // less than an attempt
		defer cancel()
		got := w.start(client)(ctx)
		var apiErr *appstreaming.APIError
		if !errors.As(got.err, &apiErr) || errors.Is(got.err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want an *APIError at once", got.err)
		}
		want := appstreaming.APIError{Operation: "ListImage", StatusCode: 101, RequestID: "R-101", Attempts: 1, StopReason: "not retryable"}
		if diff := cmp.Diff(&want, apiErr); diff != "" || f.count.Load() != 1 {
			t.Errorf("%d connections and %v (-want +got):\n%s", f.count.Load(), apiErr, diff)
		}
	})
}

func TestFaultMatrixOfAServiceThatIsNotThere(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		service := appstreamingtest.NewServer(t, matrixImages()...)
		client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch))
		service.Close() // its port now refuses connections
		got := w.start(client)(t.Context())
		checkTransportError(t, got.err, nil)
		var opErr *net.OpError
		if !errors.As(got.err, &opErr) || opErr.Op != "dial" || !strings.Contains(got.err.Error(), strings.TrimPrefix(service.URL(), "http://")) {
			t.Errorf("got %v, want the failure to connect and the host", got.err)
		}
	})
}

// A service that restarts accepts connections for a while only to close them.
func TestFaultMatrixOfAServiceThatRestarts(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		const connections = 9
		service, f := spoiled(t, connections, func(net.Conn) {})
		client := service.Client(appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch),
			appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: connections + 1, BaseDelay: 1, MaxDelay: time.Millisecond}))
		defer client.CloseIdleConnections()
		checkImages(t, w.wantImages(false), w.start(client)(t.Context()))
		if f.count.Load() != connections {
			t.Errorf("%d connections closed, want %d", f.count.Load(), connections)
		}
	})
}

func TestFaultMatrixOfRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := appstreamingtest.NewServer(t, matrixImages()...)
	var rows []faultRow
	for _, status := range []int{301, 302, 303, 307, 308} {
		rows = append(rows, faultRow{
			name:  http.StatusText(status),
			fault: Fault{Status: status, Header: http.Header{"Location": {elsewhere.URL() + "/"}}},
			want:  refusal(false, appstreaming.APIError{StatusCode: status, Message: "the service redirects, which is never followed"}),
		})
	}
	t.Run("rows", func(t *testing.T) { runMatrix(t, rows) }) // ends when they have
	if accepted, _ := elsewhere.Connections(); accepted != 0 || elsewhere.RequestCount() != 0 {
		t.Errorf("%d connections and %d requests reached the other host, want none", accepted, elsewhere.RequestCount())
	}
}
