package appstreaming

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
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

func TestReadBodyGivesTheWholeBodyWhateverItsSizeAndForm(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, firstBuffer - 1, firstBuffer, firstBuffer + 1, maxDoubled - 1, maxDoubled, maxDoubled + 1, 5*chunk + 7} {
		want := bytes.Repeat([]byte("appstream"), size/9+1)[:size]
		packed := gzipped(t, want)
		responses := map[string]*http.Response{
			"with its length":        responseOf(bytes.NewReader(want), int64(size), ""),
			"without its length":     responseOf(bytes.NewReader(want), -1, ""),
			"in halves":              responseOf(iotest.HalfReader(bytes.NewReader(want)), -1, ""),
			"with its end at once":   responseOf(iotest.DataErrReader(bytes.NewReader(want)), -1, ""),
			"gzip":                   responseOf(bytes.NewReader(packed), int64(len(packed)), "gzip"),
			"gzip without a length":  responseOf(bytes.NewReader(packed), -1, "GZIP"),
			"longer than its length": responseOf(bytes.NewReader(want), 0, ""),
		}
		for name, resp := range responses {
			body, err := readBody(resp, int64(size)+1)
			if err != nil || !bytes.Equal(body.bytes, want) {
				t.Errorf("%d bytes %s: got %d bytes, %v", size, name, len(body.bytes), err)
			}
			body.release()
		}
	}
}

func TestReadBodyEndsAtTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 3 << 20
	endless := func() io.Reader { return iotest.HalfReader(zeros{}) }
	packed := gzipped(t, make([]byte, 2*limit))
	for name, resp := range map[string]*http.Response{
		"announced": responseOf(endless(), limit+1, ""),
		"endless":   responseOf(endless(), -1, ""),
		"bomb":      responseOf(bytes.NewReader(packed), int64(len(packed)), "gzip"),
	} {
		body, err := readBody(resp, limit)
		if !errors.Is(err, ErrResponseTooLarge) || len(body.bytes) > limit {
			t.Errorf("%s: %d bytes, %v; want ErrResponseTooLarge", name, len(body.bytes), err)
		}
	}
	exact, err := readBody(responseOf(strings.NewReader(strings.Repeat("x", limit)), -1, ""), limit)
	if err != nil || len(exact.bytes) != limit {
		t.Errorf("a body of exactly the limit: %d bytes, %v", len(exact.bytes), err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestReadBodyReportsWhatBrokeOff(t *testing.T) {
	t.Parallel()
	packed := gzipped(t, bytes.Repeat([]byte("image"), 10000))
	broken := errors.New("connection reset")
	for name, test := range map[string]struct {
		resp *http.Response
		want error
	}{
		"gzip cut in its header": {responseOf(bytes.NewReader(packed[:5]), -1, "gzip"), io.ErrUnexpectedEOF},
		"gzip cut at once":       {responseOf(bytes.NewReader(nil), -1, "gzip"), io.ErrUnexpectedEOF},
		"gzip cut in the middle": {responseOf(bytes.NewReader(packed[:len(packed)/2]), -1, "gzip"), io.ErrUnexpectedEOF},
		"not gzip at all":        {responseOf(strings.NewReader("<html>nothing packed</html>"), -1, "gzip"), gzip.ErrHeader},
		"reset":                  {responseOf(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)), -1, ""), broken},
	} {
		if _, err := readBody(test.resp, 1<<20); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
	// The pool must not hand out a reader that a fault left in the middle.
	again, err := readBody(responseOf(bytes.NewReader(gzipped(t, []byte("whole"))), -1, "gzip"), 1<<20)
	if err != nil || string(again.bytes) != "whole" {
		t.Errorf("after the faults: %q, %v", again.bytes, err)
	}
}

func BenchmarkReadBody(b *testing.B) {
	page := bytes.Repeat([]byte("x"), 300_000)
	for _, form := range []string{"", "gzip"} {
		data := page
		if form == "gzip" {
			data = gzipped(b, page)
		}
		b.Run(fmt.Sprintf("encoding=%q", form), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				body, err := readBody(responseOf(bytes.NewReader(data), int64(len(data)), form), defaultMaxResponseBytes)
				if err != nil {
					b.Fatal(err)
				}
				body.release()
			}
		})
	}
}
