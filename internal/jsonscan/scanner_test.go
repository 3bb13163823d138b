package jsonscan

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzSkip holds the scanner to encoding/json: it accepts the same texts, but
// for those that are not UTF-8.
func FuzzSkip(f *testing.F) {
	page, err := os.ReadFile("../../testdata/conformance/pages/documented-example.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(page)
	for _, seed := range []string{
		"", " ", "null", "tru", "-", "-0", "01", "1.", "1.5e+7", "1e", `"`, `"\u12"`, `"\ud83d\ude00"`, "\"\x1f\"", "\"\xff\"", "[", "[1,", "[]]", `{"a":1,}`,
		`{"a" : [ { } , "b\\\"" ] }`, "{1:2}", "\xef\xbb\xbf{}", strings.Repeat("[", 10001) + strings.Repeat("]", 10001), strings.Repeat("[", 10000) + strings.Repeat("]", 10000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Scanner
		s.Reset(text)
		s.Skip()
		s.End()
		want := json.Valid(text) && utf8.Valid(text)
		if got := s.Err() == nil; got != want {
			t.Fatalf("%q: accepted %v (%v), want %v", text, got, s.Err(), want)
		}
		if err := s.Err(); err != nil {
			if err.Offset < 0 || err.Offset > len(text) {
				t.Fatalf("%q: offset %d", text, err.Offset)
			}
			Path(text, err.Offset) // must not panic, whatever the text
		}
	})
}

// FuzzString holds strings to encoding/json: the same text comes out.
func FuzzString(f *testing.F) {
	for _, seed := range []string{"", "plain text of more than eight bytes", `\u4e91 \ud83d\ude00 \ud83d x \ude00 \n\"\\\/`, "云镜像-云镜像-云镜像", `\ud83d\ud83d\ude00`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, inside string) {
		text := []byte(`"` + inside + `"`)
		var want string
		if !json.Valid(text) || !utf8.Valid(text) || json.Unmarshal(text, &want) != nil {
			return // FuzzSkip sees to what is not accepted
		}
		var s Scanner
		s.Reset(text)
		raw, escaped := s.String()
		got := string(raw)
		if escaped {
			got = string(Unescape(nil, raw))
		}
		if got != want || s.Err() != nil || s.Offset() != len(text) {
			t.Fatalf("%q is %q at %d (%v), want %q at %d", text, got, s.Offset(), s.Err(), want, len(text))
		}
	})
}

func TestIntegersAreThoseOfJSON(t *testing.T) {
	t.Parallel()
	for literal, want := range map[string]string{
		"0": "0", "-0": "0", "7": "7", "-7": "-7", "9223372036854775807": "9223372036854775807", "-9223372036854775808": "-9223372036854775808",
		"9223372036854775808": "", "-9223372036854775809": "", "99999999999999999999": "", "": "", "-": "", "01": "", "1.0": "", "1e3": "", "+1": "", " 1": "",
	} {
		value, ok := Integer([]byte(literal))
		if got := strconv.FormatInt(value, 10); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %s, %v; want %q", literal, got, ok, want)
		}
	}
}

func TestAPathLeadsToItsOffset(t *testing.T) {
	t.Parallel()
	const text = `{"Data":[{"A":1},{"AppList":[{"AppName":x}]}]}`
	for mark, want := range map[string]string{
		`{"Data"`: "", `[{"A"`: "Data", `{"A"`: "Data[0]", `1}`: "Data[0].A", `{"AppList"`: "Data[1]", `x}`: "Data[1].AppList[0].AppName",
	} {
		if got := Path([]byte(text), strings.Index(text, mark)); got != want {
			t.Errorf("the path to %s is %q, want %q", mark, got, want)
		}
	}
	deep := strings.Repeat(`{"name":`, 1000)
	if got := Path([]byte(deep), len(deep)); len(got) > maxPath+len("…") {
		t.Errorf("a path of %d bytes, want it cut", len(got))
	}
}

func TestAFailureSticks(t *testing.T) {
	t.Parallel()
	var s Scanner
	s.Reset([]byte(`[1,x,"y"]`))
	items := 0
	for more := s.Array(); more; more = s.NextItem() {
		s.Skip()
		items++
	}
	first := s.Err()
	s.Skip()
	s.End()
	if items != 2 || first == nil || s.Err() != first || first.Offset != 3 {
		t.Errorf("%d items and %v, then %v; want the failure at byte 3 after two", items, first, s.Err())
	}
}
