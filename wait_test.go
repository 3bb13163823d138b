package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// waiting runs a test on virtual time, against a service that holds n
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
		var polled []appstreaming.ImageStatus
		start := time.Now()
		options := appstreaming.WaitOptions{OnPoll: func(i appstreaming.Image) { polled = append(polled, i.Status) }}
		image, err := client.WaitForImage(t.Context(), "imgc-7", options)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(imageIn(7, appstreaming.ImageStatusAvailable), image); diff != "" {
			t.Errorf("image (-want +got):\n%s", diff)
		}
		if elapsed := time.Since(start); elapsed < 5*time.Minute || elapsed > 5*time.Minute+30*time.Second {
			t.Errorf("it took %v, want 5m0s and at most a pause more", elapsed)
		}
		first, last := polled[0], polled[len(polled)-2:]
		if len(polled) != service.RequestCount() || first != appstreaming.ImageStatusInit ||
			last[0] != appstreaming.ImageStatusCreating || last[1] != appstreaming.ImageStatusAvailable {
			t.Errorf("OnPoll received %v in %d polls, want every poll's status", polled, service.RequestCount())
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
		t.Errorf("two waits had the same pauses: %v", runs[0][:10])
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
		"creation has failed": {
			func(s *appstreamingtest.Server) { s.Put(failed) },
			appstreaming.WaitOptions{}, appstreaming.ErrImageFailed, failed, 0, 0,
		},
		"it vanishes": {func(s *appstreamingtest.Server) {
			s.Put(creating)
			after(20*time.Second, func() { s.Remove(creating.ImageID) })
		}, appstreaming.WaitOptions{}, appstreaming.ErrImageGone, creating, 20 * time.Second, 80 * time.Second},
		"it is never listed": {
			func(*appstreamingtest.Server) {},
			appstreaming.WaitOptions{}, appstreaming.ErrImageNotListed, appstreaming.Image{}, time.Minute, 90 * time.Second,
		},
		"it is not listed within a grace of its own": {func(*appstreamingtest.Server) {}, appstreaming.WaitOptions{Grace: 10 * time.Minute},
			appstreaming.ErrImageNotListed, appstreaming.Image{}, 10 * time.Minute, 10*time.Minute + 30*time.Second},
		"it is not listed and there is no grace": {
			func(*appstreamingtest.Server) {},
			appstreaming.WaitOptions{Grace: -1}, appstreaming.ErrImageNotListed, appstreaming.Image{}, 0, 0,
		},
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
				text, status := err.Error(), string(test.last.Status)
				if !strings.Contains(text, "imgc-0") || status != "" && !strings.Contains(text, "last seen "+status) {
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
		image, err := client.WaitForImage(t.Context(), "imgc-9", appstreaming.WaitOptions{})
		if err != nil || image.Status != appstreaming.ImageStatusAvailable {
			t.Errorf("got %v, %v; want the image", image.Status, err)
		}
	})
}

