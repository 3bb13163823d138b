// Package report writes measurements as Markdown.
package report

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"
)

// Table writes a Markdown table with padded columns: the first left-aligned,
// the others to the right.
func Table(w io.Writer, header []string, rows [][]string) {
	widths := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	writeRow(w, header, widths)
	rule := make([]string, len(header))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width)
		if i > 0 {
			rule[i] = rule[i][1:] + ":"
		}
	}
	writeRow(w, rule, widths)
	for _, row := range rows {
		writeRow(w, row, widths)
	}
	fmt.Fprintln(w)
}

func writeRow(w io.Writer, cells []string, widths []int) {
	var line strings.Builder
	for i, cell := range cells {
		padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i == 0 {
			line.WriteString("| " + cell + padding)
		} else {
			line.WriteString(" | " + padding + cell)
		}
	}
	fmt.Fprintln(w, line.String()+" |")
}

// Machine writes one line about the machine, the Go version and the date.
func Machine(w io.Writer) {
	fmt.Fprintf(w, "%s, %s/%s, %s, GOMAXPROCS %d, %s\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, cpuModel(), runtime.GOMAXPROCS(0), time.Now().UTC().Format(time.DateOnly))
}

// cpuModel reads the processor's name from Linux, if it is available.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}

// Modules writes the versions of the named modules in this program.
func Modules(w io.Writer, paths ...string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	for _, path := range paths {
		for _, module := range info.Deps {
			if module.Path == path {
				fmt.Fprintf(w, "* %s %s\n", module.Path, module.Version)
			}
		}
	}
	fmt.Fprintln(w)
}

// Duration prints nanoseconds with three significant digits.
func Duration(ns float64) string {
	switch {
	case ns < 0:
		return "-" + Duration(-ns)
	case ns < 1e6:
		return digits(ns/1e3) + " µs"
	case ns < 1e9:
		return digits(ns/1e6) + " ms"
	default:
		return digits(ns/1e9) + " s"
	}
}

// Bytes prints a number of bytes with three significant digits.
func Bytes(n float64) string {
	switch {
	case n < 1e3:
		return fmt.Sprintf("%.0f B", n)
	case n < 1e6:
		return digits(n/1e3) + " kB"
	default:
		return digits(n/1e6) + " MB"
	}
}

// Times prints a ratio.
func Times(x float64) string { return digits(x) + "×" }

func digits(x float64) string {
	switch {
	case x < 9.995:
		return fmt.Sprintf("%.2f", x)
	case x < 99.95:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}
