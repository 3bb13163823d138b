package measure

import "slices"

// Median returns the middle value, or the mean of the middle two; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Medians returns the median of each quantity.
func Medians(samples []Sample) Sample {
	return Sample{
		Wall:   medianOf(samples, func(s Sample) float64 { return s.Wall }),
		CPU:    medianOf(samples, func(s Sample) float64 { return s.CPU }),
		Bytes:  medianOf(samples, func(s Sample) float64 { return s.Bytes }),
		Allocs: medianOf(samples, func(s Sample) float64 { return s.Allocs }),
	}
}

// Differences returns a-b round by round, so the disturbance of a round cancels
// out.
func Differences(a, b []Sample) []Sample {
	diffs := make([]Sample, min(len(a), len(b)))
	for i := range diffs {
		diffs[i] = Sample{a[i].Wall - b[i].Wall, a[i].CPU - b[i].CPU, a[i].Bytes - b[i].Bytes, a[i].Allocs - b[i].Allocs}
	}
	return diffs
}

// Spread returns the width of the middle half of the rounds in CPU time,
// relative to the median: the noise of the measurement.
func Spread(samples []Sample) float64 {
	cpu := make([]float64, len(samples))
	for i, s := range samples {
		cpu[i] = s.CPU
	}
	slices.Sort(cpu)
	if len(cpu) == 0 || Median(cpu) == 0 {
		return 0
	}
	return (cpu[len(cpu)*3/4] - cpu[len(cpu)/4]) / Median(cpu)
}

func medianOf(samples []Sample, get func(Sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = get(s)
	}
	return Median(values)
}
