package redact

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// secret has every kind of character that an encoding changes.
const secret = "hun/ter22+with=signs&<more>%41\\u0042\"'*JZjz0@"

func secrets(list ...string) *Secrets {
	s := new(Secrets)
	s.Add(list...)
	return s
}

func inJSON(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return strings.Trim(string(b), `"`)
}

func inXML(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		panic(err)
	}
	return b.String()
}

// all writes every character in the given form.
func all(format string) func(string) string {
	return func(text string) string {
		var b strings.Builder
		for i := range len(text) {
			fmt.Fprintf(&b, format, text[i])
		}
		return b.String()
	}
}

// odd encodes every other character, and leaves the others as they are.
func odd(encode func(string) string) func(string) string {
	return func(text string) string {
		var b strings.Builder
		for i := range len(text) {
			if char := text[i : i+1]; i%2 == 1 {
				b.WriteString(encode(char))
			} else {
				b.WriteString(char)
			}
		}
		return b.String()
	}
}

// lowerDigits encodes as a URL does, but with digits in lower case.
func lowerDigits(text string) string {
	return regexp.MustCompile("%[0-9A-F]{2}").ReplaceAllStringFunc(url.QueryEscape(text), strings.ToLower)
}

func chain(encodings ...func(string) string) func(string) string {
	return func(text string) string {
		for _, encode := range encodings {
			text = encode(text)
		}
		return text
	}
}

var byNames = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")

func spellings() map[string]func(string) string {
	percent, lowerPercent := all("%%%02X"), all("%%%02x")
	return map[string]func(string) string{
		"as it is":                                   func(text string) string { return text },
		"in a URL":                                   url.QueryEscape,
		"as it is signed":                            chain(url.QueryEscape, url.QueryEscape),
		"in a URL, lower-case digits":                lowerDigits,
		"every character percent-encoded":            percent,
		"every character in lower case":              lowerPercent,
		"every other character percent-encoded":      odd(percent),
		"every character percent-encoded twice":      chain(percent, lowerPercent),
		"every other character twice":                odd(chain(percent, percent)),
		"once, then every other again":               chain(percent, odd(percent)),
		"in JSON":                                    inJSON,
		"in JSON, every character escaped":           all(`\u%04X`),
		"in JSON, every character in lower case":     all(`\u%04x`),
		"in JSON inside JSON":                        chain(inJSON, inJSON),
		"in JSON, slashes escaped":                   func(text string) string { return strings.ReplaceAll(inJSON(text), "/", `\/`) },
		"in XML":                                     inXML,
		"in XML, every character by its number":      all("&#%d;"),
		"in XML, every character by its hexadecimal": all("&#x%X;"),
		"in XML, by a capital X":                     all("&#X%02x;"),
		"in XML, by names":                           byNames.Replace,
		"as it is signed, in JSON":                   chain(url.QueryEscape, url.QueryEscape, inJSON),
		"as it is signed, in escaped JSON":           chain(url.QueryEscape, url.QueryEscape, odd(all(`\u%04x`))),
		"as it is signed, in XML":                    chain(url.QueryEscape, url.QueryEscape, odd(all("&#%d;"))),
		"JSON in a URL":                              chain(inJSON, url.QueryEscape),
	}
}

func TestASecretIsMaskedInEverySpelling(t *testing.T) {
	t.Parallel()
	for name, spell := range spellings() {
		for _, each := range []string{secret, "LTAI-plain-secret", "%%%%%%%%", `\\\\\\`, "&&&&&&"} {
			text := "before " + spell(each) + " after"
			if got, want := secrets("other-secret", each).Text(text), "before *** after"; got != want {
				t.Errorf("%s: %q became %q, want %q", name, text, got, want)
			}
		}
	}
}

func TestASecretIsMaskedInABodyThatIsNotValidJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"Message":"\u0068un\/ter22"}` + "\n",
		`{"Message":"` + "\n" + `\u0068un\/ter22`,
		`junk \u0068un\/ter22 "`,
		`"\q\u00zz\u0068un\/ter22`,
		`%zz%%\\&;&#;&#x;&#999;&amp;\u0068un\/ter22`,
	} {
		if got := string(secrets("hun/ter22").CutBody([]byte(body))); strings.Contains(got, "ter22") || !strings.Contains(got, Mask) {
			t.Errorf("%q became %q", body, got)
		}
	}
}

