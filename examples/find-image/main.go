// Program find-image finds images by identifier, name or tags and prints them as a JSON array.
// Try: go run ./examples/find-image -name DemoImage-00042
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

const exitNotFound = 3 // the call succeeded, and there is no such image

func main() { program().Main() }

func program() *demo.Program {
	var w wanted
	return &demo.Program{
		Name:    "find-image",
		About:   "Finds images by identifier, name or tags and prints them as a JSON array, also when there is one or none.",
		Exits:   "; 3 when there is no such image",
		Timeout: time.Minute,
		Samples: func() []appstreaming.Image { return appstreamingtest.SampleImages(237) },
		Flags:   w.flags,
		Check:   w.check,
		Run:     w.find,
	}
}

// wanted says which images to find.
type wanted struct {
	request appstreaming.ListImageRequest
	exact   bool
}

func (w *wanted) flags(f *demo.Flags) {
	f.Group("Which images")
	f.Text("id", &w.request.ImageID, "exact `identifier`")
	f.Text("name", &w.request.ImageName, "`text` that is part of the name")
	f.Toggle("exact", &w.exact, "the -name is the whole name")
	f.Value("tag", "`key=value`, or key for any value; may be repeated", func(s string) error {
		key, value, _ := strings.Cut(s, "=")
		w.request.Tags = append(w.request.Tags, appstreaming.Tag{Key: key, Value: value})
		return nil
	})
}

func (w *wanted) isEmpty() bool {
	return w.request.ImageID == "" && w.request.ImageName == "" && len(w.request.Tags) == 0
}

func (w *wanted) check(demo.Env) error {
	if w.exact && w.request.ImageName == "" {
		return errors.New("-exact needs -name")
	}
	return w.request.Validate()
}

// find prints the images. It prints nothing when the search fails.
func (w *wanted) find(ctx context.Context, s *demo.Session) error {
	if w.isEmpty() {
		if s.Service == nil {
			return &demo.ExitError{Code: demo.ExitUsage, Err: errors.New("specify at least one of -id, -name and -tag")}
		}
		w.request.ImageID = "imgc-06zyt9m93zwa00007"
		fmt.Fprintf(s.Stderr, "Without -id, -name or -tag this finds the sample image -id %s.\n", w.request.ImageID)
	}
	found := []appstreaming.Image{} // marshals as [] when it stays empty
	for image, err := range appstreaming.Images(ctx, s.Client, w.request) {
		if err != nil {
			return err
		}
		if w.exact && image.ImageName != w.request.ImageName {
			continue // the service matches parts of the name
		}
		found = append(found, image)
	}
	out := json.NewEncoder(s.Stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(found); err != nil {
		return err
	}
	if len(found) == 0 {
		return &demo.ExitError{Code: exitNotFound, Err: fmt.Errorf("no such image: %v", w.request)}
	}
	return nil
}
