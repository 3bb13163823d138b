package appstreaming

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// call is one call under way: what its attempts need, and what came of them.
type call struct {
	client  *Client
	cfg     *config
	ctx     context.Context // the caller's; an attempt's own ends sooner
	request unsignedRequest

	number      int // attempts made
	page        *ListImageResponse
	failure     error  // of the last attempt that failed for another reason than ctx's end
	fatal       error  // what no attempt can mend, found before sending
	stopped     string // why no attempt followed
	clockFixed  bool   // each correction is tried once a call
	tokenFixed  bool
	tokensTaken int

	last outcome
}

// outcome is what there is to say of the attempt just made, beside its page.
type outcome struct {
	err       error
	method    string
	status    int
	requestID string
	duration  time.Duration

	signed      time.Time // the corrected time it was signed with
	date        string    // the response's Date header
	credentials Credentials
	signature   string
}

// call sends a request until it succeeds or no attempt is left.
func (c *Client) call(ctx context.Context, cfg *config, request unsignedRequest) (*ListImageResponse, error) {
	k := &call{client: c, cfg: cfg, ctx: ctx, request: request}
	runAttempts(ctx, cfg.httpClient, cfg.endpoint.url(""), cfg.retry.maxAttempts(), k)
	if k.page != nil {
		k.client.shared.budget.give(k.tokensTaken + successRefund)
		k.page.Attempts = k.number
		return k.page, nil
	}
	return nil, k.err()
}

// attempt makes one attempt.
func (k *call) attempt(ctx context.Context) {
	k.last = outcome{}
	if k.fatal = k.awaitTurn(); k.fatal != nil {
		return
	}
	k.number++
	start := k.cfg.now()
	k.page, k.last.err = k.try(ctx)
	k.last.duration = k.cfg.now().Sub(start)
	switch err := k.last.err; {
	case err == nil:
	case k.ctx.Err() != nil && !isAnswer(err):
		// The caller's doing, not the service's: what failed before is the cause
		// worth keeping.
	default:
		k.failure = err
	}
}

// isAnswer reports whether the service itself said what went wrong.
func isAnswer(err error) bool {
	_, refused := as[*APIError](err)
	_, garbled := as[*DecodeError](err)
	return refused || garbled
}

func (k *call) awaitTurn() error {
	if k.cfg.limiter != nil {
		if err := k.cfg.limiter.Wait(k.ctx); err != nil {
			return wrapf("appstreaming: %s: rate limit: %w", k.request.operation.name, err)
		}
	}
	return k.ctx.Err()
}

// try signs, sends, reads and decodes.
func (k *call) try(ctx context.Context) (*ListImageResponse, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, k.cfg.retry.attemptTimeout(), ErrAttemptTimeout)
	defer cancel()

	found, err := k.cfg.credentials.Credentials(ctx)
	if err != nil {
		return nil, asCredentialsError(err)
	}
	if found, err = found.checked(); err != nil {
		return nil, err
	}
	k.last.credentials = found
	k.last.signed = k.client.shared.clock.now(k.cfg.now())
	req, signature, err := k.request.sign(ctx, stamp{credentials: found, nonce: k.cfg.nonce(), time: k.last.signed, retries: k.number - 1})
	if err != nil {
		return nil, err
	}
	k.last.signature = signature
	k.last.method = req.Method

	resp, err := k.cfg.httpClient.Transport.RoundTrip(req)
	if err != nil {
		return nil, k.transportError(ctx, err)
	}
	defer resp.Body.Close()
	k.last.status = resp.StatusCode
	k.last.date = resp.Header.Get("Date")
	k.last.requestID = k.masked(resp.Header.Get("X-Acs-Request-Id"))
	page, err := k.read(ctx, resp)
	if page != nil && page.RequestID != "" {
		page.RequestID = k.masked(page.RequestID)
		k.last.requestID = page.RequestID
	}
	return page, err
}

func asCredentialsError(err error) error {
	if _, ok := as[*CredentialsError](err); ok {
		return err
	}
	return &CredentialsError{Err: err}
}

