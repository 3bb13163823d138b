package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestExitCodesTellWhatHappened(t *testing.T) {
	t.Parallel()
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name, args, stdout, stderr string
		ctx                        context.Context
		code                       int
	}{
		{"defaults", "", "imgc-", "built-in service with 237 sample images", t.Context(), 0},
		{"another system", "-os Linux -deployed-to cn-shanghai", "imgc-", "built-in", t.Context(), 0},
		{"no image", "-deployed-to eu-central-1", "", "hint:       tag an available image", t.Context(), 1},
		{"interrupted", "", "", "context canceled", interrupted, 1},
		{"region", "-region x/../y", "", "-region: ", t.Context(), 2},
		{"argument", "Linux", "", "no arguments are taken", t.Context(), 2},
		{"nowhere", "-deployed-to=", "", "must not be empty", t.Context(), 2},
		{"no such flag", "-nonsense", "", "not defined", t.Context(), 2},
	} {
		var stdout, stderr bytes.Buffer
		code := run(test.ctx, strings.Fields(test.args), func(string) string { return "" }, &stdout, &stderr)
		if code != test.code || !strings.HasPrefix(stdout.String(), test.stdout) || (test.stdout == "") != (stdout.Len() == 0) || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: exit %d, stdout %q, stderr %q; want %d, %q, %q", test.name, code, stdout.String(), stderr.String(), test.code, test.stdout, test.stderr)
		}
	}
}
