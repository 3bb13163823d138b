package appstreaming

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// try gets credentials, signs, sends, reads and decodes.
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
	if c.cfg.httpClient.Transport == http.RoundTripper(c.client.shared.owned) {
		defer resp.Body.Close() // net/http ends reads with ctx
	} else {
		defer closeInTime(ctx, resp)()
	}
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
	found, err := provide(ctx, c.ctx, c.cfg.credentials, c.attemptTimeout(), c.refused)
	if failure, ok := as[*CredentialsError](err); ok && c.secrets.Shows(failure.Err) {
		masked := *failure
		masked.Err = c.secrets.Hide(failure.Err)
		err = &masked
	}
	return found, err
}

// timedOut reports whether an attempt's ctx has ended and the caller's has not.
func (c *call) timedOut(ctx context.Context) bool {
	return ctx.Err() != nil && !hasEnded(c.ctx)
}

// roundTrip sends a request. It also handles transports that break the rules for
// a RoundTripper: they return neither response nor error, both, or a response
// without a body.
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

// closeInTime closes the response's body when ctx ends or the returned function
// is called, whichever comes first. This ends a read with ctx even if the
// caller's transport does not watch ctx. After ctx's end, nobody waits long for
// Close, and its panic reaches the caller of the returned function.
func closeInTime(ctx context.Context, resp *http.Response) (finish func()) {
	closed := make(chan struct{})
	var panicked any
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		defer func() { panicked = recover() }()
		resp.Body.Close()
	})
	return func() {
		if stop() {
			resp.Body.Close()
			return
		}
		select {
		case <-closed:
			if panicked != nil {
				panic(panicked)
			}
		case <-time.After(grace):
		}
	}
}

// transportError describes a response that did not arrive completely.
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
	if c.timedOut(ctx) {
		return wrapf("%w: not answered within %v (%v)", ErrAttemptTimeout, c.attemptTimeout(), err)
	}
	return withoutOthersContext(c.ctx, err)
}

// invalidateCredentials passes the refused credentials to the provider.
func (c *call) invalidateCredentials() {
	c.refused = &refusedCredentials{c.last.credentials, time.Now()}
	if provider, ok := c.cfg.credentials.(CredentialsInvalidator); ok {
		provider.InvalidateCredentials(c.ctx, c.last.credentials)
	}
}

// renewKey asks the provider for a key other than the refused one. It reports
// whether there is one. The next attempt then uses it.
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
