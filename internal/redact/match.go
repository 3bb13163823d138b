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
	// maxKnown bounds what is remembered. Text further back is not read again.
	maxKnown = 1 << 10
	// longestEscape is more than the length of one escape in the text.
	longestEscape = 40
	// maxWork bounds the work of an attempt. A body of 64 KiB needs less in all its
	// texts, unless it is made for the purpose.
	maxWork = 8 << 20
)

// matcher finds secrets in a text, in all their spellings.
type matcher struct {
	text    string
	cut     bool // the text may end in the middle of a secret
	secrets []string
	quotes  bool // a secret has a quote in it; quotes are the most frequent escapes

	current, upcoming []int // offsets, reused

	work *int // left for this text and the next ones

	// known holds the steps computed so far. Without it, text that consists of
	// escapes would take exponential time.
	known map[place][]step
	kept  []step // the memory of known
	found []step // scratch of steps, which appends here and removes it at the end
}

// stepsWork is the work of computing steps, next to that of using one.
const stepsWork = 16

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
		if *m.work < 0 {
			end = len(m.text) // the rest is masked unread
		}
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
	if len(m.known) >= maxKnown {
		clear(m.known)
		m.kept = m.kept[:0]
	}
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
			steps := m.steps(offset, maxLayers)
			for j := range m.readings(offset, steps) {
				*m.work--
				if s := m.reading(offset, steps, j); s.char == secret[i] && !slices.Contains(m.upcoming, s.end) {
					m.upcoming = append(m.upcoming, s.end)
				}
			}
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

// mayEscape reports whether an escape can begin at an offset. It rules out most
// bytes that begin none, such as in \n, without taking memory.
func (m *matcher) mayEscape(at int) bool {
	if at+1 >= len(m.text) {
		return false
	}
	after := m.text[at+1]
	switch m.text[at] {
	case '%':
		return strings.IndexByte(escapes+hexDigits, after) >= 0
	case '\\':
		return strings.IndexByte(escapes+`u/`, after) >= 0 || after == '"' && m.quotes
	}
	return m.text[at] == '&'
}

// steps returns the ways to read the escape at an offset, if there is one, that
// undo at most the given number of encodings.
func (m *matcher) steps(at, layers int) []step {
	if layers == 0 || !m.mayEscape(at) {
		return nil
	}
	here := place{at, layers}
	if found, ok := m.known[here]; ok {
		return found
	}
	*m.work -= stepsWork
	if *m.work < 0 {
		return nil
	}
	from := len(m.found)
	inner := layers - 1 // the encodings that may cover the parts of this escape
	introducers := m.steps(at, inner)
	for i := range m.readings(at, introducers) {
		switch introducer := m.reading(at, introducers, i); introducer.char {
		case '%':
			m.hex(from, introducer.end, inner, 2, 0)
		case '\\':
			m.escaped(from, introducer.end, inner)
		case '&':
			m.reference(from, introducer.end)
		}
	}
	kept := len(m.kept)
	m.kept = append(m.kept, m.found[from:]...)
	m.found = m.found[:from]
	if m.known == nil {
		m.known = make(map[place][]step)
	}
	m.known[here] = m.kept[kept:len(m.kept):len(m.kept)]
	return m.known[here]
}

// add appends a step to those found from an index on, if it is not there yet.
func (m *matcher) add(from int, s step) {
	if !slices.Contains(m.found[from:], s) {
		m.found = append(m.found, s)
	}
}

// readings returns how many ways there are to read the character at an offset:
// as it is, and by each of the steps there.
func (m *matcher) readings(at int, steps []step) int {
	if at == len(m.text) {
		return 0
	}
	return 1 + len(steps)
}

// reading returns one of these ways.
func (m *matcher) reading(at int, steps []step, i int) step {
	if i == 0 {
		return step{m.text[at], at + 1}
	}
	return steps[i-1]
}

// escaped adds the ways to read what follows a backslash.
func (m *matcher) escaped(from, at, layers int) {
	steps := m.steps(at, layers)
	for i := range m.readings(at, steps) {
		switch s := m.reading(at, steps, i); s.char {
		case 'u':
			m.hex(from, s.end, layers, 4, 0)
		case '"', '\\', '/':
			m.add(from, s)
		}
	}
}

const hexDigits = "0123456789abcdefABCDEF"

// hex adds the ways to read a character that is given by hexadecimal digits.
func (m *matcher) hex(from, at, layers, digits, value int) {
	if digits == 0 {
		if value <= math.MaxUint8 {
			m.add(from, step{byte(value), at})
		}
		return
	}
	steps := m.steps(at, layers)
	for i := range m.readings(at, steps) {
		s := m.reading(at, steps, i)
		digit := strings.IndexByte(hexDigits, s.char)
		if digit < 0 {
			continue
		}
		if digit > 0xf {
			digit -= 6 // upper case
		}
		m.hex(from, s.end, layers, digits-1, value<<4|digit)
	}
}

// reference adds the character that an XML character reference stands for.
func (m *matcher) reference(from, at int) {
	name, _, ok := strings.Cut(m.text[at:min(len(m.text), at+longestEscape)], ";")
	if !ok {
		return
	}
	char, known := references[name]
	if number, ok := strings.CutPrefix(name, "#"); ok {
		char, known = character(number)
	}
	if known {
		m.add(from, step{char, at + len(name) + 1})
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
