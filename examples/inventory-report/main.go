// Program inventory-report writes one HTML page about all images: counts, charts, and a table to sort and filter; it works offline.
// Try: go run ./examples/inventory-report -out report.html, and open it in a browser.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

const program = "inventory-report"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process the hard way
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run returns the exit code: 0 when the report is written, 1 when a call failed
// or the file could not be written, 2 when the arguments cannot be used.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("out", "-", "`file` to write; - is standard output")
	region := flags.String("region", "", "`region` of the endpoint (default ALIBABA_CLOUD_REGION_ID, else cn-shanghai)")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return demo.ExitOK
	case err != nil:
		return demo.ExitUsage
	case *out == "-" && demo.IsTerminal(stdout):
		fmt.Fprintf(stderr, "%s: the report is a page of HTML; name a file with -out, such as -out report.html\n", program)
		return demo.ExitUsage
	case flags.NArg() > 0 || *out == "":
		fmt.Fprintf(stderr, "%s: the file is given by -out\n", program)
		return demo.ExitUsage
	}
	source := demo.Region(getenv, *region)
	if !demo.HasCredentials(getenv) {
		source = "built-in service"
	}
	client, stop, err := demo.Connect(getenv, stderr, *region, false, appstreamingtest.SampleImages(237), appstreaming.WithApplication(program, ""))
	var optionErr *appstreaming.OptionError
	switch {
	case errors.As(err, &optionErr):
		fmt.Fprintf(stderr, "%s: -region: %v\n", program, err)
		return demo.ExitUsage
	case err != nil:
		return demo.Report(stderr, program, err)
	}
	defer stop()

	page, count, err := report(ctx, client, source, time.Now())
	if err == nil {
		err = write(*out, page, stdout)
	}
	switch {
	case errors.Is(err, syscall.EPIPE): // the reader has had enough, as head does
		return demo.ExitOK
	case err != nil:
		return demo.Report(stderr, program, err)
	case *out != "-":
		fmt.Fprintf(stderr, "%d images in %s\n", count, *out)
	}
	return demo.ExitOK
}

// report lists all images and makes the page, whole or not at all.
func report(ctx context.Context, client *appstreaming.Client, source string, now time.Time) (page []byte, count int, err error) {
	// Two passes that agree: counts of a single one could miss an image while
	// others are created.
	snapshot, err := client.Snapshot(ctx, appstreaming.ListImageRequest{}, appstreaming.SnapshotOptions{}, appstreaming.WithPrefetch(4))
	if err != nil && !errors.Is(err, appstreaming.ErrUnstable) {
		return nil, 0, err
	}
	var b bytes.Buffer
	if err := render(&b, snapshot, source, now); err != nil {
		return nil, 0, err
	}
	return b.Bytes(), len(snapshot.Images), nil
}

func write(path string, page []byte, stdout io.Writer) error {
	if path == "-" {
		_, err := stdout.Write(page)
		return err
	}
	return os.WriteFile(path, page, 0o600)
}
