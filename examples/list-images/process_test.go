//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// asProgram makes the test binary the program itself, so that signals and
// closed pipes can be shown on a real process.
const asProgram = "LIST_IMAGES_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func process(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, executable, args...)
	cmd.Env = []string{
		asProgram + "=1",
		"GOCOVERDIR=" + t.TempDir(), // else a covered binary warns on stderr
		"GORACE=atexit_sleep_ms=0",  // else a raced one waits a second
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + appstreamingtest.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + appstreamingtest.AccessKeySecret,
	}
	cmd.Stderr = &stderr
	return cmd, &stderr
}

// exitCode is -1 for a process that a signal ended.
func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exitErr *exec.ExitError
	if errors.As(err, &exitErr) {
		return exitErr.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

func TestAClosedPipeEndsTheProcessQuietly(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(5)...)
	for _, form := range []string{"table", "json", "jsonl", "csv"} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reader.Close()
		cmd, stderr := process(t, "-endpoint", service.URL(), "-o", form)
		cmd.Stdout = writer
		code := exitCode(t, cmd.Run())
		writer.Close()
		if code != 0 || stderr.Len() > 0 {
			t.Errorf("%s: exit %d, %q; want 0 and silence", form, code, stderr)
		}
	}
}

func TestASignalEndsTheProcessWithWhatItListed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		signal syscall.Signal
		form   string
		lines  int // of page 1
	}{
		{syscall.SIGINT, "jsonl", 100},
		{syscall.SIGTERM, "csv", 101},
	} {
		service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(150)...)
		service.Fail(-1, appstreamingtest.Fault{Page: 2, Break: appstreamingtest.BreakHang})
		cmd, stderr := process(t, "-endpoint", service.URL(), "-o", test.form)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// All of page 1 can be read while page 2 hangs: nothing waits in a buffer.
		lines := bufio.NewScanner(stdout)
		lines.Buffer(nil, 1<<20)
		listed := 0
		for listed < test.lines && lines.Scan() {
			listed++
		}
		if err := cmd.Process.Signal(test.signal); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		code := exitCode(t, cmd.Wait())
		if code != 1 || listed != test.lines || !strings.Contains(stderr.String(), "interrupted after 100 images") {
			t.Errorf("%v: exit %d, %d lines, %q; want 1, %d and how many", test.signal, code, listed, stderr, test.lines)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%v: it took %v", test.signal, took)
		}
	}
}
