package main

import (
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// defaultColumns are the columns without -columns. Where a terminal is too
// narrow, those of leftOut are left out, in that order.
var (
	defaultColumns = []string{
		"ImageId", "ImageName", "Status", "ImageType", "OsType", "PlatformName", "ProductType", "Disks", "VersionName", "GmtModified",
	}
	leftOut = []string{"VersionName", "Disks", "PlatformName", "ProductType", "GmtModified", "ImageType", "OsType"}
)

const (
	gap        = 2  // spaces between columns
	nameColumn = 20 // columns a name keeps before others are left out
	narrow     = 8  // columns a cell keeps before identifiers are cut
	narrowest  = 2  // columns a cell always keeps
)

// table writes rows in columns. Their widths are those of the first page, so
// that its rows appear at once. Where the width is limited, longer cells are
// cut; in files and pipes they are not.
type table struct {
	w        io.Writer
	width    int // 0: no limit
	columns  []column
	optional bool       // columns may be left out
	page     func() int // images of the first page

	widths []int      // nil until known
	rows   [][]string // held back until then
}

func newTable(w io.Writer, width int, chosen []column, page func() int) *table {
	t := &table{w: w, width: width, columns: chosen, optional: chosen == nil, page: page}
	if t.optional {
		for _, name := range defaultColumns {
			c, _ := columnNamed(name)
			t.columns = append(t.columns, c)
		}
	}
	return t
}

func (t *table) write(image appstreaming.Image) error {
	if t.widths != nil {
		return t.writeRow(t.row(&image))
	}
	t.rows = append(t.rows, t.row(&image))
	if len(t.rows) < t.page() {
		return nil
	}
	return t.begin()
}

func (t *table) close() error {
	if t.widths != nil {
		return nil
	}
	return t.begin()
}

func (t *table) row(image *appstreaming.Image) []string {
	row := make([]string, len(t.columns))
	for n, c := range t.columns {
		row[n] = demo.Clean(short(c.value(image)))
	}
	return row
}

// short returns a value as text for a table: items separated by commas, tags as
// key=value.
func short(value any) string {
	switch list := reflect.ValueOf(value); {
	case list.Kind() == reflect.Slice && list.Type().Elem().Kind() == reflect.String:
		items := make([]string, list.Len())
		for i := range items {
			items[i] = list.Index(i).String()
		}
		return strings.Join(items, ", ")
	case list.Type() == reflect.TypeFor[[]appstreaming.Tag]():
		var tags []string
		for _, tag := range value.([]appstreaming.Tag) {
			tags = append(tags, tag.Key+"="+tag.Value)
		}
		return strings.Join(tags, ", ")
	}
	return text(value)
}

// begin settles the widths and writes what was held back.
func (t *table) begin() error {
	var heading []string
	for _, c := range t.columns {
		heading = append(heading, c.heading)
	}
	rows := append([][]string{heading}, t.rows...)
	t.rows = nil
	t.widths = make([]int, len(t.columns))
	for _, row := range rows {
		for n, cell := range row {
			t.widths[n] = max(t.widths[n], demo.Width(cell))
		}
	}
	var kept []int
	kept, t.widths = t.fit()
	for _, row := range rows {
		if err := t.writeRow(pick(row, kept)); err != nil {
			return err
		}
	}
	t.columns = pick(t.columns, kept)
	return nil
}

// fit returns the columns that are kept and their widths.
func (t *table) fit() (kept, widths []int) {
	for n := range t.columns {
		kept = append(kept, n)
	}
	widths = slices.Clone(t.widths)
	if t.width == 0 {
		return kept, widths
	}
	isName := func(n int) bool { return t.columns[n].name == "ImageName" }
	isID := func(n int) bool { return strings.HasSuffix(t.columns[n].name, "Id") }
	isOther := func(n int) bool { return !isID(n) }
	always := func(int) bool { return true }

	if t.optional {
		shrink(widths, kept, t.width, nameColumn, isName)
		for _, name := range leftOut {
			if total(widths, kept) > t.width {
				kept = slices.DeleteFunc(kept, func(n int) bool { return t.columns[n].name == name })
			}
		}
		t.grow(widths, kept, isName)
	}
	shrink(widths, kept, t.width, narrow, isOther)
	shrink(widths, kept, t.width, narrowest, always)
	return kept, pick(widths, kept)
}

// grow returns to the name what leaving out a column has freed.
func (t *table) grow(widths, kept []int, isName func(int) bool) {
	for _, n := range kept {
		if isName(n) {
			widths[n] = min(t.widths[n], widths[n]+max(0, t.width-total(widths, kept)))
		}
	}
}

// shrink takes from the widest of some columns until all fit or these are at
// their least.
func shrink(widths, kept []int, width, least int, some func(int) bool) {
	for total(widths, kept) > width {
		widest := -1
		for _, n := range kept {
			if some(n) && widths[n] > least && (widest < 0 || widths[n] > widths[widest]) {
				widest = n
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

func total(widths, kept []int) int {
	sum := gap * (len(kept) - 1)
	for _, n := range kept {
		sum += widths[n]
	}
	return sum
}

func pick[T any](items []T, kept []int) []T {
	picked := make([]T, len(kept))
	for n, from := range kept {
		picked[n] = items[from]
	}
	return picked
}

func (t *table) writeRow(row []string) error {
	var b strings.Builder
	for n, cell := range row {
		if t.width > 0 {
			cell = demo.Cut(cell, t.widths[n])
		}
		b.WriteString(cell)
		if n < len(row)-1 {
			b.WriteString(strings.Repeat(" ", max(0, t.widths[n]-demo.Width(cell))+gap))
		}
	}
	_, err := io.WriteString(t.w, strings.TrimRight(b.String(), " ")+"\n")
	return err
}