func TestPollsThatFailForAWhileDoNotEndAWait(t *testing.T) {
	t.Parallel()
	waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		service.Put(imageIn(0, appstreaming.ImageStatusCreating))
		for range 5 { // four failed polls, then a good one that resets the count
			service.Fail(4*4, appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable})
			service.Fail(1, appstreamingtest.Fault{})
		}
		after(10*time.Minute, func() { service.Put(imageIn(0, appstreaming.ImageStatusAvailable)) })
		image, err := client.WaitForImage(t.Context(), "imgc-0", appstreaming.WaitOptions{})
		if err != nil || image.Status != appstreaming.ImageStatusAvailable {
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
		_, err := client.WaitForImage(t.Context(), "imgc-0", appstreaming.WaitOptions{})
		if !errors.Is(err, appstreaming.CodeServiceUnavailable) || service.RequestCount() != 1 {
			t.Errorf("got %v after %d requests, want the first failure", err, service.RequestCount())
		}
	})
}

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
		"in a poll's retry":  {throttled("15"), appstreaming.Image{}},
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
		_, err := client.WaitForImage(ctx, "imgc-0", appstreaming.WaitOptions{})
		if !errors.Is(err, context.Canceled) || service.RequestCount() != 0 {
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
		_, err := client.WaitForImages(t.Context(), []string{"imgc-1", id}, appstreaming.WaitOptions{})
		if !errors.As(err, &paramErr) || paramErr.Field != "imageIDs[1]" {
			t.Errorf("id %q: got %v, want a *ParamError", id, err)
		}
	}
	for _, options := range []appstreaming.WaitOptions{
		{Interval: -1}, {MaxInterval: -time.Second}, {Interval: 1}, {Interval: 10*time.Millisecond - 1},
	} {
		var optionErr *appstreaming.OptionError
		_, err := client.WaitForImage(t.Context(), "imgc-1", options)
		if !errors.As(err, &optionErr) || optionErr.Option != "WaitOptions" || !strings.Contains(err.Error(), "Interval: ") {
			t.Errorf("%+v: got %v, want an *OptionError", options, err)
		}
	}
	_, err := new(appstreaming.Client).WaitForImage(t.Context(), "imgc-1", appstreaming.WaitOptions{})
	if !errors.Is(err, appstreaming.ErrUninitialized) {
		t.Errorf("zero client: got %v, want ErrUninitialized", err)
	}
	var optionErr *appstreaming.OptionError
	if _, err := appstreaming.WaitForImages(t.Context(), nil, []string{"imgc-1"}, appstreaming.WaitOptions{}); !errors.As(err, &optionErr) {
		t.Errorf("no lister: got %v, want an *OptionError", err)
	}
	if _, err := client.WaitForImage(t.Context(), "imgc-1", appstreaming.WaitOptions{}, nil); !errors.As(err, &optionErr) {
		t.Errorf("nil option: got %v, want an *OptionError", err)
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
	last := appstreaming.Image{ImageID: "imgc-1", Status: "X\r\nlevel=INFO msg=forged\x1b[2J"}
	err := &appstreaming.WaitError{ImageID: "imgc-1", Last: last, Err: appstreaming.ErrImageGone}
	want := "appstreaming: waiting for image imgc-1, last seen X  level=INFO msg=forged [2J: image is no longer listed"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err.Error(), want)
	}
}

func TestSeveralImagesCostOneRequestARoundWhereAPageHoldsTheInventory(t *testing.T) {
	t.Parallel()
	waiting(t, 50, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		for i := range 5 {
			service.Put(imageIn(10*i, appstreaming.ImageStatusCreating))
			after(time.Duration(5-i)*time.Minute, func() { service.Put(imageIn(10*i, appstreaming.ImageStatusAvailable)) })
		}
		rounds, polled := 0, make(map[string]int)
		service.OnRequest(func(appstreamingtest.Request) { rounds++ })
		ids := []string{"imgc-40", "imgc-0", "imgc-20", "imgc-0", "imgc-10", "imgc-30"}
		options := appstreaming.WaitOptions{OnPoll: func(i appstreaming.Image) { polled[i.ImageID]++ }}
		images, err := client.WaitForImages(t.Context(), ids, options)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ids, imageIDs(images)); diff != "" {
			t.Errorf("images (-want +got):\n%s", diff)
		}
		for _, image := range images {
			if image.Status != appstreaming.ImageStatusAvailable {
				t.Errorf("%s is %s", image.ImageID, image.Status)
			}
		}
		// The callback hears of an image once a round, and no more once it is ready.
		if polled["imgc-0"] != rounds || polled["imgc-1"] != 0 ||
			polled["imgc-40"] >= polled["imgc-30"] || polled["imgc-30"] >= polled["imgc-0"] {
			t.Errorf("OnPoll received %v in %d rounds", polled, rounds)
		}
		requests := service.Requests()
		for n := range requests[1:] {
			if requests[n+1].Time.Equal(requests[n].Time) {
				t.Fatalf("requests %d and %d belong to one round", n+1, n+2)
			}
		}
	})
}

// requestsOfRounds counts the requests of every round, which share their time.
func requestsOfRounds(service *appstreamingtest.Server) []int {
	var rounds []int
	var at time.Time
	for _, request := range service.Requests() {
		if !request.Time.Equal(at) {
			rounds, at = append(rounds, 0), request.Time
		}
		rounds[len(rounds)-1]++
	}
	return rounds
}

