package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming/internal/pacer"
	"github.com/wuying-go/appstreaming/internal/redact"
	"github.com/wuying-go/appstreaming/internal/retry"
)

// call is a call of the operation while it runs: what its attempts share, and
// what is known of the latest one.
type call struct {
	client  *Client
	cfg     *config
	ctx     context.Context // the caller's; an attempt has its own, which can end sooner
	request unsignedRequest
	tokens  retry.Account
	turn    pacer.Turn
	keyID   string // of the credentials found last

	number             int       // attempts made
	uncounted          int       // throttled ones of them that do not count toward MaxAttempts
	throttledSince     time.Time // zero when the latest attempt was not throttled
	page               *ListImageResponse
	failure            error  // of the last attempt that failed for another reason than ctx's end
	notAdmitted        error  // why no attempt could begin
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
	c.last = outcome{}
	asked := c.cfg.now()
	if c.notAdmitted = c.admit(); c.notAdmitted != nil {
		return
	}
	c.tokens.Spend()
	c.number++
	for !c.attempt(ctx, asked) {
		if c.notAdmitted = c.queue(); c.notAdmitted != nil {
			c.number--
			return
		}
	}
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
	c.last.throttled = isThrottled(c.last.err)
	c.last.hint = retry.Hint(c.last.header, c.last.throttled, c.client.shared.clock.Now(c.cfg.now()))
	if refusal, ok := c.last.err.(*APIError); ok {
		refusal.RetryAfter = c.last.hint
	}
}

// try signs, sends, reads and decodes.
func (c *call) try(ctx context.Context) (*ListImageResponse, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.attemptTimeout(), ErrAttemptTimeout)
	defer cancel()

	found, err := c.findCredentials(ctx)
	if err != nil {
		return nil, err
	}
	if !c.mayStillSend(found) {
		return nil, errNotYet
	}
	c.last.credentials = found
	c.secrets.Add(found.AccessKeySecret, found.SecurityToken, found.BearerToken)
	c.last.signed = c.client.shared.clock.Now(c.cfg.now())
	req, signature, err := c.request.sign(ctx, stamp{credentials: found, nonce: c.cfg.nonce(), time: c.last.signed, retries: c.number - 1})
	if err != nil {
		return nil, err
	}
	c.secrets.Add(signature)
	c.last.method = req.Method

	resp, err := roundTrip(c.cfg.httpClient.Transport, req)
	if err != nil {
		return nil, c.transportError(ctx, err)
	}
	defer closeInTime(ctx, resp)()
	c.last.status = resp.StatusCode
	c.last.header = resp.Header
	c.last.requestID = c.secrets.Text(resp.Header.Get("X-Acs-Request-Id"))
	page, err := c.read(ctx, resp)
	if page != nil && page.RequestID != "" {
		c.last.requestID = page.RequestID
	}
	return page, err
}

// attemptTimeout is the smaller of the policy's and the http.Client's.
func (c *call) attemptTimeout() time.Duration {
	timeout := c.cfg.retry.attemptTimeout()
	if other := c.cfg.httpClient.Timeout; other > 0 {
		timeout = min(timeout, other)
	}
	return timeout
}

// findCredentials asks the provider, unless it was asked after a refusal.
func (c *call) findCredentials(ctx context.Context) (Credentials, error) {
	if renewed := c.renewed; renewed != nil {
		c.renewed = nil
		return *renewed, nil
	}
	return provide(ctx, c.ctx, c.cfg.credentials, c.attemptTimeout(), c.refused)
}

// timedOut reports whether an attempt's ctx has ended and the caller's has not.
func (c *call) timedOut(ctx context.Context) bool {
	return ctx.Err() != nil && c.ctx.Err() == nil
}

// roundTrip sends a request. It accepts what the rules for a RoundTripper
// forbid: neither response nor error, both, and a response without a body.
func roundTrip(transport http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := transport.RoundTrip(req)
	switch {
	case err != nil:
		if resp != nil && resp.Body != nil {
			resp.Body.Close()
		}
		return nil, err
	case resp == nil:
		return nil, errors.New("the http.Client's transport returned neither a response nor an error")
	case resp.Body == nil:
		bodiless := *resp
		bodiless.Body, bodiless.ContentLength = http.NoBody, 0
		return &bodiless, nil
	}
	return resp, nil
}

