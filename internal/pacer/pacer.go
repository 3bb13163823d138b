// Package pacer decides when a request may leave: at the rate that the service
// has shown to allow, not before the time the service asked for, and when a
// connection is free. It does no I/O. The caller provides the clock and the
// random numbers.
package pacer

import (
	"math"
	"time"
)

// How the rate changes. The values come from simulating listings under many
// limits; listing_test.go shows what they achieve.
const (
	firstRate  = 4.5 // requests a second, at least, after the first refusal
	lowestRate = 0.5 // requests a second

	rampPerSecond = 2.0  // factor a second, from the first refusal to the second
	rampPerServed = 1.05 // factor for each request served in that time, at most

	cut       = 0.92 // of the rate that was served, after a refusal
	lowestCut = 0.74 // of the rate before, at least: a lower served rate is not trusted
	rampCut   = 0.66 // the same at the second refusal, up to which the rate grew fast
	enough    = 5    // requests needed to measure a served rate
	remember  = 0.98 // of the highest rate, with each cut

	growth       = 0.061 // share of the rate a second, right after a cut, at the steepest rate
	steepest     = 14.0  // requests a second
	belowPower   = 0.4   // of the rate, below the steepest: small limits are not refused too often
	abovePower   = -0.3  // of the rate, above: the slower of several clients catches up
	doubling     = 1.4   // seconds that double the growth, at high rates
	slowDoubling = 4.0   // requests a second at which that takes twice as long
	catchUp      = 1.35  // the rate grows fast while the highest rate is so many times the rate
	fastDoubling = 0.4   // seconds that double the growth then

	firstProbe   = 1.6 // of the time between requests, the first pause while all requests are refused
	probing      = 1.1 // factor between these pauses
	probingShare = 0.3 // of the time since then, at least
	longestProbe = 2   // seconds, so that one of many clients is not refused for minutes
	probingSpan  = 0.5 // of a pause, by which chance varies it: clients must not stay in step

	measureTime  = 1.5  // seconds of which the served rate is the average
	leastMeasure = 0.92 // seconds between two refusals, for the rate served between them
	slack        = 0.05 // seconds that a timer may be late without delaying more requests; at least 1/rate
	idleTime     = 0.1  // seconds without a request after which none waited; at least 1/rate
	asleepAfter  = 60   // seconds without a refusal, after a requested delay
)

// Pacer spaces the requests of one account. The zero Pacer is asleep: it lets
// every request leave at once. It wakes up when the service refuses a request
// because there were too many, and falls asleep when it has let requests leave for
// a minute without such a refusal.
//
// While awake, it lets requests leave at a rate, in requests a second. The first
// rate is the one that was served lately. It doubles every second until the next
// refusal. From then on, each refusal cuts the rate to less than what was served
// since the refusal before it. Without refusals the rate grows, slowly at first
// and then faster. Several clients that share a limit converge to equal shares,
// because the one with the higher rate is refused more often.
//
// A delay requested by the service holds back all requests, not only the refused
// one. The requests do not leave together when it ends, because the rate still
// spaces them. Pacer is not safe for concurrent use.
type Pacer struct {
	awake   bool
	ramping bool      // no refusal since the one that woke the Pacer
	shut    int       // refusals since the last cut with nothing served in between
	rate    float64   // requests a second
	next    time.Time // when the next request may leave at this rate
	hold    time.Time // when the service's requested delay ends

	cutAt      time.Time // when the rate was last cut
	grownAt    time.Time
	growing    float64 // seconds since the first request served after the cut
	highest    float64 // rate at which requests were served, fading
	sinceCut   int     // requests served since the cut
	sinceGrown int     // requests served since the rate last grew

	refusedAt time.Time
	served    history
}

// Slot returns when the next request may leave. It is not after now when the
// request may leave at once.
func (p *Pacer) Slot(now time.Time) time.Time {
	if !p.Awake(now) {
		return now
	}
	return later(p.hold, p.next)
}

// Awake reports whether the Pacer spaces requests. The minute until it falls
// asleep begins after a requested delay: those that waited must not leave together.
func (p *Pacer) Awake(now time.Time) bool {
	if p.awake && now.Sub(later(p.refusedAt, p.hold)).Seconds() > asleepAfter {
		p.awake = false
	}
	return p.awake
}

// Held reports whether a delay requested by the service has not passed.
func (p *Pacer) Held(now time.Time) bool { return p.awake && p.hold.After(now) }

