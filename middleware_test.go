package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

type handler = appstreaming.Handler

// answeredBy returns a middleware that calls f instead of the next handler.
func answeredBy(f handler) appstreaming.Option {
	return appstreaming.WithMiddleware(func(handler) handler { return f })
}

func TestMiddlewareWrapsEveryCallFirstGivenOutermost(t *testing.T) {
	t.Parallel()
	var events []string
	named := func(name string) appstreaming.Option {
		return appstreaming.WithMiddleware(func(next handler) handler {
			return func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
				events = append(events, "enter "+name)
				page, err := next(ctx, req)
				events = append(events, "leave "+name)
				return page, err
			}
		})
	}
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	client := service.Client(named("client 1"), named("client 2"))
	if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}, named("call")); err != nil {
		t.Fatal(err)
	}
	want := []string{"enter client 1", "enter client 2", "enter call", "leave call", "leave client 2", "leave client 1"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// listings are the ways to list images. Each makes at least one call.
var listings = map[string]func(context.Context, *appstreaming.Client) error{
	"ListImage": func(ctx context.Context, c *appstreaming.Client) error {
		_, err := c.ListImage(ctx, appstreaming.ListImageRequest{})
		return err
	},
	"Pager": func(ctx context.Context, c *appstreaming.Client) error {
		_, err := appstreaming.NewPager(c, appstreaming.ListImageRequest{}).Next(ctx)
		return err
	},
	"Images": func(ctx context.Context, c *appstreaming.Client) error {
		for _, err := range c.Images(ctx, appstreaming.ListImageRequest{PageSize: 10}) {
			if err != nil {
				return err
			}
		}
		return nil
	},
	"Images with prefetch": func(ctx context.Context, c *appstreaming.Client) error {
		for _, err := range c.Images(ctx, appstreaming.ListImageRequest{PageSize: 10}, appstreaming.WithPrefetch(4)) {
			if err != nil {
				return err
			}
		}
		return nil
	},
	"Snapshot": func(ctx context.Context, c *appstreaming.Client) error {
		_, err := c.Snapshot(ctx, appstreaming.ListImageRequest{}, appstreaming.SnapshotOptions{})
		return err
	},
	"GetImage": func(ctx context.Context, c *appstreaming.Client) error {
		_, err := c.GetImage(ctx, appstreamingtest.SampleImages(1)[0].ImageID)
		return err
	},
	"GetImageByName": func(ctx context.Context, c *appstreaming.Client) error {
		_, err := c.GetImageByName(ctx, appstreamingtest.SampleImages(1)[0].ImageName)
		return err
	},
	"WaitForImage": func(ctx context.Context, c *appstreaming.Client) error {
		id := appstreamingtest.SampleImages(1)[0].ImageID
		_, err := c.WaitForImage(ctx, id, appstreaming.WaitOptions{Interval: time.Second})
		return err
	},
}

func TestMiddlewareSeesEveryRequestOfEveryListing(t *testing.T) {
	t.Parallel()
	for name, list := range listings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			images := appstreamingtest.SampleImages(35)
			images[0].Status = appstreaming.ImageStatusAvailable
			service := appstreamingtest.NewServer(t, images...)
			calls := make(chan appstreaming.ListImageRequest, 100)
			client := service.Client(appstreaming.WithMiddleware(func(next handler) handler {
				return func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
					calls <- req
					return next(ctx, req)
				}
			}))
			if err := list(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if len(calls) == 0 || len(calls) != service.RequestCount() {
				t.Errorf("the middleware saw %d calls of %d", len(calls), service.RequestCount())
			}
		})
	}
}

func TestAMiddlewaresErrorIsReturnedAsItIs(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused by the middleware")
	client, err := untouched(t, answeredBy(func(context.Context, appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
		return nil, refused
	}))
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range listings {
		if name == "WaitForImage" {
			continue // retries failed polls, which takes time
		}
		if got := list(t.Context(), client); got != refused {
			t.Errorf("%s returned %v, want the very error", name, got)
		}
	}
}

func TestAMiddlewaresPanicReachesTheCaller(t *testing.T) {
	t.Parallel()
	client, err := untouched(t, answeredBy(func(context.Context, appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
		panic("from the middleware")
	}))
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range listings {
		func() {
			defer func() {
				if got := recover(); got != "from the middleware" {
					t.Errorf("%s: recovered %v", name, got)
				}
			}()
			list(t.Context(), client)
		}()
	}
}

func TestAMiddlewareMayChangeRequestContextAndResponse(t *testing.T) {
	t.Parallel()
	type key struct{}
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(30)...)
	var observed any
	client := service.Client(
		appstreaming.WithMiddleware(func(next handler) handler {
			return func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
				req.PageSize = 7
				page, err := next(context.WithValue(ctx, key{}, "span"), req)
				if err == nil {
					page.Message = "changed"
				}
				return page, err
			}
		}),
		appstreaming.WithObserver(func(ctx context.Context, _ appstreaming.Attempt) { observed = ctx.Value(key{}) }))
	page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
	if err != nil || len(page.Images) != 7 || page.Message != "changed" || observed != "span" {
		t.Errorf("got %+v, %v; the observer's context holds %v", page, err, observed)
	}

	// The changed request is validated.
	invalid := service.Client(appstreaming.WithMiddleware(func(next handler) handler {
		return func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
			req.PageSize = -1
			return next(ctx, req)
		}
	}))
	service.ForgetRequests()
	var paramErr *appstreaming.ParamError
	if _, err := invalid.ListImage(t.Context(), appstreaming.ListImageRequest{}); !errors.As(err, &paramErr) || service.RequestCount() != 0 {
		t.Errorf("got %v after %d requests, want a *ParamError and none", err, service.RequestCount())
	}
}

func TestABrokenMiddlewareIsAnError(t *testing.T) {
	t.Parallel()
	client, err := untouched(t)
	if err != nil {
		t.Fatal(err)
	}
	req := appstreaming.ListImageRequest{}
	_, err = client.ListImage(t.Context(), req, appstreaming.WithMiddleware(func(handler) handler { return nil }))
	checkOptionError(t, "nil handler", err)
	page, err := client.ListImage(t.Context(), req, answeredBy(
		func(context.Context, appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
			return nil, nil
		}))
	if page != nil || err == nil {
		t.Errorf("neither a response nor an error: got %v, %v", page, err)
	}
}

// Log slow pages. The middleware runs around every call, including those of
// pagers, snapshots and waits.
func ExampleWithMiddleware() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	const threshold = 0 // a program would allow a second or two
	slow := func(next appstreaming.Handler) appstreaming.Handler {
		return func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
			start := time.Now()
			page, err := next(ctx, req)
			if time.Since(start) >= threshold {
				fmt.Println("slow:", req)
			}
			return page, err
		}
	}
	client := service.Client(appstreaming.WithMiddleware(slow))

	for _, err := range client.Images(context.Background(), appstreaming.ListImageRequest{OSType: appstreaming.OSTypeLinux}) {
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// slow: ListImage(OsType=Linux PageNumber=1 PageSize=100)
}
