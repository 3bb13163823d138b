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

// columns a terminal has at least.
const columns = 80

// status shows how an image comes along: on a terminal by a line that is
// written over, elsewhere by a line whenever something is new.
type status struct {
	out  io.Writer
	live bool

	mu      sync.Mutex
	id      string
	started time.Time
	news    string // as of the last poll
	turn    int    // of the sign that shows the program is alive
}

func newStatus(out io.Writer, live bool) *status {
	return &status{out: out, live: live}
}

// start begins to show the image. The function returned ends that, and leaves
// no line behind on a terminal.
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

// poll takes note of the image as it is now.
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
	if runes := []rune(demo.Clean(line)); len(runes) >= columns {
		line = string(runes[:columns-2]) + "…" // one that wraps could not be written over
	}
	fmt.Fprint(s.out, "\r\x1b[K", line)
}

// describe tells an image's status and how far its deployment to regions is:
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
