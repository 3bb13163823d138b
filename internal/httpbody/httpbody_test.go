package httpbody

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func responseOf(body io.Reader, length int64, encoding string) *http.Response {
	return &http.Response{Body: io.NopCloser(body), ContentLength: length, Header: http.Header{"Content-Encoding": {encoding}}}
}

// endless is a body without an end. It counts the bytes that are read.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	e.read += int64(len(p))
	return len(p), nil
}

// empty is a body that never returns data and never ends.
type empty struct{}

func (empty) Read([]byte) (int, error) { return 0, nil }

func TestReadReturnsTheWholeBodyOfAnySizeAndForm(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, firstBuffer - 1, firstBuffer, firstBuffer + 1, maxDoubled - 1, maxDoubled, maxDoubled + 1, 5*chunk + 7} {
		want := bytes.Repeat([]byte("appstream"), size/9+1)[:size]
		packed := gzipped(t, want)
		for name, response := range map[string]func() *http.Response{
			"with its length":        func() *http.Response { return responseOf(bytes.NewReader(want), int64(size), "") },
			"without its length":     func() *http.Response { return responseOf(bytes.NewReader(want), -1, "") },
			"in halves":              func() *http.Response { return responseOf(iotest.HalfReader(bytes.NewReader(want)), -1, "") },
			"with its end at once":   func() *http.Response { return responseOf(iotest.DataErrReader(bytes.NewReader(want)), -1, "") },
			"gzip":                   func() *http.Response { return responseOf(bytes.NewReader(packed), int64(len(packed)), "gzip") },
			"gzip without a length":  func() *http.Response { return responseOf(bytes.NewReader(packed), -1, "GZIP") },
			"gzip by its old name":   func() *http.Response { return responseOf(bytes.NewReader(packed), -1, "x-gzip") },
			"longer than its length": func() *http.Response { return responseOf(bytes.NewReader(want), 0, "") },
		} {
			for _, limit := range []int64{int64(size), int64(size) + 1, math.MaxInt64} {
				body, err := Read(response(), limit)
				if err != nil || body.Cut || !bytes.Equal(body.Bytes, want) {
					t.Errorf("%d bytes %s, limit %d: got %d bytes, cut %v, %v", size, name, limit, len(body.Bytes), body.Cut, err)
				}
				body.Release()
			}
		}
	}
}

func TestATransportMayHaveUnpackedTheBody(t *testing.T) {
	t.Parallel()
	resp := responseOf(strings.NewReader("plain"), -1, "gzip")
	resp.Uncompressed = true
	if body, err := Read(resp, 100); err != nil || string(body.Bytes) != "plain" {
		t.Errorf("got %q, %v", body.Bytes, err)
	}
}

func TestAResponseWithoutBodyIsEmpty(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*http.Response, int64) (*Body, error){"Read": Read, "ReadStart": ReadStart} {
		if body, err := read(&http.Response{ContentLength: -1}, 10); err != nil || len(body.Bytes) != 0 {
			t.Errorf("%s: got %q, %v", name, body.Bytes, err)
		}
	}
}

func TestReadStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{0, 1, 10, firstBuffer, maxDoubled, 3 << 20} {
		packed := gzipped(t, make([]byte, 2*limit+1))
		unread := &endless{}
		for name, resp := range map[string]*http.Response{
			"announced": responseOf(unread, limit+1, ""),
			"endless":   responseOf(iotest.HalfReader(&endless{}), -1, ""),
			"by one":    responseOf(bytes.NewReader(make([]byte, limit+1)), -1, ""),
			"bomb":      responseOf(bytes.NewReader(packed), int64(len(packed)), "gzip"),
		} {
			body, err := Read(resp, limit)
			if !errors.Is(err, ErrTooLarge) || !body.Cut || int64(len(body.Bytes)) > limit {
				t.Errorf("limit %d, %s: %d bytes, cut %v, %v; want ErrTooLarge", limit, name, len(body.Bytes), body.Cut, err)
			}
		}
		if unread.read != 0 {
			t.Errorf("limit %d: %d bytes are read of a body that is announced as too large", limit, unread.read)
		}
		counted := &endless{}
		if _, err := Read(responseOf(counted, -1, ""), limit); counted.read != limit+1 {
			t.Errorf("limit %d: %d bytes are read, %v; want one over the limit", limit, counted.read, err)
		}
	}
}

