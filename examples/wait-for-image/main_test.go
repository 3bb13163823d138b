package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

const id = "imgc-06zyt9m93zwanew"

// execute runs the program against a service, nil for the built-in one.
func execute(ctx context.Context, service *appstreamingtest.Server, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	env := demo.Isolated(&out, &errs)
	if service != nil {
		env.Credentials = appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")
		args = append([]string{"-endpoint", service.URL()}, args...)
	}
	code = program().Execute(ctx, env, args)
	return code, out.String(), errs.String()
}

// session is one with a service in memory, for tests on a fake clock.
func session(service *appstreamingtest.Server, stdout, stderr io.Writer) *demo.Session {
	return &demo.Session{Env: demo.Isolated(stdout, stderr), Client: service.Client()}
}

func TestTheBuiltInImageIsWaitedFor(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := execute(t.Context(), nil, "-interval", "10ms")
	if code != 0 || !strings.HasPrefix(stdout, id+"\t") || !strings.Contains(stdout, "\tAVAILABLE\t") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if lines := strings.Split(strings.TrimSpace(stderr), "\n"); len(lines) != 6 || lines[0] != demo.SampleNotice {
		t.Errorf("stderr has %q, want a line about the service and one for each of five steps", lines)
	}
}

func TestStepsAreToldOnceWhereNobodyWatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
		defer service.Close()
		growing(service, id, time.Second)
		var stdout, stderr bytes.Buffer
		err := wait(t.Context(), session(service, &stdout, &stderr), id, time.Second)
		var steps []string
		for line := range strings.Lines(stderr.String()) {
			news, _, _ := strings.Cut(line, " after ")
			steps = append(steps, news)
		}
		want := []string{
			id + ": INIT, cn-hangzhou 0%, ap-southeast-1 0%",
			id + ": CREATING, cn-hangzhou 20%, ap-southeast-1 0%",
			id + ": CREATING, cn-hangzhou 80%, ap-southeast-1 45%",
			id + ": CREATING, cn-hangzhou 100%, ap-southeast-1 90%",
			id + ": AVAILABLE, cn-hangzhou 100%, ap-southeast-1 100%",
		}
		if diff := cmp.Diff(want, steps); diff != "" || err != nil {
			t.Errorf("%v, steps (-want +got):\n%s", err, diff)
		}
	})
}

func TestATerminalShowsOneLineThatIsTakenAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var terminal bytes.Buffer
		s := newStatus(&terminal, true, 80)
		stop := s.start(id)
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		s.poll(appstreaming.Image{ImageID: id, Status: appstreaming.ImageStatusCreating})
		stop()
		got := terminal.String()
		if strings.Contains(got, "\n") || !strings.HasSuffix(got, "\r\x1b[K") {
			t.Errorf("the terminal is left with %q", got)
		}
		for _, want := range []string{"| 2s " + id, "/ 2s " + id, " 1s " + id + ": not listed yet", "2s " + id + ": CREATING"} {
			if !strings.Contains(got, want) {
				t.Errorf("the terminal never shows %q: %q", want, got)
			}
		}
	})
}

func TestTheLineOfATerminalNeverWraps(t *testing.T) {
	t.Parallel()
	image := appstreaming.Image{ImageID: id, Status: "创建中"}
	for range 20 {
		image.RegionDistributions = append(image.RegionDistributions, appstreaming.RegionDistribution{RegionID: "cn-hangzhou", Progress: "50%"})
	}
	for columns, limit := range map[int]int{0: 80, 40: 40, 80: 80, 120: 120} {
		var terminal bytes.Buffer
		s := newStatus(&terminal, true, columns)
		stop := s.start(id)
		s.poll(image)
		stop()
		for line := range strings.SplitSeq(terminal.String(), "\r\x1b[K") {
			if n := demo.Width(line); n >= limit {
				t.Errorf("%d columns of %d: %q", n, columns, line)
			}
		}
	}
}

func TestAWaitThatEndsBadlyComesWithAHint(t *testing.T) {
	t.Parallel()
	for hint, images := range map[string][]appstreaming.Image{
		"create it again":      {{ImageID: id, Status: appstreaming.ImageStatusCreateFailed}},
		"check the identifier": nil,
		"-timeout":             {{ImageID: id, Status: appstreaming.ImageStatusCreating}},
	} {
		synctest.Test(t, func(t *testing.T) {
			service := appstreamingtest.New(images...)
			defer service.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			var stdout, stderr bytes.Buffer
			code := demo.Report(&stderr, "wait-for-image", wait(ctx, session(service, &stdout, io.Discard), id, time.Second))
			if code != 1 || stdout.Len() > 0 || !strings.Contains(stderr.String(), hint) {
				t.Errorf("exit %d, stdout %q, stderr %q; want 1, nothing and %q", code, stdout.String(), stderr.String(), hint)
			}
		})
	}
}

func TestAnImageThatVanishesIsReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := appstreamingtest.New(appstreaming.Image{ImageID: id, Status: appstreaming.ImageStatusCreating})
		defer service.Close()
		time.AfterFunc(10*time.Second, func() { service.Remove(id) })
		err := wait(t.Context(), session(service, io.Discard, io.Discard), id, time.Second)
		if !errors.Is(err, appstreaming.ErrImageGone) || hint(err) != "somebody has deleted it" {
			t.Errorf("got %v, hint %q", err, hint(err))
		}
	})
}

func TestAnInterruptEndsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := appstreamingtest.New(appstreaming.Image{ImageID: id, Status: appstreaming.ImageStatusCreating})
		defer service.Close()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(90*time.Second, cancel)
		started := time.Now()
		err := wait(ctx, session(service, io.Discard, io.Discard), id, time.Second)
		if took := time.Since(started); took != 90*time.Second || !errors.Is(err, context.Canceled) {
			t.Errorf("after %v: %v; want 1m30s and why", took, err)
		}
	})
}

func TestInvalidFlagsAreExitCode2(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	for _, test := range []struct {
		args, want string
		service    *appstreamingtest.Server
	}{
		{"", "specify the image with -id", service},
		{"imgc-1", `unexpected argument "imgc-1"`, nil},
		{"-timeout -1s", "-timeout: must be a duration", nil},
		{"-interval 1ms", "-interval: 1ms must be at least 10ms", nil},
		{"-id a\x00b", "-id: \"a\\x00b\" must not contain control characters", service},
		{"-interval x", "-interval: must be a duration", nil},
		{"-region x/../y", "-region: ", nil},
		{"-id x -region x/../y", "-region: ", service},
	} {
		code, _, stderr := execute(t.Context(), test.service, strings.Fields(test.args)...)
		if code != 2 || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: exit %d, %q; want 2 and %q", test.args, code, stderr, test.want)
		}
	}
}
