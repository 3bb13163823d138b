package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/wuying-go/appstreaming/internal/pacer"
	"github.com/wuying-go/appstreaming/internal/prefetch"
)

// ImageLister is the part of a [Client] that paging needs. Code that only lists
// images can depend on it, and use a stub in tests.
type ImageLister interface {
	ListImage(ctx context.Context, req ListImageRequest, opts ...Option) (*ListImageResponse, error)
}

var _ ImageLister = (*Client)(nil)

// Pager returns one page after another. It is not safe for concurrent use.
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

	pass  *pass
	ahead prefetch.Queue[*ListImageResponse]
	early bool // the latest page was fetched ahead

	lacking *IncompleteError // the latest one of this pager; a lister can have its own

	patient  bool          // with throttled pages
	maxDelay time.Duration // of the retry policy

	opened int            // pages that may be in flight now, up to window
	order  *pacer.Listing // of the requests, while the client paces them
}

// NewPager returns a pager that starts at req.PageNumber, or at 1 when that is
// unset. With req.PageSize unset it asks for [MaxPageSize] images a page.
// Options hold for every request. Next reports invalid arguments.
func NewPager(l ImageLister, req ListImageRequest, opts ...Option) *Pager {
	p := &Pager{lister: l, req: req, opts: opts, order: new(pacer.Listing)}
	cfg, err := listerConfig(l, opts)
	if err == nil {
		p.window = cfg.prefetch
		p.patient, p.maxDelay = cfg.isPatient(), cfg.retry.maxDelay()
		err = checkListing(cfg)
	}
	if err == nil {
		err = req.Validate()
	}
	p.fault = err
	p.req.PageSize = orDefault(p.req.PageSize, MaxPageSize)
	p.pass = newPass(max(1, req.PageNumber), p.req.PageSize, newHasher())
	return p
}

// listerConfig returns the configuration for the requests of a listing: that of
// a *Client with the options added, or the options alone for other listers.
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

// checkListing refuses raw parameters that a listing sets itself.
func checkListing(cfg *config) error {
	for _, p := range cfg.extra {
		if p.Name == "PageNumber" || p.Name == "PageSize" {
			return &OptionError{Option: "WithParam", Value: p.Name, Reason: "a listing sets it: use the field of ListImageRequest"}
		}
	}
	return nil
}

// More reports whether there may be another page. It is true before the first
// page and after an error.
func (p *Pager) More() bool { return p.pass == nil || !p.pass.ended }

// PageNumber returns the number of the page that Next returns next. To resume a
// listing there, pass the number as ListImageRequest.PageNumber.
func (p *Pager) PageNumber() int {
	if p.pass == nil {
		return 1
	}
	return p.pass.next
}

// Next returns the next page. After an error, Next can be called again and asks
// for the same page.
//
// A listing ends where the pages and Count agree. Where they do not, a page that
// is not full and is followed by an empty one is the end. Without Count, an
// empty page is the end. Past the end Next returns [ErrNoMorePages].
//
// When Count promises images but a page is empty, repeats an earlier page, or
// names another PageNumber, Next requests that page again. If the second
// response is no better, Next returns an [*IncompleteError] for an empty page,
// [ErrPageLoop] for a repeated page, and the page itself otherwise. Other errors
// are those of [Client.ListImage]. When ctx ends, the error matches ctx.Err()
// and its cause.
//
// Next returns pages as the service sent them. The last page may be empty. A
// repeated page that ends the listing is returned without its images.
//
// With [WithPrefetch], requests for the pages ahead run under the ctx of the
// Next that started them. Cancel that ctx to stop them.
func (p *Pager) Next(ctx context.Context) (*ListImageResponse, error) {
	if p.pass == nil && p.fault == nil {
		_, p.fault = listerConfig(nil, nil)
	}
	switch {
	case p.fault != nil:
		return nil, p.fault
	case p.pass.ended:
		return nil, fmt.Errorf("appstreaming: %w", ErrNoMorePages)
	}
	number := p.pass.next
	age := p.ahead.Age()
	page, found, err := p.ahead.Take(ctx, number)
	if age > 0 && ctx.Err() == nil && p.mayPassNow(err, age) {
		found, err = false, nil
	}
	if err != nil && ctx.Err() != nil {
		err = printableError{err} // it quotes ctx's cause
	}
	p.early = found
	if !found {
		page, err = p.fetch(ctx, number)
	}
	if err != nil {
		return nil, err
	}
	return p.settle(ctx, page)
}

