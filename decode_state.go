package appstreaming

import (
	"bytes"
	"encoding/json"
	"reflect"
	"sync"

	"github.com/wuying-go/appstreaming/internal/wirejson"
)

// decoder reads one body. What it holds beside the page is scratch, used again
// for other bodies: everything whose size is known only at its end is collected
// here and copied out once, in its exact size.
//
// The text of an image is collected in buffer and becomes one string, of which
// the image's fields are parts. So keeping an image keeps that image's text,
// not the page's, and costs one allocation, not one per field. Until then a
// field holds a placeholder, and the list unstored says what belongs in it.
type decoder struct {
	wirejson.Scanner
	page  ListImageResponse
	unfit *wirejson.SyntaxError // why Data is not what it should be

	buffer      []byte
	unstored    []unstored
	lastVersion part // where in buffer the version identifier read last is

	images list[Image]

	// The lists of the image being read.
	languages     list[Language]
	features      list[string]
	drivers       list[string]
	apps          list[App]
	tags          list[Tag]
	regions       list[string]
	distributions list[RegionDistribution]
	snapshots     list[DiskSnapshot]
}

// part is a part of decoder.buffer.
type part struct{ from, to int }

// unstored is text that is to be stored in a field.
type unstored struct {
	field *string
	part
}

// placeholder is in fields whose text is not stored yet.
const placeholder = "not stored yet"

var decoders = sync.Pool{New: func() any { return makeDecoder() }}

// makeDecoder gives a decoder scratch enough for most images, in one piece: the
// garbage collector empties the pool every dozen pages, and growing each list
// anew would cost as many allocations as ten images.
func makeDecoder() *decoder {
	room := new(struct {
		decoder
		buffer        [4 << 10]byte
		unstored      [64]unstored
		languages     [8]Language
		features      [8]string
		drivers       [8]string
		apps          [8]App
		tags          [8]Tag
		regions       [8]string
		distributions [8]RegionDistribution
		snapshots     [4]DiskSnapshot
	})
	d := &room.decoder
	d.buffer = room.buffer[:0]
	d.unstored = room.unstored[:0]
	d.languages.items = room.languages[:0]
	d.features.items = room.features[:0]
	d.drivers.items = room.drivers[:0]
	d.apps.items = room.apps[:0]
	d.tags.items = room.tags[:0]
	d.regions.items = room.regions[:0]
	d.distributions.items = room.distributions[:0]
	d.snapshots.items = room.snapshots[:0]
	return d
}

func newDecoder() *decoder { return decoders.Get().(*decoder) }

// maxScratch is how many bytes of scratch are kept for other bodies. A page of
// 100 images with everything in it needs about 150 KiB.
const maxScratch = 1 << 20

// release leaves d to other bodies, or to the garbage collector.
func (d *decoder) release() {
	d.clear()
	if d.scratch() <= maxScratch {
		decoders.Put(d)
	}
}

// clear empties d, so that it keeps nothing of a body or a result alive. The
// text and the lists of the last image are empty already.
func (d *decoder) clear() {
	d.Reset(nil)
	d.page = ListImageResponse{}
	d.dropImages()
}

// scratch returns how many bytes of scratch d holds.
func (d *decoder) scratch() int {
	return capacity(d.buffer) + capacity(d.unstored) + capacity(d.images.items) +
		capacity(d.languages.items) + capacity(d.features.items) + capacity(d.drivers.items) + capacity(d.apps.items) +
		capacity(d.tags.items) + capacity(d.regions.items) + capacity(d.distributions.items) + capacity(d.snapshots.items)
}

func capacity[T any](s []T) int { return cap(s) * int(reflect.TypeFor[T]().Size()) }

// misfit remembers that the text, although JSON, is not a page.
func (d *decoder) misfit(offset int, reason string) {
	if d.unfit == nil {
		d.unfit = &wirejson.SyntaxError{Offset: offset, Reason: reason}
	}
}

// failure returns what is wrong with the text, nil if nothing is.
func (d *decoder) failure(text []byte) *DecodeError {
	err := d.Err()
	if err == nil {
		err = d.unfit
	}
	if err == nil {
		return nil
	}
	return &DecodeError{Path: wirejson.Path(text, err.Offset), Offset: int64(err.Offset), Reason: err.Reason}
}

// settle ends the reading of a member. If its value did not fit it goes to
// extra, otherwise it replaces an earlier one that did not. Small, so as to be
// inlined: nearly always there is nothing to do.
func (d *decoder) settle(extra *map[string]json.RawMessage, name []byte, value int, fits bool) {
	if !fits || *extra != nil {
		d.settleExtra(extra, name, value, fits)
	}
}

func (d *decoder) settleExtra(extra *map[string]json.RawMessage, name []byte, value int, fits bool) {
	if fits {
		delete(*extra, string(name))
		if len(*extra) == 0 {
			*extra = nil
		}
		return
	}
	d.Rewind(value)
	raw := d.Skip()
	if d.Err() != nil {
		return
	}
	if *extra == nil {
		*extra = make(map[string]json.RawMessage, 1)
	}
	(*extra)[string(name)] = bytes.Clone(raw)
}
