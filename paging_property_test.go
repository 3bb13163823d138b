package appstreaming_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

var pagingListings = flag.Int("paging.listings", 0, "listings of each habit of a service; 0: 24, and 8 under the race detector")

// listingsOfAHabit returns how many listings of each habit a test makes.
func listingsOfAHabit() uint64 {
	switch {
	case *pagingListings > 0:
		return uint64(*pagingListings)
	case appstreaming.UnderRaceDetector():
		return 8
	}
	return 24
}

// habitual is an ImageLister in memory that pages with a habit. Everything it
// does follows from its seed and the order of the requests.
type habitual struct {
	habit  appstreamingtest.Habit
	rng    *rand.Rand
	asked  int // PageSize
	limit  int // images on a page
	hole   int // page that is lost
	turn   int // request from which on the limit is turned; 0: never
	turned int

	mu       sync.Mutex
	images   []appstreaming.Image
	created  int
	always   map[imageKey]bool // images that exist from the first request to the last
	requests int
	lost     bool
}

func newHabitual(habit appstreamingtest.Habit, seed uint64, sizes []int) *habitual {
	rng := rand.New(rand.NewPCG(seed, uint64(habit)))
	size := sizes[rng.IntN(len(sizes))]
	counts := []int{0, 1, size - 1, size, size + 1, 2 * size, 3*size - 1, 5 * size, 9*size + 3}
	s := &habitual{habit: habit, rng: rng, asked: size, limit: size, hole: 2 + rng.IntN(3), always: make(map[imageKey]bool)}
	s.created = counts[rng.IntN(len(counts))]
	versions := 1
	if habit == appstreamingtest.HabitVersionsAreRows {
		versions = 2
	}
	s.images = make([]appstreaming.Image, 0, s.created*versions)
	for i := range s.created {
		for v := range versions {
			image := appstreaming.Image{ImageID: numberedID(i), VersionID: "iv-" + string(rune('1'+v))}
			s.images = append(s.images, image)
			s.always[key(image)] = true
		}
	}
	switch habit {
	case appstreamingtest.HabitLimit, appstreamingtest.HabitLimitEchoesAsked, appstreamingtest.HabitLimitEchoesNone,
		appstreamingtest.HabitLimitWithoutCount, appstreamingtest.HabitLimitChanging:
		s.limit = max(1, []int{size / 2, size / 3, size - 1}[rng.IntN(3)])
	}
	return s
}

// imageKey identifies a version of an image.
type imageKey struct{ ImageID, VersionID string }

func key(image appstreaming.Image) imageKey { return imageKey{image.ImageID, image.VersionID} }

// change creates and deletes images.
func (s *habitual) change(probability float64) {
	for s.rng.Float64() < probability {
		kind, many := s.rng.IntN(3), []int{1, 1, 1, s.asked/4 + 1}[s.rng.IntN(4)]
		for range many {
			if kind == 2 {
				if len(s.images) > 0 {
					i := s.rng.IntN(len(s.images))
					delete(s.always, key(s.images[i]))
					s.images = slices.Delete(s.images, i, i+1)
				}
				continue
			}
			image := appstreaming.Image{ImageID: numberedID(s.created), VersionID: "iv-1"}
			s.created++
			s.images = slices.Insert(s.images, kind*len(s.images), image)
		}
	}
}

