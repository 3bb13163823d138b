package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// atPage calls change when the page of that number is asked for the nth time,
// before it is answered.
func atPage(service *appstreamingtest.Server, page string, nth int32, change func()) {
	var asked atomic.Int32
	service.OnRequest(func(r appstreamingtest.Request) {
		if r.Params["PageNumber"] == page && asked.Add(1) == nth {
			change()
		}
	})
}

func byTens() appstreaming.ListImageRequest { return appstreaming.ListImageRequest{PageSize: 10} }

// Images detects a change by Count. Only a snapshot detects changes that cancel
// out in Count.
func TestChangesDuringAPassAreHealedOrTakeASnapshot(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(41)
	held, fresh := images[:40], images[40]
	for name, test := range map[string]struct {
		change func(*appstreamingtest.Server) // between the first two pages of the first pass
		missed string                         // by a single pass
		passes int
	}{
		"one is deleted: the others move up": {func(s *appstreamingtest.Server) { s.Remove(held[3].ImageID) }, "", 3},
		"one is created at the front":        {func(s *appstreamingtest.Server) { s.PutFirst(fresh) }, "", 2},
		"one is deleted and another is created": {
			func(s *appstreamingtest.Server) { s.Remove(held[9].ImageID); s.Put(fresh) }, held[10].ImageID, 3,
		},
	} {
		for _, prefetch := range []int{0, 4} {
			t.Run(fmt.Sprintf("%s, prefetch %d", name, prefetch), func(t *testing.T) {
				t.Parallel()
				service := appstreamingtest.NewServer(t, held...)
				client := service.Client(appstreaming.WithPrefetch(prefetch))
				atPage(service, "2", 1, func() { test.change(service) })
				single, err := appstreaming.Collect(client.Images(t.Context(), byTens()))
				if err != nil {
					t.Fatal(err)
				}
				var missed []string
				for _, image := range service.Images() {
					if !slices.Contains(imageIDs(single), image.ImageID) {
						missed = append(missed, image.ImageID)
					}
				}
				// With prefetch, pages may be read before or after the change.
				if test.missed == "" && len(missed) > 0 || prefetch == 0 && test.missed != "" && !slices.Contains(missed, test.missed) {
					t.Errorf("a single pass missed %v, want %q", missed, test.missed)
				}

				again := appstreamingtest.NewServer(t, held...)
				atPage(again, "2", 1, func() { test.change(again) })
				client = again.Client(appstreaming.WithPrefetch(prefetch))
				snapshot, err := client.Snapshot(t.Context(), byTens(), appstreaming.SnapshotOptions{})
				if err != nil {
					t.Fatal(err)
				}
				want, got := slices.Sorted(slices.Values(imageIDs(again.Images()))), slices.Sorted(slices.Values(imageIDs(snapshot.Images)))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("images (-want +got):\n%s", diff)
				}
				if snapshot.Passes != test.passes || !snapshot.Stable || snapshot.Count != len(want) {
					t.Errorf("%d passes, stable %v, Count %d; want %d, true and %d",
						snapshot.Passes, snapshot.Stable, snapshot.Count, test.passes, len(want))
				}
			})
		}
	}
}

func TestASnapshotOfAQuietInventoryTakesTwoPasses(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 10, 25} {
		service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(count)...)
		snapshot, err := service.Client().Snapshot(t.Context(), byTens(), appstreaming.SnapshotOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(snapshot.Images) != count || snapshot.Passes != 2 || !snapshot.Stable {
			t.Errorf("%d images: got %d in %d passes, stable %v", count, len(snapshot.Images), snapshot.Passes, snapshot.Stable)
		}
		if want := 2 * max(1, (count+9)/10); service.RequestCount() != want {
			t.Errorf("%d images: %d requests, want %d", count, service.RequestCount(), want)
		}
	}
}

// Each of the three parts of an image's identity counts.
func TestASnapshotSeesWhatChangedBetweenItsPasses(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(15)
	modified, renewed := images[4], images[4]
	modified.Modified = "2030-01-02 03:04:05"
	renewed.VersionID = "iv-renewed"
	failed := images[4]
	failed.Status = appstreaming.ImageStatusCreateFailed
	described := images[4]
	described.Description += " (edited)"
	for name, test := range map[string]struct {
		change func(*appstreamingtest.Server)
		passes int
	}{
		"GmtModified": {func(s *appstreamingtest.Server) { s.Put(modified) }, 3},
		"another id": {func(s *appstreamingtest.Server) {
			s.Remove(images[0].ImageID)
			s.PutFirst(appstreamingtest.SampleImages(16)[15])
		}, 3},
		"Status":         {func(s *appstreamingtest.Server) { s.Put(failed) }, 3},
		"another one":    {func(s *appstreamingtest.Server) { s.Put(renewed) }, 3},
		"the order only": {func(s *appstreamingtest.Server) { s.Remove(images[0].ImageID); s.Put(images[0]) }, 2},
		"nothing of it":  {func(s *appstreamingtest.Server) { s.Put(described) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := appstreamingtest.NewServer(t, images...)
			atPage(service, "1", 2, func() { test.change(service) }) // as the second pass begins
			snapshot, err := service.Client().Snapshot(t.Context(), byTens(), appstreaming.SnapshotOptions{})
			if err != nil || snapshot.Passes != test.passes || !snapshot.Stable {
				t.Errorf("got %+v, %v; want it stable after %d passes", snapshot, err, test.passes)
			}
		})
	}
}

