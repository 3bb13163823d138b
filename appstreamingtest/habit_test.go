package appstreamingtest_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// ask returns the pages 1 to n of a service with 37 images, by 10, one after
// another.
func ask(t *testing.T, s *appstreamingtest.Server, n int) (sizes, counts, numbers, echoes []int) {
	t.Helper()
	client := s.Client()
	for number := 1; number <= n; number++ {
		page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{PageNumber: number, PageSize: 10})
		if err != nil {
			t.Fatal(err)
		}
		sizes, counts = append(sizes, len(page.Images)), append(counts, page.Count)
		numbers, echoes = append(numbers, page.PageNumber), append(echoes, page.PageSize)
	}
	return sizes, counts, numbers, echoes
}

func TestHabitsPageAsTheirNamesSay(t *testing.T) {
	t.Parallel()
	same := func(n int) []int { return []int{n, n, n, n, n} }
	inOrder := []int{1, 2, 3, 4, 5}
	full := []int{10, 10, 10, 7, 0}
	for habit, want := range map[appstreamingtest.Habit]struct{ sizes, counts, numbers, echoes []int }{
		appstreamingtest.HabitHonest:            {full, same(37), inOrder, same(10)},
		appstreamingtest.HabitCountTooHigh:      {full, same(44), inOrder, same(10)},
		appstreamingtest.HabitCountTooLow:       {full, same(30), inOrder, same(10)},
		appstreamingtest.HabitVersionsAreRows:   {full, same(37), inOrder, same(10)},
		appstreamingtest.HabitNoCount:           {full, same(0), inOrder, same(10)},
		appstreamingtest.HabitRepeatsLastPage:   {[]int{10, 10, 10, 7, 7}, same(37), inOrder, same(10)},
		appstreamingtest.HabitCutsOff:           {[]int{10, 10, 0, 0, 0}, same(37), inOrder, same(10)},
		appstreamingtest.HabitIgnoresPageNumber: {same(10), same(37), nil, same(10)},
	} {
		t.Run(habit.String(), func(t *testing.T) {
			t.Parallel()
			s := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(37)...)
			s.SetHabit(habit, 1)
			sizes, counts, numbers, echoes := ask(t, s, 5)
			if habit == appstreamingtest.HabitIgnoresPageNumber {
				numbers = nil // by chance
			}
			got := [][]int{sizes, counts, numbers, echoes}
			if diff := cmp.Diff([][]int{want.sizes, want.counts, want.numbers, want.echoes}, got); diff != "" {
				t.Errorf("sizes, counts, numbers and echoed sizes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALimitedPageHoldsFewerImagesThanAskedFor(t *testing.T) {
	t.Parallel()
	limits := make(map[int]bool)
	for seed := range uint64(20) {
		for habit, want := range map[appstreamingtest.Habit]struct {
			count int
			echo  func(limit int) int
		}{
			appstreamingtest.HabitLimit:             {37, func(limit int) int { return limit }},
			appstreamingtest.HabitLimitEchoesAsked:  {37, func(int) int { return 10 }},
			appstreamingtest.HabitLimitEchoesNone:   {37, func(int) int { return 0 }},
			appstreamingtest.HabitLimitWithoutCount: {0, func(int) int { return 0 }},
		} {
			s := appstreamingtest.New(appstreamingtest.SampleImages(37)...)
			s.SetHabit(habit, seed)
			sizes, counts, _, echoes := ask(t, s, 2)
			s.Close()
			limit := sizes[0]
			limits[limit] = true
			if limit >= 10 || sizes[1] != limit || counts[0] != want.count || echoes[0] != want.echo(limit) {
				t.Errorf("%v, seed %d: sizes %v, Count %d, PageSize %d", habit, seed, sizes, counts[0], echoes[0])
			}
		}
	}
	if diff := cmp.Diff(map[int]bool{3: true, 5: true, 9: true}, limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}

func TestALostPageIsOneOfTheNextThree(t *testing.T) {
	t.Parallel()
	holes := make(map[int]bool)
	for seed := range uint64(20) {
		for _, habit := range []appstreamingtest.Habit{appstreamingtest.HabitLosesPage, appstreamingtest.HabitLosesPageOnce} {
			s := appstreamingtest.New(appstreamingtest.SampleImages(50)...)
			s.SetHabit(habit, seed)
			first, _, _, _ := ask(t, s, 5)
			second, _, _, _ := ask(t, s, 5)
			s.Close()
			lost := 0
			for i := range first {
				if first[i] == 0 {
					lost++
					holes[i+1] = true
					if again := second[i] == 0; again != (habit == appstreamingtest.HabitLosesPage) {
						t.Errorf("%v, seed %d: then %v", habit, seed, second)
					}
				}
			}
			if lost != 1 {
				t.Errorf("%v, seed %d: %v", habit, seed, first)
			}
		}
	}
	if diff := cmp.Diff(map[int]bool{2: true, 3: true, 4: true}, holes); diff != "" {
		t.Errorf("lost pages (-want +got):\n%s", diff)
	}
}

func TestAChangingServiceCreatesAndDeletes(t *testing.T) {
	t.Parallel()
	run := func(habit appstreamingtest.Habit, seed uint64) (trace string, created, deleted int) {
		s := appstreamingtest.New(appstreamingtest.SampleImages(50)...)
		defer s.Close()
		s.SetHabit(habit, seed)
		before := len(s.Images())
		for range 60 {
			ask(t, s, 1)
			now := len(s.Images())
			created, deleted = created+max(0, now-before), deleted+max(0, before-now)
			before = now
			trace += fmt.Sprint(now, " ")
		}
		return trace, created, deleted
	}
	slow, created, deleted := run(appstreamingtest.HabitChanging, 7)
	if created == 0 || deleted == 0 {
		t.Errorf("%d images created and %d deleted, want some", created, deleted)
	}
	fast, created, deleted := run(appstreamingtest.HabitChangingFast, 7)
	if created < 2 || deleted < 2 || fast == slow {
		t.Errorf("%d images created and %d deleted fast, want more", created, deleted)
	}
	if again, _, _ := run(appstreamingtest.HabitChangingFast, 7); again != fast {
		t.Errorf("the same seed gave %s and %s", fast, again)
	}
	if other, _, _ := run(appstreamingtest.HabitChangingFast, 8); other == fast {
		t.Error("two seeds gave the same")
	}
}

func TestVersionsAreListedAndImagesCounted(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(6)
	for _, image := range images[:6] {
		image.VersionID += "-2"
		images = append(images, image)
	}
	s := appstreamingtest.NewServer(t, images...)
	s.SetHabit(appstreamingtest.HabitVersionsAreRows, 0)
	sizes, counts, _, _ := ask(t, s, 2)
	if diff := cmp.Diff([][]int{{10, 2}, {6, 6}}, [][]int{sizes, counts}); diff != "" {
		t.Errorf("sizes and counts (-want +got):\n%s", diff)
	}
	s.SetHabit(appstreamingtest.HabitHonest, 0)
	if _, counts, _, _ := ask(t, s, 1); counts[0] != 12 {
		t.Errorf("an honest service counts %d, want 12", counts[0])
	}
}

func TestHabitsHaveNames(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	for _, habit := range appstreamingtest.Habit.Values(0) {
		names[habit.String()] = true
	}
	if len(names) != 17 {
		t.Errorf("%d names of 17 habits: %v", len(names), names)
	}
	if got := appstreamingtest.Habit(99).String(); got != "Habit(99)" {
		t.Errorf("got %q", got)
	}
}
