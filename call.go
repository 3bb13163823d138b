package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/wuying-go/appstreaming/internal/pacer"
	"github.com/wuying-go/appstreaming/internal/redact"
	"github.com/wuying-go/appstreaming/internal/retry"
)

// call is a call of the operation in progress. It holds the state that its
// attempts share, and the result of the latest attempt.
type call struct {
	client  *Client
	cfg     *config
	ctx     context.Context // the caller's; an attempt has its own, which can end sooner
	request unsignedRequest
	tokens  retry.Account
	turn    pacer.Turn
	keyID   string // of the credentials found last

	number             int // attempts made
	uncounted          int // throttled ones of them that do not count toward MaxAttempts
	throttling         throttling
	page               *ListImageResponse
	failure            error  // of the last attempt that failed for another reason than ctx's end
	notAdmitted        error  // why no attempt could begin
	queued             bool   // the next attempt is in the gate
	stopReason         string // why no attempt followed
	clockCorrected     bool   // each correction is tried once in a call
	credentialsRenewed bool
	refused            *refusedCredentials // of credentials, in an earlier attempt
	renewed            *Credentials        // for the next attempt, already asked for

	secrets redact.Secrets // of all attempts: credentials may change between them
	last    outcome
}

// outcome is the result of the latest attempt, except the page.
type outcome struct {
	err       error
	start     time.Time
	waited    time.Duration // for admission
	duration  time.Duration
	throttled bool
	nextSlot  time.Duration // after which the account's next attempt may begin
	method    string
	status    int
	requestID string
	header    http.Header
	hint      time.Duration // how long the service asks to wait

	signed      time.Time // the corrected time in the request
	credentials Credentials
}

// execute sends a request until it succeeds or may not be retried.
func (c *Client) execute(ctx context.Context, cfg *config, at pagePlace, request unsignedRequest) (*ListImageResponse, error) {
	running := &call{client: c, cfg: cfg, ctx: ctx, request: request, tokens: c.shared.budget.Account(cfg.retry.budget())}
	running.turn.Listing, running.turn.Page = at.listing, at.page
	defer running.tokens.Close()
	retry.Run(ctx, running.maxAttempts(), running)
	if running.page == nil {
		return nil, running.err()
	}
	running.tokens.Succeed()
	running.page.Attempts = running.number
	return running.page, nil
}

// Send makes one attempt.
func (c *call) Send(ctx context.Context) {
	requested := c.last.hint
	c.last = outcome{}
	asked := c.cfg.now()
	if c.notAdmitted = c.admit(requested); c.notAdmitted != nil {
		return
	}
	c.number++
	for !c.attempt(ctx, asked) {
		if c.notAdmitted = c.queue(true); c.notAdmitted != nil {
			c.number--
			return
		}
	}
	c.tokens.Spend()
}

// attempt makes an attempt that was admitted. It reports false when the attempt
// must wait again before it can be sent.
func (c *call) attempt(ctx context.Context, asked time.Time) (made bool) {
	c.last.start = c.cfg.now()
	c.last.waited = c.last.start.Sub(asked)
	made = true
	defer func() {
		if made {
			c.depart()
		}
	}()
	c.page, c.last.err = c.try(ctx)
	if c.last.err == errNotYet {
		made = false
		return made
	}
	c.last.duration = c.cfg.now().Sub(c.last.start)
	c.settle()
	return made
}

// settle draws conclusions from the attempt just made. Here it is known whether
// the attempt succeeded or was throttled, and how long the service asks to wait.
// It is not reached when the attempt panics.
func (c *call) settle() {
	if c.last.err == nil {
		return
	}
	c.last.throttled = isThrottled(c.last.err)
	c.last.hint = retry.Hint(c.last.header, c.last.throttled, c.client.shared.clock.Now(c.cfg.now()))
	switch err := c.last.err.(type) {
	case *APIError:
		err.RetryAfter = c.last.hint
	case *TransportError:
		err.RetryAfter = c.last.hint
	case *DecodeError:
		err.RetryAfter = c.last.hint
	}
}

// Next decides what follows the attempt just made, and reports it.
func (c *call) Next() (wait time.Duration, again bool) {
	if c.notAdmitted != nil {
		return 0, false
	}
	wait, again, c.stopReason = c.decide()
	c.last.err = concluded(c.last.err, c.number, c.stopReason)
	if c.last.err != nil && !c.endedWithContext(c.last.err) {
		c.failure = c.last.err
	}
	c.observe(wait, again)
	if c.cfg.pacing && c.last.throttled {
		wait = 0 // admit waits
	}
	return wait, again
}

