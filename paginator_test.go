package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
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
	fail       map[int][]error // errors of a page's next requests

	mu            sync.Mutex
	asked         []int
	running, most int
}

func (v *inventory) ListImage(
	ctx context.Context, req appstreaming.ListImageRequest, _ ...appstreaming.Option,
) (*appstreaming.ListImageResponse, error) {
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
	page := &appstreaming.ListImageResponse{PageNumber: number, PageSize: size, Count: v.images}
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
			page.Images = append(page.Images, appstreaming.Image{ImageID: fmt.Sprintf("imgc-%d", i), VersionID: "iv-1"})
		}
	}
	return page, nil
}

func numbered(from, to int) []string {
	ids := []string{}
	for i := from; i < to; i++ {
		ids = append(ids, fmt.Sprintf("imgc-%d", i))
	}
	return ids
}

// list collects the images of a lister.
func list(
	ctx context.Context, l appstreaming.ImageLister, pageSize int, opts ...appstreaming.Option,
) ([]appstreaming.Image, error) {
	return appstreaming.Collect(appstreaming.Images(ctx, l, appstreaming.ListImageRequest{PageSize: pageSize}, opts...))
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
						got, err := list(t.Context(), lister, size, appstreaming.WithPrefetch(prefetch))
						if err != nil {
							t.Fatal(err)
						}
						if diff := cmp.Diff(numbered(0, images), imageIDs(got)); diff != "" {
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
			if got, err := list(t.Context(), lister, 0, appstreaming.WithPrefetch(prefetch)); err != nil || len(got) != 10_000 {
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
	first := appstreaming.NewPager(lister, appstreaming.ListImageRequest{PageSize: 10})
	page, err := first.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := imageIDs(page.Images)
	resumed := appstreaming.NewPager(lister, appstreaming.ListImageRequest{PageSize: 10, PageNumber: first.PageNumber()})
	for resumed.More() {
		page, err := resumed.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, imageIDs(page.Images)...)
	}
	if diff := cmp.Diff(numbered(0, 25), got); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	if _, err := resumed.Next(context.Background()); !errors.Is(err, appstreaming.ErrNoMorePages) {
		t.Errorf("past the end: %v, want ErrNoMorePages", err)
	}
	if first.PageNumber() != 2 || resumed.PageNumber() != 4 || new(appstreaming.Pager).PageNumber() != 1 {
		t.Errorf("page numbers %d, %d, %d; want 2, 4, 1", first.PageNumber(), resumed.PageNumber(), new(appstreaming.Pager).PageNumber())
	}
}

func TestNextMayBeRepeatedAfterAnError(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 3} {
		down := errors.New("down")
		lister := &inventory{images: 50, fail: map[int][]error{1: {down}, 3: {down, down}}}
		pager := appstreaming.NewPager(lister, appstreaming.ListImageRequest{PageSize: 10}, appstreaming.WithPrefetch(prefetch))
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
			got = append(got, imageIDs(page.Images)...)
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
				seq := appstreaming.Images(t.Context(), lister, appstreaming.ListImageRequest{PageSize: 10}, appstreaming.WithPrefetch(prefetch))
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
				// The second range starts a new listing, and the fault is gone.
				again, err := appstreaming.Collect(seq)
				if diff := cmp.Diff(numbered(0, 100), imageIDs(again)); diff != "" || err != nil {
					t.Errorf("second range: %v, images (-want +got):\n%s", err, diff)
				}
			})
		})
	}
}

func TestLeavingTheLoopStopsWhatIsFetchedAhead(t *testing.T) {
	t.Parallel()
	req, window := appstreaming.ListImageRequest{PageSize: 10}, appstreaming.WithPrefetch(8)
	for name, leave := range map[string]func(context.Context, *inventory){
		"Pages": func(ctx context.Context, lister *inventory) {
			for range appstreaming.Pages(ctx, lister, req, window) {
				synctest.Wait() // until all pages are requested
				break
			}
		},
		"Images": func(ctx context.Context, lister *inventory) {
			for range appstreaming.Images(ctx, lister, req, window) {
				synctest.Wait()
				break
			}
		},
		"Limit": func(ctx context.Context, lister *inventory) {
			for range appstreaming.Limit(appstreaming.Images(ctx, lister, req, window), 1) {
				synctest.Wait()
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			lister := &inventory{images: 1000, latency: time.Minute}
			leave(t.Context(), lister)
			// Join was called: no goroutine is left at once, although answers take minutes.
			if lister.running != 0 || len(lister.asked) != 9 {
				t.Errorf("%s: %d requests still running of %d, want 0 of 9", name, lister.running, len(lister.asked))
			}
		})
	}
}

func TestPagesFetchedUnderAnEndedContextAreFetchedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lister := &inventory{images: 50, latency: time.Second}
		pager := appstreaming.NewPager(lister, appstreaming.ListImageRequest{PageSize: 10}, appstreaming.WithPrefetch(3))
		var got []string
		for pager.More() {
			ctx, cancel := context.WithCancel(t.Context())
			page, err := pager.Next(ctx)
			cancel() // like callers that limit the time of each page
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, imageIDs(page.Images)...)
		}
		if diff := cmp.Diff(numbered(0, 50), got); diff != "" {
			t.Errorf("images (-want +got):\n%s", diff)
		}
	})
}

