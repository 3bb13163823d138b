// Package httpbody reads the bodies of HTTP responses into memory, decompressed
// and within a limit. It reuses its buffers.
package httpbody

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

const (
	// firstBuffer is the buffer for a body of unknown length. It holds most
	// pages.
	firstBuffer = 64 << 10
	// maxPresized is the largest Content-Length that is allocated before the
	// bytes have arrived.
	maxPresized = 1 << 20
	// maxDoubled is the size at which a buffer stops doubling. A longer body is
	// collected in chunks, so that a body over its limit never costs twice the
	// limit.
	maxDoubled = 1 << 20
	chunk      = 1 << 20
	// maxPooled is the largest buffer that is kept for other bodies.
	maxPooled = 4 << 20
	// maxEmptyReads limits the reads in a row that return nothing.
	maxEmptyReads = 100
)

// ErrTooLarge reports a body that exceeds its limit.
var ErrTooLarge = errors.New("body too large")

var pool = sync.Pool{New: func() any { return new(Body) }}

// Body is a response's body in memory.
type Body struct {
	Bytes []byte
	Cut   bool // the body is longer than Bytes
}

// Release returns the body's memory to the pool. Bytes must not be used
// afterwards.
func (b *Body) Release() {
	if b.isPoolable() {
		pool.Put(b)
	}
}

func (b *Body) isPoolable() bool { return cap(b.Bytes) <= maxPooled }

// Read reads a body of at most limit bytes. For a longer one it returns
// [ErrTooLarge] and stops reading. With any error, Read also returns the bytes
// that arrived before it. The body is never nil, and the caller releases it.
func Read(resp *http.Response, limit int64) (*Body, error) {
	gzipped := isGzipped(resp)
	b := newBody()
	if !gzipped && resp.ContentLength > limit {
		b.Cut = true
		return b, ErrTooLarge
	}
	if !gzipped {
		return b, b.fill(source(resp), expectedLength(resp), limit)
	}
	unzipped, err := openGzip(source(resp))
	if err != nil {
		return b, err
	}
	defer gzipPool.Put(unzipped)
	return b, b.fill(unzipped, firstBuffer, limit)
}

// ReadStart reads the first limit bytes of a body, and sets Cut if there are
// more. A body that claims to be gzip but is not is read unchanged. Otherwise
// ReadStart is like [Read]. A limit of more than 1 MiB is 1 MiB.
func ReadStart(resp *http.Response, limit int64) (*Body, error) {
	limit = min(limit, maxDoubled)
	b := newBody()
	plain := source(resp)
	if isGzipped(resp) {
		buffered := bufio.NewReader(plain)
		plain = buffered
		if hasGzipMagic(buffered) {
			unzipped, err := openGzip(buffered)
			if err != nil {
				return b, err
			}
			defer gzipPool.Put(unzipped)
			plain = unzipped
		}
	}
	err := b.fill(plain, firstBuffer, limit)
	if err == ErrTooLarge {
		err = nil
	}
	return b, err
}

func newBody() *Body {
	b := pool.Get().(*Body)
	b.Bytes, b.Cut = b.Bytes[:0], false
	return b
}

// source returns a response's body, or an empty one if the transport left it out.
func source(resp *http.Response) io.Reader {
	if resp.Body == nil {
		return http.NoBody
	}
	return resp.Body
}

// expectedLength returns the length of a body that is not compressed.
func expectedLength(resp *http.Response) int64 {
	if resp.ContentLength < 0 {
		return firstBuffer
	}
	return resp.ContentLength
}

func isGzipped(resp *http.Response) bool {
	encoding := resp.Header.Get("Content-Encoding")
	return !resp.Uncompressed && (strings.EqualFold(encoding, "gzip") || strings.EqualFold(encoding, "x-gzip"))
}

// fill reads all of from. expected is its approximate length. If the body exceeds
// the limit, fill keeps the part that is in one buffer.
func (b *Body) fill(from io.Reader, expected, limit int64) error {
	presized := min(expected, limit, maxPresized)
	current := slices.Grow(b.Bytes, int(presized)+1) // one more, for the read that finds the end
	var full [][]byte                                // the chunks before current
	var total int64
	var err error
	for empty := 0; err == nil && total <= limit; {
		if len(current) == cap(current) {
			if cap(current) < maxDoubled {
				current = slices.Grow(current, cap(current))
			} else {
				full = append(full, current)
				current = make([]byte, 0, chunk)
			}
		}
		room := current[len(current):cap(current)]
		if left := limit - total; left < int64(len(room)) {
			room = room[:left+1] // one byte over the limit shows that there is more
		}
		var n int
		n, err = from.Read(room)
		current = current[:len(current)+n]
		total += int64(n)
		if n > 0 {
			empty = 0
		} else if empty++; err == nil && empty == maxEmptyReads {
			err = io.ErrNoProgress
		}
	}
	if total > limit {
		if full != nil {
			current = full[0]
		}
		b.Bytes, b.Cut = current[:min(int64(len(current)), limit)], true
		return ErrTooLarge
	}
	if full != nil {
		current = slices.Concat(append(full, current)...)
	}
	b.Bytes = current
	if err == io.EOF {
		return nil
	}
	return err
}
