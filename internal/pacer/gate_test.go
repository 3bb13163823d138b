package pacer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming/internal/pacer"
)

const endpoint = "https://service.test"

func account(id string) pacer.Account { return pacer.Account{Endpoint: endpoint, KeyID: id} }

// scene is a gate and a record of who passed it and when.
type scene struct {
	*testing.T
	gate    pacer.Gate
	start   time.Time
	running sync.WaitGroup

	mu     sync.Mutex
	passed []string
}

// play runs a test on virtual time, with a gate that draws no random numbers.
func play(t *testing.T, test func(s *scene)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{T: t, start: time.Now()}
		s.gate.Chance = func() float64 { return 0 }
		test(s)
		s.running.Wait()
	})
}

// enter starts a request that notes when it passes, takes a while, and comes
// to a result. It returns when the request has passed or waits.
func (s *scene) enter(name string, r pacer.Route, t *pacer.Turn, takes time.Duration, result pacer.Result) {
	s.running.Go(func() {
		if err := s.gate.Enter(s.Context(), t, r); err != nil {
			s.Errorf("%s: %v", name, err)
			return
		}
		s.note(name)
		time.Sleep(takes)
		s.gate.Leave(t, result, 0)
	})
	synctest.Wait()
}

func (s *scene) note(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passed = append(s.passed, fmt.Sprintf("%s %v", name, time.Since(s.start)))
}

func (s *scene) want(passed ...string) {
	s.Helper()
	s.running.Wait()
	if diff := cmp.Diff(byTime(passed), byTime(s.passed)); diff != "" {
		s.Errorf("requests passed (-want +got):\n%s", diff)
	}
}

// byTime sorts notes by their times. Requests that pass at the same time are noted
// in any order, so these are sorted by name.
func byTime(passed []string) []string {
	at := func(note string) time.Duration {
		d, _ := time.ParseDuration(note[strings.LastIndexByte(note, ' ')+1:])
		return d
	}
	return slices.SortedFunc(slices.Values(passed), func(a, b string) int {
		if d := at(a) - at(b); d != 0 {
			return int(d)
		}
		return strings.Compare(a, b)
	})
}

// wakeUp has the service refuse a request of the account and ask for a delay.
func (s *scene) wakeUp(a pacer.Account, delay time.Duration) {
	var t pacer.Turn
	if err := s.gate.Enter(s.Context(), &t, pacer.Route{Account: a}); err != nil {
		s.Fatal(err)
	}
	s.gate.Leave(&t, pacer.Refused, delay)
}

func TestGateLetsAsManyPassAsThePoolHasConnections(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Account: account("a"), Pool: 1, Width: 2}
		for _, name := range []string{"first", "second", "third", "fourth", "fifth"} {
			s.enter(name, r, new(pacer.Turn), time.Second, pacer.Served)
		}
		s.want("first 0s", "second 0s", "third 1s", "fourth 1s", "fifth 2s")
	})
}

func TestGateCountsConnectionsPerPoolAndEndpoint(t *testing.T) {
	play(t, func(s *scene) {
		other := pacer.Account{Endpoint: "https://other.test", KeyID: "a"}
		s.enter("a", pacer.Route{Account: account("a"), Pool: 1, Width: 1}, new(pacer.Turn), time.Second, pacer.Served)
		s.enter("other pool", pacer.Route{Account: account("a"), Pool: 2, Width: 1}, new(pacer.Turn), time.Second, pacer.Served)
		s.enter("other endpoint", pacer.Route{Account: other, Pool: 1, Width: 1}, new(pacer.Turn), time.Second, pacer.Served)
		s.enter("same", pacer.Route{Account: account("b"), Pool: 1, Width: 1}, new(pacer.Turn), time.Second, pacer.Served)
		s.want("a 0s", "other pool 0s", "other endpoint 0s", "same 1s")
	})
}