type listerFunc func(appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error)

func (f listerFunc) ListImage(
	_ context.Context, req appstreaming.ListImageRequest, _ ...appstreaming.Option,
) (*appstreaming.ListImageResponse, error) {
	return f(req)
}

func TestAListerThatReturnsNothingIsAnError(t *testing.T) {
	t.Parallel()
	lister := listerFunc(func(appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) { return nil, nil })
	if _, err := appstreaming.NewPager(lister, appstreaming.ListImageRequest{}).Next(context.Background()); err == nil {
		t.Error("neither a page nor an error came through")
	}
}

func TestListingsEndWhereTheyShould(t *testing.T) {
	t.Parallel()
	says := func(n int) func(int) int { return func(int) int { return n } }
	short := slices.Concat(numbered(0, 9), numbered(10, 19), numbered(20, 29))
	tests := map[string]struct {
		lister   *inventory
		want     []string
		requests int
		err      error
	}{
		"no Count, full last page":    {&inventory{images: 20, count: says(0)}, numbered(0, 20), 4, nil},
		"no Count, short last page":   {&inventory{images: 25, count: says(0)}, numbered(0, 25), 4, nil},
		"no Count, one short page":    {&inventory{images: 5, count: says(0)}, numbered(0, 5), 2, nil},
		"no Count and nothing":        {&inventory{count: says(0)}, numbered(0, 0), 1, nil},
		"Count too high":              {&inventory{images: 25, count: says(90)}, numbered(0, 25), 4, nil},
		"Count too high, one page":    {&inventory{images: 5, count: says(9)}, numbered(0, 5), 3, nil},
		"Count too high, full page":   {&inventory{images: 20, count: says(27)}, numbered(0, 20), 4, appstreaming.ErrIncomplete},
		"Count too low":               {&inventory{images: 50, count: says(15)}, numbered(0, 50), 6, nil},
		"Count too low, short page":   {&inventory{images: 45, count: says(15)}, numbered(0, 45), 6, nil},
		"Count is negative":           {&inventory{images: 25, count: says(-7)}, numbered(0, 25), 4, nil},
		"Count is the largest int":    {&inventory{images: 25, count: says(math.MaxInt)}, numbered(0, 25), 4, nil},
		"Count but no images":         {&inventory{count: says(7)}, numbered(0, 0), 2, appstreaming.ErrIncomplete},
		"empty page in the middle":    {&inventory{images: 50, emptyPage: 3}, numbered(0, 20), 4, appstreaming.ErrIncomplete},
		"empty first page":            {&inventory{images: 50, emptyPage: 1}, numbered(0, 0), 2, appstreaming.ErrIncomplete},
		"short pages in the middle":   {&inventory{images: 30, shortPages: true}, short, 5, appstreaming.ErrIncomplete},
		"a limit on the page size":    {&inventory{images: 25, pageSize: 5}, numbered(0, 25), 5, nil},
		"a service that ignores":      {&inventory{images: 50, stuck: true}, numbered(0, 10), 3, appstreaming.ErrPageLoop},
		"one that ignores, low Count": {&inventory{images: 50, stuck: true, count: says(3)}, numbered(0, 10), 3, appstreaming.ErrPageLoop},
		"one that ignores, no Count":  {&inventory{images: 50, stuck: true, count: says(0)}, numbered(0, 10), 3, appstreaming.ErrPageLoop},
		"one page of a service so":    {&inventory{images: 5, stuck: true}, numbered(0, 5), 1, nil},
	}
	for name, test := range tests {
		for _, prefetch := range []int{0, 4} {
			t.Run(fmt.Sprintf("%s, prefetch %d", name, prefetch), func(t *testing.T) {
				t.Parallel()
				lister := &inventory{
					images: test.lister.images, count: test.lister.count, pageSize: test.lister.pageSize,
					emptyPage: test.lister.emptyPage, shortPages: test.lister.shortPages, stuck: test.lister.stuck,
				}
				got, err := list(t.Context(), lister, 10, appstreaming.WithPrefetch(prefetch))
				if !errors.Is(err, test.err) {
					t.Errorf("ended with %v, want %v", err, test.err)
				}
				if diff := cmp.Diff(test.want, imageIDs(got)); diff != "" {
					t.Errorf("images (-want +got):\n%s", diff)
				}
				// With prefetch, a wrong Count may cost more requests, never fewer.
				if len(lister.asked) < test.requests || prefetch == 0 && len(lister.asked) != test.requests {
					t.Errorf("%d requests, want %d", len(lister.asked), test.requests)
				}
			})
		}
	}
}

