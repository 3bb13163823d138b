// Command paging measures how fast a listing of many pages is at several
// latencies and prefetch windows, and how much memory it takes, and prints the
// results as Markdown. The service runs in a child process and waits before
// every answer. It is run from the bench module's folder:
//
//	go run ./cmd/paging -svg ../docs/paging.svg
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wuying-go/appstreaming/bench/internal/report"
	"github.com/wuying-go/appstreaming/bench/internal/stub"
)

type settings struct {
	rounds    int
	pages     int    // per listing
	goalPages int    // of the listing the goals are about; 0: leave them out
	body      string // file of a page of 100 images
	svg       string // file for the plot; "": none
}

var (
	latencies = [...]time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond}
	windows   = [...]int{0, 2, 4, 8, 16}
)

func main() {
	stub.ChildMain()
	var s settings
	flag.IntVar(&s.rounds, "rounds", 3, "number of rounds; medians are printed")
	flag.IntVar(&s.pages, "pages", 200, "pages of a listing, of 100 images each")
	flag.IntVar(&s.goalPages, "goal", 1000, "pages of the listing at 20 ms for the goals; 0: none")
	flag.StringVar(&s.body, "data", "../testdata/conformance/pages/page-100.json", "file with a page of 100 images")
	flag.StringVar(&s.svg, "svg", "", "file to write the plot to, such as ../docs/paging.svg")
	flag.Parse()
	if s.rounds < 1 || s.pages < 2 || s.goalPages < 0 {
		fmt.Fprintln(os.Stderr, "paging: -rounds must be positive, -pages at least 2, -goal not negative")
		os.Exit(2)
	}
	if err := run(s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "paging:", err)
		os.Exit(1)
	}
}

func run(s settings, out io.Writer) error {
	report.Machine(out)
	fmt.Fprintf(out, "Listings of pages of 100 images with `Client.Pages`; medians of %d rounds. "+
		"The heap is the largest seen during a listing.\n\n", s.rounds)
	grid, err := measureGrid(s)
	if err != nil {
		return err
	}
	printGrid(out, grid)
	if s.svg != "" {
		if err := writePlot(s.svg, grid); err != nil {
			return err
		}
	}
	if s.goalPages == 0 {
		return nil
	}
	goals, err := measureGoals(s)
	if err != nil {
		return err
	}
	printGoals(out, s.goalPages, goals)
	return nil
}
