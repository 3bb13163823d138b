package appstreamingtest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
)

// list asks for a page with the parameters given as a query string, and returns
// the identifiers and the count.
func list(t *testing.T, s *Server, params string) (ids []string, count int) {
	t.Helper()
	d := newDraft()
	form, err := url.ParseQuery(params)
	if err != nil {
		t.Fatal(err)
	}
	d.form = form
	w := send(s, d.acs3())
	var page struct {
		Data  []struct{ ImageId string }
		Count int
	}
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 {
		t.Fatalf("%s: HTTP %d %.300s (%v)", params, w.Code, w.Body, err)
	}
	ids = []string{}
	for _, image := range page.Data {
		ids = append(ids, image.ImageId)
	}
	return ids, page.Count
}

func TestEveryDocumentedParameterSelects(t *testing.T) {
	t.Parallel()
	plain := func(id string) appstreaming.Image { return appstreaming.Image{ImageID: id} }
	a := appstreaming.Image{
		ImageID: "a", ImageName: "设计云镜像-A", Status: appstreaming.ImageStatusAvailable, ImageType: appstreaming.ImageTypeUser,
		PackageType: "ECS", OSType: appstreaming.OSTypeLinux, BizType: 7, ProductType: appstreaming.ProductTypeCloudApp,
		ProtocolType: appstreaming.ProtocolTypeASP, Language: appstreaming.LanguageZhCN, PlatformName: appstreaming.PlatformNameUbuntu,
		Distro: "Ubuntu 22.04 64位", FOTAVersion: "2.0.3", ResourceInstanceCategory: `["eds.cpu.category"]`,
		Features: []appstreaming.Feature{"GPU", "Builder"}, ImageRegions: []string{"cn-shanghai", "cn-beijing"},
		Tags: []appstreaming.Tag{{Key: "env", Value: "test"}, {Key: "team", Value: "core"}},
	}
	b := appstreaming.Image{
		ImageID: "b", ImageName: "设计云镜像-B", Status: appstreaming.ImageStatusInit, ImageType: appstreaming.ImageTypeSystem,
		PackageType: "Ecs_Container", OSType: appstreaming.OSTypeWindows, BizType: 1, ProductType: appstreaming.ProductTypeCloudDesktop,
		ProtocolType: appstreaming.ProtocolTypeHDX, Language: appstreaming.LanguageEnUS, PlatformName: appstreaming.PlatformNameWindows11,
		SupportedLanguages: []appstreaming.Language{appstreaming.LanguageEnUS, appstreaming.LanguageJaJP},
		Distro:             "Windows 11", FOTAVersion: "2.0.30", ResourceInstanceCategory: `["eds.graphics.category"]`,
		Features: []appstreaming.Feature{"GPU"}, RegionDistributions: []appstreaming.RegionDistribution{{RegionID: "cn-shanghai"}},
		Tags: []appstreaming.Tag{{Key: "env", Value: "prod"}},
	}
	gone := plain("gone")
	gone.Status = "DELETE"
	s := New(a, b, plain("c"), gone)
	t.Cleanup(s.Close)
	s.SetClock(draftTime)

	for params, want := range map[string]string{
		"":                                  "a b c",
		"RegionId=cn-hangzhou&Whatever=1":   "a b c",
		"ImageName=&Status=&FeatureList.1=": "a b c",
		"ImageId=b":                         "b",
		"ImageId=B":                         "",
		"ImageName=云镜像":                     "a b",
		"ImageName=镜像-B":                    "b",
		"ImageName=镜像-b":                    "",
		"Status=AVAILABLE":                  "a",
		"Status=DELETE":                     "gone",
		"Status=available":                  "",
		"ImageType=System":                  "b",
		"PackageType=Ecs":                   "a",
		"PackageType=Ecs_Container":         "b",
		"OsType=Windows":                    "b",
		"OsType=WINDOWS":                    "",
		"BizType=1":                         "b",
		"BizType=7":                         "a",
		"BizTypeList.1=7&BizTypeList.2=9":   "a",
		"BizTypeList.1=1&BizTypeList.3=7":   "a b",
		"ProductType=CloudApp":              "a",
		"ProductTypeList.1=CloudApp":        "a",
		"ProductTypeList.1=CloudApp&ProductTypeList.2=CloudDesktop": "a b",
		"ProductType=CloudApp&ProductTypeList.1=CloudDesktop":       "",
		"ProtocolType=HDX":        "b",
		"LanguageType=zh-CN":      "a",
		"LanguageType=ja-JP":      "b",
		"PlatformName=Windows 11": "b",
		"PlatformName=Windows":    "",
		"PlatformNameList.10=Windows 11&PlatformNameList.2=Ubuntu": "a b",
		"Distro=Ubuntu":     "a",
		"FotaVersion=2.0.3": "a",
		"ResourceInstanceType=eds.enterprise_office.2c4g":                             "a c",
		"ResourceInstanceType=eds.graphics.16c1t4":                                    "b c",
		"FeatureList.1=GPU":                                                           "a b",
		"FeatureList.1=GPU&FeatureList.2=Builder":                                     "a",
		"FeatureList.1=gpu":                                                           "",
		"BizRegionIdList.1=cn-shanghai":                                               "a b",
		"BizRegionIdList.1=cn-shanghai&BizRegionIdList.2=cn-beijing":                  "a",
		"TagList.1.Key=env":                                                           "a b",
		"TagList.1.Key=env&TagList.1.Value=":                                          "a b",
		"TagList.1.Key=env&TagList.1.Value=prod":                                      "b",
		"TagList.2.Key=env&TagList.2.Value=test&TagList.7.Key=team":                   "a",
		"TagList.1.Key=env&TagList.1.Value=core":                                      "",
		"ImageName=设计&Status=INIT&OsType=Windows&FeatureList.1=GPU&TagList.1.Key=env": "b",
	} {
		ids, count := list(t, s, strings.ReplaceAll(params, " ", "+"))
		if got := strings.Join(ids, " "); got != want || count != len(ids) {
			t.Errorf("%s: got %q, count %d, want %q", params, got, count, want)
		}
	}
}