// With a service that numbers its pages from 0, only the first page is requested
// twice.
func TestAServiceMayNameItsPagesDifferently(t *testing.T) {
	t.Parallel()
	inner := &inventory{images: 50}
	lister := stubborn(func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
		page, err := inner.ListImage(ctx, req)
		page.PageNumber += 41
		return page, err
	})
	got, err := list(t.Context(), lister, 10)
	if diff := cmp.Diff(numbered(0, 50), imageIDs(got)); diff != "" || err != nil {
		t.Errorf("%v, images (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]int{1, 1, 2, 3, 4, 5}, inner.asked); diff != "" {
		t.Errorf("pages asked for (-want +got):\n%s", diff)
	}
}

// scripted answers each page number from a list of responses: the nth request
// for a page gets the nth response, further ones the last.
type scripted struct {
	pages map[int][]string // names of images, for example "a b"; a leading number is Count

	mu    sync.Mutex
	asked map[int]int
}

func (s *scripted) ListImage(
	_ context.Context, req appstreaming.ListImageRequest, _ ...appstreaming.Option,
) (*appstreaming.ListImageResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil {
		s.asked = make(map[int]int)
	}
	responses := s.pages[req.PageNumber]
	page := &appstreaming.ListImageResponse{PageNumber: req.PageNumber, PageSize: req.PageSize}
	if len(responses) == 0 {
		return page, nil
	}
	text := responses[min(s.asked[req.PageNumber], len(responses)-1)]
	s.asked[req.PageNumber]++
	for field := range strings.FieldsSeq(text) {
		if _, err := fmt.Sscan(field, &page.Count); err == nil {
			continue
		}
		id, version, _ := strings.Cut(field, "/")
		page.Images = append(page.Images, appstreaming.Image{ImageID: id, VersionID: version})
	}
	return page, nil
}

func (s *scripted) requests() (sum int) {
	for _, n := range s.asked {
		sum += n
	}
	return sum
}

