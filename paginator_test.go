package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// inventory is an ImageLister of numbered images that can misbehave.
type inventory struct {
	images     int
	count      func(page int) int // nil: the truth
	pageSize   int                // a cap on PageSize, echoed; 0: none
	emptyPage  int                // page that is empty although there is more
	shortPages bool               // pages lack their last image
	stuck      bool               // ignores PageNumber
	latency    time.Duration
	fail       map[int][]error // what a page's next requests fail with

	mu            sync.Mutex
	asked         []int
	running, most int
}

func (v *inventory) ListImage(ctx context.Context, req ListImageRequest, _ ...Option) (*ListImageResponse, error) {
	number := max(1, req.PageNumber)
	v.mu.Lock()
	v.asked = append(v.asked, number)
	v.running++
	v.most = max(v.most, v.running)
	var err error
	if queue := v.fail[number]; len(queue) > 0 {
		err, v.fail[number] = queue[0], queue[1:]
	}
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		v.running--
		v.mu.Unlock()
	}()
	if v.latency > 0 {
		select {
		case <-time.After(v.latency + time.Duration(rand.N(int64(v.latency)))):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	size := req.PageSize
	if v.pageSize > 0 {
		size = min(size, v.pageSize)
	}
	page := &ListImageResponse{PageNumber: number, PageSize: size, Count: v.images}
	if v.count != nil {
		page.Count = v.count(number)
	}
	if v.stuck {
		number = 1
	}
	first, last := min((number-1)*size, v.images), min(number*size, v.images)
	if v.shortPages && last-first == size {
		last--
	}
	if number != v.emptyPage {
		for i := first; i < last; i++ {
			page.Images = append(page.Images, Image{ImageID: fmt.Sprintf("imgc-%d", i), VersionID: "iv-1"})
		}
	}
	return page, nil
}

func numbered(from, to int) []string {
	var ids []string
	for i := from; i < to; i++ {
		ids = append(ids, fmt.Sprintf("imgc-%d", i))
	}
	return ids
}

func idsOf(images []Image) []string {
	var ids []string
	for _, image := range images {
		ids = append(ids, image.ImageID)
	}
	return ids
}

func TestEveryImageIsYieldedOnceInOrder(t *testing.T) {
	t.Parallel()
	for _, images := range []int{0, 1, 99, 100, 101, 237, 1000} {
		for _, size := range []int{1, 7, 10, 99, 100} {
			for _, prefetch := range []int{0, 1, 2, 8} {
				t.Run(fmt.Sprintf("%d images by %d, prefetch %d", images, size, prefetch), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						lister := &inventory{images: images, latency: 20 * time.Millisecond}
						got, err := Collect(Images(t.Context(), lister, ListImageRequest{PageSize: size}, WithPrefetch(prefetch)))
						if err != nil {
							t.Fatal(err)
						}
						if diff := cmp.Diff(numbered(0, images), idsOf(got)); diff != "" {
							t.Errorf("images (-want +got):\n%s", diff)
						}
						pages := max(1, (images+size-1)/size)
						if len(lister.asked) != pages || lister.most > max(1, prefetch) {
							t.Errorf("%d requests, %d at once; want %d and at most %d", len(lister.asked), lister.most, pages, max(1, prefetch))
						}
					})
				})
			}
		}
	}
}

func TestPrefetchKeepsItsWindowFull(t *testing.T) {
	t.Parallel()
	elapsed := func(prefetch int) (took time.Duration, most int) {
		synctest.Test(t, func(t *testing.T) {
			lister := &inventory{images: 10_000, latency: 20 * time.Millisecond}
			start := time.Now()
			if got, err := Collect(Images(t.Context(), lister, ListImageRequest{}, WithPrefetch(prefetch))); err != nil || len(got) != 10_000 {
				t.Fatalf("%d images, %v", len(got), err)
			}
			took, most = time.Since(start), lister.most
		})
		return took, most
	}
	alone, _ := elapsed(0)
	eight, most := elapsed(8)
	if most != 8 || alone < 5*eight {
		t.Errorf("prefetch 8 took %v with %d at once, none took %v; want a full window and less than a fifth", eight, most, alone)
	}
}

