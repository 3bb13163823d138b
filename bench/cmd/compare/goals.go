package main

import (
	"fmt"
	"io"
	"math"

	"github.com/wuying-go/appstreaming/bench/internal/report"
)

// findings holds all measurements.
type findings struct {
	small, page stats // of pages of 10 and of 100 images
	call        overhead
	kept        retained
	cold        coldStart
}

// stats holds the cost of the clients' calls for one size of page.
type stats struct {
	clients []stat
	images  int
	bytes   int64
}

// perImage returns the allocations of one more image on a page. It rounds,
// because a garbage collection empties the pools now and then, which costs
// hundredths of an allocation.
func (f findings) perImage() float64 {
	more := f.page.clients[peerOurs].Allocs - f.small.clients[peerOurs].Allocs
	return math.Round(10*more/float64(f.page.images-f.small.images)) / 10
}

// A goal is a bound and the measured value.
type goal struct {
	what, bound, measured string
	met                   bool
}

// atMost is a goal for a number that should be small.
func atMost(what string, bound, measured float64, format func(float64) string) goal {
	return goal{what, "at most " + format(bound), format(measured), measured <= bound}
}

// goals compares the findings with the goals of this project.
func (f findings) goals() []goal {
	cpu := func(peer int) float64 { return f.page.clients[peer].CPU }
	ours := f.page.clients[peerOurs]
	fraction := func(x float64) string { return fmt.Sprintf("1/%.3g", 1/x) }
	number := func(x float64) string { return fmt.Sprintf("%.3g", x) }
	goals := []goal{
		atMost("CPU time against the vendor's core", 1.0/20, cpu(peerOurs)/cpu(peerVendor), fraction),
		atMost("CPU time against net/http + encoding/json", 1.0/4, cpu(peerOurs)/cpu(peerPlain), fraction),
		atMost("CPU time against net/http alone", 2, cpu(peerOurs)/cpu(peerRaw), report.Times),
		atMost("allocations per image", 6, f.perImage(), number),
		atMost("allocations per call without decoding", 96, f.call.loopback.ours.Allocs, number),
		atMost("bytes allocated against the body's", 1.5, ours.Bytes/float64(f.page.bytes), report.Times),
		// Over loopback the difference has net/http's own cost of a context with a
		// deadline in it; the table of calls shows both.
		atMost("time that building, signing, attempts, credentials and hooks add to http.Client.Do",
			15e3, f.call.memory.added.Wall, report.Duration),
		atMost("allocations added to http.Client.Do", 40, f.call.loopback.added.Allocs, number),
		// One image alone may round up differently from one among others.
		atMost("memory one kept image holds, against its share of the page", 1.5, f.kept.image*float64(f.kept.images)/f.kept.page, report.Times),
	}
	if f.cold.plain.firstPage > 0 {
		goals = append(goals,
			atMost("cold start against net/http + encoding/json", 1, f.cold.ours.firstPage/f.cold.plain.firstPage, report.Times))
	}
	return goals
}

func printGoals(out io.Writer, goals []goal) {
	fmt.Fprint(out, "Goals, for the page of 100 images:\n\n")
	var rows [][]string
	for _, g := range goals {
		verdict := "met"
		if !g.met {
			verdict = "MISSED"
		}
		rows = append(rows, []string{g.what, g.bound, g.measured, verdict})
	}
	report.Table(out, []string{"what", "goal", "measured", "verdict"}, rows)
}
