// Package measure times clients against each other: variants take turns within
// a round, the order rotates from round to round, and medians over the rounds
// are reported, so a disturbance of the machine affects all variants equally.
package measure

import (
	"fmt"
	"runtime"
	"time"
)

// A Sample is the cost of one call: wall time, CPU time of this process (user and
// system, the garbage collector's included), bytes and objects allocated.
type Sample struct{ Wall, CPU, Bytes, Allocs float64 } // times in nanoseconds

// A Variant is one of the things compared.
type Variant struct {
	Name string
	Call func() error
}

// Calls runs v.Call n times and returns the cost of one.
func (v Variant) Calls(n int) (Sample, error) {
	var before, after runtime.MemStats
	runtime.GC() // so the garbage of the variant before does not count
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(), time.Now()
	for range n {
		if err := v.Call(); err != nil {
			return Sample{}, fmt.Errorf("%s: %w", v.Name, err)
		}
	}
	wall, cpu := time.Since(start), cpuTime()-cpu
	runtime.ReadMemStats(&after)
	per := 1 / float64(n)
	return Sample{
		Wall:   float64(wall) * per,
		CPU:    float64(cpu) * per,
		Bytes:  float64(after.TotalAlloc-before.TotalAlloc) * per,
		Allocs: float64(after.Mallocs-before.Mallocs) * per,
	}, nil
}

// Plan says how much is measured.
type Plan struct {
	Rounds int
	Batch  time.Duration // approximate length of a variant's turn in a round
	Calls  int           // calls per turn; 0: as many as Batch allows
}

// Run measures the variants and returns the samples of each, by variant and
// round.
func (p Plan) Run(variants []Variant) ([][]Sample, error) {
	calls := make([]int, len(variants))
	for i, v := range variants {
		n, err := p.calibrate(v)
		if err != nil {
			return nil, err
		}
		calls[i] = n
	}
	samples := make([][]Sample, len(variants))
	for round := range p.Rounds {
		for turn := range variants {
			i := (turn + round) % len(variants)
			sample, err := variants[i].Calls(calls[i])
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], sample)
		}
	}
	return samples, nil
}

// calibrate warms the variant up and returns how many calls fill a turn.
func (p Plan) calibrate(v Variant) (int, error) {
	const warmUp, fewest = 5, 3
	if _, err := v.Calls(warmUp); err != nil {
		return 0, err
	}
	sample, err := v.Calls(warmUp)
	if err != nil || p.Calls > 0 {
		return p.Calls, err
	}
	return max(fewest, int(float64(p.Batch)/sample.Wall)), nil
}