// settle returns a response for the next page if the pass accepts it. Otherwise it
// requests the page again, or other pages that decide what this one means.
func (p *Pager) settle(ctx context.Context, page *ListImageResponse) (*ListImageResponse, error) {
	number := p.pass.next
	var err error
	for again := false; err == nil; {
		// A page fetched ahead can be older than the pages before it. When its
		// Count is lower, it does not show where the listing ends.
		counted := p.pass.count
		older := p.early && 0 < page.Count && page.Count < counted
		switch p.pass.judge(page, again) {
		case deliver:
			if older {
				p.pass.ended, p.pass.count = false, counted
			}
			p.prefetch(ctx)
			return page, nil
		case endOfPages:
			if older {
				p.pass.ended, p.pass.count, p.early = false, counted, false
				page, err = p.fetch(ctx, number)
				continue
			}
			p.prefetch(ctx)
			if len(page.Images) > 0 {
				end := *page
				end.Images = nil
				page = &end
			}
			return page, nil
		case askAgain:
			again, p.early = true, false
			page, err = p.fetch(ctx, number)
		case askBefore:
			var before *ListImageResponse
			if before, err = p.fetch(ctx, p.pass.before()); err == nil {
				p.pass.inform(len(before.Images))
			}
		case incomplete:
			var emptied bool
			if emptied, err = p.emptied(ctx, page); emptied {
				p.pass.ended = true
				p.prefetch(ctx)
				return page, nil
			}
			if err == nil {
				p.lacking = &IncompleteError{
					Delivered: p.pass.kept, Count: max(page.Count, p.pass.count), PageNumber: number, RequestID: page.RequestID,
				}
				err = p.lacking
			}
		case pageLoop:
			err = fmt.Errorf("appstreaming: page %d repeats an earlier page: %w (request id %q)",
				number, ErrPageLoop, shortened(page.RequestID, maxShownName))
		}
	}
	return nil, err
}

// emptied reports whether all images were deleted during the listing. A Count of 0
// on an empty page does not prove it, because Count may be absent: the first page
// must be empty too.
func (p *Pager) emptied(ctx context.Context, page *ListImageResponse) (bool, error) {
	if page.Count != 0 {
		return false, nil
	}
	first, err := p.fetch(ctx, 1)
	if err != nil {
		return false, err
	}
	return first.Count == 0 && len(first.Images) == 0, nil
}

// mayPassNow reports whether a page may be served that was throttled for too long
// when it was fetched ahead. Without prefetch, this would be the first request
// for it. Age is the time since the page was given up.
func (p *Pager) mayPassNow(err error, age time.Duration) bool {
	refused, ok := as[*APIError](err)
	return ok && isThrottled(err) && p.patient && refused.RetryAfter-age <= p.maxDelay
}

// firstWindow is how many pages are fetched ahead after the first page. Each
// further page adds one, up to the window of WithPrefetch. With the whole window
// at once, a service that throttles could refuse all of it.
const firstWindow = 8

// prefetch fills the window with the pages that Count promises.
func (p *Pager) prefetch(ctx context.Context) {
	if p.pass.ended {
		p.ahead.Drop()
		return
	}
	p.opened = min(max(firstWindow, p.opened+1), p.window)
	p.ahead.Fill(ctx, p.opened, p.pass.next, p.pass.promises(), p.fetch)
}

// fetch asks for a page. Every request of a listing goes through it.
func (p *Pager) fetch(ctx context.Context, number int) (*ListImageResponse, error) {
	if ctx.Err() != nil {
		return nil, wrapf("appstreaming: page %d: %w", number, ctxError(ctx))
	}
	req := p.req
	req.PageNumber = number
	page, err := p.list(ctx, req)
	switch {
	case err == nil && page == nil:
		return nil, fmt.Errorf("appstreaming: the ImageLister returned neither a page nor an error for page %d", number)
	case err != nil && ctx.Err() != nil && !(errors.Is(err, ctx.Err()) && errors.Is(err, context.Cause(ctx))):
		return nil, wrapf("appstreaming: page %d: %w; before that: %w", number, ctxError(ctx), err)
	}
	return page, err
}

// list makes a call that knows its place in the listing.
func (p *Pager) list(ctx context.Context, req ListImageRequest) (*ListImageResponse, error) {
	at := pagePlace{listing: p.order, page: req.PageNumber}
	client, ok := p.lister.(*Client)
	if !ok {
		return p.lister.ListImage(at.in(ctx), req, p.opts...)
	}
	cfg, err := client.callConfig(p.opts)
	if err != nil {
		return nil, err
	}
	return client.list(ctx, cfg, at, req)
}

// Pages ranges over the pages of a listing, from req.PageNumber on, as
// [Pager.Next] returns them. An error is yielded once and ends the range. Each
// range starts a new listing. Breaking out of the loop cancels requests in
// flight.
func (c *Client) Pages(ctx context.Context, req ListImageRequest, opts ...Option) iter.Seq2[*ListImageResponse, error] {
	return Pages(ctx, c, req, opts...)
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
