package acs

import (
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
)

// net/url encodes a space as "+" and everything else as RFC 3986 does.
func TestEveryByteIsEncodedAsNetURLEncodesIt(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		text := "a" + string([]byte{byte(c)}) + "z"
		form := url.QueryEscape(text)
		query := strings.ReplaceAll(form, "+", "%20")
		if got := string(AppendEscaped([]byte("kept "), text)); got != "kept "+query {
			t.Errorf("AppendEscaped(%q) appends %q, want %q", text, got, query)
		}
		if got := string(AppendEscaped([]byte("kept "), []byte(text))); got != "kept "+query {
			t.Errorf("AppendEscaped(bytes of %q) appends %q, want %q", text, got, query)
		}
		if got := string(AppendFormEscaped([]byte("kept "), text)); got != "kept "+form {
			t.Errorf("AppendFormEscaped(%q) appends %q, want %q", text, got, form)
		}
	}
}

func FuzzEncodingIsThatOfNetURL(f *testing.F) {
	f.Add("设计 云\x00\xff+ &=%~*")
	f.Add("  ")
	f.Fuzz(func(t *testing.T, text string) {
		want := url.QueryEscape(text)
		if got := string(AppendFormEscaped(nil, text)); got != want {
			t.Errorf("form %q, want %q", got, want)
		}
		if got := string(AppendEscaped(nil, text)); got != strings.ReplaceAll(want, "+", "%20") {
			t.Errorf("query %q, want %q", got, want)
		}
	})
}

func TestHexIsLowerCase(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{nil, {0}, {0xab, 0x09}, []byte(strings.Repeat("\xfe", 32))} {
		if got, want := Hex(b), hex.EncodeToString(b); got != want {
			t.Errorf("Hex(%x) = %q, want %q", b, got, want)
		}
	}
}