func (s *habitual) ListImage(
	ctx context.Context, req appstreaming.ListImageRequest, _ ...appstreaming.Option,
) (*appstreaming.ListImageResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s.requests++
	if s.requests == s.turn {
		s.limit = s.turned
	}
	switch s.habit {
	case appstreamingtest.HabitChanging, appstreamingtest.HabitLimitChanging:
		s.change(.05)
	case appstreamingtest.HabitChangingFast:
		s.change(.3)
	}
	number, pages := req.PageNumber, (len(s.images)+s.limit-1)/s.limit
	switch {
	case s.habit == appstreamingtest.HabitIgnoresPageNumber:
		number = 1
	case s.habit == appstreamingtest.HabitRepeatsLastPage:
		number = min(number, max(1, pages))
	}
	page := &appstreaming.ListImageResponse{PageNumber: req.PageNumber, PageSize: s.limit, Count: len(s.images)}
	from := min((number-1)*s.limit, len(s.images))
	page.Images = slices.Clone(s.images[from:min(from+s.limit, len(s.images))])
	switch s.habit {
	case appstreamingtest.HabitLosesPageOnce:
		if number == s.hole && !s.lost {
			s.lost, page.Images = true, nil
		}
	case appstreamingtest.HabitLosesPage:
		if number == s.hole {
			page.Images = nil
		}
	case appstreamingtest.HabitCutsOff:
		if number > 2 {
			page.Images = nil
		}
	case appstreamingtest.HabitVersionsAreRows:
		page.Count /= 2
	case appstreamingtest.HabitCountTooHigh:
		page.Count += 7
	case appstreamingtest.HabitCountTooLow:
		page.Count = min(page.Count, max(1, page.Count-7))
	case appstreamingtest.HabitNoCount:
		page.Count = 0
	case appstreamingtest.HabitLimitWithoutCount:
		page.Count, page.PageSize = 0, 0
	case appstreamingtest.HabitLimitEchoesAsked:
		page.PageSize = s.asked
	case appstreamingtest.HabitLimitEchoesNone:
		page.PageSize = 0
	case appstreamingtest.HabitIgnoresPageNumber:
		if s.rng.IntN(2) == 0 {
			page.PageNumber = 1
		}
	}
	return page, nil
}

// complete reports whether images holds every image that existed all the time, and
// no image twice.
func (s *habitual) complete(images []appstreaming.Image) (all, once bool) {
	got := make(map[imageKey]bool, len(images))
	for _, image := range images {
		got[key(image)] = true
	}
	for id := range s.always {
		if !got[id] {
			return false, len(got) == len(images)
		}
	}
	return true, len(got) == len(images)
}

// oldRule lists as the first version of this package did: it believes Count and
// PageSize, and asks for no page twice.
func oldRule(ctx context.Context, s *habitual) ([]appstreaming.Image, error) {
	var images, previous []appstreaming.Image
	seen := make(map[imageKey]bool)
	for number, size := 1, s.asked; ; number++ {
		page, err := s.ListImage(ctx, appstreaming.ListImageRequest{PageNumber: number, PageSize: s.asked})
		if err != nil {
			return images, err
		}
		same := func(a, b appstreaming.Image) bool { return key(a) == key(b) }
		if len(page.Images) > 0 && slices.EqualFunc(page.Images, previous, same) {
			return images, appstreaming.ErrPageLoop
		}
		previous = page.Images
		if page.PageSize > 0 {
			size = page.PageSize
		}
		for _, image := range page.Images {
			if !seen[key(image)] {
				seen[key(image)] = true
				images = append(images, image)
			}
		}
		if len(page.Images) == 0 || page.Count > 0 && number*size >= page.Count || page.Count == 0 && len(page.Images) < size {
			return images, nil
		}
	}
}

// endings counts how listings of a service ended.
type endings struct{ listings, failed, silent, twice, requests int }

func (t *endings) add(s *habitual, images []appstreaming.Image, err error) {
	t.listings++
	t.requests += s.requests
	all, once := s.complete(images)
	switch {
	case err != nil:
		t.failed++
	case !all:
		t.silent++
	}
	if !once {
		t.twice++
	}
}

func (t *endings) String() string {
	n := float64(t.listings)
	return fmt.Sprintf("%5.1f%% %6.2f%% %5.2f", 100*float64(t.failed)/n, 100*float64(t.silent)/n, float64(t.requests)/n)
}

