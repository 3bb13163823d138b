package wirejson

import "bytes"

// ReadInteger reads an integer into field: a number that is an integer, or such
// a number as a string. null means 0.
func ReadInteger[T int | int32 | int64](r *Reader, field *T) Fit {
	*field = 0
	var literal []byte
	switch r.Peek() {
	case Number:
		literal = r.Number()
	case String:
		literal = r.unescaped()
	case Null:
		r.Null()
		return Fits
	}
	value, ok := parseInteger(literal)
	if !ok || int64(T(value)) != value {
		return Misfit
	}
	*field = T(value)
	return Fits
}

// Boolean reads a boolean into field: true, false, 1 or 0, or one of these as a
// string, in which letter case does not matter. null means false.
func (r *Reader) Boolean(field *bool) Fit {
	*field = false
	var literal []byte
	switch r.Peek() {
	case Bool:
		literal = r.Bool()
	case Number:
		literal = r.Number()
	case String:
		literal = r.unescaped()
	case Null:
		r.Null()
		return Fits
	}
	if isWord(literal, "true") || isWord(literal, "1") {
		*field = true
		return Fits
	}
	if isWord(literal, "false") || isWord(literal, "0") {
		return Fits
	}
	return Misfit
}

// isWord reports whether text is word in any letter case. EqualFold alone would
// accept letters outside ASCII, which have other lengths.
func isWord(text []byte, word string) bool {
	return len(text) == len(word) && bytes.EqualFold(text, []byte(word))
}

// unescaped reads a string and returns its text.
func (r *Reader) unescaped() []byte {
	raw, escaped := r.String()
	if escaped {
		return unescaped(raw)
	}
	return raw
}
