package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"
)

// defaultMaxPasses lets an inventory change three times while it is listed.
const defaultMaxPasses = 5

// Snapshot is a whole inventory, listed until it held still.
type Snapshot struct {
	Images []Image
	Passes int  // listings it took
	Stable bool // the last two of them agreed
}

// WithMaxPasses bounds the listings of [Client.Snapshot]. At least 2; default 5.
func WithMaxPasses(n int) Option {
	return func(c *config) error {
		if n < 2 {
			return &OptionError{Option: "WithMaxPasses", Value: strconv.Itoa(n), Reason: "must be at least 2: one pass alone cannot agree with another"}
		}
		c.maxPasses = n
		return nil
	}
}

// Snapshot lists the images that req selects, over and over, until two passes
// in a row agree on every image's ImageID, VersionID and Modified. The service
// pages by number, so that an image created or deleted during a single pass
// shifts the pages, and another image can be missed.
//
// When the passes allowed by [WithMaxPasses] never agree, it returns the last
// one and an error that is [ErrUnstable]. When a pass fails, it returns that
// pass's error, with the pass before if there was one. A pass that ended in
// [ErrPageLoop] counts and agrees with none: a page's worth of images created
// at once looks like that too. req.PageNumber must be unset. Safe for
// concurrent use.
func (c *Client) Snapshot(ctx context.Context, req ListImageRequest, opts ...Option) (*Snapshot, error) {
	cfg, err := c.callConfig(opts)
	if err != nil {
		return nil, err
	}
	if req.PageNumber > 1 {
		return nil, &ParamError{Field: "PageNumber", Value: strconv.Itoa(req.PageNumber), Reason: "must be unset: a snapshot is of the whole inventory"}
	}
	var (
		last     *Snapshot
		previous fingerprint
		listed   bool // previous is the pass before
		seeds    = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	)
	for pass := 1; pass <= cfg.maxPasses; pass++ {
		images, err := Collect(c.Images(ctx, req, opts...), 0)
		if errors.Is(err, ErrPageLoop) && pass < cfg.maxPasses {
			listed = false
			continue
		}
		if err != nil {
			return last, err
		}
		current := fingerprintOf(images, seeds)
		last = &Snapshot{Images: images, Passes: pass, Stable: listed && current == previous}
		if last.Stable {
			return last, nil
		}
		previous, listed = current, true
	}
	return last, fmt.Errorf("appstreaming: %w: no two of %d passes in a row agreed", ErrUnstable, cfg.maxPasses)
}

// fingerprint is equal for inventories of the same images in whatever order.
type fingerprint struct {
	images int
	sums   [2]uint64
}

func fingerprintOf(images []Image, seeds [2]maphash.Seed) fingerprint {
	f := fingerprint{images: len(images)}
	for i := range images {
		state := [3]string{images[i].ImageID, images[i].VersionID, string(images[i].Modified)}
		for j, seed := range seeds {
			f.sums[j] += maphash.Comparable(seed, state)
		}
	}
	return f
}
