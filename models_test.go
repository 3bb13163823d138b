package appstreaming

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTimestampsAreReadInTheZoneOfTheCaller(t *testing.T) {
	t.Parallel()
	shanghai := time.FixedZone("CST", 8*60*60)
	for text, test := range map[Timestamp]struct {
		zone *time.Location
		want time.Time
		ok   bool
	}{
		"2025-04-25 15:13:57":   {shanghai, time.Date(2025, 4, 25, 15, 13, 57, 0, shanghai), true},
		"2025-04-25 15:13:57\n": {nil, time.Date(2025, 4, 25, 15, 13, 57, 0, time.UTC), true},
		"":                      {time.UTC, time.Time{}, false},
		"2025-04-25T15:13:57Z":  {time.UTC, time.Time{}, false},
	} {
		got, err := text.In(test.zone)
		if !got.Equal(test.want) || (err == nil) != test.ok {
			t.Errorf("%q is %v, %v; want %v", text, got, err, test.want)
		}
	}
}

func TestDriversStandForThemselvesUnlessTheyAreArraysOfStrings(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		item string
		want []string
	}{
		{"plain text", "NVIDIA GRID 16.3", []string{"NVIDIA GRID 16.3"}},
		{"array of strings", `["00be80de-1","00be80de-2"]`, []string{"00be80de-1", "00be80de-2"}},
		{"array with space around it", " [ \"a\" ]\n", []string{"a"}},
		{"empty array", `[]`, nil},
		{"empty text", ``, []string{""}},
		{"text that begins like an array", `[beta] driver 1.2`, []string{`[beta] driver 1.2`}},
		{"cut array", `["a","b"`, []string{`["a","b"`}},
		{"array of numbers", `[1]`, []string{`[1]`}},
		{"array with null in it", `["a",null]`, []string{`["a",null]`}},
		{"array of arrays", `[["a"]]`, []string{`[["a"]]`}},
		{"array with text after it", `["a"] x`, []string{`["a"] x`}},
		{"null", `null`, []string{`null`}},
		{"object", `{"a":1}`, []string{`{"a":1}`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			image := Image{Drivers: []string{"first", row.item, "last"}}
			want := append(append([]string{"first"}, row.want...), "last")
			got, err := image.DriverIDs()
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("error %v (-want +got)\n%s", err, diff)
			}
		})
	}
}

func TestResourceCategoriesAreAnArrayInsideAString(t *testing.T) {
	t.Parallel()
	for text, test := range map[string]struct {
		want []string
		ok   bool
	}{
		`["eds.cpu.category","eds.graphics.category"]`: {[]string{"eds.cpu.category", "eds.graphics.category"}, true},
		``:         {nil, true},
		` null `:   {nil, true},
		`[]`:       {nil, true},
		`eds.cpu`:  {nil, false},
		`"eds"`:    {nil, false},
		`["a"`:     {nil, false},
		`[null]`:   {nil, false},
		`["a"]"b"`: {nil, false},
	} {
		got, err := Image{ResourceInstanceCategory: text}.ResourceCategories()
		if diff := cmp.Diff(test.want, got); diff != "" || (err == nil) != test.ok {
			t.Errorf("%s: error %v (-want +got)\n%s", text, err, diff)
		}
	}
}

func TestProgressIsANumberToo(t *testing.T) {
	t.Parallel()
	for text, test := range map[string]struct {
		want float64
		ok   bool
	}{
		"70%": {70, true}, " 99.5 % ": {99.5, true}, "0%": {0, true}, "100%": {100, true},
		"": {}, "70": {}, "NaN%": {}, "101%": {}, "-1%": {}, "%": {},
	} {
		if got, ok := (RegionDistribution{Progress: text}).ProgressPercent(); got != test.want || ok != test.ok {
			t.Errorf("%q is %v, %v; want %v, %v", text, got, ok, test.want, test.ok)
		}
	}
}
