package simulation

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Never is later than any moment of a simulation.
const Never = time.Duration(math.MaxInt64 / 2)

// Image is a version of an image. Moments count from the start of the service.
type Image struct {
	ID, Version string
	Created     time.Duration // when it is listed for the first time
	Gone        time.Duration // when it is not listed any more, or Never
	Ready       time.Duration // when its creation is done
	Failed      bool          // the creation fails

	rank float64 // place in the list
}

// ListedThroughout reports whether the image is listed from one moment to another.
func (i *Image) ListedThroughout(from, to time.Duration) bool {
	return i.Created <= from && to < i.Gone
}

// Status returns the image's status at a moment.
func (i *Image) Status(at time.Duration) string {
	switch {
	case at < i.Ready:
		return "CREATING"
	case i.Failed:
		return "CREATE_FAILED"
	}
	return "AVAILABLE"
}

// Inventory is all images that ever exist.
type Inventory struct {
	Images  []Image
	Changes []time.Duration // when images are created or deleted
	Both    bool            // some are created and some deleted

	sorted bool
}

// Add adds an image at the front or at the end of the list.
func (v *Inventory) Add(image Image, front bool) {
	image.rank = float64(len(v.Images))
	if front {
		image.rank = -image.rank
	}
	v.Images = append(v.Images, image)
}

// settle sorts the images, and collects the changes.
func (v *Inventory) settle() {
	slices.SortFunc(v.Images, func(a, b Image) int { return cmp.Compare(a.rank, b.rank) })
	var created, deleted bool
	for i := range v.Images {
		image := &v.Images[i]
		if image.Created > 0 {
			created = true
			v.Changes = append(v.Changes, image.Created)
		}
		if image.Gone < Never {
			deleted = true
			v.Changes = append(v.Changes, image.Gone)
		}
	}
	slices.Sort(v.Changes)
	v.Both, v.sorted = created && deleted, true
}

// ChangedIn returns the number of changes after one moment and up to another.
func (v *Inventory) ChangedIn(from, to time.Duration) int {
	n := 0
	for _, at := range v.Changes {
		if from < at && at <= to {
			n++
		}
	}
	return n
}

// At returns the images listed at a moment, those with an ID if that is set.
func (v *Inventory) At(at time.Duration, id string) []*Image {
	var listed []*Image
	for i := range v.Images {
		image := &v.Images[i]
		if image.Created <= at && at < image.Gone && (id == "" || id == image.ID) {
			listed = append(listed, image)
		}
	}
	return listed
}
