package wirejson

import "testing"

// FuzzScanner compares the scanner with encoding/json: the same texts accepted (of
// those that are UTF-8), the same strings read, and paths for all failures.
func FuzzScanner(f *testing.F) {
	for _, text := range sampleTexts {
		if len(text) < 1000 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkAcceptance(t, text)
		checkString(t, text)
		if _, err := skip(text); err != nil {
			Path([]byte(text), err.Offset)
		}
	})
}
