package main

import (
	"fmt"
	"io"
)

// progress is a line on a terminal that shows how far the listing is. It is
// silent when nobody watches.
type progress struct {
	terminal io.Writer // nil: silent
	shown    bool
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
	if p.terminal == nil || listed%every != 0 && listed != count {
		return
	}
	p.shown = true
	fmt.Fprintf(p.terminal, "\r%d of %d images", listed, count)
}

// clear removes the line.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.terminal, "\r\x1b[K")
		p.shown = false
	}
}
