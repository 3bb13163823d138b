package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func TestSpansAndMetricsArePrinted(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	if code := program().Execute(t.Context(), demo.Isolated(&stdout, &stderr), nil); code != 0 {
		t.Fatalf("code %d: %s", code, stderr.String())
	}
	if !strings.HasSuffix(stderr.String(), "237 images\n") {
		t.Errorf("stderr has %s", stderr.String())
	}
	for text, want := range map[string]int{
		`"Name": "count images"`:               1,
		`"Name": "appstream-center/ListImage"`: 3, // pages
		`"Name": "POST"`:                       6, // attempts
		`"http.client.request.duration"`:       1,
		`"rpc.client.call.duration"`:           1,
	} {
		if got := strings.Count(stdout.String(), text); got != want {
			t.Errorf("%s was printed %d times, want %d", text, got, want)
		}
	}
}

func TestExitCodesTellHowItEnded(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx  context.Context
		args []string
		code int
	}{
		"help":            {t.Context(), []string{"-h"}, 0},
		"no images":       {t.Context(), []string{"-images", "0"}, 0},
		"interrupted":     {canceled, nil, 1},
		"an unknown flag": {t.Context(), []string{"-x"}, 2},
		"an argument":     {t.Context(), []string{"x"}, 2},
		"negative images": {t.Context(), []string{"-images", "-1"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := program().Execute(test.ctx, demo.Isolated(io.Discard, io.Discard), test.args); got != test.code {
				t.Errorf("code %d, want %d", got, test.code)
			}
		})
	}
}
