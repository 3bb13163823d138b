// Command compare measures this repository's client against its peers, on one
// machine over loopback, and prints the results as Markdown. The service runs
// in a child process, so that only the clients' CPU time is counted. It is run
// from the bench module's folder:
//
//	go run ./cmd/compare
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/wuying-go/appstreaming/bench/internal/measure"
	"github.com/wuying-go/appstreaming/bench/internal/report"
	"github.com/wuying-go/appstreaming/bench/internal/stub"
)

type settings struct {
	plan  measure.Plan
	pages string // folder of page-10.json and page-100.json
	gzip  bool
	cold  int
}

func main() {
	stub.ChildMain()
	var s settings
	flag.IntVar(&s.plan.Rounds, "rounds", 12, "number of rounds; every client has one turn in each")
	flag.DurationVar(&s.plan.Batch, "batch", 250*time.Millisecond, "approximate length of a turn")
	flag.IntVar(&s.plan.Calls, "pages", 0, "pages per turn; 0: as many as -batch allows")
	flag.StringVar(&s.pages, "data", "../testdata/conformance/pages", "folder of page-10.json and page-100.json")
	flag.BoolVar(&s.gzip, "gzip", false, "compress responses for clients that accept it")
	flag.IntVar(&s.cold, "cold", 21, "process starts of each program for the cold start; 0: none")
	flag.Parse()
	if s.plan.Rounds < 1 || s.plan.Calls < 0 || s.plan.Batch <= 0 || s.cold < 0 {
		fmt.Fprintln(os.Stderr, "compare: -rounds and -batch must be positive, -pages and -cold not negative")
		os.Exit(2)
	}
	if err := run(s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// run measures everything and prints each part as it is done.
func run(s settings, out io.Writer) error {
	report.Machine(out)
	report.Modules(out,
		"github.com/alibabacloud-go/darabonba-openapi/v2",
		"github.com/alibabacloud-go/tea",
		"github.com/aliyun/alibaba-cloud-sdk-go")
	fmt.Fprintf(out, "Medians of %d rounds, the clients taking turns. CPU is the client process's user and system time.\n", s.plan.Rounds)
	if s.gzip {
		fmt.Fprintln(out, "The service compresses its answers.")
	}
	fmt.Fprintln(out)

	var found findings
	for _, size := range []int{10, 100} {
		file := s.pageFile(size)
		clients, err := comparePages(s, file)
		if err != nil {
			return err
		}
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		printPages(out, size, info.Size(), clients)
		found.small, found.page = found.page, stats{clients, size, info.Size()}
	}

	var err error
	if found.call, err = measureOverhead(s); err != nil {
		return err
	}
	printOverhead(out, found.call)
	if found.kept, err = measureRetained(s.pageFile(100)); err != nil {
		return err
	}
	printRetained(out, found.kept)
	if s.cold > 0 {
		if found.cold, err = measureCold(s.cold, s.pageFile(100)); err != nil {
			return err
		}
		printCold(out, found.cold)
	}
	printGoals(out, found.goals())
	return nil
}

func (s settings) pageFile(images int) string {
	return filepath.Join(s.pages, fmt.Sprintf("page-%d.json", images))
}
