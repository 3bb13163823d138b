package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// status shows the progress of an image: on a terminal in one line that is
// overwritten, elsewhere in a new line for every change.
type status struct {
	out     io.Writer
	live    bool // out is a terminal
	columns int  // width of the terminal

	mu      sync.Mutex
	id      string
	started time.Time
	news    string // of the last poll
	turn    int    // of the sign that shows that the program runs
}

func newStatus(out io.Writer, live bool, columns int) *status {
	if columns == 0 {
		columns = 80
	}
	return &status{out: out, live: live, columns: columns}
}

// start begins to show the image. The returned function ends that and removes
// the line from a terminal.
func (s *status) start(id string) (stop func()) {
	s.id, s.started, s.news = id, time.Now(), "not listed yet"
	if !s.live {
		return func() {}
	}
	s.draw()
	done := make(chan struct{})
	var drawing sync.WaitGroup
	drawing.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				s.draw()
			}
		}
	})
	return func() {
		close(done)
		drawing.Wait()
		fmt.Fprint(s.out, "\r\x1b[K")
	}
}

// poll receives the image as it is now.
func (s *status) poll(image appstreaming.Image) {
	news := describe(image)
	s.mu.Lock()
	same := news == s.news
	s.news = news
	s.mu.Unlock()
	switch {
	case s.live:
		s.draw()
	case !same:
		fmt.Fprintf(s.out, "%s: %s after %v\n", s.id, demo.Clean(news), time.Since(s.started).Round(time.Second))
	}
}

func (s *status) draw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	signs := [...]string{"|", "/", "-", `\`}
	s.turn++
	line := fmt.Sprintf("%s %v %s: %s", signs[s.turn%len(signs)], time.Since(s.started).Truncate(time.Second), s.id, s.news)
	line = demo.Cut(demo.Clean(line), s.columns-1) // a wrapped line could not be overwritten
	fmt.Fprint(s.out, "\r\x1b[K", line)
}

// describe returns an image's status and how far its deployment is, for example
// "CREATING, cn-hangzhou 40%, cn-shanghai 100%".
func describe(image appstreaming.Image) string {
	parts := []string{string(image.Status)}
	for _, d := range image.RegionDistributions {
		if percent, ok := d.ProgressPercent(); ok {
			parts = append(parts, fmt.Sprintf("%s %.0f%%", d.RegionID, percent))
		}
	}
	return strings.Join(parts, ", ")
}
