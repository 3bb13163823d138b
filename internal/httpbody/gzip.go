package httpbody

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"sync"
)

// gzipPool holds *gzip.Reader. It has no New, because creating a gzip.Reader needs
// input.
var gzipPool sync.Pool

func openGzip(compressed io.Reader) (*gzip.Reader, error) {
	if pooled, ok := gzipPool.Get().(*gzip.Reader); ok {
		if err := pooled.Reset(compressed); err != nil {
			gzipPool.Put(pooled)
			return nil, truncated(err)
		}
		return pooled, nil
	}
	unzipped, err := gzip.NewReader(compressed)
	return unzipped, truncated(err)
}

// truncated reports EOF inside the gzip header as truncation.
func truncated(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// hasGzipMagic reports whether a body begins as gzip data does. A body of one
// byte counts if that byte does.
func hasGzipMagic(body *bufio.Reader) bool {
	magic, _ := body.Peek(2)
	return len(magic) > 0 && magic[0] == 0x1f && (len(magic) == 1 || magic[1] == 0x8b)
}
