package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// waiting runs a test on a clock of its own, against a service that holds n
// images which are all AVAILABLE.
func waiting(t *testing.T, n int, test func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		service := appstreamingtest.New()
		defer service.Close()
		for i := range n {
			service.Put(imageIn(i, appstreaming.ImageStatusAvailable))
		}
		test(t, service, service.Client())
	})
}

// imageIn is a small image in a status.
func imageIn(n int, status appstreaming.ImageStatus) appstreaming.Image {
	return appstreaming.Image{ImageID: fmt.Sprintf("imgc-%d", n), VersionID: "iv-1", LatestVersionID: "iv-1", Status: status}
}

// after does something later, on the test's clock.
func after(d time.Duration, do func()) { time.AfterFunc(d, do) }

func TestWaitForImageReturnsTheImageOnceItIsAvailable(t *testing.T) {
	t.Parallel()
	waiting(t, 3, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		service.Put(imageIn(7, appstreaming.ImageStatusInit))
		after(10*time.Second, func() { service.Put(imageIn(7, appstreaming.ImageStatusCreating)) })
		after(5*time.Minute, func() { service.Put(imageIn(7, appstreaming.ImageStatusAvailable)) })
		var told []appstreaming.ImageStatus
		start := time.Now()
		image, err := client.WaitForImage(t.Context(), "imgc-7", appstreaming.WaitOptions{OnPoll: func(i appstreaming.Image) { told = append(told, i.Status) }})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(imageIn(7, appstreaming.ImageStatusAvailable), image); diff != "" {
			t.Errorf("image (-want +got):\n%s", diff)
		}
		if elapsed := time.Since(start); elapsed < 5*time.Minute || elapsed > 5*time.Minute+30*time.Second {
			t.Errorf("it took %v, want 5m0s and at most a pause more", elapsed)
		}
		if len(told) != service.RequestCount() || told[0] != appstreaming.ImageStatusInit || told[len(told)-2] != appstreaming.ImageStatusCreating || told[len(told)-1] != appstreaming.ImageStatusAvailable {
			t.Errorf("told of %v in %d polls, want every poll's status", told, service.RequestCount())
		}
		for _, request := range service.Requests() {
			if request.Params["ImageId"] != "imgc-7" {
				t.Fatalf("asked with %v, want the image alone", request.Params)
			}
		}
	})
}

func TestAnImageThatIsAvailableIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	waiting(t, 3, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		start := time.Now()
		image, err := client.WaitForImage(t.Context(), "imgc-1", appstreaming.WaitOptions{})
		if err != nil || image.ImageID != "imgc-1" || time.Since(start) != 0 || service.RequestCount() != 1 {
			t.Errorf("got %v, %v after %v and %d requests; want it at once", image.ImageID, err, time.Since(start), service.RequestCount())
		}
	})
}

func TestPausesBetweenPollsGrowWithinTheirBoundsAndVary(t *testing.T) {
	t.Parallel()
	var runs [2][]time.Duration
	for i := range runs {
		waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
			service.Put(imageIn(0, appstreaming.ImageStatusCreating))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			_, _ = client.WaitForImage(ctx, "imgc-0", appstreaming.WaitOptions{Interval: 4 * time.Second, MaxInterval: 20 * time.Second})
			requests := service.Requests()
			bounds := []time.Duration{4 * time.Second, 6 * time.Second, 9 * time.Second, 13500 * time.Millisecond}
			for n := range requests[1:] {
				pause, bound := requests[n+1].Time.Sub(requests[n].Time), 20*time.Second
				if n < len(bounds) {
					bound = bounds[n]
				}
				runs[i] = append(runs[i], pause)
				if pause <= bound/2 || pause > bound {
					t.Errorf("pause %d is %v, want more than %v and at most %v", n+1, pause, bound/2, bound)
				}
			}
			if len(requests) < 30 {
				t.Errorf("%d polls in ten minutes, want one every 20 s or less", len(requests))
			}
		})
	}
	if cmp.Equal(runs[0][:10], runs[1][:10]) {
		t.Errorf("two waits paused alike: %v", runs[0][:10])
	}
}

func TestAnIntervalOverMaxIntervalStaysAsItIs(t *testing.T) {
	t.Parallel()
	waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		service.Put(imageIn(0, appstreaming.ImageStatusCreating))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, _ = client.WaitForImage(ctx, "imgc-0", appstreaming.WaitOptions{Interval: time.Minute})
		if polls := service.RequestCount(); polls < 60 || polls > 121 {
			t.Errorf("%d polls in an hour, want a pause of 30 s to 1 min between them", polls)
		}
	})
}

