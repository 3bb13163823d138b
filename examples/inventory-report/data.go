package main

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/wuying-go/appstreaming"
)

// fullDetails is how many images the page holds with all details. With more,
// disks, apps and Extra are left out: a browser should open the page within
// seconds.
const fullDetails = 20_000

// data is the inventory as the page's script reads it. An image is a list of
// values in the order of Columns. Text that occurs several times is stored once
// in Words, and a value then is its index: that halves the page.
type data struct {
	Columns   []string    `json:"columns"`
	Described [][2]string `json:"described"` // columns of the details and their titles
	Versions  [][2]string `json:"versions"`  // the same, about versions
	Nowhere   string      `json:"nowhere"`   // the region of images that have none
	Words     []string    `json:"words"`
	Images    [][]any     `json:"images"`
}

const (
	unknown = "unknown"
	nowhere = "no region"
)

// field is one column of the data. Its value is a string, a list of strings, a
// list of lists of strings, or an int.
type field struct {
	name  string
	title string // in the details; empty for what the script shows by itself
	value func(*appstreaming.Image) any
}

var tableFields = []field{
	{"id", "", func(i *appstreaming.Image) any { return i.ImageID }},
	{"name", "", func(i *appstreaming.Image) any { return i.ImageName }},
	{"status", "", func(i *appstreaming.Image) any { return orUnknown(i.Status) }},
	{"os", "", func(i *appstreaming.Image) any { return orUnknown(i.OSType) }},
	{"platform", "", platform},
	{"product", "", func(i *appstreaming.Image) any { return orUnknown(i.ProductType) }},
	{"type", "", func(i *appstreaming.Image) any { return string(i.ImageType) }},
	{"regions", "", func(i *appstreaming.Image) any { return regions(i) }},
	{"gib", "", func(i *appstreaming.Image) any { return i.SystemDiskSize + i.DataDiskSize }},
	{"modified", "", func(i *appstreaming.Image) any { return string(i.Modified) }},
}

var describedFields = []field{
	{"description", "Description", func(i *appstreaming.Image) any { return i.Description }},
	{"owner", "Owner", func(i *appstreaming.Image) any { return number(i.AliUID) }},
	{"created", "Created", func(i *appstreaming.Image) any { return string(i.Created) }},
	{"distro", "Distribution", func(i *appstreaming.Image) any { return i.Distro }},
	{"language", "Language", func(i *appstreaming.Image) any { return string(i.Language) }},
	{"package", "Package", func(i *appstreaming.Image) any { return string(i.PackageType) }},
	{"protocol", "Protocol", func(i *appstreaming.Image) any { return string(i.ProtocolType) }},
	{"session", "Sessions", func(i *appstreaming.Image) any { return string(i.SessionType) }},
	{"mode", "Made", func(i *appstreaming.Image) any { return string(i.ImageCreateMode) }},
	{"features", "Features", func(i *appstreaming.Image) any { return joined(i.Features) }},
	{"drivers", "Drivers", func(i *appstreaming.Image) any { return joined(i.Drivers) }},
	{"system", "System disk, GiB", func(i *appstreaming.Image) any { return number(int64(i.SystemDiskSize)) }},
	{"more", "Data disk, GiB", func(i *appstreaming.Image) any { return number(int64(i.DataDiskSize)) }},
}

var versionFields = []field{
	{"version", "This version", func(i *appstreaming.Image) any { return strings.TrimSpace(i.VersionID + " " + i.VersionName) }},
	{"online", "In use", func(i *appstreaming.Image) any { return i.OnlineVersionID }},
	{"latest", "Latest", func(i *appstreaming.Image) any { return i.LatestVersionID }},
	{"parent", "Made from", func(i *appstreaming.Image) any {
		return strings.TrimSpace(i.ParentImageID + " " + i.ParentImageVersion)
	}},
	{"base", "Based on", func(i *appstreaming.Image) any { return strings.TrimSpace(i.BaseImageID + " " + i.BaseImageVersion) }},
	{"fota", "FOTA", func(i *appstreaming.Image) any { return strings.TrimSpace(i.FOTAVersion + " " + i.FOTAChannel) }},
}

var listFields = []field{
	{"tags", "", func(i *appstreaming.Image) any {
		return lists(i.Tags, func(t appstreaming.Tag) []string { return []string{t.Key, t.Value} })
	}},
	{"deployed", "", func(i *appstreaming.Image) any {
		return lists(i.RegionDistributions, func(d appstreaming.RegionDistribution) []string {
			return []string{d.RegionID, string(d.Status), d.Progress, d.ImageID}
		})
	}},
}

