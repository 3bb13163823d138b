package main

import (
	"encoding/csv"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestCSVHasAColumnForEveryElement(t *testing.T) {
	t.Parallel()
	var want []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[appstreaming.Image]()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "-" {
			want = append(want, name)
		}
	}
	want = append(want, "Extra")
	records := read(t, execute(t.Context(), "-o", "csv", "-limit", "1").stdout)
	if diff := cmp.Diff(want, records[0]); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func read(t *testing.T, text string) [][]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return records
}

// cell returns a cell of the first image.
func cell(records [][]string, name string) string { return records[1][slices.Index(records[0], name)] }

func TestSpreadsheetsCalculateNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ value, safe string }{
		"an ordinary name":                {"设计云镜像-01", "设计云镜像-01"},
		"a minus inside":                  {"a-b=c+d@e", "a-b=c+d@e"},
		"equals":                          {"=1+1", "'=1+1"},
		"plus":                            {"+1", "'+1"},
		"minus":                           {"-1", "'-1"},
		"at":                              {"@SUM(A1)", "'@SUM(A1)"},
		"a command":                       {"=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"},
		"a tab":                           {"\t=1", "' =1"},
		"a tab alone":                     {"\tx", "' x"},
		"a carriage return":               {"\r=1", "' =1"},
		"a line feed":                     {"\n=1", "' =1"},
		"a null character":                {"\x00=1", "'=1"},
		"a space":                         {" =1", "' =1"},
		"wide signs":                      {"＝1", "'＝1"},
		"small signs":                     {"﹣1", "'﹣1"},
		"a wide space":                    {"\u3000＝1", "'\u3000＝1"},
		"a space that does not break":     {"\u00a0@x", "'\u00a0@x"},
		"a space without width":           {"\u200b=1", "'\u200b=1"},
		"a byte order mark":               {"\ufeff+1", "'\ufeff+1"},
		"a line separator":                {"\u2028-1", "'\u2028-1"},
		"a blank behind a semicolon":      {"a;\u00a0=1", "a;'\u00a0=1"},
		"control characters":              {"a\x1b[2Jb\x07c\u0085d", "a[2Jbc d"},
		"marks that turn the direction":   {"a\u202ebc", "abc"},
		"an emoji of several":             {"👩\u200d💻", "👩\u200d💻"},
		"a line break":                    {"a\r\nb\tc", "a  b c"},
		"a formula behind a semicolon":    {"a;=1;b", "a;'=1;b"},
		"and behind a quote":              {`a;"=1`, `a;'"=1`},
		"quotes and commas":               {`a,"b",c`, `a,"b",c`},
		"a name that looks like a list":   {"[=1]", "[=1]"},
		"a semicolon in what looks so":    {"[x];=1", "[x];'=1"},
		"what is text in a sheet already": {"'=1", "'=1"},
	} {
		image := appstreaming.Image{ImageID: "imgc-1", ImageName: test.value, Description: test.value}
		service := appstreamingtest.NewServer(t, image)
		got := read(t, against(t.Context(), service, "-o", "csv").stdout)
		if cell(got, "ImageName") != test.safe || cell(got, "Description") != test.safe {
			t.Errorf("%s: %q, want %q", name, cell(got, "ImageName"), test.safe)
		}
		raw := read(t, against(t.Context(), service, "-o", "csv", "-raw").stdout)
		if want := strings.ReplaceAll(test.value, "\r\n", "\n"); cell(raw, "ImageName") != want { // the reader joins them
			t.Errorf("%s with -raw: %q, want %q", name, cell(raw, "ImageName"), want)
		}
	}
}

func TestListsAreJSONInTheirCell(t *testing.T) {
	t.Parallel()
	image := appstreamingtest.SampleImages(1)[0]
	image.Features = append(image.Features[:0], "GPU", "a;b", "=1", "<&>", "a;=1")
	image.Tags = []appstreaming.Tag{{Key: "a=b;c", Value: "=1;=2"}, {Key: "k", Value: "\x1b"}}
	image.Drivers = nil
	image.Extra = map[string]json.RawMessage{"Later": json.RawMessage(`{"a":[1,2]}`)}
	service := appstreamingtest.NewServer(t, image)
	for _, flags := range []string{"-o csv", "-o csv -raw"} {
		got := read(t, against(t.Context(), service, strings.Fields(flags)...).stdout)
		var back appstreaming.Image
		for name, dst := range map[string]any{
			"FeatureList": &back.Features, "TagList": &back.Tags, "AppList": &back.Apps, "SnapshotList": &back.Snapshots,
			"ImageRegionList": &back.ImageRegions, "ImageRegionDistributeList": &back.RegionDistributions,
			"SupportedLanguageList": &back.SupportedLanguages, "Extra": &back.Extra,
		} {
			if err := json.Unmarshal([]byte(cell(got, name)), dst); err != nil {
				t.Errorf("%s: %s is %q: %v", flags, name, cell(got, name), err)
			}
		}
		want := appstreaming.Image{
			Features: image.Features, Tags: image.Tags, Apps: image.Apps, Snapshots: image.Snapshots, ImageRegions: image.ImageRegions,
			RegionDistributions: image.RegionDistributions, SupportedLanguages: image.SupportedLanguages, Extra: image.Extra,
		}
		if diff := cmp.Diff(want, back); diff != "" {
			t.Errorf("%s (-want +got):\n%s", flags, diff)
		}
		if got := cell(got, "DriverList"); got != "[]" {
			t.Errorf("%s: no drivers are %q, want []", flags, got)
		}
		if list := cell(got, "FeatureList"); !strings.Contains(list, `"a;b","=1","<&>"`) {
			t.Errorf("%s: the list is %s, want readable text", flags, list)
		}
	}
	if got := read(t, against(t.Context(), service, "-o", "csv").stdout); strings.Contains(cell(got, "FeatureList"), ";=") {
		t.Errorf("a semicolon is followed by a formula in %s", cell(got, "FeatureList"))
	}
}

func TestExcelFindsAByteOrderMarkWhenAsked(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-o csv": "ImageId,", "-o csv -bom": "\ufeffImageId,", "-o csv -bom -image-id none": "\ufeffImageId,",
	} {
		got := execute(t.Context(), strings.Fields(args)...)
		if !strings.HasPrefix(got.stdout, want) || strings.Count(got.stdout, "\ufeff") != strings.Count(want, "\ufeff") {
			t.Errorf("%s begins %q", args, got.stdout[:12])
		}
	}
}

func TestColumnsOfCSVCanBeChosen(t *testing.T) {
	t.Parallel()
	got := read(t, execute(t.Context(), "-o", "csv", "-limit", "1", "-columns", "gmtmodified, NAME,disks").stdout)
	image := appstreamingtest.SampleImages(1)[0]
	want := [][]string{{"GmtModified", "ImageName", "Disks"}, {string(image.Modified), image.ImageName, "40+50"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