func TestAPagerResumesFromItsPageNumber(t *testing.T) {
	t.Parallel()
	lister := &inventory{images: 25}
	first := NewPager(lister, ListImageRequest{PageSize: 10})
	page, err := first.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := idsOf(page.Images)
	resumed := NewPager(lister, ListImageRequest{PageSize: 10, PageNumber: first.PageNumber()})
	for resumed.More() {
		page, err := resumed.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, idsOf(page.Images)...)
	}
	if diff := cmp.Diff(numbered(0, 25), got); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	if _, err := resumed.Next(context.Background()); !errors.Is(err, ErrNoMorePages) {
		t.Errorf("past the end: %v, want ErrNoMorePages", err)
	}
	if first.PageNumber() != 2 || resumed.PageNumber() != 4 || new(Pager).PageNumber() != 1 {
		t.Errorf("page numbers %d, %d, %d; want 2, 4, 1", first.PageNumber(), resumed.PageNumber(), new(Pager).PageNumber())
	}
}

func TestNextMayBeRepeatedAfterAnError(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 3} {
		down := errors.New("down")
		lister := &inventory{images: 50, fail: map[int][]error{1: {down}, 3: {down, down}}}
		pager := NewPager(lister, ListImageRequest{PageSize: 10}, WithPrefetch(prefetch))
		var got []string
		failures := 0
		for pager.More() {
			before := pager.PageNumber()
			page, err := pager.Next(context.Background())
			if err != nil {
				failures++
				if !errors.Is(err, down) || pager.PageNumber() != before || (before != 1 && before != 3) {
					t.Fatalf("prefetch %d: page %d failed with %v, and the pager is at %d", prefetch, before, err, pager.PageNumber())
				}
				continue
			}
			got = append(got, idsOf(page.Images)...)
		}
		if diff := cmp.Diff(numbered(0, 50), got); diff != "" || failures != 3 {
			t.Errorf("prefetch %d: %d failures, images (-want +got):\n%s", prefetch, failures, diff)
		}
	}
}

func TestAnErrorIsYieldedOnceInItsPagesPlace(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 1, 2, 8} {
		t.Run(fmt.Sprint(prefetch), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				down := errors.New("down")
				lister := &inventory{images: 100, latency: time.Millisecond, fail: map[int][]error{4: {down}}}
				seq := Images(t.Context(), lister, ListImageRequest{PageSize: 10}, WithPrefetch(prefetch))
				var got []string
				var failures int
				for image, err := range seq {
					if err != nil {
						failures++
						if !errors.Is(err, down) || image.ImageID != "" {
							t.Errorf("yielded %v with %v", image.ImageID, err)
						}
						continue
					}
					got = append(got, image.ImageID)
				}
				if diff := cmp.Diff(numbered(0, 30), got); diff != "" || failures != 1 {
					t.Errorf("%d failures, images (-want +got):\n%s", failures, diff)
				}
				// The second range starts anew, and the fault is gone.
				again, err := Collect(seq)
				if diff := cmp.Diff(numbered(0, 100), idsOf(again)); diff != "" || err != nil {
					t.Errorf("second range: %v, images (-want +got):\n%s", err, diff)
				}
			})
		})
	}
}

func TestListingsEndWhereTheyShould(t *testing.T) {
	t.Parallel()
	lies := func(n int) func(int) int { return func(int) int { return n } }
	tests := map[string]struct {
		lister   *inventory
		want     []string
		requests int
		err      error
	}{
		"no Count, full last page":           {&inventory{images: 20, count: lies(0)}, numbered(0, 20), 3, nil},
		"no Count, short last page":          {&inventory{images: 25, count: lies(0)}, numbered(0, 25), 3, nil},
		"Count too high":                     {&inventory{images: 25, count: lies(90)}, numbered(0, 25), 4, nil},
		"Count too low":                      {&inventory{images: 50, count: lies(15)}, numbered(0, 20), 2, nil},
		"Count that grows":                   {&inventory{images: 30, count: func(page int) int { return page*10 + 5 }}, numbered(0, 30), 4, nil},
		"Count that shrinks":                 {&inventory{images: 50, count: func(page int) int { return 50 - page*10 }}, numbered(0, 30), 3, nil},
		"empty page in the middle":           {&inventory{images: 50, emptyPage: 3}, numbered(0, 20), 3, nil},
		"short pages in the middle":          {&inventory{images: 30, shortPages: true}, slices.Concat(numbered(0, 9), numbered(10, 19), numbered(20, 29)), 3, nil},
		"a cap on the page size":             {&inventory{images: 25, pageSize: 5}, numbered(0, 25), 5, nil},
		"a service that ignores PageNumber":  {&inventory{images: 50, stuck: true}, numbered(0, 10), 2, ErrPageLoop},
		"one page of a service that ignores": {&inventory{images: 5, stuck: true}, numbered(0, 5), 1, nil},
	}
	for name, test := range tests {
		for _, prefetch := range []int{0, 4} {
			t.Run(fmt.Sprintf("%s, prefetch %d", name, prefetch), func(t *testing.T) {
				t.Parallel()
				lister := &inventory{
					images: test.lister.images, count: test.lister.count, pageSize: test.lister.pageSize,
					emptyPage: test.lister.emptyPage, shortPages: test.lister.shortPages, stuck: test.lister.stuck,
				}
				got, err := Collect(Images(context.Background(), lister, ListImageRequest{PageSize: 10}, WithPrefetch(prefetch)))
				if !errors.Is(err, test.err) {
					t.Errorf("ended with %v, want %v", err, test.err)
				}
				if diff := cmp.Diff(test.want, idsOf(got)); diff != "" {
					t.Errorf("images (-want +got):\n%s", diff)
				}
				// Ahead of a wrong Count, prefetch may ask for more, never for less.
				if len(lister.asked) < test.requests || prefetch == 0 && len(lister.asked) != test.requests {
					t.Errorf("%d requests, want %d", len(lister.asked), test.requests)
				}
			})
		}
	}
}

