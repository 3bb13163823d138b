package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

var (
	rates     = []int{5, 20, 100}
	windows   = []int{0, 4, 16, 64}
	latencies = []time.Duration{30 * time.Millisecond, 200 * time.Millisecond}
)

// grid returns the cells for every combination, with pages for the length that a
// limit has. The phases of whole seconds are random.
func grid(
	rates []int, kinds []counting, windows []int, clients int, length func(rate int) time.Duration, random *rand.Rand,
) []cell {
	var cells []cell
	for _, rate := range rates {
		for _, kind := range kinds {
			for _, hints := range []bool{true, false} {
				for _, prefetch := range windows {
					for _, latency := range latencies {
						cells = append(cells, cell{
							counting: kind, rate: rate, hints: hints, prefetch: prefetch, latency: latency, clients: clients,
							pages: pagesFor(rate, prefetch, clients, latency, length(rate)),
							phase: time.Duration(random.Int64N(int64(time.Second))),
						})
					}
				}
			}
		}
	}
	return cells
}

// pagesFor returns how many pages each client lists in about that time, at the
// limit or as fast as its window allows.
func pagesFor(rate, prefetch, clients int, latency, length time.Duration) int {
	perSecond := min(float64(rate)/float64(clients), float64(max(1, prefetch))/latency.Seconds())
	return int(math.Ceil(perSecond * length.Seconds()))
}

// run runs cells side by side. Those that together may exceed so many requests a
// second run one after another, so that the machine keeps up.
func run(cells []cell, atOnce int) []outcome {
	outcomes := make([]outcome, len(cells))
	order := make([]int, len(cells))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cells[a].rate - cells[b].rate })
	for len(order) > 0 {
		var running sync.WaitGroup
		for load := 0; len(order) > 0 && (load == 0 || load+cells[order[0]].rate <= atOnce); order = order[1:] {
			i := order[0]
			load += cells[i].rate
			running.Go(func() { outcomes[i] = cells[i].run() })
		}
		running.Wait()
	}
	return outcomes
}