func TestAFullPoolKeepsOnlyItsOwnRequestsWaiting(t *testing.T) {
	play(t, func(s *scene) {
		full, free := pacer.Route{Account: account("a"), Pool: 1, Width: 1}, pacer.Route{Account: account("a"), Pool: 2, Width: 1}
		s.enter("running", full, new(pacer.Turn), 9*time.Second, pacer.Served)
		s.enter("waits for a connection", full, new(pacer.Turn), 0, pacer.Served)
		s.enter("has a connection", free, new(pacer.Turn), time.Second, pacer.Served)
		s.enter("waits for another connection", free, new(pacer.Turn), 0, pacer.Served)
		s.want("running 0s", "has a connection 0s", "waits for another connection 1s", "waits for a connection 9s")
	})
}

func TestTurnsOfAllPoolsLeaveInTheOrderOfArrival(t *testing.T) {
	play(t, func(s *scene) {
		s.wakeUp(account("a"), 2*time.Second)
		for n, name := range []string{"first", "second", "third", "fourth"} {
			s.enter(name, pacer.Route{Account: account("a"), Pool: n % 2, Width: 9}, new(pacer.Turn), 0, pacer.Served)
		}
		s.running.Wait()
		var names []string
		for _, passed := range s.passed {
			name, _, _ := strings.Cut(passed, " ")
			names = append(names, name)
		}
		if diff := cmp.Diff([]string{"first", "second", "third", "fourth"}, names); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

func TestEnterReportsHowLongADelayHeldTheTurnBack(t *testing.T) {
	play(t, func(s *scene) {
		var early, late, after, other pacer.Turn
		s.wakeUp(account("a"), 3*time.Second)
		s.enter("early", pacer.Route{Account: account("a")}, &early, 0, pacer.Served)
		s.enter("other", pacer.Route{Account: account("b")}, &other, 0, pacer.Served)
		time.Sleep(2 * time.Second)
		s.enter("late", pacer.Route{Account: account("a")}, &late, 0, pacer.Served)
		s.running.Wait()
		s.enter("after", pacer.Route{Account: account("a")}, &after, 0, pacer.Served)
		s.running.Wait()
		got := []time.Duration{early.HeldFor, late.HeldFor, after.HeldFor, other.HeldFor}
		if diff := cmp.Diff([]time.Duration{3 * time.Second, time.Second, 0, 0}, got); diff != "" {
			t.Errorf("held back (-want +got):\n%s", diff)
		}
	})
}

func TestATurnThatWithdrawsMakesRoomAndKeepsItsPlace(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Account: account("a"), Pool: 1, Width: 1}
		var first pacer.Turn
		if err := s.gate.Enter(s.Context(), &first, r); err != nil {
			t.Fatal(err)
		}
		s.enter("second", r, new(pacer.Turn), time.Second, pacer.Served)
		s.enter("third", r, new(pacer.Turn), time.Second, pacer.Served)
		s.gate.Withdraw(&first)
		synctest.Wait()
		s.enter("first", r, &first, time.Second, pacer.Served)
		s.want("second 0s", "first 1s", "third 2s")
	})
}

func TestLeaveReportsWhatTheServiceServes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	g := pacer.Gate{Now: func() time.Time { return now }}
	var listing pacer.Listing
	page, other := pacer.Turn{Listing: &listing, Page: 1}, pacer.Turn{Listing: &listing, Page: 2}
	var single, elsewhere, last pacer.Turn
	for n, step := range []struct {
		turn   *pacer.Turn
		key    string
		result pacer.Result
		want   pacer.Progress
	}{
		{&page, "a", pacer.Unanswered, pacer.Progress{Quiet: math.MaxInt64}},
		{&single, "a", pacer.Served, pacer.Progress{}},
		{&page, "a", pacer.Unanswered, pacer.Progress{Quiet: time.Second}},
		{&other, "a", pacer.Served, pacer.Progress{Listing: 1}},
		{&page, "a", pacer.Unanswered, pacer.Progress{Listing: 1, Quiet: time.Second}},
		{&elsewhere, "b", pacer.Served, pacer.Progress{}},
		{&last, "a", pacer.Refused, pacer.Progress{Quiet: 3 * time.Second}},
	} {
		if err := g.Enter(t.Context(), step.turn, pacer.Route{Account: account(step.key)}); err != nil {
			t.Fatal(err)
		}
		g.Leave(step.turn, step.result, 0)
		if diff := cmp.Diff(step.want, step.turn.Progress); diff != "" {
			t.Errorf("progress after step %d (-want +got):\n%s", n+1, diff)
		}
		now = now.Add(time.Second)
	}
}

