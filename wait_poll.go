package appstreaming

import (
	"context"
	"errors"
	"slices"
)

// poll finds the pending images, by listing all or by asking for each,
// whichever takes fewer requests.
func (w *waiter) poll(ctx context.Context) (map[string]Image, error) {
	found := make(map[string]Image, len(w.pending))
	if len(w.pending) == 1 || pagesOf(w.count) > len(w.pending) {
		return found, w.pollEach(ctx, found, w.pending)
	}
	pages := 0
	for page, err := range Pages(ctx, w.lister, ListImageRequest{}) {
		pages++
		if errors.Is(err, ErrPageLoop) {
			break // images created meanwhile have moved the pages
		}
		if err != nil {
			return nil, err
		}
		w.count = page.Count
		w.keep(found, page.Images)
		if len(found) == len(w.pending) {
			return found, nil
		}
		if pages == 1 && pagesOf(w.count) > len(w.pending)+1 {
			return found, w.pollEach(ctx, found, w.pending)
		}
	}
	if pages == 1 {
		return found, nil
	}
	// Pages move while the inventory changes, and an image can slip through
	// between two of them. It is asked for before that ends the wait.
	return found, w.pollEach(ctx, found, slices.DeleteFunc(slices.Clone(w.pending), w.mayBeMissing))
}

func pagesOf(images int) int { return (images + MaxPageSize - 1) / MaxPageSize }

// pollEach asks for those of the images that are not found yet.
func (w *waiter) pollEach(ctx context.Context, found map[string]Image, imageIDs []string) error {
	for _, id := range imageIDs {
		if _, known := found[id]; known {
			continue
		}
		page, err := w.lister.ListImage(ctx, ListImageRequest{ImageID: id})
		if err != nil {
			return err
		}
		w.keep(found, page.Images)
	}
	return nil
}

// mayBeMissing reports whether the wait goes on when the image is not listed.
func (w *waiter) mayBeMissing(id string) bool {
	_, before := w.seen[id]
	return !before && w.polled.Sub(w.started) < orDefault(w.options.Grace, defaultWaitGrace)
}

// keep notes the pending ones among images. Of an image's several versions the
// newest counts.
func (w *waiter) keep(found map[string]Image, images []Image) {
	for _, image := range images {
		_, pending := slices.BinarySearch(w.pending, image.ImageID)
		if _, known := found[image.ImageID]; pending && (!known || image.VersionID == image.LatestVersionID) {
			found[image.ImageID] = image
		}
	}
}
