package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming/bench/internal/measure"
	"github.com/wuying-go/appstreaming/bench/internal/stub"
)

func TestMain(m *testing.M) {
	stub.ChildMain()
	os.Exit(m.Run())
}

// Measuring counts the allocations of the whole process, so these tests do not
// run in parallel.

func TestOneShortRunPrintsEveryTableAndEveryGoal(t *testing.T) {
	var out strings.Builder
	s := settings{
		plan:  measure.Plan{Rounds: 1, Calls: 2, Batch: time.Millisecond},
		pages: "../../../testdata/conformance/pages",
		cold:  1,
	}
	if testing.Short() {
		s.cold = 0 // it builds programs
	}
	if err := run(s, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"A page of 10 images, 30110 bytes", "A page of 100 images, 299931 bytes",
		"| appstreaming ", "| vendor's core ", "| alibaba-cloud-sdk-go + encoding/json ", "| net/http + encoding/json ", "| net/http alone ",
		"| ListImage over loopback ", "| the page, per image ",
		"| CPU time against the vendor's core ", " at most 1/20 |", "| memory one kept image holds",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	if hasCold := strings.Contains(out.String(), "| cold start against net/http + encoding/json "); hasCold != (s.cold > 0) {
		t.Errorf("cold start in the output: %v", hasCold)
	}
}

func TestCompressedPagesAreReadByEveryClient(t *testing.T) {
	s := settings{plan: measure.Plan{Rounds: 1, Calls: 1, Batch: time.Millisecond}, gzip: true}
	stats, err := comparePages(s, "../../../testdata/conformance/pages/page-10.json")
	if err != nil || len(stats) != peerRaw+1 {
		t.Errorf("%d clients, %v", len(stats), err)
	}
}

func TestGoalsAreMetOrMissedByTheirBounds(t *testing.T) {
	page := make([]stat, peerRaw+1)
	page[peerOurs].Sample = measure.Sample{CPU: 10, Allocs: 680, Bytes: 1600}
	page[peerVendor].CPU = 200
	page[peerPlain].CPU = 39
	page[peerRaw].CPU = 5
	small := make([]stat, peerRaw+1)
	small[peerOurs].Allocs = 680 - 90*6 - 4 // less than a tenth an image more
	findings := findings{
		small: stats{small, 10, 100}, page: stats{page, 100, 1000},
		call: overhead{
			loopback: pair{ours: measure.Sample{Allocs: 80}, added: measure.Sample{Allocs: 40}},
			memory:   pair{added: measure.Sample{Wall: 15_001}},
		},
		kept: retained{image: 3, page: 200, images: 100},
		cold: coldStart{ours: start{firstPage: 11}, plain: start{firstPage: 10}},
	}
	var got []string
	for _, g := range findings.goals() {
		if !g.met {
			got = append(got, g.what+": "+g.measured)
		}
	}
	want := []string{
		"CPU time against net/http + encoding/json: 1/3.9",
		"bytes allocated against the body's: 1.60×",
		"time that building, signing, attempts, credentials and hooks add to http.Client.Do: 15.0 µs",
		"cold start against net/http + encoding/json: 1.10×",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