func TestTextWithoutSecretsStaysAsItIs(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "success", `{"a":"x\ny"}`, "100%", "%", "%4", "%zz", `\`, `\u`, `\u00`, "&", "&amp", "&#;", "&#x;", "&unknown;", "&#256;",
		"&#x100;", `\u0168un/ter22`,
		"hun/ter2", "abc", "un/ter22",
	} {
		s := secrets("", "abc", "hun/ter22")
		if got := s.Text(text); got != text || s.Finds(text) {
			t.Errorf("%q became %q", text, got)
		}
		if got := new(Secrets).CutText(text); got != text {
			t.Errorf("without secrets %q became %q", text, got)
		}
	}
	body := []byte("a body \\ without")
	if got := secrets("hun/ter22").CutBody(body); &got[0] != &body[0] {
		t.Errorf("a harmless body is copied")
	}
}

func TestAnEscapeMayBeginTheText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"%68un/ter22", `\u0068un/ter22`, "&#104;un/ter22", "hun/ter22"} {
		if got := secrets("hun/ter22").Text(text); got != Mask {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestAtMostThreeEncodingsAreUndone(t *testing.T) {
	t.Parallel()
	percent, escaped := all("%%%02x"), all(`\u%04x`)
	four := chain(percent, percent, percent, percent)
	const rest = "un/ter22"
	for name, first := range map[string]string{
		"all of a character":       four("h"),
		"its percent sign":         chain(percent, percent, percent)("%") + "68",
		"its first digit":          "%" + chain(percent, percent, percent)("6") + "8",
		"its second digit":         "%6" + chain(percent, percent, percent)("8"),
		"its backslash":            chain(percent, percent, percent)(`\`) + "u0068",
		"its letter u":             `\` + chain(percent, percent, percent)("u") + "0068",
		"a digit after its u":      `\u006` + chain(percent, percent, percent)("8"),
		"an escape, escaped often": chain(escaped, escaped, escaped, escaped)("h"),
		"its ampersand":            chain(percent, percent, percent)("&") + "#104;",
	} {
		if got := secrets("hun/ter22").Text(first + rest); got != first+rest {
			t.Errorf("%s: %q became %q", name, first+rest, got)
		}
	}
	for name, first := range map[string]string{
		"all of a character": chain(percent, percent, percent)("h"), "its percent sign": chain(percent, percent)("%") + "68",
		"its digits": "%" + chain(percent, percent)("68"), "its escape": chain(percent, percent)(`\u0068`),
		"its reference": chain(percent, percent)("&") + "#104;", "its letter u": `\%750068`,
	} {
		if got := secrets("hun/ter22").Text(first + rest); got != Mask {
			t.Errorf("%s: %q became %q", name, first+rest, got)
		}
	}
	if got := secrets("\xff\xff\xff\xff").Text("%ff%FF%fF%Ff"); got != Mask {
		t.Errorf("the largest bytes became %q", got)
	}
	zeros := `\u0100\u0100\u0100\u0100`
	if got := secrets("\x00\x00\x00\x00").Text(zeros); got != zeros {
		t.Errorf("%q became %q", zeros, got)
	}
}

func TestSecretsOfFewerThanFourBytesAreNotMasked(t *testing.T) {
	t.Parallel()
	if got := secrets("abc", "defg").Text("abcdefg"); got != "abc***" {
		t.Errorf("got %q", got)
	}
}

func TestSecretsAreMaskedWholly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		secrets    []string
		text, want string
	}{
		"overlapping":              {[]string{"abcdef", "defghi"}, "abcdefghi.", "***."},
		"one in the other":         {[]string{"cdef", "abcdefgh"}, "abcdefgh.", "***."},
		"one is the other's start": {[]string{"abcd", "abcdefgh"}, "abcdefgh.abcd", "***.***"},
		"the longer one first":     {[]string{"abcdefgh", "abcd"}, "abcdefgh.", "***."},
		"one after the other":      {[]string{"abcd", "efgh"}, "abcdefgh.", "******."},
		"twice":                    {[]string{"abcd"}, "abcdabcd.abcd", "******.***"},
		"a false start":            {[]string{"aaab"}, "aaaaab", "aa***"},
		"four attempts' and a signature": {
			[]string{"key1key1", "key2key2", "key3key3", "key4key4", "sign"}, "key4key4 key1key1 sign", "*** *** ***",
		},
	} {
		if got := secrets(test.secrets...).Text(test.text); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestTheBeginningOfASecretIsMaskedWhereABodyIsCut(t *testing.T) {
	t.Parallel()
	for name, spell := range spellings() {
		const long = "hun/ter22+with=signs"
		text := "before " + spell(long)
		shown := len("before ") + len(spell(long[:MinSecret]))
		for end := shown; end <= len(text); end++ {
			for way, got := range map[string]string{
				"body": string(secrets(long).CutBody([]byte(text[:end]))), "text": secrets(long).CutText(text[:end]),
			} {
				if got != "before ***" {
					t.Errorf("%s: the %s %q became %q", name, way, text[:end], got)
				}
			}
		}
	}
	s := secrets("hun/ter22")
	for text, want := range map[string]string{
		"x hun": "x hun", "x hun/": "x ***", "hun/ x": "hun/ x", "hun/%7": "***", "hun/%": "***", "hun%": "hun%", `hun/\u00`: "***",
		"hun/&#1": "***",
		"hun/% x": "hun/% x", "hun/%\n": "hun/%\n", "hun/%\t": "hun/%\t", "hun/%\r": "hun/%\r", "hun/%\"": "hun/%\"", "hun/%<": "hun/%<",
		"hun/%>": "hun/%>",
		"hun/x":  "hun/x", "hun/%" + strings.Repeat("z", longestEscape-2): "***",
		"hun/%" + strings.Repeat("z", longestEscape-1): "hun/%" + strings.Repeat("z", longestEscape-1),
	} {
		if got := s.CutText(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
		if got := s.Text(text); got != text {
			t.Errorf("not cut, %q became %q", text, got)
		}
	}
}

func TestCleanTextCostsNoMemory(t *testing.T) { // not parallel: it counts allocations
	s := secrets("hun/ter22", "another-secret", "a-third-secret", "0123456789abcdef")
	if n := testing.AllocsPerRun(100, func() { s.Text("1F2E3D4C-0000-1111-2222-333344445555") }); n != 0 {
		t.Errorf("a clean text costs %v allocations", n)
	}
	var one Secrets
	if n := testing.AllocsPerRun(100, func() { one = Secrets{}; one.Add("hun/ter22", "another-secret", "", "0123456789abcdef") }); n != 0 {
		t.Errorf("the secrets of an attempt cost %v allocations", n)
	}
}

func TestMaskingTakesTimeInProportion(t *testing.T) {
	t.Parallel()
	s := secrets(strings.Repeat("%", 9)+"x", strings.Repeat(`\`, 9)+"x", strings.Repeat("&", 9)+"x", "u0025u0025u0025")
	for _, unit := range []string{"%", `\`, "&", "%25", `\u0025`, "&amp;", "%5c", `\\u005cu`, "&#37;25"} {
		text := strings.Repeat(unit, 500/len(unit))
		if got := s.CutText(text); len(got) > len(text) {
			t.Errorf("%q grew to %d", unit, len(got))
		}
	}
}

// A page can have 32 MiB of escapes. Reading all of them would take minutes.
func TestTheRestOfALongTextOfEscapesIsMaskedUnread(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"%41", `\\`} {
		s := secrets("hun/ter22", "another-secret", "a-third-secret", "0123456789abcdef")
		body := strings.Repeat(unit, 64<<10/len(unit))
		if got := s.Text(body); got != body {
			t.Errorf("%s: 64 KiB are not read to their end", unit)
		}
		long := strings.Repeat(unit, 4<<20/len(unit))
		got := s.Text(long + " hun/ter22")
		if shown := strings.TrimSuffix(got, Mask); shown == got || !strings.HasPrefix(long, shown) || len(shown) < 1<<10 {
			t.Errorf("%s: %d bytes became %d, want a beginning and the mask", unit, len(long), len(got))
		}
		if got := s.Text(body); got != Mask {
			t.Errorf("%s: the next text became %d bytes, want the mask", unit, len(got))
		}
		if got := s.Text("plain text"); got != "plain text" {
			t.Errorf("%s: plain text became %q", unit, got)
		}
		if quotes := strings.Repeat(`{\"a\":\"b\"}`, 100_000); s.Text(quotes) != Mask || secrets("hun/ter22").Text(quotes) != quotes {
			t.Errorf("%s: quotes are read too long, or not at all", unit)
		}
		s.Add("the next attempt's")
		if got := s.Text(body); got != body {
			t.Errorf("%s: after another Add, 64 KiB are not read to their end", unit)
		}
	}
}

