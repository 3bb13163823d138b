package measure

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// PeakHeap runs f and returns the largest heap during the run, live objects and
// those not yet swept, sampled every few milliseconds.
func PeakHeap(f func() error) (uint64, error) {
	const heap, every = "/memory/classes/heap/objects:bytes", 2 * time.Millisecond
	sample := []metrics.Sample{{Name: heap}}
	var peak uint64
	look := func() {
		metrics.Read(sample)
		peak = max(peak, sample[0].Value.Uint64())
	}

	runtime.GC()
	done := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			look()
			select {
			case <-done:
				return
			case <-ticker.C:
			}
		}
	})
	err := f()
	close(done)
	sampler.Wait()
	look()
	return peak, err
}

// Live returns the bytes of live objects after a full collection.
func Live() uint64 {
	runtime.GC()
	runtime.GC() // a second one empties what sync.Pool still holds
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
