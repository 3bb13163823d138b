package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// table gathers rows and writes them in columns when it is closed, for how wide
// a column must be is known at the end only.
type table struct {
	w    io.Writer
	rows [][]string
}

func (t *table) write(i appstreaming.Image) error {
	row := []string{
		i.ImageID, i.ImageName, string(i.Status), string(i.ImageType), string(i.OSType), string(i.PlatformName), string(i.ProductType),
		fmt.Sprintf("%d+%d", i.SystemDiskSize, i.DataDiskSize), i.VersionName, string(i.Modified),
	}
	for c, cell := range row {
		row[c] = demo.Clean(cell)
	}
	t.rows = append(t.rows, row)
	return nil
}

func (t *table) close() error {
	rows := append([][]string{{"IMAGE ID", "NAME", "STATUS", "TYPE", "OS", "PLATFORM", "PRODUCT", "DISKS GiB", "VERSION", "MODIFIED"}}, t.rows...)
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for c, cell := range row {
			widths[c] = max(widths[c], width(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for c, cell := range row {
			b.WriteString(cell)
			if c < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[c]-width(cell)+2))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}

// width is how many cells of a terminal a text takes: two for wide characters,
// none for marks that combine.
func width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

func wide(r rune) bool {
	return r >= 0x1100 && (r <= 0x115f || // Hangul
		r >= 0x2e80 && r <= 0xa4cf && r != 0x303f || // CJK
		r >= 0xac00 && r <= 0xd7a3 || // Hangul syllables
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || // compatibility forms
		r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || // full width
		r >= 0x1f300 && r <= 0x1faff || r >= 0x20000 && r <= 0x3fffd) // emoji, CJK extensions
}