// A text can also take long without many escapes: here nearly every offset begins
// with most of the secret.
func TestTheRestOfATextOfBeginningsIsMaskedUnread(t *testing.T) {
	t.Parallel()
	s := secrets(strings.Repeat("a", 100) + "b")
	text := "%41" + strings.Repeat("a", 1<<18)
	got := s.Text(text)
	if shown := strings.TrimSuffix(got, Mask); shown == got || !strings.HasPrefix(text, shown) || len(shown) < 1<<10 {
		t.Errorf("%d bytes became %d, want a beginning and the mask", len(text), len(got))
	}
}

func TestAMaskAndTheTextNextToItShowNoSecret(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, secret, text, want string
	}{
		{"a secret that ends like a mask", "0***", "00***0", "***0"},
		{"a secret that begins like a mask", "***0", "0***00", "0***"},
		{"a secret of stars", "****", "* **** ** ***** *", "* *** ** *** *"},
		{"stars without a blank", "*****", "**%2A***", "***"},
		{"one star at the end", "key*", "keykeykey*", "*******"},
		{"a star in the middle", "ab*cd", "xab" + "ab*cd" + "cdy", "xab***cdy"},
		{"a star in the middle of the secret and of the mask", "a**c", "aa**cc", "a***c"},
		{"encoded text next to the mask", "0***", "%30" + "0***", "***"},
	} {
		if got := secrets(test.secret).Text(test.text); got != test.want {
			t.Errorf("%s: %q became %q, want %q", test.name, test.text, got, test.want)
		}
	}
	if got := secrets("key*").CutText("x" + "key" + "key*"); got != "x*****" {
		t.Errorf("a cut text became %q", got)
	}
	if got := secrets("a***").Text(strings.Repeat("a", 1<<20) + "a***"); strings.Contains(got, "a***") {
		t.Errorf("a long text became %d bytes that show the secret", len(got))
	}
}