func TestGateWithoutWidthLetsEveryRequestPass(t *testing.T) {
	play(t, func(s *scene) {
		for range 100 {
			s.enter("", pacer.Route{Account: account("a")}, new(pacer.Turn), time.Second, pacer.Served)
		}
		if len(s.passed) != 100 {
			t.Errorf("%d of 100 requests passed at once", len(s.passed))
		}
	})
}

func TestGateSpacesTheRequestsOfAnAccountOnceOneIsRefused(t *testing.T) {
	play(t, func(s *scene) {
		s.wakeUp(account("a"), 0)
		s.enter("first", pacer.Route{Account: account("a")}, new(pacer.Turn), 0, pacer.Served)
		s.enter("other account", pacer.Route{Account: account("b")}, new(pacer.Turn), 0, pacer.Served)
		other := pacer.Route{Account: pacer.Account{Endpoint: "https://other.test", KeyID: "a"}}
		s.enter("other endpoint", other, new(pacer.Turn), 0, pacer.Served)
		s.enter("not paced", pacer.Route{Account: account("")}, new(pacer.Turn), 0, pacer.Served)
		s.running.Wait()
		if diff := cmp.Diff([]string{"other account 0s", "other endpoint 0s", "not paced 0s"}, s.passed[:3]); diff != "" {
			t.Errorf("requests passed (-want +got):\n%s", diff)
		}
		if waited := time.Since(s.start); waited < 200*time.Millisecond || waited > 300*time.Millisecond {
			t.Errorf("the refused account's next request passed after %v, want about 1/4.5 s", waited)
		}
	})
}

func TestGateHoldsAnAccountBackForAsLongAsTheServiceAsks(t *testing.T) {
	play(t, func(s *scene) {
		s.wakeUp(account("a"), 7*time.Second)
		for _, name := range []string{"first", "second"} {
			s.enter(name, pacer.Route{Account: account("a")}, new(pacer.Turn), 0, pacer.Served)
		}
		s.running.Wait()
		if s.passed[0] != "first 7s" {
			t.Errorf("passed: %q, want first 7s", s.passed)
		}
		if time.Since(s.start) < 7100*time.Millisecond {
			t.Errorf("the second request followed the first after %v", time.Since(s.start)-7*time.Second)
		}
	})
}

func TestGateKeepsTheOrderOfArrivalAndOfPages(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Account: account("a"), Pool: 1, Width: 1}
		one, two := new(pacer.Listing), new(pacer.Listing)
		page := func(l *pacer.Listing, n int) *pacer.Turn { return &pacer.Turn{Listing: l, Page: n} }
		s.enter("running", r, new(pacer.Turn), time.Second, pacer.Served)
		s.enter("one/9", r, page(one, 9), time.Second, pacer.Served)
		s.enter("call", r, new(pacer.Turn), time.Second, pacer.Served)
		s.enter("two/2", r, page(two, 2), time.Second, pacer.Served)
		s.enter("one/4", r, page(one, 4), time.Second, pacer.Served)
		s.enter("two/1", r, page(two, 1), time.Second, pacer.Served)
		s.enter("one/5", r, page(one, 5), time.Second, pacer.Served)
		s.want("running 0s", "one/4 1s", "call 2s", "two/1 3s", "one/5 4s", "two/2 5s", "one/9 6s")
	})
}

func TestTurnThatEntersAgainKeepsItsPlace(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Account: account("a"), Pool: 1, Width: 1}
		first := new(pacer.Turn)
		s.enter("first", r, first, time.Second, pacer.Served)
		for _, name := range []string{"second", "third", "fourth"} {
			s.enter(name, r, new(pacer.Turn), time.Second, pacer.Served)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		s.enter("first again", r, first, time.Second, pacer.Served)
		s.want("first 0s", "second 1s", "first again 2s", "third 3s", "fourth 4s")
	})
}

