package appstreaming

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/wuying-go/appstreaming/internal/jsonscan"
)

// decoder reads one response. What it needs on the way is kept from response
// to response; nothing of that is referred to by what it returns.
type decoder struct {
	scan    jsonscan.Scanner
	body    []byte
	shape   *DecodeError // a value where the schema has no room for it
	scratch []byte       // text free of escapes

	text                *arena // where texts go: to one of these
	pageText, imageText arena

	// Items are gathered here, so that each slice can be made in its final size.
	pageImages    []Image
	apps          []App
	tags          []Tag
	distributions []RegionDistribution
	snapshots     []DiskSnapshot
	texts         []string
	textLists     [listKinds]span // where in texts each list is
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func newDecoder(body []byte) *decoder {
	d := decoders.Get().(*decoder)
	d.scan.Reset(body)
	d.body = body
	d.shape = nil
	d.pageText.expected, d.imageText.expected = firstPageText, firstImageText
	return d
}

// maxKept bounds the room for items that is kept for the next response.
const maxKept = 4 * MaxPageSize

// release gives the decoder back, without the texts it saw last: they would
// stay in memory for no use.
func (d *decoder) release() {
	d.scan.Reset(nil)
	d.body, d.shape = nil, nil
	d.pageText.begin()
	d.imageText.begin()
	clear(d.pageImages) // what is beyond was cleared before
	clear(d.apps[:cap(d.apps)])
	clear(d.tags[:cap(d.tags)])
	clear(d.distributions[:cap(d.distributions)])
	clear(d.snapshots[:cap(d.snapshots)])
	clear(d.texts[:cap(d.texts)])
	if max(cap(d.pageImages), cap(d.apps), cap(d.tags), cap(d.distributions), cap(d.snapshots), cap(d.texts)) <= maxKept {
		decoders.Put(d)
	}
}

// err is the first thing that was wrong.
func (d *decoder) err() *DecodeError {
	if d.shape != nil {
		return d.shape
	}
	if err := d.scan.Err(); err != nil {
		return &DecodeError{Path: jsonscan.Path(d.body, err.Offset), Offset: int64(err.Offset), Reason: err.Reason}
	}
	return nil
}

// isObject reports whether an object follows. What else does is an error.
func (d *decoder) isObject(path string) bool {
	if d.scan.Peek() == jsonscan.Object {
		return true
	}
	d.misfit(path, "an object")
	return false
}

// isItem is isObject for an item of Data.
func (d *decoder) isItem(index int) bool {
	return d.scan.Peek() == jsonscan.Object || d.isObject("Data["+strconv.Itoa(index)+"]")
}

// misfit ends decoding: a value is there that the schema has no room for.
func (d *decoder) misfit(path, want string) {
	found := map[jsonscan.Kind]string{
		jsonscan.Null: "null", jsonscan.Bool: "a boolean", jsonscan.Number: "a number",
		jsonscan.String: "a string", jsonscan.Array: "an array", jsonscan.Object: "an object",
	}[d.scan.Peek()]
	if found == "" {
		found = "no JSON value"
		if d.scan.Offset() == len(d.body) {
			found = "nothing"
		}
	}
	if d.shape == nil && d.scan.Err() == nil {
		d.shape = &DecodeError{Path: path, Offset: int64(d.scan.Offset()), Reason: found + " instead of " + want}
	}
}

// valueStart is where the next value begins.
func (d *decoder) valueStart() int {
	d.scan.Peek()
	return d.scan.Offset()
}

// keepExtra keeps the value just read, begun at start, as received if it has no
// field to fit. The last of several members of one name counts.
func (d *decoder) keepExtra(extra map[string]json.RawMessage, name []byte, fits bool, start int) map[string]json.RawMessage {
	if fits {
		if extra == nil {
			return nil
		}
		if delete(extra, string(name)); len(extra) == 0 {
			return nil
		}
		return extra
	}
	if extra == nil {
		extra = make(map[string]json.RawMessage)
	}
	extra[string(name)] = bytes.Clone(d.body[start:d.scan.Offset()])
	return extra
}

// string reads a string and resolves its escapes. The bytes are valid until
// the next call.
func (d *decoder) string() []byte {
	raw, escaped := d.scan.String()
	if escaped {
		d.scratch = jsonscan.Unescape(d.scratch[:0], raw)
		return d.scratch
	}
	return raw
}

// text reads a string, or a number or boolean as its literal. It reports false
// for an object or array, and leaves dst empty.
func text[T ~string](d *decoder, dst *T) (fits bool) {
	*dst = ""
	switch d.scan.Peek() {
	case jsonscan.String:
		*dst = T(d.keep(d.string()))
	case jsonscan.Number:
		*dst = T(d.keep(d.scan.Number()))
	case jsonscan.Bool:
		*dst = T(d.keep(d.scan.Bool()))
	case jsonscan.Null:
		d.scan.Null()
	default:
		d.scan.Skip()
		return false
	}
	return true
}

func (d *decoder) keep(text []byte) string {
	if known, ok := constant(text); ok {
		return known
	}
	return d.text.keep(text)
}

// integer reads an integer, or a string that holds one. It reports false for
// any other value and for one out of range, and leaves dst zero.
func integer[T int | int32 | int64](d *decoder, dst *T) (fits bool) {
	*dst = 0
	var literal []byte
	switch d.scan.Peek() {
	case jsonscan.Number:
		literal = d.scan.Number()
	case jsonscan.String:
		literal = d.string()
	case jsonscan.Null:
		d.scan.Null()
		return true
	default:
		d.scan.Skip()
		return false
	}
	value, ok := jsonscan.Integer(literal)
	if !ok || int64(T(value)) != value {
		return false
	}
	*dst = T(value)
	return true
}

// boolean reads true or false, 1 or 0, or a string that holds one of them. It
// reports false for any other value, and leaves dst false.
func boolean(d *decoder, dst *bool) (fits bool) {
	*dst = false
	var literal []byte
	switch d.scan.Peek() {
	case jsonscan.Bool:
		literal = d.scan.Bool()
	case jsonscan.Number:
		literal = d.scan.Number()
	case jsonscan.String:
		literal = d.string()
	case jsonscan.Null:
		d.scan.Null()
		return true
	default:
		d.scan.Skip()
		return false
	}
	*dst = string(literal) == "1" || strings.EqualFold(string(literal), "true")
	return *dst || string(literal) == "0" || strings.EqualFold(string(literal), "false")
}

// objectList reads a list of objects by their members. It reports whether dst
// has all there is to the value; what it has not is left out of it.
func objectList[T any](d *decoder, dst, scratch *[]T, member func(*decoder, *T, []byte) bool) (fits bool) {
	*dst = nil
	switch d.scan.Peek() {
	case jsonscan.Null:
		d.scan.Null()
		return true
	case jsonscan.Array:
	default:
		d.scan.Skip()
		return false
	}
	fits = true
	items := (*scratch)[:0]
	for more := d.scan.Array(); more; more = d.scan.NextItem() {
		var empty T
		items = append(items, empty)
		item := &items[len(items)-1] // a local variable would be on the heap too, each anew
		if d.scan.Peek() != jsonscan.Object {
			d.scan.Skip()
			fits = false
			continue
		}
		for more := d.scan.Object(); more; more = d.scan.NextMember() {
			fits = member(d, item, d.scan.Name()) && fits
		}
	}
	*dst, *scratch = sized(items), items
	return fits
}

// sized copies items into a slice of just their number.
func sized[T any](items []T) []T {
	exact := make([]T, len(items))
	copy(exact, items)
	return exact
}

// listKind is one of an image's lists of text.
type listKind int

const (
	languages listKind = iota
	features
	drivers
	regions
	listKinds
)

// span is a list's part of decoder.texts.
type span struct {
	begin, end int
	present    bool
}

// textList reads a list of text. It reports whether every item is text. The
// image's lists of text share one array, made by finishLists.
func (d *decoder) textList(kind listKind) (fits bool) {
	d.textLists[kind] = span{}
	switch d.scan.Peek() {
	case jsonscan.Null:
		d.scan.Null()
		return true
	case jsonscan.Array:
	default:
		d.scan.Skip()
		return false
	}
	fits = true
	list := span{begin: len(d.texts), present: true}
	for more := d.scan.Array(); more; more = d.scan.NextItem() {
		isNull := d.scan.Peek() == jsonscan.Null // which has no place in a list
		d.texts = append(d.texts, "")
		fits = text(d, &d.texts[len(d.texts)-1]) && !isNull && fits
	}
	list.end = len(d.texts)
	d.textLists[kind] = list
	return fits
}

func (d *decoder) beginLists() {
	d.texts = d.texts[:0]
	d.textLists = [listKinds]span{}
}

func (d *decoder) finishLists(i *Image) {
	all := sized(d.texts)
	part := func(kind listKind) []string {
		s := d.textLists[kind]
		if !s.present {
			return nil
		}
		return all[s.begin:s.end:s.end]
	}
	i.SupportedLanguages = asLanguages(part(languages))
	i.Features = part(features)
	i.Drivers = part(drivers)
	i.ImageRegions = part(regions)
}

// asLanguages gives the slice another type without another array. Language is
// defined as a string, so that both arrays have one layout, which is all that
// unsafe is needed to say here.
func asLanguages(texts []string) []Language {
	if texts == nil {
		return nil
	}
	return unsafe.Slice((*Language)(unsafe.SliceData(texts)), len(texts))
}

const (
	firstImageText = 2 << 10 // about what an image with every element filled takes
	firstPageText  = 64
	laterText      = 256
)

// arena keeps texts in one backing string: an image's texts lie together, and
// keeping one image keeps nothing of the page's others.
type arena struct {
	chunk    strings.Builder
	used     int // before the chunk
	expected int // what the last one took
}

// begin lets go of the texts so far and makes room for about as many.
func (a *arena) begin() {
	if took := a.used + a.chunk.Len(); took > 0 {
		a.expected = took + took/32
	}
	a.used = 0
	a.chunk = strings.Builder{}
}

func (a *arena) keep(text []byte) string {
	begin := a.chunk.Len()
	if len(text) > a.chunk.Cap()-begin {
		// A builder that grows moves its text, and would leave two copies in use.
		room := a.expected
		if a.used += begin; a.used > 0 {
			room = laterText
		}
		a.chunk = strings.Builder{}
		a.chunk.Grow(max(room, len(text)))
		begin = 0
	}
	a.chunk.Write(text)
	return a.chunk.String()[begin:]
}