// closeInTime closes the response's body as soon as ctx ends, so that a read
// from it does not outlast ctx, and otherwise when the returned function is
// called. While ctx lives only that function closes it.
func closeInTime(ctx context.Context, resp *http.Response) (finish func()) {
	var once sync.Once
	closeBody := func() { once.Do(func() { resp.Body.Close() }) }
	stop := context.AfterFunc(ctx, closeBody)
	return func() {
		stop()
		closeBody()
	}
}

// transportError describes a response that did not arrive, or only in part.
func (c *call) transportError(ctx context.Context, err error) *TransportError {
	e := &TransportError{
		Operation: c.request.operation.name,
		Host:      c.request.endpoint.host,
		RequestID: c.last.requestID,
		Err:       c.safeCause(ctx, err),
	}
	if dnsErr, ok := as[*net.DNSError](err); ok && dnsErr.IsNotFound {
		e.Hint = c.request.endpoint.hint
	}
	return e
}

// safeCause makes an error of the network safe to wrap. It shows no secret, and
// it does not look like the end of the caller's ctx when that is alive.
func (c *call) safeCause(ctx context.Context, err error) error {
	err = c.secrets.Err(err)
	switch {
	case c.timedOut(ctx):
		return wrapf("%w: not answered within %v (%v)", ErrAttemptTimeout, c.attemptTimeout(), err)
	case c.ctx.Err() == nil:
		return withoutContextErrors(err)
	}
	return err
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
// ended. An answer of the service is worth keeping even then.
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
		wait = c.cfg.jitter(policy.delayBound(c.number, err))
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

// invalidateCredentials tells the provider what the service refused.
func (c *call) invalidateCredentials() {
	c.refused = &refusedCredentials{c.last.credentials, time.Now()}
	if provider, ok := c.cfg.credentials.(CredentialsInvalidator); ok {
		provider.InvalidateCredentials(c.ctx, c.last.credentials)
	}
}

// renewKey asks the provider for another key than the refused one. It reports
// whether there is one, which the next attempt then uses.
func (c *call) renewKey() bool {
	ctx, cancel := context.WithTimeoutCause(c.ctx, c.attemptTimeout(), ErrAttemptTimeout)
	defer cancel()
	found, err := c.findCredentials(ctx)
	if err != nil || found == c.last.credentials {
		return false
	}
	c.renewed = &found
	return true
}

// isTimeError reports whether the service refused the time of a request.
func isTimeError(err error) bool {
	apiErr, ok := as[*APIError](err)
	return ok && inFamilies(apiErr.Code, []Code{CodeInvalidTimestamp, "IllegalTimestamp", "RequestTimeTooSkewed"})
}

// isTokenError reports whether the service refused a security token. Some
// operations name the reason in the message only.
func isTokenError(err error) bool {
	apiErr, ok := as[*APIError](err)
	return ok && (CodeInvalidSecurityTokenExpired.covers(apiErr.Code) ||
		CodeInvalidParameter.covers(apiErr.Code) && strings.Contains(strings.ToLower(apiErr.Message), "securitytoken.expired"))
}

// isKeyError reports whether the service refused the key, or a token for a
// reason other than its age.
func isKeyError(err error) bool {
	apiErr, ok := as[*APIError](err)
	return ok && inFamilies(apiErr.Code, []Code{
		CodeInvalidAccessKeyID, "Forbidden.AccessKeyDisabled", CodeInvalidSecurityToken, CodeMissingSecurityToken,
	})
}

// err returns the error of a call without a page.
func (c *call) err() error {
	ended := c.notAdmitted
	if c.ctx.Err() != nil {
		ended = wrapf("appstreaming: %s: the call was ended after %s: %w", c.request.operation.name, attempts(c.number), ctxError(c.ctx))
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

// concluded returns a copy of an attempt's error that holds how many attempts
// were made and why none followed. It changes no error that somebody may hold.
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

// ctxError returns ctx's error, together with its cause when that says more.
func ctxError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// withoutContextErrors makes an error that does not match the errors of package
// context. Timeouts of the network match context.DeadlineExceeded; the caller
// would take them for the end of a ctx that is alive.
func withoutContextErrors(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return contextErrorsHidden{err}
	}
	return err
}

// contextErrorsHidden has no Unwrap method, because errors.Is would follow it.
type contextErrorsHidden struct{ err error }

func (e contextErrorsHidden) Error() string { return e.err.Error() }

func (e contextErrorsHidden) Is(target error) bool {
	return target != context.Canceled && target != context.DeadlineExceeded && errors.Is(e.err, target)
}

func (e contextErrorsHidden) As(target any) bool { return errors.As(e.err, target) }