// endedWithContext reports whether an attempt failed because the caller's ctx
// ended. A response of the service is a failure of its own, and is kept.
func (c *call) endedWithContext(err error) bool {
	if c.ctx.Err() == nil {
		return false
	}
	switch err.(type) {
	case *TransportError:
		return true
	case *CredentialsError:
		return errors.Is(err, c.ctx.Err()) || errors.Is(err, context.Cause(c.ctx))
	}
	return false
}

// decide returns the wait before the next attempt, or why there is none.
func (c *call) decide() (wait time.Duration, again bool, stopReason string) {
	err, hint, policy := c.last.err, c.last.hint, &c.cfg.retry
	switch {
	case err == nil:
		return 0, false, ""
	case c.ctx.Err() != nil:
		return 0, false, c.endReason()
	}
	c.countThrottled()
	corrected := c.correct(err)
	paced := c.cfg.pacing && c.last.throttled
	switch {
	case !corrected && !policy.retryable(err):
		return 0, false, "not retryable"
	case c.number-c.uncounted >= policy.maxAttempts():
		return 0, false, "no attempts left"
	case c.patienceLost():
		return 0, false, fmt.Sprintf("the service has throttled the page for more than %v", policy.throttlePatience())
	case hint > policy.maxDelay():
		return 0, false, fmt.Sprintf("the service asks to wait %v, more than MaxDelay of %v", hint, policy.maxDelay())
	case paced:
		wait = hint // the pacer adds what its rate demands
	case hint > 0:
		// A tenth more at random, so that callers with the same hint do not
		// return together.
		wait = min(hint+c.cfg.jitter(hint/10), policy.maxDelay())
	case !corrected:
		wait = c.cfg.jitter(policy.delayBound(c.number-c.uncounted, err))
	}
	if deadline, ok := c.ctx.Deadline(); ok && !c.cfg.now().Add(wait).Before(deadline) {
		return 0, false, fmt.Sprintf("the wait of %v would outlast ctx's deadline", wait.Round(time.Millisecond))
	}
	if paced {
		return max(wait, c.last.nextSlot), true, ""
	}
	if !c.tokens.Reserve() {
		return 0, false, "the client's retry budget is spent"
	}
	return wait, true, ""
}

// correct fixes, once in a call, the clock or the credentials that the service
// refused. It reports whether another attempt can succeed.
func (c *call) correct(err error) bool {
	switch {
	case isTimeError(err) && !c.clockCorrected:
		c.clockCorrected = true
		return c.client.shared.clock.Correct(c.last.signed, c.cfg.now(), c.last.header.Get("Date"))
	case isTokenError(err), isKeyError(err):
		c.invalidateCredentials()
		renewed := c.credentialsRenewed
		c.credentialsRenewed = true
		switch {
		case renewed:
			return false
		case isTokenError(err):
			return true
		}
		return c.number < c.cfg.retry.maxAttempts() && c.renewKey()
	}
	return false
}

// err returns the error of a call without a page.
func (c *call) err() error {
	ended := c.notAdmitted
	if c.ctx.Err() != nil {
		made := attempts(c.number)
		if c.queued {
			made += ", while it waited for its turn"
		}
		ended = wrapf("appstreaming: %s: the call was ended after %s: %w", c.request.operation.name, made, ctxError(c.ctx))
		c.stopReason = c.endReason()
	}
	failure := concluded(c.failure, c.number, c.stopReason)
	switch {
	case ended == nil:
		return failure
	case failure == nil:
		return ended
	}
	return wrapf("%w; before that: %w", ended, failure)
}

func (c *call) endReason() string { return "the call was ended: " + context.Cause(c.ctx).Error() }

// concluded returns a copy of an attempt's error with the number of attempts and
// the reason why none followed. It makes a copy because an observer may hold the
// error.
func concluded(err error, attempts int, stopReason string) error {
	switch e := err.(type) {
	case *APIError:
		copied := *e
		copied.Attempts, copied.StopReason = attempts, stopReason
		return &copied
	case *TransportError:
		copied := *e
		copied.Attempts, copied.StopReason = attempts, stopReason
		return &copied
	case *CredentialsError:
		copied := *e
		copied.Attempts, copied.StopReason = attempts, stopReason
		return &copied
	case *DecodeError:
		copied := *e
		copied.Attempts = attempts
		return &copied
	}
	return err
}