func TestSeveralImagesAreAskedForOneByOneWhereThatTakesFewerRequests(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ inventory, ids, first, later int }{
		{50, 1, 1, 1},   // asked for alone from the start
		{50, 2, 1, 1},   // one page
		{100, 2, 1, 1},  // one full page
		{250, 2, 3, 2},  // three pages, then two ids
		{250, 3, 3, 3},  // three pages each time
		{1000, 2, 3, 2}, // the first page shows that there are ten
		{1000, 12, 10, 10},
	} {
		t.Run(fmt.Sprintf("%d of %d", test.ids, test.inventory), func(t *testing.T) {
			t.Parallel()
			waiting(t, test.inventory, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
				var ids []string
				for i := range test.ids {
					n := test.inventory - 1 - i // the last ones listed
					service.Put(imageIn(n, appstreaming.ImageStatusCreating))
					ids = append(ids, imageIn(n, "").ImageID)
					after(20*time.Second, func() { service.Put(imageIn(n, appstreaming.ImageStatusAvailable)) })
				}
				images, err := client.WaitForImages(t.Context(), ids, appstreaming.WaitOptions{})
				if err != nil || cmp.Diff(ids, imageIDs(images)) != "" {
					t.Fatalf("got %v, %v; want %v", imageIDs(images), err, ids)
				}
				rounds := requestsOfRounds(service)
				if len(rounds) < 3 || rounds[0] != test.first {
					t.Errorf("requests of the rounds: %v, want %d in the first", rounds, test.first)
				}
				for _, n := range rounds[1:] {
					if n != test.later {
						t.Errorf("requests of the rounds: %v, want %d in the later ones", rounds, test.later)
					}
				}
			})
		})
	}
}

func TestTheFirstImageThatFailsEndsTheWaitForAll(t *testing.T) {
	t.Parallel()
	waiting(t, 10, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		for _, n := range []int{2, 5} {
			service.Put(imageIn(n, appstreaming.ImageStatusCreating))
		}
		after(time.Minute, func() { service.Put(imageIn(5, appstreaming.ImageStatusCreateFailed)) })
		images, err := client.WaitForImages(t.Context(), []string{"imgc-1", "imgc-2", "imgc-5"}, appstreaming.WaitOptions{})
		var waitErr *appstreaming.WaitError
		if !errors.As(err, &waitErr) || waitErr.ImageID != "imgc-5" || !errors.Is(err, appstreaming.ErrImageFailed) || images != nil {
			t.Errorf("got %v, %v; want the failure of imgc-5", images, err)
		}
	})
}

// The newest version of an image is the one being created.
func TestTheNewestVersionIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, ids := range [][]string{{"imgc-0"}, {"imgc-0", "imgc-1"}} {
		waiting(t, 2, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
			older, newer := imageIn(0, appstreaming.ImageStatusAvailable), imageIn(0, appstreaming.ImageStatusCreating)
			odd := older
			newer.VersionID, odd.VersionID = "iv-2", "iv-0"
			older.LatestVersionID, newer.LatestVersionID, odd.LatestVersionID = "iv-2", "iv-2", "iv-2"
			service.Put(older, newer, odd)
			ready := newer
			ready.Status = appstreaming.ImageStatusAvailable
			after(time.Minute, func() { service.Put(ready) })
			start := time.Now()
			images, err := client.WaitForImages(t.Context(), ids, appstreaming.WaitOptions{})
			if err != nil || images[0].VersionID != "iv-2" || time.Since(start) < time.Minute {
				t.Errorf("got %+v, %v after %v; want version iv-2 after a minute", images, err, time.Since(start))
			}
		})
	}
}

