package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func TestProgressIsForATerminalOnStderrAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args           string
		stdout, stderr bool // is a terminal
		want           bool // progress is shown
		term           string
	}{
		"somebody watches":              {"-o jsonl", false, true, true, ""},
		"nobody watches":                {"-o jsonl", false, false, false, ""},
		"only stdout is watched":        {"-o jsonl", true, false, false, ""},
		"the rows stream onto it":       {"-o jsonl", true, true, false, ""},
		"so does a table":               {"-o table", true, true, false, ""},
		"a table goes to a file":        {"-o table", false, true, true, ""},
		"the log is progress enough":    {"-o jsonl -v", false, true, false, ""},
		"a terminal that cannot draw":   {"-o jsonl", false, true, false, "dumb"},
		"fetched ahead, it is the same": {"-o csv -prefetch 2", false, true, true, ""},
	} {
		var stdout, stderr bytes.Buffer
		env := demo.Isolated(&stdout, &stderr)
		env.Getenv = func(name string) string { return map[string]string{"TERM": test.term}[name] }
		env.IsTerminal = func(w io.Writer) bool { return w == &stdout && test.stdout || w == &stderr && test.stderr }
		code := program().Execute(t.Context(), env, strings.Fields(test.args))
		shown := strings.Contains(stderr.String(), "\r100 of 237 images")
		if code != 0 || shown != test.want || shown && !strings.HasSuffix(stderr.String(), "\r\x1b[K") {
			t.Errorf("%s: exit %d, stderr %q; progress wanted: %v", name, code, stderr.String(), test.want)
		}
		quiet := execute(t.Context(), strings.Fields(test.args)...)
		if diff := cmp.Diff(quiet.stdout, stdout.String()); diff != "" {
			t.Errorf("%s: stdout depends on who watches (-nobody +somebody):\n%s", name, diff)
		}
	}
}

func TestNamesDoNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreaming.Image{
		ImageID: "imgc-1", VersionID: "iv-1", ImageName: "a\x1b[2J\r\u202eb", Status: appstreaming.ImageStatusInit,
	})
	got := against(t.Context(), service)
	if !strings.Contains(got.stdout, "a[2J b  INIT") || strings.ContainsAny(got.stdout, "\x1b\r\u202e") {
		t.Errorf("the table is %q", got.stdout)
	}
}

func TestAFailureDoesNotLookLikeAnEmptyInventory(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	service.Fail(-1, appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission})
	for _, form := range []string{"table", "json", "jsonl", "csv"} {
		if got := against(t.Context(), service, "-o", form); got.code != 1 || got.stdout != "" {
			t.Errorf("%s: exit %d and %q on stdout, want 1 and nothing", form, got.code, got.stdout)
		}
	}
}
