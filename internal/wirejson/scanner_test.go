package wirejson

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// skip reads text as one value of any kind.
func skip(text string) (string, *SyntaxError) {
	var s Scanner
	s.Reset([]byte(text))
	value := string(s.Skip())
	s.End()
	return value, s.Err()
}

var sampleTexts = []string{
	``, ` `, `null`, `nul`, `nullx`, `true`, `tru`, `truefalse`, `false`, `falsy`, `t`, `f`, `n`,
	`0`, `-0`, `-`, `01`, `-01`, `1.`, `.5`, `1.5`, `1e5`, `1E+5`, `1e-5`, `1e`, `1e+`, `+1`, `1 2`, `0x1`, `123456789012345678901234567890`,
	`""`, `"`, `"a`, `"abcdefg`, `"abcdefgh`, `"abcdefgh"`, `"abcdefghi"x`, "\"a\tb\"", "\"abcdefgh\x1fb\"", "\"\x7f\"", "\"\x00\"",
	`"\n\r\t\b\f\/\\\""`, `"\u0041"`, `"\u00g1"`, `"\u004"`, `"\u`, `"\x41"`, `"\`,
	`"\'"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83d\u0041"`, `"\ude00"`, `"\ud83dx"`, `"\uD83D\uDE0`,
	"\"\xff\"", "\"abcdefgh\xc3\"", "\"\xc3\xa9\"", "\"\xed\xa0\x80\"",
	"\"云镜像\"", "\"01234567云镜像01234567\"", "\"\xf4\x90\x80\x80\"",
	`[]`, `[ ]`, `[1]`, `[1,]`, `[,1]`, `[1 2]`, `[1,2`, `[`, `]`, `[}`, `[[[]]]`, `[[[]]`, `[[[]]]]`, `[1]]`, ` [ 1 , 2 ] `, "\n[\t1\r]",
	`{}`, `{ }`, `{"a":1}`, `{"a":1,}`, `{,"a":1}`, `{"a"}`, `{"a":}`, `{"a" 1}`, `{a:1}`,
	`{"a":1 "b":2}`, `{"a":1,"b":2}`, `{"a":{"b":[{"c":null}]}}`, `{"a":1]`,
	`{`, `}`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{1:2}`, `{"\u0061":1}`,
	`{"a":1} x`, `{"a":1}{"a":1}`, "\ufeff{}", "{}\x00", "\v{}", `<html>`, `{"a":[1,{"b":2}],"c":"d"}`, "\xc2\xa0{}", `// x`, `{}/**/`,
	"[" + strings.Repeat(`[1],{"a":1},`, MaxDepth) + "1]",
	strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
	strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1),
	strings.Repeat(`{"a":`, MaxDepth-1) + "{}" + strings.Repeat("}", MaxDepth-1),
	strings.Repeat(`{"a":`, MaxDepth) + "{}" + strings.Repeat("}", MaxDepth),
}

func TestAcceptsWhatEncodingJSONAcceptsAndIsUTF8(t *testing.T) {
	t.Parallel()
	for _, text := range sampleTexts {
		checkAcceptance(t, text)
	}
}

// checkAcceptance compares the scanner with encoding/json on one text.
func checkAcceptance(t *testing.T, text string) {
	t.Helper()
	want := json.Valid([]byte(text)) && utf8.ValidString(text)
	value, err := skip(text)
	if got := err == nil; got != want {
		t.Fatalf("%.100q: accepted = %t (%v), want %t", text, got, err, want)
	}
	if err != nil {
		if err.Offset < 0 || err.Offset > len(text) || err.Reason == "" {
			t.Fatalf("%.100q: error %v has no place in the text", text, err)
		}
		return
	}
	if trimmed := strings.Trim(text, " \t\r\n"); value != trimmed {
		t.Fatalf("%.100q: value %.100q, want it without the space around it", text, value)
	}
}

func TestStringsAreUnescapedAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	for _, text := range sampleTexts {
		checkString(t, text)
	}
}

