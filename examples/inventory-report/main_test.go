package main

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func TestTheReportHasARowForEveryImage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "report.html")
	var stdout, stderr bytes.Buffer
	code := program().Execute(t.Context(), demo.Isolated(&stdout, &stderr), []string{"-out", path})
	text, err := os.ReadFile(path)
	if code != 0 || err != nil || stdout.Len() > 0 || !strings.Contains(stderr.String(), "237 images in "+path) {
		t.Fatalf("exit %d, %v, stdout %q, stderr %q", code, err, stdout.String(), stderr.String())
	}
	var got, want [][]string
	for _, image := range decode(t, text) {
		got = append(got, []string{image["id"].(string), image["name"].(string), image["status"].(string)})
	}
	for _, image := range appstreamingtest.SampleImages(237) {
		want = append(want, []string{image.ImageID, image.ImageName, string(image.Status)})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheReportGoesToStandardOutputUnlessAFileIsGiven(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	code := program().Execute(t.Context(), demo.Isolated(&stdout, io.Discard), nil)
	if code != 0 || !strings.HasSuffix(stdout.String(), "</html>\n") {
		t.Errorf("exit %d, %d bytes", code, stdout.Len())
	}
}

func TestAFailedListingLeavesNoReport(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(150)...)
	service.Fail(-1, appstreamingtest.Fault{Page: 2, Code: appstreaming.CodeForbiddenNoPermission})
	text, count, err := report(t.Context(), service.Client(), "x", time.Now())
	if text != nil || count != 0 || err == nil {
		t.Errorf("%d bytes, %d images, %v; want an error alone", len(text), count, err)
	}
}

func TestAnInventoryThatKeepsChangingIsReportedWithAWarning(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(5)...)
	service.OnRequest(func(r appstreamingtest.Request) {
		service.Put(appstreaming.Image{ImageID: r.Nonce, Status: appstreaming.ImageStatusInit})
	})
	text, count, err := report(t.Context(), service.Client(), "x", time.Now())
	if err != nil || count != 10 || !bytes.Contains(text, []byte("kept changing while it was listed")) {
		t.Errorf("%d images, %v; want ten with a warning", count, err)
	}
}

// decode reads a report's data block as the page's script does.
func decode(t *testing.T, text []byte) []map[string]any {
	t.Helper()
	_, rest, _ := bytes.Cut(text, []byte(`<script type="application/json" id="data">`))
	block, _, found := bytes.Cut(rest, []byte("</script>"))
	if !found {
		t.Fatal("the report has no data")
	}
	var d data
	if err := json.Unmarshal(block, &d); err != nil {
		t.Fatal(err)
	}
	var images []map[string]any
	for _, values := range d.Images {
		image := make(map[string]any, len(values))
		for i, value := range values {
			if d.Columns[i] != "gib" {
				value = spell(value, d.Words)
			}
			image[d.Columns[i]] = value
		}
		images = append(images, image)
	}
	return images
}

// spell replaces the numbers of words by the words.
func spell(value any, words []string) any {
	switch v := value.(type) {
	case float64:
		return words[int(v)]
	case []any:
		for i := range v {
			v[i] = spell(v[i], words)
		}
	}
	return value
}

