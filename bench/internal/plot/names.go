package plot

import (
	"cmp"
	"slices"
)

// namePositions returns the height of each series' name: at the end of its line,
// moved as little as possible so that no two names overlap.
func (d *drawing) namePositions() []float64 {
	series := d.chart.Series
	order, wanted := make([]int, len(series)), make([]float64, len(series))
	for i, s := range series {
		order[i], wanted[i] = i, d.y(s.Values[len(s.Values)-1])
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(wanted[a], wanted[b]) })
	positions := make([]float64, len(series))
	lowest := float64(plotBase)
	for _, i := range slices.Backward(order) { // from the bottom up, so that all stay above the axis
		positions[i] = min(wanted[i], lowest)
		lowest = positions[i] - lineHeight
	}
	return positions
}
