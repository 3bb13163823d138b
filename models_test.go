package appstreaming

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// jsonValue returns the value of a JSON text, with numbers as they are written.
func jsonValue(tb testing.TB, text []byte) (value any) {
	tb.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		tb.Fatalf("%v in %.200s", err, text)
	}
	return value
}

// checkRoundTrip marshals a page and reads it back. Extra comes back as
// encoding/json writes it, without white space.
func checkRoundTrip(t *testing.T, page ListImageResponse) {
	t.Helper()
	text, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	var again ListImageResponse
	if err := again.UnmarshalJSON(text); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, extra := range append(extrasOf(page), extrasOf(again)...) {
		for name, value := range extra {
			extra[name], _ = json.Marshal(value)
		}
	}
	if !reflect.DeepEqual(page, again) {
		t.Fatalf("marshalled as %s (-want +got)\n%s", text, cmp.Diff(page, again))
	}
}

func extrasOf(page ListImageResponse) []extra {
	extras := []extra{page.Extra}
	for _, image := range page.Images {
		extras = append(extras, image.Extra)
	}
	return extras
}

func TestPagesSurviveDecodingAndMarshalling(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"documented-example.json", "page-10.json", "page-100.json"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := readPage(t, name)
			page, _ := mustDecode(t, string(body))
			checkRoundTrip(t, page)
			text, err := json.Marshal(page)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(jsonValue(t, body), jsonValue(t, text)); diff != "" {
				t.Errorf("the document changed (-want +got)\n%s", diff)
			}
			var unmarshalled ListImageResponse
			if err := json.Unmarshal(body, &unmarshalled); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(page, unmarshalled); diff != "" {
				t.Errorf("json.Unmarshal reads it in another way (-want +got)\n%s", diff)
			}
		})
	}
}

// fill sets every field of a model that has a wire name, each to another value.
func fill(v reflect.Value, number *int64) {
	switch *number++; v.Kind() {
	case reflect.String:
		v.SetString("text " + strconv.FormatInt(*number, 10))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(*number)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), number)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				fill(v.Field(i), number)
			}
		}
	}
}

// A field without a case in decode.go fails here.
func TestEveryFieldIsWrittenAndReadUnderItsWireName(t *testing.T) {
	t.Parallel()
	var page ListImageResponse
	number := int64(0)
	fill(reflect.ValueOf(&page).Elem(), &number)
	checkRoundTrip(t, page)
	text, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	members := jsonValue(t, text).(map[string]any)
	image := members["Data"].([]any)[0].(map[string]any)
	item := func(list string) any { return image[list].([]any)[0] }
	for _, row := range []struct {
		model   any
		members any
	}{
		{page, members}, {page.Images[0], image}, {App{}, item("AppList")}, {Tag{}, item("TagList")},
		{RegionDistribution{}, item("ImageRegionDistributeList")}, {DiskSnapshot{}, item("SnapshotList")},
	} {
		got := row.members.(map[string]any)
		for _, field := range reflect.VisibleFields(reflect.TypeOf(row.model)) {
			name := field.Tag.Get("json")
			if _, found := got[name]; !found && name != "-" {
				t.Errorf("%T: %s is missing as %q", row.model, field.Name, name)
			}
		}
	}
}