func TestAWaitEndsWithWhatBecameOfTheImage(t *testing.T) {
	t.Parallel()
	creating := imageIn(0, appstreaming.ImageStatusCreating)
	failed := imageIn(0, appstreaming.ImageStatusCreateFailed)
	for name, test := range map[string]struct {
		begin   func(*appstreamingtest.Server)
		options appstreaming.WaitOptions
		want    error
		last    appstreaming.Image
		least   time.Duration
		most    time.Duration
	}{
		"creation fails": {func(s *appstreamingtest.Server) {
			s.Put(creating)
			after(time.Minute, func() { s.Put(failed) })
		}, appstreaming.WaitOptions{}, appstreaming.ErrImageFailed, failed, time.Minute, 90 * time.Second},
		"creation has failed": {func(s *appstreamingtest.Server) { s.Put(failed) }, appstreaming.WaitOptions{}, appstreaming.ErrImageFailed, failed, 0, 0},
		"it vanishes": {func(s *appstreamingtest.Server) {
			s.Put(creating)
			after(20*time.Second, func() { s.Remove(creating.ImageID) })
		}, appstreaming.WaitOptions{}, appstreaming.ErrImageGone, creating, 20 * time.Second, 80 * time.Second},
		"it is never listed": {func(*appstreamingtest.Server) {}, appstreaming.WaitOptions{}, appstreaming.ErrImageNotListed, appstreaming.Image{}, time.Minute, 90 * time.Second},
		"it is not listed within a grace of its own": {func(*appstreamingtest.Server) {}, appstreaming.WaitOptions{Grace: 10 * time.Minute},
			appstreaming.ErrImageNotListed, appstreaming.Image{}, 10 * time.Minute, 10*time.Minute + 30*time.Second},
		"it is not listed and there is no grace": {func(*appstreamingtest.Server) {}, appstreaming.WaitOptions{Grace: -1}, appstreaming.ErrImageNotListed, appstreaming.Image{}, 0, 0},
		"polling is refused": {func(s *appstreamingtest.Server) {
			s.Put(creating)
			s.Fail(3, appstreamingtest.Fault{})
			s.Fail(-1, appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission})
		}, appstreaming.WaitOptions{}, appstreaming.CodeForbidden, creating, time.Second, 10 * time.Second},
		"five polls in a row fail, of four attempts each": {func(s *appstreamingtest.Server) {
			s.Put(creating)
			s.Fail(1, appstreamingtest.Fault{})
			s.Fail(5*4, appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable})
		}, appstreaming.WaitOptions{}, appstreaming.CodeServiceUnavailable, creating, 10 * time.Second, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
				test.begin(service)
				start := time.Now()
				image, err := client.WaitForImage(t.Context(), "imgc-0", test.options)
				var waitErr *appstreaming.WaitError
				if !errors.As(err, &waitErr) || !errors.Is(err, test.want) || image.ImageID != "" {
					t.Fatalf("got %v, %v; want a *WaitError that is %v", image.ImageID, err, test.want)
				}
				if diff := cmp.Diff(test.last, waitErr.Last); diff != "" || waitErr.ImageID != "imgc-0" {
					t.Errorf("of %s last seen (-want +got):\n%s", waitErr.ImageID, diff)
				}
				if text := err.Error(); !strings.Contains(text, "imgc-0") || test.last.Status != "" && !strings.Contains(text, "last seen "+string(test.last.Status)) {
					t.Errorf("%q does not name the image and its last status", text)
				}
				if elapsed := time.Since(start); elapsed < test.least || elapsed > test.most {
					t.Errorf("it took %v, want %v to %v", elapsed, test.least, test.most)
				}
			})
		})
	}
}

func TestAnImageThatIsListedLateIsWaitedFor(t *testing.T) {
	t.Parallel()
	waiting(t, 3, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		after(50*time.Second, func() { service.Put(imageIn(9, appstreaming.ImageStatusCreating)) })
		after(5*time.Minute, func() { service.Put(imageIn(9, appstreaming.ImageStatusAvailable)) })
		if image, err := client.WaitForImage(t.Context(), "imgc-9", appstreaming.WaitOptions{}); err != nil || image.Status != appstreaming.ImageStatusAvailable {
			t.Errorf("got %v, %v; want the image", image.Status, err)
		}
	})
}

func TestPollsThatFailForAWhileDoNotEndAWait(t *testing.T) {
	t.Parallel()
	waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		service.Put(imageIn(0, appstreaming.ImageStatusCreating))
		for range 5 { // four bad polls, then a good one that starts the count anew
			service.Fail(4*4, appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable})
			service.Fail(1, appstreamingtest.Fault{})
		}
		after(10*time.Minute, func() { service.Put(imageIn(0, appstreaming.ImageStatusAvailable)) })
		if image, err := client.WaitForImage(t.Context(), "imgc-0", appstreaming.WaitOptions{}); err != nil || image.Status != appstreaming.ImageStatusAvailable {
			t.Errorf("got %v, %v; want the image", image.Status, err)
		}
		if service.PendingFaults() != 0 {
			t.Errorf("%d faults were not met", service.PendingFaults())
		}
	})
}

func TestTheClientsOwnRuleSaysWhichPollsMayFail(t *testing.T) {
	t.Parallel()
	waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, _ *appstreaming.Client) {
		service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable})
		client := service.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{Retryable: func(error) bool { return false }}))
		if _, err := client.WaitForImage(t.Context(), "imgc-0", appstreaming.WaitOptions{}); !errors.Is(err, appstreaming.CodeServiceUnavailable) || service.RequestCount() != 1 {
			t.Errorf("got %v after %d requests, want the first failure", err, service.RequestCount())
		}
	})
}
