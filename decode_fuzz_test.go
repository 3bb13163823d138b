package appstreaming

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecodePage holds the decoder to the plain one: same bodies accepted, same
// values.
func FuzzDecodePage(f *testing.F) {
	f.Add(readPage(f, "documented-example.json"))
	page := readPage(f, "page-10.json")
	second := strings.Index(string(page), `,{"AliUid"`)
	f.Add([]byte(string(page[:second]) + "]}"))
	for _, body := range seedBodies() {
		f.Add([]byte(body))
	}
	f.Fuzz(checkAgainstPlain)
}

func checkAgainstPlain(t *testing.T, body []byte) {
	t.Helper()
	sent := string(body)
	body = []byte(sent) // the fuzzing engine's own must not be changed
	want, wantOK, path, accepted := plainDecodePage(body)
	got, said, err := decodePage(body)
	if string(body) != sent {
		t.Fatalf("%.300q: the body was changed", sent)
	}
	clear(body) // what was decoded must not depend on it
	if (err == nil) != accepted {
		t.Fatalf("%.300q: error %v, want acceptance %t", sent, err, accepted)
	}
	if err != nil {
		if err.Offset < 0 || err.Offset > int64(len(sent)) || err.Reason == "" || path != "" && err.Path != path {
			t.Fatalf("%.300q: error %+v, want one at %q", sent, err, path)
		}
		return
	}
	if ok := said.success; ok != wantOK {
		t.Fatalf("%.300q: success %d, want %d", sent, ok, wantOK)
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%.300q: (-want +got)\n%s", sent, cmp.Diff(want, got))
	}
	checkRoundTrip(t, got)
}
