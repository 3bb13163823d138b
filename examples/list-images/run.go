package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"syscall"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

const (
	program      = "list-images"
	sampleImages = 237
)

// run is the program: it lists onto stdout, tells the rest on stderr, and
// returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer, isTerminal func(io.Writer) bool) int {
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage())
		return demo.ExitOK
	case err != nil:
		fmt.Fprintf(stderr, "%s: %v\n%s -h lists the flags\n", program, err, program)
		return demo.ExitUsage
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	opts := o.client
	if o.verbose {
		handler := slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug})
		opts = append(opts, appstreaming.WithLogger(slog.New(handler)))
	}
	client, stop, err := demo.Connect(getenv, stderr, o.region, o.live || o.endpoint != "", appstreamingtest.SampleImages(sampleImages), opts...)
	var optionErr *appstreaming.OptionError
	switch {
	case errors.As(err, &optionErr):
		fmt.Fprintf(stderr, "%s: %v\n", program, o.named(optionErr))
		return demo.ExitUsage
	case err != nil:
		return demo.Report(stderr, program, err)
	}
	defer stop()

	// Rows that stream onto the same terminal are progress enough.
	watched := isTerminal(stderr) && !o.verbose && (o.output == "table" || !isTerminal(stdout))
	images := counter{ImageLister: client}
	listed, err := list(ctx, &images, o, newSink(o.output, stdout), newProgress(stderr, watched))
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // the reader has had enough, as head does
		return demo.ExitOK
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(stderr, "%s: interrupted after %d images\n", program, listed)
		return demo.ExitFailed
	}
	if listed > 0 {
		fmt.Fprintf(stderr, "%s: failed after %d images\n", program, listed)
	}
	return demo.Report(stderr, program, err)
}

// list writes the images to a sink and returns how many.
func list(ctx context.Context, images *counter, o options, out sink, p *progress) (listed int, err error) {
	defer func() {
		p.clear()
		if err != nil && listed == 0 {
			return // a failure must not look like an empty inventory
		}
		// What was listed is shown, whatever ended the listing.
		if closeErr := out.close(); err == nil {
			err = closeErr
		}
	}()
	for image, err := range appstreaming.Images(ctx, images, o.request, appstreaming.WithPrefetch(o.prefetch)) {
		if err != nil {
			return listed, err
		}
		if err := out.write(image); err != nil {
			return listed, err
		}
		listed++
		p.show(listed, int(images.count.Load()))
		if listed == o.limit {
			break
		}
	}
	return listed, nil
}

// counter is a lister that remembers Count, which images alone do not carry.
type counter struct {
	appstreaming.ImageLister
	count atomic.Int64
}

// ListImage passes the call on.
func (c *counter) ListImage(ctx context.Context, req appstreaming.ListImageRequest, opts ...appstreaming.Option) (*appstreaming.ListImageResponse, error) {
	page, err := c.ImageLister.ListImage(ctx, req, opts...)
	if err == nil {
		c.count.Store(int64(page.Count))
	}
	return page, err
}
