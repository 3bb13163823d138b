package main

import (
	"context"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming"

	"github.com/wuying-go/appstreaming/bench/internal/peers/ours"
)

// The goroutines that make one call each, under one limit.
const (
	manyCalls = 64
	callRate  = 20
)

// callsOutcome is the result of many concurrent calls.
type callsOutcome struct {
	failed, ignored int
	took            time.Duration
	err             error // one of the failures
}

// runCalls has many goroutines make one ListImage each.
func runCalls(hints bool) callsOutcome {
	s := &service{pages: 1, latency: 30 * time.Millisecond, hints: hints}
	s.limit = perSecondBucket.newLimit(callRate, 0)
	server := s.serve()
	defer server.Close()
	var w watch
	client, err := ours.NewClient(server.URL, appstreaming.WithObserver(w.observe))
	if err != nil {
		return callsOutcome{failed: manyCalls, err: err}
	}
	defer client.CloseIdleConnections()
	var o callsOutcome
	var mu sync.Mutex
	var running sync.WaitGroup
	start := time.Now()
	for range manyCalls {
		running.Go(func() {
			if _, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{}); err != nil {
				mu.Lock()
				defer mu.Unlock()
				o.failed, o.err = o.failed+1, err
			}
		})
	}
	running.Wait()
	o.took, o.ignored = time.Since(start), w.ignored()
	return o
}
