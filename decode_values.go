package appstreaming

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"unsafe"

	"github.com/wuying-go/appstreaming/internal/jsonscan"
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
	jsonscan.Scanner
	page  ListImageResponse
	unfit *jsonscan.SyntaxError // why Data is not what it should be

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

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func newDecoder(text []byte) *decoder {
	d := decoders.Get().(*decoder)
	d.Reset(text)
	return d
}

// Scratch larger than this is left to the garbage collector.
const (
	maxScratchImages = 256
	maxScratchText   = 64 << 10
)

// release gives d's scratch back for another body, with nothing in it that
// keeps this one's results alive.
func (d *decoder) release() {
	d.Reset(nil)
	d.page, d.unfit = ListImageResponse{}, nil
	d.dropImages()
	d.dropLists()
	d.buffer, d.lastVersion = d.buffer[:0], part{}
	clear(d.unstored[:cap(d.unstored)])
	d.unstored = d.unstored[:0]
	if cap(d.images.items) <= maxScratchImages && cap(d.buffer) <= maxScratchText && cap(d.unstored) <= maxScratchText/16 {
		decoders.Put(d)
	}
}

// misfit remembers that the text, although JSON, is not a page.
func (d *decoder) misfit(offset int, reason string) {
	if d.unfit == nil {
		d.unfit = &jsonscan.SyntaxError{Offset: offset, Reason: reason}
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
	return &DecodeError{Path: jsonscan.Path(text, err.Offset), Offset: int64(err.Offset), Reason: err.Reason}
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

// The methods below, and integer and readList, each read one value into a
// field. They report false for one that does not fit, whether they read it or
// left it alone, and leave the field zero, but for lists.

// text reads text.
func (d *decoder) text(field *string) bool {
	raw, escaped, ok := d.scalar(field)
	if len(raw) > 0 {
		d.put(field, raw, escaped)
	}
	return ok
}

// word reads text that may well be a known word, which then takes no space.
func (d *decoder) word(field *string) bool {
	raw, escaped, ok := d.scalar(field)
	if len(raw) > 0 && !escaped {
		if *field = knownWord(raw); *field != "" {
			return true
		}
	}
	if len(raw) > 0 {
		d.put(field, raw, escaped)
	}
	return ok
}

// version reads a version identifier. Most of an image's are the same one,
// which is then stored once.
func (d *decoder) version(field *string) bool {
	raw, escaped, ok := d.scalar(field)
	if len(raw) > 0 {
		if last := d.lastVersion; !escaped && string(raw) == string(d.buffer[last.from:last.to]) {
			*field = placeholder
			d.unstored = append(d.unstored, unstored{field, last})
		} else {
			d.lastVersion = d.put(field, raw, escaped)
		}
	}
	return ok
}

// scalar reads the value that is to be stored in field, whose text it returns.
// It empties the field.
func (d *decoder) scalar(field *string) (raw []byte, escaped, ok bool) {
	if *field != "" {
		d.store() // given twice: lest the earlier text is stored after this one
		*field = ""
	}
	switch d.Peek() {
	case jsonscan.String:
		raw, escaped = d.String()
	case jsonscan.Number:
		raw = d.Number()
	case jsonscan.Bool:
		raw = d.Bool()
	case jsonscan.Null:
		d.Null()
	default:
		return nil, false, false
	}
	return raw, escaped, true
}

// put appends text to the buffer, to be stored in field.
func (d *decoder) put(field *string, raw []byte, escaped bool) part {
	from := len(d.buffer)
	if escaped {
		d.buffer = jsonscan.Unescape(d.buffer, raw)
	} else {
		d.buffer = append(d.buffer, raw...)
	}
	p := part{from, len(d.buffer)}
	*field = placeholder
	d.unstored = append(d.unstored, unstored{field, p})
	return p
}

// store makes a string of the text collected so far and stores it in the fields
// it is for. That is once per image, but for rare cases.
func (d *decoder) store() {
	if len(d.unstored) == 0 {
		return
	}
	text := string(d.buffer)
	for _, u := range d.unstored {
		*u.field = text[u.from:u.to]
	}
	d.unstored, d.buffer, d.lastVersion = d.unstored[:0], d.buffer[:0], part{}
}

// integer reads an integer.
func integer[T int | int32 | int64](d *decoder, field *T) bool {
	*field = 0
	var literal []byte
	switch d.Peek() {
	case jsonscan.Number:
		literal = d.Number()
	case jsonscan.String:
		literal = d.unescaped()
	case jsonscan.Null:
		d.Null()
		return true
	}
	value, ok := jsonscan.Integer(literal)
	if !ok || int64(T(value)) != value {
		return false
	}
	*field = T(value)
	return true
}

// boolean reads a boolean.
func (d *decoder) boolean(field *bool) bool {
	*field = false
	var literal []byte
	switch d.Peek() {
	case jsonscan.Bool:
		literal = d.Bool()
	case jsonscan.Number:
		literal = d.Number()
	case jsonscan.String:
		if literal = d.unescaped(); len(literal) == len("true") || len(literal) == len("false") {
			literal = []byte(strings.Map(lowerASCII, string(literal)))
		}
	case jsonscan.Null:
		d.Null()
		return true
	}
	switch string(literal) {
	case "true", "1":
		*field = true
		return true
	case "false", "0":
		return true
	}
	return false
}

func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	return r
}

func (d *decoder) unescaped() []byte {
	raw, escaped := d.String()
	if escaped {
		return jsonscan.Unescape(nil, raw)
	}
	return raw
}

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
	if l.given {
		d.store()
		l.drop()
	}
	switch d.Peek() {
	case jsonscan.Array:
	case jsonscan.Null:
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

// takeLists moves the lists read to the image. All but the snapshots are made
// of strings alone and share one array.
func (d *decoder) takeLists(image *Image) {
	array := make([]string, width(&d.languages)+width(&d.features)+width(&d.drivers)+width(&d.apps)+
		width(&d.tags)+width(&d.regions)+width(&d.distributions))
	image.SupportedLanguages = take(&d.languages, &array)
	image.Features = take(&d.features, &array)
	image.Drivers = take(&d.drivers, &array)
	image.Apps = take(&d.apps, &array)
	image.Tags = take(&d.tags, &array)
	image.ImageRegions = take(&d.regions, &array)
	image.RegionDistributions = take(&d.distributions, &array)
	if d.snapshots.given {
		image.Snapshots = make([]DiskSnapshot, len(d.snapshots.items))
		copy(image.Snapshots, d.snapshots.items)
		d.snapshots.drop()
	}
}

func (d *decoder) dropLists() {
	d.languages.drop()
	d.features.drop()
	d.drivers.drop()
	d.apps.drop()
	d.tags.drop()
	d.regions.drop()
	d.distributions.drop()
	d.snapshots.drop()
}

// ofStrings are the types of list items that consist of strings and nothing
// else.
type ofStrings interface {
	string | Language | App | Tag | RegionDistribution
}

// width returns how many strings the list's items consist of.
func width[T ofStrings](l *list[T]) int {
	return len(l.items) * int(unsafe.Sizeof(*new(T))/unsafe.Sizeof(""))
}

// take empties the list and returns its items, for which it uses up a part of
// array.
//
// It is the one place that needs unsafe: Go has no other way to let slices of
// several types share an array, and seven allocations per image instead of two
// are a quarter of all that decoding costs. It is sound because a T is laid out
// as so many strings in a row, to the garbage collector too, and because the
// part is used as nothing but Ts from here on.
func take[T ofStrings](l *list[T], array *[]string) []T {
	if !l.given {
		return nil
	}
	n := width(l)
	if n == 0 {
		l.given = false
		return []T{}
	}
	items := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(*array))), len(l.items))
	copy(items, l.items)
	*array = (*array)[n:]
	l.drop()
	return items
}
