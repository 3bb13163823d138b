package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
)

// allowed returns which of the requests a limit allows.
func allowed(l limit, at ...time.Duration) []bool {
	var got []bool
	for _, t := range at {
		got = append(got, l.ask(t) == 0)
	}
	return got
}

func TestLimitsCountAsTheySay(t *testing.T) {
	t.Parallel()
	const second = time.Second
	for name, test := range map[string]struct {
		limit limit
		at    []time.Duration
		want  []bool
	}{
		"bucket of 1 s": {
			perSecondBucket.newLimit(2, 0), []time.Duration{0, 0, 0, second / 2, second / 2},
			[]bool{true, true, false, true, false},
		},
		"bucket of 1/4 s": {quarterBucket.newLimit(20, 0), make([]time.Duration, 6), []bool{true, true, true, true, true, false}},
		"whole seconds": {
			wholeSeconds.newLimit(1, second/2), []time.Duration{0, 0, second / 2, second, 3 * second / 2},
			[]bool{true, false, true, false, true},
		},
		"no burst": {
			burstlessBucket.newLimit(2, 0), []time.Duration{0, 0, second / 2, 5 * second, 5 * second},
			[]bool{true, false, true, true, false},
		},
		"drops": {
			droppingBucket.newLimit(4, 0),
			[]time.Duration{0, 4 * second, 4 * second, 5 * second, 8 * second, 8 * second, 8 * second, 8 * second, 8 * second},
			[]bool{true, true, false, true, true, false, false, false, false},
		},
	} {
		if diff := cmp.Diff(test.want, allowed(test.limit, test.at...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLimitsSayWhenTheyAllowMore(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]limit{
		"bucket": newBucket(4, 1), "whole seconds": wholeSeconds.newLimit(1, time.Second/4),
	} {
		at, refused := time.Duration(0), 0
		for range 20 {
			if wait := l.ask(at); wait > 0 {
				refused++
				at += wait + time.Microsecond
				if l.ask(at) != 0 {
					t.Errorf("%s: refused after the wait of %v", name, wait)
				}
			}
		}
		if refused == 0 {
			t.Errorf("%s: never refused", name)
		}
	}
}

func TestLeastTimeIsThatOfTheLimitOrOfTheWindow(t *testing.T) {
	t.Parallel()
	const latency = 100 * time.Millisecond
	for name, test := range map[string]struct {
		kind                   counting
		rate                   float64
		clients, pages, window int
		want                   time.Duration
	}{
		"latency":       {perSecondBucket, 1000, 1, 10, 0, time.Second},
		"window":        {perSecondBucket, 1000, 1, 9, 4, 300 * time.Millisecond},
		"bucket":        {burstlessBucket, 10, 1, 31, 16, 3100 * time.Millisecond},
		"burst":         {perSecondBucket, 10, 1, 40, 16, 3100 * time.Millisecond},
		"whole seconds": {wholeSeconds, 10, 1, 30, 30, 2050 * time.Millisecond},
		"three clients": {burstlessBucket, 10, 3, 10, 16, 3000 * time.Millisecond},
	} {
		got := leastTime(test.kind.newLimit(test.rate, 0), test.clients, test.pages, test.window, latency)
		if d := got - test.want; d < 0 || d > time.Millisecond {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestShortRunPrintsItsTablesAndDrawsThePlot(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	svg := filepath.Join(t.TempDir(), "pacing.svg")
	if err := measureAll(settings{length: 200 * time.Millisecond, atOnce: 10000, cells: true, svg: svg, rates: []int{100}}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 100/s, whole seconds, hints, prefetch 64, 200ms ", "| 100   |       16 |",
		"| listings that complete ", "| 64 calls at once under a limit of 20 that fail ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	drawn, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"bucket of 1 s", "bucket of 1/4 s", "whole seconds", "least possible", "</svg>"} {
		if !strings.Contains(string(drawn), want) {
			t.Errorf("the plot lacks %q", want)
		}
	}
}

func TestLimitsAreReadFromTheCommandLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]int{"5": {5}, "50, 2,10": {2, 10, 50}, "": nil, "0": nil, "5,": nil, "ten": nil} {
		got, err := parseRates(text)
		if diff := cmp.Diff(want, got); diff != "" || (err != nil) != (want == nil) {
			t.Errorf("%q: error %v, limits (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestAListingThatFailsShows(t *testing.T) {
	t.Parallel()
	o := cell{counting: perSecondBucket, rate: 100, clients: 1, pages: 1}.run()
	if o.err != nil {
		t.Fatal(o.err)
	}
	m := measurements{grid: []outcome{o, {cell: o.cell, err: appstreaming.ErrIncomplete, least: 1, took: 1, fastest: 1}}}
	var out strings.Builder
	printGoals(&out, m)
	printed := strings.Contains(out.String(), "MISSED") && strings.Contains(out.String(), "* ")
	if got := m.goals()[0]; got.met || got.measured != "1" || !printed {
		t.Errorf("%+v in\n%s", got, out.String())
	}
}

func TestAttemptsDuringADelayAreCounted(t *testing.T) {
	t.Parallel()
	var w watch
	start := time.Unix(0, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	refused := &appstreaming.APIError{RetryAfter: time.Second}
	for _, a := range []appstreaming.Attempt{
		{Start: at(0), Duration: 100 * time.Millisecond, Err: refused},
		{Start: at(50)}, {Start: at(110)}, {Start: at(500)}, {Start: at(1099)}, {Start: at(1100)},
	} {
		w.observe(t.Context(), a)
	}
	if got := w.ignored(); got != 2 {
		t.Errorf("%d attempts, want 2", got)
	}
}