func TestMarshallingAnImage(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		image Image
		want  string // members that must be there
	}{
		{"zero values", Image{}, `{"ImageId":"","AliUid":0,"OnlineVersion":false,"FeatureList":null,"AppList":null,"Platform":null}`},
		{"empty lists", Image{Features: []Feature{}, Apps: []App{}}, `{"FeatureList":[],"AppList":[]}`},
		{"lists",
			Image{Features: []Feature{"a", "b"}, Tags: []Tag{{"k", "v"}, {}}},
			`{"FeatureList":["a","b"],"TagList":[{"Key":"k","Value":"v"},{"Key":"","Value":""}]}`},
		{"integer platform", Image{Platform: "-2"}, `{"Platform":-2}`},
		{"fraction platform", Image{Platform: "2.5"}, `{"Platform":2.5}`},
		{"named platform", Image{Platform: "Windows"}, `{"Platform":"Windows"}`},
		{"platform that only resembles a number", Image{Platform: "02"}, `{"Platform":"02"}`},
		{"text with everything in it",
			Image{ImageName: "\"\\/\b\f\n\r\t\x00\x1f\x7f云😀\u2028<&>"}, `{"ImageName":"\"\\/\b\f\n\r\t\u0000\u001f\u007f云😀\u2028<&>"}`},
		{"text that is not UTF-8", Image{ImageName: "a\xffb\xc3"}, `{"ImageName":"a\ufffdb\ufffd"}`},
		{"extra adds", Image{Extra: extra{"New": []byte(` [1,2] `), "n\"": nil}}, `{"New":[1,2],"n\"":null}`},
		{"extra replaces",
			Image{ImageName: "a", Apps: []App{{}}, Extra: extra{"ImageName": []byte(`{"b":1}`), "AppList": []byte(`7`)}},
			`{"ImageName":{"b":1},"AppList":7}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(row.image)
			if err != nil {
				t.Fatal(err)
			}
			want := jsonValue(t, []byte(row.want)).(map[string]any)
			got := jsonValue(t, text).(map[string]any)
			for name := range got {
				if _, asked := want[name]; !asked {
					delete(got, name)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for name := range want {
				if n := bytes.Count(text, []byte(strconv.Quote(name)+":")); n != 1 {
					t.Errorf("member %s is there %d times", name, n)
				}
			}
		})
	}
}

func TestExtraThatIsNotJSONIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "{", "1 2", "x", "\"\xff\""} {
		bad := Image{Extra: extra{"New": []byte(value)}}
		for _, model := range []json.Marshaler{bad, ListImageResponse{Images: []Image{{}, bad}}, ListImageResponse{Extra: bad.Extra}} {
			if _, err := model.MarshalJSON(); err == nil || !strings.Contains(err.Error(), `Extra["New"]`) {
				t.Errorf("%q in %T: error %v", value, model, err)
			}
		}
	}
}

func TestUnmarshallingReplacesTheWireFormAndNothingElse(t *testing.T) {
	t.Parallel()
	image := Image{ImageName: "old", Rating: 5, Extra: extra{"Old": []byte(`1`)}}
	if err := json.Unmarshal([]byte(`{"ImageId":"new"}`), &image); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Image{ImageID: "new"}, image); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	header := http.Header{"A": {"b"}}
	page := ListImageResponse{Code: "old", Count: 5, Attempts: 2, Header: header, Raw: []byte("{}")}
	if err := json.Unmarshal([]byte(`{"RequestId":"new","Success":false}`), &page); err != nil {
		t.Fatal(err)
	}
	want := ListImageResponse{RequestID: "new", Extra: extra{"Success": []byte("false")}, Attempts: 2, Header: header, Raw: []byte("{}")}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	if err := json.Unmarshal([]byte(`[null,{"ImageId":"b"}]`), &[]*Image{}); err != nil {
		t.Error(err)
	}
	before := page
	if err := page.UnmarshalJSON([]byte("null")); err != nil || !reflect.DeepEqual(before, page) {
		t.Errorf("null changed the page: %v, %+v", err, page)
	}
	before.Images = []Image{image}
	if err := before.Images[0].UnmarshalJSON([]byte("null")); err != nil || before.Images[0].ImageID != "new" {
		t.Errorf("null changed the image: %v, %+v", err, before.Images[0])
	}
}

func TestUnmarshallingNamesTheFault(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		target     json.Unmarshaler
		text, want string
	}{
		{new(Image), `[]`, "appstreaming: cannot unmarshal an image (byte 0): an array instead of an object"},
		{new(Image), `{"ImageId":"a"} x`, "appstreaming: cannot unmarshal an image (byte 16): 'x' after the JSON value"},
		{new(Image), "{\"ImageId\":\"\xff\"}", "appstreaming: cannot unmarshal an image at ImageId (byte 12): invalid UTF-8 in a string"},
		{new(ListImageResponse), `{"Data":[0]}`,
			"appstreaming: cannot unmarshal a page of images at Data[0] (byte 9): a number instead of an object"},
	} {
		if err := row.target.UnmarshalJSON([]byte(row.text)); err == nil || err.Error() != row.want {
			t.Errorf("%s: error %v, want %s", row.text, err, row.want)
		}
	}
}

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
