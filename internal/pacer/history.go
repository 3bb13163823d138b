package pacer

import "time"

// history remembers when the latest requests were served.
type history struct {
	times [128]time.Time
	total int // requests ever added
}

func (h *history) add(now time.Time) {
	h.times[h.total%len(h.times)] = now
	h.total++
}

// rate returns the requests a second over the last measureTime, or over the time
// that the remembered requests cover if that is shorter.
func (h *history) rate(now time.Time) float64 {
	known := min(h.total, len(h.times))
	count := 0
	for count < known && now.Sub(h.at(count)).Seconds() <= measureTime {
		count++
	}
	window := measureTime
	if count == len(h.times) {
		window = max(now.Sub(h.at(count-1)).Seconds(), 0.001)
	}
	return float64(count) / window
}

// at returns when a request was served, 0 being the latest.
func (h *history) at(ago int) time.Time { return h.times[(h.total-1-ago)%len(h.times)] }