func TestReadStartReturnsTheFirstBytes(t *testing.T) {
	t.Parallel()
	const limit = 100
	long := bytes.Repeat([]byte("0123456789"), 30)
	for name, test := range map[string]struct {
		resp *http.Response
		want []byte
		cut  bool
	}{
		"long, with its length":          {responseOf(bytes.NewReader(long), int64(len(long)), ""), long[:limit], true},
		"long, without its length":       {responseOf(bytes.NewReader(long), -1, ""), long[:limit], true},
		"one over the limit":             {responseOf(bytes.NewReader(long[:limit+1]), -1, ""), long[:limit], true},
		"as long as the limit":           {responseOf(bytes.NewReader(long[:limit]), -1, ""), long[:limit], false},
		"short":                          {responseOf(bytes.NewReader(long[:7]), 7, ""), long[:7], false},
		"gzip":                           {responseOf(bytes.NewReader(gzipped(t, long)), -1, "gzip"), long[:limit], true},
		"said to be gzip":                {responseOf(bytes.NewReader(long), -1, "gzip"), long[:limit], true},
		"said to be gzip, of one byte":   {responseOf(bytes.NewReader(long[:1]), -1, "gzip"), long[:1], false},
		"said to be gzip, empty":         {responseOf(bytes.NewReader(nil), -1, "gzip"), nil, false},
		"said to be gzip, begins so too": {responseOf(strings.NewReader("\x1fx"), -1, "gzip"), []byte("\x1fx"), false},
	} {
		body, err := ReadStart(test.resp, limit)
		if err != nil || body.Cut != test.cut || !bytes.Equal(body.Bytes, test.want) {
			t.Errorf("%s: got %q, cut %v, %v", name, body.Bytes, body.Cut, err)
		}
		body.Release()
	}
	if body, err := ReadStart(responseOf(&endless{}, -1, ""), math.MaxInt64); err != nil || len(body.Bytes) != maxDoubled {
		t.Errorf("without a limit: %d bytes, %v; want 1 MiB", len(body.Bytes), err)
	}
}

func TestWhatBreaksOffIsReportedWithWhatArrived(t *testing.T) {
	t.Parallel()
	packed := gzipped(t, bytes.Repeat([]byte("image"), 10000))
	broken := errors.New("connection reset")
	for name, test := range map[string]struct {
		resp func() *http.Response
		want error
		got  string
	}{
		"gzip cut in its header": {func() *http.Response { return responseOf(bytes.NewReader(packed[:5]), -1, "gzip") }, io.ErrUnexpectedEOF, ""},
		"gzip cut after a byte":  {func() *http.Response { return responseOf(bytes.NewReader(packed[:1]), -1, "gzip") }, io.ErrUnexpectedEOF, ""},
		"gzip cut in the middle": {
			func() *http.Response { return responseOf(bytes.NewReader(packed[:len(packed)/2]), -1, "gzip") }, io.ErrUnexpectedEOF, "image",
		},
		"reset": {
			func() *http.Response {
				return responseOf(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)), -1, "")
			}, broken, "abc",
		},
		"reset, longer than a chunk": {
			func() *http.Response {
				return responseOf(io.MultiReader(strings.NewReader("abc"+strings.Repeat("x", 3*chunk)), iotest.ErrReader(broken)), -1, "")
			}, broken, "abcx",
		},
		"reset by a reader that has the rest": {
			func() *http.Response {
				return responseOf(iotest.DataErrReader(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken))), -1, "")
			}, broken, "abc",
		},
		"never anything": {
			func() *http.Response { return responseOf(io.MultiReader(strings.NewReader("abc"), empty{}), -1, "") }, io.ErrNoProgress, "abc",
		},
		"never anything, gzip": {
			func() *http.Response {
				return responseOf(io.MultiReader(bytes.NewReader(packed[:5]), empty{}), -1, "gzip")
			}, io.ErrNoProgress, "",
		},
		"a count that is too large": {
			func() *http.Response { return responseOf(badCount(1), -1, "") }, errBadCount, "",
		},
		"a count that is too large, gzip": {
			func() *http.Response { return responseOf(badCount(1), -1, "gzip") }, errBadCount, "",
		},
		"a negative count":       {func() *http.Response { return responseOf(badCount(-1<<40), -1, "") }, errBadCount, ""},
		"a negative count, gzip": {func() *http.Response { return responseOf(badCount(-1<<40), -1, "gzip") }, errBadCount, ""},
	} {
		for way, read := range map[string]func(*http.Response, int64) (*Body, error){"Read": Read, "ReadStart": ReadStart} {
			if way == "ReadStart" && strings.Contains(name, "chunk") {
				continue // the limit comes first
			}
			body, err := read(test.resp(), 5<<20)
			if !errors.Is(err, test.want) || !strings.HasPrefix(string(body.Bytes), test.got) || body.Cut {
				t.Errorf("%s %s: got %.10q, cut %v, %v; want %q, %v", way, name, body.Bytes, body.Cut, err, test.got, test.want)
			}
		}
	}
	if _, err := Read(responseOf(strings.NewReader("<html>nothing packed</html>"), -1, "gzip"), 1<<20); !errors.Is(err, gzip.ErrHeader) {
		t.Errorf("not gzip at all: got %v", err)
	}
	if _, err := Read(responseOf(bytes.NewReader(nil), -1, "gzip"), 1<<20); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("gzip cut at once: got %v", err)
	}
	// The pool must not return a reader that a fault left in the middle.
	again, err := Read(responseOf(bytes.NewReader(gzipped(t, []byte("whole"))), -1, "gzip"), 1<<20)
	if err != nil || string(again.Bytes) != "whole" {
		t.Errorf("after the faults: %q, %v", again.Bytes, err)
	}
}

