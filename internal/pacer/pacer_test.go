package pacer

import (
	"math"
	"testing"
	"time"
)

const (
	second = time.Second
	ms     = time.Millisecond
)

var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// at returns a time after the start.
func at(d time.Duration) time.Time { return start.Add(d) }

// serve records so many requests that were sent and served at a time.
func (p *Pacer) serve(count int, d time.Duration) {
	for range count {
		p.Served(at(d), at(d))
	}
}

// woken returns a Pacer that was woken up at the start, with so many requests
// served before, and that has served one request since.
func woken(served int) *Pacer {
	var p Pacer
	p.serve(served, -ms)
	p.Refused(at(-ms), start, 0, 0)
	p.Served(start, start)
	return &p
}

// steady returns a Pacer with a rate that no refusal woke up lately.
func steadyAt(rate float64) *Pacer {
	p := woken(0)
	p.ramping = false
	p.restart(start, rate)
	p.shut = 0
	p.next = start
	return p
}

func (p *Pacer) wantRate(t *testing.T, want float64) {
	t.Helper()
	if math.Abs(p.rate-want) > 1e-9*want {
		t.Errorf("rate %v, want %v", p.rate, want)
	}
}

func (p *Pacer) wantSlot(t *testing.T, now, want time.Duration) {
	t.Helper()
	if got := p.Slot(at(now)).Sub(start); (got - want).Abs() > time.Microsecond {
		t.Errorf("at %v the next slot is at %v, want %v", now, got, want)
	}
}

func TestPacerSleepsUntilTheFirstRefusal(t *testing.T) {
	t.Parallel()
	var p Pacer
	for range 1000 {
		p.Sent(start)
		p.serve(1, 0)
	}
	p.wantSlot(t, 5*ms, 5*ms)
	if p.Awake(start) || p.Held(start) {
		t.Error("awake or held without a refusal")
	}
	p.Unsent()
	p.wantSlot(t, 5*ms, 5*ms)
}

func TestFirstRateIsWhatWasServed(t *testing.T) {
	t.Parallel()
	for served, want := range map[int]float64{0: 4.5, 6: 4.5, 9: 6, 60: 40, 1000: 1000 / 1.5} {
		var p Pacer
		p.serve(100, -1500*ms) // too long ago
		p.serve(served, -1400*ms)
		p.Refused(at(-ms), start, 0, 0.5)
		p.wantRate(t, want)
		p.wantSlot(t, 0, time.Duration(1.5/want*float64(second)))
		if !p.Awake(start) {
			t.Error("not awake after a refusal")
		}
	}
}

func TestAnswersThatComeAfterTheFirstRefusalCountForTheFirstRate(t *testing.T) {
	t.Parallel()
	var p Pacer
	p.Refused(at(-ms), start, 0, 0)
	p.wantRate(t, 4.5)
	for range 20 {
		p.Served(at(-ms), at(ms))
	}
	p.wantRate(t, 20/1.5)

	p = *woken(0)
	p.ramping = false
	p.serve(20, -ms)
	p.wantRate(t, 4.5) // the ramp is over
}

func TestRateServedIsThatOfTheLastSecondAndAHalf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		count int
		every time.Duration
		after time.Duration // the latest request
		want  float64
	}{
		"all within that time":  {10, 100 * ms, 0, 10 / 1.5},
		"in a part of it":       {14, 10 * ms, 0, 14 / 1.5},
		"all at once":           {1000, 0, 0, 1000 / 1.5},
		"most of them too old":  {1000, 100 * ms, 0, 15 / 1.5},
		"two in each part":      {1000, 50 * ms, 0, 30 / 1.5},
		"all a little too old":  {10, 10 * ms, 1500 * ms, 0},
		"nearly all too old":    {10, 100 * ms, 1400 * ms, 1 / 1.5},
		"all much too old":      {10, 10 * ms, 1000 * second, 0},
		"the first ones forgot": {16, 100 * ms, 0, 15 / 1.5},
	} {
		var h history
		for i := range test.count {
			h.add(at(time.Duration(i) * test.every))
		}
		if got := h.rate(at(time.Duration(test.count-1)*test.every + test.after)); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%s: %v requests a second, want %v", name, got, test.want)
		}
	}
}

