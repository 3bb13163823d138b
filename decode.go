package appstreaming

import (
	"bytes"
	"strconv"

	"github.com/wuying-go/appstreaming/internal/wirejson"
)

// This file and decode_image.go are the response's schema: for every kind of
// object, which member goes to which field. How a value is read into a field is
// in decode_values.go and decode_lists.go, what they collect it in is in
// decode_state.go, and how JSON is read in internal/wirejson.

// maxImages is how many images a page may have. The service sends at most 100;
// the limit keeps a body of a few megabytes from becoming gigabytes of images.
const maxImages = 10000

// success is what a body says in its member Success.
type success uint8

const (
	successAbsent success = iota // no such member, null, or not a boolean
	successTrue
	successFalse
)

// dataKind is what a body holds in its member Data.
type dataKind uint8

const (
	dataAbsent dataKind = iota
	dataNull
	dataArray
	dataOther // any other type, which is an error too
)

// evidence is what a body says about success, apart from the page's Code.
type evidence struct {
	success    success
	data       dataKind
	countGiven bool // Count is present and is an integer
}

// decodePage reads the body of a response with status 2xx. It copies what it
// keeps. A body that reports a failure is read too: the
// caller checks the evidence and page.Code. Of err, Path, Offset and Reason are set;
// page then has what could be read of it, but no images.
//
// Beside what [ListImageResponse] and [Image] say:
//
//   - null gives the zero value. Otherwise text takes strings, numbers and
//     booleans as written; integers take integer literals in range, booleans
//     true, false, 1 and 0, and both the same as a string ("true" in any case).
//   - A value that does not fit, and a member that is unknown, go to Extra as
//     received. A list goes there when any of its items does not fit wholly;
//     the field then has what could be read.
//   - Of a member given twice the last one counts, whatever the first was.
//   - Data has to be null or an array of objects.
//
// Syntax is that of encoding/json, its limit of 10000 levels of nesting
// included. What differs on purpose:
//
//   - Names are matched exactly, not in any letter case: a name in another case
//     is an unknown member, lest it hide the right one.
//   - Invalid UTF-8 is an error, not replaced: nothing in the result is
//     something the service did not send. Half a surrogate pair, \ud83d, has no
//     form in UTF-8 and is replaced, as encoding/json does.
//   - A body of null is an error, not an empty page.
//   - Values of another type are read or kept in Extra, as above, not errors.
//   - A list is replaced, not merged, when its member is given twice.
//   - More than 10000 images are an error.
func decodePage(body []byte) (page ListImageResponse, said evidence, err *DecodeError) {
	d := newDecoder()
	page, said, err = d.decodePage(body)
	d.release()
	return page, said, err
}

func (d *decoder) decodePage(body []byte) (page ListImageResponse, said evidence, err *DecodeError) {
	d.Reset(body)
	if d.outermost(body) {
		d.readPage(&said)
	}
	return d.page, said, d.failure(body)
}

// decodeImage reads one image.
func decodeImage(text []byte) (image Image, err *DecodeError) {
	d := newDecoder()
	d.Reset(text)
	if d.outermost(text) {
		scratch := d.newImage()
		d.readImage(scratch)
		image = *scratch
		d.End()
	}
	err = d.failure(text)
	d.release()
	return image, err
}

// outermost reports whether the text holds an object. If it does not, the
// decoder has failed.
func (d *decoder) outermost(text []byte) bool {
	switch kind := d.Peek(); {
	case kind == wirejson.Object:
		return true
	case kind != wirejson.Missing:
		d.misfit(d.Offset(), kind.String()+" instead of an object")
	case d.Offset() == len(text):
		d.misfit(0, "empty body")
	case bytes.HasPrefix(text, []byte("\ufeff")):
		d.misfit(0, "byte order mark before the JSON value")
	default:
		d.Skip() // fails
	}
	return false
}

func (d *decoder) readPage(said *evidence) {
	page := &d.page
	for name, more := d.Object(); more; name, more = d.NextMember() {
		value := d.Offset()
		fits := false
		switch string(name) {
		case "RequestId":
			fits = d.text(&page.RequestID)
		case "Code":
			fits = d.word(&page.Code)
		case "Message":
			fits = d.word(&page.Message)
		case "Success":
			said.success, fits = d.success()
		case "PageNumber":
			fits = integer(d, &page.PageNumber)
		case "PageSize":
			fits = integer(d, &page.PageSize)
		case "Count":
			given := d.Peek() != wirejson.Null
			fits = integer(d, &page.Count)
			said.countGiven = given && fits
		case "Data":
			said.data = d.readData()
			fits = true
		}
		d.settle(&page.Extra, name, value, fits)
	}
	d.End()
	d.store()
	if d.Err() == nil && d.unfit == nil {
		page.Images = d.takeImages()
	}
}

func (d *decoder) success() (ok success, fits bool) {
	if d.Peek() == wirejson.Null {
		d.Null()
		return successAbsent, true
	}
	var value bool
	switch fits = d.boolean(&value); {
	case !fits:
		return successAbsent, false
	case value:
		return successTrue, true
	}
	return successFalse, true
}

// readData reads the images into d.images. What else Data may be is remembered
// as a misfit, and reading goes on: Data may be given again, and members that
// follow are of use in an error.
func (d *decoder) readData() dataKind {
	d.store() // lest the page's own text becomes part of the first image's
	d.dropImages()
	switch kind := d.Peek(); kind {
	case wirejson.Array:
		d.images.given = true
		for more := d.Array(); more; more = d.NextItem() {
			switch kind := d.Peek(); {
			case kind != wirejson.Object:
				d.misfit(d.Offset(), kind.String()+" instead of an object")
				d.Skip()
			case len(d.images.items) == maxImages:
				d.misfit(d.Offset(), "more than "+strconv.Itoa(maxImages)+" images")
				d.Skip()
			default:
				d.readImage(d.newImage())
			}
		}
		return dataArray
	case wirejson.Null:
		d.Null()
		return dataNull
	default:
		d.misfit(d.Offset(), kind.String()+" instead of an array")
		d.Skip()
		return dataOther
	}
}
