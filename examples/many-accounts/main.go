// Program many-accounts lists the images of several accounts and regions side by side, as one stream under one rate limit.
// An account that the service throttles is slowed down by itself; the others go on.
// Try: cd examples/many-accounts && go run . | tail, and with accounts of yours: go run . -config accounts.json
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"text/tabwriter"

	"golang.org/x/time/rate"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func main() { program().Main() }

func program() *demo.Program {
	c := config{RequestsPerSecond: 10, Burst: 5}
	configured := false
	return &demo.Program{
		Name:  "many-accounts",
		About: "Lists the images of several accounts and regions as one stream, one line per image, under one rate limit.",
		Flags: func(f *demo.Flags) {
			f.Group("Accounts")
			f.Value("config", "`file` that names the accounts, such as accounts.json (default: the account of the standard chain)",
				func(path string) error { configured = true; return c.read(path) })
		},
		Live: func() bool { return configured },
		Run: func(ctx context.Context, s *demo.Session) error {
			// One limiter for all: clients wait for it before every request, retries included.
			limiter := rate.NewLimiter(rate.Limit(c.RequestsPerSecond), c.Burst)
			if s.Service != nil {
				sources, stop, err := local(limiter)
				if err != nil {
					return err
				}
				defer stop()
				fmt.Fprintf(s.Stderr, "It has %d accounts, one of which fails on purpose.\n", len(sources))
				_, err = list(ctx, sources, s.Stdout, s.Stderr)
				return err
			}
			if !configured {
				c.Accounts = []account{{Name: "default", Regions: []string{s.Region}}}
			}
			sources, err := c.sources(s.Getenv, append(s.Options, appstreaming.WithRateLimit(limiter)))
			if err != nil {
				return &demo.ExitError{Code: demo.ExitUsage, Err: err}
			}
			failed, err := list(ctx, sources, s.Stdout, s.Stderr)
			if err == nil && failed > 0 {
				err = fmt.Errorf("%d of %d listings failed", failed, len(sources))
			}
			return err
		},
	}
}

// list writes every image as a line as soon as it arrives, then how each source
// went. It returns how many failed.
func list(ctx context.Context, sources []source, stdout, stderr io.Writer) (failed int, err error) {
	listing, cancel := context.WithCancel(ctx)
	defer cancel()
	stream := merge(listing, sources)
	for row := range stream.rows {
		if err != nil {
			continue // the rest drains
		}
		_, err = fmt.Fprintf(stdout, "%s\t%s\t%s\t%s\t%s\n",
			row.source.account, row.source.region, row.image.ImageID, row.image.Status, demo.Clean(row.image.ImageName))
		if err != nil {
			cancel()
		}
	}
	if err != nil {
		return 0, err
	}
	table := tabwriter.NewWriter(stderr, 0, 0, 2, ' ', 0)
	for i, s := range sources {
		r := stream.results[i]
		fmt.Fprintf(table, "%s\t%s\t%d images\t", s.account, s.region, r.listed)
		switch {
		case r.err == nil:
			fmt.Fprintln(table, "ok"+s.pace.String())
			continue
		case errors.Is(r.err, context.Canceled):
			fmt.Fprintln(table, "interrupted")
		default:
			fmt.Fprintf(table, "FAILED: %s\n", demo.Clean(r.err.Error()))
		}
		failed++
	}
	if err := table.Flush(); err != nil {
		return failed, err
	}
	for i, s := range sources {
		if hint := demo.Hint(stream.results[i].err); hint != "" {
			fmt.Fprintf(stderr, "hint for %s in %s: %s\n", s.account, s.region, hint)
		}
	}
	return failed, ctx.Err()
}

// source is one account in one region.
type source struct {
	account, region string
	images          appstreaming.ImageLister
	pace            *pace
}

// pace counts the attempts of an account that the service throttled. The client
// waits and repeats them: with its own rate for each account, so a busy one does
// not hold up the others.
type pace struct{ throttled atomic.Int64 }

// observe is for WithObserver.
func (p *pace) observe(_ context.Context, a appstreaming.Attempt) {
	if errors.Is(a.Err, appstreaming.ErrThrottled) {
		p.throttled.Add(1)
	}
}

func (p *pace) String() string {
	if p == nil {
		return ""
	}
	if n := p.throttled.Load(); n > 0 {
		return fmt.Sprintf(", throttled %d times", n)
	}
	return ""
}
