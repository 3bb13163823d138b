package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// column is a column of a table or of CSV.
type column struct {
	name    string // wire name of the element
	field   string // name in Go
	heading string // in a table
	value   func(*appstreaming.Image) any
}

// allColumns are a column for every element of an image, and one for those this
// version does not know.
var allColumns = imageColumns()

// tableOnly are the columns that sum up others.
var tableOnly = []column{{"Disks", "Disks", "DISKS GiB", func(i *appstreaming.Image) any {
	return fmt.Sprintf("%d+%d", i.SystemDiskSize, i.DataDiskSize)
}}}

var headings = map[string]string{
	"ImageId": "IMAGE ID", "ImageName": "NAME", "Status": "STATUS", "ImageType": "TYPE", "OsType": "OS",
	"PlatformName": "PLATFORM", "ProductType": "PRODUCT", "VersionName": "VERSION", "GmtCreate": "CREATED", "GmtModified": "MODIFIED",
}

func imageColumns() []column {
	var columns []column
	for n, field := range reflect.VisibleFields(reflect.TypeFor[appstreaming.Image]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			name = field.Name // Extra
		}
		heading := headings[name]
		if heading == "" {
			heading = name
		}
		columns = append(columns, column{name, field.Name, heading, func(i *appstreaming.Image) any {
			return reflect.ValueOf(i).Elem().Field(n).Interface()
		}})
	}
	return columns
}

func columnNames() []string {
	var names []string
	for _, c := range slices.Concat(allColumns, tableOnly) {
		names = append(names, c.name)
	}
	return names
}

// chosen reads a list of columns. A name is that of the response, of the field
// in Go, or the table's heading, in any letter case and without Image: ImageId,
// ImageID and id are the same column.
func chosen(list string) ([]column, error) {
	var columns []column
	for name := range items(list) {
		c, found := columnNamed(name)
		if !found {
			if near := demo.Nearest(name, columnNames()); near != "" {
				return nil, fmt.Errorf("no column %q; did you mean %q?", name, near)
			}
			return nil, fmt.Errorf("no column %q", name)
		}
		if slices.ContainsFunc(columns, func(other column) bool { return other.name == c.name }) {
			return nil, fmt.Errorf("column %s is named twice", c.name)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

func columnNamed(name string) (column, bool) {
	for _, full := range []string{name, "Image" + name} {
		for _, c := range slices.Concat(allColumns, tableOnly) {
			if strings.EqualFold(full, c.name) || strings.EqualFold(full, c.field) || strings.EqualFold(full, c.heading) {
				return c, true
			}
		}
	}
	return column{}, false
}

// text returns a value as one line: lists, tags and Extra as JSON.
func text(value any) string {
	v := reflect.ValueOf(value)
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Slice && v.Len() == 0:
		return "[]"
	case v.Kind() == reflect.Map && v.Len() == 0:
		return "{}"
	case !isJSON(value):
		return fmt.Sprint(value)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // the text is for people
	if err := encoder.Encode(value); err != nil {
		return err.Error() // Extra holds invalid JSON; the client never returns that
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// isJSON reports whether text writes a value as JSON.
func isJSON(value any) bool {
	kind := reflect.TypeOf(value).Kind()
	return kind == reflect.Slice || kind == reflect.Map
}
