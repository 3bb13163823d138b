package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func execute(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = program().Execute(ctx, demo.Isolated(&out, &errs), args)
	return code, out.String(), errs.String()
}

// against runs the program against a service.
func against(ctx context.Context, service *appstreamingtest.Server, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	env := demo.Isolated(&out, &errs)
	env.Credentials = appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")
	code = program().Execute(ctx, env, append([]string{"-endpoint", service.URL()}, args...))
	return code, out.String(), errs.String()
}

func TestImagesAreFoundByIdentifierNameAndTags(t *testing.T) {
	t.Parallel()
	samples := appstreamingtest.SampleImages(237)
	for name, test := range map[string]struct {
		args []string
		want func(appstreaming.Image) bool
	}{
		"identifier": {[]string{"-id", samples[42].ImageID}, func(i appstreaming.Image) bool { return i.ImageID == samples[42].ImageID }},
		"name part": {[]string{"-name", "DemoImage-0004"}, func(i appstreaming.Image) bool {
			return strings.Contains(i.ImageName, "DemoImage-0004")
		}},
		"whole name": {[]string{"-name", samples[3].ImageName, "-exact"}, func(i appstreaming.Image) bool {
			return i.ImageName == samples[3].ImageName
		}},
		"tag": {[]string{"-tag", "team=研发", "-tag", "env"}, func(i appstreaming.Image) bool {
			return hasTag(i, "team", "研发") && hasTag(i, "env", "")
		}},
		"nothing": {nil, func(i appstreaming.Image) bool { return i.ImageID == samples[7].ImageID }},
	} {
		code, stdout, stderr := execute(t.Context(), test.args...)
		var got, want []string
		var images []appstreaming.Image
		if err := json.Unmarshal([]byte(stdout), &images); err != nil || code != 0 {
			t.Errorf("%s: exit %d, %v, %s", name, code, err, stderr)
			continue
		}
		for _, image := range images {
			got = append(got, image.ImageID)
		}
		for _, image := range samples {
			if test.want(image) {
				want = append(want, image.ImageID)
			}
		}
		if len(want) == 0 {
			t.Errorf("%s: no sample image is like that", name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func hasTag(image appstreaming.Image, key, value string) bool {
	for _, tag := range image.Tags {
		if tag.Key == key && (value == "" || tag.Value == value) {
			return true
		}
	}
	return false
}

func TestTheServiceIsAskedForWhatIsWanted(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	code, _, _ := against(t.Context(), service, "-id", "imgc-1", "-name", "云", "-tag", "env=a=b", "-tag", "team")
	want := map[string]string{
		"ImageId": "imgc-1", "ImageName": "云", "TagList.1.Key": "env", "TagList.1.Value": "a=b", "TagList.2.Key": "team",
		"PageNumber": "1", "PageSize": "100",
	}
	if diff := cmp.Diff(want, service.Requests()[0].Params); diff != "" || code != exitNotFound {
		t.Errorf("exit %d, parameters (-want +got):\n%s", code, diff)
	}
}

func TestExitCodesTellWhatHappened(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args, stdout, stderr string
		code                 int
	}{
		{"-id imgc-none", "[]\n", "no such image: ListImage(ImageId=imgc-none)", 3},
		{"-name DemoImage-00042 -exact", "[]\n", "no such image", 3}, // a part of a name
		{"-exact", "", "-exact is for -name alone", 2},
		{"-name x -exact -tag y", "", "-exact is for -name alone", 2},
		{"-name x -versions", "", "-versions is for -id alone", 2},
		{"-id x -tag =v", "", "must not be empty", 2},
		{"-id x y", "", `unexpected argument "y"`, 2},
		{"-id x -region x/../y", "", "-region: ", 2},
		{"-nonsense", "", "-nonsense: no such flag", 2},
		{"-id x -timeout 1ns", "", "allow more time with -timeout", 1},
		{"-id x -timeout 0", "[]\n", "no such image", 3},
		{"-id x -timeout -1s", "", "-timeout: must be a duration", 2},
	} {
		code, stdout, stderr := execute(t.Context(), strings.Fields(test.args)...)
		if code != test.code || stdout != test.stdout || !strings.Contains(stderr, test.stderr) {
			t.Errorf("%s: exit %d, stdout %q, stderr %q; want %d, %q, %q", test.args, code, stdout, stderr, test.code, test.stdout, test.stderr)
		}
		if strings.Count(stderr, "\n") > 3 {
			t.Errorf("%s: stderr %q, want a few lines and not the usage", test.args, stderr)
		}
	}
	for args, want := range map[string]string{"-tag =v": "-tag: ", "-name a\x00": "-name: ", "-id \x00": "-id: "} {
		code, _, stderr := against(t.Context(), appstreamingtest.NewServer(t), strings.Fields(args)...)
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit %d, %q; want 2 and the flag", args, code, stderr)
		}
	}
	if code, _, stderr := against(t.Context(), appstreamingtest.NewServer(t)); code != 2 || !strings.Contains(stderr, "at least one of") {
		t.Errorf("a search for nothing: exit %d, %q", code, stderr)
	}
}

func TestOneVersionIsPrintedUnlessAllAreWanted(t *testing.T) {
	t.Parallel()
	old := appstreaming.Image{ImageID: "imgc-1", VersionID: "iv-1", ImageName: "twin", Status: appstreaming.ImageStatusAvailable}
	used := appstreaming.Image{ImageID: "imgc-1", VersionID: "iv-2", ImageName: "twin", OnlineVersion: true}
	other := appstreaming.Image{ImageID: "imgc-2", VersionID: "iv-3", ImageName: "twin"}
	service := appstreamingtest.NewServer(t, old, used, other)
	for args, want := range map[string]string{
		"-id imgc-1":           "iv-2",
		"-id imgc-1 -versions": "iv-1 iv-2",
		"-name twin":           "iv-1 iv-2 iv-3",
		"-id imgc-2 -name twi": "iv-3",
	} {
		code, stdout, stderr := against(t.Context(), service, strings.Fields(args)...)
		var images []appstreaming.Image
		if err := json.Unmarshal([]byte(stdout), &images); err != nil || code != 0 {
			t.Fatalf("%s: exit %d, %v, %s", args, code, err, stderr)
		}
		var versions []string
		for _, image := range images {
			versions = append(versions, image.VersionID)
		}
		if got := strings.Join(versions, " "); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
	code, stdout, stderr := against(t.Context(), service, "-name", "twin", "-exact")
	if code != 1 || stdout != "" || !strings.Contains(stderr, "imgc-1") || !strings.Contains(stderr, "imgc-2") {
		t.Errorf("an ambiguous name: exit %d, %q, %q; want 1 and both identifiers", code, stdout, stderr)
	}
}

func TestHelpSaysThatTheOutputIsAList(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := execute(t.Context(), "-h")
	if code != 0 || stderr != "" || !strings.Contains(stdout, "prints them as a JSON array") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestAFailureIsNoEmptyResult(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	service.Fail(-1, appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission})
	code, stdout, stderr := against(t.Context(), service, "-id", "x")
	if code != 1 || stdout != "" || !strings.Contains(stderr, "grant the RAM action") {
		t.Errorf("exit %d, stdout %q, stderr %q; want 1, nothing and a hint", code, stdout, stderr)
	}
}

func TestAnInterruptEndsTheSearch(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	service := appstreamingtest.NewServer(t)
	service.Fail(1, appstreamingtest.Fault{
		When:  func(appstreamingtest.Request) bool { cancel(); return true },
		Break: appstreamingtest.BreakHang,
	})
	if code, _, stderr := against(ctx, service, "-id", "x"); code != 1 || !strings.Contains(stderr, "context canceled") {
		t.Errorf("exit %d, %q; want 1 and why", code, stderr)
	}
}