// badCount is a reader that returns an impossible count.
type badCount int

func (b badCount) Read(p []byte) (int, error) { return len(p) + int(b), nil }

// patient returns nothing a few times before each byte.
type patient struct {
	text  string
	waits int
}

func (p *patient) Read(b []byte) (int, error) {
	if p.text == "" {
		return 0, io.EOF
	}
	if p.waits++; p.waits%maxEmptyReads != 0 {
		return 0, nil
	}
	b[0], p.text = p.text[0], p.text[1:]
	return 1, nil
}

func TestAReaderMayReturnNothingForAWhile(t *testing.T) {
	t.Parallel()
	if body, err := Read(responseOf(&patient{text: "abc"}, -1, ""), 10); err != nil || string(body.Bytes) != "abc" {
		t.Errorf("got %q, %v", body.Bytes, err)
	}
}

func TestLargeBuffersAreNotPooled(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]bool{0: true, maxPooled: true, maxPooled + 1: false} {
		if got := (&Body{Bytes: make([]byte, 0, size)}).isPoolable(); got != want {
			t.Errorf("%d bytes: poolable %v, want %v", size, got, want)
		}
	}
}

func TestNoBodyCostsMuchMoreThanItsSize(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		expected, limit int64
		most            int
	}{
		"a length that does not arrive": {1 << 40, math.MaxInt64, maxPresized + 10<<10},
		"an unknown length":             {firstBuffer, math.MaxInt64, firstBuffer + 10<<10},
		"a limit below it":              {firstBuffer, 10, 32},
		"a limit of a byte":             {firstBuffer, 1, 16},
		"a known length":                {100, math.MaxInt64, 128},
	} {
		body := new(Body)
		if err := body.fill(strings.NewReader("x"), test.expected, test.limit); err != nil || cap(body.Bytes) > test.most {
			t.Errorf("%s: a byte is read into %d, %v; want at most %d", name, cap(body.Bytes), err, test.most)
		}
	}
}

func TestTheAnnouncedLengthIsExpected(t *testing.T) {
	t.Parallel()
	for announced, want := range map[int64]int64{-1: firstBuffer, 0: 0, 1: 1, 1 << 40: 1 << 40} {
		if got := expectedLength(&http.Response{ContentLength: announced}); got != want {
			t.Errorf("%d is announced and %d expected, want %d", announced, got, want)
		}
	}
}

func TestABufferAsLargeAsTheLimitIsFilled(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 11} {
		body := &Body{Bytes: make([]byte, 0, 10)}
		err := body.fill(strings.NewReader(strings.Repeat("x", size)), 0, 10)
		if tooLarge := errors.Is(err, ErrTooLarge); tooLarge != (size > 10) || len(body.Bytes) != 10 {
			t.Errorf("%d bytes: got %d, %v", size, len(body.Bytes), err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	page := bytes.Repeat([]byte("x"), 300_000)
	for _, form := range []string{"", "gzip"} {
		data := page
		if form == "gzip" {
			data = gzipped(b, page)
		}
		b.Run(fmt.Sprintf("encoding=%q", form), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				body, err := Read(responseOf(bytes.NewReader(data), int64(len(data)), form), 32<<20)
				if err != nil {
					b.Fatal(err)
				}
				body.Release()
			}
		})
	}
}
