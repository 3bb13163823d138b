package main

import (
	"context"
	"sync"

	"github.com/wuying-go/appstreaming"
)

// row is an image and its source.
type row struct {
	source source
	image  appstreaming.Image
}

// result is how listing a source ended.
type result struct {
	listed int
	err    error
}

// stream is the images of several sources, in the order they arrive.
type stream struct {
	rows    <-chan row // closed when all sources are listed; read it to the end
	results []result   // in the order of the sources; valid when rows is closed
}

// merge lists all sources at the same time. A source that fails does not end the
// others. Canceling ctx ends all.
func merge(ctx context.Context, sources []source) *stream {
	rows := make(chan row)
	s := &stream{rows: rows, results: make([]result, len(sources))}
	var listing sync.WaitGroup
	for i := range sources {
		listing.Go(func() { s.results[i] = sources[i].list(ctx, rows) })
	}
	go func() {
		listing.Wait()
		close(rows)
	}()
	return s
}

func (s source) list(ctx context.Context, rows chan<- row) (r result) {
	for image, err := range appstreaming.Images(ctx, s.images, appstreaming.ListImageRequest{}) {
		if err != nil {
			r.err = err
			return r
		}
		select {
		case rows <- row{s, image}:
			r.listed++
		case <-ctx.Done():
			r.err = ctx.Err()
			return r
		}
	}
	return r
}
