package acs

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func namesOf(params []Param) []string {
	var names []string
	for i := range params {
		names = append(names, string(params[i].AppendName(nil)))
	}
	return names
}

func TestNamesAreFlattened(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Param{
		"PageSize":      {Name: "PageSize"},
		"TagList.1.Key": {Name: "TagList", Index: 1, Member: "Key"},
		"List.100":      {Name: "List", Index: 100},
		"tag.Key":       {Name: "tag", Member: "Key"},
	} {
		if got := string(p.AppendName([]byte("&"))); got != "&"+want {
			t.Errorf("%+v has the name %q, want %q", p, got, want)
		}
	}
}

func TestEmptyValuesAreLeftOut(t *testing.T) {
	t.Parallel()
	var params []Param
	params = AppendText(params, "Empty", "")
	params = AppendText(params, "Text", "x")
	params = AppendNumber(params, "Zero", 0)
	params = AppendNumber(params, "Number", int32(-7))
	params = AppendTexts(params, "Texts", []string{"a", "", "c"})
	params = AppendNumbers(params, "Numbers", []int32{0, 12})
	params = AppendTexts(params, "None", []string{})
	want := []Param{
		{Name: "Text", Value: "x"},
		{Name: "Zero", Value: "0"},
		{Name: "Number", Value: "-7"},
		{Name: "Texts", Index: 1, Value: "a"},
		{Name: "Texts", Index: 3, Value: "c"},
		{Name: "Numbers", Index: 1, Value: "0"},
		{Name: "Numbers", Index: 2, Value: "12"},
	}
	if diff := cmp.Diff(want, params); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListsAreSortedByNameAndLeaveEarlierParametersAlone(t *testing.T) {
	t.Parallel()
	earlier := []Param{{Name: "Z"}, {Name: "A"}}
	for _, items := range []int{1, 9, 10, 11, 100} {
		texts, numbers := make([]string, items), make([]int, items)
		var want []string
		for i := range items {
			texts[i] = fmt.Sprint(i + 1)
			numbers[i] = i + 1
			want = append(want, fmt.Sprintf("L.%d", i+1))
		}
		slices.Sort(want)
		want = append([]string{"Z", "A"}, want...)
		for kind, got := range map[string][]Param{
			"texts":   AppendTexts(slices.Clone(earlier), "L", texts),
			"numbers": AppendNumbers(slices.Clone(earlier), "L", numbers),
		} {
			if diff := cmp.Diff(want, namesOf(got)); diff != "" {
				t.Errorf("%d %s (-want +got):\n%s", items, kind, diff)
			}
			for _, p := range got[2:] {
				if p.Value != fmt.Sprint(p.Index) {
					t.Errorf("%d %s: item %d has the value %s", items, kind, p.Index, p.Value)
				}
			}
		}
	}
}

func TestAValueIsValidUTF8WithoutControlCharacters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":              "",
		"a b~設計云\u2028": "",
		"a\x00":         "must not contain control characters (U+0000 at byte 1)",
		"計\r\n":         "must not contain control characters (U+000D at byte 3)",
		"\u0085":        "must not contain control characters (U+0085 at byte 0)",
		"\xff\n":        "must be valid UTF-8",
		"a\xed\xa0":     "must be valid UTF-8",
	} {
		if got := TextFault(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestParametersSortByTheBytesOfTheirNames(t *testing.T) {
	t.Parallel()
	params := []Param{
		{Name: "b"}, {Name: "a", Index: 2}, {Name: "a", Index: 10}, {Name: "aa"}, {Name: "a"}, {Name: "B"}, {Name: "a", Member: "1"},
	}
	Sort(params)
	if diff := cmp.Diff([]string{"B", "a", "a.1", "a.10", "a.2", "aa", "b"}, namesOf(params)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestQueriesAndFormsHoldTheParametersToKeep(t *testing.T) {
	t.Parallel()
	params := []Param{{Name: "A", Value: "x y"}, {Name: "B", Index: 1, Value: "+"}, {Name: "C", Value: ""}}
	onlyB := func(p *Param) bool { return p.Name == "B" }
	notB := func(p *Param) bool { return p.Name != "B" }
	none := func(*Param) bool { return false }
	for _, test := range []struct {
		want string
		got  []byte
	}{
		{"A=x%20y&B.1=%2B&C=", AppendQuery(nil, params, nil)},
		{"A=x+y&B.1=%2B&C=", AppendForm(nil, params, nil)},
		{"?B.1=%2B", AppendQuery([]byte("?"), params, onlyB)},
		{"?A=x+y&C=", AppendForm([]byte("?"), params, notB)},
		{"?", AppendForm([]byte("?"), params, none)},
		{"", AppendQuery(nil, nil, nil)},
	} {
		if string(test.got) != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
