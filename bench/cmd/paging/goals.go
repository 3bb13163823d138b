package main

import (
	"fmt"
	"io"
	"time"

	"github.com/wuying-go/appstreaming/bench/internal/report"
)

// The goals: a window makes a long listing that much faster, and four times the
// pages need no more memory, except for the timing of the garbage collector.
const (
	goalWindow  = 8
	goalLatency = 20 * time.Millisecond
	goalSpeedUp = 7
	goalGrowth  = 1.5
)

// goals holds the measurements for the goals.
type goals struct {
	alone, window       cost // the whole listing, without and with prefetch
	quarter             cost // a quarter of it, with prefetch
	images, imagesShort cost // the same two image by image, with prefetch
}

func measureGoals(s settings) (goals, error) {
	var g goals
	long, err := startService(s.body, s.goalPages, goalLatency)
	if err != nil {
		return g, err
	}
	defer long.Close()
	short, err := startService(s.body, max(1, s.goalPages/4), goalLatency)
	if err != nil {
		return g, err
	}
	defer short.Close()
	for _, m := range []struct {
		result  *cost
		service service
		window  int
		through lister
		rounds  int
	}{
		{&g.alone, long, 0, byPages, 1}, // latency alone: it does not vary
		{&g.window, long, goalWindow, byPages, s.rounds},
		{&g.quarter, short, goalWindow, byPages, s.rounds},
		{&g.images, long, goalWindow, byImages, s.rounds},
		{&g.imagesShort, short, goalWindow, byImages, s.rounds},
	} {
		var costs []cost
		for range m.rounds {
			c, err := m.service.list(m.window, m.through)
			if err != nil {
				return g, err
			}
			costs = append(costs, c)
		}
		*m.result = medianCost(costs)
	}
	return g, nil
}

func printGoals(out io.Writer, pages int, g goals) {
	fmt.Fprintf(out, "A listing of %d pages at %d ms:\n\n", pages, goalLatency.Milliseconds())
	line := func(what string, c cost) []string {
		return []string{what, fmt.Sprintf("%.2f", c.time.Seconds()), report.Bytes(float64(c.heap))}
	}
	report.Table(out, []string{"listing", "seconds", "peak heap"}, [][]string{
		line("Pages, no prefetch", g.alone),
		line(fmt.Sprintf("Pages, prefetch %d", goalWindow), g.window),
		line("the same, a quarter of the pages", g.quarter),
		line(fmt.Sprintf("Images, prefetch %d", goalWindow), g.images),
		line("the same, a quarter of the pages", g.imagesShort),
	})

	speedUp := float64(g.alone.time) / float64(g.window.time)
	growth := float64(g.window.heap) / float64(g.quarter.heap)
	report.Table(out, []string{"what", "goal", "measured", "verdict"}, [][]string{
		{
			fmt.Sprintf("prefetch %d against none", goalWindow), "at least " + report.Times(goalSpeedUp),
			report.Times(speedUp), verdict(speedUp >= goalSpeedUp),
		},
		{"peak heap against a quarter of the pages", "at most " + report.Times(goalGrowth), report.Times(growth), verdict(growth <= goalGrowth)},
	})
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "MISSED"
}
