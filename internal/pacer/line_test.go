package pacer

import (
	"strconv"
	"testing"
	"time"
)

// pass lets one request of the account through and reports the sizes of the
// gate's shelves.
func pass(t *testing.T, g *Gate, r Route, result Result) (lines, pools int) {
	t.Helper()
	var turn Turn
	if err := g.Enter(t.Context(), &turn, r); err != nil {
		t.Fatal(err)
	}
	g.Leave(&turn, result, 0)
	return len(g.lines.items), len(g.pools.items)
}

func TestGateForgetsAccountsAndPoolsThatNobodyUses(t *testing.T) {
	t.Parallel()
	var g Gate
	now := start
	g.Now = func() time.Time { return now }
	route := func(n int) Route {
		return Route{Account: Account{Endpoint: "e", KeyID: strconv.Itoa(n)}, Pool: n, Width: 1}
	}
	for n := range smallestShelf {
		if lines, pools := pass(t, &g, route(n), Served); lines != n+1 || pools != n+1 {
			t.Fatalf("%d accounts and %d pools after %d", lines, pools, n+1)
		}
	}
	if lines, pools := pass(t, &g, route(smallestShelf), Served); lines != 1 || pools != 1 {
		t.Errorf("%d accounts and %d pools, want those forgotten that nobody uses", lines, pools)
	}
}

func TestGateKeepsWhatIsInUse(t *testing.T) {
	t.Parallel()
	var g Gate
	now := start
	g.Now = func() time.Time { return now }
	route := func(id string) Route {
		return Route{Account: Account{Endpoint: "e", KeyID: id}, Pool: id, Width: 1}
	}
	var running Turn
	if err := g.Enter(t.Context(), &running, route("running")); err != nil {
		t.Fatal(err)
	}
	var moved Turn // confirmed for another account, then given back
	if err := g.Enter(t.Context(), &moved, route("first")); err != nil {
		t.Fatal(err)
	}
	pass(t, &g, route("throttled"), Refused)
	if !g.Confirm(&moved, Account{Endpoint: "e", KeyID: "moved"}) {
		t.Fatal("the turn may not leave")
	}
	for n := range 2 * smallestShelf {
		pass(t, &g, route(strconv.Itoa(n)), Served)
	}
	for id, want := range map[string]bool{"running": true, "first": false, "throttled": true, "moved": true} {
		if _, kept := g.lines.items[route(id).Account]; kept != want {
			t.Errorf("account %q kept: %v, want %v", id, kept, want)
		}
	}
	if _, kept := g.pools.items[poolKey{"running", "e"}]; !kept {
		t.Error("the pool of a running request is forgotten")
	}
	g.Leave(&running, Served, 0)
	g.Leave(&moved, Served, 0)
	now = now.Add(2 * time.Minute) // the throttled account falls asleep
	for n := range 4 * smallestShelf {
		pass(t, &g, route("later "+strconv.Itoa(n)), Served)
	}
	for _, id := range []string{"running", "throttled", "moved"} {
		if _, kept := g.lines.items[route(id).Account]; kept {
			t.Errorf("account %q is kept although nobody uses it", id)
		}
	}
	if g.lines.size > 4*smallestShelf {
		t.Errorf("the shelf has room for %d accounts", g.lines.size)
	}
}

func TestAShelfGrowsWithWhatIsInUse(t *testing.T) {
	t.Parallel()
	var s shelf[int, *pool]
	for n := range 1000 {
		s.add(n, &pool{used: 1}, start)
	}
	if len(s.items) != 1000 || s.size != 1024 {
		t.Errorf("%d items with room for %d", len(s.items), s.size)
	}
}