func TestAnInventoryThatKeepsChangingIsUnstable(t *testing.T) {
	t.Parallel()
	for passes, options := range map[int]appstreaming.SnapshotOptions{5: {}, 2: {MaxPasses: 2}, 7: {MaxPasses: 7}} {
		images := appstreamingtest.SampleImages(30)
		service := appstreamingtest.NewServer(t, images[:20]...)
		next := 20
		service.OnRequest(func(r appstreamingtest.Request) {
			if r.Params["PageNumber"] == "1" { // one more image in every pass
				service.Put(images[next])
				next++
			}
		})
		snapshot, err := service.Client().Snapshot(t.Context(), byTens(), options)
		if !errors.Is(err, appstreaming.ErrUnstable) || snapshot == nil {
			t.Fatalf("got %v, %v; want ErrUnstable and the last pass", snapshot, err)
		}
		if snapshot.Passes != passes || snapshot.Stable || len(snapshot.Images) != 20+passes {
			t.Errorf("%d passes, stable %v, %d images; want %d, false and %d",
				snapshot.Passes, snapshot.Stable, len(snapshot.Images), passes, 20+passes)
		}
	}
}

func TestAPassThatFailsEndsTheSnapshotWithThePassBefore(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 4} {
		for pass := 1; pass <= 2; pass++ {
			service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(30)...)
			if pass == 2 {
				service.Fail(1, appstreamingtest.Fault{Page: 2})
			}
			service.Fail(-1, appstreamingtest.Fault{Page: 2, Code: appstreaming.CodeForbiddenNoPermission})
			snapshot, err := service.Client(appstreaming.WithPrefetch(prefetch)).Snapshot(t.Context(), byTens(), appstreaming.SnapshotOptions{})
			var apiErr *appstreaming.APIError
			if !errors.As(err, &apiErr) || !errors.Is(err, appstreaming.CodeForbidden) {
				t.Errorf("pass %d: got %v, want the service's refusal", pass, err)
			}
			switch {
			case pass == 1 && snapshot != nil:
				t.Errorf("got %+v of a first pass that failed", snapshot)
			case pass == 2 && (snapshot == nil || len(snapshot.Images) != 30 || snapshot.Passes != 1 || snapshot.Stable):
				t.Errorf("got %+v, want the first pass", snapshot)
			}
		}
	}
}

func TestASnapshotEndsWithItsContext(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(30)...)
	ctx, cancel := context.WithCancel(t.Context())
	atPage(service, "2", 2, cancel)
	snapshot, err := service.Client().Snapshot(ctx, byTens(), appstreaming.SnapshotOptions{})
	if !errors.Is(err, context.Canceled) || snapshot == nil || snapshot.Passes != 1 {
		t.Errorf("got %+v, %v; want the cancellation with the first pass", snapshot, err)
	}
}

// As many images as a page has, created between two pages, make the second page
// repeat the first.
func TestImagesCreatedInOneGoAreNoPageLoop(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(40)
	change := func(s *appstreamingtest.Server) { atPage(s, "2", 1, func() { s.PutFirst(images[30:]...) }) }
	service := appstreamingtest.NewServer(t, images[:30]...)
	change(service)
	single, err := appstreaming.Collect(service.Client().Images(t.Context(), byTens()))
	if err != nil || len(single) != 40 {
		t.Errorf("a single pass has %d images, %v; want 40", len(single), err)
	}
	service = appstreamingtest.NewServer(t, images[:30]...)
	change(service)
	snapshot, err := service.Client().Snapshot(t.Context(), byTens(), appstreaming.SnapshotOptions{})
	if err != nil || len(snapshot.Images) != 40 || snapshot.Passes != 2 || !snapshot.Stable {
		t.Errorf("got %+v, %v; want all 40 images after one more pass", snapshot, err)
	}
}

