package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	defaultWaitInterval    = 2 * time.Second
	defaultWaitMaxInterval = 30 * time.Second
	defaultWaitGrace       = time.Minute

	// minWaitInterval keeps a duration given without its unit from flooding the
	// service.
	minWaitInterval = 10 * time.Millisecond
	// maxRequestedPause is the longest delay requested by the service that a
	// wait honors.
	maxRequestedPause = 5 * time.Minute
	// maxFailedPolls is the number of failed polls in a row that ends a wait.
	maxFailedPolls = 5
)

// WaitOptions specifies how [Client.WaitForImage] waits. The zero WaitOptions
// is the default.
type WaitOptions struct {
	// Interval is the longest first pause between polls. Each pause is random,
	// between half of its bound and the bound, and the bound grows by half after
	// each poll. At least 10 ms. 0: 2 s.
	Interval time.Duration
	// MaxInterval limits the growth of the bound. 0: 30 s.
	MaxInterval time.Duration
	// Grace is how long to wait for an image that is not listed yet. 0: one
	// minute; < 0: the image must be listed from the start.
	Grace time.Duration
	// OnPoll, when set, is called after each poll with each image found that is
	// still waited for, for example to show progress.
	OnPoll func(Image)
}

func (o *WaitOptions) validate() error {
	fault := func(field string, value time.Duration, reason string) error {
		return &OptionError{Option: "WaitOptions", Value: field + ": " + value.String(), Reason: reason}
	}
	switch {
	case o.Interval < 0:
		return fault("Interval", o.Interval, "must not be negative")
	case o.Interval > 0 && o.Interval < minWaitInterval:
		return fault("Interval", o.Interval, "must be 0 or at least "+minWaitInterval.String())
	case o.MaxInterval < 0:
		return fault("MaxInterval", o.MaxInterval, "must not be negative")
	}
	return nil
}

// WaitError says why waiting for an image ended. It matches [ErrImageFailed],
// [ErrImageGone], [ErrImageNotListed], the error of ctx, or the error of the
// last poll.
type WaitError struct {
	ImageID string
	Last    Image // the image as last seen; zero when it was never seen
	Err     error
}

