package main

import (
	"context"
	"sync"

	"github.com/wuying-go/appstreaming"
)

// row is an image and where it is from.
type row struct {
	source source
	image  appstreaming.Image
}

// result tells how listing a source went.
type result struct {
	listed int
	err    error
}

// stream is the images of several sources as they come.
type stream struct {
	rows    <-chan row // closed when all sources are through; read it to the end
	results []result   // in the order of the sources; valid when rows is closed
}

// merge lists all sources at once. One that fails does not end the others; ctx
// ends all.
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
