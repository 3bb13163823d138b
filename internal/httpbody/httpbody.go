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

	source guard
}

// Release returns the body's memory to the pool. Bytes must not be used
// afterwards.
func (b *Body) Release() {
	if b.isPoolable() {
		pool.Put(b)
	} else {
		b.Bytes = nil // a pooled gzip reader can still refer to b
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
	defer b.forget()
	if !gzipped {
		return b, b.fill(b.open(resp), expectedLength(resp), limit)
	}
	unzipped, err := openGzip(b.open(resp))
	if err != nil {
		return b, err
	}
	defer gzipPool.Put(unzipped)
	return b, b.fill(unzipped, firstBuffer, limit)
}

// ReadStart reads the first limit bytes of a body, and sets Cut if there are
// more. Whether the body is gzip depends on how it begins: proxies add and remove
// headers. Otherwise ReadStart is like [Read]. A limit of more than 1 MiB is 1
// MiB.
func ReadStart(resp *http.Response, limit int64) (*Body, error) {
	limit = min(limit, maxDoubled)
	b := newBody()
	defer b.forget()
	buffered := bufio.NewReader(b.open(resp))
	var plain io.Reader = buffered
	if hasGzipMagic(buffered) {
		unzipped, err := openGzip(buffered)
		if err != nil {
			return b, err
		}
		defer gzipPool.Put(unzipped)
		plain = unzipped
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

// open returns a response's body, or an empty one if the transport left it out.
func (b *Body) open(resp *http.Response) io.Reader {
	if resp.Body == nil {
		return http.NoBody
	}
	b.source = guard{from: resp.Body}
	return &b.source
}

// forget keeps the pool from holding a response's body.
func (b *Body) forget() { b.source = guard{} }

// guard reads from a body of the caller's transport, which may break the rules of
// an io.Reader.
type guard struct {
	from  io.Reader
	empty int // reads in a row that returned nothing
}

var errBadCount = errors.New("the body's Read returned an impossible count")

func (g *guard) Read(p []byte) (n int, err error) {
	n, err = g.from.Read(p)
	if n < 0 || n > len(p) {
		return 0, errBadCount
	}
	if n > 0 {
		g.empty = 0
	} else if err == nil {
		if g.empty++; g.empty == maxEmptyReads {
			return 0, io.ErrNoProgress
		}
	}
	return n, err
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
	for err == nil && total <= limit {
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
