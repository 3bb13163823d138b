package redact

import (
	"runtime"
	"strings"
	"testing"
)

// A body of any size can contain text that consists of escapes.
func TestFindingSecretsTakesLittleMemory(t *testing.T) {
	for _, escape := range []string{`\n`, `\"`, `\\`, `\u0041`, `%41`, `&amp;`, `\u00`, `%25`, `%255c`, `\u005cu0025`} {
		text := strings.Repeat(escape, 100_000/len(escape))
		var s Secrets
		s.Add("a secret of thirty characters.")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if s.Finds(text) {
			t.Errorf("%s: found a secret", escape)
		}
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 500_000 {
			t.Errorf("%s: %d bytes for %d", escape, taken, len(text))
		}
	}
}