func TestARefusedTurnComesAfterThoseThatWait(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Pool: 1, Width: 1} // without a KeyID nothing is paced
		first := new(pacer.Turn)
		s.enter("first", r, first, time.Second, pacer.Refused)
		s.enter("second", r, new(pacer.Turn), time.Second, pacer.Served)
		s.enter("third", r, new(pacer.Turn), time.Second, pacer.Served)
		time.Sleep(time.Second)
		synctest.Wait()
		s.enter("first again", r, first, time.Second, pacer.Served)
		s.want("first 0s", "second 1s", "third 2s", "first again 3s")
	})
}

func TestPageThatEntersAgainDoesNotOvertakeALowerOne(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Account: account("a"), Pool: 1, Width: 1}
		l := new(pacer.Listing)
		nine := &pacer.Turn{Listing: l, Page: 9}
		s.enter("9", r, nine, time.Second, pacer.Served)
		s.enter("call", r, new(pacer.Turn), time.Second, pacer.Served)
		s.enter("7", r, &pacer.Turn{Listing: l, Page: 7}, time.Second, pacer.Served)
		s.enter("8", r, &pacer.Turn{Listing: l, Page: 8}, time.Second, pacer.Served)
		time.Sleep(time.Second)
		synctest.Wait()
		s.enter("9 again", r, nine, time.Second, pacer.Served)
		s.want("9 0s", "call 1s", "7 2s", "8 3s", "9 again 4s")
	})
}

func TestEnterEndsWithItsContext(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Account: account("a"), Pool: 1, Width: 1}
		s.enter("running", r, new(pacer.Turn), 3*time.Second, pacer.Served)
		ctx, cancel := context.WithTimeout(s.Context(), time.Second)
		defer cancel()
		err := s.gate.Enter(ctx, new(pacer.Turn), r)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(s.start) != time.Second {
			t.Errorf("Enter returned %v after %v", err, time.Since(s.start))
		}
		s.enter("next", r, new(pacer.Turn), 0, pacer.Served)
		s.want("running 0s", "next 3s")
	})
}

func TestConfirmMovesTheTurnToItsAccount(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Account: account("")}
		var turn pacer.Turn
		enter := func() {
			t.Helper()
			if err := s.gate.Enter(s.Context(), &turn, r); err != nil {
				t.Fatal(err)
			}
		}
		enter()
		if !s.gate.Confirm(&turn, account("asleep")) {
			t.Error("a turn must enter again although its account is not paced")
		}
		s.gate.Leave(&turn, pacer.Refused, time.Second) // counts for that account
		enter()
		if s.gate.Confirm(&turn, account("asleep")) {
			t.Error("a turn leaves although its account is held back")
		}
		r.KeyID = "asleep"
		enter()
		if waited := time.Since(s.start); waited != time.Second {
			t.Errorf("the turn waited %v, want 1s", waited)
		}
		if !s.gate.Confirm(&turn, account("asleep")) {
			t.Error("a turn must enter again although its account did not change")
		}
		s.gate.Leave(&turn, pacer.Served, 0)
	})
}

func TestConfirmStopsATurnWhenTheServiceAsksToWaitMeanwhile(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Account: account("a"), Pool: 1, Width: 2}
		var slow pacer.Turn
		if err := s.gate.Enter(s.Context(), &slow, r); err != nil {
			t.Fatal(err)
		}
		s.wakeUp(account("a"), time.Second)
		if s.gate.Confirm(&slow, account("a")) {
			t.Error("the turn leaves although the service asked to wait")
		}
		for range 3 { // the turn's connection is free
			s.enter("", r, new(pacer.Turn), 0, pacer.Served)
		}
	})
}

