package main

import (
	"fmt"
	"io"

	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// progress is a line on a terminal that tells how far the listing is. It is
// silent on anything else, and beside a log.
type progress struct {
	terminal io.Writer // nil: silent
	shown    bool
}

func newProgress(stderr io.Writer, logging bool) *progress {
	if logging || !demo.IsTerminal(stderr) {
		return &progress{}
	}
	return &progress{terminal: stderr}
}

// show tells so many images, once in a while.
func (p *progress) show(listed, count int) {
	const every = 25
	if p.terminal == nil || listed%every != 0 && listed != count {
		return
	}
	p.shown = true
	fmt.Fprintf(p.terminal, "\r%d of %d images", listed, count)
}

// clear takes the line away.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.terminal, "\r\x1b[K")
		p.shown = false
	}
}
