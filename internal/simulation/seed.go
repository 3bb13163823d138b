// Package simulation is ListImage on virtual time: an inventory that changes, a
// service with a limit, keys that expire and a clock that jumps, and a network
// that breaks. A simulation of a client runs against it inside a
// testing/synctest bubble, through a real http.Transport over connections in
// memory.
//
// A seed determines every event, together with the activity, pass, page and
// attempt that the event happens to. Nothing depends on the order in which
// requests arrive, so a seed always has the same troubles.
package simulation

import "math/rand/v2"

// Seed determines all random choices.
type Seed uint64

// Draw returns the source of chance for the subject that parts name.
func (s Seed) Draw(parts ...int) *rand.Rand {
	state := mix(uint64(s))
	for _, part := range parts {
		state = mix(state ^ uint64(part))
	}
	return rand.New(rand.NewPCG(state, mix(state)))
}

// mix is the finalizer of splitmix64: it spreads a change of one bit over all.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