// Listings of a service with any habit are complete or fail. The log compares them
// with the old rule: failed listings, silently short listings, and requests per
// listing. -paging.listings=6000 makes it exact.
func TestListingsAreCompleteOrFailForEveryHabitOfAService(t *testing.T) {
	t.Parallel()
	type bound struct{ failed, silent float64 } // the largest shares
	bounds := map[appstreamingtest.Habit]bound{
		appstreamingtest.HabitChanging:          {.01, .02}, // changes that cancel out in Count cannot be seen
		appstreamingtest.HabitChangingFast:      {.02, .06},
		appstreamingtest.HabitLimitChanging:     {.01, .03},
		appstreamingtest.HabitCountTooHigh:      {.6, 0}, // a full last page looks like a lost page after it
		appstreamingtest.HabitLosesPage:         {.6, 0},
		appstreamingtest.HabitCutsOff:           {.6, 0},
		appstreamingtest.HabitIgnoresPageNumber: {.7, 0},
		appstreamingtest.HabitVersionsAreRows:   {0, 0},
	}
	for _, habit := range appstreamingtest.Habit.Values(0) {
		t.Run(habit.String(), func(t *testing.T) {
			t.Parallel()
			var before, now, ahead endings
			for seed := range listingsOfAHabit() {
				sizes := []int{100, 10, 3}
				s := newHabitual(habit, seed, sizes)
				images, err := oldRule(t.Context(), s)
				before.add(s, images, err)
				for _, way := range []struct {
					*endings
					window int
				}{{&now, 0}, {&ahead, 4}} {
					s := newHabitual(habit, seed, sizes)
					images, err := list(t.Context(), s, s.asked, appstreaming.WithPrefetch(way.window))
					way.add(s, images, err)
					if err != nil && !errors.Is(err, appstreaming.ErrIncomplete) && !errors.Is(err, appstreaming.ErrPageLoop) {
						t.Fatalf("seed %d: %v", seed, err)
					}
				}
			}
			t.Logf("old rule %v | Images %v | prefetch 4 %v", &before, &now, &ahead)
			n := float64(now.listings)
			ordered := bounds[habit]
			if ordered.failed > .1 {
				ordered.failed += 2 / n // the share wanders where listings are few
			}
			loose := ordered
			if ordered.silent > 0 { // with prefetch the order of requests is random
				loose = bound{ordered.failed + .1 + 2/n, ordered.silent + .15 + 2/n}
			}
			for _, way := range []struct {
				name  string
				got   endings
				limit bound
			}{{"alone", now, ordered}, {"with prefetch", ahead, loose}} {
				if float64(way.got.failed) > way.limit.failed*n || float64(way.got.silent) > way.limit.silent*n {
					t.Errorf("%s: %v; want at most %v", way.name, &way.got, way.limit)
				}
				if way.got.twice > 0 {
					t.Errorf("%s: %d listings yielded an image twice", way.name, way.got.twice)
				}
			}
		})
	}
}

// A service that changes the limit of its pages during a listing makes pages
// overlap, or leaves gaps between them. With prefetch, pages from before the
// change can come after pages from behind it.
func TestListingsAreCompleteWhereTheLimitChanges(t *testing.T) {
	t.Parallel()
	for window, silent := range map[int]float64{0: .05, 4: .08} { // a short page and an empty one look like the end
		var ends endings
		for seed := range uint64(20 * *pagingListings) {
			s := newHabitual(appstreamingtest.HabitLimitEchoesAsked, seed, []int{100, 10, 3})
			s.turn, s.turned = 2+s.rng.IntN(5), 1+s.rng.IntN(s.asked)
			images, err := list(t.Context(), s, s.asked, appstreaming.WithPrefetch(window))
			ends.add(s, images, err)
		}
		t.Logf("prefetch %d: %v", window, &ends)
		if n := float64(ends.listings); float64(ends.silent) > silent*n || float64(ends.failed) > .1*n || ends.twice > 0 {
			t.Errorf("prefetch %d: %v, %d with an image twice; want at most 10%% failed and %v%% silent", window, &ends, ends.twice, 100*silent)
		}
	}
}

// The double pages with the same habits, over HTTP.
func TestListingsOfADoubleWithAHabitAreCompleteOrFail(t *testing.T) {
	t.Parallel()
	for _, habit := range appstreamingtest.Habit.Values(0) {
		t.Run(habit.String(), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(12) {
				// The inventory is that of the lister in memory.
				plan := newHabitual(habit, seed, []int{10, 3})
				service := appstreamingtest.New(plan.images...)
				defer service.Close()
				service.SetHabit(habit, seed)
				images, err := list(t.Context(), service.Client(), plan.asked)
				got := make(map[imageKey]bool)
				for _, image := range images {
					if got[key(image)] {
						t.Errorf("seed %d: %v came twice", seed, key(image))
					}
					got[key(image)] = true
				}
				missing := 0
				for _, image := range service.Images() {
					if plan.always[key(image)] && !got[key(image)] {
						missing++
					}
				}
				silent := err == nil && missing > 0
				changing := strings.Contains(habit.String(), "changing")
				if silent && !changing || err != nil && !errors.Is(err, appstreaming.ErrIncomplete) && !errors.Is(err, appstreaming.ErrPageLoop) {
					t.Errorf("seed %d: %d images, %d missing, %v", seed, len(images), missing, err)
				}
			}
		})
	}
}