// Each row is a service whose pages change from request to request. want holds
// the images that Images yields.
func TestImagesFollowsPagesThatChange(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		size     int
		pages    map[int][]string
		want     string
		err      error
		requests int
	}{
		"one created at the front, size 1": {
			1, map[int][]string{1: {"3 a", "4 x"}, 2: {"4 a"}, 3: {"4 b"}, 4: {"4 c"}},
			"a x b c", nil, 5,
		},
		"one created at the front": {
			3, map[int][]string{1: {"6 a b c", "7 x a b"}, 2: {"7 c d e"}, 3: {"7 f"}},
			"a b c d e x f", nil, 4,
		},
		"one deleted: the others move up": {
			3, map[int][]string{1: {"7 a b c", "6 b c d"}, 2: {"6 e f g"}},
			"a b c e f g d", nil, 3,
		},
		"one deleted, and the page before comes empty once": {
			3, map[int][]string{1: {"7 a b c", "6", "6 b c d"}, 2: {"6 e f g"}},
			"a b c e f g d", nil, 4,
		},
		"one deleted, and the page before stays empty": {
			3, map[int][]string{1: {"7 a b c", "6"}, 2: {"6 e f g"}},
			"a b c e f g", appstreaming.ErrIncomplete, 4,
		},
		"created while looking back: others move behind the end": {
			1, map[int][]string{1: {"3 a", "4 x"}, 2: {"3 b", "4 y"}, 3: {"2", "4 b"}, 4: {"4 c"}},
			"a b y x c", nil, 10,
		},
		"a Count that never settles": {
			2, map[int][]string{1: {"4 a b"}, 2: {"2"}},
			"a b", nil, 11,
		},
		"one deleted before the last page: it is empty": {
			3, map[int][]string{1: {"4 a b c", "3 b c d"}, 2: {"3"}},
			"a b c d", nil, 3,
		},
		"more deleted than a page holds": {
			2, map[int][]string{1: {"9 a b", "5 e f"}, 2: {"9 c d", "5 g h"}, 3: {"5 i"}},
			"a b c d i g h e f", nil, 5,
		},
		"deleted again while looking back": {
			2, map[int][]string{1: {"6 a b", "4 a b"}, 2: {"6 c d", "4 e f"}, 3: {"5 f", "4"}},
			"a b c d f e", nil, 7,
		},
		"deleted again and again while looking back: empty pages prove nothing": {
			1, map[int][]string{1: {"6 a"}, 2: {"6 b"}, 3: {"6 c", "4 d"}, 4: {"6 d", "4 f"}, 5: {"6 e", "4"}, 6: {"5", "4"}},
			"a b c d e f", nil, 11,
		},
		"one changed: it moves to the front": {
			2, map[int][]string{1: {"6 a b", "6 e a"}, 2: {"6 b c"}, 3: {"6 d f"}},
			"a b c d f e", nil, 4,
		},
		"an image that stays listed twice": {
			2, map[int][]string{1: {"6 a b"}, 2: {"6 c a"}, 3: {"6 d e"}},
			"a b c d e", nil, 4,
		},
		"all are deleted": {
			2, map[int][]string{1: {"6 a b", ""}, 2: {"6 c d"}, 3: {""}},
			"a b c d", nil, 5,
		},
		"a page lost without Count": {
			2, map[int][]string{1: {"6 a b"}, 2: {"6 c d"}, 3: {""}},
			"a b c d", appstreaming.ErrIncomplete, 5,
		},
		"a limit that is lowered: pages overlap": {
			4, map[int][]string{1: {"8 a b c d"}, 2: {"8 c d"}, 3: {"8 e f"}, 4: {"8 g h"}, 5: {"8"}},
			"a b c d e f g h", nil, 5,
		},
		"a limit that is lowered at what looks like the last page": {
			3, map[int][]string{1: {"5 a b c"}, 2: {"5 c d"}, 3: {"5 e"}, 4: {"5"}},
			"a b c d e", nil, 5,
		},
		"a limit that is raised: pages leave a gap": {
			3, map[int][]string{1: {"6 a b", "6 a b c"}, 2: {"6 d e f"}, 3: {"6"}},
			"a b d e f c", nil, 5,
		},
		"a page that lacks images once": {
			3, map[int][]string{1: {"9 a b c"}, 2: {"9 d", "9 d e f"}, 3: {"9 g h i"}, 4: {"9"}},
			"a b c d g h i e f", nil, 6,
		},
		"a page that lacks images once, no Count": {
			3, map[int][]string{1: {"a b c"}, 2: {"d", "d e f"}, 3: {"g h i"}},
			"a b c d g h i e f", nil, 4,
		},
		"a page that always lacks images": {
			3, map[int][]string{1: {"9 a b c"}, 2: {"9 d"}, 3: {"9 e f g"}, 4: {"9"}},
			"a b c d e f g", appstreaming.ErrIncomplete, 6,
		},
		"a page lost once": {
			2, map[int][]string{1: {"5 a b"}, 2: {"5", "5 c d"}, 3: {"5 e"}},
			"a b c d e", nil, 4,
		},
		"a page that came from elsewhere once": {
			2, map[int][]string{1: {"5 a b"}, 2: {"5 a b", "5 c d"}, 3: {"5 e"}},
			"a b c d e", nil, 4,
		},
		"an earlier page again": {
			2, map[int][]string{1: {"6 a b"}, 2: {"6 c d"}, 3: {"6 b a"}},
			"a b c d", appstreaming.ErrPageLoop, 4,
		},
		"no Count and pages that repeat in turn": {
			2, map[int][]string{1: {"a b"}, 2: {"c d"}, 3: {"a b"}, 4: {"c d"}},
			"a b c d", appstreaming.ErrPageLoop, 4,
		},
		"no Count and a last page that repeats": {
			2, map[int][]string{1: {"a b"}, 2: {"c"}, 3: {"c"}},
			"a b c", nil, 3,
		},
		"a Count that lags behind deleted images": {
			2, map[int][]string{1: {"6 a b"}, 2: {"6 c d", "5 c d"}, 3: {"5"}},
			"a b c d", nil, 7,
		},
		"a Count that fell by less than is missing": {
			2, map[int][]string{1: {"900 a b"}, 2: {"900 c d"}, 3: {"899"}},
			"a b c d", appstreaming.ErrIncomplete, 4,
		},
		"versions of an image on consecutive pages": {
			2, map[int][]string{1: {"4 a/1 b/1"}, 2: {"4 b/2 c/1"}, 3: {"4"}},
			"a/1 b/1 b/2 c/1", nil, 3,
		},
		"versions are listed and images counted": {
			2, map[int][]string{1: {"2 a/1 a/2"}, 2: {"2 b/1 b/2"}, 3: {"2"}},
			"a/1 a/2 b/1 b/2", nil, 3,
		},
		"versions across a page's end, images counted": {
			3, map[int][]string{1: {"3 a/1 b/1 c/1"}, 2: {"3 c/2"}},
			"a/1 b/1 c/1", nil, 1, // the page does not show it
		},
		"images without an identifier are all kept": {
			2, map[int][]string{1: {"5 /1 /2"}, 2: {"5 /3 /1"}, 3: {"5 /1"}},
			"/1 /2 /3 /1 /1", nil, 3,
		},
		"pages of images without an identifier repeat": {
			2, map[int][]string{1: {"5 /1 /2"}, 2: {"5 /1 /2"}},
			"/1 /2", appstreaming.ErrPageLoop, 3,
		},
		"a last page without identifiers repeats": {
			2, map[int][]string{1: {"/1 /2"}, 2: {"/3"}, 3: {"/3"}},
			"/1 /2 /3", nil, 3,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lister := &scripted{pages: test.pages}
			images, err := list(t.Context(), lister, test.size)
			var got []string
			for _, image := range images {
				name := image.ImageID
				if image.VersionID != "" {
					name += "/" + image.VersionID
				}
				got = append(got, name)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" || !errors.Is(err, test.err) {
				t.Errorf("ended with %v, want %v; images (-want +got):\n%s", err, test.err, diff)
			}
			if lister.requests() != test.requests {
				t.Errorf("%d requests, want %d: %v", lister.requests(), test.requests, lister.asked)
			}
		})
	}
}

