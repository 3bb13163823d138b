// Program find-image finds images by identifier, name or tags and prints them as JSON; exit code 3 says there are none.
// Try: go run ./examples/find-image -name DemoImage-00042
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

const (
	program = "find-image"

	exitNotFound = 3 // the call went well, and there is no such image
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process the hard way
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run returns the exit code: 0 when images were found, 1 when the call failed,
// 2 when the arguments cannot be used, 3 when there is no such image.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	var w wanted
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&w.request.ImageID, "id", "", "exact `identifier`")
	flags.StringVar(&w.request.ImageName, "name", "", "`text` that is part of the name")
	flags.BoolVar(&w.exact, "exact", false, "the -name is the whole name")
	flags.Func("tag", "`key=value`, or key for any value; may be repeated", func(s string) error {
		key, value, _ := strings.Cut(s, "=")
		w.request.Tags = append(w.request.Tags, appstreaming.Tag{Key: key, Value: value})
		return nil
	})
	region := flags.String("region", "", "`region` of the endpoint (default ALIBABA_CLOUD_REGION_ID, else cn-shanghai)")
	timeout := flags.Duration("timeout", time.Minute, "longest `duration` of the search; 0: no limit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return demo.ExitOK
		}
		return demo.ExitUsage
	}
	if w.empty() && !demo.HasCredentials(getenv) {
		w.request.ImageID = "imgc-06zyt9m93zwa00007"
		fmt.Fprintf(stderr, "Nothing asked for: looking for -id %s\n", w.request.ImageID)
	}
	if err := w.check(flags.NArg(), *timeout); err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", program, err)
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
	if *timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *timeout)
		defer cancel()
	}
	return find(ctx, client, w, stdout, stderr)
}

// wanted tells which images are looked for.
type wanted struct {
	request appstreaming.ListImageRequest
	exact   bool
}

func (w *wanted) empty() bool {
	return w.request.ImageID == "" && w.request.ImageName == "" && len(w.request.Tags) == 0
}

func (w *wanted) check(arguments int, timeout time.Duration) error {
	switch {
	case timeout < 0:
		return errors.New("-timeout must not be negative")
	case arguments > 0:
		return errors.New("what to look for is given by -id, -name and -tag")
	case w.empty():
		return errors.New("give at least one of -id, -name and -tag")
	case w.exact && w.request.ImageName == "":
		return errors.New("-exact needs -name")
	}
	return w.request.Validate()
}

// find prints the images, a JSON array in any case, and returns the exit code.
func find(ctx context.Context, lister appstreaming.ImageLister, w wanted, stdout, stderr io.Writer) int {
	found := []appstreaming.Image{} // marshals as [] when it stays empty
	for image, err := range appstreaming.Images(ctx, lister, w.request) {
		if err != nil {
			return demo.Report(stderr, program, err)
		}
		if w.exact && image.ImageName != w.request.ImageName {
			continue // the service matches parts
		}
		found = append(found, image)
	}
	out := json.NewEncoder(stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(found); err != nil {
		return demo.Report(stderr, program, err)
	}
	if len(found) == 0 {
		fmt.Fprintf(stderr, "%s: no such image: %v\n", program, w.request)
		return exitNotFound
	}
	return demo.ExitOK
}