func TestLeavingTheLoopStopsWhatIsFetchedAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lister := &inventory{images: 1000, latency: time.Minute}
		for range Pages(t.Context(), lister, ListImageRequest{PageSize: 10}, WithPrefetch(8)) {
			synctest.Wait() // until all have been asked for
			break
		}
		// Joined: nothing is running, at once, although its answers are minutes away.
		if lister.running != 0 || len(lister.asked) != 9 {
			t.Errorf("%d requests still running of %d, want 0 of 9", lister.running, len(lister.asked))
		}
	})
}

func TestACancelledListingEndsAtOnceWithItsCause(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 8} {
		synctest.Test(t, func(t *testing.T) {
			lister := &inventory{images: 1000, latency: time.Second}
			ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
			defer cancel()
			start := time.Now()
			got, err := Collect(Images(ctx, lister, ListImageRequest{PageSize: 10}, WithPrefetch(prefetch)))
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3500*time.Millisecond || len(got) == 0 {
				t.Errorf("prefetch %d: %d images, %v after %v", prefetch, len(got), err, time.Since(start))
			}
		})
	}
}

func TestPagesFetchedUnderAnEndedContextAreFetchedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lister := &inventory{images: 50, latency: time.Second}
		pager := NewPager(lister, ListImageRequest{PageSize: 10}, WithPrefetch(3))
		var got []string
		for pager.More() {
			ctx, cancel := context.WithCancel(t.Context())
			page, err := pager.Next(ctx)
			cancel() // as callers do who bound each page
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, idsOf(page.Images)...)
		}
		if diff := cmp.Diff(numbered(0, 50), got); diff != "" {
			t.Errorf("images (-want +got):\n%s", diff)
		}
	})
}

func TestImagesYieldsAShiftedImageOnce(t *testing.T) {
	t.Parallel()
	lister := listerFunc(func(req ListImageRequest) (*ListImageResponse, error) {
		// Between the pages an image was created, which pushes 9 to page two.
		pages := [][]string{numbered(0, 10), append([]string{"imgc-9"}, numbered(10, 15)...)}
		page := &ListImageResponse{PageSize: 10, Count: 16}
		for _, id := range pages[req.PageNumber-1] {
			page.Images = append(page.Images, Image{ImageID: id, VersionID: "iv-1"}, Image{ImageID: id, VersionID: "iv-2"})
		}
		return page, nil
	})
	got, err := Collect(Images(context.Background(), lister, ListImageRequest{PageSize: 10}))
	if err != nil || len(got) != 2*15 {
		t.Errorf("%d images, %v; want each version of 15 once", len(got), err)
	}
}

type listerFunc func(ListImageRequest) (*ListImageResponse, error)

func (f listerFunc) ListImage(_ context.Context, req ListImageRequest, _ ...Option) (*ListImageResponse, error) {
	return f(req)
}

func TestAListerThatReturnsNothingIsAnError(t *testing.T) {
	t.Parallel()
	lister := listerFunc(func(ListImageRequest) (*ListImageResponse, error) { return nil, nil })
	if _, err := NewPager(lister, ListImageRequest{}).Next(context.Background()); err == nil {
		t.Error("neither a page nor an error came through")
	}
}

func TestCollectStopsAtItsLimit(t *testing.T) {
	t.Parallel()
	lister := &inventory{images: 100}
	got, err := Collect(Limit(Images(context.Background(), lister, ListImageRequest{PageSize: 10}), 15))
	if err != nil || len(got) != 15 || len(lister.asked) != 2 {
		t.Errorf("%d images with %d requests, %v; want 15 with 2", len(got), len(lister.asked), err)
	}
}