// The service lowers its limit from 3 to 2, but pages 5 and 6 are fetched ahead
// before that. Page 5 shows it.
func TestPagesFetchedBeforeTheLimitChangedAreFetchedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lister := &scripted{pages: map[int][]string{
			1: {"18 a b c"}, 2: {"18 c d"}, 3: {"18 e f"}, 4: {"18 g h"}, 5: {"18 m n o", "18 i j"}, 6: {"18 p q r", "18 k l"},
			7: {"18 m n"}, 8: {"18 o p"}, 9: {"18 q r"}, 10: {"18"},
		}}
		var got []string
		req := appstreaming.ListImageRequest{PageSize: 3}
		for image, err := range appstreaming.Images(t.Context(), lister, req, appstreaming.WithPrefetch(8)) {
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // until all pages are fetched
			got = append(got, image.ImageID)
		}
		slices.Sort(got)
		if want := "a b c d e f g h i j k l m n o p q r"; strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
	})
}

func TestAnIncompleteListingSaysWhatWasDelivered(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 4} {
		service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(50)...)
		service.SetListing(appstreamingtest.Listing{EmptyPages: []int{3}})
		client := service.Client(appstreaming.WithPrefetch(prefetch))
		pager := appstreaming.NewPager(client, byTens())
		var images int
		var failure error
		for failure == nil {
			var page *appstreaming.ListImageResponse
			if page, failure = pager.Next(t.Context()); failure == nil {
				images += len(page.Images)
			}
		}
		var incomplete *appstreaming.IncompleteError
		if !errors.As(failure, &incomplete) || !errors.Is(failure, appstreaming.ErrIncomplete) || images != 20 {
			t.Fatalf("%d images, then %v; want 20 and an *IncompleteError", images, failure)
		}
		if incomplete.RequestID == "" || !strings.Contains(failure.Error(), incomplete.RequestID) {
			t.Errorf("%v lacks its request id %q", failure, incomplete.RequestID)
		}
		want := appstreaming.IncompleteError{Delivered: 20, Count: 50, PageNumber: 3, RequestID: incomplete.RequestID}
		if diff := cmp.Diff(want, *incomplete); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}

		// Next asks for the same page again.
		if _, err := pager.Next(t.Context()); !errors.Is(err, appstreaming.ErrIncomplete) || pager.PageNumber() != 3 || !pager.More() {
			t.Errorf("again: %v at page %d", err, pager.PageNumber())
		}
		service.SetListing(appstreamingtest.Listing{})
		for pager.More() {
			page, err := pager.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			images += len(page.Images)
		}
		if images != 50 {
			t.Errorf("%d images after the page is back, want 50", images)
		}
	}
}

func TestNextAndRangesCanBeRepeatedAfterAPageLoop(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(50)...)
	service.SetListing(appstreamingtest.Listing{IgnorePageNumber: true})
	client := service.Client()
	pager := appstreaming.NewPager(client, byTens())
	seq := client.Images(t.Context(), byTens())
	got := 0
	for range 3 {
		page, err := pager.Next(t.Context())
		if err == nil {
			got += len(page.Images)
		} else if !errors.Is(err, appstreaming.ErrPageLoop) || pager.PageNumber() != 2 {
			t.Errorf("got %v at page %d, want ErrPageLoop at 2", err, pager.PageNumber())
		}
	}
	failures := 0
	for _, err := range seq {
		if err != nil {
			failures++
		}
	}
	if failures != 1 {
		t.Errorf("the range yielded %d errors, want 1", failures)
	}
	service.SetListing(appstreamingtest.Listing{})
	for pager.More() {
		page, err := pager.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got += len(page.Images)
	}
	images, err := appstreaming.Collect(seq)
	if got != 50 || len(images) != 50 || err != nil {
		t.Errorf("the pager has %d images and the second range %d, %v; want 50 each", got, len(images), err)
	}
}

// A pager returns a page that only repeats an earlier one without its images, so
// they do not count twice.
func TestTheLastPageIsReturnedWithoutImagesThatOnlyRepeat(t *testing.T) {
	t.Parallel()
	lister := &scripted{pages: map[int][]string{1: {"a b"}, 2: {"c"}, 3: {"c"}}}
	var got []int
	for page, err := range appstreaming.Pages(t.Context(), lister, appstreaming.ListImageRequest{PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, len(page.Images))
	}
	if diff := cmp.Diff([]int{2, 1, 0}, got); diff != "" {
		t.Errorf("images of the pages (-want +got):\n%s", diff)
	}
}