// Pages move when an image before them is deleted, and an image between two
// pages is on neither: it is not gone for that.
func TestAnImageThatSlippedBetweenTwoPagesIsNotGone(t *testing.T) {
	t.Parallel()
	waiting(t, 250, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		ids := []string{"imgc-100", "imgc-120", "imgc-240", "imgc-249"}
		for _, n := range []int{100, 120, 240, 249} {
			service.Put(imageIn(n, appstreaming.ImageStatusCreating))
			after(time.Minute, func() { service.Put(imageIn(n, appstreaming.ImageStatusAvailable)) })
		}
		var listings atomic.Int32
		slipped := false
		service.OnRequest(func(r appstreamingtest.Request) {
			if r.Params["PageNumber"] == "2" && listings.Add(1) == 2 {
				service.Remove("imgc-3")
			}
			if r.Params["ImageId"] == "imgc-100" {
				slipped = true
			}
		})
		images, err := client.WaitForImages(t.Context(), ids, appstreaming.WaitOptions{})
		if err != nil || cmp.Diff(ids, imageIDs(images)) != "" {
			t.Errorf("got %v, %v; want %v", imageIDs(images), err, ids)
		}
		if !slipped {
			t.Error("the image was on a page all the time: the test shows nothing")
		}
	})
}

// A page's worth of images created between two pages makes the second repeat
// the first.
func TestImagesCreatedInOneGoDoNotEndAWait(t *testing.T) {
	t.Parallel()
	waiting(t, 250, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		ids := []string{"imgc-110", "imgc-120", "imgc-130", "imgc-140", "imgc-249"}
		var fresh []appstreaming.Image
		for n := range 100 {
			fresh = append(fresh, imageIn(1000+n, appstreaming.ImageStatusAvailable))
		}
		service.Put(imageIn(249, appstreaming.ImageStatusCreating))
		after(time.Minute, func() { service.Put(imageIn(249, appstreaming.ImageStatusAvailable)) })
		atPage(service, "2", 1, func() { service.PutFirst(fresh...) })
		images, err := client.WaitForImages(t.Context(), ids, appstreaming.WaitOptions{Grace: -1})
		if err != nil || cmp.Diff(ids, imageIDs(images)) != "" {
			t.Errorf("got %v, %v; want %v", imageIDs(images), err, ids)
		}
	})
}

// throttled is a refusal that requests a delay, in seconds.
func throttled(seconds string) *appstreamingtest.Fault {
	return &appstreamingtest.Fault{Code: appstreaming.CodeThrottlingUser, Header: http.Header{"Retry-After": {seconds}}}
}

// An image is judged by its latest version, on whichever page it is listed,
// alone or among several images.
func TestAnImageIsJudgedByItsLatestVersion(t *testing.T) {
	t.Parallel()
	versions := func(latest string, status appstreaming.ImageStatus) []appstreaming.Image {
		var images []appstreaming.Image
		for v := 1; v <= 12; v++ {
			image := imageIn(0, appstreaming.ImageStatusAvailable)
			image.VersionID = fmt.Sprintf("iv-%d", v)
			image.LatestVersionID = latest
			image.Created = appstreaming.Timestamp(fmt.Sprintf("2025-04-%02d 15:13:57", v))
			if v == 12 {
				image.Status = status
			}
			images = append(images, image)
		}
		return images
	}
	for name, test := range map[string]struct {
		latest   string
		limit    int // images a page
		ids      []string
		reversed bool
	}{
		"alone":                                  {"iv-12", 0, []string{"imgc-0"}, false},
		"alone, over several pages":              {"iv-12", 5, []string{"imgc-0"}, false},
		"alone, by Created":                      {"", 0, []string{"imgc-0"}, false},
		"alone, by Created, over several pages":  {"", 5, []string{"imgc-0"}, true},
		"among several":                          {"iv-12", 0, []string{"imgc-1", "imgc-0", "imgc-2"}, false},
		"among several, over several pages":      {"iv-12", 5, []string{"imgc-1", "imgc-0", "imgc-2"}, false},
		"among several, by Created":              {"", 0, []string{"imgc-1", "imgc-0", "imgc-2"}, true},
		"among several, by Created, by 5":        {"", 5, []string{"imgc-1", "imgc-0", "imgc-2"}, false},
		"the latest is not listed: by Created":   {"iv-13", 0, []string{"imgc-0"}, false},
		"the latest is not listed: among others": {"iv-13", 5, []string{"imgc-0", "imgc-2"}, true},
	} {
		for _, final := range []appstreaming.ImageStatus{appstreaming.ImageStatusAvailable, appstreaming.ImageStatusCreateFailed} {
			t.Run(fmt.Sprintf("%s, %s", name, final), func(t *testing.T) {
				t.Parallel()
				waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
					images := versions(test.latest, appstreaming.ImageStatusCreating)
					if test.reversed {
						for i := range images {
							service.PutFirst(images[i])
						}
					} else {
						service.Put(images...)
					}
					service.Put(imageIn(1, appstreaming.ImageStatusAvailable), imageIn(2, appstreaming.ImageStatusAvailable))
					service.SetListing(appstreamingtest.Listing{MaxPageSize: test.limit})
					after(time.Minute, func() { service.Put(versions(test.latest, final)[11]) })
					start := time.Now()
					got, err := client.WaitForImages(t.Context(), test.ids, appstreaming.WaitOptions{})
					if elapsed := time.Since(start); elapsed < time.Minute {
						t.Errorf("the wait took %v, want at least 1m", elapsed)
					}
					if final == appstreaming.ImageStatusCreateFailed {
						var waitErr *appstreaming.WaitError
						if !errors.As(err, &waitErr) || !errors.Is(err, appstreaming.ErrImageFailed) || waitErr.Last.VersionID != "iv-12" {
							t.Errorf("got %v, want the failure of iv-12", err)
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					for i, image := range got {
						if image.ImageID != test.ids[i] || image.ImageID == "imgc-0" && image.VersionID != "iv-12" {
							t.Errorf("got version %s of %s, want iv-12 of %s", image.VersionID, image.ImageID, test.ids[i])
						}
					}
				})
			})
		}
	}
}

