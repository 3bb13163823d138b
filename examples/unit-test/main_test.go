package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/wuying-go/appstreaming/examples/internal/demo"
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
		{"defaults", "", "imgc-", "built-in service", t.Context(), 0},
		{"another system", "-os Linux -deployed-to cn-shanghai", "imgc-", "built-in", t.Context(), 0},
		{"no image", "-deployed-to eu-central-1", "", "hint:       tag an available image", t.Context(), 1},
		{"interrupted", "", "", "context canceled", interrupted, 1},
		{"region", "-region x/../y", "", "-region: ", t.Context(), 2},
		{"argument", "Linux", "", `unexpected argument "Linux"`, t.Context(), 2},
		{"nowhere", "-deployed-to=", "", "must not be empty", t.Context(), 2},
		{"no such flag", "-nonsense", "", "no such flag", t.Context(), 2},
	} {
		var stdout, stderr bytes.Buffer
		code := program().Execute(test.ctx, demo.Isolated(&stdout, &stderr), strings.Fields(test.args))
		printed := strings.HasPrefix(stdout.String(), test.stdout) && (test.stdout == "") == (stdout.Len() == 0)
		if code != test.code || !printed || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: exit %d, stdout %q, stderr %q; want %d, %q, %q",
				test.name, code, stdout.String(), stderr.String(), test.code, test.stdout, test.stderr)
		}
	}
}
