package appstreaming

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func readPage(tb testing.TB, name string) []byte {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "conformance", "pages", name))
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// mustDecode decodes a body that must be a page.
func mustDecode(tb testing.TB, body string) (ListImageResponse, success) {
	tb.Helper()
	page, said, err := decodePage([]byte(body))
	if err != nil {
		tb.Fatalf("%.200s: %v", body, err)
	}
	return page, said.success
}

type extra = map[string]json.RawMessage

func TestTheDocumentedExampleIsDecoded(t *testing.T) {
	t.Parallel()
	page, ok := mustDecode(t, string(readPage(t, "documented-example.json")))
	if ok != successTrue {
		t.Errorf("success %d, want true", ok)
	}
	want := ListImageResponse{
		RequestID: "8737D130-BFD0-5D51-96F6-C08EB1139A25", Code: "200", Message: "success",
		PageNumber: 1, PageSize: 10, Count: 22,
		Images: []Image{{
			ImageID: "imgc-xxxx", ImageName: "DemoImage", ImageType: ImageTypeUser, Status: ImageStatusInit, Description: "描述",
			AliUID: 123456789, BizType: 1, Created: "2025-04-25 15:13:57", Modified: "2025-04-25 15:13:57",
			VersionID: "iv-xxx", VersionName: "v0.1.0", OnlineVersionID: "iv-xxxx", LatestVersionID: "iv-xxx", OnlineVersion: true,
			ParentImageID: "imgc-xxx", ParentImageVersion: "iv-xxx", BaseImageID: "imgc-xxx", BaseImageVersion: "iv-xxx",
			ProductType: ProductTypeCloudApp, PackageType: "ECS", ProtocolType: ProtocolTypeASP,
			SessionType: SessionTypeSingle, ImageCreateMode: ImageCreateModeBuilderManual,
			OSType: OSTypeWindows, Platform: "0", PlatformName: PlatformNameWindowsServer2022, Distro: "Ubuntu 22.04 64位",
			Language: LanguageZhCN, SupportedLanguages: []Language{LanguageZhCN},
			SystemDiskSize: 40, DataDiskSize: 100, VolumeEncryptionEnabled: true, VolumeEncryptionKey: "a7b3c0c8-xxxx",
			ResourceInstanceCategory: `["eds.cpu.category"]`,
			Features:                 []Feature{"Builder"},
			Drivers:                  []string{`["00be80de-xxxx-xxxx-xxxx-xxxxxxxxxxxx"]`},
			Apps:                     []App{{AppID: "ca-xxx", AppName: "应用名称"}},
			Tags:                     []Tag{{Key: "1630348213973321", Value: "inner"}},
			ImageRegions:             []string{"地域对象。"},
			RegionDistributions: []RegionDistribution{{
				ImageID: "imgc-xxx", RegionID: "cn-shanghai", VersionID: "iv-xxx", Status: ImageStatusInit, Progress: "70%",
			}},
			Snapshots:   []DiskSnapshot{{}},
			FOTAVersion: "2.3.0-xxx", FOTAChannel: "镜像支持的fota渠道,暂未启用", CompatibleMode: true,
			Scene: "AIGC", Rating: 95, EnvironmentID: "env-164c321f405ca84143e4b730dbe4",
		}},
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPagesAreDecodedAsThePlainDecoderDoes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"documented-example.json", "page-10.json", "page-100.json"} {
		checkAgainstPlain(t, readPage(t, name))
	}
	for _, row := range errorRows {
		checkAgainstPlain(t, []byte(row.body))
	}
	for _, body := range seedBodies() {
		checkAgainstPlain(t, []byte(body))
	}
}

// A page cut anywhere is an error, and leaves nothing behind for the next one.
func TestAPageCutShortIsAnErrorAndNoMore(t *testing.T) {
	t.Parallel()
	body := readPage(t, "documented-example.json")
	want, _ := mustDecode(t, string(body))
	for n := range body {
		_, _, err := decodePage(body[:n])
		if err == nil || err.Offset > int64(n) {
			t.Fatalf("cut after %d bytes: error %+v", n, err)
		}
		if got, _ := mustDecode(t, string(body)); !reflect.DeepEqual(want, got) {
			t.Fatalf("after a page cut after %d bytes: (-want +got)\n%s", n, cmp.Diff(want, got))
		}
	}
}

