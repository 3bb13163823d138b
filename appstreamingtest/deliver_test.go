package appstreamingtest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// isReset reports whether the peer reset the connection. Windows has a number of
// its own for it, WSAECONNRESET.
func isReset(err error) bool {
	const windows = syscall.Errno(10054)
	return errors.Is(err, syscall.ECONNRESET) || runtime.GOOS == "windows" && errors.Is(err, windows)
}

func TestConnectionsBreakAsAsked(t *testing.T) {
	t.Parallel()
	s := NewServer(t, SampleImages(10)...)
	whole := len(call(t, s).body)
	refused := func(err error) bool {
		return isReset(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	}

	for name, b := range map[string]Break{"reset": BreakReset, "closed": BreakClose} {
		s.Fail(1, Fault{Break: b})
		if got := call(t, s); !refused(got.err) {
			t.Errorf("%s before the response: %+v", name, got)
		}
	}
	s.Fail(1, Fault{Break: BreakReset})
	if got := call(t, s); !isReset(got.err) {
		t.Errorf("reset is not a reset: %v", got.err)
	}
	s.Fail(1, Fault{Break: BreakGarbage})
	if got := call(t, s); got.err == nil || !strings.Contains(got.err.Error(), "malformed HTTP response") {
		t.Errorf("garbage: %v", got.err)
	}

	s.Fail(1, Fault{Break: BreakTruncate, After: 100})
	if got := call(t, s); got.err != nil || got.bodyErr != nil || len(got.body) != 100 || got.resp.ContentLength != 100 {
		t.Errorf("truncated: %+v", got)
	}
	s.Fail(1, Fault{Break: BreakShort})
	if got := call(t, s); got.bodyErr != io.ErrUnexpectedEOF || len(got.body) != whole/2 || got.resp.ContentLength != int64(whole) {
		t.Errorf("short: %d of %d bytes, %v", len(got.body), got.resp.ContentLength, got.bodyErr)
	}
	s.Fail(1, Fault{Break: BreakShort, After: -1})
	if got := call(t, s); got.bodyErr != io.ErrUnexpectedEOF || len(got.body) != 0 {
		t.Errorf("nothing of the body: %d bytes, %v", len(got.body), got.bodyErr)
	}
	s.Fail(1, Fault{Break: BreakShort, Chunked: true, After: 1000})
	if got := call(t, s); got.bodyErr != io.ErrUnexpectedEOF || len(got.body) != 1000 || got.resp.ContentLength != -1 {
		t.Errorf("chunks cut short: %d bytes, %v", len(got.body), got.bodyErr)
	}
	s.Fail(1, Fault{Chunked: true})
	if got := call(t, s); got.bodyErr != nil || len(got.body) != whole || got.resp.ContentLength != -1 {
		t.Errorf("chunked: %d bytes, %v", len(got.body), got.bodyErr)
	}
	s.Fail(1, Fault{Break: BreakResetBody, After: 500})
	if got := call(t, s); got.err != nil || !isReset(got.bodyErr) || len(got.body) > 500 {
		t.Errorf("reset in the body: %d bytes, %v, %v", len(got.body), got.err, got.bodyErr)
	}
	s.Fail(1, Fault{DripBytes: 5000, DripEvery: time.Millisecond, Gzip: false})
	if got := call(t, s); got.bodyErr != nil || len(got.body) != whole {
		t.Errorf("dripping: %d bytes, %v", len(got.body), got.bodyErr)
	}

	want := []int{200, 0, 0, 0, 0, 200, 200, 200, 200, 200, 200, 200}
	var recorded []int
	for _, r := range s.Requests() {
		recorded = append(recorded, r.Status)
	}
	if diff := cmp.Diff(want, recorded); diff != "" {
		t.Errorf("statuses recorded (-want +got):\n%s", diff)
	}
}

func TestAnIdleConnectionIsClosedWithoutNotice(t *testing.T) {
	t.Parallel()
	s := NewServer(t)
	s.Fail(1, Fault{Break: BreakIdle, Chunked: true})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	d := newDraft()
	d.date = time.Now().UTC()
	if err := d.acs3().Write(conn); err != nil {
		t.Fatal(err)
	}
	everything, err := io.ReadAll(conn) // ends only if the server closes
	if err != nil {
		t.Fatal(err)
	}
	if text := string(everything); !strings.HasPrefix(text, "HTTP/1.1 200") || !strings.HasSuffix(text, "}") ||
		strings.Contains(text, "Connection: close") {
		t.Errorf("got %s", text)
	}
}

func TestBodiesAreCompressedPaddedAndBoth(t *testing.T) {
	t.Parallel()
	s := NewServer(t, SampleImages(3)...)
	plain := call(t, s).body
	unzip := func(got wire) ([]byte, error) {
		z, err := gzip.NewReader(bytes.NewReader(got.body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	}
	s.Fail(1, Fault{Gzip: true})
	got := call(t, s)
	content, err := unzip(got)
	if err != nil || got.resp.Header.Get("Content-Encoding") != "gzip" || len(content) != len(plain) {
		t.Errorf("gzip: %d bytes, %v, %v", len(content), err, got.resp.Header)
	}
	s.Fail(1, Fault{Gzip: true, Break: BreakTruncate, After: 100})
	if _, err := unzip(call(t, s)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("gzip cut short: %v", err)
	}
	s.Fail(1, Fault{Padding: 3<<20 + 7})
	if got := call(t, s); len(got.body) != 3<<20+7+len(plain) || len(bytes.TrimLeft(got.body, " ")) != len(plain) {
		t.Errorf("padded: %d bytes", len(got.body))
	}
	s.Fail(1, Fault{Padding: 50 << 20, Gzip: true})
	got = call(t, s)
	content, err = unzip(got)
	if err != nil || len(content) != 50<<20+len(plain) || len(got.body) > 1<<20 {
		t.Errorf("bomb: %d bytes travelled, %d held, %v", len(got.body), len(content), err)
	}
}

func TestWhereConnectionsCannotBeTakenOverTheHandlerAborts(t *testing.T) {
	t.Parallel()
	s := quietServer(t)
	for _, b := range []Break{BreakReset, BreakClose, BreakGarbage, BreakShort, BreakResetBody, BreakIdle} {
		s.Fail(1, Fault{Break: b})
		func() {
			defer func() {
				if got := recover(); got != http.ErrAbortHandler {
					t.Errorf("break %d: recovered %v", b, got)
				}
			}()
			s.ServeHTTP(struct{ http.ResponseWriter }{httptest.NewRecorder()}, newDraft().acs3())
		}()
	}
}