func TestStatusesAreReadInAnyLetterCase(t *testing.T) {
	t.Parallel()
	for status, want := range map[appstreaming.ImageStatus]error{
		"AVAILABLE": nil, "available": nil, "Available": nil,
		"CREATE_FAILED": appstreaming.ErrImageFailed, "create_failed": appstreaming.ErrImageFailed,
		"UPLOAD_FAILED": appstreaming.ErrImageFailed, "Sync_Failed": appstreaming.ErrImageFailed, "FAILED": appstreaming.ErrImageFailed,
		" available\n": nil, "create_failed ": appstreaming.ErrImageFailed,
		"Delete": appstreaming.ErrImageGone, "DELETING": appstreaming.ErrImageGone,
	} {
		waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
			service.Put(imageIn(0, "NOT_AVAILABLE"))
			after(time.Minute, func() { service.Put(imageIn(0, status)) })
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			start := time.Now()
			image, err := client.WaitForImage(ctx, "imgc-0", appstreaming.WaitOptions{})
			if !errors.Is(err, want) || want == nil && image.Status != status || time.Since(start) < time.Minute {
				t.Errorf("%s: got %v, %v after %v; want %v", status, image.Status, err, time.Since(start), want)
			}
		})
	}
}

// A poll with a requested delay is not a failed poll, no matter how often that
// happens.
func TestAWaitHonorsARequestedDelay(t *testing.T) {
	t.Parallel()
	waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		service.Put(imageIn(0, appstreaming.ImageStatusAvailable))
		for range 8 { // more than the failed polls that end a wait
			service.Fail(1, *throttled("60"))
		}
		service.Fail(1, *throttled("300"))
		start := time.Now()
		image, err := client.WaitForImage(t.Context(), "imgc-0", appstreaming.WaitOptions{MaxInterval: 5 * time.Second})
		elapsed := time.Since(start)
		if err != nil || image.ImageID != "imgc-0" || service.RequestCount() != 10 {
			t.Fatalf("got %v, %v after %d requests; want the image after 10", image.ImageID, err, service.RequestCount())
		}
		if least := 8*60*time.Second + 300*time.Second; elapsed < least || elapsed > least+time.Minute {
			t.Errorf("the wait took %v, want about %v", elapsed, least)
		}
	})
}

func TestADelayOfMoreThanFiveMinutesEndsAWait(t *testing.T) {
	t.Parallel()
	waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		service.Fail(1, *throttled("301"))
		_, err := client.WaitForImage(t.Context(), "imgc-0", appstreaming.WaitOptions{})
		var apiErr *appstreaming.APIError
		if !errors.As(err, &apiErr) || apiErr.RetryAfter != 301*time.Second || service.RequestCount() != 1 {
			t.Errorf("got %v after %d requests, want the refusal after 1", err, service.RequestCount())
		}
	})
}

