package stub

import (
	"io"
	"net/http"
	"strings"
)

// Memory is a transport that answers every request with the empty page, without a
// network. It shows the cost of a client without the cost of its transport.
type Memory struct{}

// RoundTrip implements [http.RoundTripper].
func (Memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json;charset=utf-8"}},
		Body:          io.NopCloser(strings.NewReader(EmptyPage)),
		ContentLength: int64(len(EmptyPage)),
		Request:       req,
	}, nil
}
