package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/wuying-go/appstreaming/internal/prefetch"
)

// ImageLister is what paging needs of a [Client]. Services that only list
// images can depend on it, and give a double of their own in tests.
type ImageLister interface {
	ListImage(ctx context.Context, req ListImageRequest, opts ...Option) (*ListImageResponse, error)
}

var _ ImageLister = (*Client)(nil)

// Pager asks for one page after another. It is not safe for concurrent use.
//
//	pager := appstreaming.NewPager(client, appstreaming.ListImageRequest{})
//	for pager.More() {
//		page, err := pager.Next(ctx)
//		...
//	}
type Pager struct {
	lister ImageLister
	req    ListImageRequest
	opts   []Option
	window int
	fault  error // of the arguments; every Next returns it

	next      int  // number of the page Next returns
	size      int  // images a page has, as the service last said
	count     int  // images over all pages, as the service last said; 0: it did not
	ended     bool // there is no next page
	hash      hasher
	previous  digest // of the page before
	delivered bool   // there was a page before

	ahead prefetch.Queue[*ListImageResponse]
}

// NewPager returns a pager that starts at req.PageNumber, or at 1 when that is
// unset. With req.PageSize unset it asks for [MaxPageSize] images a page.
// Arguments that cannot be used are reported by Next.
func NewPager(l ImageLister, req ListImageRequest, opts ...Option) *Pager {
	p := &Pager{lister: l, req: req, opts: opts, hash: newHasher()}
	if p.req.PageSize == 0 {
		p.req.PageSize = MaxPageSize
	}
	p.size = p.req.PageSize
	p.next = max(1, req.PageNumber)
	cfg, err := listerConfig(l, opts)
	if err == nil {
		p.window = cfg.prefetch
		err = req.Validate()
	}
	p.fault = err
	return p
}

// listerConfig returns the configuration that holds for the requests of a
// listing: that of a *Client with the options, otherwise the options alone.
func listerConfig(l ImageLister, opts []Option) (*config, error) {
	if client, ok := l.(*Client); ok {
		return client.callConfig(opts)
	}
	if l == nil {
		return nil, &OptionError{Option: "ImageLister", Reason: "must not be nil"}
	}
	cfg := defaultConfig()
	err := cfg.set(opts)
	return &cfg, err
}

// More reports whether there may be another page. It is true before the first
// one, and after a Next that failed.
func (p *Pager) More() bool { return !p.ended }

// PageNumber returns the number of the page that Next will return: a
// checkpoint, to go on from as ListImageRequest.PageNumber.
func (p *Pager) PageNumber() int { return max(1, p.next) }

// Next returns the next page. After an error it may be called again and asks
// for the same page: the pager moves on success only.
//
// The listing ends when the pages cover Count, as the service last gave it, or
// with an empty page. Without Count a page that is not full ends it. Past the
// end Next returns [ErrNoMorePages]. A page with the very images of the one
// before is [ErrPageLoop]; other errors are those of [Client.ListImage].
//
// With [WithPrefetch] the pages ahead are fetched under the ctx of the Next
// that returned the page before them: end it to stop them.
func (p *Pager) Next(ctx context.Context) (*ListImageResponse, error) {
	if p.lister == nil && p.fault == nil {
		_, p.fault = listerConfig(nil, nil)
	}
	switch {
	case p.fault != nil:
		return nil, p.fault
	case p.ended:
		return nil, fmt.Errorf("appstreaming: %w", ErrNoMorePages)
	}
	page, found, err := p.ahead.Take(ctx, p.next)
	if !found {
		page, err = p.fetch(ctx, p.next)
	}
	if err != nil {
		return nil, err
	}
	if err := p.advance(page); err != nil {
		return nil, err
	}
	p.prefetch(ctx)
	return page, nil
}

// fetch asks for a page. Every request of a listing goes through it.
func (p *Pager) fetch(ctx context.Context, number int) (*ListImageResponse, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("appstreaming: page %d: %w", number, ctxError(ctx))
	}
	req := p.req
	req.PageNumber = number
	page, err := p.lister.ListImage(ctx, req, p.opts...)
	switch {
	case err == nil && page == nil:
		return nil, fmt.Errorf("appstreaming: the ImageLister returned neither a page nor an error for page %d", number)
	case err != nil && ctx.Err() != nil && !(errors.Is(err, ctx.Err()) && errors.Is(err, context.Cause(ctx))):
		return nil, fmt.Errorf("appstreaming: page %d: %w; before that: %w", number, ctxError(ctx), err)
	}
	return page, err
}