func TestARefusalThatCannotPassEndsAWaitWhateverDelayItRequests(t *testing.T) {
	t.Parallel()
	waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		service.Fail(1, appstreamingtest.Fault{
			Code: appstreaming.CodeForbiddenNoPermission, Header: http.Header{"Retry-After": {"60"}},
		})
		_, err := client.WaitForImage(t.Context(), "imgc-0", appstreaming.WaitOptions{})
		if !errors.Is(err, appstreaming.CodeForbidden) || service.RequestCount() != 1 {
			t.Errorf("got %v after %d requests, want the refusal after 1", err, service.RequestCount())
		}
	})
}

// A failure that a single call does not retry can be over by the next poll.
func TestFailuresThatACallDoesNotRetryCountAsFailedPolls(t *testing.T) {
	t.Parallel()
	html := appstreamingtest.Fault{Status: 200, Body: "<html>Please log in</html>"}
	down := errors.New("the vault is sealed")
	for name, fail := range map[string]func(service *appstreamingtest.Server, provider *failingProvider, polls int){
		"a proxy's page":       func(service *appstreamingtest.Server, _ *failingProvider, polls int) { service.Fail(polls, html) },
		"a provider's failure": func(_ *appstreamingtest.Server, provider *failingProvider, polls int) { provider.fail(polls, down) },
		"no credentials later": func(_ *appstreamingtest.Server, provider *failingProvider, polls int) {
			provider.fail(polls, appstreaming.ErrNoCredentials)
		},
	} {
		for _, polls := range []int{1, 4, 5} {
			t.Run(fmt.Sprintf("%s, %d in a row", name, polls), func(t *testing.T) {
				t.Parallel()
				waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, _ *appstreaming.Client) {
					provider := new(failingProvider)
					client := service.Client(appstreaming.WithCredentials(appstreaming.CredentialsFunc(provider.credentials)),
						appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1}))
					service.Put(imageIn(0, appstreaming.ImageStatusCreating))
					after(time.Second, func() { fail(service, provider, polls) })
					after(2*time.Minute, func() { service.Put(imageIn(0, appstreaming.ImageStatusAvailable)) })
					image, err := client.WaitForImage(t.Context(), "imgc-0", appstreaming.WaitOptions{})
					if ended := polls == 5; ended != (err != nil) || ended == (image.ImageID == "imgc-0") {
						t.Errorf("got %v, %v", image.ImageID, err)
					}
				})
			})
		}
	}
}

// failingProvider fails some times.
type failingProvider struct {
	mu    sync.Mutex
	left  int
	error error
}

func (p *failingProvider) fail(times int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.error = times, err
}

func (p *failingProvider) credentials(context.Context) (appstreaming.Credentials, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left > 0 {
		p.left--
		return appstreaming.Credentials{}, p.error
	}
	return appstreaming.Credentials{
		AccessKeyID: appstreamingtest.AccessKeyID, AccessKeySecret: appstreamingtest.AccessKeySecret,
	}, nil
}

func TestAWaitWithoutCredentialsEndsAtOnce(t *testing.T) {
	t.Parallel()
	waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, _ *appstreaming.Client) {
		provider := new(failingProvider)
		provider.fail(math.MaxInt, appstreaming.ErrNoCredentials)
		client := service.Client(appstreaming.WithCredentials(appstreaming.CredentialsFunc(provider.credentials)))
		start := time.Now()
		_, err := client.WaitForImage(t.Context(), "imgc-0", appstreaming.WaitOptions{})
		if !errors.Is(err, appstreaming.ErrNoCredentials) || time.Since(start) != 0 {
			t.Errorf("got %v after %v, want ErrNoCredentials at once", err, time.Since(start))
		}
	})
}