func TestAClockThatGoesBackLosesNoRequest(t *testing.T) {
	t.Parallel()
	var h history
	h.add(at(second))
	h.add(start)
	h.add(at(500 * ms))
	if got := h.rate(at(second)); got != 3/1.5 {
		t.Errorf("%v requests a second, want 2", got)
	}
}

func TestRequestsLeaveAtTheRate(t *testing.T) {
	t.Parallel()
	p := woken(60)    // 40 a second
	p.ramping = false // and no growth to speak of
	p.growing = -1000
	p.wantSlot(t, 0, 25*ms)
	p.Sent(at(25 * ms))
	p.wantSlot(t, 25*ms, 50*ms)
	p.Unsent()
	p.wantSlot(t, 25*ms, 25*ms)
}

func TestALateTimerCostsNothingAndALongPauseDoesNotAddUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rate       float64
		sent, want time.Duration
	}{
		"late by less than the slack":    {100, 30 * ms, 10 * ms},
		"late by more":                   {100, 80 * ms, 40 * ms},
		"late by less than the interval": {5, 180 * ms, 200 * ms},
		"late by more than it":           {5, 300 * ms, 300 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := steadyAt(test.rate)
			p.growing = -1000 // no growth to speak of
			p.Sent(at(test.sent))
			p.wantSlot(t, 0, test.want)
		})
	}
}

func TestRateRampsUpUntilTheSecondRefusal(t *testing.T) {
	t.Parallel()
	p := woken(60)
	p.sinceGrown = 0
	send := func(served int, d time.Duration, want float64) {
		t.Helper()
		p.serve(served, d)
		p.next = at(d) // the request waited for its slot
		p.Sent(at(d))
		p.wantRate(t, want)
	}
	send(0, 100*ms, 40)                          // nothing was served
	send(1, 200*ms, 40*1.05)                     // 5 percent for a request
	send(0, 300*ms, 40*1.05)                     // which counts once
	send(2, 400*ms, 40*1.05*math.Pow(2, 0.1))    // a tenth of a second is less than 10 percent
	send(9, 400*ms, 40*1.05*math.Pow(2, 0.1))    // no time has passed
	send(99, 9*second, 40*1.05*math.Pow(2, 1.1)) // a second at most
}

func TestSecondRefusalEndsTheRamp(t *testing.T) {
	t.Parallel()
	p := woken(60)
	p.next = at(second)
	p.serve(29, second)
	p.Refused(at(10*ms), at(second), 0, 0.5)
	p.wantRate(t, 40*0.66*2) // what was served is lower, but not believed: the ramp had doubled the rate
	p.wantSlot(t, second, second+9470*time.Microsecond)
	p.serve(1, second)
	p.Sent(at(1010 * ms))
	if p.rate > 60 {
		t.Errorf("the rate ramps on: %v", p.rate)
	}
}

func TestARefusalCutsTheRateToBelowWhatWasServed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rate   float64
		served int
		after  time.Duration
		want   float64
	}{
		"served since the last refusal":  {20, 36, 2 * second, 0.92 * 18},
		"served nearly nothing":          {20, 9, 2 * second, 0.92 * 0.74 * 20},
		"served more than the rate":      {20, 100, 2 * second, 0.92 * 20},
		"too little time":                {20, 27, 919 * ms, 0.92 * 18}, // 27 in 1.5 s
		"just enough time":               {20, 18, 920 * ms, 0.92 * 18 / 0.92},
		"too few requests":               {5, 4, 1000 * ms, 0.92 * 0.74 * 5},
		"just enough requests":           {5, 5, 1000 * ms, 0.92 * 5},
		"the lowest rate is never lower": {0.51, 1, second, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := steadyAt(test.rate)
			p.served = history{}
			p.serve(test.served, test.after)
			p.grownAt = at(test.after) // growth is another test's matter
			p.Refused(at(ms), at(test.after), 0, 0.25)
			p.wantRate(t, test.want)
			p.wantSlot(t, test.after, test.after+time.Duration(0.25/test.want*float64(second)))
		})
	}
}

func TestARefusedRequestFromBeforeTheCutSaysNothing(t *testing.T) {
	t.Parallel()
	p := steadyAt(20)
	p.Refused(at(-1), at(second), 0, 1)
	p.grownAt = at(second)
	rate := p.rate
	if p.shut != 0 || rate < 20 {
		t.Errorf("rate %v, want it not cut", rate)
	}
	p.Refused(start, at(second), 0, 1)
	if p.rate > 20 {
		t.Errorf("rate %v, want it cut", p.rate)
	}
}