var longFields = []field{
	{"apps", "", func(i *appstreaming.Image) any {
		return lists(i.Apps, func(a appstreaming.App) []string { return []string{a.AppID, a.AppName} })
	}},
	{"disks", "", func(i *appstreaming.Image) any {
		return lists(i.Snapshots, func(s appstreaming.DiskSnapshot) []string {
			return []string{s.SnapshotID, s.DiskType, s.DiskCategory, s.DiskSubType, s.BindType, number(int64(s.Size)) + " GiB"}
		})
	}},
	{"extra", "", extra},
}

// newData returns the data of the images. Details of more than fullDetails
// images are shortened.
func newData(images []appstreaming.Image) data {
	fields := slices.Concat(tableFields, describedFields, versionFields, listFields)
	fields = append(fields, longFields...)
	shortened := len(images) > fullDetails
	d := data{Nowhere: nowhere, Described: titles(describedFields), Versions: titles(versionFields), Images: make([][]any, len(images))}
	for _, f := range fields {
		d.Columns = append(d.Columns, f.name)
	}
	words := dictionary{counts: map[string]int{}, index: map[string]int{}}
	for n := range images {
		values := make([]any, len(fields))
		for i, f := range fields {
			if shortened && i >= len(fields)-len(longFields) {
				values[i] = []any{}
				if f.name == "extra" {
					values[i] = ""
				}
				continue
			}
			values[i] = f.value(&images[n])
			words.count(values[i])
		}
		d.Images[n] = values
	}
	for _, values := range d.Images {
		for i := range values {
			if _, isNumber := values[i].(int); !isNumber { // a plain number, which the script knows by its column
				values[i] = words.shorten(values[i])
			}
		}
	}
	d.Words = words.list
	return d
}

// dictionary numbers the texts that occur several times.
type dictionary struct {
	counts map[string]int
	index  map[string]int
	list   []string
}

func (d *dictionary) count(value any) {
	switch v := value.(type) {
	case string:
		d.counts[v]++
	case []string:
		for _, text := range v {
			d.counts[text]++
		}
	case [][]string:
		for _, texts := range v {
			d.count(texts)
		}
	}
}

// shorten replaces each text that occurs several times by its number.
func (d *dictionary) shorten(value any) any {
	switch v := value.(type) {
	case string:
		if d.counts[v] < 2 || len(v) < 4 {
			return v
		}
		number, known := d.index[v]
		if !known {
			number = len(d.list)
			d.index[v], d.list = number, append(d.list, v)
		}
		return number
	case []string:
		short := make([]any, len(v))
		for i, text := range v {
			short[i] = d.shorten(text)
		}
		return short
	case [][]string:
		short := make([]any, len(v))
		for i, texts := range v {
			short[i] = d.shorten(texts)
		}
		return short
	}
	return value
}

func titles(fields []field) [][2]string {
	all := make([][2]string, len(fields))
	for i, f := range fields {
		all[i] = [2]string{f.name, f.title}
	}
	return all
}

func orUnknown[T ~string](value T) string {
	if value == "" {
		return unknown
	}
	return string(value)
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func joined[T ~string](items []T) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = string(item)
	}
	return strings.Join(texts, ", ")
}

func lists[T any](items []T, texts func(T) []string) [][]string {
	all := make([][]string, len(items))
	for i, item := range items {
		all[i] = texts(item)
	}
	return all
}

func platform(i *appstreaming.Image) any {
	if i.PlatformName != "" {
		return string(i.PlatformName)
	}
	return string(i.OSType)
}

// regions lists where an image is deployed, from both elements that say so.
func regions(i *appstreaming.Image) []string {
	all := slices.Clone(i.ImageRegions)
	for _, d := range i.RegionDistributions {
		all = append(all, d.RegionID)
	}
	slices.Sort(all)
	all = slices.DeleteFunc(slices.Compact(all), func(r string) bool { return r == "" })
	if len(all) == 0 {
		return []string{nowhere}
	}
	return all
}

func extra(i *appstreaming.Image) any {
	if len(i.Extra) == 0 {
		return ""
	}
	text, err := json.MarshalIndent(i.Extra, "", "  ")
	if err != nil {
		return "not JSON: " + err.Error()
	}
	return string(text)
}
