package appstreamingtest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestSampleImagesAreAlwaysTheSame(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(150)
	if diff := cmp.Diff(images[:40], appstreamingtest.SampleImages(40)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	seen := make(map[string]bool)
	for _, image := range images {
		if seen[image.ImageID] {
			t.Errorf("%s occurs twice", image.ImageID)
		}
		seen[image.ImageID] = true
	}
	if n := len(appstreamingtest.SampleImages(-1)); n != 0 {
		t.Errorf("%d images for -1", n)
	}
}

func TestSampleImagesHaveEveryFieldFilled(t *testing.T) {
	t.Parallel()
	for i, image := range appstreamingtest.SampleImages(60) {
		checkFilled(t, "image "+itoa(i), reflect.ValueOf(image))
	}
}

// checkFilled looks for zero values; a bool may be false.
func checkFilled(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Extra" {
				checkFilled(t, path+"."+name, v.Field(i))
			}
		}
	case v.IsZero() && v.Kind() != reflect.Bool:
		t.Errorf("%s is not set", path)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			checkFilled(t, path+"["+itoa(i)+"]", v.Index(i))
		}
	}
}

func TestSampleImagesHaveTheMembersAndSizeOfTheServices(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "conformance", "pages", "page-100.json"))
	if err != nil {
		t.Fatal(err)
	}
	var page struct{ Data []map[string]json.RawMessage }
	if err := json.Unmarshal(data, &page); err != nil {
		t.Fatal(err)
	}
	sample, err := json.Marshal(appstreamingtest.SampleImages(100))
	if err != nil {
		t.Fatal(err)
	}
	if low, high := len(data)*9/10, len(data)*11/10; len(sample) < low || len(sample) > high {
		t.Errorf("100 images are %d bytes, want %d to %d", len(sample), low, high)
	}
	var images []map[string]json.RawMessage
	if err := json.Unmarshal(sample, &images); err != nil {
		t.Fatal(err)
	}
	for name, value := range page.Data[0] {
		got, found := images[0][name]
		if !found || kind(got) != kind(value) {
			t.Errorf("%s: %s, the service has %s", name, got, value)
		}
	}
	if len(images[0]) != len(page.Data[0]) {
		t.Errorf("%d members, the service has %d", len(images[0]), len(page.Data[0]))
	}
}

// kind distinguishes JSON values by their first character.
func kind(value json.RawMessage) string {
	switch c := value[0]; {
	case c == '-' || c >= '0' && c <= '9':
		return "number"
	case c == 't' || c == 'f':
		return "bool"
	default:
		return string(c)
	}
}

func TestEveryFilterSelectsAPartOfTheSampleImages(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(210)...)
	client := s.Client()
	for name, req := range map[string]appstreaming.ListImageRequest{
		"ImageID":              {ImageID: "imgc-06zyt9m93zwa00007"},
		"ImageName":            {ImageName: "渲染"},
		"Status":               {Status: appstreaming.ImageStatusCreateFailed},
		"ImageType":            {ImageType: appstreaming.ImageTypeShared},
		"PackageType":          {PackageType: appstreaming.PackageTypeECSContainer},
		"OSType":               {OSType: appstreaming.OSTypeAndroid},
		"ProtocolType":         {ProtocolType: appstreaming.ProtocolTypeHDX},
		"Language":             {Language: appstreaming.LanguageZhHK},
		"PlatformName":         {PlatformName: appstreaming.PlatformNameWindows11},
		"Distro":               {Distro: "Ubuntu"},
		"FOTAVersion":          {FOTAVersion: "2.3.0-R-20250301.120000"},
		"ResourceInstanceType": {ResourceInstanceType: "eds.graphics.16c1t4"},
		"ProductType":          {ProductType: appstreaming.ProductTypeWuyingServer},
		"ProductTypes": {
			ProductTypes: []appstreaming.ProductType{appstreaming.ProductTypeCloudApp, appstreaming.ProductTypeCloudDesktop},
		},
		"PlatformNames": {PlatformNames: []appstreaming.PlatformName{appstreaming.PlatformNameUbuntu, appstreaming.PlatformNameDebian}},
		"Features":      {Features: []appstreaming.Feature{appstreaming.FeatureGPU, appstreaming.FeatureBuilder}},
		"BizRegionIDs":  {BizRegionIDs: []string{"cn-shanghai", "us-west-1"}},
		"Tags":          {Tags: []appstreaming.Tag{{Key: "env", Value: "test"}, {Key: "team"}}},
	} {
		page, err := client.ListImage(t.Context(), req)
		if err != nil || page.Count == 0 || page.Count == 210 {
			t.Errorf("%s: %+v, %v", name, page, err)
		}
	}
}