func TestAnOldRequestThatIsServedDoesNotOpenTheLimit(t *testing.T) {
	t.Parallel()
	p := steadyAt(20)
	p.shut = 1
	p.Served(at(-1), at(ms))
	if p.shut != 1 {
		t.Error("a request from before the cut ends the pause")
	}
	p.Served(start, at(ms))
	if p.shut != 0 {
		t.Error("a request from after the cut does not")
	}
}

func TestWhileAllAreRefusedRequestsLeaveLessAndLessOften(t *testing.T) {
	t.Parallel()
	p := steadyAt(10)
	p.shut, p.ramping = 1, true
	p.Refused(start, at(100*ms), 0, 0.5)
	p.wantRate(t, 10)
	p.wantSlot(t, 0, 260*ms)
	p.Refused(start, at(260*ms), 0, 0.5)
	p.wantSlot(t, 0, 260*ms+176*ms)
	p.Refused(start, at(900*ms), 0, 0.5)
	p.wantSlot(t, 0, 1170*ms) // three tenths of the time since the cut
	p.Refused(start, at(100*second), 0, 0.5)
	p.wantSlot(t, 0, 102*second) // at most
	if p.ramping || p.shut != 5 {
		t.Errorf("ramping %v, shut %d", p.ramping, p.shut)
	}
	p.next = at(200 * second)
	p.Refused(start, at(100*second), 0, 1)
	p.wantSlot(t, 0, 200*second) // never earlier than before
}

func TestPausesWhileAllAreRefusedDifferByChance(t *testing.T) {
	t.Parallel()
	for chance, want := range map[float64]time.Duration{0: 1500 * ms, 0.5: 2 * second, 1: 2500 * ms} {
		p := steadyAt(10)
		p.shut = 1
		p.Refused(start, at(100*second), 0, chance)
		p.wantSlot(t, 0, 100*second+want)
	}
}

func TestTheRateDoesNotGrowWhileAllAreRefused(t *testing.T) {
	t.Parallel()
	p := steadyAt(10)
	p.shut = 1
	p.Sent(at(90 * ms))
	p.wantRate(t, 10)
}

func TestTheRateGrowsFasterTheLongerNothingIsRefused(t *testing.T) {
	t.Parallel()
	grown := func(rate, growing, highest float64, passed time.Duration) float64 {
		p := steadyAt(rate)
		p.growing, p.highest, p.next = growing, highest, at(passed)
		p.Sent(at(passed))
		return p.rate
	}
	for name, test := range map[string]struct{ got, want float64 }{
		"at first": {grown(14, 0, 0, 100*ms), 14 * (1 + 0.1*0.061*math.Exp2(0.1/(1.4*(1+4.0/14))))},
		"later":    {grown(14, 3, 0, 100*ms), 14 * (1 + 0.1*0.061*math.Exp2(3.1/(1.4*(1+4.0/14))))},
		"at a low rate": {
			grown(3.5, 3, 0, 100*ms), 3.5 * (1 + 0.1*0.061*math.Pow(0.25, 0.4)*math.Exp2(3.1/(1.4*(1+4.0/3.5)))),
		},
		"at a high rate": {
			grown(100, 3, 0, 100*ms), 100 * (1 + 0.1*0.061*math.Pow(100.0/14, -0.3)*math.Exp2(3.1/(1.4*1.04))),
		},
		"at most doubling a second": {grown(20, 100, 0, 100*ms), 20 * 1.1},
		"at most a second at once":  {grown(20, 100, 0, 100*second), 20 * 2},
		"back to a higher rate":     {grown(20, 1, 27.001, 100*ms), 20 * (1 + 0.1*0.061*math.Exp2(1.1/0.4))},
		"close to a higher rate":    {grown(20, 1, 27, 100*ms), 20 * (1 + 0.1*0.061*math.Pow(20.0/14, -0.3)*math.Exp2(1.1/(1.4*1.2)))},
	} {
		if math.Abs(test.got-test.want) > 1e-9 {
			t.Errorf("%s: rate %v, want %v", name, test.got, test.want)
		}
	}
}

