package appstreaming

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/wuying-go/appstreaming/internal/wirejson"
)

// object writes a JSON object, member by member. Members in extra take
// precedence and come last, in the order of their names.
type object struct {
	b     []byte
	extra map[string]json.RawMessage
	err   error
}

// beginObject begins an object at the end of b.
func beginObject(b []byte, extra map[string]json.RawMessage) object {
	return object{b: append(b, '{'), extra: extra}
}

// end ends the object and returns what it was appended to.
func (o *object) end() ([]byte, error) {
	if len(o.extra) > 0 {
		extra := o.extra
		o.extra = nil
		for _, name := range slices.Sorted(maps.Keys(extra)) {
			o.member(name)
			switch value := extra[name]; {
			case value == nil:
				o.b = append(o.b, "null"...)
			case !wirejson.Valid(value):
				o.fail(fmt.Errorf("appstreaming: Extra[%q] is not JSON in UTF-8", name))
			default:
				o.b = append(o.b, value...)
			}
		}
	}
	return append(o.b, '}'), o.err
}

func (o *object) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

// member begins a member. It reports false for one that comes from extra.
func (o *object) member(name string) bool {
	if _, found := o.extra[name]; found {
		return false
	}
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(appendQuoted(o.b, name), ':')
	return true
}

func (o *object) text(name, value string) {
	if o.member(name) {
		o.b = appendQuoted(o.b, value)
	}
}

func (o *object) integer(name string, value int64) {
	if o.member(name) {
		o.b = strconv.AppendInt(o.b, value, 10)
	}
}

func (o *object) boolean(name string, value bool) {
	if o.member(name) {
		o.b = strconv.AppendBool(o.b, value)
	}
}

// number writes text as the number it is, if it is one.
func (o *object) number(name, text string) {
	switch {
	case !o.member(name):
	case text == "":
		o.b = append(o.b, "null"...)
	case wirejson.IsNumber(text):
		o.b = append(o.b, text...)
	default:
		o.b = appendQuoted(o.b, text)
	}
}

func writeTexts[T ~string](o *object, name string, values []T) {
	writeList(o, name, values, func(b []byte, value *T) ([]byte, error) { return appendQuoted(b, string(*value)), nil })
}

// writeList writes a list; nil is null.
func writeList[T any](o *object, name string, values []T, item func([]byte, *T) ([]byte, error)) {
	if !o.member(name) {
		return
	}
	if values == nil {
		o.b = append(o.b, "null"...)
		return
	}
	o.b = append(o.b, '[')
	for i := range values {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		var err error
		if o.b, err = item(o.b, &values[i]); err != nil {
			o.fail(err)
		}
	}
	o.b = append(o.b, ']')
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends text as a JSON string. Bytes that are not UTF-8 become
// U+FFFD.
func appendQuoted(b []byte, text string) []byte {
	b = append(b, '"')
	from := 0 // text[from:i] needs no escape
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, text[from:i]...), `\ufffd`...)
				from = i + 1
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			b = append(b, text[from:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, `\n`...)
			case '\r':
				b = append(b, `\r`...)
			case '\t':
				b = append(b, `\t`...)
			default:
				b = append(b, `\u00`...)
				b = append(b, hexDigits[c>>4], hexDigits[c&15])
			}
			from = i + 1
		}
		i++
	}
	return append(append(b, text[from:]...), '"')
}
