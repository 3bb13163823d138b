package peers_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"

	"github.com/wuying-go/appstreaming/bench/internal/peers"
	"github.com/wuying-go/appstreaming/bench/internal/peers/legacy"
	"github.com/wuying-go/appstreaming/bench/internal/peers/ours"
	"github.com/wuying-go/appstreaming/bench/internal/peers/plain"
	"github.com/wuying-go/appstreaming/bench/internal/peers/vendorcore"
)

const images = 10

// Every client is held to the service double, which checks signatures and
// filters by every parameter.
func TestClientsSignTheSameRequestAndDecodeAllOfIt(t *testing.T) {
	t.Parallel()
	for _, client := range []struct {
		name   string
		make   func(endpoint string) (peers.Peer, error)
		scheme string
	}{
		{"ours", func(endpoint string) (peers.Peer, error) { return ours.New(endpoint) }, appstreamingtest.SchemeACS3},
		{"vendor's core", vendorcore.New, appstreamingtest.SchemeACS3},
		{"legacy", legacy.New, appstreamingtest.SchemeRPC},
		{"plain", func(endpoint string) (peers.Peer, error) { return plain.New(endpoint), nil }, appstreamingtest.SchemeACS3},
		{"raw", plain.NewRaw, appstreamingtest.SchemeACS3},
	} {
		t.Run(client.name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			peer, err := client.make(server.URL())
			if err != nil {
				t.Fatal(err)
			}
			page, err := peer.List(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			sent := peers.Page{Images: images, LastID: server.Images()[images-1].ImageID, Bytes: page.Bytes}
			if err := peer.Check(page, sent); err != nil {
				t.Error(err)
			}
			if peer.Raw && page.Bytes == 0 {
				t.Error("no bytes were read")
			}
			requests := server.Requests()
			if len(requests) != 1 {
				t.Fatalf("%d requests, want 1", len(requests))
			}
			got := requests[0]
			if got.Scheme != client.scheme || got.Status != http.StatusOK || got.Method != http.MethodPost || got.AccessKeyID != peers.AccessKeyID {
				t.Errorf("request %v, want a POST with %s signed with the right key and answered with 200", got, client.scheme)
			}
			delete(got.Params, "RegionId") // the older SDK adds it
			if diff := cmp.Diff(typicalParams, got.Params); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// typicalParams is peers.Typical as it goes over the wire.
var typicalParams = map[string]string{
	"Status":            "AVAILABLE",
	"ImageType":         "User",
	"OsType":            "Windows",
	"ProductType":       "CloudApp",
	"LanguageType":      "zh-CN",
	"Distro":            "Windows Server 2022 64位",
	"FeatureList.1":     "GPU",
	"BizRegionIdList.1": "cn-hangzhou",
	"BizRegionIdList.2": "cn-shanghai",
	"TagList.1.Key":     "env",
	"TagList.1.Value":   "production",
	"PageNumber":        "1",
	"PageSize":          "100",
}

// newServer holds images that the typical request selects.
func newServer(t *testing.T) *appstreamingtest.Server {
	t.Helper()
	inventory := appstreamingtest.SampleImages(images)
	q := peers.Typical()
	for i := range inventory {
		image := &inventory[i]
		image.Status = appstreaming.ImageStatus(q.Status)
		image.ImageType = appstreaming.ImageType(q.ImageType)
		image.OSType = appstreaming.OSType(q.OSType)
		image.ProductType = appstreaming.ProductType(q.ProductType)
		image.Language = appstreaming.Language(q.Language)
		image.Distro = q.Distro
		image.Features = []appstreaming.Feature{appstreaming.Feature(q.Features[0])}
		image.ImageRegions = q.Regions
		image.Tags = []appstreaming.Tag{{Key: q.TagKey, Value: q.TagValue}}
		image.Platform = "0" // a number, as the models expect
	}
	server := appstreamingtest.NewServer(t, inventory...)
	server.AddCredentials(appstreaming.Credentials{AccessKeyID: peers.AccessKeyID, AccessKeySecret: peers.AccessKeySecret})
	return server
}

func TestCheckNoticesWorkLeftOut(t *testing.T) {
	t.Parallel()
	sent := peers.Page{Images: 10, LastID: "last", Bytes: 300}
	decoding, raw := peers.Peer{Name: "decoding"}, peers.Peer{Name: "raw", Raw: true}
	for _, test := range []struct {
		peer peers.Peer
		got  peers.Page
		ok   bool
	}{
		{decoding, peers.Page{Images: 10, LastID: "last"}, true},
		{decoding, peers.Page{Images: 10}, false},
		{decoding, peers.Page{Bytes: 300}, false},
		{decoding, peers.Page{}, false},
		{raw, peers.Page{Bytes: 300}, true},
		{raw, peers.Page{Bytes: 299}, false},
	} {
		if err := test.peer.Check(test.got, sent); (err == nil) != test.ok {
			t.Errorf("%s: Check(%+v) = %v, want ok %v", test.peer.Name, test.got, err, test.ok)
		}
	}
}
