// Program unit-test asks a service that uses the SDK which image a new desktop should start from. How the service is tested
// is the point: see goldimage/goldimage_test.go. Try: go run ./examples/unit-test -os Linux; go test -v ./examples/unit-test/...
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
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
	"github.com/wuying-go/appstreaming/examples/unit-test/goldimage"
)

const program = "unit-test"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process the hard way
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run returns the exit code: 0 when there is an image, 1 when there is none or
// the call failed, 2 when the arguments cannot be used.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(stderr)
	system := flags.String("os", string(appstreaming.OSTypeWindows), "operating `system`: Linux, Windows, Android")
	place := flags.String("deployed-to", "cn-hangzhou", "`region` the image must be deployed to")
	region := flags.String("region", "", "`region` of the endpoint (default ALIBABA_CLOUD_REGION_ID, else cn-shanghai)")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return demo.ExitOK
	case err != nil:
		return demo.ExitUsage
	case flags.NArg() > 0 || *place == "":
		fmt.Fprintf(stderr, "%s: no arguments are taken, and -deployed-to must not be empty\n", program)
		return demo.ExitUsage
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

	catalog := goldimage.Catalog{Images: client, Tag: appstreaming.Tag{Key: "env", Value: "production"}}
	image, err := catalog.Newest(ctx, appstreaming.OSType(*system), *place)
	if err != nil {
		code := demo.Report(stderr, program, err)
		if errors.Is(err, goldimage.ErrNone) {
			fmt.Fprintln(stderr, "  hint:       tag an available image env=production, or deploy it to that region")
		}
		return code
	}
	fmt.Fprintf(stdout, "%s\t%s\t%s\n", image.ImageID, image.Modified, demo.Clean(image.ImageName))
	return demo.ExitOK
}
