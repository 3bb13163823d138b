package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// versionOf is a version of an image, made on a day of April.
func versionOf(imageID, versionID, name string, day int) appstreaming.Image {
	return appstreaming.Image{
		ImageID: imageID, VersionID: versionID, ImageName: name,
		Created: appstreaming.Timestamp(fmt.Sprintf("2025-04-%02d 15:13:57", day)),
	}
}

func TestGetImageReturnsTheVersionInUseOrTheLatest(t *testing.T) {
	t.Parallel()
	online := func(image appstreaming.Image) appstreaming.Image {
		image.OnlineVersion = true
		return image
	}
	onlineID := func(image appstreaming.Image, id string) appstreaming.Image {
		image.OnlineVersionID = id
		return image
	}
	latest := func(image appstreaming.Image, id string) appstreaming.Image {
		image.LatestVersionID = id
		return image
	}
	a, b, c := versionOf("imgc-1", "iv-a", "gold", 1), versionOf("imgc-1", "iv-b", "gold", 3), versionOf("imgc-1", "iv-c", "gold", 2)
	for name, test := range map[string]struct {
		held []appstreaming.Image
		want string
	}{
		"one version":                        {[]appstreaming.Image{a}, "iv-a"},
		"the one in use":                     {[]appstreaming.Image{online(a), b, c}, "iv-a"},
		"the one in use, listed last":        {[]appstreaming.Image{b, c, online(a)}, "iv-a"},
		"the one in use, by its identifier":  {[]appstreaming.Image{onlineID(b, "iv-c"), onlineID(a, "iv-c"), onlineID(c, "iv-c")}, "iv-c"},
		"two in use: the later one":          {[]appstreaming.Image{online(a), online(b), c}, "iv-b"},
		"none in use: the latest identifier": {[]appstreaming.Image{latest(a, "iv-c"), latest(b, "iv-c"), latest(c, "iv-c")}, "iv-c"},
		"none in use: the last made":         {[]appstreaming.Image{a, b, c}, "iv-b"},
	} {
		for _, limit := range []int{0, 1} { // images a page
			t.Run(fmt.Sprintf("%s, limit %d", name, limit), func(t *testing.T) {
				t.Parallel()
				service := appstreamingtest.NewServer(t, test.held...)
				service.Put(online(versionOf("imgc-12", "iv-z", "gold leaf", 9)))
				service.SetListing(appstreamingtest.Listing{MaxPageSize: limit})
				client := service.Client()
				byID, err := client.GetImage(t.Context(), "imgc-1")
				if err != nil || byID.VersionID != test.want {
					t.Errorf("by identifier: got %s, %v; want %s", byID.VersionID, err, test.want)
				}
				byName, err := client.GetImageByName(t.Context(), "gold")
				if diff := cmp.Diff(byID, byName); diff != "" || err != nil {
					t.Errorf("by name: %v (-by identifier +by name):\n%s", err, diff)
				}
			})
		}
	}
}

func TestGetImageOfNothingIsNotFound(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, versionOf("imgc-1", "iv-a", "gold leaf", 1))
	client := service.Client()
	_, byID := client.GetImage(t.Context(), "imgc-2")
	_, byName := client.GetImageByName(t.Context(), "gold") // only a part of a name
	for call, err := range map[string]error{"GetImage": byID, "GetImageByName": byName} {
		if !errors.Is(err, appstreaming.ErrImageNotFound) || errors.Is(err, appstreaming.ErrAmbiguousName) {
			t.Errorf("%s: got %v, want ErrImageNotFound", call, err)
		}
	}
	if want := `appstreaming: image not found: no image has the name "gold"`; byName.Error() != want {
		t.Errorf("got %q, want %q", byName, want)
	}
}

// A service that ignores the filter must not look as if it had the image.
func TestGetImageChecksWhatTheServiceSends(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, versionOf("imgc-1", "iv-a", "gold", 1), versionOf("imgc-2", "iv-b", "gold", 2))
	client := service.Client(appstreaming.WithParam("ImageId", "imgc-2"))
	if image, err := client.GetImage(t.Context(), "imgc-1"); !errors.Is(err, appstreaming.ErrImageNotFound) {
		t.Errorf("got %s, %v; want ErrImageNotFound", image.ImageID, err)
	}
}

