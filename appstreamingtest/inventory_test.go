package appstreamingtest_test

import (
	"strings"
	"testing"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestTheInventoryChangesWhileAListingRuns(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(6)...)
	ids := func() string {
		var ids []string
		for _, image := range s.Images() {
			ids = append(ids, strings.TrimLeft(strings.TrimPrefix(image.ImageID, "imgc-06zyt9m93zwa"), "0"))
		}
		return strings.Join(ids, " ")
	}
	s.OnRequest(func(r appstreamingtest.Request) {
		if r.Params["PageNumber"] == "2" {
			s.Remove("imgc-06zyt9m93zwa00001", "not there")
		}
	})
	got, err := appstreaming.Collect(s.Client().Images(t.Context(), appstreaming.ListImageRequest{PageSize: 2}))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 6 { // the image that moved from page 2 to page 1, too
		t.Errorf("%d images, want 6", len(got))
	}
	s.OnRequest(nil)

	sample := appstreamingtest.SampleImages(9)
	other := sample[3]
	other.VersionID, other.ImageID = "iv-other", sample[3].ImageID
	renamed := sample[4]
	renamed.ImageName = "renamed"
	s.Put(sample[7], renamed, sample[7])
	s.PutFirst(sample[8], other)
	if got, want := ids(), "8 3  2 3 4 5 7"; got != want {
		t.Errorf("order %q, want %q", got, want)
	}
	if got := s.Images()[5].ImageName; got != "renamed" {
		t.Errorf("name %s", got)
	}
	s.Remove(sample[3].ImageID) // every version
	if got, want := ids(), "8  2 4 5 7"; got != want {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestTheServerKeepsImagesOfItsOwn(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(1)
	s := appstreamingtest.NewServer(t, images...)
	want := images[0].Tags[0].Key
	images[0].Tags[0].Key, images[0].ImageName = "changed", "changed"
	page, err := s.Client().ListImage(t.Context(), appstreaming.ListImageRequest{Tags: []appstreaming.Tag{{Key: want}}})
	if err != nil || len(page.Images) != 1 || page.Images[0].ImageName == "changed" {
		t.Errorf("page %+v, %v", page, err)
	}
}