// Error names the image, its last status and the reason, in one line.
func (e *WaitError) Error() string {
	var b strings.Builder
	b.WriteString("appstreaming: waiting for image " + e.ImageID)
	if e.Last.ImageID != "" {
		b.WriteString(", last seen " + shortened(string(e.Last.Status), maxShownName))
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return withTrail(&b, "", 0, "")
}

// Unwrap returns the reason.
func (e *WaitError) Unwrap() error { return e.Err }

// WaitForImage polls until the image is AVAILABLE and returns it. An image with
// several versions is judged by its latest one: the version that
// LatestVersionID names, otherwise the newest by Created. Options hold for every
// poll.
//
// WaitForImage returns a [*WaitError], with the image as last seen:
//
//   - when the status says that creation failed (CREATE_FAILED or any other
//     status that ends in FAILED);
//   - when two polls in a row no longer find the image, when its status says that
//     it is deleted, or when it is not listed within the grace period;
//   - when ctx ends;
//   - when five polls in a row fail, when a poll fails in a way that cannot
//     pass, or when the service requests a delay of more than 5 minutes. A
//     shorter delay is honored and the poll does not count as failed.
//
// An invalid identifier is a [*ParamError], an invalid pause an [*OptionError].
// Without a deadline in ctx, WaitForImage waits as long as the image is being
// created or the service requests delays. It is safe for concurrent use.
func (c *Client) WaitForImage(ctx context.Context, imageID string, o WaitOptions, opts ...Option) (Image, error) {
	images, err := c.WaitForImages(ctx, []string{imageID}, o, opts...)
	if err != nil {
		return Image{}, err
	}
	return images[0], nil
}

// WaitForImages waits for all of the images as [Client.WaitForImage] does, and
// returns them in the order of imageIDs. The first image that fails ends the
// wait. Errors are those of WaitForImage. Without imageIDs it returns at once.
//
// A poll lists pages of the inventory while fewer pages are left than images are
// missing, and then asks for each missing image alone.
func (c *Client) WaitForImages(ctx context.Context, imageIDs []string, o WaitOptions, opts ...Option) ([]Image, error) {
	return WaitForImages(ctx, c, imageIDs, o, opts...)
}

// WaitForImages is [Client.WaitForImages] for any [ImageLister].
func WaitForImages(ctx context.Context, l ImageLister, imageIDs []string, o WaitOptions, opts ...Option) ([]Image, error) {
	cfg, err := listerConfig(l, opts)
	if err != nil {
		return nil, err
	}
	for i, id := range imageIDs {
		if err := checkSet(fmt.Sprintf("imageIDs[%d]", i), id); err != nil {
			return nil, err
		}
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	w := waiter{
		lister:  l,
		opts:    opts,
		options: o,
		cfg:     cfg,
		started: cfg.now(),
		pages:   1,
		pending: slices.Compact(slices.Sorted(slices.Values(imageIDs))),
		seen:    make(map[string]Image, len(imageIDs)),
		missing: make(map[string]bool),
	}
	if err := w.wait(ctx); err != nil {
		return nil, err
	}
	images := make([]Image, len(imageIDs))
	for i, id := range imageIDs {
		images[i] = w.seen[id]
	}
	return images, nil
}

// waiter is a wait in progress.
type waiter struct {
	lister  ImageLister
	opts    []Option
	options WaitOptions
	cfg     *config
	started time.Time

	pages   int      // pages of the inventory, as last known
	pending []string // identifiers still waited for, sorted
	seen    map[string]Image
	missing map[string]bool // seen once, and not found by the latest poll
	polled  bool            // a poll has succeeded
	failed  int             // failed polls in a row
	failure error           // of the latest poll
}

func (w *waiter) wait(ctx context.Context) error {
	bound := orDefault(w.options.Interval, defaultWaitInterval)
	longest := max(bound, orDefault(w.options.MaxInterval, defaultWaitMaxInterval))
	for {
		requested, err := w.round(ctx)
		if err != nil || len(w.pending) == 0 {
			return err
		}
		pause := time.NewTimer(max(requested, bound-w.cfg.jitter(bound/2)))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return w.ended(ctx)
		}
		bound = min(longest, bound+min(bound/2, longest-bound))
	}
}

// round polls once and settles the images whose wait is over. It returns the
// delay that the service requested.
func (w *waiter) round(ctx context.Context) (requested time.Duration, err error) {
	begun := w.cfg.now()
	if len(w.pending) == 0 {
		return 0, nil
	}
	found, err := w.poll(ctx, begun)
	w.failure = err
	if err != nil {
		return w.tolerate(ctx, err)
	}
	w.failed, w.polled = 0, true
	var still []string
	for _, id := range w.pending {
		image, listed := found[id]
		done, err := w.settle(id, image, listed, begun)
		if err != nil {
			return 0, err
		}
		if !done {
			still = append(still, id)
		}
	}
	w.pending = still
	return 0, nil
}

// tolerate decides whether the wait continues after a failed poll, and after
// which delay.
func (w *waiter) tolerate(ctx context.Context, err error) (requested time.Duration, ended error) {
	if ctx.Err() != nil {
		return 0, w.fail(w.pending[0], err)
	}
	if requested := requestedDelay(err); requested > 0 && w.mayPass(err) {
		if requested > maxRequestedPause {
			return 0, w.fail(w.pending[0], err)
		}
		return requested, nil
	}
	w.failed++
	if w.failed >= maxFailedPolls || !w.mayPass(err) {
		return 0, w.fail(w.pending[0], err)
	}
	return 0, nil
}

// mayPass reports whether a later poll may succeed. A page of a proxy, an
// incomplete listing and a failure of the credentials provider are often
// temporary, so the wait goes on although a single call does not retry them. If
// there were no credentials from the start, the wait ends.
func (w *waiter) mayPass(err error) bool {
	_, undecodable := as[*DecodeError](err)
	_, unsigned := as[*CredentialsError](err)
	switch {
	case errors.Is(err, ErrNoCredentials):
		return w.polled
	case undecodable, unsigned, errors.Is(err, ErrPageLoop), errors.Is(err, ErrIncomplete):
		return true
	}
	return w.cfg.retry.retryable(err)
}

// poll finds the pending images, each by its latest version. It lists pages of
// the inventory while fewer pages are left than images are missing, and then
// asks for each missing image alone.
func (w *waiter) poll(ctx context.Context, begun time.Time) (map[string]Image, error) {
	found := make(map[string]Image, len(w.pending))
	missing := slices.Clone(w.pending)
	keep := func(images []Image) {
		for i := range images {
			image := &images[i]
			if _, pending := slices.BinarySearch(w.pending, image.ImageID); !pending {
				continue
			}
			if known, ok := found[image.ImageID]; !ok || newer(image, &known) {
				found[image.ImageID] = *image
			}
		}
		missing = slices.DeleteFunc(missing, func(id string) bool {
			image, ok := found[id]
			return ok && image.VersionID == image.LatestVersionID
		})
	}

	listed, err := w.list(ctx, keep, func() int { return len(missing) })
	if err != nil {
		return nil, err
	}
	if listed { // an image in its grace period may not exist yet
		missing = slices.DeleteFunc(missing, func(id string) bool {
			_, ok := found[id]
			return !ok && w.mayBeMissing(id, begun)
		})
	}
	for _, id := range slices.Clone(missing) { // keep shortens missing
		images, err := Collect(Images(ctx, w.lister, ListImageRequest{ImageID: id}, w.opts...))
		if err != nil {
			return nil, err
		}
		keep(images)
	}
	return found, nil
}

// list lists pages while fewer are left than images are missing. It reports
// whether it came to the end.
func (w *waiter) list(ctx context.Context, keep func([]Image), missing func() int) (whole bool, err error) {
	if w.pages >= missing() {
		return false, nil
	}
	pages := 0
	for page, err := range Pages(ctx, w.lister, ListImageRequest{}, w.opts...) {
		if errors.Is(err, ErrPageLoop) || errors.Is(err, ErrIncomplete) {
			return false, nil // a change of the inventory can be the cause
		}
		if err != nil {
			return false, err
		}
		pages++
		w.pages = (max(page.Count, 1)-1)/MaxPageSize + 1
		keep(page.Images)
		if left := w.pages - pages; missing() == 0 || left > 0 && left >= missing() {
			return left <= 0, nil
		}
	}
	return true, nil
}

// newer reports whether a is a later version of an image than b.
func newer(a, b *Image) bool {
	if isLatest := a.VersionID == a.LatestVersionID; isLatest != (b.VersionID == b.LatestVersionID) {
		return isLatest
	}
	return a.Created > b.Created // the text sorts by time
}

// settle reports whether the wait for an image is over, or why it failed.
func (w *waiter) settle(id string, image Image, listed bool, begun time.Time) (done bool, err error) {
	if !listed {
		_, before := w.seen[id]
		switch {
		case w.mayBeMissing(id, begun):
			return false, nil
		case !before:
			return false, w.fail(id, ErrImageNotListed)
		case w.missing[id]:
			return false, w.fail(id, ErrImageGone)
		}
		w.missing[id] = true // unless the next poll finds it
		return false, nil
	}
	delete(w.missing, id)
	w.seen[id] = image
	if w.options.OnPoll != nil {
		w.options.OnPoll(image)
	}
	status := strings.ToUpper(strings.TrimSpace(string(image.Status)))
	switch {
	case strings.HasSuffix(status, "FAILED"):
		return false, w.fail(id, ErrImageFailed)
	case strings.HasPrefix(status, "DELET"): // DELETE, DELETING or DELETED
		return false, w.fail(id, ErrImageGone)
	}
	return status == string(ImageStatusAvailable), nil
}

// mayBeMissing reports whether an image has never been seen and is in its grace
// period.
func (w *waiter) mayBeMissing(id string, now time.Time) bool {
	_, before := w.seen[id]
	return !before && now.Sub(w.started) < orDefault(w.options.Grace, defaultWaitGrace)
}

// ended returns the error of a wait whose ctx has ended in a pause.
func (w *waiter) ended(ctx context.Context) error {
	err := ctxError(ctx)
	if w.failure != nil {
		err = fmt.Errorf("%w; before that: %w", err, w.failure)
	}
	return w.fail(w.pending[0], err)
}

func (w *waiter) fail(id string, err error) error {
	return &WaitError{ImageID: id, Last: w.seen[id], Err: err}
}
