package appstreaming

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/wuying-go/appstreaming/internal/pacer"
	"github.com/wuying-go/appstreaming/internal/singleflight"
)

// pagePlace is where a call stands in a listing. The zero pagePlace is that of a
// single call.
type pagePlace struct {
	listing *pacer.Listing
	page    int
}

type placeKey struct{}

// in returns a ctx that carries the place through an ImageLister to the Client
// that it calls.
func (p pagePlace) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, placeKey{}, p)
}

func placeIn(ctx context.Context) pagePlace {
	p, _ := ctx.Value(placeKey{}).(pagePlace)
	return p
}

// errNotYet is the result of an attempt that had to go back to wait.
var errNotYet = errors.New("the attempt may not be sent yet")

// admit waits until the next attempt may begin: for the limiter, for the rate
// that the service allows, and for a free connection. Only the caller's ctx
// limits this wait, because the attempt has not begun. Attempt.Waited reports it.
// After the attempt before, the service requested the given delay.
func (c *call) admit(requested time.Duration) error {
	if c.cfg.pacing && requested > permitted {
		return c.queue(false)
	}
	if err := c.limit(); err != nil {
		return err
	}
	return c.queue(true)
}

// permitted is how long a requested delay may hold back an attempt that a limiter
// has let go. After a longer delay the limiter is asked again. Otherwise the
// attempts that it let go in the meantime would exceed its rate when the delay
// ends.
const permitted = time.Second

// limit waits for the limiter.
func (c *call) limit() error {
	limiter := c.cfg.limiter
	if limiter == nil {
		return nil
	}
	// The limiter may ignore ctx.
	if _, err := singleflight.Do(c.ctx, func() (struct{}, error) { return struct{}{}, limiter.Wait(c.ctx) }); err != nil {
		return wrapf("appstreaming: %s: rate limit: %w", c.request.operation.name, withoutOthersContext(c.ctx, err))
	}
	return nil
}

// queue waits in the gate. Limited says whether the limiter has let the attempt go.
func (c *call) queue(limited bool) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	gate := &c.client.shared.gate
	route := pacer.Route{Account: pacer.Account{Endpoint: c.request.endpoint.host}}
	if transport, ok := c.cfg.httpClient.Transport.(*http.Transport); ok && transport.MaxConnsPerHost > 0 {
		route.Pool, route.Width = transport, transport.MaxConnsPerHost
	}
	if c.cfg.pacing {
		route.KeyID = c.keyID
	}
	for {
		c.queued = true
		if err := gate.Enter(c.ctx, &c.turn, route); err != nil {
			return err
		}
		c.queued = false
		if c.cfg.limiter == nil || limited && c.turn.HeldFor <= permitted {
			return nil
		}
		gate.Withdraw(&c.turn) // no connection is kept for it
		if err := c.limit(); err != nil {
			return err
		}
		limited = true
	}
}

// mayStillSend reports whether the attempt may go on with these credentials, or
// must wait again. The credentials decide whose limit the attempt counts toward,
// and a provider can return other ones every time. The service can also have
// requested a delay in the meantime.
func (c *call) mayStillSend(found Credentials) bool {
	if !c.cfg.pacing {
		return true
	}
	c.keyID = found.AccessKeyID
	if found.BearerToken != "" {
		c.keyID = digestOf(found.BearerToken)
	}
	account := pacer.Account{Endpoint: c.request.endpoint.host, KeyID: c.keyID}
	return c.client.shared.gate.Confirm(&c.turn, account)
}

// digestOf returns what names a bearer token, which has no key id, in the gate.
func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "bearer token " + string(sum[:])
}

// depart reports the attempt's result to the gate, so that others can leave.
func (c *call) depart() {
	result, delay := pacer.Unanswered, time.Duration(0)
	switch {
	case c.last.throttled:
		result, delay = pacer.Refused, min(c.last.hint, c.cfg.retry.maxDelay())
	case c.last.status != 0:
		result = pacer.Served
	}
	c.last.nextSlot = c.client.shared.gate.Leave(&c.turn, result, delay)
}

// isPatient reports whether the call is a page of a listing that waits for its
// turn while the service throttles.
func (c *call) isPatient() bool { return c.turn.Listing != nil && c.cfg.isPatient() }

// isPatient reports whether listings wait for throttled pages.
func (c *config) isPatient() bool { return c.pacing && c.retry.throttlePatience() > 0 }

// maxAttempts limits the loop of a call. The attempts of a patient call are
// counted by decide.
func (c *call) maxAttempts() int {
	if c.isPatient() {
		return math.MaxInt
	}
	return c.cfg.retry.maxAttempts()
}

// throttling describes how the service throttles a call. It is zero when the
// latest attempt was not throttled.
type throttling struct {
	since    time.Time // the first refusal since the listing's latest progress
	refusals int       // since then
	served   int64     // requests of the listing
}

// countThrottled notes whether the attempt just made was throttled. A page that
// was fetched ahead may have waited long for the pages before it. When one of
// them was served, the patience begins again.
func (c *call) countThrottled() {
	if !c.last.throttled {
		c.throttling = throttling{}
		return
	}
	if served := c.turn.Progress.Listing; c.throttling.refusals == 0 || served != c.throttling.served {
		c.throttling = throttling{since: c.last.end(), served: served}
	}
	c.throttling.refusals++
	if c.isPatient() {
		c.uncounted++
	}
}

// A page is refused fewestRefusals times before it is given up, while the service
// serves other calls. Where many calls wait, a page may get its turn only once a
// minute. With a patience of less than a minute, each refusal counts for perRefusal.
const (
	fewestRefusals = 10
	perRefusal     = defaultThrottlePatience / fewestRefusals
)

// patienceLost reports whether the service has throttled the page for too long.
func (c *call) patienceLost() bool {
	patience := c.cfg.retry.throttlePatience()
	if !c.last.throttled || !c.isPatient() || c.last.end().Sub(c.throttling.since) <= patience {
		return false
	}
	enough := min(fewestRefusals, int(patience/perRefusal))
	return c.throttling.refusals >= enough || c.turn.Progress.Quiet > patience
}

func (o *outcome) end() time.Time { return o.start.Add(o.duration) }
