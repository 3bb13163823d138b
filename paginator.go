package appstreaming

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"strconv"
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
	seed      maphash.Seed
	previous  uint64 // digest of the page before
	delivered bool   // there was a page before

	ahead prefetcher
}

// NewPager returns a pager that starts at req.PageNumber, or at 1 when that is
// unset. With req.PageSize unset it asks for [MaxPageSize] images a page.
// Arguments that cannot be used are reported by Next.
func NewPager(l ImageLister, req ListImageRequest, opts ...Option) *Pager {
	p := &Pager{lister: l, req: req, opts: opts, seed: maphash.MakeSeed()}
	if p.req.PageSize == 0 {
		p.req.PageSize = MaxPageSize
	}
	p.size = p.req.PageSize
	p.next = max(1, req.PageNumber)
	p.window, p.fault = pagerWindow(l, opts)
	if p.fault == nil {
		p.fault = req.Validate()
	}
	return p
}

// pagerWindow finds the prefetch window, in the client's options too.
func pagerWindow(l ImageLister, opts []Option) (int, error) {
	switch client, isClient := l.(*Client); {
	case l == nil:
		return 0, &OptionError{Option: "NewPager", Reason: "the ImageLister must not be nil"}
	case isClient:
		cfg, err := client.callConfig(opts)
		if err != nil {
			return 0, err
		}
		return cfg.prefetch, nil
	}
	cfg := defaultConfig()
	err := cfg.set(opts)
	return cfg.prefetch, err
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
		_, p.fault = pagerWindow(nil, nil)
	}
	switch {
	case p.fault != nil:
		return nil, p.fault
	case p.ended:
		return nil, fmt.Errorf("appstreaming: %w", ErrNoMorePages)
	}
	page, err := p.ahead.take(ctx, p.next)
	if page == nil && err == nil {
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

// fetch asks for a page.
func (p *Pager) fetch(ctx context.Context, number int) (*ListImageResponse, error) {
	req := p.req
	req.PageNumber = number
	page, err := p.lister.ListImage(ctx, req, p.opts...)
	if err == nil && page == nil {
		err = fmt.Errorf("appstreaming: the ImageLister returned neither a page nor an error for page %d", number)
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
		p.ahead.drop()
	}
	return nil
}

// covered reports whether Count has images for the page of that number.
func (p *Pager) covered(number int) bool { return (number-1)*p.size < p.count }

// digest tells pages apart by their images' identities.
func (p *Pager) digest(images []Image) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	for i := range images {
		h.WriteString(strconv.Itoa(len(images[i].ImageID)))
		h.WriteString(images[i].ImageID)
		h.WriteString(images[i].VersionID)
		h.WriteByte(0)
	}
	return h.Sum64()
}

// prefetch fills the window with the pages that Count says there are.
func (p *Pager) prefetch(ctx context.Context) {
	if p.ended {
		return
	}
	for number := p.ahead.following(p.next); p.ahead.len() < p.window && p.covered(number); number++ {
		p.ahead.start(ctx, number, p.fetch)
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
		defer pager.ahead.join()
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
	return func(yield func(Image, error) bool) {
		seen := newSeenSet()
		for page, err := range Pages(ctx, l, req, opts...) {
			if err != nil {
				yield(Image{}, err)
				return
			}
			for _, image := range page.Images {
				if seen.add(image.ImageID, image.VersionID) && !yield(image, nil) {
					return
				}
			}
		}
	}
}

// Collect gathers what seq yields, at most limit items when limit is positive.
// With an error it returns what came before it too.
func Collect[T any](seq iter.Seq2[T, error], limit int) ([]T, error) {
	var items []T
	for item, err := range seq {
		if err != nil {
			return items, err
		}
		items = append(items, item)
		if len(items) == limit {
			break
		}
	}
	return items, nil
}

// seenSet remembers identities by two independent 64-bit digests: text would
// keep every image's text in memory, and a collision of both is beyond
// reasonable doubt.
type seenSet struct {
	first, second maphash.Seed
	digests       map[[2]uint64]struct{}
}

func newSeenSet() seenSet {
	return seenSet{maphash.MakeSeed(), maphash.MakeSeed(), make(map[[2]uint64]struct{})}
}

// add reports whether the identity is new.
func (s seenSet) add(imageID, versionID string) bool {
	identity := [2]string{imageID, versionID}
	digest := [2]uint64{maphash.Comparable(s.first, identity), maphash.Comparable(s.second, identity)}
	if _, known := s.digests[digest]; known {
		return false
	}
	s.digests[digest] = struct{}{}
	return true
}