// checkString compares String and Unescape with encoding/json if text is a
// string.
func checkString(t *testing.T, text string) {
	t.Helper()
	var want string
	if !strings.HasPrefix(text, `"`) || !utf8.ValidString(text) || json.Unmarshal([]byte(text), &want) != nil {
		return
	}
	var s Scanner
	s.Reset([]byte(text))
	raw, escaped := s.String()
	got := string(raw)
	if escaped {
		got = string(Unescape(nil, raw))
	}
	if got != want || s.Err() != nil {
		t.Fatalf("%q: read %q, error %v, want %q", text, got, s.Err(), want)
	}
	if escaped != strings.Contains(text, `\`) {
		t.Fatalf("%q: escaped = %t", text, escaped)
	}
}

// Strings are read eight bytes at a time, and the last ones one by one.
func TestEveryByteAtEveryPlaceInAString(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for length := range 20 {
			for at := range length {
				text := []byte(`"` + strings.Repeat("a", length) + `"`)
				text[1+at] = byte(c)
				checkAcceptance(t, string(text))
				checkAcceptance(t, string(text)+"        ") // a block can go beyond the string
				checkString(t, string(text))
			}
		}
	}
	for c := range 256 {
		for at := range 4 {
			text := []byte(`"\u0000"`)
			text[3+at] = byte(c)
			checkAcceptance(t, string(text))
			checkString(t, string(text))
		}
	}
}

func TestInvalidUTF8IsFoundWhereItIs(t *testing.T) {
	t.Parallel()
	for at := range 20 {
		for _, before := range []string{"a", "é", "云", "😀"} {
			good := strings.Repeat(before, at)
			_, err := skip(`"` + good + "\xff" + `abcdefghijk"`)
			if want := (SyntaxError{1 + len(good), "invalid UTF-8 in a string"}); err == nil || *err != want {
				t.Errorf("after %q: error %v, want %v", good, err, &want)
			}
		}
	}
}

func TestNumbersAndTextsAreValidAsInEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, text := range sampleTexts {
		if got, want := Valid([]byte(text)), json.Valid([]byte(text)) && utf8.ValidString(text); got != want {
			t.Errorf("Valid(%.40q) = %t, want %t", text, got, want)
		}
		var number json.Number
		isNumber := text != "" && strings.Trim(text, "+-0123456789.eE") == "" && json.Unmarshal([]byte(text), &number) == nil
		if got := IsNumber(text); got != isNumber {
			t.Errorf("IsNumber(%.40q) = %t, want %t", text, got, isNumber)
		}
	}
}

func TestErrorsSayWhatStandsWhereAndWhatShould(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]SyntaxError{
		``:                              {0, "end of the text instead of a value"},
		`<html>`:                        {0, "'<' instead of a value"},
		"\ufeff{}":                      {0, "byte 0xef instead of a value"},
		`{"a":1,}`:                      {7, "'}' instead of a member's name"},
		`{"a" 1}`:                       {5, "'1' instead of ':'"},
		`{"a":1 "b":2}`:                 {7, `'"' instead of ',' or '}'`},
		`[1,]`:                          {3, "']' instead of a value"},
		`[1}`:                           {2, "'}' instead of ',' or ']'"},
		`{"a":[1,2`:                     {9, "end of the text instead of ',' or ']'"},
		`nul`:                           {0, "'n' instead of null"},
		`-x`:                            {1, "'x' instead of a digit"},
		`1.`:                            {2, "end of the text instead of a digit"},
		`- 1`:                           {1, "byte 0x20 instead of a digit"},
		`{} x`:                          {3, "'x' after the JSON value"},
		"{}\x00":                        {2, "byte 0x00 after the JSON value"},
		"{}~":                           {2, "'~' after the JSON value"},
		"{}\x7f":                        {2, "byte 0x7f after the JSON value"},
		"[!":                            {1, "'!' instead of a value"},
		`"\`:                            {1, "invalid escape in a string"},
		`"\n`:                           {3, "end of the text in a string"},
		`"\u123`:                        {1, "invalid escape in a string"},
		`"abc`:                          {4, "end of the text in a string"},
		"\"ab\tc\"":                     {3, "control character 0x09 in a string"},
		`"ab\xc"`:                       {3, "invalid escape in a string"},
		"\"abcdefghi\xffj\"":            {10, "invalid UTF-8 in a string"},
		strings.Repeat("[", MaxDepth+1): {MaxDepth, "more than 10000 levels of nesting"},
	} {
		if _, err := skip(text); err == nil || *err != want {
			t.Errorf("%.40q: error %v, want %v", text, err, &want)
		}
	}
}

func TestAFailureEndsEveryLoop(t *testing.T) {
	t.Parallel()
	var s Scanner
	s.Reset([]byte(`{"a":[x`))
	s.Object()
	s.Array()
	s.Skip()
	first := s.Err()
	if first == nil || first.Offset != 6 {
		t.Fatalf("error %v, want one at byte 6", first)
	}
	s.rewind(1)
	if s.Peek() != Missing || s.NextItem() || s.Skip() != nil {
		t.Error("something was read after a failure")
	}
	if name, more := s.NextMember(); more || name != nil {
		t.Errorf("member %q was read after a failure", name)
	}
	if s.Err() != first {
		t.Errorf("the first failure gave way to %v", s.Err())
	}
}

func TestPathNamesTheValueAtAnOffset(t *testing.T) {
	t.Parallel()
	const text = `{"Code":"200","Data":[{"ImageId":"a","AppList":[{"AppId":"x"},{"App\u004eame":"y"}]},{}],"Count":5}`
	for marker, want := range map[string]string{
		`{"Code"`: "", `"200"`: "Code", `[{"ImageId`: "Data", `{"ImageId`: "Data[0]", `"a"`: "Data[0].ImageId",
		`{"AppId`: "Data[0].AppList[0]", `"x"`: "Data[0].AppList[0].AppId", `"y"`: "Data[0].AppList[1].AppName",
		`{}]`: "Data[1]", `5`: "Count",
	} {
		if got := Path([]byte(text), strings.Index(text, marker)); got != want {
			t.Errorf("at %s: path %q, want %q", marker, got, want)
		}
	}
	for broken, want := range map[string]string{
		`{"a":[1,{"b":x}]}`: "a[1].b", `{"a":[1,{"b" 1}]}`: "a[1]", `{"a":[1,{"b":1 "c":2}]}`: "a[1]", `{"a":[1 2]}`: "a",
		`{"a":"b`: "a", `{"a":[[`: "a[0][0]", `{"a":1}x`: "", `x`: "", ``: "", "{\"a\":{\"b\xff\":1}}": "a", "{\"a\":[\"\xff\"]}": "a[0]",
	} {
		_, err := skip(broken)
		if err == nil {
			t.Fatalf("%q is no error", broken)
		}
		if got := Path([]byte(broken), err.Offset); got != want {
			t.Errorf("%q: path %q, want %q", broken, got, want)
		}
	}
	long := strings.Repeat("x", maxPath)
	for name, want := range map[string]string{long: long, long + "x": long + "…"} {
		text := `{"` + name + `":1}`
		if got := Path([]byte(text), len(text)-2); got != want {
			t.Errorf("path %q, want %q", got, want)
		}
	}
	deep := strings.Repeat(`{"云":`, MaxDepth) + "x"
	got := Path([]byte(deep), len(deep)-1)
	cut := strings.HasSuffix(got, "云…") || strings.HasSuffix(got, ".…")
	if len(got) > maxPath+len("…") || !utf8.ValidString(got) || !cut {
		t.Errorf("path of a deep value: %q", got)
	}
}

func TestIntegersAreOnlyJSONLiteralsInRange(t *testing.T) {
	t.Parallel()
	for literal, want := range map[string]int64{
		"0": 0, "-0": 0, "7": 7, "-7": -7, "3000000000": 3000000000, "9007199254740993": 9007199254740993,
		"9223372036854775807": 9223372036854775807, "-9223372036854775808": -9223372036854775808,
	} {
		if got, ok := parseInteger([]byte(literal)); got != want || !ok {
			t.Errorf("parseInteger(%q) = %d, %t, want %d", literal, got, ok, want)
		}
	}
	for _, literal := range []string{
		"", "-", "+1", "01", "-01", "00", "1.0", "1e3", " 1", "1 ", "0x1", "1_0", "abc", "--1", "١",
		"9223372036854775808", "-9223372036854775809", "18446744073709551616", "10000000000000000000", "99999999999999999999",
	} {
		if got, ok := parseInteger([]byte(literal)); ok {
			t.Errorf("parseInteger(%q) = %d, want none", literal, got)
		}
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	text := []byte(`{"a":["x","云",1.5e3,true,null,{"b":{}}],"c":"d"} `)
	var s Scanner
	s.Reset(text)
	s.Skip() // makes the scratch
	if allocs := testing.AllocsPerRun(100, func() {
		s.Reset(text)
		s.Skip()
		s.End()
	}); allocs != 0 || s.Err() != nil {
		t.Errorf("%v allocations, error %v", allocs, s.Err())
	}
}
