package appstreaming

import (
	"context"
	"errors"
	"iter"
)

// maxRestarts bounds the extra requests of a listing whose Count changes with
// every response.
const maxRestarts = 8

// Images ranges over all images of a listing, from req.PageNumber on: a range
// without an error has yielded every image. It yields each version of an image
// once. Images without ImageID have no identity and are all yielded. An error is
// yielded once, with a zero Image, and ends the range; all images yielded before
// it are valid. Errors are those of [Pager.Next]. Each range starts a new
// listing. Breaking out of the loop cancels requests in flight.
//
// The service pages by number, so images move to other pages when images are
// created or deleted during the listing. Where Count changes between two pages,
// Images asks for the earlier pages again, backwards, until it finds no image
// that it missed. It does the same where a page is larger than the page before.
// Where an image comes twice although Count is the same, it asks for the first
// pages again, and for further pages. It cannot see other changes that cancel
// out in Count between two requests: use [Client.Snapshot] where that matters.
//
// Images remembers a digest of each image, about 40 bytes.
func (c *Client) Images(ctx context.Context, req ListImageRequest, opts ...Option) iter.Seq2[Image, error] {
	return Images(ctx, c, req, opts...)
}

// Images is [Client.Images] for any [ImageLister].
func Images(ctx context.Context, l ImageLister, req ListImageRequest, opts ...Option) iter.Seq2[Image, error] {
	return func(yield func(Image, error) bool) { newListing(l, req, opts).all(ctx)(yield) }
}

// listing yields every image of an inventory once, although images move to other
// pages when the inventory changes.
//
// At some moment every image on the pages before the current one was known.
// Count shows whether the inventory has changed since then. After a change,
// images may have moved from later pages to these pages. The listing then looks
// back: it requests the pages again, backwards, until one holds an image that was
// yielded before the change. All images before that one are known.
// A page without such an image, or rightly without images, proves nothing.
//
// A page that holds more images than the page before it leads to a look back too:
// the page before lacked images, or the service has raised its limit.
type listing struct {
	pager    *Pager
	hash     hasher
	known    map[digest]struct{} // images yielded
	yielded  int
	repeated bool // a page held an image of an earlier page
	count    int  // Count when the pages before the current one were complete
	changed  bool // Count has changed
	restarts int  // left
	latest   int  // images on the latest page

	yield func(Image, error) bool
	left  bool // the consumer has left the range
}

func newListing(l ImageLister, req ListImageRequest, opts []Option) *listing {
	pager := NewPager(l, req, opts...)
	return &listing{pager: pager, hash: pager.pass.hash, known: make(map[digest]struct{}), restarts: maxRestarts}
}

