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

	// maxFailedPolls in a row end a wait: the service is then not just busy.
	maxFailedPolls = 5
)

// WaitOptions tells how [Client.WaitForImage] waits. Its zero value is the
// default.
type WaitOptions struct {
	// Interval is about the first pause between polls; pauses grow by half each
	// time, and are shortened at random by up to a half. 0: 2 s.
	Interval time.Duration
	// MaxInterval bounds a pause. 0: 30 s.
	MaxInterval time.Duration
	// Grace is how long an image that is not listed yet is waited for. 0: one
	// minute; < 0: it must be listed from the start.
	Grace time.Duration
	// OnPoll, when set, is called after every poll with each image found that is
	// still waited for, for a progress line.
	OnPoll func(Image)
}

func (o *WaitOptions) validate() error {
	for _, pause := range []struct {
		field string
		value time.Duration
	}{{"Interval", o.Interval}, {"MaxInterval", o.MaxInterval}} {
		if pause.value < 0 {
			return &OptionError{Option: "WaitOptions", Value: pause.field + ": " + pause.value.String(), Reason: "must not be negative"}
		}
	}
	return nil
}

// WaitError says why waiting for an image ended. It matches [ErrImageFailed],
// [ErrImageGone], [ErrImageNotListed] or the error of ctx or of the poll that
// ended it.
type WaitError struct {
	ImageID string
	Last    Image // as last seen; zero when it never was
	Err     error
}

// Error names the image, its last status and the reason, in one line.
func (e *WaitError) Error() string {
	var b strings.Builder
	b.WriteString("appstreaming: waiting for image " + e.ImageID)
	if e.Last.ImageID != "" {
		b.WriteString(", last seen " + string(e.Last.Status))
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return withTrail(&b, "", 0, "")
}

// Unwrap returns the reason.
func (e *WaitError) Unwrap() error { return e.Err }

// WaitForImage polls until the image is AVAILABLE and returns it. It returns a
// [*WaitError] with the image as last seen when its creation failed, when it
// vanished, when it is not listed within the grace period, when ctx ends, and
// when polling fails for good: five times in a row, or in a way that will not
// pass. A bad identifier is a [*ParamError], a negative pause an
// [*OptionError].
//
// Without a deadline in ctx it waits for as long as the image is being created.
// Safe for concurrent use.
func (c *Client) WaitForImage(ctx context.Context, imageID string, o WaitOptions) (Image, error) {
	images, err := c.WaitForImages(ctx, []string{imageID}, o)
	if err != nil {
		return Image{}, err
	}
	return images[0], nil
}

// WaitForImages waits for all of the images, as [Client.WaitForImage] does, and
// returns them in the order of their identifiers. The first that fails ends
// it. A round costs one request where a single page holds the inventory, and
// otherwise the fewest that tell all their states.
func (c *Client) WaitForImages(ctx context.Context, imageIDs []string, o WaitOptions) ([]Image, error) {
	if c == nil || c.shared == nil {
		return nil, fmt.Errorf("appstreaming: %w", ErrUninitialized)
	}
	for i, id := range imageIDs {
		if id == "" {
			return nil, &ParamError{Field: fmt.Sprintf("imageIDs[%d]", i), Reason: "must not be empty"}
		}
		if err := checkText(fmt.Sprintf("imageIDs[%d]", i), id); err != nil {
			return nil, err
		}
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	w := waiter{
		lister:    c,
		options:   o,
		retryable: c.cfg.retry.retryable,
		jitter:    c.cfg.jitter,
		now:       c.cfg.now,
		started:   c.cfg.now(),
		seen:      make(map[string]Image, len(imageIDs)),
	}
	return w.wait(ctx, imageIDs)
}

// waiter is one wait under way.
type waiter struct {
	lister    ImageLister
	options   WaitOptions
	retryable func(error) bool
	jitter    func(time.Duration) time.Duration
	now       func() time.Time
	started   time.Time

	polled  time.Time        // when the round began
	seen    map[string]Image // as last seen
	count   int              // images in the inventory, when known
	failed  int              // polls in a row
	pending []string
}

func (w *waiter) wait(ctx context.Context, imageIDs []string) ([]Image, error) {
	w.pending = slices.Compact(slices.Sorted(slices.Values(imageIDs)))
	interval := orDefault(w.options.Interval, defaultWaitInterval)
	for len(w.pending) > 0 {
		if err := w.round(ctx); err != nil {
			return nil, err
		}
		if len(w.pending) == 0 {
			break
		}
		pause := time.NewTimer(interval - w.jitter(interval/2))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, w.fail(w.pending[0], ctxError(ctx))
		}
		interval = min(interval+interval/2, max(interval, orDefault(w.options.MaxInterval, defaultWaitMaxInterval)))
	}
	images := make([]Image, len(imageIDs))
	for i, id := range imageIDs {
		images[i] = w.seen[id]
	}
	return images, nil
}

// round asks once for every pending image's state and settles what it can.
func (w *waiter) round(ctx context.Context) error {
	w.polled = w.now()
	found, err := w.poll(ctx)
	if err != nil {
		w.failed++
		if ctx.Err() != nil || w.failed >= maxFailedPolls || !w.retryable(err) {
			return w.fail(w.pending[0], err)
		}
		return nil // no news
	}
	w.failed = 0
	var still []string
	for _, id := range w.pending {
		image, listed := found[id]
		done, err := w.settle(id, image, listed)
		if err != nil {
			return err
		}
		if !done {
			still = append(still, id)
		}
	}
	w.pending = still
	return nil
}

// settle tells whether an image is ready, or why it never will be.
func (w *waiter) settle(id string, image Image, listed bool) (done bool, err error) {
	if !listed {
		switch _, before := w.seen[id]; {
		case w.mayBeMissing(id):
			return false, nil
		case before:
			return false, w.fail(id, ErrImageGone)
		}
		return false, w.fail(id, ErrImageNotListed)
	}
	w.seen[id] = image
	if w.options.OnPoll != nil {
		w.options.OnPoll(image)
	}
	if image.Status == ImageStatusCreateFailed {
		return false, w.fail(id, ErrImageFailed)
	}
	return image.Status == ImageStatusAvailable, nil
}

func (w *waiter) fail(id string, err error) error {
	var already *WaitError
	if errors.As(err, &already) {
		return err
	}
	return &WaitError{ImageID: id, Last: w.seen[id], Err: err}
}