func TestUnsoundParametersAreRefused(t *testing.T) {
	t.Parallel()
	s := quietServer(t)
	for params, code := range map[string]string{
		"PageSize=0":                     "InvalidParameter.PageSize",
		"PageSize=101":                   "InvalidParameter.PageSize",
		"PageSize=-1":                    "InvalidParameter.PageSize",
		"PageSize=ten":                   "InvalidParameter.PageSize",
		"PageSize=1e1":                   "InvalidParameter.PageSize",
		"PageNumber=0":                   "InvalidParameter.PageNumber",
		"PageNumber=2147483648":          "InvalidParameter.PageNumber",
		"BizType=2":                      "InvalidBizType",
		"BizType=one":                    "InvalidBizType",
		"BizTypeList.1=one":              "InvalidBizType",
		"ProductTypeList=CloudApp":       "InvalidParameter.ProductTypeList",
		"ProductTypeList.0=CloudApp":     "InvalidParameter.ProductTypeList",
		"ProductTypeList.01=CloudApp":    "InvalidParameter.ProductTypeList",
		"ProductTypeList.x=CloudApp":     "InvalidParameter.ProductTypeList",
		"ProductTypeList.1.Key=CloudApp": "InvalidParameter.ProductTypeList",
		"TagList.1=env":                  "InvalidParameter.TagList",
		"TagList.1.key=env":              "InvalidParameter.TagList",
		"TagList.1.Value=test":           "MissingParameter",
	} {
		d := newDraft()
		form, err := url.ParseQuery(params)
		if err != nil {
			t.Fatal(err)
		}
		d.form = form
		wantAnswer(t, s, d.acs3(), 400, code)
	}
}

func TestEveryPageSizeListsEveryImageOnceInOrder(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 9, 10, 11, 237} {
		var want []string
		images := make([]appstreaming.Image, n)
		for i := range images {
			images[i].ImageID = fmt.Sprint("image-", i)
			want = append(want, images[i].ImageID)
		}
		s := New(images...)
		t.Cleanup(s.Close)
		s.SetClock(draftTime)
		for _, size := range []int{1, 7, 10, 100} {
			var got []string
			for number := 1; ; number++ {
				ids, count := list(t, s, fmt.Sprintf("PageNumber=%d&PageSize=%d", number, size))
				if count != n {
					t.Fatalf("count %d, want %d", count, n)
				}
				if len(ids) == 0 {
					break
				}
				got = append(got, ids...)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d images in pages of %d (-want +got):\n%s", n, size, diff)
			}
		}
		if ids, count := list(t, s, "PageNumber=2147483647&PageSize=100"); len(ids) != 0 || count != n {
			t.Errorf("far past the end: %v, count %d", ids, count)
		}
		if ids, _ := list(t, s, ""); len(ids) != min(n, 10) {
			t.Errorf("by default: %d images of %d", len(ids), n)
		}
	}
}

func TestAPageHasTheDocumentedForm(t *testing.T) {
	t.Parallel()
	s := New(appstreaming.Image{ImageID: "<a&b>", Extra: map[string]json.RawMessage{"New": json.RawMessage(`[1, 2]`)}})
	t.Cleanup(s.Close)
	s.SetClock(draftTime)
	w := send(s, newDraft().acs3())
	body := decoded(t, w)
	data := body["Data"]
	delete(body, "Data")
	id := body["RequestId"]
	delete(body, "RequestId")
	want := map[string]any{"PageSize": 10., "PageNumber": 1., "Count": 1., "Success": true, "Code": "200", "Message": "success"}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	image := data.([]any)[0].(map[string]any)
	if image["ImageId"] != "<a&b>" || fmt.Sprint(image["New"]) != "[1 2]" || !strings.Contains(w.Body.String(), `"<a&b>"`) {
		t.Errorf("image %v", image)
	}
	if text, _ := id.(string); len(text) != 36 {
		t.Errorf("request id %v", id)
	}
	for name, want := range map[string]string{
		"Content-Type":   "application/json;charset=utf-8",
		"Content-Length": fmt.Sprint(w.Body.Len()),
		"Date":           "Fri, 01 May 2026 12:00:00 GMT",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestAnImageThatCannotBeEncodedIsAnInternalError(t *testing.T) {
	t.Parallel()
	s := New(appstreaming.Image{ImageID: "bad", Extra: map[string]json.RawMessage{"X": json.RawMessage(`{`)}})
	t.Cleanup(s.Close)
	s.SetClock(draftTime)
	wantAnswer(t, s, newDraft().acs3(), 500, "InternalError")
}
