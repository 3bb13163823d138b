package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/wuying-go/appstreaming"
)

// progress is a line on a terminal that shows how far the listing is, and
// whether the service slows it down. It is silent when nobody watches. It is
// safe for concurrent use.
type progress struct {
	terminal io.Writer // nil: silent

	mu            sync.Mutex
	shown         bool
	listed, count int
	throttled     bool
}

func newProgress(stderr io.Writer, watched bool) *progress {
	if !watched {
		return &progress{}
	}
	return &progress{terminal: stderr}
}

// show shows the number of images, every 25 images and at the end.
func (p *progress) show(listed, count int) {
	const every = 25
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed, p.count = listed, count
	if listed%every == 0 || listed == count {
		p.draw()
	}
}

// observe is for WithObserver. It shows at once when the service
// begins to throttle. That ends with an attempt that did not have to wait.
func (p *progress) observe(_ context.Context, a appstreaming.Attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch before := p.throttled; {
	case errors.Is(a.Err, appstreaming.ErrThrottled):
		p.throttled = true
		if !before {
			p.draw()
		}
	case a.Err == nil && a.Waited == 0:
		p.throttled = false
	}
}

func (p *progress) draw() {
	if p.terminal == nil {
		return
	}
	p.shown = true
	fmt.Fprintf(p.terminal, "\r%d of %d images", p.listed, p.count)
	if p.throttled {
		fmt.Fprint(p.terminal, ", the service throttles")
	}
	fmt.Fprint(p.terminal, "\x1b[K")
}

// clear removes the line.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.terminal, "\r\x1b[K")
		p.shown = false
	}
}
