// Program wait-for-image waits until an image is AVAILABLE, with a live status line on a terminal.
// Try: go run ./examples/wait-for-image, or with credentials: go run ./examples/wait-for-image -id imgc-06zyt9m93zwax8
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
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

const program = "wait-for-image"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process the hard way
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run returns the exit code: 0 when the image is available, 1 when it will not
// be or nobody waited long enough, 2 when the arguments cannot be used.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(stderr)
	id := flags.String("id", "", "`identifier` of the image")
	region := flags.String("region", "", "`region` of the endpoint (default ALIBABA_CLOUD_REGION_ID, else cn-shanghai)")
	timeout := flags.Duration("timeout", 30*time.Minute, "longest `duration` to wait; 0: no limit")
	interval := flags.Duration("interval", 0, "first `duration` between polls (default 2s; 300ms with the built-in service)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return demo.ExitOK
		}
		return demo.ExitUsage
	}
	switch {
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "%s: the image is given by -id\n", program)
		return demo.ExitUsage
	case *id == "" && demo.HasCredentials(getenv):
		fmt.Fprintf(stderr, "%s: give the image by -id\n", program)
		return demo.ExitUsage
	case *timeout < 0 || *interval < 0:
		fmt.Fprintf(stderr, "%s: -timeout and -interval must not be negative\n", program)
		return demo.ExitUsage
	}

	client, stop, err := connect(getenv, stderr, *region, id, interval)
	var optionErr *appstreaming.OptionError
	switch {
	case errors.As(err, &optionErr):
		fmt.Fprintf(stderr, "%s: -region: %v\n", program, err)
		return demo.ExitUsage
	case err != nil:
		return demo.Report(stderr, program, err)
	}
	defer stop()
	if *timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *timeout)
		defer cancel()
	}
	return wait(ctx, client, *id, *interval, stdout, newStatus(stderr, demo.IsTerminal(stderr)))
}

// wait shows the image's way to AVAILABLE and returns the exit code.
func wait(ctx context.Context, client *appstreaming.Client, id string, interval time.Duration, stdout io.Writer, s *status) int {
	stop := s.start(id)
	image, err := client.WaitForImage(ctx, id, appstreaming.WaitOptions{Interval: interval, OnPoll: s.poll})
	stop()
	if err == nil {
		fmt.Fprintf(stdout, "%s\t%s\t%s\t%s\n", image.ImageID, image.VersionID, image.Status, demo.Clean(image.ImageName))
		return demo.ExitOK
	}
	code := demo.Report(s.out, program, err)
	for reason, hint := range map[error]string{
		appstreaming.ErrImageFailed:    "the console tells why its creation failed; create it again",
		appstreaming.ErrImageGone:      "somebody has deleted it",
		appstreaming.ErrImageNotListed: "check the identifier, and whether the credentials are of the account that has it",
	} {
		if errors.Is(err, reason) {
			fmt.Fprintf(s.out, "  hint:       %s\n", hint)
		}
	}
	return code
}
