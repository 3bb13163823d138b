package envelope

import (
	"bytes"
	"regexp"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// parseJSON returns the members of an object, as far as it can read them. It
// skips text that is not JSON.
func parseJSON(body []byte) []Member {
	if !bytes.HasPrefix(body, []byte("{")) {
		return nil
	}
	s := jsonScanner{body: body}
	members, _ := s.object(1)
	return members
}

// jsonScanner reads JSON. Its methods read one construct each, and report
// whether it ends before the body does.
type jsonScanner struct {
	body []byte
	at   int
	last bool // the object has no member after this one
}

// next skips white space and returns the byte after it, or 0 at the end.
func (s *jsonScanner) next() byte {
	for s.at < len(s.body) && bytes.IndexByte([]byte(" \t\r\n"), s.body[s.at]) >= 0 {
		s.at++
	}
	if s.at == len(s.body) {
		return 0
	}
	return s.body[s.at]
}

// object reads an object that has depth-1 objects around it.
func (s *jsonScanner) object(depth int) (members []Member, whole bool) {
	s.at++ // the brace
	for s.at < len(s.body) {
		switch s.next() {
		case '}':
			s.at++
			return members, true
		case '"':
			var m Member
			m.Name, m.Cut = s.string()
			if m.Cut || s.next() != ':' {
				continue // a name without a value
			}
			s.at++
			s.value(&m, depth)
			members = append(members, m)
		case ',':
			s.at++
		default:
			s.resume()
		}
	}
	return members, false
}

// memberStart matches the beginning of a member that follows another one.
var memberStart = regexp.MustCompile(`,[ \t\r\n]*"`)

// resume skips text that is not a member: up to the next member, or to the end
// of the object if there is none.
func (s *jsonScanner) resume() {
	rest := s.body[s.at:]
	if !s.last {
		if found := memberStart.FindIndex(rest); found != nil {
			s.at += found[0]
			return
		}
		s.last = true
	}
	junk, _, _ := bytes.Cut(rest, []byte("}"))
	s.at += len(junk)
}

func (s *jsonScanner) value(m *Member, depth int) {
	switch s.next() {
	case '"':
		m.Kind = String
		m.Text, m.Cut = s.string()
	case '{':
		m.Kind = Object
		if depth == maxDepth {
			m.Cut = s.skip()
			return
		}
		var whole bool
		m.Members, whole = s.object(depth + 1)
		m.Cut = !whole
	case '[':
		m.Kind = Array
		rest := jsonScanner{body: s.body, at: s.at + 1}
		first := rest.next()
		m.Empty = first == ']'
		if first == '{' && depth < maxDepth && isWrapperName(m.Name) {
			m.Members, _ = rest.object(depth + 1)
		}
		m.Cut = s.skip()
	default:
		m.Kind = Literal
		m.Text, m.Cut = s.literal()
	}
}

// literal reads a number or a word. null has no text.
func (s *jsonScanner) literal() (text string, cut bool) {
	length := bytes.IndexAny(s.body[s.at:], " \t\r\n,:{}[]\"")
	if cut = length < 0; cut {
		length = len(s.body) - s.at
	}
	text = string(bytes.ToValidUTF8(s.body[s.at:s.at+length], []byte("\ufffd")))
	s.at += length
	if text == "null" {
		text = ""
	}
	return text, cut
}

// skip skips an array, or an object that is too deep to be read.
func (s *jsonScanner) skip() (cut bool) {
	for depth := 0; s.at < len(s.body); {
		switch s.body[s.at] {
		case '"':
			if _, cut := s.quoted(); cut {
				return true
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.at++
		if depth == 0 {
			return false
		}
	}
	return true
}

// quoted skips a string and returns the text between its quotes.
func (s *jsonScanner) quoted() (raw []byte, cut bool) {
	s.at++
	from := s.at
	for ; s.at < len(s.body); s.at++ {
		switch s.body[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return s.body[from : s.at-1], false
		}
	}
	s.at = len(s.body)
	return s.body[from:], true
}

// string reads a string. It replaces invalid bytes by U+FFFD and keeps unknown
// escapes. A string that breaks off ends before its incomplete character.
func (s *jsonScanner) string() (text string, cut bool) {
	raw, cut := s.quoted()
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		if cut && breaksOff(raw) {
			break
		}
		char, length := utf8.DecodeRune(raw)
		if char == '\\' {
			char, length = unescape(raw)
		}
		out = utf8.AppendRune(out, char)
		raw = raw[length:]
	}
	return string(out), cut
}

// breaksOff reports whether text, the rest of a text that was cut, ends inside
// its first character.
func breaksOff(text []byte) bool {
	if text[0] != '\\' {
		return !utf8.FullRune(text)
	}
	if len(text) == 1 || text[1] != 'u' {
		return len(text) == 1
	}
	char, ok := hex4(text)
	return len(text) < 6 || ok && utf16.IsSurrogate(char) && len(text) < 12
}

// simpleEscapes holds the characters after a backslash and their meanings.
var simpleEscapes = [...]string{`""`, `\\`, "//", "b\b", "f\f", "n\n", "r\r", "t\t"}

// unescape reads the escape at the beginning of text, or only its backslash if
// the escape is unknown.
func unescape(text []byte) (char rune, length int) {
	if char, ok := hex4(text); ok {
		if !utf16.IsSurrogate(char) {
			return char, 6
		}
		if low, ok := hex4(text[6:]); ok {
			if pair := utf16.DecodeRune(char, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	}
	for _, escape := range simpleEscapes {
		if bytes.HasPrefix(text[1:], []byte(escape[:1])) {
			return rune(escape[1]), 2
		}
	}
	return '\\', 1
}

// hex4 reads the \uXXXX at the beginning of text.
func hex4(text []byte) (char rune, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	value, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(value), err == nil
}
