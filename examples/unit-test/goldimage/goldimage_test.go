package goldimage

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// There are two ways to test code that uses the SDK.
//
// A stub is enough to test what the code does with images and errors. It is a
// function, needs no network, and shows the request the code made.

type stub func(appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error)

func (s stub) ListImage(
	_ context.Context, req appstreaming.ListImageRequest, _ ...appstreaming.Option,
) (*appstreaming.ListImageResponse, error) {
	return s(req)
}

var gold = appstreaming.Tag{Key: "env", Value: "production"}

func TestTheImageModifiedLastIsChosen(t *testing.T) {
	t.Parallel()
	var asked []appstreaming.ListImageRequest
	catalog := Catalog{Tag: gold, Images: stub(func(req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
		asked = append(asked, req)
		return &appstreaming.ListImageResponse{Count: 3, PageNumber: 1, PageSize: 100, Images: []appstreaming.Image{
			{ImageID: "imgc-1", Modified: "2025-04-25 15:13:57"},
			{ImageID: "imgc-2", Modified: "2025-11-03 09:00:00"},
			{ImageID: "imgc-3", Modified: "2024-12-31 23:59:59"},
		}}, nil
	})}
	image, err := catalog.Newest(t.Context(), appstreaming.OSTypeLinux, "cn-hangzhou")
	if err != nil || image.ImageID != "imgc-2" {
		t.Errorf("got %q, %v; want imgc-2", image.ImageID, err)
	}
	want := []appstreaming.ListImageRequest{{
		Status: appstreaming.ImageStatusAvailable, OSType: appstreaming.OSTypeLinux, BizRegionIDs: []string{"cn-hangzhou"},
		Tags: []appstreaming.Tag{gold}, PageNumber: 1, PageSize: 100,
	}}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestAnImageWithoutATimeIsBetterThanNone(t *testing.T) {
	t.Parallel()
	catalog := Catalog{Tag: gold, Images: stub(func(appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
		return &appstreaming.ListImageResponse{Count: 1, Images: []appstreaming.Image{{ImageID: "imgc-1"}}}, nil
	})}
	image, err := catalog.Newest(t.Context(), appstreaming.OSTypeLinux, "cn-hangzhou")
	if err != nil || image.ImageID != "imgc-1" {
		t.Errorf("got %q, %v; want imgc-1", image.ImageID, err)
	}
}

func TestNoImageIsErrNone(t *testing.T) {
	t.Parallel()
	catalog := Catalog{Tag: gold, Images: stub(func(appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
		return &appstreaming.ListImageResponse{}, nil
	})}
	if _, err := catalog.Newest(t.Context(), appstreaming.OSTypeLinux, "cn-hangzhou"); !errors.Is(err, ErrNone) {
		t.Errorf("got %v, want ErrNone", err)
	}
}

func TestARefusalCanBeToldFromNoImage(t *testing.T) {
	t.Parallel()
	catalog := Catalog{Tag: gold, Images: stub(func(appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
		return nil, &appstreaming.APIError{Code: appstreaming.CodeForbiddenNoPermission}
	})}
	_, err := catalog.Newest(t.Context(), appstreaming.OSTypeLinux, "cn-hangzhou")
	if !errors.Is(err, appstreaming.CodeForbidden) || errors.Is(err, ErrNone) {
		t.Errorf("got %v, want a refusal", err)
	}
}

// The service double tests what a stub takes for granted: that the request
// selects the right images, that it is signed and paged, and that failures of
// the network and the service are survived or reported.

func TestTheRequestSelectsGoldImagesOfManyPages(t *testing.T) {
	t.Parallel()
	const all = 3000 // more than a page of them match
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(all)...)
	var want appstreaming.Image
	for _, image := range service.Images() {
		isGold := image.Status == appstreaming.ImageStatusAvailable && image.OSType == appstreaming.OSTypeWindows &&
			isDeployedTo(image, "cn-hangzhou") && slices.Contains(image.Tags, gold)
		if isGold && image.Modified > want.Modified {
			want = image
		}
	}
	catalog := Catalog{Tag: gold, Images: service.Client()}
	got, err := catalog.Newest(t.Context(), appstreaming.OSTypeWindows, "cn-hangzhou")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := service.RequestCount(); n < 2 {
		t.Errorf("%d request, want several pages", n)
	}
}

func TestAServiceThatIsBusyForAMomentIsSurvived(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(50)...)
	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable})
	service.Fail(1, appstreamingtest.Fault{Break: appstreamingtest.BreakReset})
	catalog := Catalog{Tag: gold, Images: service.Client()}
	if _, err := catalog.Newest(t.Context(), appstreaming.OSTypeWindows, "cn-hangzhou"); err != nil {
		t.Error(err)
	}
	if n := service.RequestCount(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestAKeyThatIsDisabledIsReported(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(50)...)
	service.DisableKey(appstreamingtest.AccessKeyID)
	catalog := Catalog{Tag: gold, Images: service.Client()}
	_, err := catalog.Newest(t.Context(), appstreaming.OSTypeWindows, "cn-hangzhou")
	if !errors.Is(err, appstreaming.CodeInvalidAccessKeyIDInactive) {
		t.Errorf("got %v, want InvalidAccessKeyId.Inactive", err)
	}
}

func isDeployedTo(image appstreaming.Image, region string) bool {
	return slices.ContainsFunc(image.RegionDistributions, func(d appstreaming.RegionDistribution) bool { return d.RegionID == region })
}
