package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// run lists the images onto standard output.
func (o *options) run(ctx context.Context, s *demo.Session) error {
	// Rows that stream onto the same terminal, through a pipe or not, are progress
	// enough.
	watched := s.CanDraw(s.Stderr) && !s.Verbose && !s.IsTerminal(s.Stdout) && !demo.IsPipe(s.Stdout)
	shown := newProgress(s.Stderr, watched)
	client, err := s.Client.With(appstreaming.WithObserver(shown.observe))
	if err != nil {
		return err
	}
	images := &counter{ImageLister: client}
	listed, err := o.list(ctx, images, o.sink(s, images), shown)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted after %d images: %w", listed, context.Canceled)
	case listed > 0:
		return fmt.Errorf("failed after %d images: %w", listed, err)
	}
	return err
}

// list writes the images to out and returns their number.
func (o *options) list(ctx context.Context, images *counter, out sink, p *progress) (listed int, err error) {
	defer func() {
		p.clear()
		if err != nil && listed == 0 {
			return // a failure must not look like an empty inventory
		}
		if closeErr := out.close(); err == nil { // also after a failure: what was listed is shown
			err = closeErr
		}
	}()
	request, prefetch := o.paging()
	for image, err := range appstreaming.Images(ctx, images, request, appstreaming.WithPrefetch(prefetch)) {
		if err != nil {
			return listed, err
		}
		if err := out.write(image); err != nil {
			return listed, err
		}
		listed++
		p.show(listed, int(images.count.Load()))
		if listed == o.limit {
			break
		}
	}
	return listed, nil
}

// paging returns the request and the number of pages to fetch ahead, so that no
// more images are requested than -limit needs.
func (o *options) paging() (appstreaming.ListImageRequest, int) {
	request, prefetch := o.request, o.prefetch
	if o.limit == 0 {
		return request, prefetch
	}
	if request.PageSize == 0 {
		request.PageSize = appstreaming.MaxPageSize
		if request.PageNumber <= 1 { // another page size would make -page begin elsewhere
			request.PageSize = min(o.limit, appstreaming.MaxPageSize)
		}
	}
	return request, min(prefetch, (o.limit-1)/request.PageSize)
}

// counter is a lister that remembers what the images alone do not tell: Count,
// and how many images the first page holds.
type counter struct {
	appstreaming.ImageLister
	count atomic.Int64
	first atomic.Int64
}

// ListImage passes the call on.
func (c *counter) ListImage(
	ctx context.Context, req appstreaming.ListImageRequest, opts ...appstreaming.Option,
) (*appstreaming.ListImageResponse, error) {
	page, err := c.ImageLister.ListImage(ctx, req, opts...)
	if err == nil {
		c.count.Store(int64(page.Count))
		c.first.CompareAndSwap(0, int64(len(page.Images)))
	}
	return page, err
}
