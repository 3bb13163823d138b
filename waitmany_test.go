package appstreaming_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestSeveralImagesCostOneRequestARoundWhereAPageHoldsTheInventory(t *testing.T) {
	t.Parallel()
	waiting(t, 50, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
		for i := range 5 {
			service.Put(imageIn(10*i, appstreaming.ImageStatusCreating))
			after(time.Duration(5-i)*time.Minute, func() { service.Put(imageIn(10*i, appstreaming.ImageStatusAvailable)) })
		}
		rounds, told := 0, make(map[string]int)
		service.OnRequest(func(appstreamingtest.Request) { rounds++ })
		ids := []string{"imgc-40", "imgc-0", "imgc-20", "imgc-0", "imgc-10", "imgc-30"}
		images, err := client.WaitForImages(t.Context(), ids, appstreaming.WaitOptions{OnPoll: func(i appstreaming.Image) { told[i.ImageID]++ }})
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
		if told["imgc-0"] != rounds || told["imgc-40"] >= told["imgc-30"] || told["imgc-30"] >= told["imgc-0"] || told["imgc-1"] != 0 {
			t.Errorf("told of %v in %d rounds", told, rounds)
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

// Of an image's versions it is the newest that is being made.
func TestTheNewestVersionIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, ids := range [][]string{{"imgc-0"}, {"imgc-0", "imgc-1"}} {
		waiting(t, 2, func(t *testing.T, service *appstreamingtest.Server, client *appstreaming.Client) {
			older, newer, odd := imageIn(0, appstreaming.ImageStatusAvailable), imageIn(0, appstreaming.ImageStatusCreating), imageIn(0, appstreaming.ImageStatusAvailable)
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
