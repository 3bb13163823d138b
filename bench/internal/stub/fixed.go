// Package stub is the service that clients are measured against. It does as
// little as possible: it looks at no signature and prepares its answers
// beforehand.
package stub

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// EmptyPage is a page without anything to decode. It shows the cost of a call
// without decoding.
const EmptyPage = `{"Success":true}`

// fixed answers everything with one body.
type fixed struct{ plain, zipped []byte } // zipped is nil when not offered

func newFixed(body []byte, zip bool) (*fixed, error) {
	f := &fixed{plain: body}
	if !zip {
		return f, nil
	}
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	if _, err := writer.Write(body); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	f.zipped = buffer.Bytes()
	return f, nil
}

func (f *fixed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	body := f.plain
	if f.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = f.zipped
	}
	answer(w, body)
}

func answer(w http.ResponseWriter, body []byte) {
	header := w.Header()
	header.Set("Content-Type", "application/json;charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Acs-Request-Id", "8737D130-BFD0-5D51-96F6-C08EB1139A25")
	_, _ = w.Write(body) // a client that has gone needs no answer
}

// delayed waits before every answer, each request by itself.
func delayed(next http.Handler, latency time.Duration) http.Handler {
	if latency <= 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(latency)
		next.ServeHTTP(w, r)
	})
}
