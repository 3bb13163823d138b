package wirejson

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Bytes repeated eight times: one, the high bit, space, quote, backslash.
const (
	ones        = 0x0101010101010101
	highs       = 0x8080808080808080
	spaces      = 0x2020202020202020
	quotes      = 0x2222222222222222
	backslashes = 0x5c5c5c5c5c5c5c5c
)

// special sets the high bit of those of eight bytes that end a plain run in a
// string: quote, backslash, control characters. Only the first mark is exact,
// because the subtractions may borrow from the bytes after it.
//
// For a byte b below 0x80, b-n has the high bit if b < n, and b equals n if
// their exclusive or is less than 1. The &^ x excludes bytes from 0x80.
func special(x uint64) uint64 {
	control := x - spaces
	quote := (x ^ quotes) - ones
	backslash := (x ^ backslashes) - ones
	return (control | quote | backslash) &^ x & highs
}

// String reads a string. It returns the text between the quotes, and whether
// there are escapes in it; see [Unescape].
func (s *Scanner) String() (raw []byte, escaped bool) {
	text, start := s.text, s.pos+1
	i := start
	var seen uint64 // a high bit in it means that there may be bytes outside ASCII
	for {
		// Eight bytes at a time, and the last bytes of the text one by one.
		for i+8 <= len(text) {
			x := binary.LittleEndian.Uint64(text[i:])
			seen |= x
			marks := special(x)
			if marks == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(marks) / 8
			if text[i] == '"' && seen&highs == 0 { // the usual case
				s.pos = i + 1
				return text[start:i], escaped
			}
			break
		}
		for i < len(text) && text[i] >= ' ' && text[i] != '"' && text[i] != '\\' {
			seen |= uint64(text[i])
			i++
		}
		if i >= len(text) {
			s.fail(i, "end of the text in a string")
			return nil, false
		}
		switch text[i] {
		case '"':
			raw = text[start:i]
			if seen&highs != 0 && !utf8.Valid(raw) {
				s.fail(start+invalidUTF8(raw), "invalid UTF-8 in a string")
				return nil, false
			}
			s.pos = i + 1
			return raw, escaped
		case '\\':
			n := escapeLen(text[i:])
			if n == 0 {
				s.fail(i, "invalid escape in a string")
				return nil, false
			}
			escaped = true
			i += n
		default:
			s.fail(i, fmt.Sprintf("control character 0x%02x in a string", text[i]))
			return nil, false
		}
	}
}

// escapeLen returns the length of the escape at the beginning of text, or 0 if
// it is invalid.
func escapeLen(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(text); ok {
			return 6
		}
	}
	return 0
}

// hex4 reads the four digits of the escape \uXXXX at the beginning of text.
func hex4(text []byte) (r rune, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range text[2:6] {
		digit, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | digit
	}
	return r, true
}

func hexDigit(c byte) (digit rune, ok bool) {
	if c >= '0' && c <= '9' {
		return rune(c - '0'), true
	}
	lower := c | 0x20
	return rune(lower-'a') + 10, lower >= 'a' && lower <= 'f'
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8.
func invalidUTF8(b []byte) (offset int) {
	for {
		r, size := utf8.DecodeRune(b[offset:])
		if r == utf8.RuneError && size <= 1 {
			return offset
		}
		offset += size
	}
}

// Unescape appends the text of raw, which [Scanner.String] has returned, to dst.
// Half a surrogate pair becomes U+FFFD.
func Unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			dst = append(dst, raw[i])
			continue
		}
		i++
		switch raw[i] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(raw[i-1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low, _ := hex4(raw[i+1:])
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default: // quote, backslash, slash
			dst = append(dst, raw[i])
		}
	}
	return dst
}

// unescaped returns the text of raw in memory of its own.
func unescaped(raw []byte) []byte { return Unescape(make([]byte, 0, len(raw)), raw) }