func FuzzEverySpellingIsMasked(f *testing.F) {
	f.Add("LTAI-secret", "before ", " after", uint64(0))
	f.Add(secret, `{"Message":"`, `"}`, uint64(0x123456789abcdef))
	f.Add("%%%%", "%2", "5", uint64(7))
	f.Add("0***", "0", "0", uint64(0o2222))
	f.Fuzz(func(t *testing.T, secret, before, after string, choice uint64) {
		printable := strings.IndexFunc(secret, func(r rune) bool { return r < 0x21 || r > 0x7e }) < 0
		if len(secret) < MinSecret || len(secret) > 100 || !printable {
			return
		}
		forms := []func(string) string{
			func(s string) string { return s }, all("%%%02X"), all("%%%02x"), chain(all("%%%02x"), all("%%%02X")), all(`\u%04x`), all("&#x%x;"),
			chain(all("%%%02x"), url.QueryEscape, inJSON), chain(url.QueryEscape, url.QueryEscape, odd(all("&#%d;"))),
		}
		var spelled strings.Builder
		for i := range len(secret) {
			spelled.WriteString(forms[choice%uint64(len(forms))](secret[i : i+1]))
			choice = choice>>3 | choice<<61
		}
		s := secrets(secret)
		text := before + spelled.String() + after
		masked := s.Text(text)
		if strings.Contains(masked, secret) || !strings.Contains(masked, Mask) {
			t.Fatalf("%q of %q became %q", text, secret, masked)
		}
		if s.Text(text) != masked {
			t.Fatalf("%q is not always masked the same way", text)
		}
	})
}
