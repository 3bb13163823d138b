package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/wuying-go/appstreaming/bench/internal/measure"
	"github.com/wuying-go/appstreaming/bench/internal/plot"
	"github.com/wuying-go/appstreaming/bench/internal/report"
)

// busy is by how much real sockets on a busy machine may exceed a goal for time.
const busy = 0.1

// goal is one line of the table of goals.
type goal struct {
	what, goal, measured string
	met, metBusy         bool
}

func (g goal) verdict() string {
	switch {
	case g.met:
		return "met"
	case g.metBusy:
		return fmt.Sprintf("met with %.1f more, on a busy machine", busy)
	}
	return "MISSED"
}

// atMost is a goal for a ratio of times.
func atMost(what string, most, got float64) goal {
	return goal{what, fmt.Sprintf("at most %.2f", most), fmt.Sprintf("%.2f", got), got <= most, got <= most+busy}
}

func sharesAtMost(what string, most, got float64) goal {
	return goal{what, fmt.Sprintf("at most %.0f %%", 100*most), fmt.Sprintf("%.1f %%", 100*got), got <= most, false}
}

func countOf(what string, want, got int) goal {
	return goal{what, fmt.Sprint(want), fmt.Sprint(got), got == want, false}
}

func (m measurements) goals() []goal {
	all := append(append(append(append([]outcome(nil), m.grid...), m.burstless...), m.dropping...), m.shared...)
	complete, ignored := 0, 0
	for _, o := range all {
		ignored += o.ignored
		if o.err == nil {
			complete++
		}
	}
	small := keep(m.grid, func(o outcome) bool { return o.prefetch <= 4 })
	quarter := keep(m.shared, func(o outcome) bool { return o.counting == quarterBucket })
	others := keep(m.shared, func(o outcome) bool { return o.counting != quarterBucket })
	goals := []goal{
		countOf("listings that complete", len(all), complete),
		atMost("time against the least possible, median", 1.05, measure.Median(values(m.grid, outcome.ratio))),
		atMost("the same, worst", 1.25, worst(m.grid, outcome.ratio)),
		sharesAtMost("requests refused, median", .05, measure.Median(values(m.grid, share))),
		sharesAtMost("the same, worst", .20, worst(m.grid, share)),
		sharesAtMost("the same at prefetch 0 and 4, worst", .10, worst(small, share)),
		atMost("the limit drops to a quarter for 4 s, worst", 1.25, worst(m.dropping, outcome.ratio)),
		atMost("three clients and one limit, worst", 1.3, worst(others, outcome.ratio)),
		atMost("the same, burst of a quarter of a second, worst", 1.6, worst(quarter, outcome.ratio)),
		atMost("slowest of the three against the fastest, worst", 2, worst(m.shared, outcome.spread)),
	}
	failed := 0
	for _, o := range m.calls {
		failed += o.failed
		ignored += o.ignored
	}
	return append(goals,
		countOf(fmt.Sprintf("%d calls at once under a limit of %d that fail", manyCalls, callRate), 0, failed),
		countOf("attempts before a requested delay had passed", 0, ignored))
}

func share(o outcome) float64 { return o.refused }

func keep(outcomes []outcome, f func(outcome) bool) []outcome {
	var kept []outcome
	for _, o := range outcomes {
		if f(o) {
			kept = append(kept, o)
		}
	}
	return kept
}

func values(outcomes []outcome, f func(outcome) float64) []float64 {
	var all []float64
	for _, o := range outcomes {
		all = append(all, f(o))
	}
	return all
}

func worst(outcomes []outcome, f func(outcome) float64) float64 {
	largest := 0.0
	for _, v := range values(outcomes, f) {
		largest = max(largest, v)
	}
	return largest
}

func printGoals(out io.Writer, m measurements) {
	var rows [][]string
	for _, g := range m.goals() {
		rows = append(rows, []string{g.what, g.goal, g.measured, g.verdict()})
	}
	report.Table(out, []string{"what", "goal", "measured", "verdict"}, rows)
	for _, o := range slices.Concat(m.grid, m.burstless, m.dropping, m.shared) {
		if o.err != nil {
			fmt.Fprintf(out, "* %v\n", o.err)
		}
	}
	for _, o := range m.calls {
		if o.err != nil {
			fmt.Fprintf(out, "* %d calls: %v\n", manyCalls, o.err)
		}
	}
}

// printSummary prints a line for each limit and window.
func printSummary(out io.Writer, rates []int, cells []outcome) {
	var rows [][]string
	for _, rate := range rates {
		for _, window := range windows {
			some := keep(cells, func(o outcome) bool { return o.rate == rate && o.prefetch == window })
			rows = append(rows, []string{
				fmt.Sprint(rate), fmt.Sprint(window),
				fmt.Sprintf("%.2f", measure.Median(values(some, outcome.ratio))), fmt.Sprintf("%.2f", worst(some, outcome.ratio)),
				fmt.Sprintf("%.1f %%", 100*measure.Median(values(some, share))), fmt.Sprintf("%.1f %%", 100*worst(some, share)),
			})
		}
	}
	report.Table(out, []string{"limit", "prefetch", "time/least", "worst", "refused", "worst"}, rows)
}

func printCells(out io.Writer, m measurements) {
	var rows [][]string
	for _, list := range [][]outcome{m.grid, m.burstless, m.dropping, m.shared} {
		for _, o := range list {
			row := []string{
				o.String(), fmt.Sprint(o.clients), fmt.Sprintf("%.2f", o.took.Seconds()), fmt.Sprintf("%.2f", o.least.Seconds()),
				fmt.Sprintf("%.2f", o.ratio()), fmt.Sprintf("%.1f %%", 100*o.refused), fmt.Sprintf("%.2f", o.spread()),
			}
			rows = append(rows, row)
		}
	}
	report.Table(out, []string{"listing", "clients", "seconds", "least", "ratio", "refused", "slowest/fastest"}, rows)
}

// writePlot draws the median time of each way of counting over the windows.
func writePlot(file string, cells []outcome) error {
	chart := plot.Chart{
		Title:  "How long a listing takes under a limit that the client does not know",
		XLabel: "pages fetched ahead, WithPrefetch(n)",
		YLabel: "time against the least possible",
	}
	least := plot.Series{Name: "least possible", Dashed: true}
	for _, window := range windows {
		chart.Labels = append(chart.Labels, fmt.Sprint(window))
		least.Values = append(least.Values, 1)
	}
	for _, kind := range ordinary {
		line := plot.Series{Name: kind.String()}
		for _, window := range windows {
			some := keep(cells, func(o outcome) bool { return o.counting == kind && o.prefetch == window })
			line.Values = append(line.Values, measure.Median(values(some, outcome.ratio)))
		}
		chart.Series = append(chart.Series, line)
	}
	chart.Series = append(chart.Series, least)
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := chart.WriteSVG(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
