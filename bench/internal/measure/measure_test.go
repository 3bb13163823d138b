package measure

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sink []byte

func TestCallsCountsWhatACallAllocates(t *testing.T) {
	sample, err := Variant{"allocate", func() error { sink = make([]byte, 1<<16); return nil }}.Calls(100)
	if err != nil {
		t.Fatal(err)
	}
	if sample.Bytes < 1<<16 || sample.Bytes > 1.2*(1<<16) {
		t.Errorf("bytes per call = %.0f, want about %d", sample.Bytes, 1<<16)
	}
	if sample.Allocs < 1 || sample.Allocs > 2 {
		t.Errorf("allocations per call = %.2f, want about 1", sample.Allocs)
	}
	if sample.Wall <= 0 {
		t.Errorf("wall time per call = %v, want it positive", sample.Wall)
	}
}

func TestCPUTimeGrowsWithWork(t *testing.T) {
	var x uint64
	sample, err := Variant{"spin", func() error {
		for i := range uint64(20_000_000) {
			x = x*6364136223846793005 + i
		}
		return nil
	}}.Calls(2)
	if err != nil || x == 0 {
		t.Fatal(err, x)
	}
	if sample.CPU <= 0 {
		t.Errorf("CPU time per call = %v, want it positive", sample.CPU)
	}
}

func TestRunRotatesTheOrderFromRoundToRound(t *testing.T) {
	var order []string
	variant := func(name string) Variant {
		return Variant{name, func() error { order = append(order, name); return nil }}
	}
	samples, err := Plan{Rounds: 3, Calls: 1}.Run([]Variant{variant("a"), variant("b"), variant("c")})
	if err != nil {
		t.Fatal(err)
	}
	rounds := order[len(order)-9:] // before them comes warming up
	if diff := cmp.Diff([]string{"a", "b", "c", "b", "c", "a", "c", "a", "b"}, rounds); diff != "" {
		t.Error(diff)
	}
	if len(samples) != 3 || slices.ContainsFunc(samples, func(s []Sample) bool { return len(s) != 3 }) {
		t.Errorf("samples = %v, want three of each variant", samples)
	}
}

func TestRunStopsAtAnError(t *testing.T) {
	broken := errors.New("broken")
	_, err := Plan{Rounds: 1, Calls: 1}.Run([]Variant{{"fails", func() error { return broken }}})
	if !errors.Is(err, broken) {
		t.Errorf("err = %v, want it to wrap %v", err, broken)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := Median(test.values); got != test.want {
			t.Errorf("Median(%v) = %v, want %v", test.values, got, test.want)
		}
	}
}

func TestDifferencesAndMediansWorkQuantityByQuantity(t *testing.T) {
	t.Parallel()
	a := []Sample{{10, 20, 30, 40}, {12, 22, 32, 42}, {90, 22, 32, 42}}
	b := []Sample{{1, 2, 3, 4}, {2, 2, 2, 2}, {80, 1, 1, 1}}
	if diff := cmp.Diff(Sample{10, 20, 30, 40}, Medians(Differences(a, b))); diff != "" {
		t.Error(diff)
	}
	if got := Spread([]Sample{{CPU: 8}, {CPU: 10}, {CPU: 10}, {CPU: 13}}); !cmp.Equal(0.3, got, cmpopts.EquateApprox(0, 1e-9)) {
		t.Errorf("spread = %v, want 0.3", got)
	}
}

func TestPeakHeapSeesWhatWasHeld(t *testing.T) {
	const held = 64 << 20
	peak, err := PeakHeap(func() error { sink = make([]byte, held); return nil })
	sink = nil
	if err != nil || peak < held {
		t.Errorf("peak = %d, %v, want at least %d", peak, err, held)
	}
}

func TestLiveForgetsWhatWasDropped(t *testing.T) {
	before := Live()
	sink = make([]byte, 8<<20)
	during := Live()
	sink = nil
	after := Live()
	if during < before+7<<20 || after > before+4<<20 { // other objects come and go
		t.Errorf("live before, during, after = %d, %d, %d", before, during, after)
	}
}