func TestLeaveReturnsWhenTheNextRequestMayFollow(t *testing.T) {
	play(t, func(s *scene) {
		for _, result := range []pacer.Result{pacer.Unanswered, pacer.Served} {
			var turn pacer.Turn
			if err := s.gate.Enter(s.Context(), &turn, pacer.Route{Account: account("a")}); err != nil {
				t.Fatal(err)
			}
			if wait := s.gate.Leave(&turn, result, time.Hour); wait != 0 {
				t.Errorf("after %v: wait %v, want none", result, wait)
			}
		}
		var turn pacer.Turn
		if err := s.gate.Enter(s.Context(), &turn, pacer.Route{Account: account("a")}); err != nil {
			t.Fatal(err)
		}
		if wait := s.gate.Leave(&turn, pacer.Refused, 9*time.Second); wait != 9*time.Second {
			t.Errorf("wait %v, want 9s", wait)
		}
	})
}

func TestGateAllocatesNothingWhenNobodyWaits(t *testing.T) {
	var g pacer.Gate
	r := pacer.Route{Account: account("a"), Pool: &g, Width: 64}
	ctx := t.Context()
	var turn pacer.Turn
	got := testing.AllocsPerRun(1000, func() {
		if g.Enter(ctx, &turn, r) != nil || !g.Confirm(&turn, r.Account) {
			t.Error("not let through")
		}
		g.Leave(&turn, pacer.Served, 0)
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkGateWithoutWaiting(b *testing.B) {
	var g pacer.Gate
	r := pacer.Route{Account: account("a"), Pool: &g, Width: 64}
	var turn pacer.Turn
	b.ReportAllocs()
	for b.Loop() {
		_ = g.Enter(b.Context(), &turn, r)
		g.Confirm(&turn, r.Account)
		g.Leave(&turn, pacer.Served, 0)
	}
}

func TestAccountsThatShareConnectionsLeaveInTheOrderOfArrival(t *testing.T) {
	play(t, func(s *scene) {
		route := func(id string) pacer.Route { return pacer.Route{Account: account(id), Pool: 1, Width: 1} }
		for _, id := range []string{"a", "b", "c", "b", "a"} {
			s.enter(id, route(id), new(pacer.Turn), time.Second, pacer.Served)
		}
		s.want("a 0s", "b 1s", "c 2s", "b 3s", "a 4s")
	})
}

func TestOnePageTwiceKeepsTheOrderOfArrival(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Account: account("a"), Pool: 1, Width: 1}
		l := new(pacer.Listing)
		again := &pacer.Turn{Listing: l, Page: 3}
		s.enter("3", r, again, time.Second, pacer.Served)
		s.enter("3, second", r, &pacer.Turn{Listing: l, Page: 3}, time.Second, pacer.Served)
		s.enter("3, third", r, &pacer.Turn{Listing: l, Page: 3}, time.Second, pacer.Served)
		time.Sleep(time.Second)
		synctest.Wait()
		s.enter("3, again", r, again, time.Second, pacer.Served)
		s.want("3 0s", "3, second 1s", "3, again 2s", "3, third 3s")
	})
}

func TestTheTimerServesTheSoonestAccount(t *testing.T) {
	play(t, func(s *scene) {
		s.wakeUp(account("late"), 9*time.Second)
		s.wakeUp(account("soon"), 2*time.Second)
		s.wakeUp(account("later"), 10*time.Second)
		for _, id := range []string{"late", "soon", "later"} {
			s.enter(id, pacer.Route{Account: account(id)}, new(pacer.Turn), 0, pacer.Served)
		}
		s.want("soon 2s", "late 9s", "later 10s")
	})
}

func TestAnswersAreCountedForTheFirstRate(t *testing.T) {
	play(t, func(s *scene) {
		r := pacer.Route{Account: account("a")}
		for range 60 {
			s.enter("", r, new(pacer.Turn), 0, pacer.Served)
		}
		for range 60 {
			s.enter("", r, new(pacer.Turn), 0, pacer.Unanswered)
		}
		s.running.Wait()
		var turn pacer.Turn
		if err := s.gate.Enter(s.Context(), &turn, r); err != nil {
			t.Fatal(err)
		}
		if wait := s.gate.Leave(&turn, pacer.Refused, 0); wait != 25*time.Millisecond {
			t.Errorf("the next request may leave after %v, want 25ms: 60 were served in 1.5 s", wait)
		}
	})
}
