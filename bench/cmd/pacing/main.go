// Command pacing measures listings under a service's rate limit, over real
// sockets, and prints the results as Markdown. The client does not know the
// limit. Run it in the bench module's folder, on a machine that does nothing
// else:
//
//	go run ./cmd/pacing -svg ../docs/pacing.svg
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming/bench/internal/report"
)

type settings struct {
	length time.Duration // of a listing at the limit, at least
	pages  int           // of a listing that needs the whole limit, at least
	atOnce int           // requests a second of the cells that run side by side
	seed   uint64
	cells  bool   // print every cell
	svg    string // file for the plot; "": none
	rates  []int
}

func main() {
	s := settings{rates: rates}
	flag.DurationVar(&s.length, "length", 16*time.Second, "time that a listing takes at the limit, at least")
	// Among 80 requests, the four that are refused before the pacer knows
	// anything are 5 % by themselves.
	flag.IntVar(&s.pages, "pages", 200, "pages of a listing that needs the whole limit, at least")
	flag.IntVar(&s.atOnce, "at-once", 3000, "requests a second of the listings that run side by side")
	flag.Func("limits", "requests a second that the service allows (default 5,20,100)", func(text string) (err error) {
		s.rates, err = parseRates(text)
		return err
	})
	flag.Uint64Var(&s.seed, "seed", 1, "seed of the phases of whole seconds")
	flag.BoolVar(&s.cells, "cells", false, "print every listing")
	flag.StringVar(&s.svg, "svg", "", "file to write the plot to, such as ../docs/pacing.svg")
	flag.Parse()
	if s.length < time.Second || s.atOnce < 1 {
		fmt.Fprintln(os.Stderr, "pacing: -length must be at least 1s and -at-once positive")
		os.Exit(2)
	}
	if err := measureAll(s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pacing:", err)
		os.Exit(1)
	}
}

// parseRates reads limits from smallest to largest, such as 2,10,50.
func parseRates(text string) ([]int, error) {
	var rates []int
	for field := range strings.SplitSeq(text, ",") {
		rate, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || rate < 1 {
			return nil, fmt.Errorf("%q is not a number of requests a second", field)
		}
		rates = append(rates, rate)
	}
	slices.Sort(rates)
	return rates, nil
}

// long returns the length of a listing under a limit.
func (s settings) long(rate int) time.Duration {
	return max(s.length, time.Duration(s.pages)*time.Second/time.Duration(rate))
}

// fixed returns the same length under every limit.
func fixed(length time.Duration) func(rate int) time.Duration {
	return func(int) time.Duration { return length }
}

// measurements is everything the goals are about.
type measurements struct {
	grid, burstless, dropping, shared []outcome
	calls                             []callsOutcome
}

// sharedLength is how many times as long the listings of several clients take.
const sharedLength = 5

func measureAll(s settings, out io.Writer) error {
	random := rand.New(rand.NewPCG(s.seed, s.seed))
	begun := time.Now()
	var m measurements
	m.grid = run(grid(s.rates, ordinary, windows, 1, s.long, random), s.atOnce)
	// These only have to complete.
	m.burstless = run(grid(s.rates, []counting{burstlessBucket}, []int{0, 16}, 1, fixed(s.length/2), random), s.atOnce)
	m.dropping = run(grid(s.rates, []counting{droppingBucket}, []int{4, 16, 64}, 1, fixed(s.length), random), s.atOnce)
	// Which client is refused first is chance, so these run longer.
	m.shared = run(grid(s.rates, ordinary, []int{4, 64}, 3, fixed(sharedLength*s.length), random), s.atOnce)
	for _, hints := range []bool{true, false} {
		m.calls = append(m.calls, runCalls(hints))
	}

	report.Machine(out)
	fmt.Fprintf(out, "%d listings of %v at the limit (%v under a limit of %d) and %d of three clients of %v, over loopback in %v.\n\n",
		len(m.grid)+len(m.burstless)+len(m.dropping), s.length, s.long(s.rates[0]), s.rates[0],
		len(m.shared), sharedLength*s.length, time.Since(begun).Round(time.Second))
	if s.cells {
		printCells(out, m)
	}
	printSummary(out, s.rates, m.grid)
	printGoals(out, m)
	if s.svg != "" {
		return writePlot(s.svg, m.grid)
	}
	return nil
}