// pageRows holds bodies and the pages that they decode to.
var pageRows = []struct {
	name, body string
	want       ListImageResponse
	ok         success
}{
	{"no members", `{}`, ListImageResponse{}, successAbsent},
	{"white space all around", " \t\r\n{ \"Count\" : 5 , \"Data\" : [ ] } \n",
		ListImageResponse{Count: 5, Images: []Image{}}, successAbsent},
	{"code as number", `{"Code":200,"Success":true}`, ListImageResponse{Code: "200"}, successTrue},
	{"success as text", `{"Success":"true"}`, ListImageResponse{}, successTrue},
	{"success as number", `{"Success":1}`, ListImageResponse{}, successTrue},
	{"success as text of a number", `{"Success":"1"}`, ListImageResponse{}, successTrue},
	{"failure", `{"Success":false}`, ListImageResponse{}, successFalse},
	{"failure as text", `{"Success":"FALSE"}`, ListImageResponse{}, successFalse},
	{"failure as number", `{"Success":0}`, ListImageResponse{}, successFalse},
	{"success null", `{"Success":null}`, ListImageResponse{}, successAbsent},
	{"success as something else", `{"Success":"perhaps"}`, ListImageResponse{Extra: extra{"Success": []byte(`"perhaps"`)}}, successAbsent},
	{"success twice", `{"Success":{},"Success":true,"Success":false}`, ListImageResponse{}, successFalse},
	{"data null", `{"Data":null,"Count":0,"Success":true}`, ListImageResponse{}, successTrue},
	{"data absent", `{"Count":7,"Success":true}`, ListImageResponse{Count: 7}, successTrue},
	{"data empty", `{"Data":[]}`, ListImageResponse{Images: []Image{}}, successAbsent},
	{"data twice", `{"Data":[{"ImageId":"a"},{"ImageId":"b"}],"Data":[{"ImageName":"c"}]}`,
		ListImageResponse{Images: []Image{{ImageName: "c"}}}, successAbsent},
	{"data, then null", `{"Data":[{"ImageId":"a"}],"Data":null}`, ListImageResponse{}, successAbsent},
	{"misfit, then data", `{"Data":{},"Data":[{}]}`, ListImageResponse{Images: []Image{{}}}, successAbsent},
	{"unknown members", `{"NextToken":"x","nextToken":[1],"pagenumber":2,"PageNumber":1}`, ListImageResponse{
		PageNumber: 1, Extra: extra{"NextToken": []byte(`"x"`), "nextToken": []byte(`[1]`), "pagenumber": []byte(`2`)}}, successAbsent},
	{"misfits", `{"RequestId":{},"Code":[],"Count":1.5,"PageSize":"x"}`, ListImageResponse{
		Extra: extra{"RequestId": []byte(`{}`), "Code": []byte(`[]`), "Count": []byte(`1.5`), "PageSize": []byte(`"x"`)}}, successAbsent},
	{"the body of an error",
		`{"Code":"Throttling.User","Message":"Denied due to user flow control.","RequestId":"R","HostId":"h","Recommend":"https://r"}`,
		ListImageResponse{Code: "Throttling.User", Message: "Denied due to user flow control.", RequestID: "R",
			Extra: extra{"HostId": []byte(`"h"`), "Recommend": []byte(`"https://r"`)}}, successAbsent},
	{"text before, between and after data", `{"RequestId":"r","Data":[{"ImageId":"a"}],"Message":"m","RequestId":"s"}`,
		ListImageResponse{RequestID: "s", Message: "m", Images: []Image{{ImageID: "a"}}}, successAbsent},
}

func TestMembersOfAPage(t *testing.T) {
	t.Parallel()
	for _, row := range pageRows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			page, ok := mustDecode(t, row.body)
			if diff := cmp.Diff(row.want, page); diff != "" || ok != row.ok {
				t.Errorf("success %d, want %d (-want +got)\n%s", ok, row.ok, diff)
			}
		})
	}
}

func TestABodySaysWhatSpeaksForSuccess(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]evidence{
		`{}`:                                   {},
		`{"Data":null,"Count":null}`:           {data: dataNull},
		`{"Data":[],"Count":0}`:                {data: dataArray, countGiven: true},
		`{"Data":[{}],"Count":"5"}`:            {data: dataArray, items: true, countGiven: true},
		`{"Data":[{}],"Data":[]}`:              {data: dataArray},
		`{"Data":[null]}`:                      {data: dataArray, items: true},
		`{"Data":[],"Data":null}`:              {data: dataNull},
		`{"Count":1.5,"Success":"true"}`:       {success: successTrue},
		`{"Count":7,"Count":null}`:             {},
		`{"Data":{},"Success":false}`:          {success: successFalse, data: dataOther},
		`{"data":[],"count":1,"success":true}`: {},
	} {
		if _, said, _ := decodePage([]byte(body)); said != want {
			t.Errorf("%s: %+v, want %+v", body, said, want)
		}
	}
}

func TestCountIsAsLargeAsAnInt(t *testing.T) {
	t.Parallel()
	page, _ := mustDecode(t, `{"Count":3000000000}`)
	if want := int64(3000000000); strconv.IntSize == 64 && (int64(page.Count) != want || page.Extra != nil) {
		t.Errorf("Count %d, Extra %s, want %d", page.Count, page.Extra, want)
	} else if strconv.IntSize == 32 && string(page.Extra["Count"]) != "3000000000" {
		t.Errorf("Count %d, Extra %s, want it in Extra", page.Count, page.Extra)
	}
}