func TestAbsurdNumbersAreBounded(t *testing.T) {
	t.Parallel()
	for _, count := range []int{math.MaxInt, math.MaxInt - 1, -1, math.MinInt} {
		for _, size := range []int{math.MaxInt, math.MaxInt / 2, -1, math.MinInt, 0} {
			for _, first := range []int{1, 2, math.MaxInt32 - 1, math.MaxInt32} {
				for _, prefetch := range []int{0, 64} {
					var mu sync.Mutex
					asked := 0
					lister := listerFunc(func(req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
						mu.Lock()
						defer mu.Unlock()
						asked++
						page := &appstreaming.ListImageResponse{PageNumber: req.PageNumber, PageSize: size, Count: count}
						if req.PageNumber < first {
							t.Errorf("asked for page %d", req.PageNumber)
						}
						if n := req.PageNumber - first; n >= 0 && n < 3 {
							page.Images = []appstreaming.Image{{ImageID: fmt.Sprint(2 * n)}, {ImageID: fmt.Sprint(2*n + 1)}}
						}
						return page, nil
					})
					req := appstreaming.ListImageRequest{PageSize: 2, PageNumber: first}
					images, err := appstreaming.Collect(appstreaming.Images(t.Context(), lister, req, appstreaming.WithPrefetch(prefetch)))
					const want = 6
					if len(images) != want || err != nil && !errors.Is(err, appstreaming.ErrIncomplete) || asked > 80 {
						t.Errorf("Count %d, PageSize %d, from %d, prefetch %d: %d images, %v, %d requests; want %d images",
							count, size, first, prefetch, len(images), err, asked, want)
					}
				}
			}
		}
	}
}

func TestPagesAheadAreDroppedAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running int
		var mu sync.Mutex
		count := func(delta int) int {
			mu.Lock()
			defer mu.Unlock()
			running += delta
			return running
		}
		lister := stubborn(func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
			count(1)
			defer count(-1)
			page := &appstreaming.ListImageResponse{PageNumber: req.PageNumber, PageSize: 2, Count: 20}
			switch req.PageNumber {
			case 1:
				page.Images = []appstreaming.Image{{ImageID: "a"}, {ImageID: "b"}}
			case 2:
				page.Images = []appstreaming.Image{{ImageID: "c"}}
			case 3: // the end, regardless of Count
			default:
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return page, nil
		})
		pager := appstreaming.NewPager(lister, appstreaming.ListImageRequest{PageSize: 2}, appstreaming.WithPrefetch(4))
		for pager.More() {
			if _, err := pager.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if pager.More() && pager.PageNumber() == 3 && count(0) == 0 {
				t.Error("nothing is fetched ahead: the test shows nothing")
			}
		}
		if n := count(0); n != 0 {
			t.Errorf("%d requests still run past the end", n)
		}
	})
}

// stubborn is an ImageLister that sees ctx.
type stubborn func(context.Context, appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error)

func (f stubborn) ListImage(
	ctx context.Context, req appstreaming.ListImageRequest, _ ...appstreaming.Option,
) (*appstreaming.ListImageResponse, error) {
	return f(ctx, req)
}

func TestAListingEndsWithItsContextAtOnceAndWithTheCallersCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user left")
	ends := map[string]struct {
		end       func(context.Context) (context.Context, context.CancelFunc)
		want, not error
	}{
		"cancelled with a cause": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			timer := time.AfterFunc(3500*time.Millisecond, func() { cancel(cause) })
			return ctx, func() { timer.Stop() }
		}, context.Canceled, context.DeadlineExceeded},
		"out of time": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, 3500*time.Millisecond, cause)
		}, context.DeadlineExceeded, context.Canceled},
	}
	for name, test := range ends {
		for _, prefetch := range []int{0, 1, 8} {
			for _, deaf := range []bool{false, true} { // the lister reports only ctx.Err()
				t.Run(fmt.Sprintf("%s, prefetch %d, deaf %v", name, prefetch, deaf), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						ctx, stop := test.end(t.Context())
						defer stop()
						slow := &inventory{images: 1000, latency: time.Second}
						lister := stubborn(func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
							page, err := slow.ListImage(ctx, req)
							if err != nil && !deaf {
								err = fmt.Errorf("%w: %w", ctx.Err(), context.Cause(ctx))
							}
							return page, err
						})
						start := time.Now()
						got, err := list(ctx, lister, 10, appstreaming.WithPrefetch(prefetch))
						if !errors.Is(err, test.want) || !errors.Is(err, cause) || errors.Is(err, test.not) || len(got) == 0 {
							t.Errorf("%d images, then %v; want %v and its cause", len(got), err, test.want)
						}
						if elapsed := time.Since(start); elapsed != 3500*time.Millisecond {
							t.Errorf("it took %v", elapsed)
						}
					})
				})
			}
		}
	}
}

// This test uses a client. Its calls end anywhere: in a request, in a pause, or
// between two pages.
func TestAPrefetchingClientKeepsTheCallersCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user left")
	synctest.Test(t, func(t *testing.T) {
		service := appstreamingtest.New(appstreamingtest.SampleImages(60)...)
		defer service.Close()
		service.SetLatency(10 * time.Millisecond)
		client := service.Client(appstreaming.WithPrefetch(4))
		for i := range 100 {
			service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable, Page: 1 + i%6})
			after := time.Duration(i) * 500 * time.Microsecond
			ctx, cancel := context.WithCancelCause(t.Context())
			want, not := context.Canceled, context.DeadlineExceeded
			if i%2 == 0 {
				time.AfterFunc(after, func() { cancel(cause) })
			} else {
				var stop context.CancelFunc
				ctx, stop = context.WithTimeoutCause(ctx, after, cause)
				defer stop()
				want, not = not, want
			}
			_, err := list(ctx, client, 10)
			deadline := err != nil && strings.Contains(err.Error(), "outlast") // a retry that would come too late does not start
			if err != nil && !deadline && (!errors.Is(err, cause) || !errors.Is(err, want) || errors.Is(err, not)) {
				t.Errorf("after %v: got %v, want %v and its cause", after, err, want)
			}
			service.ClearFaults()
			cancel(nil)
		}
	})
}