func TestTheRateDoesNotGrowWhileNobodyWaits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rate  float64
		sent  time.Duration
		grows bool
	}{
		"a short pause":              {100, 100 * ms, true},
		"a long pause":               {100, 101 * ms, false},
		"within the interval":        {5, 200 * ms, true},
		"more than the interval":     {5, 201 * ms, false},
		"a request at its own time":  {5, 0, false}, // no time has passed
		"a request in due time":      {5, ms, true},
		"hardly any time at a pause": {5, 300 * ms, false},
	} {
		p := steadyAt(test.rate)
		p.Sent(at(test.sent))
		if grew := p.rate > test.rate; grew != test.grows {
			t.Errorf("%s: grew %v, want %v", name, grew, test.grows)
		}
		if !p.grownAt.Equal(at(test.sent)) {
			t.Errorf("%s: the pause counts later", name)
		}
	}
}

func TestThePacerRemembersTheHighestRateThatWasServed(t *testing.T) {
	t.Parallel()
	p := steadyAt(20)
	p.highest, p.served = 0, history{}
	highest := func(why string, want float64) {
		t.Helper()
		if math.Abs(p.highest-want) > 1e-9 {
			t.Errorf("%s: highest rate %v, want %v", why, p.highest, want)
		}
	}
	serve := func(n int, d time.Duration) {
		for range n {
			p.Served(at(d), at(d))
		}
	}
	cutAfter := func(d time.Duration) {
		p.grownAt, p.shut = at(d), 0
		p.Refused(at(d), at(d), 0, 0)
	}
	cutAfter(100 * ms)
	highest("refused before any was served", 0)
	serve(15, 200*ms)
	highest("15 in the time of measuring", 10)
	serve(30, 300*ms)
	highest("a burst", p.rate)
	p.highest = 18
	cutAfter(400 * ms)
	highest("fading", 18*0.98)
	p.ramping = true
	cutAfter(500 * ms)
	highest("the end of the ramp", 18*0.98)
	p.awake = false
	p.Refused(at(second), at(second), 0, 0)
	highest("after sleep", 0)
	p.awake = false
	serve(30, second)
	highest("served asleep", 0)
}

func TestARequestedDelayHoldsBackEveryRequest(t *testing.T) {
	t.Parallel()
	p := steadyAt(10)
	p.Refused(at(-1), start, 3*second, 0)
	p.wantSlot(t, 0, 3*second)
	if !p.Held(at(3*second-1)) || p.Held(at(3*second)) {
		t.Error("held for another time than requested")
	}
	p.Refused(at(-1), start, second, 0) // a shorter one changes nothing
	p.wantSlot(t, 0, 3*second)
	p.Sent(at(3 * second))
	interval := seconds(1 / p.rate)
	p.wantSlot(t, 3*second, 3*second+interval) // they do not leave together
	p.Refused(at(-1), at(4*second), 0, 0)
	if p.Held(at(4 * second)) {
		t.Error("held without a request for a delay")
	}
}

func TestPacerFallsAsleepWhenThrottlingStaysAway(t *testing.T) {
	t.Parallel()
	p := steadyAt(10)
	p.Refused(at(-1), start, 0, 0)
	if !p.Awake(at(60 * second)) {
		t.Error("asleep within a minute")
	}
	if p.Awake(at(60*second + 1)) {
		t.Error("awake after a minute")
	}
	p.wantSlot(t, 61*second, 61*second)
}

func TestTheMinuteOfAPacerBeginsAfterARequestedDelay(t *testing.T) {
	t.Parallel()
	p := steadyAt(10)
	p.Refused(at(-1), start, 90*second, 0)
	if !p.Held(at(90*second-1)) || p.Held(at(90*second)) {
		t.Error("a requested delay of more than a minute ends too early or too late")
	}
	p.Sent(at(90 * second))
	if slot := p.Slot(at(90 * second)); !slot.After(at(90 * second)) {
		t.Error("after a requested delay of more than a minute, all requests leave together")
	}
	if !p.Awake(at(150 * second)) {
		t.Error("asleep within a minute after the delay")
	}
	if p.Awake(at(150*second+1)) || p.Held(at(89*second)) {
		t.Error("awake or held a minute after the delay")
	}
}

func TestARefusalWithoutADelayHoldsNothingBack(t *testing.T) {
	t.Parallel()
	p := steadyAt(100)
	p.growing = -1000
	p.Refused(at(-1), at(30*ms), 0, 0) // of a request from before the cut
	p.Sent(at(30 * ms))
	p.wantSlot(t, 30*ms, 10*ms)
}
