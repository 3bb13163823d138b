package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

const id = "imgc-06zyt9m93zwanew"

func noEnvironment(string) string { return "" }

func TestTheBuiltInImageIsWaitedFor(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-interval", "10ms"}, noEnvironment, &stdout, &stderr)
	if code != 0 || !strings.HasPrefix(stdout.String(), id+"\t") || !strings.Contains(stdout.String(), "\tAVAILABLE\t") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
	}
	if lines := strings.Split(strings.TrimSpace(stderr.String()), "\n"); len(lines) != 6 || !strings.HasPrefix(lines[0], "No credentials") {
		t.Errorf("stderr has %q, want a line about the service and one for each of five steps", lines)
	}
}

func TestStepsAreToldOnceWhereNobodyWatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
		defer service.Close()
		growing(service, id)
		var stdout, stderr bytes.Buffer
		code := wait(t.Context(), service.Client(), id, time.Second, &stdout, newStatus(&stderr, false))
		var told []string
		for line := range strings.Lines(stderr.String()) {
			news, _, _ := strings.Cut(line, " after ")
			told = append(told, news)
		}
		want := []string{
			id + ": INIT, cn-hangzhou 0%, ap-southeast-1 0%",
			id + ": CREATING, cn-hangzhou 20%, ap-southeast-1 0%",
			id + ": CREATING, cn-hangzhou 80%, ap-southeast-1 45%",
			id + ": CREATING, cn-hangzhou 100%, ap-southeast-1 90%",
			id + ": AVAILABLE, cn-hangzhou 100%, ap-southeast-1 100%",
		}
		if diff := cmp.Diff(want, told); diff != "" || code != 0 {
			t.Errorf("exit %d, steps (-want +got):\n%s", code, diff)
		}
	})
}

func TestATerminalShowsOneLineThatIsTakenAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var terminal bytes.Buffer
		s := newStatus(&terminal, true)
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
	image := appstreaming.Image{ImageID: id, Status: appstreaming.ImageStatusCreating}
	for range 20 {
		image.RegionDistributions = append(image.RegionDistributions, appstreaming.RegionDistribution{RegionID: "cn-hangzhou", Progress: "50%"})
	}
	var terminal bytes.Buffer
	s := newStatus(&terminal, true)
	stop := s.start(id)
	s.poll(image)
	stop()
	for line := range strings.SplitSeq(terminal.String(), "\r\x1b[K") {
		if n := utf8.RuneCountInString(line); n >= columns {
			t.Errorf("%d columns: %q", n, line)
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
			code := wait(ctx, service.Client(), id, time.Second, &stdout, newStatus(&stderr, false))
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
		var stderr bytes.Buffer
		code := wait(t.Context(), service.Client(), id, time.Second, io.Discard, newStatus(&stderr, false))
		if code != 1 || !strings.Contains(stderr.String(), "somebody has deleted it") {
			t.Errorf("exit %d, %q", code, stderr.String())
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
		var stderr bytes.Buffer
		code := wait(ctx, service.Client(), id, time.Second, io.Discard, newStatus(&stderr, true))
		if took := time.Since(started); code != 1 || took != 90*time.Second || !strings.Contains(stderr.String(), "context canceled") {
			t.Errorf("exit %d after %v, %q; want 1 after 1m30s and why", code, took, stderr.String())
		}
	})
}

func TestArgumentsThatCannotBeUsedAreExitCode2(t *testing.T) {
	t.Parallel()
	withKey := func(name string) string { return map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "x"}[name] }
	for _, test := range []struct {
		args, want string
		getenv     func(string) string
	}{
		{"", "give the image by -id", withKey},
		{"imgc-1", "the image is given by -id", noEnvironment},
		{"-timeout -1s", "must not be negative", noEnvironment},
		{"-interval x", "invalid value", noEnvironment},
		{"-region x/../y", "-region: ", noEnvironment},
		{"-id x -region x/../y", "-region: ", withKey},
	} {
		var stderr bytes.Buffer
		if code := run(t.Context(), strings.Fields(test.args), test.getenv, io.Discard, &stderr); code != 2 || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("%q: exit %d, %q; want 2 and %q", test.args, code, stderr.String(), test.want)
		}
	}
}