// numberedID returns the identifier of image i.
func numberedID(i int) string { return "imgc-" + strconv.Itoa(i) }

// outcome holds the images of a listing and how it ended.
type outcome struct {
	Images []imageKey
	End    string
}

func outcomeOf(images []appstreaming.Image, err error) outcome {
	o := outcome{Images: []imageKey{}}
	for _, image := range images {
		o.Images = append(o.Images, key(image))
	}
	switch {
	case errors.Is(err, appstreaming.ErrIncomplete):
		o.End = "incomplete"
	case errors.Is(err, appstreaming.ErrPageLoop):
		o.End = "page loop"
	case err != nil:
		o.End = err.Error()
	}
	return o
}

// byPager lists with a pager, and returns the images of each page too.
func byPager(
	ctx context.Context, l appstreaming.ImageLister, req appstreaming.ListImageRequest, opts ...appstreaming.Option,
) (pages [][]appstreaming.Image, all []appstreaming.Image, err error) {
	pager := appstreaming.NewPager(l, req, opts...)
	for pager.More() {
		page, err := pager.Next(ctx)
		if err != nil {
			return pages, all, err
		}
		pages, all = append(pages, page.Images), append(all, page.Images...)
	}
	return pages, all, nil
}

// Prefetch of any size, Pager, Pages, Images, and a listing resumed at any page
// deliver the same images and end the same way. Only services that do not
// change can show that.
func TestEveryWayOfListingAgrees(t *testing.T) {
	t.Parallel()
	for _, habit := range appstreamingtest.Habit.Values(0) {
		if strings.Contains(habit.String(), "changing") {
			continue
		}
		t.Run(habit.String(), func(t *testing.T) {
			t.Parallel()
			for seed := range listingsOfAHabit() / 3 {
				sizes := []int{100, 10, 3, 2}
				s := newHabitual(habit, seed, sizes)
				req := appstreaming.ListImageRequest{PageSize: s.asked}
				pages, all, err := byPager(t.Context(), s, req)
				want := outcomeOf(all, err)
				check := func(way string, images []appstreaming.Image, err error) {
					t.Helper()
					got := outcomeOf(images, err)
					if got.End == want.End && slices.Equal(got.Images, want.Images) {
						return // cmp.Diff takes its time
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("seed %d, %s (-Pager +%s):\n%s", seed, way, way, diff)
					}
				}
				for _, prefetch := range []int{0, 1, 4, 16, 64} {
					window := appstreaming.WithPrefetch(prefetch)
					_, images, err := byPager(t.Context(), newHabitual(habit, seed, sizes), req, window)
					check(fmt.Sprint("Pager, prefetch ", prefetch), images, err)
					images = nil
					for page, failure := range appstreaming.Pages(t.Context(), newHabitual(habit, seed, sizes), req, window) {
						if err = failure; err == nil {
							images = append(images, page.Images...)
						}
					}
					check(fmt.Sprint("Pages, prefetch ", prefetch), images, err)
					images, err = appstreaming.Collect(appstreaming.Images(t.Context(), newHabitual(habit, seed, sizes), req, window))
					check(fmt.Sprint("Images, prefetch ", prefetch), images, err)
				}
				if complete, _ := s.complete(all); err == nil && !complete {
					continue // resumed past the end that it believes in, it finds more
				}
				delivered := 0
				for n := range pages {
					delivered += len(pages[n])
					if habit == appstreamingtest.HabitIgnoresPageNumber || habit == appstreamingtest.HabitRepeatsLastPage && n+1 >= len(pages) {
						break // past its end such a service sends images
					}
					_, images, err := byPager(t.Context(), newHabitual(habit, seed, sizes), appstreaming.ListImageRequest{
						PageSize: s.asked, PageNumber: n + 2,
					})
					check(fmt.Sprint("resumed at ", n+2), slices.Concat(all[:delivered], images), err)
				}
			}
		})
	}
}
