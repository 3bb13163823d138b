// Program custom-credentials signs with STS keys from a callback, which renews them before they expire and when one is refused.
// Try: go run ./examples/custom-credentials, or: aliyun sts AssumeRole ... > sts.json; go run ./examples/custom-credentials -file sts.json
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

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

const program = "custom-credentials"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process the hard way
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run returns the exit code: 0 when all went well, 1 when a call failed, 2 when
// the arguments cannot be used.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("file", "", "`path` of what \"aliyun sts AssumeRole\" prints, which something else keeps fresh")
	region := flags.String("region", "", "`region` of the endpoint (default ALIBABA_CLOUD_REGION_ID, else cn-shanghai)")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return demo.ExitOK
	case err != nil:
		return demo.ExitUsage
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "%s: no arguments are taken\n", program)
		return demo.ExitUsage
	}

	use, err := connect(*file, *region, getenv, stderr)
	var optionErr *appstreaming.OptionError
	switch {
	case errors.As(err, &optionErr):
		fmt.Fprintf(stderr, "%s: -region: %v\n", program, err)
		return demo.ExitUsage
	case err != nil:
		return demo.Report(stderr, program, err)
	}
	defer use.stop()
	return twice(ctx, use, stdout, stderr)
}

// twice lists two times, as a program that runs for long would, and tells which
// key that took.
func twice(ctx context.Context, use *connection, stdout, stderr io.Writer) int {
	for call := 1; call <= 2; call++ {
		page, err := use.client.ListImage(ctx, appstreaming.ListImageRequest{})
		if err != nil {
			return demo.Report(stderr, program, err)
		}
		fmt.Fprintf(stdout, "call %d: %d images, attempts: %d, key: %s\n", call, page.Count, page.Attempts, use.keys.accessKeyID())
		if call == 1 && use.revoke != nil {
			use.revoke()
			fmt.Fprintln(stdout, "now the service lets the token expire, long before its time")
		}
	}
	return demo.ExitOK
}
