package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming/bench/internal/stub"
)

const pageFile = "../../../testdata/conformance/pages/page-100.json"

func TestMain(m *testing.M) {
	stub.ChildMain()
	os.Exit(m.Run())
}

func TestListingsAreCompleteWithEveryWindow(t *testing.T) {
	t.Parallel()
	service, err := startService(pageFile, 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	for _, window := range windows {
		for name, through := range map[string]lister{"pages": byPages, "images": byImages} {
			c, err := service.list(window, through) // counts the images
			if err != nil || c.time <= 0 || c.heap == 0 {
				t.Errorf("%s with window %d: %+v, %v", name, window, c, err)
			}
		}
	}
	service.pages++
	if _, err := service.list(2, byPages); err == nil {
		t.Error("a page that is missing goes unnoticed")
	}
}

func TestShortRunPrintsItsTablesAndDrawsThePlot(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	svg := filepath.Join(t.TempDir(), "paging.svg")
	if err := run(settings{rounds: 1, pages: 2, goalPages: 4, body: pageFile, svg: svg}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 0 ms ", "| 20 ms ", "| 100 ms ", "| Pages, prefetch 8 ", "| prefetch 8 against none ", "peak heap against a quarter",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	drawn, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"latency 0 ms", "latency 20 ms", "latency 100 ms", "ideal", "</svg>"} {
		if !strings.Contains(string(drawn), want) {
			t.Errorf("the plot lacks %q", want)
		}
	}
}

func TestMedianCostTakesEachQuantityByItself(t *testing.T) {
	t.Parallel()
	got := medianCost([]cost{{3 * time.Second, 10}, {time.Second, 30}, {2 * time.Second, 20}})
	if diff := cmp.Diff(cost{2 * time.Second, 20}, got, cmp.AllowUnexported(cost{})); diff != "" {
		t.Error(diff)
	}
}
