package acs

import "encoding/hex"

// Hex returns at most 32 bytes in lower-case hexadecimal.
func Hex(b []byte) string {
	var text [64]byte // hex.EncodeToString would allocate twice
	return string(hex.AppendEncode(text[:0], b))
}

const upperHex = "0123456789ABCDEF"

// AppendEscaped appends s with every byte percent-encoded, except the
// unreserved characters of RFC 3986: letters, digits and "-_.~".
func AppendEscaped[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		if c := s[i]; unreserved[c] {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

// AppendFormEscaped does the same for a form, which writes a space as "+".
func AppendFormEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		if s[i] == ' ' {
			dst = append(dst, '+')
		} else {
			dst = AppendEscaped(dst, s[i:i+1])
		}
	}
	return dst
}

// unreserved is a table, because a request looks up each of its bytes, some of
// them twice.
var unreserved = func() (table [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~") {
		table[c] = true
	}
	return table
}()
