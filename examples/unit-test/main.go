// Program unit-test asks a service that uses the SDK which image a new desktop should start from. How the service is tested
// is the point: see goldimage/goldimage_test.go. Try: go run ./examples/unit-test -os Linux; go test -v ./examples/unit-test/...
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
	"github.com/wuying-go/appstreaming/examples/unit-test/goldimage"
)

func main() { program().Main() }

func program() *demo.Program {
	system, place := string(appstreaming.OSTypeWindows), "cn-hangzhou"
	return &demo.Program{
		Name:    "unit-test",
		About:   "Prints the image a new desktop should start from: the newest one with the tag env=production.",
		Samples: func() []appstreaming.Image { return appstreamingtest.SampleImages(237) },
		Flags: func(f *demo.Flags) {
			f.Group("Which image")
			f.OneOf("os", &system, "operating `system`: Linux, Windows or Android (default Windows)", "Linux", "Windows", "Android")
			f.Text("deployed-to", &place, "`region` the image must be deployed to (default cn-hangzhou)")
		},
		Run: func(ctx context.Context, s *demo.Session) error {
			catalog := goldimage.Catalog{Images: s.Client, Tag: appstreaming.Tag{Key: "env", Value: "production"}}
			image, err := catalog.Newest(ctx, appstreaming.OSType(system), place)
			switch {
			case errors.Is(err, goldimage.ErrNone):
				const hint = "tag an available image env=production, or deploy it to that region"
				return &demo.ExitError{Code: demo.ExitFailed, Err: err, Hint: hint}
			case err != nil:
				return err
			}
			_, err = fmt.Fprintf(s.Stdout, "%s\t%s\t%s\n", image.ImageID, image.Modified, demo.Clean(image.ImageName))
			return err
		},
	}
}
