package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTableAlignsItsColumns(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	Table(&out, []string{"client", "time"}, [][]string{{"a", "12.0 µs"}, {"longer name", "3 s"}})
	want := strings.TrimLeft(`
| client      |    time |
| ----------- | ------: |
| a           | 12.0 µs |
| longer name |     3 s |

`, "\n")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestFiguresHaveThreeDigitsAndAUnit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ want, got string }{
		{"0.51 µs", Duration(512)},
		{"12.3 µs", Duration(12_345)},
		{"-12.3 µs", Duration(-12_345)},
		{"1.11 ms", Duration(1_111_111)},
		{"21.5 s", Duration(21.5e9)},
		{"999 B", Bytes(999)},
		{"300 kB", Bytes(299_931)},
		{"9.10 MB", Bytes(9.1e6)},
		{"17.0×", Times(17)},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestMachineNamesGoAndTheDay(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	Machine(&out)
	for _, part := range []string{"go1.", "GOMAXPROCS", "20"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q does not mention %q", out.String(), part)
		}
	}
}