func TestAnImageIsGoneWhenTwoPollsAgree(t *testing.T) {
	t.Parallel()
	for _, ids := range [][]string{{"imgc-0"}, {"imgc-0", "imgc-1"}} {
		for missing := 1; missing <= 2; missing++ {
			waiting(t, 2, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
				creating := imageIn(0, appstreaming.ImageStatusCreating)
				service.Put(creating)
				polls, at := 0, time.Time{}
				service.OnRequest(func(r appstreamingtest.Request) {
					if !r.Time.Equal(at) {
						polls, at = polls+1, r.Time
					}
					switch polls {
					case 3:
						service.Remove("imgc-0")
					case 3 + missing:
						service.Put(creating)
					case 10:
						service.Put(imageIn(0, appstreaming.ImageStatusAvailable))
					}
				})
				_, err := client.WaitForImages(t.Context(), ids, appstreaming.WaitOptions{})
				if missing == 1 && err != nil || missing == 2 && !errors.Is(err, appstreaming.ErrImageGone) {
					t.Errorf("missing in %d polls: got %v", missing, err)
				}
			})
		}
	}
}

func TestAWaitThatEndsInAPauseSaysWhatFailedBefore(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user closed the window")
	waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		service.Fail(-1, *throttled("60"))
		ctx, cancel := context.WithCancelCause(t.Context())
		after(10*time.Second, func() { cancel(cause) })
		start := time.Now()
		_, err := client.WaitForImage(ctx, "imgc-0", appstreaming.WaitOptions{})
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || !errors.Is(err, appstreaming.CodeThrottling) {
			t.Errorf("got %v, want the cancellation, its cause and the refusal", err)
		}
		if time.Since(start) != 10*time.Second {
			t.Errorf("it took %v, want 10s", time.Since(start))
		}
	})
}

func TestLongIntervalsDoNotOverflow(t *testing.T) {
	t.Parallel()
	for _, options := range []appstreaming.WaitOptions{
		{Interval: math.MaxInt64}, {Interval: math.MaxInt64 / 2, MaxInterval: math.MaxInt64}, {MaxInterval: math.MaxInt64},
		{Grace: math.MaxInt64},
	} {
		waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
			service.Put(imageIn(0, appstreaming.ImageStatusCreating))
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Hour)
			defer cancel()
			_, err := client.WaitForImage(ctx, "imgc-0", options)
			if !errors.Is(err, context.DeadlineExceeded) || service.RequestCount() > 4*60*3 {
				t.Errorf("%+v: got %v after %d requests", options, err, service.RequestCount())
			}
		})
	}
}

func TestWaitsWorkOverAnyListerAndPassTheirOptionsOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		polls, options := 0, 0
		lister := optionLister(func(req appstreaming.ListImageRequest, opts []appstreaming.Option) *appstreaming.ListImageResponse {
			polls++
			options = len(opts)
			image := imageIn(0, appstreaming.ImageStatusCreating)
			if polls == 3 {
				image.Status = appstreaming.ImageStatusAvailable
			}
			return &appstreaming.ListImageResponse{Images: []appstreaming.Image{image}, Count: 1}
		})
		images, err := appstreaming.WaitForImages(t.Context(), lister, []string{"imgc-0"}, appstreaming.WaitOptions{},
			appstreaming.WithPrefetch(2))
		if err != nil || len(images) != 1 || polls != 3 || options != 1 {
			t.Errorf("got %v, %v after %d polls with %d options; want the image after 3 with 1", images, err, polls, options)
		}
	})
}

// optionLister is an ImageLister that sees its options.
type optionLister func(appstreaming.ListImageRequest, []appstreaming.Option) *appstreaming.ListImageResponse

func (f optionLister) ListImage(
	_ context.Context, req appstreaming.ListImageRequest, opts ...appstreaming.Option,
) (*appstreaming.ListImageResponse, error) {
	return f(req, opts), nil
}

func TestAWaitUsesTheOptionsOfItsCall(t *testing.T) {
	t.Parallel()
	waiting(t, 0, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		service.Put(imageIn(0, appstreaming.ImageStatusAvailable))
		attempts := 0
		observe := appstreaming.WithObserver(func(context.Context, appstreaming.Attempt) { attempts++ })
		if _, err := client.WaitForImage(t.Context(), "imgc-0", appstreaming.WaitOptions{}, observe); err != nil || attempts != 1 {
			t.Errorf("%d attempts observed, %v; want 1", attempts, err)
		}
	})
}
