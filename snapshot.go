package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// defaultMaxPasses allows the inventory to change three times.
const defaultMaxPasses = 5

// Snapshot is the inventory at one moment, as [Client.Snapshot] found it.
type Snapshot struct {
	Images []Image
	Count  int  // images in the inventory, as the service counts them
	Passes int  // listings made, including those that failed
	Stable bool // the last two passes agree
}

// SnapshotOptions bounds [Client.Snapshot]. The zero SnapshotOptions is the
// default.
type SnapshotOptions struct {
	// MaxPasses is the largest number of listings. It must be at least 2,
	// because two passes are compared. 0: 5.
	MaxPasses int
}

// Snapshot lists the images that req selects again and again, until two passes
// in a row agree on Count and on every image's ImageID, VersionID, Modified and
// Status. The service pages by number: images that are created and deleted
// during a single pass shift the pages, and an image can be missed. Options
// hold for every request of the snapshot.
//
// When no two passes agree within MaxPasses, Snapshot returns the last pass and
// an error that matches [ErrUnstable]. When a pass fails, it returns that
// pass's error, and the latest complete pass, or nil if there was none. A pass
// that ends in [ErrPageLoop] or [ErrIncomplete] counts toward MaxPasses but
// agrees with no other, because a change during the pass can be the cause.
// Snapshot then goes on, unless that pass was the last one.
//
// An invalid MaxPasses is an [*OptionError]. A req.PageNumber of more than 1 is
// a [*ParamError]. Snapshot is safe for concurrent use.
func (c *Client) Snapshot(ctx context.Context, req ListImageRequest, o SnapshotOptions, opts ...Option) (*Snapshot, error) {
	return TakeSnapshot(ctx, c, req, o, opts...)
}

// TakeSnapshot is [Client.Snapshot] for any [ImageLister].
func TakeSnapshot(ctx context.Context, l ImageLister, req ListImageRequest, o SnapshotOptions, opts ...Option) (*Snapshot, error) {
	passes := orDefault(o.MaxPasses, defaultMaxPasses)
	if passes < 2 {
		return nil, &OptionError{
			Option: "SnapshotOptions", Value: "MaxPasses: " + strconv.Itoa(o.MaxPasses),
			Reason: "must be at least 2, because two passes are compared",
		}
	}
	if req.PageNumber > 1 {
		return nil, &ParamError{
			Field: "PageNumber", Value: strconv.Itoa(req.PageNumber),
			Reason: "must be unset, because a snapshot covers the whole inventory",
		}
	}
	var (
		last     *Snapshot
		previous fingerprint
		listed   bool // previous is the pass before
		hash     = newHasher()
	)
	for pass := 1; pass <= passes; pass++ {
		current, snapshot, err := takePass(ctx, l, req, opts, hash)
		if (errors.Is(err, ErrPageLoop) || errors.Is(err, ErrIncomplete)) && pass < passes {
			listed = false
			continue
		}
		if err != nil {
			return last, err
		}
		snapshot.Passes, snapshot.Stable = pass, listed && current == previous
		last = snapshot
		if last.Stable {
			return last, nil
		}
		previous, listed = current, true
	}
	return last, fmt.Errorf("appstreaming: %w: no two of %d passes in a row agreed", ErrUnstable, passes)
}

// takePass lists the inventory once.
func takePass(ctx context.Context, l ImageLister, req ListImageRequest, opts []Option, hash hasher) (fingerprint, *Snapshot, error) {
	pass := newListing(l, req, opts)
	images, err := Collect(pass.all(ctx))
	if err != nil {
		return fingerprint{}, nil, err
	}
	s := &Snapshot{Images: images, Count: pass.count}
	f := fingerprint{images: len(s.Images), count: s.Count}
	for i := range s.Images {
		f.states.add(hash.state(&s.Images[i]))
	}
	return f, s, nil
}

// fingerprint is equal for passes that agree, in any order of the images.
type fingerprint struct {
	images, count int
	states        digest
}