// Sent records that a request leaves.
func (p *Pacer) Sent(now time.Time) {
	if !p.awake {
		return
	}
	if now.Sub(p.next).Seconds() > max(idleTime, 1/p.rate) {
		p.grownAt = now // no request waited, so the rate need not grow
	}
	p.grow(now)
	late := now.Add(-seconds(max(slack, 1/p.rate)))
	p.next = later(later(p.next, p.hold), late).Add(seconds(1 / p.rate))
}

// Unsent takes back the latest Sent: the request did not leave after all.
func (p *Pacer) Unsent() {
	if p.awake {
		p.next = p.next.Add(-seconds(1 / p.rate))
	}
}

// Served records the answer to a request that was not refused.
func (p *Pacer) Served(sent, now time.Time) {
	p.served.add(now)
	p.sinceCut++
	p.sinceGrown++
	if p.awake {
		served := p.served.rate(now)
		if p.ramping && sent.Before(p.cutAt) {
			// Answers of one burst come in any order, so the first refusal can come
			// before those that show what the limit is.
			p.rate = max(p.rate, served)
		}
		p.highest = max(p.highest, min(p.rate, served))
	}
	if !sent.Before(p.cutAt) {
		p.shut = 0
	}
}

// Refused records that the service refused a request because there were too
// many, and the delay that it requests, or 0 if it requests none. Chance is a
// random number from 0 to 1, so clients that share a limit do not move in step.
func (p *Pacer) Refused(sent, now time.Time, delay time.Duration, chance float64) {
	p.grow(now)
	p.refusedAt = now
	if delay > 0 {
		p.hold = later(p.hold, now.Add(delay))
	}
	switch {
	case !p.awake:
		p.awake, p.ramping, p.highest = true, true, 0
		p.restart(now, max(firstRate, p.served.rate(now)))
		p.next = now.Add(seconds((1 + chance) / p.rate))
	case sent.Before(p.cutAt):
		// The request left before the cut, so it says nothing about the new rate.
	case p.shut > 0:
		// The service refuses all requests, for example until the end of the
		// second in which it counts.
		p.ramping = false
		p.shut++
		pause := max(firstProbe*math.Pow(probing, float64(p.shut-2))/p.rate, probingShare*now.Sub(p.cutAt).Seconds())
		pause = min(pause, longestProbe) * (1 + probingSpan*(chance-0.5))
		p.next = later(p.next, now.Add(seconds(pause)))
	default:
		p.restart(now, p.lowered(now))
		p.ramping = false
		p.next = later(p.next, now.Add(seconds(chance/p.rate)))
	}
}

// lowered returns the rate after a refusal. What was served between two
// refusals is what the limit allowed in that time.
func (p *Pacer) lowered(now time.Time) float64 {
	served := p.served.rate(now)
	if since := now.Sub(p.cutAt).Seconds(); since >= leastMeasure && p.sinceCut >= enough {
		served = float64(p.sinceCut) / since
	}
	if p.ramping {
		return min(p.rate, max(served, rampCut*p.rate))
	}
	rate := min(p.rate, max(served, lowestCut*p.rate))
	p.highest *= remember
	return max(lowestRate, cut*rate)
}

// restart begins the time that grow counts.
func (p *Pacer) restart(now time.Time, rate float64) {
	p.rate = rate
	p.cutAt, p.grownAt, p.growing = now, now, 0
	p.sinceCut, p.sinceGrown, p.shut = 0, 0, 1
}

// grow raises the rate for the time since the last call of grow.
func (p *Pacer) grow(now time.Time) {
	passed := min(1, now.Sub(p.grownAt).Seconds())
	p.grownAt = now
	if passed <= 0 || p.shut > 0 && !p.ramping {
		return
	}
	if p.ramping {
		p.rate *= min(math.Pow(rampPerSecond, passed), math.Pow(rampPerServed, float64(p.sinceGrown)))
		p.sinceGrown = 0
		return
	}
	p.growing += passed
	power := abovePower
	if p.rate < steepest {
		power = belowPower
	}
	share, period := growth*math.Pow(p.rate/steepest, power), doubling*(1+slowDoubling/p.rate)
	if p.highest > catchUp*p.rate {
		share, period = growth, fastDoubling
	}
	p.rate *= 1 + passed*min(1, share*math.Exp2(p.growing/period))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
