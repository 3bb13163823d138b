package redact

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	// escapes are the bytes that begin an escape: percent-encoding, JSON, XML.
	escapes = `%\&`
	// maxLayers is how many encodings may cover one character, such as
	// percent-encoding twice inside JSON.
	maxLayers = 3
	// longestEscape is more than the length of one escape in the text.
	longestEscape = 40
)

// matcher finds secrets in a text, in all their spellings.
type matcher struct {
	text    string
	cut     bool // the text may end in the middle of a secret
	secrets []string

	current, upcoming []int // offsets, reused

	// known holds the steps computed so far. Without it, text that consists of
	// escapes would take exponential time.
	known map[place][]step
}

// place is an offset, and how many encodings may be undone there.
type place struct{ at, layers int }

// step is one way to read a character of a secret: the character, and where in
// the text the next one begins.
type step struct {
	char byte
	end  int
}

// next returns the first part of the text, from the offset given, that shows
// secrets. Secrets that overlap are one part.
func (m *matcher) next(offset int) (from, to int, found bool) {
	for at := offset; at < len(m.text) && (!found || at < to); at++ {
		end := m.longestAt(at)
		if end == 0 {
			continue
		}
		if !found {
			from, found = at, true
		}
		to = max(to, end)
	}
	return from, to, found
}

// longestAt returns the end of the longest secret that begins at an offset, or
// 0 if there is none.
func (m *matcher) longestAt(at int) int {
	end := 0
	escaped := strings.IndexByte(escapes, m.text[at]) >= 0
	for _, secret := range m.secrets {
		if escaped || secret[0] == m.text[at] {
			end = max(end, m.match(secret, at))
		}
	}
	return end
}

// match returns the end of a secret that begins at an offset, or 0. A text can be
// read in several ways, so match follows all of them at once.
func (m *matcher) match(secret string, at int) int {
	m.current = append(m.current[:0], at)
	for i := range len(secret) {
		m.upcoming = m.upcoming[:0]
		for _, offset := range m.current {
			if m.cut && i >= MinSecret && m.isCutOff(offset) {
				return len(m.text)
			}
			m.each(offset, maxLayers, func(s step) {
				if s.char == secret[i] && !slices.Contains(m.upcoming, s.end) {
					m.upcoming = append(m.upcoming, s.end)
				}
			})
		}
		if len(m.upcoming) == 0 {
			return 0
		}
		m.current, m.upcoming = m.upcoming, m.current
	}
	return slices.Max(m.current)
}

// isCutOff reports whether the text ends at an offset, or in an escape that
// begins there.
func (m *matcher) isCutOff(offset int) bool {
	rest := m.text[offset:]
	return rest == "" || len(rest) < longestEscape && strings.IndexByte(escapes, rest[0]) >= 0 && !strings.ContainsAny(rest, " \t\r\n\"<>")
}

// steps returns the ways to read the escape at an offset, if there is one, that
// undo at most the given number of encodings.
func (m *matcher) steps(at, layers int) []step {
	if layers == 0 || at >= len(m.text) || strings.IndexByte(escapes, m.text[at]) < 0 {
		return nil
	}
	here := place{at, layers}
	if found, ok := m.known[here]; ok {
		return found
	}
	var found []step
	inner := layers - 1 // the encodings that may cover the parts of this escape
	m.each(at, inner, func(introducer step) {
		switch introducer.char {
		case '%':
			m.hex(&found, introducer.end, inner, 2, 0)
		case '\\':
			m.each(introducer.end, inner, func(s step) {
				switch s.char {
				case 'u':
					m.hex(&found, s.end, inner, 4, 0)
				case '"', '\\', '/':
					add(&found, s)
				}
			})
		case '&':
			m.reference(&found, introducer.end)
		}
	})
	if m.known == nil {
		m.known = make(map[place][]step)
	}
	m.known[here] = found
	return found
}

// add appends a step that is not there yet.
func add(found *[]step, s step) {
	if !slices.Contains(*found, s) {
		*found = append(*found, s)
	}
}

// each calls f for every way to read the character at an offset: as it is, and
// as an escape.
func (m *matcher) each(at, layers int, f func(step)) {
	if at < len(m.text) {
		f(step{m.text[at], at + 1})
	}
	for _, s := range m.steps(at, layers) {
		f(s)
	}
}

// hex adds the ways to read a character that is given by hexadecimal digits.
func (m *matcher) hex(found *[]step, at, layers, digits int, value uint64) {
	if digits == 0 {
		if value <= math.MaxUint8 {
			add(found, step{byte(value), at})
		}
		return
	}
	m.each(at, layers, func(s step) {
		if digit, err := strconv.ParseUint(string(rune(s.char)), 16, 8); err == nil {
			m.hex(found, s.end, layers, digits-1, value<<4|digit)
		}
	})
}

// reference adds the character that an XML character reference stands for.
func (m *matcher) reference(found *[]step, at int) {
	name, _, ok := strings.Cut(m.text[at:min(len(m.text), at+longestEscape)], ";")
	if !ok {
		return
	}
	char, known := references[name]
	if number, ok := strings.CutPrefix(name, "#"); ok {
		char, known = character(number)
	}
	if known {
		add(found, step{char, at + len(name) + 1})
	}
}

var references = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

// character reads the number of a character reference.
func character(number string) (char byte, ok bool) {
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(number), "x"); ok {
		number, base = hex, 16
	}
	value, err := strconv.ParseUint(number, base, 8)
	return byte(value), err == nil
}