// errorRows holds bodies that are not pages.
var errorRows = []struct {
	name, body string
	want       DecodeError
}{
	{"empty", "", DecodeError{Reason: "empty body"}},
	{"white space", " \r\n", DecodeError{Reason: "empty body"}},
	{"null", "null", DecodeError{Reason: "null instead of an object"}},
	{"array", " []", DecodeError{Offset: 1, Reason: "an array instead of an object"}},
	{"string", `"x"`, DecodeError{Reason: "a string instead of an object"}},
	{"HTML", "<html><body>502</body></html>", DecodeError{Reason: "'<' instead of a value"}},
	{"byte order mark", "\ufeff{}", DecodeError{Reason: "byte order mark before the JSON value"}},
	{"bytes after the value", `{"Code":"200"}{}`, DecodeError{Offset: 14, Reason: "'{' after the JSON value"}},
	{"NUL after the value", "{}\x00", DecodeError{Offset: 2, Reason: "byte 0x00 after the JSON value"}},
	{"data is an object", `{"Data":{},"RequestId":"r"}`, DecodeError{Path: "Data", Offset: 8, Reason: "an object instead of an array"}},
	{"data is a string", `{"Data": "x"}`, DecodeError{Path: "Data", Offset: 9, Reason: "a string instead of an array"}},
	{"data holds null", `{"Data":[{},{},null]}`, DecodeError{Path: "Data[2]", Offset: 15, Reason: "null instead of an object"}},
	{"data holds an array", `{"Data":[[],{},0]}`, DecodeError{Path: "Data[0]", Offset: 9, Reason: "an array instead of an object"}},
	{"a syntax error comes before a misfit", `{"Data":{},"Code":x}`,
		DecodeError{Path: "Code", Offset: 18, Reason: "'x' instead of a value"}},
	{"syntax error in an image", `{"Data":[{},{"AppList":[{},{"AppName":tru}]}]}`,
		DecodeError{Path: "Data[1].AppList[1].AppName", Offset: 38, Reason: "'t' instead of true"}},
	{"syntax error in what is not read", `{"Data":[{"New":{"a":[1,]}}]}`,
		DecodeError{Path: "Data[0].New.a[1]", Offset: 24, Reason: "']' instead of a value"}},
	{"cut in text", `{"Data":[{"ImageName":"abc`, DecodeError{Path: "Data[0].ImageName", Offset: 26, Reason: "end of the text in a string"}},
	{"invalid UTF-8", "{\"Data\":[{\"ImageName\":\"ab\xffc\"}]}",
		DecodeError{Path: "Data[0].ImageName", Offset: 25, Reason: "invalid UTF-8 in a string"}},
	{"invalid UTF-8 in a name", "{\"Da\xffta\":[]}", DecodeError{Offset: 4, Reason: "invalid UTF-8 in a string"}},
	{"too many images", `{"Data":[{}` + strings.Repeat(`,{}`, 1000) + `]}`,
		DecodeError{Path: "Data", Offset: 8, Reason: "more than 1000 images"}},
	{"nested too deep", `{"New":` + strings.Repeat("[", 10000), DecodeError{
		Path: "New" + strings.Repeat("[0]", 84) + "[…", Offset: 10006, Reason: "more than 10000 levels of nesting"}},
}

func TestWhatIsNoPageIsAnErrorWithPathAndOffset(t *testing.T) {
	t.Parallel()
	for _, row := range errorRows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			page, _, err := decodePage([]byte(row.body))
			if diff := cmp.Diff(&row.want, err); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if page.Images != nil {
				t.Errorf("images %v together with an error", page.Images)
			}
		})
	}
}