func TestASnapshotOfABrokenServiceEndsWithItsError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		listing appstreamingtest.Listing
		want    error
	}{
		{appstreamingtest.Listing{IgnorePageNumber: true}, appstreaming.ErrPageLoop},
		{appstreamingtest.Listing{EmptyPages: []int{2}}, appstreaming.ErrIncomplete},
	} {
		service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(30)...)
		service.SetListing(test.listing)
		snapshot, err := service.Client().Snapshot(t.Context(), byTens(), appstreaming.SnapshotOptions{MaxPasses: 3})
		if !errors.Is(err, test.want) || snapshot != nil || service.RequestCount() != 9 {
			t.Errorf("got %+v, %v after %d requests; want %v after three passes of three", snapshot, err, service.RequestCount(), test.want)
		}
	}
}

// A pass that fails counts toward MaxPasses but never agrees with another.
func TestASnapshotGoesOnAfterAPassThatIsIncomplete(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(30)...)
	var mu sync.Mutex
	passes := 0
	service.OnRequest(func(r appstreamingtest.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Params["PageNumber"] != "1" {
			return
		}
		passes++
		if passes == 2 {
			service.SetListing(appstreamingtest.Listing{EmptyPages: []int{2}})
		} else {
			service.SetListing(appstreamingtest.Listing{})
		}
	})
	snapshot, err := service.Client().Snapshot(t.Context(), byTens(), appstreaming.SnapshotOptions{})
	if err != nil || snapshot.Passes != 4 || !snapshot.Stable || len(snapshot.Images) != 30 {
		t.Errorf("got %+v, %v; want 30 images after 4 passes", snapshot, err)
	}
}

// Two passes that list the same images are not stable while Count moves.
func TestASnapshotIsStableOnlyWhenCountIs(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(15)...)
	var asked atomic.Int32
	service.OnRequest(func(r appstreamingtest.Request) {
		if r.Params["PageNumber"] == "1" && asked.Add(1) == 2 {
			service.SetListing(appstreamingtest.Listing{CountDelta: 3})
		}
	})
	snapshot, err := service.Client().Snapshot(t.Context(), byTens(), appstreaming.SnapshotOptions{})
	if err != nil || snapshot.Passes != 3 || !snapshot.Stable || snapshot.Count != 18 || len(snapshot.Images) != 15 {
		t.Errorf("got %d images, %+v, %v; want stable after 3 passes with Count 18", len(snapshot.Images), snapshot, err)
	}
}

func TestTakeSnapshotWorksOverAnyLister(t *testing.T) {
	t.Parallel()
	lister := &inventory{images: 25}
	snapshot, err := appstreaming.TakeSnapshot(t.Context(), lister, byTens(), appstreaming.SnapshotOptions{}, appstreaming.WithPrefetch(2))
	if err != nil || len(snapshot.Images) != 25 || snapshot.Passes != 2 || !snapshot.Stable || snapshot.Count != 25 {
		t.Errorf("got %+v, %v; want 25 images in two passes", snapshot, err)
	}
	var optionErr *appstreaming.OptionError
	if _, err := appstreaming.TakeSnapshot(t.Context(), nil, byTens(), appstreaming.SnapshotOptions{}); !errors.As(err, &optionErr) {
		t.Errorf("no lister: got %v, want an *OptionError", err)
	}
}

func TestASnapshotRefusesWhatCannotBeOne(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	client := service.Client()
	var paramErr *appstreaming.ParamError
	var optionErr *appstreaming.OptionError
	for _, number := range []int{-1, 2} {
		req := appstreaming.ListImageRequest{PageNumber: number}
		_, err := client.Snapshot(t.Context(), req, appstreaming.SnapshotOptions{})
		if !errors.As(err, &paramErr) || paramErr.Field != "PageNumber" {
			t.Errorf("page number %d: got %v, want a *ParamError", number, err)
		}
	}
	for _, passes := range []int{1, -1} {
		_, err := client.Snapshot(t.Context(), byTens(), appstreaming.SnapshotOptions{MaxPasses: passes})
		if !errors.As(err, &optionErr) || optionErr.Option != "SnapshotOptions" {
			t.Errorf("%d passes: got %v, want an *OptionError", passes, err)
		}
	}
	_, err := new(appstreaming.Client).Snapshot(t.Context(), byTens(), appstreaming.SnapshotOptions{})
	if !errors.Is(err, appstreaming.ErrUninitialized) {
		t.Errorf("zero client: got %v, want ErrUninitialized", err)
	}
	if service.RequestCount() != 0 {
		t.Errorf("%d requests were sent", service.RequestCount())
	}
}

func TestSnapshotsRunSideBySide(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(30)...)
	service.SetLatency(time.Millisecond)
	client := service.Client()
	done := make(chan error)
	for range 8 {
		go func() {
			snapshot, err := client.Snapshot(context.Background(), byTens(), appstreaming.SnapshotOptions{}, appstreaming.WithPrefetch(2))
			if err == nil && len(snapshot.Images) != 30 {
				err = fmt.Errorf("%d images", len(snapshot.Images))
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
