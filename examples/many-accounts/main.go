// Program many-accounts lists the images of several accounts and regions side by side, as one stream under one rate limit.
// Try: cd examples/many-accounts && go run . | tail, and with accounts of yours: go run . -config accounts.json
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"

	"golang.org/x/time/rate"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

const program = "many-accounts"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process the hard way
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run returns the exit code: 0 when every account was listed, 1 when one was
// not, 2 when the arguments or the configuration cannot be used. The failure
// staged by the built-in services is none.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(stderr)
	path := flags.String("config", "", "`file` that names the accounts (accounts.json is an example)")
	region := flags.String("region", "", "`region` of the endpoint when there are credentials and no -config")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return demo.ExitOK
	case err != nil:
		return demo.ExitUsage
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "%s: no arguments are taken; accounts are named by -config\n", program)
		return demo.ExitUsage
	}

	c, err := configuration(*path, demo.Region(getenv, *region))
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", program, err)
		return demo.ExitUsage
	}
	// One limiter for all: clients ask it before every request, retries included.
	limiter := rate.NewLimiter(rate.Limit(c.RequestsPerSecond), c.Burst)
	var sources []source
	stop := func() {}
	staged := *path == "" && !demo.HasCredentials(getenv)
	if staged {
		sources, stop, err = local(stderr, limiter)
	} else {
		sources, err = c.sources(getenv, limiter)
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", program, err)
		return demo.ExitUsage
	}
	defer stop()

	failed, err := list(ctx, sources, stdout, stderr)
	switch {
	case errors.Is(err, syscall.EPIPE): // the reader has had enough, as head does
		return demo.ExitOK
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "%s: interrupted\n", program)
		return demo.ExitFailed
	case err != nil:
		return demo.Report(stderr, program, err)
	case failed > 0 && !staged:
		return demo.ExitFailed
	}
	return demo.ExitOK
}

// list writes every image as a line as soon as it is there, and then tells per
// source how it went. It returns how many failed.
func list(ctx context.Context, sources []source, stdout, stderr io.Writer) (failed int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream := merge(ctx, sources)
	for row := range stream.rows {
		if err != nil {
			continue // the rest drains
		}
		if _, err = fmt.Fprintf(stdout, "%s\t%s\t%s\t%s\t%s\n", row.source.account, row.source.region, row.image.ImageID, row.image.Status, demo.Clean(row.image.ImageName)); err != nil {
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
			fmt.Fprintln(table, "ok")
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
	return failed, nil
}

// source is one account in one region.
type source struct {
	account, region string
	images          appstreaming.ImageLister
}
