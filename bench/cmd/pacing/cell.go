package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming"

	"github.com/wuying-go/appstreaming/bench/internal/measure"
	"github.com/wuying-go/appstreaming/bench/internal/peers/ours"
)

// cell is one line of the table: listings under one limit.
type cell struct {
	counting counting
	rate     int // requests a second
	hints    bool
	prefetch int
	latency  time.Duration
	clients  int
	pages    int // of each client
	phase    time.Duration
}

func (c cell) String() string {
	hints := "no hints"
	if c.hints {
		hints = "hints"
	}
	return fmt.Sprintf("%d/s, %v, %s, prefetch %d, %v", c.rate, c.counting, hints, c.prefetch, c.latency)
}

// outcome is how a cell's listings went.
type outcome struct {
	cell
	least, took time.Duration
	fastest     time.Duration // of several clients
	refused     float64       // share of the requests
	ignored     int           // attempts that began before a requested delay had passed
	err         error
}

func (o outcome) ratio() float64 { return float64(o.took) / float64(o.least) }

// spread is how many times as long the slowest client took as the fastest.
func (o outcome) spread() float64 { return float64(o.took) / float64(o.fastest) }

// run lists with a client that knows nothing of the limit.
func (c cell) run() outcome {
	o := outcome{cell: c}
	s := &service{pages: c.pages, latency: c.latency, hints: c.hints}
	s.limit = c.counting.newLimit(float64(c.rate), c.phase)
	server := s.serve()
	defer server.Close()

	var running sync.WaitGroup
	var mu sync.Mutex
	var ends []time.Duration
	var latencies []float64
	start := time.Now()
	for range c.clients {
		running.Go(func() {
			var watch watch
			err := c.list(server.URL, &watch)
			end := time.Since(start)
			mu.Lock()
			defer mu.Unlock()
			ends = append(ends, end)
			o.ignored += watch.ignored()
			latencies = append(latencies, measure.Median(watch.took))
			if err != nil {
				o.err = err
			}
		})
	}
	running.Wait()
	o.took, o.fastest = slices.Max(ends), slices.Min(ends)
	// A busy machine takes longer to answer than the service waits.
	latency := max(c.latency, time.Duration(measure.Median(latencies)))
	o.least = leastTime(c.counting.newLimit(float64(c.rate), c.phase), c.clients, c.pages, c.prefetch, latency)
	o.refused = float64(s.denied) / float64(max(1, s.asked))
	return o
}

// list goes through the listing once.
func (c cell) list(url string, w *watch) error {
	client, err := ours.NewClient(url, appstreaming.WithPrefetch(c.prefetch), appstreaming.WithObserver(w.observe))
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	patience := time.Minute + 2*time.Duration(c.clients*c.pages)*time.Second/time.Duration(c.rate)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	pages := 0
	for _, err := range client.Pages(ctx, appstreaming.ListImageRequest{PageSize: 1}) {
		if err != nil {
			return fmt.Errorf("%v: after %d of %d pages: %w", c, pages, c.pages, err)
		}
		pages++
	}
	if pages < c.pages {
		return fmt.Errorf("%v: %d of %d pages", c, pages, c.pages)
	}
	return nil
}

// watch notes when attempts began, and when delays were asked for.
type watch struct {
	mu     sync.Mutex
	begun  []time.Time
	took   []float64 // each attempt, in nanoseconds
	delays []delay
}

type delay struct{ from, to time.Time }

func (w *watch) observe(_ context.Context, a appstreaming.Attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = append(w.begun, a.Start)
	w.took = append(w.took, float64(a.Duration))
	if refusal, ok := a.Err.(*appstreaming.APIError); ok && refusal.RetryAfter > 0 {
		end := a.Start.Add(a.Duration)
		w.delays = append(w.delays, delay{end, end.Add(refusal.RetryAfter)})
	}
}

// reportingTime is how long it can take from the end of an attempt, as an
// observer sees it, until the pacer knows: the goroutine may not be running.
const reportingTime = 20 * time.Millisecond

// ignored counts the attempts that began during a delay.
func (w *watch) ignored() int {
	count := 0
	for _, at := range w.begun {
		if slices.ContainsFunc(w.delays, func(d delay) bool {
			return at.After(d.from.Add(reportingTime)) && at.Before(d.to)
		}) {
			count++
		}
	}
	return count
}