func TestANameOfSeveralImagesIsAmbiguous(t *testing.T) {
	t.Parallel()
	var images []appstreaming.Image
	for i := range 12 {
		id := fmt.Sprintf("imgc-%02d", i)
		images = append(images, versionOf(id, "iv-1", "gold", 1), versionOf(id, "iv-2", "gold", 2))
	}
	service := appstreamingtest.NewServer(t, images...)
	service.SetListing(appstreamingtest.Listing{MaxPageSize: 5})
	image, err := service.Client().GetImageByName(t.Context(), "gold")
	if !errors.Is(err, appstreaming.ErrAmbiguousName) || errors.Is(err, appstreaming.ErrImageNotFound) || image.ImageID != "" {
		t.Fatalf("got %v, %v; want ErrAmbiguousName", image.ImageID, err)
	}
	text := err.Error()
	if !strings.Contains(text, `"imgc-00", "imgc-01"`) || !strings.HasSuffix(text, `"imgc-09", and 2 more`) {
		t.Errorf("%q does not name the images", text)
	}
}

func TestGetImageRefusesWhatCannotBeAskedFor(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	client := service.Client()
	for _, value := range []string{"", "a\x00b", "\xff", "a\r\nb"} {
		_, byID := client.GetImage(t.Context(), value)
		_, byName := client.GetImageByName(t.Context(), value)
		for field, err := range map[string]error{"imageID": byID, "name": byName} {
			var paramErr *appstreaming.ParamError
			if !errors.As(err, &paramErr) || paramErr.Field != field {
				t.Errorf("%q: got %v, want a *ParamError of %s", value, err, field)
			}
		}
	}
	if _, err := new(appstreaming.Client).GetImage(t.Context(), "imgc-1"); !errors.Is(err, appstreaming.ErrUninitialized) {
		t.Errorf("zero client: got %v, want ErrUninitialized", err)
	}
	var optionErr *appstreaming.OptionError
	if _, err := client.GetImage(t.Context(), "imgc-1", appstreaming.WithPrefetch(-1)); !errors.As(err, &optionErr) {
		t.Errorf("invalid option: got %v, want an *OptionError", err)
	}
	if service.RequestCount() != 0 {
		t.Errorf("%d requests were sent", service.RequestCount())
	}
}

func TestGetImagePassesErrorsOn(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission})
	if _, err := service.Client().GetImage(t.Context(), "imgc-1"); !errors.Is(err, appstreaming.CodeForbidden) {
		t.Errorf("got %v, want the refusal", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := service.Client().GetImageByName(ctx, "gold"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
}

// Get one image by its identifier: the version in use, otherwise the latest one.
func ExampleClient_GetImage() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	client := service.Client()

	image, err := client.GetImage(context.Background(), "imgc-06zyt9m93zwa00042")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(image.ImageName)

	_, err = client.GetImage(context.Background(), "imgc-unknown")
	fmt.Println(errors.Is(err, appstreaming.ErrImageNotFound))
	// Output:
	// 办公云镜像-DemoImage-00042
	// true
}

// Get one image by its exact name. A name can belong to several images.
func ExampleClient_GetImageByName() {
	service := appstreamingtest.New(
		appstreaming.Image{ImageID: "imgc-1", ImageName: "gold"},
		appstreaming.Image{ImageID: "imgc-2", ImageName: "gold leaf"},
		appstreaming.Image{ImageID: "imgc-3", ImageName: "silver"},
		appstreaming.Image{ImageID: "imgc-4", ImageName: "silver"},
	)
	defer service.Close()
	client := service.Client()

	image, err := client.GetImageByName(context.Background(), "gold")
	fmt.Println(image.ImageID, err)

	_, err = client.GetImageByName(context.Background(), "silver")
	fmt.Println(errors.Is(err, appstreaming.ErrAmbiguousName))
	fmt.Println(err)
	// Output:
	// imgc-1 <nil>
	// true
	// appstreaming: several images have the name "silver": "imgc-3", "imgc-4"
}
