package appstreaming

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

const (
	// firstBuffer holds most pages. A Content-Length is believed up to
	// maxPresized before the bytes have come. Past maxDoubled a body is gathered
	// in chunks, so that one over its limit never costs twice the limit.
	// Buffers over maxPooled are not kept.
	firstBuffer = 64 << 10
	maxPresized = 1 << 20
	maxDoubled  = 1 << 20
	chunk       = 1 << 20
	maxPooled   = 4 << 20

	// maxErrorBody bounds what is read of an error's body, keptBody what is
	// kept of it.
	maxErrorBody = 64 << 10
	keptBody     = 4 << 10
)

var (
	bodyPool = sync.Pool{New: func() any { return new(pooledBody) }}
	gzipPool sync.Pool // of *gzip.Reader; an empty one cannot be made without input
)

// pooledBody is a response's body in memory that is used again.
type pooledBody struct {
	bytes   []byte
	limited io.LimitedReader // here rather than anew for every response
}

func (b *pooledBody) release() {
	if cap(b.bytes) <= maxPooled {
		bodyPool.Put(b)
	}
}

// readBody reads a response's body, decompressed, of at most limit bytes. The
// caller releases it when nothing refers to it any more. A longer body is
// [ErrResponseTooLarge], and no more of it is read. Any other error comes with
// what arrived before it.
func readBody(resp *http.Response, limit int64) (*pooledBody, error) {
	body := bodyPool.Get().(*pooledBody)
	body.bytes = body.bytes[:0]
	compressed := strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") && !resp.Uncompressed
	expected := int64(firstBuffer)
	if !compressed && resp.ContentLength >= 0 {
		if resp.ContentLength > limit {
			return body, ErrResponseTooLarge
		}
		expected = min(resp.ContentLength, maxPresized)
	}
	body.bytes = slices.Grow(body.bytes, int(expected)+1) // one more, for the read that finds the end

	var source io.Reader = resp.Body
	if compressed {
		unzipped, err := openGzip(resp.Body)
		if err != nil {
			return body, err
		}
		defer gzipPool.Put(unzipped)
		source = unzipped
	}
	body.limited = io.LimitedReader{R: source, N: limit + 1}
	err := body.readAll(&body.limited, limit)
	body.limited.R = nil
	return body, err
}

// readAll appends all of source to b, or, when that is more than limit bytes,
// as much as came in one piece.
func (b *pooledBody) readAll(source io.Reader, limit int64) error {
	var full [][]byte // chunks before the one being filled
	var total int64
	current := b.bytes
	var err error
	for err == nil {
		if len(current) == cap(current) {
			if cap(current) < maxDoubled {
				current = slices.Grow(current, cap(current)+1)
			} else {
				full = append(full, current)
				current = make([]byte, 0, chunk)
			}
		}
		var n int
		n, err = source.Read(current[len(current):cap(current)])
		current = current[:len(current)+n]
		total += int64(n)
	}
	b.bytes = current
	switch {
	case full != nil && total > limit:
		b.bytes = full[0]
	case full != nil:
		b.bytes = slices.Concat(append(full, current)...)
	}
	if total > limit {
		b.bytes = b.bytes[:min(int64(len(b.bytes)), limit)]
		return ErrResponseTooLarge
	}
	if err == io.EOF {
		return nil
	}
	return err
}

func openGzip(source io.Reader) (*gzip.Reader, error) {
	if pooled, ok := gzipPool.Get().(*gzip.Reader); ok {
		if err := pooled.Reset(source); err != nil {
			gzipPool.Put(pooled)
			return nil, cutShort(err)
		}
		return pooled, nil
	}
	unzipped, err := gzip.NewReader(source)
	return unzipped, cutShort(err)
}

// cutShort: a stream that ends before the gzip header is whole was cut.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
