// Package redact masks secrets in texts, bodies and errors that come from
// outside.
//
// It decodes what it reads instead of comparing spellings, so it finds a secret
// that is percent-encoded, escaped as in JSON, or written with character
// references as in XML, in whole or in part, up to three layers deep.
package redact

import (
	"slices"
	"strings"
)

// Mask replaces a secret in texts.
const Mask = "***"

// MinSecret is the length of the shortest secret that is masked, and of the
// shortest beginning of a secret that is masked at the end of a cut text. With
// shorter ones, masking could make a text unreadable.
const MinSecret = 4

// Secrets is a set of secrets. The zero value is empty and masks nothing. Do
// not copy it after the first Add.
type Secrets struct {
	list []string
	room [4]string // for the secrets of one attempt, without an allocation
	work int       // left until the next Add
}

// Add adds secrets to the set.
//
// Finding secrets among escapes takes time, and a body can consist of escapes.
// If the texts after an Add take too long, the rest of them is masked unread.
func (s *Secrets) Add(secrets ...string) {
	s.work = maxWork
	if s.list == nil {
		s.list = s.room[:0]
	}
	for _, secret := range secrets {
		if len(secret) >= MinSecret && !slices.Contains(s.list, secret) {
			s.list = append(s.list, secret)
		}
	}
}

// Text masks the secrets in a text.
func (s *Secrets) Text(text string) string { return s.mask(text, false) }

// CutText masks the secrets in a text that may end in the middle of one.
func (s *Secrets) CutText(text string) string { return s.mask(text, true) }

// CutBody masks the secrets in bytes that may end in the middle of one. If
// there is nothing to mask, it returns the bytes themselves.
func (s *Secrets) CutBody(body []byte) []byte {
	text := string(body)
	masked := s.mask(text, true)
	if masked == text {
		return body
	}
	return []byte(masked)
}

// Finds reports whether a text has a secret in it.
func (s *Secrets) Finds(text string) bool { return s.Text(text) != text }

// mask is quick, and makes no copy, when there is nothing to mask.
func (s *Secrets) mask(text string, cut bool) string {
	if len(s.list) == 0 || !cut && s.isPlain(text) {
		return text
	}
	masked := s.replace(text, cut)
	// A secret that has a star itself can come about from a mask and the text next to it.
	for masked != text && slices.ContainsFunc(s.list, hasStar) {
		text, masked = masked, s.replace(masked, cut)
	}
	return masked
}

// hasStar reports whether a secret and a mask can overlap.
func hasStar(secret string) bool { return strings.Contains(secret, Mask[:1]) }

// replace replaces each part of a text that shows secrets. That makes the text
// shorter, because a mask is shorter than every secret. Only when the work is used
// up may it grow, once: the next call makes all of it one mask.
func (s *Secrets) replace(text string, cut bool) string {
	m := matcher{text: text, cut: cut, secrets: s.list, work: &s.work}
	m.quotes = slices.ContainsFunc(s.list, func(secret string) bool { return strings.Contains(secret, `"`) })
	var masked strings.Builder
	shown := 0 // up to here the text is in masked
	for from, to, found := m.next(0); found; from, to, found = m.next(to) {
		masked.WriteString(text[shown:from])
		masked.WriteString(Mask)
		shown = to
	}
	if shown == 0 {
		return text
	}
	masked.WriteString(text[shown:])
	return masked.String()
}

// isPlain reports whether a text has no secret in it, and no escape that could
// hide one.
func (s *Secrets) isPlain(text string) bool {
	for _, introducer := range []byte(escapes) {
		if strings.IndexByte(text, introducer) >= 0 {
			return false
		}
	}
	for _, secret := range s.list {
		if strings.Contains(text, secret) {
			return false
		}
	}
	return true
}
