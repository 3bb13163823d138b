// Program inventory-report writes one HTML page about all images: counts, charts, and a table to sort and filter; it works offline.
// Try: go run ./examples/inventory-report -out report.html, and open it in a browser.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func main() { program().Main() }

func program() *demo.Program {
	out := "-"
	return &demo.Program{
		Name:    "inventory-report",
		About:   "Writes one HTML page about all images: counts, charts, and a table to sort and filter.",
		Samples: func() []appstreaming.Image { return appstreamingtest.SampleImages(237) },
		Flags: func(f *demo.Flags) {
			f.Group("Report")
			f.Text("out", &out, "`file` to write; - is standard output, unless that is a terminal (default -)")
		},
		Check: func(env demo.Env) error {
			if out == "-" && env.IsTerminal(env.Stdout) {
				return errors.New("the report is a page of HTML; name a file with -out, such as -out report.html")
			}
			return nil
		},
		Run: func(ctx context.Context, s *demo.Session) error {
			page, count, err := report(ctx, s.Client, s.Source(), time.Now())
			if err != nil {
				return err
			}
			if err := write(out, page, s.Stdout); err != nil {
				return err
			}
			if out != "-" {
				fmt.Fprintf(s.Stderr, "%d images in %s\n", count, out)
			}
			return nil
		},
	}
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
