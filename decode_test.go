package appstreaming

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

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

// pageRows are bodies and what becomes of them.
var pageRows = []struct {
	name, body string
	want       ListImageResponse
	ok         success
}{
	{"no members", `{}`, ListImageResponse{}, successAbsent},
	{"white space all around", " \t\r\n{ \"Count\" : 5 , \"Data\" : [ ] } \n", ListImageResponse{Count: 5, Images: []Image{}}, successAbsent},
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
	{"data twice", `{"Data":[{"ImageId":"a"},{"ImageId":"b"}],"Data":[{"ImageName":"c"}]}`, ListImageResponse{Images: []Image{{ImageName: "c"}}}, successAbsent},
	{"data, then null", `{"Data":[{"ImageId":"a"}],"Data":null}`, ListImageResponse{}, successAbsent},
	{"misfit, then data", `{"Data":{},"Data":[{}]}`, ListImageResponse{Images: []Image{{}}}, successAbsent},
	{"unknown members", `{"NextToken":"x","nextToken":[1],"pagenumber":2,"PageNumber":1}`, ListImageResponse{
		PageNumber: 1, Extra: extra{"NextToken": []byte(`"x"`), "nextToken": []byte(`[1]`), "pagenumber": []byte(`2`)}}, successAbsent},
	{"misfits", `{"RequestId":{},"Code":[],"Count":1.5,"PageSize":"x"}`, ListImageResponse{
		Extra: extra{"RequestId": []byte(`{}`), "Code": []byte(`[]`), "Count": []byte(`1.5`), "PageSize": []byte(`"x"`)}}, successAbsent},
	{"an error's body", `{"Code":"Throttling.User","Message":"Request was denied due to user flow control.","RequestId":"R","HostId":"h","Recommend":"https://r"}`,
		ListImageResponse{Code: "Throttling.User", Message: "Request was denied due to user flow control.", RequestID: "R",
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

// errorRows are bodies that are no pages.
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
	{"a syntax error comes before a misfit", `{"Data":{},"Code":x}`, DecodeError{Path: "Code", Offset: 18, Reason: "'x' instead of a value"}},
	{"syntax error in an image", `{"Data":[{},{"AppList":[{},{"AppName":tru}]}]}`, DecodeError{Path: "Data[1].AppList[1].AppName", Offset: 38, Reason: "'t' instead of true"}},
	{"syntax error in what is not read", `{"Data":[{"New":{"a":[1,]}}]}`, DecodeError{Path: "Data[0].New.a[1]", Offset: 24, Reason: "']' instead of a value"}},
	{"cut in text", `{"Data":[{"ImageName":"abc`, DecodeError{Path: "Data[0].ImageName", Offset: 26, Reason: "end of the text in a string"}},
	{"invalid UTF-8", "{\"Data\":[{\"ImageName\":\"ab\xffc\"}]}", DecodeError{Path: "Data[0].ImageName", Offset: 25, Reason: "invalid UTF-8 in a string"}},
	{"invalid UTF-8 in a name", "{\"Da\xffta\":[]}", DecodeError{Offset: 4, Reason: "invalid UTF-8 in a string"}},
	{"too many images", `{"Data":[{}` + strings.Repeat(`,{}`, 10000) + `]}`, DecodeError{Path: "Data", Offset: 8, Reason: "more than 10000 images"}},
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
				t.Errorf("images %v beside an error", page.Images)
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
