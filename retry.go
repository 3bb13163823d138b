package appstreaming

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

const (
	defaultMaxAttempts    = 4
	defaultBaseDelay      = 100 * time.Millisecond
	defaultThrottledDelay = time.Second
	defaultMaxDelay       = 20 * time.Second
	defaultAttemptTimeout = 30 * time.Second
)

// RetryPolicy tells how failed attempts are repeated. Its zero value is the
// default. ListImage only reads, so every attempt is safe to repeat.
type RetryPolicy struct {
	// MaxAttempts bounds the HTTP requests of one call. 0: 4; 1: no retries.
	MaxAttempts int
	// BaseDelay bounds the first wait; the bound doubles with every further
	// one, and the wait is random between zero and the bound. 0: 100 ms, and
	// 1 s when the service throttles.
	BaseDelay time.Duration
	// MaxDelay bounds every wait. When the service asks for a longer one, the
	// call fails at once. 0: 20 s.
	MaxDelay time.Duration
	// AttemptTimeout bounds one attempt, from asking for credentials to reading
	// the last byte. An attempt that takes longer is retried while ctx lives.
	// 0: 30 s.
	AttemptTimeout time.Duration
	// Budget is the number of retry tokens shared by a client and those derived
	// from it: a retry takes 5, a call that succeeds gives back what its retries
	// took and 1 more. Without tokens calls fail at their first failure, which
	// keeps a broken service from being asked many times over. 0: 500; < 0: no
	// limit.
	Budget int
	// Retryable decides which errors are retried. nil: [DefaultRetryable].
	// Whatever it says, nothing is retried after ctx has ended.
	Retryable func(error) bool
}

func (p RetryPolicy) validate() error {
	fault := func(field string, value any, reason string) error {
		return &OptionError{Option: "WithRetry", Value: fmt.Sprintf("%s: %v", field, value), Reason: reason}
	}
	switch {
	case p.MaxAttempts < 0:
		return fault("MaxAttempts", p.MaxAttempts, "must not be negative")
	case p.BaseDelay < 0:
		return fault("BaseDelay", p.BaseDelay, "must not be negative")
	case p.MaxDelay < 0:
		return fault("MaxDelay", p.MaxDelay, "must not be negative")
	case p.AttemptTimeout < 0:
		return fault("AttemptTimeout", p.AttemptTimeout, "must not be negative")
	case p.BaseDelay > p.maxDelay():
		return fault("BaseDelay", p.BaseDelay, "must not be more than MaxDelay, "+p.maxDelay().String())
	}
	return nil
}

func (p RetryPolicy) maxAttempts() int { return orDefault(p.MaxAttempts, defaultMaxAttempts) }

func (p RetryPolicy) maxDelay() time.Duration { return orDefault(p.MaxDelay, defaultMaxDelay) }

func (p RetryPolicy) attemptTimeout() time.Duration {
	return orDefault(p.AttemptTimeout, defaultAttemptTimeout)
}

func (p RetryPolicy) budget() int { return orDefault(p.Budget, defaultBudget) }

func (p RetryPolicy) retryable(err error) bool {
	if p.Retryable != nil {
		return p.Retryable(err)
	}
	return DefaultRetryable(err)
}

// delayBound is the longest wait after the attempt of that number.
func (p RetryPolicy) delayBound(attempt int, err error) time.Duration {
	base := p.BaseDelay
	if base == 0 {
		base = defaultBaseDelay
		if isThrottled(err) {
			base = defaultThrottledDelay
		}
	}
	bound := p.maxDelay()
	for ; attempt > 1 && base < bound; attempt-- {
		base *= 2
	}
	return min(base, bound)
}

func orDefault[T int | time.Duration](value, fallback T) T {
	if value == 0 {
		return fallback
	}
	return value
}

// fullJitter is a random duration from 0 up to bound.
func fullJitter(bound time.Duration) time.Duration {
	if bound <= 0 {
		return 0
	}
	return rand.N(bound)
}

// DefaultRetryable reports whether a failed attempt is worth another one:
//
//   - no complete response arrived in time, unless the server's certificate is
//     not accepted or ctx has ended;
//   - HTTP 408, 429 and 5xx;
//   - whatever the status, the codes Throttling and its family,
//     Rejected.Throttling, ServiceUnavailable and its family, InternalError,
//     SystemBusy, ServiceBusy and SignatureNonceUsed.
//
// Beside these, InvalidTimeStamp.Expired is retried once when the clock could
// be corrected, and InvalidSecurityToken.Expired once after asking the
// credentials provider again.
func DefaultRetryable(err error) bool {
	if apiErr, ok := as[*APIError](err); ok {
		return isPassing(apiErr)
	}
	if transportErr, ok := as[*TransportError](err); ok {
		return !isCertificateError(transportErr) && !errors.Is(err, context.Canceled)
	}
	return false
}

// as is errors.AsType, which Go 1.25 does not have.
func as[E error](err error) (E, bool) {
	var target E
	ok := errors.As(err, &target)
	return target, ok
}

func isPassing(err *APIError) bool {
	switch status := err.StatusCode; {
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return true
	}
	switch err.Code {
	case CodeInternalError, CodeSystemBusy, CodeServiceBusy, CodeSignatureNonceUsed:
		return true
	}
	return isThrottled(err) || strings.HasPrefix(string(err.Code), string(CodeServiceUnavailable))
}

func isThrottled(err error) bool {
	apiErr, ok := as[*APIError](err)
	return ok && (apiErr.StatusCode == http.StatusTooManyRequests ||
		strings.HasPrefix(string(apiErr.Code), string(CodeThrottling)) || apiErr.Code == CodeRejectedThrottling)
}

func isCertificateError(err error) bool {
	if _, ok := as[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := as[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := as[x509.HostnameError](err); ok {
		return true
	}
	if _, ok := as[x509.CertificateInvalidError](err); ok {
		return true
	}
	_, ok := as[tls.RecordHeaderError](err) // no TLS spoken there
	return ok
}
