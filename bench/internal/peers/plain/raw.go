package plain

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/wuying-go/appstreaming/bench/internal/peers"
)

// NewRaw returns net/http alone: one request, built and signed beforehand, is
// sent again and again, and the body read with io.ReadAll and dropped. It is
// the least cost of every client on net/http. Not for concurrent use.
func NewRaw(endpoint string) (peers.Peer, error) {
	return NewRawOver(newTransport(), endpoint)
}

// NewRawOver is [NewRaw] over a transport.
func NewRawOver(transport http.RoundTripper, endpoint string) (peers.Peer, error) {
	req, err := newRequest(context.Background(), endpoint, peers.Typical())
	if err != nil {
		return peers.Peer{}, err
	}
	form, err := io.ReadAll(req.Body)
	if err != nil {
		return peers.Peer{}, fmt.Errorf("keep form: %w", err)
	}
	client, reader := &http.Client{Transport: transport}, bytes.NewReader(form)
	req.Body, req.GetBody = io.NopCloser(reader), nil
	return peers.Peer{
		Name: "net/http alone",
		Raw:  true,
		List: func(context.Context) (peers.Page, error) {
			reader.Reset(form)
			body, err := roundTrip(client, req)
			return peers.Page{Bytes: len(body)}, err
		},
	}, nil
}
