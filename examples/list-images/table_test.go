package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// on lists what a service holds on a terminal of that width, 0 for a pipe.
func on(t *testing.T, columns int, service *appstreamingtest.Server, args ...string) []string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := demo.Isolated(&stdout, &stderr)
	env.Columns = func(io.Writer) int { return columns }
	env.Credentials = appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")
	if code := program().Execute(t.Context(), env, append([]string{"-endpoint", service.URL()}, args...)); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	return strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
}

func TestATableFitsItsTerminal(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(237)
	images[3].ImageName = strings.Repeat("very-long-name-", 20)
	images[150].ImageName = strings.Repeat("云镜像", 60) // on the second page
	images[151].ImageID = "a-readable-identifier-of-a-system-image-longer-than-others"
	service := appstreamingtest.NewServer(t, images...)
	for columns, heading := range map[int]string{
		40:  "IMAGE ID NAME STATUS",
		80:  "IMAGE ID NAME STATUS TYPE OS",
		100: "IMAGE ID NAME STATUS TYPE OS MODIFIED",
		120: "IMAGE ID NAME STATUS TYPE OS PRODUCT MODIFIED",
		200: "IMAGE ID NAME STATUS TYPE OS PLATFORM PRODUCT DISKS GiB VERSION MODIFIED",
		0:   "IMAGE ID NAME STATUS TYPE OS PLATFORM PRODUCT DISKS GiB VERSION MODIFIED",
	} {
		lines := on(t, columns, service)
		if got := strings.Join(strings.Fields(lines[0]), " "); got != heading || len(lines) != 238 {
			t.Errorf("%d columns: %d lines headed %q, want 238 with %q", columns, len(lines), got, heading)
		}
		for n, line := range lines {
			if width := demo.Width(line); columns > 0 && width > columns {
				t.Errorf("%d columns: line %d takes %d: %s", columns, n, width, line)
			}
		}
		for _, n := range []int{3, 150} {
			if cut := strings.Contains(lines[n+1], "…"); cut != (columns > 0) || cut == strings.Contains(lines[n+1], images[n].ImageName) {
				t.Errorf("%d columns: the long name is in %s", columns, lines[n+1])
			}
		}
		if id := images[42].ImageID; columns >= 80 && !strings.HasPrefix(lines[43], id+"  ") {
			t.Errorf("%d columns: the identifier %s is cut in %s", columns, id, lines[43])
		}
	}
}

func TestColumnsAreAlignedAlsoWithWideCharacters(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{0, 80, 60} {
		lines := on(t, columns, appstreamingtest.NewServer(t, appstreamingtest.SampleImages(30)...))
		at := strings.Index(lines[0], "STATUS")
		for _, line := range lines[1:] {
			before, _, found := strings.Cut(line, "AVAILABLE")
			if found && demo.Width(before) != at {
				t.Errorf("the status of %q is at %d, want %d", line, demo.Width(before), at)
			}
		}
	}
}

func TestChosenColumnsAreShownInTheirOrder(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(2)...)
	image := appstreamingtest.SampleImages(1)[0]
	lines := on(t, 0, service, "-columns", "status,id,features,tags,aliuid")
	tags := "env=production, team=design, 成本中心=CC-1024"
	want := []string{"AVAILABLE", image.ImageID, "GPU, FotaChannel, MultiSession", tags, fmt.Sprint(image.AliUID)}
	if diff := cmp.Diff(want, slices.DeleteFunc(strings.Split(lines[1], "  "), func(s string) bool { return s == "" })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, columns := range []int{30, 60, 80} {
		for _, line := range on(t, columns, service, "-columns", "ImageId,ImageName,Description,TagList,Extra") {
			if width := demo.Width(line); width > columns {
				t.Errorf("%d columns: %d in %q", columns, width, line)
			}
		}
	}
}

func TestTheFirstPageAppearsBeforeTheSecondIsRequested(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-page-size", "10"}} {
		service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(237)...)
		var stdout bytes.Buffer
		before := -1
		service.OnRequest(func(r appstreamingtest.Request) {
			if r.Params["PageNumber"] == "2" {
				before = strings.Count(stdout.String(), "\n")
			}
		})
		env := demo.Isolated(&stdout, io.Discard)
		env.Credentials = appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")
		code := program().Execute(t.Context(), env, append([]string{"-endpoint", service.URL()}, args...))
		want := 101
		if args != nil {
			want = 11
		}
		if code != 0 || before != want {
			t.Errorf("%v: exit %d, %d lines before the second page, want %d", args, code, before, want)
		}
	}
}
