// Program wait-for-image waits until an image is AVAILABLE, with a live status line on a terminal.
// Try: go run ./examples/wait-for-image, or with credentials: go run ./examples/wait-for-image -id imgc-06zyt9m93zwax8
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func main() { program().Main() }

func program() *demo.Program {
	var id string
	var interval time.Duration
	return &demo.Program{
		Name:    "wait-for-image",
		About:   "Waits until an image is AVAILABLE and prints its identifier, version, status and name.",
		Timeout: 30 * time.Minute,
		Samples: func() []appstreaming.Image { return appstreamingtest.SampleImages(9) },
		Flags: func(f *demo.Flags) {
			f.Group("Wait")
			f.Text("id", &id, "`identifier` of the image")
			f.Duration("interval", &interval, "first `duration` between polls (default 2s; 300ms with the built-in service)")
		},
		Check: func(demo.Env) error {
			err := appstreaming.ListImageRequest{ImageID: id}.Validate()
			var paramErr *appstreaming.ParamError
			if errors.As(err, &paramErr) { // the flag's name where the library's error has the field's
				return fmt.Errorf("-id: %q %s", paramErr.Value, paramErr.Reason)
			}
			if interval != 0 && interval < 10*time.Millisecond {
				return fmt.Errorf("-interval: %v must be at least 10ms", interval)
			}
			return err
		},
		Run: func(ctx context.Context, s *demo.Session) error {
			switch {
			case id == "" && s.Service == nil:
				return &demo.ExitError{Code: demo.ExitUsage, Err: errors.New("specify the image with -id")}
			case s.Service != nil:
				id, interval = growing(s.Service, id, interval)
			}
			return wait(ctx, s, id, interval)
		},
	}
}

// wait shows the image's progress until it is AVAILABLE, then prints it.
func wait(ctx context.Context, s *demo.Session, id string, interval time.Duration) error {
	status := newStatus(s.Stderr, s.CanDraw(s.Stderr), s.Columns(s.Stderr))
	stop := status.start(id)
	image, err := s.Client.WaitForImage(ctx, id, appstreaming.WaitOptions{Interval: interval, OnPoll: status.poll})
	stop()
	if err != nil {
		return &demo.ExitError{Code: demo.ExitFailed, Err: err, Hint: hint(err)}
	}
	_, err = fmt.Fprintf(s.Stdout, "%s\t%s\t%s\t%s\n", image.ImageID, image.VersionID, image.Status, demo.Clean(image.ImageName))
	return err
}

// hint returns what the user can do about an image that does not become
// available, or nothing.
func hint(err error) string {
	switch {
	case errors.Is(err, appstreaming.ErrImageFailed):
		return "the console shows why image creation failed; create it again"
	case errors.Is(err, appstreaming.ErrImageGone):
		return "somebody has deleted it"
	case errors.Is(err, appstreaming.ErrImageNotListed):
		return "check the identifier, and whether the credentials belong to the account that owns the image"
	}
	return ""
}
