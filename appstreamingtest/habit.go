package appstreamingtest

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/wuying-go/appstreaming"
)

// Habit is a way in which a service that pages by number can differ from a
// correct one. See [Server.SetHabit].
type Habit int

// The habits. The first eight are ordinary, a client can work around the next
// six, and the last three look like a smaller inventory.
const (
	HabitHonest          Habit = iota // pages correctly
	HabitChanging                     // images are created or deleted before 1 request in 20
	HabitChangingFast                 // the same, before almost 1 request in 3
	HabitCountTooHigh                 // Count is 7 too high
	HabitCountTooLow                  // Count is 7 too low, but at least 1
	HabitVersionsAreRows              // every version is listed, but Count counts images
	HabitNoCount                      // Count is absent
	HabitRepeatsLastPage              // pages past the end are the last page

	HabitLimit             // pages hold fewer images than asked for, and PageSize says so
	HabitLimitEchoesAsked  // the same, but PageSize is the size asked for
	HabitLimitEchoesNone   // the same, but PageSize is absent
	HabitLimitWithoutCount // the same, but PageSize and Count are absent
	HabitLimitChanging     // HabitLimit and HabitChanging
	HabitLosesPageOnce     // one of the pages 2 to 4 is empty at its first request

	HabitLosesPage         // one of the pages 2 to 4 is always empty
	HabitCutsOff           // pages after the second are empty
	HabitIgnoresPageNumber // every page is the first page, and PageNumber sometimes says so
)

var habitNames = [...]string{
	"honest", "changing", "changing fast", "Count too high", "Count too low", "versions are rows", "no Count",
	"repeats its last page", "limit", "limit, echoes what was asked", "limit, echoes nothing", "limit, no Count",
	"limit, changing", "loses a page once", "loses a page", "cuts off after two pages", "ignores PageNumber",
}

// Values returns all habits.
func (Habit) Values() []Habit {
	habits := make([]Habit, len(habitNames))
	for i := range habits {
		habits[i] = Habit(i)
	}
	return habits
}

// String returns a name for test output, such as "loses a page once".
func (h Habit) String() string {
	if h < 0 || int(h) >= len(habitNames) {
		return fmt.Sprintf("Habit(%d)", int(h))
	}
	return habitNames[h]
}

// SetHabit sets how the server pages from now on. The seed decides everything
// that is left to chance; requests in the same order then get the same pages.
// While a habit other than [HabitHonest] is set, [Server.SetListing] has no
// effect. Default: HabitHonest.
func (s *Server) SetHabit(habit Habit, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, uint64(habit)))
	h := &habitual{habit: habit, rng: rng, hole: 2 + rng.IntN(3), share: rng.IntN(3)}
	if habit == HabitHonest {
		h = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.habit = h
}

// habitual is a habit in use.
type habitual struct {
	habit Habit
	hole  int // page that is lost
	share int // which part of the size asked for a page holds

	mu      sync.Mutex
	rng     *rand.Rand
	created int
	lost    bool
}

// page returns the images of a page and Count, negative when it is absent. It
// sets the page number and size of sel to those of the response.
func (h *habitual) page(s *Server, sel *selection) (images []*entry, count int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	asked := *sel
	switch h.habit {
	case HabitChanging, HabitLimitChanging:
		h.change(s, .05, asked.pageSize)
	case HabitChangingFast:
		h.change(s, .3, asked.pageSize)
	}
	stock := s.stock.snapshot()
	switch h.habit {
	case HabitLimit, HabitLimitEchoesAsked, HabitLimitEchoesNone, HabitLimitWithoutCount, HabitLimitChanging:
		sel.pageSize = max(1, []int{asked.pageSize / 2, asked.pageSize / 3, asked.pageSize - 1}[h.share])
	case HabitIgnoresPageNumber:
		sel.pageNumber = 1
	case HabitRepeatsLastPage:
		_, total := sel.matching(stock)
		sel.pageNumber = min(sel.pageNumber, max(1, (total+sel.pageSize-1)/sel.pageSize))
	}
	images, count = sel.matching(stock)
	if h.loses(asked.pageNumber) {
		images = nil
	}
	if h.habit != HabitIgnoresPageNumber || h.rng.IntN(2) == 0 {
		sel.pageNumber = asked.pageNumber
	}
	switch h.habit {
	case HabitLimitEchoesAsked:
		sel.pageSize = asked.pageSize
	case HabitLimitEchoesNone, HabitLimitWithoutCount:
		sel.pageSize = 0
	}
	return images, h.count(sel, stock, count)
}

// loses reports whether a page is empty although it has images.
func (h *habitual) loses(number int) bool {
	switch h.habit {
	case HabitLosesPageOnce:
		first := !h.lost && number == h.hole
		h.lost = h.lost || first
		return first
	case HabitLosesPage:
		return number == h.hole
	case HabitCutsOff:
		return number > 2
	}
	return false
}

func (h *habitual) count(sel *selection, stock []*entry, total int) int {
	switch h.habit {
	case HabitCountTooHigh:
		return total + 7
	case HabitCountTooLow:
		return min(total, max(1, total-7))
	case HabitNoCount, HabitLimitWithoutCount:
		return -1
	case HabitVersionsAreRows:
		images := make(map[string]bool)
		for _, e := range stock {
			if sel.matches(&e.image) {
				images[e.image.ImageID] = true
			}
		}
		return len(images)
	}
	return total
}

// change creates images at the beginning or the end of the inventory, or deletes
// images, one or many at a time.
func (h *habitual) change(s *Server, probability float64, pageSize int) {
	for h.rng.Float64() < probability {
		kind, many := h.rng.IntN(3), []int{1, 1, 1, pageSize/4 + 1}[h.rng.IntN(4)]
		if kind == 2 {
			for range many {
				if stock := s.stock.snapshot(); len(stock) > 0 {
					s.stock.remove([]string{stock[h.rng.IntN(len(stock))].image.ImageID})
				}
			}
			continue
		}
		var created []appstreaming.Image
		for range many {
			image := sampleImage(h.created)
			image.ImageID = fmt.Sprintf("imgc-created%05d", h.created)
			created = append(created, image)
			h.created++
		}
		s.stock.put(created, kind == 0)
	}
}
