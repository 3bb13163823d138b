package appstreaming

import (
	"strings"

	"github.com/wuying-go/appstreaming/internal/wirejson"
)

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
	case wirejson.String:
		raw, escaped = d.String()
	case wirejson.Number:
		raw = d.Number()
	case wirejson.Bool:
		raw = d.Bool()
	case wirejson.Null:
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
		d.buffer = wirejson.Unescape(d.buffer, raw)
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
	case wirejson.Number:
		literal = d.Number()
	case wirejson.String:
		literal = d.unescaped()
	case wirejson.Null:
		d.Null()
		return true
	}
	value, ok := wirejson.Integer(literal)
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
	case wirejson.Bool:
		literal = d.Bool()
	case wirejson.Number:
		literal = d.Number()
	case wirejson.String:
		if literal = d.unescaped(); len(literal) == len("true") || len(literal) == len("false") {
			literal = []byte(strings.Map(lowerASCII, string(literal)))
		}
	case wirejson.Null:
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
		return wirejson.Unescape(nil, raw)
	}
	return raw
}
