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
		Run:     w.run,
	}
}

// wanted says which images to find.
type wanted struct {
	request  appstreaming.ListImageRequest
	exact    bool // the name is the whole name
	versions bool // all versions of an image
}

func (w *wanted) flags(f *demo.Flags) {
	f.Group("Which images")
	f.Text("id", &w.request.ImageID, "exact `identifier`")
	f.Text("name", &w.request.ImageName, "`text` that is part of the name")
	f.Toggle("exact", &w.exact, "the -name is the whole name; several images of that name are an error")
	f.Value("tag", "`key=value`, or key for any value; may be repeated", func(s string) error {
		key, value, _ := strings.Cut(s, "=")
		w.request.Tags = append(w.request.Tags, appstreaming.Tag{Key: key, Value: value})
		return nil
	})
	f.Toggle("versions", &w.versions, "with -id alone: all versions of the image, not only the one in use")
}

func (w *wanted) check(demo.Env) error {
	switch {
	case w.exact && (w.request.ImageName == "" || w.request.ImageID != "" || len(w.request.Tags) > 0):
		return errors.New("-exact is for -name alone")
	case w.versions && !w.byID():
		return errors.New("-versions is for -id alone")
	}
	err := w.request.Validate()
	var paramErr *appstreaming.ParamError
	if errors.As(err, &paramErr) { // the flag's name where the library's error has the field's
		field, _, _ := strings.Cut(paramErr.Field, "[")
		name := map[string]string{"ImageID": "id", "ImageName": "name", "Tags": "tag"}[field]
		return fmt.Errorf("-%s: %q %s", name, paramErr.Value, paramErr.Reason)
	}
	return err
}

func (w *wanted) byID() bool {
	return w.request.ImageID != "" && w.request.ImageName == "" && len(w.request.Tags) == 0
}

// run prints the images. It prints nothing when the search fails.
func (w *wanted) run(ctx context.Context, s *demo.Session) error {
	if w.request.ImageID == "" && w.request.ImageName == "" && len(w.request.Tags) == 0 {
		if s.Service == nil {
			return &demo.ExitError{Code: demo.ExitUsage, Err: errors.New("specify at least one of -id, -name and -tag")}
		}
		w.request.ImageID = "imgc-06zyt9m93zwa00007"
		fmt.Fprintf(s.Stderr, "Without -id, -name or -tag this finds the sample image -id %s.\n", w.request.ImageID)
	}
	found, err := w.find(ctx, s.Client)
	if errors.Is(err, appstreaming.ErrImageNotFound) {
		found, err = []appstreaming.Image{}, nil // marshals as []
	}
	if err != nil {
		return err
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

// find returns the images.
func (w *wanted) find(ctx context.Context, client *appstreaming.Client) ([]appstreaming.Image, error) {
	switch {
	case w.exact:
		image, err := client.GetImageByName(ctx, w.request.ImageName)
		return []appstreaming.Image{image}, err
	case w.byID() && !w.versions:
		image, err := client.GetImage(ctx, w.request.ImageID)
		return []appstreaming.Image{image}, err
	}
	found, err := appstreaming.Collect(client.Images(ctx, w.request))
	if err == nil && len(found) == 0 {
		err = appstreaming.ErrImageNotFound
	}
	return found, err
}
