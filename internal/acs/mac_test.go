package acs

import (
	"crypto/fips140"
	"crypto/sha1"
	"crypto/sha256"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Test cases 2 and 6 of RFC 4231, and of RFC 2202 with the sums in base64.
func TestHMACsAreThoseOfTheRFCs(t *testing.T) {
	t.Parallel()
	const jefe, question = "Jefe", "what do ya want for nothing?"
	long := strings.Repeat("\xaa", 131)
	for _, test := range []struct {
		sum                func(string, []byte) (string, error)
		key, message, want string
	}{
		{HMACSHA256, jefe, question, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{
			HMACSHA256, long, "Test Using Larger Than Block-Size Key - Hash Key First",
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
		},
		{HMACSHA1, jefe, question, "7/zfauXrL6LSdBbV8YTfnCWafHk="},
		{HMACSHA1, long[:80], "Test Using Larger Than Block-Size Key - Hash Key First", "qkrl4VJy0A6VcFY3zoo7Ve1AIRI="},
	} {
		if got, err := test.sum(test.key, []byte(test.message)); err != nil || got != test.want {
			t.Errorf("HMAC of %q under %q is %q, %v; want %q", test.message, test.key, got, err, test.want)
		}
	}
}

func TestEveryHashAndKeyIsAllowedOutsideFIPSModes(t *testing.T) {
	t.Parallel()
	if fips140.Enabled() {
		t.Skip("the tests run in a FIPS 140 mode")
	}
	if !isAllowed(sha1.New, []byte("fourteen-bytes")) || !isAllowed(sha256.New, nil) {
		t.Error("a hash or a key is refused")
	}
}

// FIPS 140-only mode is a setting of the whole process, so the test runs itself
// again in each mode.
func TestFIPSModesReturnErrorsInsteadOfPanics(t *testing.T) {
	mode := os.Getenv("ACS_TEST_FIPS")
	if mode == "" {
		t.Parallel()
		for _, mode := range []string{"on", "only"} {
			command := exec.Command(os.Args[0], "-test.run=^TestFIPSModesReturnErrorsInsteadOfPanics$", "-test.v")
			command.Env = append(os.Environ(), "ACS_TEST_FIPS="+mode, "GODEBUG=fips140="+mode)
			if output, err := command.CombinedOutput(); err != nil || !strings.Contains(string(output), "--- PASS") {
				t.Errorf("%s: %v\n%s", mode, err, output)
			}
		}
		return
	}
	if !fips140.Enabled() {
		t.Fatal("FIPS 140 mode is off")
	}
	const short, long = "thirteen-byte", "fourteen-bytes"
	only := mode == "only"
	for _, test := range []struct {
		sum     func(string, []byte) (string, error)
		key     string
		refused bool
		text    string
	}{
		{HMACSHA256, short, only, "14 bytes"},
		{HMACSHA256, long, false, ""},
		{HMACSHA1, short, only, "HMAC-SHA1"},
		{HMACSHA1, long, only, "HMAC-SHA1"},
	} {
		sum, err := test.sum(test.key, []byte("message"))
		switch {
		case (err != nil) != test.refused || (sum == "") != test.refused:
			t.Errorf("key %q: got %q, %v; refused: want %t", test.key, sum, err, test.refused)
		case err != nil && !strings.Contains(err.Error(), test.text):
			t.Errorf("key %q: %q does not name %q", test.key, err, test.text)
		}
	}
}