func TestAnErrorLeavesWhatWasReadOfThePage(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"RequestId":"r-1","Data":[{"ImageId":"a","ImageName":x`,
		`{"Data":{},"RequestId":"r-1","Success":false}`,
		`{"Data":[{"ImageId":"a"},5],"RequestId":"r-1"}`,
	} {
		page, _, err := decodePage([]byte(body))
		if err == nil || page.RequestID != "r-1" {
			t.Errorf("%s: error %v, request id %q", body, err, page.RequestID)
		}
	}
}

func seedBodies() (bodies []string) {
	for _, row := range imageRows {
		bodies = append(bodies, `{"Data":[{`+row.members+`}]}`)
	}
	for _, row := range pageRows {
		bodies = append(bodies, row.body)
	}
	for _, row := range errorRows {
		if len(row.body) < 1000 {
			bodies = append(bodies, row.body)
		}
	}
	return bodies
}

func TestManyGoroutinesDecodeAtOnce(t *testing.T) {
	t.Parallel()
	pages := []string{string(readPage(t, "page-10.json")), string(readPage(t, "documented-example.json")), `{"Data":[{"ImageId":"a"`}
	want := make([]ListImageResponse, len(pages))
	for i, body := range pages {
		want[i], _, _ = decodePage([]byte(body))
	}
	var wait sync.WaitGroup
	for n := range 16 {
		wait.Go(func() {
			for i := range 30 {
				which := (n + i) % len(pages)
				if got, _, _ := decodePage([]byte(pages[which])); !reflect.DeepEqual(want[which], got) {
					t.Errorf("page %d: (-want +got)\n%s", which, cmp.Diff(want[which], got))
				}
			}
		})
	}
	wait.Wait()
}

// imageRows holds members of one image and the image that they decode to.
var imageRows = []struct {
	name, members string
	want          Image
}{
	{"platform as text", `"Platform":"Windows"`, Image{Platform: "Windows"}},
	{"platform as integer", `"Platform":2`, Image{Platform: "2"}},
	{"platform as zero", `"Platform":0`, Image{Platform: "0"}},
	{"platform as fraction", `"Platform":2.5`, Image{Platform: "2.5"}},
	{"number for text", `"ImageName":5`, Image{ImageName: "5"}},
	{"number for text is kept as written", `"ImageName":-1.50E+3`, Image{ImageName: "-1.50E+3"}},
	{"boolean for text", `"ImageName":true,"Status":false`, Image{ImageName: "true", Status: "false"}},
	{"null for text", `"ImageName":null,"Status":null,"VersionId":null`, Image{}},
	{"object for text", `"ImageName":{ "a" : 1 }`, Image{Extra: extra{"ImageName": []byte(`{ "a" : 1 }`)}}},
	{"array for text", `"Status":["x"],"VersionId":[]`, Image{Extra: extra{"Status": []byte(`["x"]`), "VersionId": []byte(`[]`)}}},
	{"empty text", `"ImageName":"","Status":""`, Image{}},
	{"escapes in text", `"ImageName":"a\u00e9\n\"\ud83d\ude00","Status":"AVAIL\u0041BLE"`,
		Image{ImageName: "aé\n\"😀", Status: ImageStatusAvailable}},
	{"unknown enumeration value", `"Status":"DELETE","PackageType":"Vhd"`, Image{Status: "DELETE", PackageType: "Vhd"}},

	{"2^53+1", `"AliUid":9007199254740993`, Image{AliUID: 9007199254740993}},
	{"integers as text", `"AliUid":"-9223372036854775808","Rating":"95","BizType":"\u0031"`,
		Image{AliUID: -9223372036854775808, Rating: 95, BizType: 1}},
	{"minus zero", `"Rating":-0`, Image{}},
	{"null for integer and boolean", `"Rating":null,"BizType":null,"OnlineVersion":null`, Image{}},
	{"fraction for integer", `"Rating":2.5`, Image{Extra: extra{"Rating": []byte(`2.5`)}}},
	{"exponent for integer", `"Rating":1e3`, Image{Extra: extra{"Rating": []byte(`1e3`)}}},
	{"too large for int32", `"BizType":2147483648`, Image{Extra: extra{"BizType": []byte(`2147483648`)}}},
	{"too large for int64", `"AliUid":9223372036854775808`, Image{Extra: extra{"AliUid": []byte(`9223372036854775808`)}}},
	{"text that is no integer", `"Rating":"abc","AliUid":"","BizType":" 1","DataDiskSize":"01"`, Image{Extra: extra{
		"Rating": []byte(`"abc"`), "AliUid": []byte(`""`), "BizType": []byte(`" 1"`), "DataDiskSize": []byte(`"01"`)}}},
	{"boolean and object for integer", `"Rating":true,"BizType":{}`, Image{Extra: extra{"Rating": []byte(`true`), "BizType": []byte(`{}`)}}},

	{"booleans in other forms", `"OnlineVersion":"TRUE","CompatibleMode":1,"VolumeEncryptionEnabled":"1"`,
		Image{OnlineVersion: true, CompatibleMode: true, VolumeEncryptionEnabled: true}},
	{"false in other forms", `"OnlineVersion":"False","CompatibleMode":0,"VolumeEncryptionEnabled":"\u0030"`, Image{}},
	{"no booleans", `"OnlineVersion":2,"CompatibleMode":"yes","VolumeEncryptionEnabled":1.0`, Image{Extra: extra{
		"OnlineVersion": []byte(`2`), "CompatibleMode": []byte(`"yes"`), "VolumeEncryptionEnabled": []byte(`1.0`)}}},
	{"a letter that only folds to one of false", `"OnlineVersion":"falſe"`, Image{Extra: extra{"OnlineVersion": []byte(`"falſe"`)}}},

	{"null for lists", `"FeatureList":null,"AppList":null,"SnapshotList":null`, Image{}},
	{"empty lists", `"FeatureList":[],"AppList":[ ],"SnapshotList":[],"SupportedLanguageList":[]`,
		Image{Features: []Feature{}, Apps: []App{}, Snapshots: []DiskSnapshot{}, SupportedLanguages: []Language{}}},
	{"no list", `"FeatureList":"GPU","AppList":{},"SnapshotList":5`, Image{Extra: extra{
		"FeatureList": []byte(`"GPU"`), "AppList": []byte(`{}`), "SnapshotList": []byte(`5`)}}},
	{"numbers and booleans in a list of text", `"FeatureList":["GPU",5,true]`, Image{Features: []Feature{"GPU", "5", "true"}}},
	{"misfits in a list of text", `"FeatureList":["GPU",null,{},["x"],"y"],"SupportedLanguageList":[null]`, Image{
		Features: []Feature{"GPU", "", "", "", "y"}, SupportedLanguages: []Language{""},
		Extra: extra{"FeatureList": []byte(`["GPU",null,{},["x"],"y"]`), "SupportedLanguageList": []byte(`[null]`)}}},
	{"unknown member in an item", `"AppList":[{"AppId":"a","AppVersion":"2"},{"AppId":"b"}]`, Image{
		Apps:  []App{{AppID: "a"}, {AppID: "b"}},
		Extra: extra{"AppList": []byte(`[{"AppId":"a","AppVersion":"2"},{"AppId":"b"}]`)}}},
	{"misfit in an item", `"SnapshotList":[{"SnapshotId":"s","Size":"big"}],"ImageRegionDistributeList":[{"RegionId":{},"Progress":70}]`,
		Image{
			Snapshots: []DiskSnapshot{{SnapshotID: "s"}}, RegionDistributions: []RegionDistribution{{Progress: "70"}},
			Extra: extra{
				"SnapshotList":              []byte(`[{"SnapshotId":"s","Size":"big"}]`),
				"ImageRegionDistributeList": []byte(`[{"RegionId":{},"Progress":70}]`)}}},
	{"items that are no objects", `"TagList":[null,"x",{"Key":"k"}]`, Image{
		Tags: []Tag{{}, {}, {Key: "k"}}, Extra: extra{"TagList": []byte(`[null,"x",{"Key":"k"}]`)}}},

	{"unknown members", `"NewMember":{"a":[1, 2]},"":null`, Image{Extra: extra{"NewMember": []byte(`{"a":[1, 2]}`), "": []byte(`null`)}}},
	{"names in the wrong case", `"imageid":"x","IMAGEID":"y","ImageId":"z"`,
		Image{ImageID: "z", Extra: extra{"imageid": []byte(`"x"`), "IMAGEID": []byte(`"y"`)}}},
	{"names with escapes", `"Image\u0049d":"x","\u0041ppList":[{"\u0041ppId":"a"}],"n\u0065w":1`, Image{
		ImageID: "x", Apps: []App{{AppID: "a"}}, Extra: extra{"new": []byte(`1`)}}},

	{"text twice", `"ImageName":"a","ImageName":"b"`, Image{ImageName: "b"}},
	{"text, then null", `"ImageName":"a","ImageName":null`, Image{}},
	{"text, then text of an enumeration", `"Status":"x","Status":"INIT"`, Image{Status: ImageStatusInit}},
	{"text, then a misfit", `"ImageName":"a","ImageName":{}`, Image{Extra: extra{"ImageName": []byte(`{}`)}}},
	{"boolean, then null, then a misfit", `"OnlineVersion":true,"OnlineVersion":null,"CompatibleMode":true,"CompatibleMode":{}`,
		Image{Extra: extra{"CompatibleMode": []byte(`{}`)}}},
	{"misfit, then text", `"ImageName":{},"ImageName":"a"`, Image{ImageName: "a"}},
	{"integer, then a misfit, then null", `"Rating":1,"Rating":"x","Rating":null`, Image{}},
	{"unknown member twice", `"New":1,"New":2`, Image{Extra: extra{"New": []byte(`2`)}}},
	{"list twice", `"FeatureList":["a","b"],"ImageName":"n","FeatureList":["c"]`, Image{ImageName: "n", Features: []Feature{"c"}}},
	{"list twice, the later one with less in it",
		`"AppList":[{"AppId":"a","AppName":"x"}],"AppList":[{"AppId":"b"}],"FeatureList":["a"],"FeatureList":["GPU"]`,
		Image{Apps: []App{{AppID: "b"}}, Features: []Feature{"GPU"}}},
	{"list, then null", `"FeatureList":["a"],"FeatureList":null,"AppList":[{"AppId":"a"}],"AppList":[]`, Image{Apps: []App{}}},
	{"list, then a misfit", `"AppList":[{"AppId":"a"}],"AppList":7`, Image{Extra: extra{"AppList": []byte(`7`)}}},
	{"misfitting list, then one that fits", `"AppList":[{"AppId":{}}],"AppList":[{"AppId":"a"}]`, Image{Apps: []App{{AppID: "a"}}}},
	{"misfit, then text in an item", `"AppList":[{"AppId":{},"AppId":"a","AppName":"x","AppName":"y"}]`,
		Image{Apps: []App{{AppID: "a", AppName: "y"}}}},
	{"as many languages as are documented, and a tag", `"SupportedLanguageList":["a","b","c","d"],"TagList":[{"Key":"k"}]`, Image{
		SupportedLanguages: []Language{"a", "b", "c", "d"}, Tags: []Tag{{Key: "k"}}}},
	{"one more language", `"SupportedLanguageList":["a","b","c","d","e"],"TagList":[{"Key":"k"}]`, Image{
		SupportedLanguages: []Language{"a", "b", "c", "d", "e"}, Tags: []Tag{{Key: "k"}}}},
	{"many tags", `"SupportedLanguageList":["a"],"TagList":[{"Key":"a"},{"Key":"b"},{"Key":"c"},{"Key":"d"},{"Key":"e"}]`, Image{
		SupportedLanguages: []Language{"a"}, Tags: []Tag{{Key: "a"}, {Key: "b"}, {Key: "c"}, {Key: "d"}, {Key: "e"}}}},
	{"text that looks like the escape of another", `"VersionId":"\\u0062","OnlineVersionId":"\u0062"`,
		Image{VersionID: `\u0062`, OnlineVersionID: "b"}},
	{"texts that come again",
		`"VersionId":"a","OnlineVersionId":"a","LatestVersionId":"b","SnapshotList":[{"VersionId":"b"},{"VersionId":"\u0062"}]`,
		Image{
			VersionID: "a", OnlineVersionID: "a", LatestVersionID: "b", Snapshots: []DiskSnapshot{{VersionID: "b"}, {VersionID: "b"}}}},
}

func TestMembersOfAnImage(t *testing.T) {
	t.Parallel()
	for _, row := range imageRows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			page, _ := mustDecode(t, `{"Data":[{`+row.members+`}]}`)
			if diff := cmp.Diff([]Image{row.want}, page.Images); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestListsOfAnImageDoNotRunIntoEachOther(t *testing.T) {
	t.Parallel()
	body := readPage(t, "page-10.json")
	want, _ := mustDecode(t, string(body))
	got, _ := mustDecode(t, string(body))
	for i := range got.Images {
		image := reflect.ValueOf(&got.Images[i]).Elem()
		for f := range image.NumField() {
			if list := image.Field(f); list.Kind() == reflect.Slice {
				if list.Len() == 0 || list.Cap() != list.Len() {
					t.Errorf("%s: length %d, capacity %d", image.Type().Field(f).Name, list.Len(), list.Cap())
				}
				list.Set(reflect.AppendSlice(list, list).Slice(0, list.Len())) // must write elsewhere
				list.Index(0).SetZero()                                        // in the copy
			}
		}
	}
	again, _ := mustDecode(t, string(body))
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("decoded differently after an earlier result was changed: (-want +got)\n%s", diff)
	}
}

// The rows follow the list in the documentation of decodePage.
func TestEncodingJSONDiffersWhereItIsMeantTo(t *testing.T) {
	t.Parallel()
	type plain struct {
		RequestID string `json:"RequestId"`
		Count     int
		Data      []struct{ FeatureList []string }
	}
	for _, row := range []struct {
		name, body string
		theirs     string // the result of encoding/json, as JSON; empty: an error
		ours       string // the same of decodePage
	}{
		{"names in another case", `{"Requestid":"r"}`,
			`{"RequestId":"r","Count":0,"Data":null}`, `{"RequestID":"","Count":0,"Extra":{"Requestid":"r"}}`},
		{"invalid UTF-8", "{\"RequestId\":\"\xff\"}",
			`{"RequestId":"�","Count":0,"Data":null}`, ``},
		{"half a surrogate pair is replaced by both", `{"RequestId":"\ud83d"}`,
			`{"RequestId":"�","Count":0,"Data":null}`, `{"RequestID":"�","Count":0,"Extra":null}`},
		{"null", `null`,
			`{"RequestId":"","Count":0,"Data":null}`, ``},
		{"values of another type", `{"RequestId":5,"Count":"x"}`,
			``, `{"RequestID":"5","Count":0,"Extra":{"Count":"x"}}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var value plain
			var theirs, ours []byte
			if json.Unmarshal([]byte(row.body), &value) == nil {
				theirs, _ = json.Marshal(value)
			}
			if page, _, err := decodePage([]byte(row.body)); err == nil {
				ours, _ = json.Marshal(struct {
					RequestID string
					Count     int
					Extra     map[string]json.RawMessage
				}{page.RequestID, page.Count, page.Extra})
			}
			if diff := cmp.Diff([]string{row.theirs, row.ours}, []string{string(theirs), string(ours)}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("a list given twice is replaced", func(t *testing.T) {
		t.Parallel()
		const body = `{"Data":[{"FeatureList":["a"]}],"Data":[{}]}`
		var value plain
		if err := json.Unmarshal([]byte(body), &value); err != nil || len(value.Data[0].FeatureList) != 1 {
			t.Errorf("encoding/json: %v, %v; want it to keep what was there before", value, err)
		}
		if page, _ := mustDecode(t, body); len(page.Images[0].Features) != 0 {
			t.Errorf("features %v, want none", page.Images[0].Features)
		}
	})
}

// allocated returns the allocations of f, and their bytes, on average.
func allocated(runs int, f func()) (allocs, size uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.Mallocs - before.Mallocs) / uint64(runs), (after.TotalAlloc - before.TotalAlloc) / uint64(runs)
}

// decoding returns a function that decodes body with a decoder of its own. The
// race detector empties the pool at random.
func decoding(body []byte) func() {
	d := decoders.New().(*decoder)
	decode := func() { d.decodePage(body); d.clear() }
	decode() // makes the scratch memory
	return decode
}

// strangeWords replaces all texts of a page by others of the same length.
func strangeWords(value any) any {
	switch value := value.(type) {
	case string:
		return strings.Map(func(r rune) rune {
			switch {
			case 'a' <= r && r <= 'z':
				return 'a' + (r-'a'+13)%26
			case 'A' <= r && r <= 'Z':
				return 'A' + (r-'A'+13)%26
			}
			return r
		}, value)
	case []any:
		for i := range value {
			value[i] = strangeWords(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = strangeWords(value[name])
		}
	}
	return value
}

func TestAnImageCostsSixAllocationsAndNoMoreThanItsShareOfTheBody(t *testing.T) {
	pages := map[string][]byte{}
	for _, name := range []string{"page-10.json", "page-100.json"} {
		body := readPage(t, name)
		pages[name] = body
		strange, err := json.Marshal(strangeWords(jsonValue(t, body)))
		if err != nil || bytes.Contains(strange, []byte(ImageStatusAvailable)) {
			t.Fatalf("%s: error %v, or words that are documented", name, err)
		}
		pages[name+" with words that nobody knows"] = strange
	}
	for name, body := range pages {
		page, _ := mustDecode(t, string(body))
		decode := decoding(body)
		allocs, size := allocated(20, decode)
		for range 4 { // goroutines of other tests may be ending: the least counts
			a, s := allocated(20, decode)
			allocs, size = min(allocs, a), min(size, s)
		}
		// The others: the images, and the text of the page before and after Data.
		if limit := uint64(6*len(page.Images) + 3); allocs > limit {
			t.Errorf("%s: %d allocations, want at most %d", name, allocs, limit)
		}
		if limit := uint64(len(body)) * 23 / 20; size > limit {
			t.Errorf("%s: %d bytes allocated for a body of %d, want at most %d", name, size, len(body), limit)
		}
	}
}

// hostileSize is how many bytes a body has that is to take much memory. The race
// detector makes reading some twenty times as slow.
func hostileSize() int {
	if UnderRaceDetector() {
		return 64 << 10
	}
	return 128 << 10
}

// hostileBodies returns bodies of about size bytes that are made to take much
// memory.
func hostileBodies(size int) map[string][]byte {
	bodies := map[string][]byte{}
	// add repeats item between a beginning and an end.
	add := func(name, begin, item, end string) {
		n := (size - len(begin) - len(end)) / len(item)
		body := begin + strings.Repeat(item, n)
		bodies[name] = []byte(strings.TrimSuffix(body, ",") + end)
	}
	image := reflect.TypeFor[Image]()
	for i := range image.NumField() {
		name := image.Field(i).Tag.Get("json")
		if image.Field(i).Type.Kind() != reflect.Slice {
			continue
		}
		for _, item := range []string{`{}`, `1`, `"a"`, `{"a":1}`, `{"AppId":{},"Key":{},"ImageId":{},"Size":{}}`} {
			add(name+" of "+item, `{"Data":[{"`+name+`":[`, item+`,`, `]}]}`)
		}
		add(name+" in many images", `{"Data":[`, `{"`+name+`":[{}]},`, `]}`)
		add("long "+name+" in many images", `{"Data":[`, `{"`+name+`":[`+strings.Repeat(`{},`, 8)+`{}]},`, `]}`)
		add(name+" again and again", `{"Data":[{`, `"`+name+`":[`+strings.Repeat(`{},`, 8)+`{}],`, `}]}`)
	}
	add("empty images", `{"Data":[`, `{},`, `]}`)
	add("images with an unknown member", `{"Data":[`, `{"a":1},`, `]}`)
	add("images of other types", `{"Data":[`, `0,`, `]}`)
	add("Data again and again", `{`, `"Data":[`+strings.Repeat(`{},`, 100)+`{}],`, `}`)
	add("an unknown member again and again", `{"Data":[{`, `"a":1,`, `}]}`)
	add("a value that does not fit, and one that does", `{"Data":[{`, `"ImageId":{},"ImageId":1,`, `}]}`)
	add("text again and again", `{"Data":[{`, `"ImageName":"a",`, `}]}`)
	add("names with escapes", `{"Data":[{`, `"\n":1,`, `}]}`)
	add("names with escapes that are skipped", `{"a":[{`, `"\n":1,`, `}]}`)
	add("text with escapes", `{"Data":[{"ImageName":"`, `\n`, `"}]}`)
	add("integer with escapes", `{"Data":[{"AliUid":"`, `\n`, `"}]}`)
	add("integer with many digits", `{"Data":[{"AliUid":`, `1`, `}]}`)
	add("number as text", `{"Data":[{"ImageName":`, `1`, `}]}`)
	add("boolean as text", `{"Data":[{`, `"OnlineVersion":"TRUE",`, `}]}`)
	add("deep nesting", `{"a":[`, strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`,`, `]}`)
	add("a long name before a fault", `{"`, `x`, `":x}`)
	for name, ends := range map[string][2]string{
		"many unknown members of the page": {`{`, `}`},
		"many unknown members of an image": {`{"Data":[{`, `}]}`},
		"many unknown members of an app":   {`{"Data":[{"AppList":[{`, `}]}]}`},
	} {
		var body bytes.Buffer
		body.WriteString(ends[0])
		for i := 0; body.Len() < size; i++ {
			fmt.Fprintf(&body, `"%x":1,`, i)
		}
		body.WriteString(`"z":1` + ends[1])
		bodies[name] = body.Bytes()
	}
	return bodies
}

func TestNoBodyTakesMuchMoreMemoryThanItsSize(t *testing.T) {
	images := uint64(maxImages) * uint64(reflect.TypeFor[Image]().Size())
	bodies := hostileBodies(hostileSize())
	bodies["4 MiB of snapshots"] = []byte(`{"Data":[{"SnapshotList":[{}` + strings.Repeat(`,{}`, 4<<20/3) + `]}]}`)
	d := decoders.New().(*decoder)
	before := heap()
	for name, body := range bodies {
		_, size := allocated(1, func() { d.decodePage(body) })
		if limit := 10*uint64(len(body)) + images; size > limit {
			t.Errorf("%s: %d bytes allocated for %d, want at most %d", name, size, len(body), limit)
		}
	}
	d.clear()
	clear(bodies)
	if kept := int64(heap()) - int64(before); kept > 256<<10 {
		t.Errorf("a decoder in the pool keeps %d bytes", kept)
	}
	runtime.KeepAlive(d)
}

// Masking reads bodies too, and escapes are where it has work to do.
func TestNoResponseTakesMuchMoreMemoryThanItsSize(t *testing.T) {
	for _, escape := range []string{`\n`, `\"`, `\\`, `\u0041`, `%41`, `&amp;`} {
		for _, member := range []string{"New", "Message", "Code", "RequestId"} {
			text := strings.Repeat(escape, hostileSize()/len(escape))
			body := `{"Success":true,"Data":[],"` + member + `":"` + text + `"}`
			client, err := New("cn-shanghai", WithHTTPClient(answeredWith(body).Client()), WithRetry(RetryPolicy{MaxAttempts: 1}),
				WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")))
			if err != nil {
				t.Fatal(err)
			}
			_, size := allocated(1, func() { client.ListImage(t.Context(), ListImageRequest{}) })
			if limit := uint64(10*len(body) + 256<<10); size > limit {
				t.Errorf("%s of %s: %d bytes allocated for %d, want at most %d", member, escape, size, len(body), limit)
			}
		}
	}
}

// heap returns how many bytes are reachable.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one only ages the pools
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestKeepingATextKeepsLittleElse(t *testing.T) {
	long := strings.Repeat("x", 4<<20)
	drivers := strings.Repeat(`"a driver of an image",`, 50000)
	for name, body := range map[string]string{
		"text of the page":            `{"Message":"` + long + `","Data":[{"ImageId":"a"}]}`,
		"text of the image":           `{"Data":[{"ImageId":"a","Description":"` + long + `"}]}`,
		"text of the image, escaped":  `{"Data":[{"ImageId":"a","Description":"\n` + long + `"}]}`,
		"text of the items of a list": `{"Data":[{"ImageId":"a","DriverList":[` + drivers + `""]}]}`,
		"text of another image":       `{"Data":[{"ImageId":"a"},{"ImageName":"` + long + `"}]}`,
		"Extra":                       `{"Data":[{"ImageId":"a","New":"` + long + `"}]}`,
	} {
		before := heap()
		page, _ := mustDecode(t, body)
		id := page.Images[0].ImageID
		if kept := int64(heap()) - int64(before); kept > 64<<10 {
			t.Errorf("%s: %d bytes kept for one identifier", name, kept)
		}
		runtime.KeepAlive(id)
		runtime.KeepAlive(body)
	}
}

func TestKeepingAnImageKeepsNotItsPage(t *testing.T) {
	body := readPage(t, "page-100.json")
	const pages = 50
	kept := make([]Image, 0, pages)
	before := heap()
	for i := range pages {
		page, _ := mustDecode(t, string(body))
		kept = append(kept, page.Images[i%len(page.Images)])
	}
	perImage := (heap() - before) / pages
	if perImage < 500 || perImage > 4<<10 {
		t.Errorf("%d bytes kept per image, want about 2 KiB; a page is %d", perImage, len(body))
	}
	runtime.KeepAlive(kept)
	runtime.KeepAlive(body)
}

// The memory that a response's body is read into is reused.
func TestRawIsNotOverwrittenByLaterCalls(t *testing.T) {
	t.Parallel()
	calls := 0
	answer := TransportFunc(func(*http.Request) (*http.Response, error) {
		calls++
		return respond(200, nil, fmt.Sprintf(`{"Success":true,"Data":[],"RequestId":"%04d"}`, calls)), nil
	})
	client, err := New("cn-shanghai", WithHTTPClient(answer.Client()), WithRawResponse(),
		WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	var pages []*ListImageResponse
	for range 20 {
		page, err := client.ListImage(t.Context(), ListImageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	for _, page := range pages {
		if !strings.Contains(string(page.Raw), page.RequestID) {
			t.Errorf("Raw of %s is %s", page.RequestID, page.Raw)
		}
	}
}

// FuzzDecodePage compares the decoder with a plain one. Both accept the same
// bodies and return the same values.
func FuzzDecodePage(f *testing.F) {
	f.Add(readPage(f, "documented-example.json"))
	page := readPage(f, "page-10.json")
	second := strings.Index(string(page), `,{"AliUid"`)
	f.Add([]byte(string(page[:second]) + "]}"))
	for _, body := range seedBodies() {
		f.Add([]byte(body))
	}
	f.Fuzz(checkAgainstPlain)
}

func checkAgainstPlain(t *testing.T, body []byte) {
	t.Helper()
	sent := string(body)
	body = []byte(sent) // the fuzzing engine's own must not be changed
	want, wantOK, path, accepted := plainDecodePage(body)
	got, said, err := decodePage(body)
	if string(body) != sent {
		t.Fatalf("%.300q: the body was changed", sent)
	}
	clear(body) // the result must not depend on it
	if (err == nil) != accepted {
		t.Fatalf("%.300q: error %v, want acceptance %t", sent, err, accepted)
	}
	if err != nil {
		if err.Offset < 0 || err.Offset > int64(len(sent)) || err.Reason == "" || path != "" && err.Path != path {
			t.Fatalf("%.300q: error %+v, want one at %q", sent, err, path)
		}
		return
	}
	if ok := said.success; ok != wantOK {
		t.Fatalf("%.300q: success %d, want %d", sent, ok, wantOK)
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%.300q: (-want +got)\n%s", sent, cmp.Diff(want, got))
	}
	checkRoundTrip(t, got)
}

// plainDecodePage has the same rules as the decoder. It uses encoding/json and
// the models' tags, and is simple instead of fast. It reports whether the body is
// a page, and where, if only its shape is wrong.
func plainDecodePage(body []byte) (page ListImageResponse, ok success, path string, accepted bool) {
	members, isObject := plainMembers(body)
	if !isObject || !utf8.Valid(body) {
		return page, ok, "", false
	}

	if raw, found := members["Success"]; found && string(raw) != "null" {
		var value bool
		if plainValue(reflect.ValueOf(&value).Elem(), raw) {
			delete(members, "Success")
			if ok = successFalse; value {
				ok = successTrue
			}
		}
	} else {
		delete(members, "Success")
	}

	if raw, found := members["Data"]; found && string(raw) != "null" {
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return page, ok, "Data", false
		}
		if len(items) > maxImages {
			return page, ok, "Data", false
		}
		page.Images = make([]Image, len(items))
		for i, item := range items {
			fields, isObject := plainMembers(item)
			if !isObject {
				return page, ok, "Data[" + strconv.Itoa(i) + "]", false
			}
			page.Images[i].Extra = plainObject(reflect.ValueOf(&page.Images[i]).Elem(), fields)
		}
	}
	delete(members, "Data")

	images := page.Images
	page.Extra = plainObject(reflect.ValueOf(&page).Elem(), members)
	page.Images = images
	return page, ok, "", true
}

// plainMembers returns the members of an object, the last of each name.
func plainMembers(raw []byte) (members map[string]json.RawMessage, isObject bool) {
	err := json.Unmarshal(raw, &members)
	return members, err == nil && members != nil
}

// plainObject sets the fields of object by their tags and returns the members
// that are unknown or do not fit.
func plainObject(object reflect.Value, members map[string]json.RawMessage) (extra map[string]json.RawMessage) {
	for i := range object.NumField() {
		name := object.Type().Field(i).Tag.Get("json")
		if raw, found := members[name]; found && name != "-" && plainValue(object.Field(i), raw) {
			delete(members, name)
		}
	}
	if len(members) == 0 {
		return nil
	}
	return members
}

var plainInteger = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// plainValue sets field and reports whether raw fits it.
func plainValue(field reflect.Value, raw json.RawMessage) (fits bool) {
	if string(raw) == "null" {
		return true
	}
	if field.Kind() == reflect.Slice {
		return plainList(field, raw)
	}

	if raw[0] == '{' || raw[0] == '[' {
		return false
	}
	text := string(raw)
	if raw[0] == '"' && json.Unmarshal(raw, &text) != nil {
		return false
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
		return true
	case reflect.Int, reflect.Int32, reflect.Int64:
		value, err := strconv.ParseInt(text, 10, field.Type().Bits())
		if err != nil || !plainInteger.MatchString(text) {
			return false
		}
		field.SetInt(value)
		return true
	case reflect.Bool:
		lower := strings.ToLower(text)
		field.SetBool(lower == "true" || lower == "1")
		return lower == "true" || lower == "1" || lower == "false" || lower == "0"
	}
	panic("no rule for " + field.Type().String())
}

func plainList(field reflect.Value, raw json.RawMessage) (fits bool) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return false
	}
	fits = true
	field.Set(reflect.MakeSlice(field.Type(), len(items), len(items)))
	for i, raw := range items {
		item := field.Index(i)
		if item.Kind() == reflect.Struct {
			members, isObject := plainMembers(raw)
			fits = isObject && plainObject(item, members) == nil && fits
		} else {
			fits = string(raw) != "null" && plainValue(item, raw) && fits
		}
	}
	return fits
}
