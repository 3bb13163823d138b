package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// TestTheReportInABrowser opens reports in headless Chromium. It installs
// packages with npm, so it runs only where APPSTREAMING_NODE_TESTS is set. Set
// REPORT_SCREENSHOTS to a directory to look at what the browser saw.
func TestTheReportInABrowser(t *testing.T) {
	if os.Getenv("APPSTREAMING_NODE_TESTS") == "" {
		t.Skip("APPSTREAMING_NODE_TESTS is not set: npm is not run")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("Chromium is not installed:", err)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("Node.js is not installed:", err)
	}
	dir, reports := t.TempDir(), t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("browser-test")); err != nil {
		t.Fatal(err)
	}
	for name, images := range map[string][]appstreaming.Image{
		"odd.html":   oddImages(),
		"long.html":  longImages(),
		"big.html":   appstreamingtest.SampleImages(fullDetails),
		"huge.html":  appstreamingtest.SampleImages(fullDetails + 1),
		"empty.html": nil,
	} {
		var b bytes.Buffer
		if err := render(&b, &appstreaming.Snapshot{Images: images, Stable: true}, "test", time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(reports, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	npm := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = dir
	if output, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, output)
	}
	args := []string{"test.mjs", chromium, reports}
	if screenshots := os.Getenv("REPORT_SCREENSHOTS"); screenshots != "" {
		args = append(args, screenshots)
	}
	node := exec.CommandContext(t.Context(), "node", args...)
	node.Dir = dir
	output, err := node.CombinedOutput()
	t.Logf("%s", output)
	if err != nil {
		t.Error(err)
	}
}

// oddImages are sample images and some that pages have broken on.
func oddImages() []appstreaming.Image {
	images := appstreamingtest.SampleImages(120)
	long := bytes.Repeat([]byte("AVeryLongNameWithoutAnySpace"), 20)
	images[0].ImageName = string(long)
	images[0].Extra = map[string]json.RawMessage{"NewElement": json.RawMessage(`{"a":["b",1]}`)}
	images[1].ImageName = "\u202eright to left: שלום"
	images[2].ImageName = `<script>alert(1)</script><img src=x onerror="alert(2)">`
	images[3].ImageName = `=danger(A1)`
	images[4].Status = "COPY_FAILED"
	images[5].ImageID = string(long)
	for i, name := range []string{"\n=formula", " =formula", "\u3000＝formula", "\u00a0@formula", "formula;=1"} {
		images[10+i].ImageName = name
	}
	return images
}

// longImages are images with long texts in every element that the page shows,
// and one with none.
func longImages() []appstreaming.Image {
	images := appstreamingtest.SampleImages(3)
	long := strings.Repeat("AVeryLongTextWithoutAnySpace", 20)
	images[0].Status, images[0].PlatformName = appstreaming.ImageStatus(long), appstreaming.PlatformName(long)
	images[0].OSType = appstreaming.OSType(long)
	images[0].ProductType, images[0].ImageType = appstreaming.ProductType(long), appstreaming.ImageType(long)
	images[0].Modified, images[0].Description, images[0].ImageRegions = appstreaming.Timestamp(long), long, []string{long}
	images[0].Tags = []appstreaming.Tag{{Key: long, Value: long}}
	images[0].Apps = []appstreaming.App{{AppID: long, AppName: long}}
	images[0].RegionDistributions = []appstreaming.RegionDistribution{{RegionID: long, Progress: long}}
	images[0].Extra = map[string]json.RawMessage{"NewElement": json.RawMessage(`"` + long + `"`)}
	images[1] = appstreaming.Image{}
	return images
}
