package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wuying-go/appstreaming/bench/internal/plot"
	"github.com/wuying-go/appstreaming/bench/internal/report"
)

// row is the listings at one latency, one for each prefetch window.
type row struct {
	latency time.Duration
	pages   int
	costs   []cost
}

func (r row) name() string { return fmt.Sprintf("%d ms", r.latency.Milliseconds()) }

// speedUp is against the first window, which is none.
func (r row) speedUp(i int) float64 { return float64(r.costs[0].time) / float64(r.costs[i].time) }

// measureGrid lists at every latency with every window.
func measureGrid(s settings) ([]row, error) {
	var grid []row
	for _, latency := range latencies {
		costs, err := measureRow(s, latency)
		if err != nil {
			return nil, fmt.Errorf("latency %v: %w", latency, err)
		}
		grid = append(grid, row{latency, s.pages, costs})
	}
	return grid, nil
}

// measureRow has the windows take turns, in another order in every round.
func measureRow(s settings, latency time.Duration) ([]cost, error) {
	service, err := startService(s.body, s.pages, latency)
	if err != nil {
		return nil, err
	}
	defer service.Close()
	samples := make([][]cost, len(windows))
	for round := range s.rounds {
		for turn := range windows {
			i := (turn + round) % len(windows)
			c, err := service.list(windows[i], byPages)
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], c)
		}
	}
	medians := make([]cost, len(windows))
	for i := range windows {
		medians[i] = medianCost(samples[i])
	}
	return medians, nil
}

func printGrid(out io.Writer, grid []row) {
	var rows [][]string
	for _, r := range grid {
		for i, c := range r.costs {
			rows = append(rows, []string{
				r.name(), fmt.Sprint(r.pages), fmt.Sprint(windows[i]),
				fmt.Sprintf("%.2f", c.time.Seconds()),
				fmt.Sprintf("%.0f", float64(r.pages)/c.time.Seconds()),
				report.Times(r.speedUp(i)),
				report.Bytes(float64(c.heap)),
			})
		}
	}
	report.Table(out, []string{"latency", "pages", "prefetch", "seconds", "pages/s", "speed-up", "peak heap"}, rows)
}

// writePlot draws the speed-ups and the ideal, at which a window of n pages
// lists n times as fast.
func writePlot(file string, grid []row) error {
	chart := plot.Chart{
		Title:  "How much faster a listing is with prefetch",
		XLabel: "pages fetched ahead, WithPrefetch(n)",
		YLabel: "times as fast as without",
	}
	ideal := plot.Series{Name: "ideal", Dashed: true}
	for _, window := range windows {
		chart.Labels = append(chart.Labels, fmt.Sprint(window))
		ideal.Values = append(ideal.Values, max(1, float64(window)))
	}
	for _, r := range grid {
		line := plot.Series{Name: fmt.Sprintf("latency %s", r.name())}
		for i := range r.costs {
			line.Values = append(line.Values, r.speedUp(i))
		}
		chart.Series = append(chart.Series, line)
	}
	chart.Series = append(chart.Series, ideal)

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
