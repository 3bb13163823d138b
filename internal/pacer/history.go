package pacer

import "time"

// history counts the requests served lately. It divides time into parts, so a
// burst of any size needs little memory.
type history struct {
	counts [parts]int // of the latest parts; part n counts in n modulo parts
	latest int        // the part of the latest request
	from   time.Time  // the beginning of part 0
}

const (
	parts      = 15
	partLength = time.Duration(measureTime * float64(time.Second) / parts)
)

// add counts a request that was served now.
func (h *history) add(now time.Time) {
	h.advance(now)
	h.counts[h.latest%parts]++
}

// rate returns the requests a second over about the last measureTime.
func (h *history) rate(now time.Time) float64 {
	h.advance(now)
	total := 0
	for _, n := range h.counts {
		total += n
	}
	return float64(total) / measureTime
}

// advance forgets the parts that are too long ago.
func (h *history) advance(now time.Time) {
	if h.from.IsZero() {
		h.from = now
	}
	part := int(now.Sub(h.from) / partLength)
	for n := max(h.latest, part-parts) + 1; n <= part; n++ {
		h.counts[n%parts] = 0
	}
	h.latest = max(h.latest, part)
}