func TestNothingIsAskedUnderAnEndedContext(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user left")
	for _, prefetch := range []int{0, 4} {
		lister := &inventory{images: 100}
		pager := appstreaming.NewPager(lister, byTens(), appstreaming.WithPrefetch(prefetch))
		ctx, cancel := context.WithCancelCause(t.Context())
		if _, err := pager.Next(ctx); err != nil {
			t.Fatal(err)
		}
		cancel(cause)
		page, err := pager.Next(ctx)
		if page != nil || !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || pager.PageNumber() != 2 {
			t.Errorf("prefetch %d: got %v, %v at page %d; want the cancellation", prefetch, page, err, pager.PageNumber())
		}
		if prefetch == 0 && len(lister.asked) != 1 {
			t.Errorf("%d requests, want 1", len(lister.asked))
		}
	}
}

// A panic is recovered in the consumer, with the same value, prefetch or not.
func TestPanicsReachTheConsumer(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	sources := map[string]func(t *testing.T, service *appstreamingtest.Server, explode func()) appstreaming.ImageLister{
		"lister": func(_ *testing.T, _ *appstreamingtest.Server, explode func()) appstreaming.ImageLister {
			inner := &inventory{images: 100}
			return stubborn(func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
				explode()
				return inner.ListImage(ctx, req)
			})
		},
		"observer": func(_ *testing.T, service *appstreamingtest.Server, explode func()) appstreaming.ImageLister {
			return service.Client(appstreaming.WithObserver(func(context.Context, appstreaming.Attempt) { explode() }))
		},
		"limiter": func(_ *testing.T, service *appstreamingtest.Server, explode func()) appstreaming.ImageLister {
			return service.Client(appstreaming.WithRateLimit(limiterFunc(func(context.Context) error { explode(); return nil })))
		},
		"provider": func(_ *testing.T, service *appstreamingtest.Server, explode func()) appstreaming.ImageLister {
			return service.Client(appstreaming.WithCredentials(appstreaming.CredentialsFunc(
				func(context.Context) (appstreaming.Credentials, error) {
					explode()
					return appstreaming.Credentials{
						AccessKeyID: appstreamingtest.AccessKeyID, AccessKeySecret: appstreamingtest.AccessKeySecret,
					}, nil
				})))
		},
		"middleware": func(_ *testing.T, service *appstreamingtest.Server, explode func()) appstreaming.ImageLister {
			return service.Client(appstreaming.WithMiddleware(func(next appstreaming.Handler) appstreaming.Handler {
				return func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
					explode()
					return next(ctx, req)
				}
			}))
		},
	}
	ways := map[string]func(context.Context, appstreaming.ImageLister, ...appstreaming.Option) int{
		"Next": func(ctx context.Context, l appstreaming.ImageLister, opts ...appstreaming.Option) (n int) {
			pager := appstreaming.NewPager(l, byTens(), opts...)
			for pager.More() {
				page, err := pager.Next(ctx)
				if err != nil {
					return -1
				}
				n += len(page.Images)
			}
			return n
		},
		"Pages": func(ctx context.Context, l appstreaming.ImageLister, opts ...appstreaming.Option) (n int) {
			for page, err := range appstreaming.Pages(ctx, l, byTens(), opts...) {
				if err != nil {
					return -1
				}
				n += len(page.Images)
			}
			return n
		},
		"Images": func(ctx context.Context, l appstreaming.ImageLister, opts ...appstreaming.Option) int {
			images, err := list(ctx, l, 10, opts...)
			if err != nil {
				return -1
			}
			return len(images)
		},
	}
	for source, lister := range sources {
		for way, run := range ways {
			for _, prefetch := range []int{0, 4} {
				t.Run(fmt.Sprintf("%s, %s, prefetch %d", source, way, prefetch), func(t *testing.T) {
					t.Parallel()
					service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(100)...)
					var mu sync.Mutex
					calls := 0
					l := lister(t, service, func() {
						mu.Lock()
						defer mu.Unlock()
						if calls++; calls == 3 {
							panic(boom)
						}
					})
					n, got := 0, any(nil)
					func() {
						defer func() { got = recover() }()
						n = run(t.Context(), l, appstreaming.WithPrefetch(prefetch))
					}()
					if got != boom {
						t.Errorf("recovered %v after %d images, want %v", got, n, boom)
					}
				})
			}
		}
	}
}

