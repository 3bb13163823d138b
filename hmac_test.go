package appstreaming

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"
)

func FuzzHMACIsThatOfTheStandardLibrary(f *testing.F) {
	f.Add("", []byte(nil))
	f.Add("key", []byte("The quick brown fox"))
	f.Add(strings.Repeat("k", 64), []byte("a block"))
	f.Add(strings.Repeat("k", 65), []byte("more than a block"))
	f.Add("key", make([]byte, 1000))
	f.Fuzz(func(t *testing.T, key string, message []byte) {
		want := hmac.New(sha256.New, []byte(key))
		want.Write(message)
		if got := hmacSHA256(key, message); !hmac.Equal(got[:], want.Sum(nil)) {
			t.Errorf("HMAC of %q under %q is %x", message, key, got)
		}
	})
}
