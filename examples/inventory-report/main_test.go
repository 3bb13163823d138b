package main

import (
	"bytes"
	"context"
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
)

func noEnvironment(string) string { return "" }

func TestTheReportHasARowForEveryImage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "report.html")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-out", path}, noEnvironment, &stdout, &stderr)
	text, err := os.ReadFile(path)
	if code != 0 || err != nil || stdout.Len() > 0 || !strings.Contains(stderr.String(), "237 images in "+path) {
		t.Fatalf("exit %d, %v, stdout %q, stderr %q", code, err, stdout.String(), stderr.String())
	}
	for _, image := range appstreamingtest.SampleImages(237) {
		if !bytes.Contains(text, []byte(`<td class="id">`+image.ImageID+`</td><td>`+image.ImageName+`</td>`)) {
			t.Fatalf("%s is not in the report", image.ImageID)
		}
	}
	if n := bytes.Count(text, []byte("<tr data-status=")); n != 237 {
		t.Errorf("%d rows, want 237", n)
	}
}

func TestTheReportGoesToStandardOutputUnlessAFileIsGiven(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	if code := run(t.Context(), nil, noEnvironment, &stdout, io.Discard); code != 0 || !strings.HasSuffix(stdout.String(), "</html>\n") {
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

func TestImagesAreCountedByStatusSystemProductAndRegion(t *testing.T) {
	t.Parallel()
	p := newPage(&appstreaming.Snapshot{Stable: true, Images: []appstreaming.Image{
		{Status: "AVAILABLE", OSType: "Linux", ProductType: "CloudApp", ImageRegions: []string{"b", "a", ""}, SystemDiskSize: 40, DataDiskSize: 984},
		{Status: "AVAILABLE", OSType: "Windows", ProductType: "CloudApp", ImageRegions: []string{"a"}, RegionDistributions: []appstreaming.RegionDistribution{{RegionID: "a"}, {RegionID: "c"}}},
		{Status: "COPY_FAILED", OSType: "Windows", ProductType: "CloudApp"},
		{Status: "INIT"},
	}}, "here", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	want := page{Source: "here", Time: "2026-01-02 03:04 UTC", Images: 4, Available: 2, Regions: 3, DiskTiB: 1, Charts: []chart{
		{"Status", "status", []bar{{"AVAILABLE", 2, 50, "good"}, {"COPY_FAILED", 1, 25, "bad"}, {"INIT", 1, 25, "busy"}}},
		{"Operating system", "os", []bar{{"Windows", 2, 50, ""}, {"Linux", 1, 25, ""}, {"not told", 1, 25, ""}}},
		{"Product", "product", []bar{{"CloudApp", 3, 75, ""}, {"not told", 1, 25, ""}}},
		{"Region", "region", []bar{{"a", 2, 50, ""}, {"no region", 2, 50, ""}, {"b", 1, 25, ""}, {"c", 1, 25, ""}}},
	}}
	p.Rows = nil
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTextOfTheServiceStaysText(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&`
	image := appstreaming.Image{
		ImageID: evil, ImageName: evil, Status: evil, OSType: evil, PlatformName: evil, ProductType: evil, ImageType: evil,
		ImageRegions: []string{evil}, Modified: evil,
	}
	var b bytes.Buffer
	if err := render(&b, newPage(&appstreaming.Snapshot{Images: []appstreaming.Image{image}}, evil, time.Now())); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if n := strings.Count(text, "<script>"); n != 1 {
		t.Errorf("%d scripts, want the page's own", n)
	}
	if strings.Contains(text, "<img") || strings.Count(text, "&lt;script&gt;") == 0 {
		t.Error("text of the service has become markup")
	}
}

func TestTheReportLoadsNothing(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := render(&b, newPage(&appstreaming.Snapshot{Images: appstreamingtest.SampleImages(20)}, "x", time.Now())); err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(?i)(\ssrc=|\shref=|url\(|@import|https?:|\sstyle=|\son\w+=)`).FindString(b.String()); found != "" {
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
	if err != nil || count != 0 || !bytes.Contains(text, []byte("no images")) || bytes.Contains(text, []byte("NaN")) {
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
		{"no directory", "-out " + filepath.Join(t.TempDir(), "none", "report.html"), "no such file", t.Context(), io.Discard, 1},
		{"interrupted", "", "context canceled", interrupted, io.Discard, 1},
		{"no reader", "", "", t.Context(), failing{syscall.EPIPE}, 0},
		{"full", "", "short write", t.Context(), failing{io.ErrShortWrite}, 1},
		{"region", "-region x/../y", "-region: ", t.Context(), io.Discard, 2},
		{"argument", "report.html", "given by -out", t.Context(), io.Discard, 2},
		{"no such flag", "-nonsense", "not defined", t.Context(), io.Discard, 2},
	} {
		var stderr bytes.Buffer
		if code := run(test.ctx, strings.Fields(test.args), noEnvironment, test.stdout, &stderr); code != test.code || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: exit %d, %q; want %d and %q", test.name, code, stderr.String(), test.code, test.stderr)
		}
	}
}
