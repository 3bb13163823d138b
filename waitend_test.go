package appstreaming_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestAWaitEndsWithItsContextAtOnce(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user closed the window")
	creating := imageIn(0, appstreaming.ImageStatusCreating)
	for name, test := range map[string]struct {
		fault *appstreamingtest.Fault
		last  appstreaming.Image
	}{
		"in a pause":         {nil, creating},
		"in a poll":          {&appstreamingtest.Fault{Break: appstreamingtest.BreakHang}, appstreaming.Image{}},
		"in a poll's retry":  {&appstreamingtest.Fault{Code: appstreaming.CodeThrottlingUser, Header: map[string][]string{"Retry-After": {"15"}}}, appstreaming.Image{}},
		"in a poll's answer": {&appstreamingtest.Fault{Break: appstreamingtest.BreakHangBody}, appstreaming.Image{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
				service.Put(creating)
				if test.fault != nil {
					service.Fail(-1, *test.fault)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				after(10*time.Second, func() { cancel(cause) })
				start := time.Now()
				_, err := client.WaitForImage(ctx, "imgc-0", appstreaming.WaitOptions{Interval: time.Minute})
				var waitErr *appstreaming.WaitError
				if !errors.As(err, &waitErr) || !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
					t.Fatalf("got %v, want the cancellation and its cause", err)
				}
				if elapsed := time.Since(start); elapsed != 10*time.Second || waitErr.Last.ImageID != test.last.ImageID {
					t.Errorf("it took %v and last saw %q, want 10s and %q", elapsed, waitErr.Last.ImageID, test.last.ImageID)
				}
			})
		})
	}
}

func TestAWaitWhoseContextHasEndedAsksNothing(t *testing.T) {
	t.Parallel()
	waiting(t, 3, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := client.WaitForImage(ctx, "imgc-0", appstreaming.WaitOptions{}); !errors.Is(err, context.Canceled) || service.RequestCount() != 0 {
			t.Errorf("got %v and %d requests, want the cancellation and none", err, service.RequestCount())
		}
	})
}

func TestAWaitRefusesWhatCannotBeWaitedFor(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	client := service.Client()
	for _, id := range []string{"", "imgc-\x00", "imgc\r\n", "\xff"} {
		var paramErr *appstreaming.ParamError
		if _, err := client.WaitForImages(t.Context(), []string{"imgc-1", id}, appstreaming.WaitOptions{}); !errors.As(err, &paramErr) || paramErr.Field != "imageIDs[1]" {
			t.Errorf("id %q: got %v, want a *ParamError", id, err)
		}
	}
	for _, options := range []appstreaming.WaitOptions{{Interval: -1}, {MaxInterval: -time.Second}} {
		var optionErr *appstreaming.OptionError
		if _, err := client.WaitForImage(t.Context(), "imgc-1", options); !errors.As(err, &optionErr) || !strings.Contains(err.Error(), "Interval: -1") {
			t.Errorf("%+v: got %v, want an *OptionError", options, err)
		}
	}
	if _, err := new(appstreaming.Client).WaitForImage(t.Context(), "imgc-1", appstreaming.WaitOptions{}); !errors.Is(err, appstreaming.ErrUninitialized) {
		t.Errorf("zero client: got %v, want ErrUninitialized", err)
	}
	if images, err := client.WaitForImages(t.Context(), nil, appstreaming.WaitOptions{}); err != nil || len(images) != 0 {
		t.Errorf("no images: got %v, %v; want none", images, err)
	}
	if service.RequestCount() != 0 {
		t.Errorf("%d requests were sent", service.RequestCount())
	}
}

func TestAWaitsErrorIsOneLine(t *testing.T) {
	t.Parallel()
	err := &appstreaming.WaitError{ImageID: "imgc-1", Last: appstreaming.Image{ImageID: "imgc-1", Status: "X\r\nlevel=INFO msg=forged\x1b[2J"}, Err: appstreaming.ErrImageGone}
	if want := "appstreaming: waiting for image imgc-1, last seen X  level=INFO msg=forged [2J: image is no longer listed"; err.Error() != want {
		t.Errorf("got %q, want %q", err.Error(), want)
	}
}