// read turns a response into a page or an error.
func (k *call) read(ctx context.Context, resp *http.Response) (*ListImageResponse, error) {
	success := resp.StatusCode >= 200 && resp.StatusCode < 300
	limit := k.cfg.maxResponseBytes
	if !success {
		limit = min(limit, maxErrorBody)
	}
	body, err := readBody(resp, limit)
	defer body.release()
	switch {
	case !success:
		// The status tells more than why its body broke off.
		return nil, k.apiError(resp, body.bytes)
	case errors.Is(err, ErrResponseTooLarge):
		return nil, fmt.Errorf("appstreaming: %s: %w: more than %d bytes (request id %q)", k.request.operation.name, err, limit, k.last.requestID)
	case err != nil:
		return nil, k.transportError(ctx, fmt.Errorf("the response broke off after %d bytes: %w", len(body.bytes), err))
	}

	page, said, decodeErr := decodePage(body.bytes)
	if decodeErr != nil && said.success == successFalse && json.Valid(body.bytes) {
		return nil, k.apiError(resp, body.bytes) // whatever else is wrong with it
	}
	if decodeErr != nil {
		if page.RequestID != "" {
			k.last.requestID = k.masked(page.RequestID)
		}
		return nil, k.decodeError(decodeErr, body.bytes)
	}
	if said.success == successFalse || said.success == successAbsent && !isSuccessCode(page.Code) {
		return nil, k.apiError(resp, body.bytes)
	}
	page.Header = resp.Header
	if k.cfg.raw {
		page.Raw = slices.Clone(body.bytes)
	}
	return &page, nil
}

// next decides what follows the attempt just made, and tells those who watch.
func (k *call) next() (wait time.Duration, again bool) {
	if k.fatal != nil {
		return 0, false
	}
	wait, again, k.stopped = k.decide()
	k.observe(wait, again)
	return wait, again
}

// decide gives the wait before another attempt, or why there is none.
func (k *call) decide() (wait time.Duration, again bool, stopped string) {
	err, policy := k.last.err, &k.cfg.retry
	switch {
	case err == nil:
		return 0, false, ""
	case k.ctx.Err() != nil:
		return 0, false, "the call was ended: " + context.Cause(k.ctx).Error()
	}
	corrected := k.correct(err)
	hint := time.Duration(0)
	if apiErr, ok := as[*APIError](err); ok {
		hint = apiErr.RetryAfter
	}
	switch {
	case !corrected && !policy.retryable(err):
		return 0, false, "not retryable"
	case k.number >= policy.maxAttempts():
		return 0, false, "no attempts left"
	case hint > policy.maxDelay():
		return 0, false, fmt.Sprintf("the service asks to wait %v, more than MaxDelay of %v", hint, policy.maxDelay())
	case corrected:
		// What was wrong is mended: no reason to wait.
	case hint > 0:
		wait = hint + k.cfg.jitter(hint/10) // so that callers told the same do not return together
	default:
		wait = k.cfg.jitter(policy.delayBound(k.number, err))
	}
	if deadline, ok := k.ctx.Deadline(); ok && !k.cfg.now().Add(wait).Before(deadline) {
		return 0, false, fmt.Sprintf("the wait of %v would outlast ctx's deadline", wait.Round(time.Millisecond))
	}
	if !k.client.shared.budget.take(policy.budget()) {
		return 0, false, "the client's retry budget is spent"
	}
	k.tokensTaken += retryCost
	return wait, true, ""
}

// correct mends, once a call, what the service says is wrong with the clock or
// the token. It reports whether there is reason to try anew.
func (k *call) correct(err error) bool {
	switch {
	case errors.Is(err, CodeInvalidTimestampExpired) && !k.clockFixed:
		k.clockFixed = true
		return k.client.shared.clock.correct(k.last.signed, k.cfg.now(), k.last.date)
	case errors.Is(err, CodeInvalidSecurityTokenExpired) && !k.tokenFixed:
		k.tokenFixed = true
		if gate, ok := k.cfg.credentials.(*credentialGate); ok {
			gate.expire(k.last.credentials)
		}
		return true
	}
	return false
}

// err is what the call ends with when there is no page.
func (k *call) err() error {
	if k.failure != nil {
		setTrail(k.failure, k.number, k.stopped)
	}
	ended := k.fatal
	if k.ctx.Err() != nil {
		ended = wrapf("appstreaming: %s: the call was ended after %s: %w", k.request.operation.name, attempts(k.number), ctxError(k.ctx))
	}
	switch {
	case ended == nil:
		return k.failure
	case k.failure == nil:
		return ended
	}
	return wrapf("%w; before that: %w", ended, k.failure)
}

// ctxError is ctx's error, with its cause where that says more.
func ctxError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}