func TestAPagerGoesOnAfterAPanic(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 4} {
		inner := &inventory{images: 50}
		var mu sync.Mutex
		exploded := false
		lister := stubborn(func(ctx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
			mu.Lock()
			defer mu.Unlock()
			if req.PageNumber == 3 && !exploded {
				exploded = true
				panic("boom")
			}
			return inner.ListImage(ctx, req)
		})
		pager := appstreaming.NewPager(lister, byTens(), appstreaming.WithPrefetch(prefetch))
		var got []string
		panics := 0
		for pager.More() {
			func() {
				defer func() {
					if recover() != nil {
						panics++
					}
				}()
				page, err := pager.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, imageIDs(page.Images)...)
			}()
		}
		if diff := cmp.Diff(numbered(0, 50), got); diff != "" || panics != 1 {
			t.Errorf("prefetch %d: %d panics, images (-want +got):\n%s", prefetch, panics, diff)
		}
	}
}

func TestALimitEndsTheListing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ limit, images, requests int }{
		{15, 15, 2}, {10, 10, 1}, {1, 1, 1}, {0, 0, 0}, {-1, 0, 0}, {1000, 100, 10},
	} {
		lister := &inventory{images: 100}
		got, err := appstreaming.Collect(appstreaming.Limit(appstreaming.Images(t.Context(), lister, byTens()), test.limit))
		if err != nil || len(got) != test.images || len(lister.asked) != test.requests {
			t.Errorf("limit %d: %d images with %d requests, %v; want %d with %d",
				test.limit, len(got), len(lister.asked), err, test.images, test.requests)
		}
	}
}

func TestALimitPassesErrorsOn(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	lister := &inventory{images: 100, fail: map[int][]error{2: {down}}}
	got, err := appstreaming.Collect(appstreaming.Limit(appstreaming.Images(t.Context(), lister, byTens()), 11))
	if !errors.Is(err, down) || len(got) != 10 {
		t.Errorf("%d images, %v; want 10 and the error", len(got), err)
	}
}

func TestAListingSetsItsOwnParameters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"PageNumber", "PageSize"} {
		lister := &inventory{images: 10}
		_, err := list(t.Context(), lister, 10, appstreaming.WithParam(name, "2"))
		var optionErr *appstreaming.OptionError
		if !errors.As(err, &optionErr) || optionErr.Value != name || len(lister.asked) != 0 {
			t.Errorf("%s: got %v after %d requests, want an *OptionError", name, err, len(lister.asked))
		}
	}
}

// Page 3 was fetched ahead before images were created, page 2 afterwards: the
// Count of page 3 is the older one, and does not end the listing.
func TestAPageFetchedAheadDoesNotEndAListingThatHasGrown(t *testing.T) {
	t.Parallel()
	for name, page3 := range map[string][]string{"full": {"3 c", "5 a"}, "empty": {"2", "5 a"}} {
		lister := &scripted{pages: map[int][]string{1: {"3 a", "5 x"}, 2: {"5 y"}, 3: page3, 4: {"5 b"}, 5: {"5 c"}}}
		images, err := list(t.Context(), lister, 1, appstreaming.WithPrefetch(2))
		var got []string
		for _, image := range images {
			got = append(got, image.ImageID)
		}
		slices.Sort(got)
		if diff := cmp.Diff([]string{"a", "b", "c", "x", "y"}, got); diff != "" || err != nil {
			t.Errorf("%s: ended with %v; images (-want +got):\n%s", name, err, diff)
		}
	}
}

// Page 3 was fetched ahead and was the last one then, with one image. Three images
// were created since, and page 4 comes empty once.
func TestAPageFetchedAheadDoesNotStayTheLastOne(t *testing.T) {
	t.Parallel()
	lister := &scripted{pages: map[int][]string{1: {"5 a b", "8 x y"}, 2: {"8 z a"}, 3: {"5 e", "8 b c"}, 4: {"8", "8 d e"}}}
	images, err := list(t.Context(), lister, 2, appstreaming.WithPrefetch(4))
	var got []string
	for _, image := range images {
		got = append(got, image.ImageID)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e", "x", "y", "z"}, got); diff != "" || err != nil {
		t.Errorf("ended with %v; images (-want +got):\n%s", err, diff)
	}
}

// A lister can return an error of this type, for a listing of its own.
func TestAnIncompleteErrorOfTheListerIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 500} {
		own := &appstreaming.IncompleteError{Delivered: 7, Count: count}
		lister := listerFunc(func(req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
			if req.PageNumber == 2 {
				return nil, own
			}
			return &appstreaming.ListImageResponse{Count: 9, PageSize: 1, Images: []appstreaming.Image{{ImageID: "imgc-1"}}}, nil
		})
		images, err := appstreaming.Collect(appstreaming.Images(t.Context(), lister, appstreaming.ListImageRequest{PageSize: 1}))
		if err != error(own) || own.Delivered != 7 || len(images) != 1 {
			t.Errorf("Count %d: got %d images, %v with Delivered %d; want the lister's error as it is", count, len(images), err, own.Delivered)
		}
	}
}
