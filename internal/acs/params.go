package acs

import (
	"fmt"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Param is one request parameter. The parts of its name are kept apart, so that
// a long list does not need a string for the name of each item.
type Param struct {
	Name   string // consists of unreserved characters
	Index  int    // position in a list, from 1; 0 outside lists
	Member string // member of an object in a list, such as Key
	Value  string
}

// AppendName appends the flattened name: Name, Name.Index or Name.Index.Member,
// for example TagList.1.Key.
func (p *Param) AppendName(dst []byte) []byte {
	dst = append(dst, p.Name...)
	if p.Index > 0 {
		dst = append(dst, '.')
		dst = strconv.AppendInt(dst, int64(p.Index), 10)
	}
	if p.Member != "" {
		dst = append(dst, '.')
		dst = append(dst, p.Member...)
	}
	return dst
}

// AppendText appends a parameter unless the value is empty.
func AppendText[T ~string](params []Param, name string, value T) []Param {
	if value == "" {
		return params
	}
	return append(params, Param{Name: name, Value: string(value)})
}

// AppendNumber appends a parameter, zero included.
func AppendNumber[T ~int | ~int32](params []Param, name string, value T) []Param {
	return append(params, Param{Name: name, Value: strconv.Itoa(int(value))})
}

// AppendTexts appends the items of a list, sorted by name. It skips empty items.
func AppendTexts[T ~string](params []Param, name string, items []T) []Param {
	start := len(params)
	for i, item := range items {
		if item != "" {
			params = append(params, Param{Name: name, Index: i + 1, Value: string(item)})
		}
	}
	Sort(params[start:]) // "List.10" comes before "List.2"
	return params
}

// AppendNumbers appends the items of a list, sorted by name.
func AppendNumbers[T ~int | ~int32](params []Param, name string, items []T) []Param {
	start := len(params)
	for i, item := range items {
		params = append(params, Param{Name: name, Index: i + 1, Value: strconv.Itoa(int(item))})
	}
	Sort(params[start:]) // "List.10" comes before "List.2"
	return params
}

// TextFault returns why a text cannot be the value of a parameter, or "". Control
// characters are a bug or an injection. Invalid UTF-8 would be signed as one text
// and read as another.
func TextFault(value string) string {
	if !utf8.ValidString(value) {
		return "must be valid UTF-8"
	}
	for i, c := range value {
		if unicode.IsControl(c) {
			return fmt.Sprintf("must not contain control characters (%U at byte %d)", c, i)
		}
	}
	return ""
}

// Sort orders parameters by their flattened names, byte by byte: the order that
// both signatures use.
func Sort(params []Param) {
	slices.SortFunc(params, func(a, b Param) int {
		var left, right [64]byte // on the stack, for ordinary names
		return slices.Compare(a.AppendName(left[:0]), b.AppendName(right[:0]))
	})
}

// AppendQuery appends name=value pairs joined by "&". It writes the parameters
// for which keep returns true, or all of them if keep is nil. For sorted
// parameters, the result is the canonical query of both signatures.
func AppendQuery(dst []byte, params []Param, keep func(*Param) bool) []byte {
	return appendPairs(dst, params, keep, false)
}

// AppendForm does the same in the encoding of a form.
func AppendForm(dst []byte, params []Param, keep func(*Param) bool) []byte {
	return appendPairs(dst, params, keep, true)
}

func appendPairs(dst []byte, params []Param, keep func(*Param) bool, form bool) []byte {
	start := len(dst)
	for i := range params {
		p := &params[i]
		if keep != nil && !keep(p) {
			continue
		}
		if len(dst) > start {
			dst = append(dst, '&')
		}
		dst = p.AppendName(dst)
		dst = append(dst, '=')
		if form {
			dst = AppendFormEscaped(dst, p.Value)
		} else {
			dst = AppendEscaped(dst, p.Value)
		}
	}
	return dst
}