// advance moves past a page.
func (p *Pager) advance(page *ListImageResponse) error {
	digest := p.digest(page.Images)
	if p.delivered && digest == p.previous && len(page.Images) > 0 {
		return fmt.Errorf("appstreaming: page %d has the images of page %d: %w (request id %q)", p.next, p.next-1, ErrPageLoop, page.RequestID)
	}
	p.previous, p.delivered = digest, true
	if page.PageSize > 0 {
		p.size = page.PageSize
	}
	p.count = page.Count
	switch {
	case len(page.Images) == 0:
		p.ended = true
	case p.count > 0:
		p.ended = !p.covered(p.next + 1)
	default:
		p.ended = len(page.Images) < p.size
	}
	p.next++
	if p.ended {
		p.ahead.Drop()
	}
	return nil
}

// covered reports whether Count has images for the page of that number.
func (p *Pager) covered(number int) bool { return (number-1)*p.size < p.count }

// digest returns a page's digest, which does not depend on the images' order.
func (p *Pager) digest(images []Image) digest {
	var sum digest
	for i := range images {
		id, _ := p.hash.identity(&images[i])
		sum.add(id)
	}
	return sum
}

// prefetch fills the window with the pages that Count says there are.
func (p *Pager) prefetch(ctx context.Context) {
	if !p.ended && p.window > 0 {
		p.ahead.Fill(ctx, p.window, p.next, (p.count+p.size-1)/p.size, p.fetch)
	}
}

// Pages ranges over the pages of a listing, from req.PageNumber on. It can be
// ranged over again, which lists anew. An error is yielded once and ends the
// range; so does leaving the loop, which also ends what is being fetched ahead.
func (c *Client) Pages(ctx context.Context, req ListImageRequest, opts ...Option) iter.Seq2[*ListImageResponse, error] {
	return Pages(ctx, c, req, opts...)
}

// Images ranges over all images of a listing, each image's version once, even
// where pages shift and repeat it while the inventory changes. It can be ranged
// over again, which lists anew. An error is yielded once, with a zero Image,
// and ends the range.
//
// It remembers a digest of every image it has yielded, some 40 bytes each.
func (c *Client) Images(ctx context.Context, req ListImageRequest, opts ...Option) iter.Seq2[Image, error] {
	return Images(ctx, c, req, opts...)
}

// Pages is [Client.Pages] for any [ImageLister].
func Pages(ctx context.Context, l ImageLister, req ListImageRequest, opts ...Option) iter.Seq2[*ListImageResponse, error] {
	return func(yield func(*ListImageResponse, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		pager := NewPager(l, req, opts...)
		defer pager.ahead.Join()
		defer cancel()
		for pager.More() {
			page, err := pager.Next(ctx)
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// Images is [Client.Images] for any [ImageLister].
func Images(ctx context.Context, l ImageLister, req ListImageRequest, opts ...Option) iter.Seq2[Image, error] {
	return imagesOf(ctx, l, req, opts, func(*ListImageResponse) {})
}

// imagesOf is Images, with a function that is called with each page.
func imagesOf(ctx context.Context, l ImageLister, req ListImageRequest, opts []Option, paged func(*ListImageResponse)) iter.Seq2[Image, error] {
	return func(yield func(Image, error) bool) {
		hash, seen := newHasher(), make(map[digest]struct{})
		for page, err := range Pages(ctx, l, req, opts...) {
			if err != nil {
				yield(Image{}, err)
				return
			}
			paged(page)
			for _, image := range page.Images {
				if id, known := hash.identity(&image); known {
					if _, before := seen[id]; before {
						continue
					}
					seen[id] = struct{}{}
				}
				if !yield(image, nil) {
					return
				}
			}
		}
	}
}

// Collect returns all items of seq, such as the images of [Client.Images]. On an
// error it returns the items before it and the error.
func Collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var items []T
	for item, err := range seq {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

// Limit ends seq after n items: Collect(Limit(seq, 3)) returns at most three.
// Errors do not count as items. With n of 0 or less, seq is not started.
func Limit[T any](seq iter.Seq2[T, error], n int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if n <= 0 {
			return
		}
		left := n
		for item, err := range seq {
			if err == nil {
				left--
			}
			if !yield(item, err) || left == 0 {
				return
			}
		}
	}
}
