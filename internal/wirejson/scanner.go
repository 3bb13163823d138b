// Package wirejson reads JSON text into structs, in one pass.
//
// [Scanner] reads the text value by value. It accepts the texts of RFC 8259 that
// [encoding/json] accepts, if they are valid UTF-8 and nested no deeper than
// [MaxDepth]. It copies nothing: the values that it returns are parts of the
// text.
//
// [Reader] reads values into the fields of structs, which a [Schema] selects. It
// copies what it keeps, in few allocations, and limits the memory that a text
// can take.
//
// The first failure is kept with its offset. After it, every value is missing
// and every list ends, so callers check Err once, when they are done.
package wirejson

import (
	"bytes"
	"fmt"
	"strconv"
)

// MaxDepth is how many objects and arrays may be open at once, as in
// [encoding/json].
const MaxDepth = 10000

// Kind is the type of a value. Its first byte determines it.
type Kind uint8

// The kinds of values. Missing means no value: the end of the text, or a byte
// that begins no value.
const (
	Missing Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// String returns the name of the kind with its article, for messages.
func (k Kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

var kinds = [256]Kind{
	'n': Null, 't': Bool, 'f': Bool, '"': String, '[': Array, '{': Object, '-': Number,
	'0': Number, '1': Number, '2': Number, '3': Number, '4': Number,
	'5': Number, '6': Number, '7': Number, '8': Number, '9': Number,
}

// Scanner reads one JSON text, which [Scanner.Reset] sets. The zero Scanner
// reads the empty text.
//
// Call a method that reads a value only if [Scanner.Peek] reports its kind. Read
// objects with
//
//	for name, more := s.Object(); more; name, more = s.NextMember() {
//		... read or skip one value ...
//	}
//
// and arrays in the same way with Array and NextItem, which return no names.
type Scanner struct {
	text  []byte
	pos   int
	depth int // objects and arrays open
	err   *SyntaxError
	open  []byte // scratch of Skip: how the objects and arrays that it is in end
}

// SyntaxError says where and why a text is invalid.
type SyntaxError struct {
	Offset int
	Reason string
}

// Error describes the failure.
func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// Valid reports whether text is one JSON value, with nothing after it.
func Valid(text []byte) bool {
	var s Scanner
	s.Reset(text)
	s.Skip()
	s.End()
	return s.err == nil
}

// Reset makes s read text from its beginning.
func (s *Scanner) Reset(text []byte) {
	*s = Scanner{text: text, open: s.open[:0]}
}

// Err returns the first failure, or nil.
func (s *Scanner) Err() *SyntaxError { return s.err }

// Offset returns the position of s in the text.
func (s *Scanner) Offset() int { return s.pos }

// rewind goes back to offset, the beginning of a value that has since been read
// wholly or not at all. It does nothing after a failure.
func (s *Scanner) rewind(offset int) {
	if s.err == nil {
		s.pos = offset
	}
}

// Peek skips white space and returns the kind of the value that comes next.
func (s *Scanner) Peek() Kind { return kinds[s.next()] }

// End fails if anything but white space is left.
func (s *Scanner) End() {
	if s.next(); s.pos < len(s.text) {
		s.fail(s.pos, s.found(s.pos)+" after the JSON value")
	}
}

// Object enters an object and reads the name of its first member, without
// escapes. If the object has no members, it leaves the object and reports false.
func (s *Scanner) Object() (name []byte, more bool) {
	if !s.enter('}') {
		return nil, false
	}
	name, escaped, ok := s.rawName()
	if escaped {
		name = unescaped(name)
	}
	return name, ok
}

// NextMember reads the name of the next member, or leaves the object and
// reports false.
func (s *Scanner) NextMember() (name []byte, more bool) {
	if !s.more('}') {
		return nil, false
	}
	name, escaped, ok := s.rawName()
	if escaped {
		name = unescaped(name)
	}
	return name, ok
}

// Array enters an array and reports whether it has a first item.
func (s *Scanner) Array() bool { return s.enter(']') }

// NextItem goes on to the next item, or leaves the array and reports false.
func (s *Scanner) NextItem() bool { return s.more(']') }

// Bool reads true or false.
func (s *Scanner) Bool() (literal []byte) {
	if s.text[s.pos] == 't' {
		return s.literal("true")
	}
	return s.literal("false")
}

// Null reads null.
func (s *Scanner) Null() { s.literal("null") }

// Skip reads a value of any kind and returns its bytes, nil after a failure.
func (s *Scanner) Skip() []byte {
	s.next()
	start := s.pos
	s.open = s.open[:0]
	for more := true; more; {
		if s.skipOne() {
			continue
		}
		// A value has ended, and perhaps the objects and arrays that it ends.
		for more = false; len(s.open) > 0 && !more; {
			closing := s.open[len(s.open)-1]
			if more = s.more(closing); !more {
				s.open = s.open[:len(s.open)-1]
			} else if closing == '}' {
				s.rawName()
			}
		}
	}
	if s.err != nil {
		return nil
	}
	return s.text[start:s.pos]
}

// skipOne reads a value, or enters an object or array and reports true.
func (s *Scanner) skipOne() (entered bool) {
	switch s.Peek() {
	case Null:
		s.Null()
	case Bool:
		s.Bool()
	case Number:
		s.Number()
	case String:
		s.String()
	case Object:
		if s.enter('}') {
			s.open = append(s.open, '}')
			s.rawName()
			return true
		}
	case Array:
		if s.enter(']') {
			s.open = append(s.open, ']')
			return true
		}
	case Missing:
		s.expected("a value")
	}
	return false
}

// remaining counts the items of an array from the one that comes next. It reads
// ahead and goes back, except after a failure.
func (s *Scanner) remaining() (count int) {
	pos, depth := s.pos, s.depth
	for more := true; more; more = s.NextItem() {
		s.Skip()
		count++
	}
	if s.err == nil {
		s.pos, s.depth = pos, depth
	}
	return count
}

// next skips white space and returns the byte that follows, or 0 at the end.
func (s *Scanner) next() byte {
	if s.pos < len(s.text) && s.text[s.pos] > ' ' {
		return s.text[s.pos]
	}
	return s.nextAfterSpace()
}

func (s *Scanner) nextAfterSpace() byte {
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (s *Scanner) enter(closing byte) bool {
	if s.depth == MaxDepth {
		s.fail(s.pos, "more than "+strconv.Itoa(MaxDepth)+" levels of nesting")
		return false
	}
	s.pos++
	if s.next() == closing {
		s.pos++
		return false
	}
	s.depth++
	return true
}

func (s *Scanner) more(closing byte) bool {
	switch s.next() {
	case ',':
		s.pos++
		return true
	case closing:
		s.pos++
		s.depth--
	default:
		s.expected("',' or " + strconv.QuoteRune(rune(closing)))
	}
	return false
}

// rawName reads a member's name as it is written, and the colon after it.
func (s *Scanner) rawName() (name []byte, escaped, ok bool) {
	if s.next() != '"' {
		s.expected("a member's name")
		return nil, false, false
	}
	name, escaped = s.String()
	if s.next() != ':' {
		s.expected("':'")
		return nil, false, false
	}
	s.pos++
	return name, escaped, true
}

func (s *Scanner) literal(word string) []byte {
	rest := s.text[s.pos:]
	if !bytes.HasPrefix(rest, []byte(word)) {
		s.expected(word)
		return nil
	}
	s.pos += len(word)
	return rest[:len(word)]
}

func (s *Scanner) expected(what string) { s.fail(s.pos, s.found(s.pos)+" instead of "+what) }

// found describes the byte at offset.
func (s *Scanner) found(offset int) string {
	if offset >= len(s.text) {
		return "end of the text"
	}
	if c := s.text[offset]; c <= ' ' || c >= 0x7f {
		return fmt.Sprintf("byte 0x%02x", c)
	}
	return strconv.QuoteRune(rune(s.text[offset]))
}

// fail keeps the first failure. It goes to the end of the text, so that no value
// follows.
func (s *Scanner) fail(offset int, reason string) {
	if s.err == nil {
		s.err = &SyntaxError{Offset: offset, Reason: reason}
	}
	s.pos = len(s.text)
}
