package appstreaming

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var pageFiles = []string{"documented-example.json", "page-10.json", "page-100.json"}

func readPage(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/conformance/pages/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// asValue reads JSON as plain values, numbers as they are written.
func asValue(t testing.TB, text []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestPagesComeBackFromTheirWireFormWithNothingLost(t *testing.T) {
	t.Parallel()
	for _, name := range pageFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := readPage(t, name)
			page, succeeded, err := decodePage(body)
			if err != nil || succeeded != successTrue {
				t.Fatalf("success %v, %v", succeeded, err)
			}
			if len(page.Images) == 0 || page.Extra != nil || page.Images[0].Extra != nil {
				t.Errorf("%d images, Extra %v and %v; want some and none", len(page.Images), page.Extra, page.Images[0].Extra)
			}
			again, marshalErr := json.Marshal(page)
			if marshalErr != nil {
				t.Fatal(marshalErr)
			}
			if diff := cmp.Diff(asValue(t, body), asValue(t, again)); diff != "" {
				t.Errorf("wire form (-want +got):\n%s", diff)
			}
			var twice ListImageResponse
			if err := json.Unmarshal(again, &twice); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(page, twice); diff != "" {
				t.Errorf("read again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheDocumentedExampleIsReadFieldByField(t *testing.T) {
	t.Parallel()
	page, _, err := decodePage(readPage(t, "documented-example.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := ListImageResponse{
		RequestID: "8737D130-BFD0-5D51-96F6-C08EB1139A25", Code: "200", Message: "success", PageNumber: 1, PageSize: 10, Count: 22,
		Images: []Image{{
			ImageID: "imgc-xxxx", ImageName: "DemoImage", ImageType: ImageTypeUser, Status: StatusInit, Description: "描述", AliUID: 123456789, BizType: 1,
			Created: "2025-04-25 15:13:57", Modified: "2025-04-25 15:13:57", VersionID: "iv-xxx", VersionName: "v0.1.0", OnlineVersionID: "iv-xxxx",
			LatestVersionID: "iv-xxx", OnlineVersion: true, ParentImageID: "imgc-xxx", ParentImageVersion: "iv-xxx", BaseImageID: "imgc-xxx",
			BaseImageVersion: "iv-xxx", ProductType: ProductTypeCloudApp, PackageType: "ECS", ProtocolType: ProtocolTypeASP, SessionType: SessionTypeSingle,
			ImageCreateMode: ImageCreateModeBuilderManual, OSType: OSTypeWindows, Platform: "0", PlatformName: PlatformNameWindowsServer2022,
			Distro: "Ubuntu 22.04 64位", Language: LanguageZhCN, SupportedLanguages: []Language{LanguageZhCN}, SystemDiskSize: 40, DataDiskSize: 100,
			VolumeEncryptionEnabled: true, VolumeEncryptionKey: "a7b3c0c8-xxxx", ResourceInstanceCategory: `["eds.cpu.category"]`, Features: []string{"Builder"},
			Drivers: []string{`["00be80de-xxxx-xxxx-xxxx-xxxxxxxxxxxx"]`}, Apps: []App{{"ca-xxx", "应用名称"}}, Tags: []Tag{{"1630348213973321", "inner"}},
			ImageRegions: []string{"地域对象。"}, RegionDistributions: []RegionDistribution{{"imgc-xxx", "cn-shanghai", "iv-xxx", StatusInit, "70%"}},
			Snapshots: []DiskSnapshot{{}}, FOTAVersion: "2.3.0-xxx", FOTAChannel: "镜像支持的fota渠道,暂未启用", CompatibleMode: true, Scene: "AIGC", Rating: 95,
			EnvironmentID: "env-164c321f405ca84143e4b730dbe4",
		}},
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestValuesOfAnotherFormAreReadOrKept(t *testing.T) {
	t.Parallel()
	raw := func(name, value string) map[string]json.RawMessage {
		return map[string]json.RawMessage{name: json.RawMessage(value)}
	}
	tests := map[string]struct {
		image string
		want  Image
	}{
		"text for a number":              {`{"Platform":"Windows"}`, Image{Platform: "Windows"}},
		"number for text":                {`{"Platform":2.5,"ImageName":5,"Scene":true}`, Image{Platform: "2.5", ImageName: "5", Scene: "true"}},
		"null":                           {`{"ImageName":null,"Rating":null,"OnlineVersion":null,"TagList":null,"FeatureList":null}`, Image{}},
		"object for text":                {`{"ImageName":{ "a": 1 }}`, Image{Extra: raw("ImageName", `{ "a": 1 }`)}},
		"a number as text":               {`{"SystemDiskSize":"40","AliUid":"9007199254740993"}`, Image{SystemDiskSize: 40, AliUID: 1<<53 + 1}},
		"a number that is no integer":    {`{"Rating":95.5}`, Image{Extra: raw("Rating", "95.5")}},
		"a number out of range":          {`{"BizType":3000000000}`, Image{Extra: raw("BizType", "3000000000")}},
		"exact beyond a float":           {`{"AliUid":9007199254740993}`, Image{AliUID: 1<<53 + 1}},
		"truth as text and number":       {`{"OnlineVersion":"True","CompatibleMode":1,"VolumeEncryptionEnabled":"0"}`, Image{OnlineVersion: true, CompatibleMode: true}},
		"no truth":                       {`{"OnlineVersion":"perhaps"}`, Image{Extra: raw("OnlineVersion", `"perhaps"`)}},
		"unknown member":                 {`{"Zone":{"Id":[1,2]}}`, Image{Extra: raw("Zone", `{"Id":[1,2]}`)}},
		"name in another case":           {`{"imageId":"x"}`, Image{Extra: raw("imageId", `"x"`)}},
		"escaped name":                   {`{"Image\u0049d":"x"}`, Image{ImageID: "x"}},
		"escapes in text":                {`{"ImageName":"\u4e91\ud83d\ude00\"\\\/\b\f\n\r\t\u0000"}`, Image{ImageName: "云😀\"\\/\b\f\n\r\t\x00"}},
		"half a surrogate pair":          {`{"ImageName":"\ud83dx\ude00"}`, Image{ImageName: "\ufffdx\ufffd"}},
		"empty lists":                    {`{"AppList":[],"FeatureList":[]}`, Image{Apps: []App{}, Features: []string{}}},
		"a list with an item of no text": {`{"FeatureList":["GPU",null,7,{}]}`, Image{Features: []string{"GPU", "", "7", ""}, Extra: raw("FeatureList", `["GPU",null,7,{}]`)}},
		"text for a list":                {`{"DriverList":"none"}`, Image{Extra: raw("DriverList", `"none"`)}},
		"unknown member in a list":       {`{"TagList":[{"Key":"a","Value":"b","Scope":1}]}`, Image{Tags: []Tag{{"a", "b"}}, Extra: raw("TagList", `[{"Key":"a","Value":"b","Scope":1}]`)}},
		"no object in a list":            {`{"AppList":[{"AppId":"ca-1"},3]}`, Image{Apps: []App{{AppID: "ca-1"}, {}}, Extra: raw("AppList", `[{"AppId":"ca-1"},3]`)}},
		"twice, the last counts":         {`{"ImageName":"a","ImageName":"b","TagList":[{"Key":"a"}],"TagList":null}`, Image{ImageName: "b"}},
		"twice, the last does not fit":   {`{"ImageName":"a","ImageName":[]}`, Image{Extra: raw("ImageName", "[]")}},
		"twice, the last fits":           {`{"ImageName":[],"ImageName":"a"}`, Image{ImageName: "a"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := []byte(`{"Success":true,"Data":[` + test.image + `]}`)
			page, _, err := decodePage(body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, page.Images[0]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// Extra wins when the image is marshalled, so that its form survives.
			again, marshalErr := json.Marshal(page.Images[0])
			if marshalErr != nil {
				t.Fatal(marshalErr)
			}
			members := asValue(t, again).(map[string]any)
			for name, value := range test.want.Extra {
				if diff := cmp.Diff(asValue(t, value), members[name]); diff != "" {
					t.Errorf("marshalled %s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestTheEnvelopeIsReadLeniently(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body      string
		want      ListImageResponse
		succeeded success
	}{
		"code as a number":         {`{"Code":200,"Success":true}`, ListImageResponse{Code: "200"}, successTrue},
		"success as text":          {`{"Success":"true"}`, ListImageResponse{}, successTrue},
		"success as a number":      {`{"Success":1}`, ListImageResponse{}, successTrue},
		"no success":               {`{"Success":"FALSE"}`, ListImageResponse{}, successFalse},
		"no word of success":       {`{}`, ListImageResponse{}, successAbsent},
		"success that is neither":  {`{"Success":"maybe"}`, ListImageResponse{Extra: map[string]json.RawMessage{"Success": json.RawMessage(`"maybe"`)}}, successAbsent},
		"count beyond 32 bits":     {`{"Count":3000000000}`, ListImageResponse{Count: 3000000000}, successAbsent},
		"no data":                  {`{"Data":null}`, ListImageResponse{}, successAbsent},
		"empty data":               {`{"Data":[]}`, ListImageResponse{Images: []Image{}}, successAbsent},
		"unknown member":           {`{"NextToken":"x"}`, ListImageResponse{Extra: map[string]json.RawMessage{"NextToken": json.RawMessage(`"x"`)}}, successAbsent},
		"page number of no number": {`{"PageNumber":"first"}`, ListImageResponse{Extra: map[string]json.RawMessage{"PageNumber": json.RawMessage(`"first"`)}}, successAbsent},
	}
	for name, test := range tests {
		page, succeeded, err := decodePage([]byte(test.body))
		if err != nil || succeeded != test.succeeded {
			t.Errorf("%s: success %v, %v; want %v", name, succeeded, err, test.succeeded)
		}
		if diff := cmp.Diff(test.want, page); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatMakesNoSenseIsAnErrorWithItsPlace(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body   string
		path   string
		offset int64
		reason string
	}{
		"empty body":              {"", "", 0, "nothing instead of an object"},
		"white space":             {" \n", "", 2, "nothing instead of an object"},
		"null":                    {"null", "", 0, "null instead of an object"},
		"array":                   {"[]", "", 0, "an array instead of an object"},
		"page of a proxy":         {"<html>", "", 0, "no JSON value instead of an object"},
		"byte order mark":         {"\ufeff{}", "", 0, "no JSON value instead of an object"},
		"data of another shape":   {`{"Data":{}}`, "Data", 8, "an object instead of an array"},
		"item of another shape":   {`{"Data":[{},7]}`, "Data[1]", 12, "a number instead of an object"},
		"null item":               {`{"Data":[null]}`, "Data[0]", 9, "null instead of an object"},
		"trailing bytes":          {`{} x`, "", 3, "'x' after the JSON value"},
		"cut in a string":         {`{"Data":[{"ImageId":"imgc`, "Data[0].ImageId", 25, "end of the text in a string"},
		"cut in a list":           {`{"Data":[{"AppList":[{"AppName":"x"}`, "Data[0].AppList", 36, "end of the text instead of ',' or ']'"},
		"not UTF-8":               {"{\"Data\":[{},{\"Distro\":\"a\xffb\"}]}", "Data[1].Distro", 24, "invalid UTF-8 in a string"},
		"not UTF-8, unknown":      {"{\"Zone\":\"\xed\xa0\x80\"}", "Zone", 9, "invalid UTF-8 in a string"},
		"control character":       {"{\"Message\":\"a\nb\"}", "Message", 13, "control character 0x0a in a string"},
		"bad escape":              {`{"Message":"\x"}`, "Message", 12, "invalid escape in a string"},
		"bad number":              {`{"Count":01}`, "", 10, "'1' instead of ',' or '}'"},
		"bad literal":             {`{"Success":tru}`, "Success", 11, "'t' instead of true"},
		"trailing comma":          {`{"Count":1,}`, "", 11, "'}' instead of a member's name"},
		"nested beyond the limit": {`{"Zone":` + strings.Repeat("[", 20000), "", 10007, "more than 10000 levels of nesting"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := decodePage([]byte(test.body))
			if err == nil {
				t.Fatal("no error")
			}
			if test.path == "" && strings.HasPrefix(err.Path, "Zone[0]") {
				err.Path = "" // a path of thousands of steps
			}
			if diff := cmp.Diff(&DecodeError{Path: test.path, Offset: test.offset, Reason: test.reason}, err); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var viaJSON ListImageResponse
			var decodeErr *DecodeError
			if json.Valid([]byte(test.body)) && !errors.As(json.Unmarshal([]byte(test.body), &viaJSON), &decodeErr) && test.body != "null" {
				t.Error("json.Unmarshal gives no *DecodeError")
			}
		})
	}
}

// The two intended differences from encoding/json, as decode.go lists them.
func TestTheIntendedDifferencesFromEncodingJSON(t *testing.T) {
	t.Parallel()
	var lenient struct{ Message string }
	if err := json.Unmarshal([]byte("{\"message\":\"a\xff\"}"), &lenient); err != nil || lenient.Message != "a\ufffd" {
		t.Fatalf("encoding/json gives %q, %v", lenient.Message, err)
	}
	if _, _, err := decodePage([]byte("{\"Message\":\"a\xff\"}")); err == nil {
		t.Error("bytes that are not UTF-8 are accepted")
	}
	page, _, err := decodePage([]byte(`{"message":"a"}`))
	if err != nil || page.Message != "" || string(page.Extra["message"]) != `"a"` {
		t.Errorf("a name in another case gives %q, %v, %v", page.Message, page.Extra, err)
	}
}

func FuzzDecodePage(f *testing.F) {
	for _, name := range pageFiles[:2] {
		f.Add(readPage(f, name))
	}
	for _, seed := range []string{
		"", "null", "{}", `{"Data":[{"Platform":"Windows","ImageName":{},"AliUid":9007199254740993,"Rating":2.5}]}`,
		`{"Data":[{"TagList":[{"Key":1,"Value":null,"X":[]},[]],"FeatureList":["a",null,1,{}],"SnapshotList":[{"Size":"7"}]}],"Success":"True"}`,
		`{"Code":200,"Count":-0,"PageSize":"0010","Image\u0049d":"\ud83d\ude00"} `, `{"Data":null,"Data":[],"Data":{}}`, "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		want, wantSuccess, wantErr := plainPage(body)
		got, gotSuccess, gotErr := decodePage(bytes.Clone(body))
		if (wantErr == nil) != (gotErr == nil) {
			t.Fatalf("%q: plain error %v, ours %v", body, wantErr, gotErr)
		}
		if wantErr != nil {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" || wantSuccess != gotSuccess {
			t.Fatalf("%q: success %v, want %v; page (-want +got):\n%s", body, gotSuccess, wantSuccess, diff)
		}
		if text, err := json.Marshal(got); err != nil {
			t.Fatalf("%q: cannot be marshalled: %v", body, err)
		} else if again, _, err := decodePage(text); err != nil {
			t.Fatalf("%q: %q cannot be read again: %v", body, text, err)
		} else if len(again.Images) != len(got.Images) {
			t.Fatalf("%q: %d images of %d come back", body, len(again.Images), len(got.Images))
		}
	})
}

func TestDecodingStaysWithinItsAllocations(t *testing.T) {
	body := readPage(t, "page-100.json")
	decodePage(body) // fills the pools
	if got := testing.AllocsPerRun(50, func() { decodePage(body) }); got > 6*100+10 {
		t.Errorf("a page of 100 images allocates %v times, want at most 610", got)
	}
	var before, after runtime.MemStats
	const runs = 20
	runtime.ReadMemStats(&before)
	for range runs {
		decodePage(body)
	}
	runtime.ReadMemStats(&after)
	if got, most := (after.TotalAlloc-before.TotalAlloc)/runs, uint64(len(body)*13/10); got > most {
		t.Errorf("a page of %d bytes allocates %d, want at most %d", len(body), got, most)
	}
}

func TestKeepingOneImageKeepsNothingOfItsPage(t *testing.T) {
	body := readPage(t, "page-100.json")
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	const pages = 200
	kept := make([]Image, 0, pages)
	before := heap()
	for i := range pages {
		page, _, err := decodePage(body)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, page.Images[i%len(page.Images)])
	}
	perImage := (heap() - before) / pages
	if most := uint64(len(body) / 100 * 3 / 2); perImage > most {
		t.Errorf("an image keeps %d bytes, want at most %d, one and a half of its share of the page", perImage, most)
	}
	runtime.KeepAlive(kept)
}

func BenchmarkDecodePage(b *testing.B) {
	for _, name := range pageFiles[1:] {
		body := readPage(b, name)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := decodePage(body); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+" encoding/json", func(b *testing.B) {
			type image Image // without the decoder's methods
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				var page struct {
					Data []struct {
						image
						Platform json.Number
					}
				}
				if err := json.Unmarshal(body, &page); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestMarshallingAnImageKeepsItsPlatformsForm(t *testing.T) {
	t.Parallel()
	for platform, want := range map[string]string{"": "null", "0": "0", "-1.5e3": "-1.5e3", "Windows": `"Windows"`, "2 <a>": `"2 <a>"`, "01": `"01"`} {
		text, err := json.Marshal(Image{Platform: platform})
		if err != nil || !strings.Contains(string(text), fmt.Sprintf(`"Platform":%s,`, want)) && !strings.HasSuffix(string(text), fmt.Sprintf(`"Platform":%s}`, want)) {
			if !strings.Contains(string(text), `"Platform":"2 \u003ca\u003e"`) {
				t.Errorf("%q is marshalled in %s, %v", platform, text, err)
			}
		}
	}
}