// all ranges over the images. It can be used once.
func (l *listing) all(ctx context.Context) func(yield func(Image, error) bool) {
	return func(yield func(Image, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer l.pager.ahead.Join()
		defer cancel()
		l.yield = yield
		err := l.toTheEnd(ctx)
		if err == nil && !l.left {
			err = l.lookForMoved(ctx)
		}
		if err == nil && l.endsTooEarly() {
			l.pager.pass.reopen()
			err = l.toTheEnd(ctx)
		}
		if err != nil {
			yield(Image{}, err)
		}
	}
}

// toTheEnd yields the images of the remaining pages.
func (l *listing) toTheEnd(ctx context.Context) error {
	for l.pager.More() && !l.left {
		if err := l.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

// endsTooEarly reports whether the pages agree with Count only because images came
// several times. The pages overlap if the service has lowered its limit. Further
// pages can then hold the missing images.
func (l *listing) endsTooEarly() bool {
	return l.repeated && !l.changed && l.latest > 0 && l.yielded < l.count && l.pager.pass.first == 1 && !l.left
}

// next yields the images of the next page and those that moved away from it.
func (l *listing) next(ctx context.Context) error {
	number := l.pager.PageNumber()
	page, err := l.pager.Next(ctx)
	if incomplete := l.pager.lacking; incomplete != nil && errors.Is(err, incomplete) {
		if l.pager.pass.first == 1 && l.yielded >= incomplete.Count {
			l.pager.pass.ended = true // a look back found what the pages lacked
			return nil
		}
		incomplete.Delivered = l.yielded
	}
	if err != nil {
		return err
	}
	l.take(page.Images, nil)
	first := number == l.pager.pass.first
	grown := !first && len(page.Images) > l.latest
	l.latest = len(page.Images)
	changed := page.Count > 0 && page.Count != l.count
	if changed && (first || l.count == 0) {
		l.count, changed = page.Count, false
	}
	if l.left || !changed && !grown {
		return nil
	}
	if grown {
		l.pager.ahead.Drop() // they may be older than the cause of this
	}
	l.changed = l.changed || changed
	return l.lookBack(ctx, number, page, grown)
}

// lookBack yields the images that moved to the pages before page number, whose
// Count is not that of the pages before, or which has grown.
func (l *listing) lookBack(ctx context.Context, number int, page *ListImageResponse, grown bool) error {
	recent := l.identities(page.Images) // images known only since the change
	count := l.count
	if page.Count > 0 {
		count = page.Count
	}
	if l.pager.early {
		// The page may be older than the pages before it.
		again, err := l.again(ctx, number)
		if err != nil {
			return err
		}
		l.take(again.Images, recent)
		l.pager.pass.renew(len(again.Images))
		if again.Count > 0 {
			count = again.Count
		}
		if l.left || count == l.count && !grown {
			l.recount(count)
			return nil
		}
	}
	for back := number - 1; back >= l.pager.pass.first && !l.left; {
		earlier, err := l.again(ctx, back)
		if err != nil {
			return err
		}
		before := l.take(earlier.Images, recent)
		changed := earlier.Count > 0 && earlier.Count != count
		if changed {
			count = earlier.Count
		}
		switch {
		case changed && l.restarts > 0: // during the look: all pages up to this one may have changed
			l.restarts--
			if back < number {
				back = number
				continue
			}
		case back < number && before:
			l.recount(count)
			return nil
		}
		back--
	}
	l.recount(count)
	return nil
}

// again fetches a page that was delivered before. If Count says that it holds
// images but it is empty, again asks once more, and then gives up.
func (l *listing) again(ctx context.Context, number int) (*ListImageResponse, error) {
	page, err := l.pager.fetch(ctx, number)
	if err != nil || !l.lacks(page, number) {
		return page, err
	}
	page, err = l.pager.fetch(ctx, number)
	if err == nil && l.lacks(page, number) {
		err = &IncompleteError{Delivered: l.yielded, Count: page.Count, PageNumber: number, RequestID: page.RequestID}
	}
	return page, err
}

func (l *listing) lacks(page *ListImageResponse, number int) bool {
	return len(page.Images) == 0 && page.Count > times(number-1, l.pager.pass.size)
}

// recount records the latest Count. The pass knows the Count of the pages only. If
// images were created after its end, others have moved behind it.
func (l *listing) recount(count int) {
	pass := l.pager.pass
	l.count, pass.count = count, count
	if pass.ended && l.restarts > 0 && count > times(pass.next-1, pass.size) {
		l.restarts--
		pass.ended = false
	}
}

// lookForMoved yields images that moved to the first pages while Count stayed the
// same. In that case another image came twice, and fewer images came than Count
// promises. It happens if the service lists the latest change first: an image
// then moves when it changes.
func (l *listing) lookForMoved(ctx context.Context) error {
	pass := l.pager.pass
	if !l.repeated || l.changed || pass.first > 1 {
		return nil
	}
	for number := 1; number < pass.next && l.yielded < l.count && !l.left; number++ {
		page, err := l.again(ctx, number)
		if err != nil {
			return err
		}
		yielded := l.yielded
		l.take(page.Images, map[digest]struct{}{})
		if l.yielded == yielded {
			return nil
		}
	}
	return nil
}

// take yields the images that are not known yet. During a look back it adds them
// to recent, and reports whether it met an image that was known before the
// change. An image without identity counts as such an image, because it cannot be
// recognized. Outside a look back, recent is nil.
func (l *listing) take(images []Image, recent map[digest]struct{}) (before bool) {
	for i := range images {
		id, identified := l.hash.identity(&images[i])
		if identified {
			_, known := l.known[id]
			if known {
				l.repeated = l.repeated || recent == nil
				_, isRecent := recent[id]
				before = before || !isRecent
				continue
			}
			l.known[id] = struct{}{}
			if recent != nil {
				recent[id] = struct{}{}
			}
		} else if recent != nil {
			before = true // it was yielded with its page
			continue
		}
		l.yielded++
		if !l.yield(images[i], nil) {
			l.left = true
			return before
		}
	}
	return before
}

// identities returns the identities of a page's images.
func (l *listing) identities(images []Image) map[digest]struct{} {
	ids := make(map[digest]struct{}, len(images))
	for i := range images {
		if id, identified := l.hash.identity(&images[i]); identified {
			ids[id] = struct{}{}
		}
	}
	return ids
}
