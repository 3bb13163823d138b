package appstreamingtest

import (
	"bytes"
	"compress/gzip"
	"iter"
)

// body is a body as sent: pad, repeated, and then rest.
type body struct {
	pad     []byte
	repeats int64
	rest    []byte
	size    int64
}

// padUnit is the number of blanks that are sent or compressed at once.
const padUnit = 1 << 20

// maxPadding leaves room for the content in the length of a body.
const maxPadding = 1 << 62

func (s *Server) newBody(content []byte, padding int64, compress bool) *body {
	padding = min(max(padding, 0), maxPadding)
	b := &body{repeats: padding / padUnit, rest: content}
	if padding > 0 {
		b.rest = append(blanks(int(padding%padUnit)), content...)
	}
	if b.repeats > 0 {
		b.pad = blanks(padUnit)
	}
	if compress { // a gzip stream may consist of several streams
		if b.repeats > 0 {
			b.pad = s.compressed(b.pad)
		}
		b.rest = s.compressed(b.rest)
	}
	b.size = b.repeats*int64(len(b.pad)) + int64(len(b.rest))
	return b
}

func (b *body) chunks() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for range b.repeats {
			if !yield(b.pad) {
				return
			}
		}
		yield(b.rest)
	}
}

func blanks(n int) []byte { return bytes.Repeat([]byte{' '}, n) }

func (s *Server) compressed(content []byte) []byte {
	z, ok := s.gzips.Get().(*gzip.Writer)
	if !ok {
		var err error
		if z, err = gzip.NewWriterLevel(nil, gzip.BestSpeed); err != nil {
			return nil // never: the level is valid
		}
	}
	defer s.gzips.Put(z)
	var b bytes.Buffer
	z.Reset(&b)
	_, _ = z.Write(content) // writing to a buffer does not fail
	_ = z.Close()
	return b.Bytes()
}