func TestTheDataHasEverythingThatDetailsShow(t *testing.T) {
	t.Parallel()
	image := appstreaming.Image{
		ImageID: "i-1", ImageName: "AVAILABLE", Status: "AVAILABLE", AliUID: 1426098341234567,
		VersionID: "v-1", VersionName: "one", OnlineVersionID: "v-1", LatestVersionID: "v-2",
		SystemDiskSize: 40, DataDiskSize: 60, ImageRegions: []string{"b", "a", ""},
		RegionDistributions: []appstreaming.RegionDistribution{{RegionID: "c", Status: "CREATING", Progress: "70%", ImageID: "m-1"}},
		Tags:                []appstreaming.Tag{{Key: "env", Value: "production"}},
		Apps:                []appstreaming.App{{AppID: "a-1", AppName: "Editor"}},
		Snapshots:           []appstreaming.DiskSnapshot{{SnapshotID: "s-1", DiskType: "SYSTEM", Size: 40}},
		Extra:               map[string]json.RawMessage{"New": json.RawMessage("1")},
	}
	type list = []any
	got := decode(t, rendered(t, image, appstreaming.Image{}))
	want := map[string]any{
		"id": "i-1", "name": "AVAILABLE", "status": "AVAILABLE", "os": "unknown", "platform": "", "product": "unknown", "type": "",
		"regions": list{"a", "b", "c"}, "gib": 100.0, "modified": "", "description": "", "owner": "1426098341234567", "created": "",
		"distro": "", "language": "", "package": "", "protocol": "", "session": "", "mode": "", "features": "", "drivers": "",
		"system": "40", "more": "60", "version": "v-1 one", "online": "v-1", "latest": "v-2", "parent": "", "base": "", "fota": "",
		"tags": list{list{"env", "production"}}, "deployed": list{list{"c", "CREATING", "70%", "m-1"}}, "apps": list{list{"a-1", "Editor"}},
		"disks": list{list{"s-1", "SYSTEM", "", "", "", "40 GiB"}}, "extra": "{\n  \"New\": 1\n}",
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(list{"no region"}, got[1]["regions"]); diff != "" {
		t.Errorf("an image without regions (-want +got):\n%s", diff)
	}
}

func TestDetailsOfManyImagesAreShortened(t *testing.T) {
	t.Parallel()
	images := make([]appstreaming.Image, fullDetails+1)
	images[0] = appstreamingtest.SampleImages(1)[0]
	images[0].Extra = map[string]json.RawMessage{"New": json.RawMessage("1")}
	text := rendered(t, images...)
	got := decode(t, text)[0]
	if !bytes.Contains(text, []byte("The details leave out disks, apps and Extra, because there are more than 20000 images.")) {
		t.Error("the page does not say what it leaves out")
	}
	if diff := cmp.Diff([]any{[]any{}, []any{}, ""}, []any{got["disks"], got["apps"], got["extra"]}); diff != "" {
		t.Errorf("disks, apps and Extra (-want +got):\n%s", diff)
	}
	if len(got["tags"].([]any)) != len(images[0].Tags) {
		t.Error("tags are left out too")
	}
}

func rendered(t *testing.T, images ...appstreaming.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := render(&b, &appstreaming.Snapshot{Images: images, Stable: true}, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTextOfTheServiceStaysText(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&`
	image := appstreaming.Image{
		ImageID: evil, ImageName: evil, Status: evil, OSType: evil, PlatformName: evil, ProductType: evil, ImageType: evil,
		ImageRegions: []string{evil}, Modified: evil,
	}
	var b bytes.Buffer
	if err := render(&b, &appstreaming.Snapshot{Images: []appstreaming.Image{image}}, evil, time.Now()); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if n := strings.Count(text, "<script"); n != 2 {
		t.Errorf("%d script elements, want the page's data and its script", n)
	}
	if strings.Contains(text, "<img") || strings.Count(text, "&lt;script&gt;") == 0 {
		t.Error("text of the service has become markup")
	}
	if got := decode(t, b.Bytes())[0]["name"]; got != evil {
		t.Errorf("the name has become %q", got)
	}
}

func TestTheReportLoadsNothing(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := render(&b, &appstreaming.Snapshot{Images: []appstreaming.Image{{ImageID: "i-1"}}}, "x", time.Now()); err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(?i)(\ssrc=|\shref=|\burl\(|@import|https?:|\sstyle=|\son\w+=)`).FindString(b.String()); found != "" {
		t.Errorf("the page has %q", found)
	}
	_, rest, _ := strings.Cut(b.String(), `Content-Security-Policy" content="`)
	policy, _, _ := strings.Cut(rest, `"`)
	policy = html.UnescapeString(policy)
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	for _, part := range []string{pageCSS, pageJS} {
		if !strings.Contains(b.String(), part) || !strings.Contains(policy, hash(part)) {
			t.Error("style or script is altered, or not the one the policy allows")
		}
	}
}

func TestAnEmptyInventoryMakesAReport(t *testing.T) {
	t.Parallel()
	text, count, err := report(t.Context(), appstreamingtest.NewServer(t).Client(), "x", time.Now())
	if err != nil || count != 0 || len(decode(t, text)) != 0 {
		t.Errorf("%d images, %v", count, err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestExitCodesTellWhatHappened(t *testing.T) {
	t.Parallel()
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name, args, stderr string
		ctx                context.Context
		stdout             io.Writer
		code               int
	}{
		{"no directory", "-out " + filepath.Join(t.TempDir(), "none", "report.html"), "report.html", t.Context(), io.Discard, 1},
		{"interrupted", "", "context canceled", interrupted, io.Discard, 1},
		{"no reader", "", "", t.Context(), failing{syscall.EPIPE}, 0},
		{"full", "", "short write", t.Context(), failing{io.ErrShortWrite}, 1},
		{"region", "-region x/../y", "-region: ", t.Context(), io.Discard, 2},
		{"argument", "report.html", `unexpected argument "report.html"`, t.Context(), io.Discard, 2},
		{"no such flag", "-nonsense", "no such flag", t.Context(), io.Discard, 2},
	} {
		var stderr bytes.Buffer
		code := program().Execute(test.ctx, demo.Isolated(test.stdout, &stderr), strings.Fields(test.args))
		if code != test.code || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: exit %d, %q; want %d and %q", test.name, code, stderr.String(), test.code, test.stderr)
		}
	}
}
