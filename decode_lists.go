package appstreaming

import "github.com/wuying-go/appstreaming/internal/wirejson"

// list is scratch for a list's items.
type list[T any] struct {
	items []T
	given bool // an array was read, though perhaps an empty one
}

// drop empties the list.
func (l *list[T]) drop() {
	clear(l.items)
	l.items, l.given = l.items[:0], false
}

// readList reads a list. An item that read does not take is left as it is, as
// far as it was read.
func readList[T any](d *decoder, l *list[T], read func(*decoder, *T) bool) (fits bool) {
	if l.given { // twice: the later one counts
		d.store()
		l.drop()
	}
	switch d.Peek() {
	case wirejson.Array:
	case wirejson.Null:
		d.Null()
		return true
	default:
		return false
	}
	l.given, fits = true, true
	for more := d.Array(); more; more = d.NextItem() {
		if len(l.items) == cap(l.items) {
			d.store() // the fields are about to move
		}
		l.items = append(l.items, *new(T))
		d.Peek()
		value := d.Offset()
		if !read(d, &l.items[len(l.items)-1]) {
			fits = false
			d.Rewind(value)
			d.Skip()
		}
	}
	return fits
}

// newImage returns the place for another image.
func (d *decoder) newImage() *Image {
	if d.images.items == nil {
		d.images.items = make([]Image, 0, 16)
	}
	d.images.items = append(d.images.items, Image{})
	return &d.images.items[len(d.images.items)-1]
}

// takeImages returns the images read.
func (d *decoder) takeImages() []Image {
	if !d.images.given {
		return nil
	}
	images := make([]Image, len(d.images.items))
	copy(images, d.images.items)
	return images
}

func (d *decoder) dropImages() {
	d.unfit = nil
	d.images.drop()
}

// takeLists moves the lists read to the image, in slices of their exact size.
func (d *decoder) takeLists(image *Image) {
	texts := make([]string, len(d.features.items)+len(d.drivers.items)+len(d.regions.items))
	image.Features = d.features.takeInto(&texts)
	image.Drivers = d.drivers.takeInto(&texts)
	image.ImageRegions = d.regions.takeInto(&texts)

	if d.languages.isShort() && d.tags.isShort() {
		room := new(shortLists)
		languages, tags := room.languages[:], room.tags[:]
		image.SupportedLanguages = d.languages.takeInto(&languages)
		image.Tags = d.tags.takeInto(&tags)
	} else {
		image.SupportedLanguages = d.languages.take()
		image.Tags = d.tags.take()
	}

	image.Apps = d.apps.take()
	image.RegionDistributions = d.distributions.take()
	image.Snapshots = d.snapshots.take()
}

// shortLists has room for two lists that are short in most images, so that they
// take one allocation and not two.
type shortLists struct {
	languages [short]Language
	tags      [short]Tag
}

const short = 4 // as many as there are documented languages

// isShort reports whether the list has items, but not many.
func (l *list[T]) isShort() bool { return 0 < len(l.items) && len(l.items) <= short }

// take empties the list and returns its items, nil if none was given.
func (l *list[T]) take() []T {
	if !l.given {
		return nil
	}
	items := make([]T, len(l.items))
	return l.takeInto(&items)
}

// takeInto is take with memory from room, of which it uses up what it needs.
func (l *list[T]) takeInto(room *[]T) []T {
	if !l.given {
		return nil
	}
	n := copy(*room, l.items)
	items := (*room)[:n:n]
	*room = (*room)[n:]
	l.drop()
	return items
}
