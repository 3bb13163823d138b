package appstreaming

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/wuying-go/appstreaming/internal/redact"
	"github.com/wuying-go/appstreaming/internal/retry"
)

const (
	defaultMaxAttempts    = 4
	defaultBaseDelay      = 100 * time.Millisecond
	defaultThrottledDelay = time.Second
	defaultMaxDelay       = 20 * time.Second
	defaultAttemptTimeout = 30 * time.Second
	defaultBudget         = 500

	defaultThrottlePatience = time.Minute
)

// RetryPolicy controls how failed attempts are retried. Its zero value is the
// default. ListImage only reads, so every attempt is safe to repeat.
//
// A negative MaxAttempts, BaseDelay, MaxDelay or AttemptTimeout is an
// [*OptionError], and so is a BaseDelay of more than MaxDelay.
type RetryPolicy struct {
	// MaxAttempts limits the attempts of one call, except for pages of a listing
	// that are throttled; see ThrottlePatience. An attempt is an HTTP request, or
	// the failure to get credentials for it. 0: 4; 1: no retries.
	MaxAttempts int
	// BaseDelay limits the first wait. The limit doubles with every further
	// wait, and each wait is random between zero and its limit. While the client
	// paces, throttled attempts wait for their turn instead. 0: 100 ms, or 1 s
	// when the service throttles.
	BaseDelay time.Duration
	// MaxDelay limits the wait before each retry. When the service requests a
	// longer delay, the call fails at once. 0: 20 s.
	MaxDelay time.Duration
	// AttemptTimeout limits one attempt, from asking for credentials to reading
	// the last byte. The Timeout of an http.Client given by WithHTTPClient
	// limits it too. Waiting for a Limiter, for pacing or for a free connection
	// does not count. An attempt that takes longer is retried. 0: 30 s.
	AttemptTimeout time.Duration
	// Budget is the number of retry tokens that a client shares with the clients
	// derived from it. A retry takes 5 tokens. A call that succeeds returns the
	// tokens of its retries and adds 1. When too few are left, calls are not
	// retried, so a broken service does not receive several times its usual
	// load. Retries of throttled attempts take no tokens while pacing is on.
	// 0: 500; negative: no limit.
	Budget int
	// ThrottlePatience is how long a listing requests a page again while the
	// service throttles it. The page and the pages after it wait for their turns.
	// The time begins again when another page of the listing is served. While
	// the service serves other calls, a page gets at least 10 attempts, or one
	// for each 6 s of a patience below 1 minute. Throttled attempts do not count
	// toward MaxAttempts. ThrottlePatience applies to listings with and without
	// WithPrefetch. It does not apply to a single ListImage call, if MaxAttempts
	// is 1, or without pacing. 0: 1 minute; negative: a page gets as many
	// attempts as a call.
	ThrottlePatience time.Duration
	// Retryable decides which errors are retried. nil: DefaultRetryable.
	// Nothing is retried after ctx has ended. The function may be called by
	// several goroutines at once.
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

func (p RetryPolicy) throttlePatience() time.Duration {
	if p.maxAttempts() == 1 {
		return -1
	}
	return orDefault(p.ThrottlePatience, defaultThrottlePatience)
}

func (p RetryPolicy) budget() int { return orDefault(p.Budget, defaultBudget) }

func (p RetryPolicy) retryable(err error) bool {
	if p.Retryable != nil {
		return p.Retryable(err)
	}
	return DefaultRetryable(err)
}

// delayBound returns the longest wait after the attempt with that number.
func (p RetryPolicy) delayBound(attempt int, err error) time.Duration {
	base := p.BaseDelay
	if base == 0 {
		base = defaultBaseDelay
		if isThrottled(err) {
			base = defaultThrottledDelay
		}
	}
	return retry.Bound(base, p.maxDelay(), attempt)
}

func orDefault[T int | time.Duration](value, fallback T) T {
	if value == 0 {
		return fallback
	}
	return value
}

// temporaryFamilies are the families of codes that are retried regardless of
// the HTTP status, in addition to those of ErrThrottled.
var temporaryFamilies = [...]Code{
	CodeServiceUnavailable, CodeInternalError, CodeSystemError, CodeSystemBusy, CodeServiceBusy,
	CodeTimeout, CodeRequestTimeout, CodeSignatureNonceUsed,
}

// DefaultRetryable reports whether a failed attempt is worth retrying:
//
//   - No complete response arrived in time, unless the server's certificate is
//     not accepted.
//   - The credentials provider failed because of the network, was too slow, or
//     was refused by STS with one of the codes below.
//   - HTTP 408, 429 and 5xx.
//   - With any status, the codes of [ErrThrottled], and ServiceUnavailable,
//     InternalError, SystemError, SystemBusy, ServiceBusy, Timeout,
//     RequestTimeout and SignatureNonceUsed, and the families of these codes.
//   - With any status, a refusal whose body broke off before its code.
//
// It reports false for an error that says that ctx has ended. Some refusals are
// retried once although it reports false for them: of the time, when the clock
// could be corrected; of an expired security token, after the credentials
// provider was asked again; and of an access key or another token, when the
// provider then has other credentials.
func DefaultRetryable(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if apiErr, ok := as[*APIError](err); ok {
		return isTemporary(apiErr)
	}
	if transportErr, ok := as[*TransportError](err); ok {
		return !isCertificateError(transportErr)
	}
	if credentialsErr, ok := as[*CredentialsError](err); ok {
		return errors.Is(err, ErrAttemptTimeout) || isNetworkError(credentialsErr) && !isCertificateError(credentialsErr) ||
			errors.Is(err, ErrThrottled) || slices.ContainsFunc(temporaryFamilies[:], func(family Code) bool { return errors.Is(err, family) })
	}
	return false
}

func isTemporary(err *APIError) bool {
	switch status := err.StatusCode; {
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return true
	}
	return err.class() == ErrThrottled || inFamilies(err.Code, temporaryFamilies[:]) || err.Code == "" && err.Err != nil
}

// isThrottled reports whether the service refused a request because there were
// too many.
func isThrottled(err error) bool {
	apiErr, ok := as[*APIError](err)
	return ok && (apiErr.StatusCode == http.StatusTooManyRequests || apiErr.class() == ErrThrottled)
}

// isTimeError reports whether the service refused the time of a request.
func isTimeError(err error) bool {
	apiErr, ok := as[*APIError](err)
	return ok && inFamilies(apiErr.Code, []Code{CodeInvalidTimestamp, CodeIllegalTimestamp, "RequestTimeTooSkewed"})
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

// requestedDelay returns the delay that the service requests with an error.
func requestedDelay(err error) time.Duration {
	if refusal, ok := as[*APIError](err); ok {
		return refusal.RetryAfter
	}
	if broken, ok := as[*TransportError](err); ok {
		return broken.RetryAfter
	}
	if garbled, ok := as[*DecodeError](err); ok {
		return garbled.RetryAfter
	}
	return 0
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
	_, ok := as[tls.RecordHeaderError](err) // the server does not use TLS
	return ok
}

// isNetworkError reports whether the cause of a provider's failure is the
// network. A file that cannot be read has a syscall.Errno too, so that type
// alone proves nothing.
func isNetworkError(err error) bool {
	if _, ok := as[*net.OpError](err); ok {
		return true
	}
	if _, ok := as[*net.DNSError](err); ok {
		return true
	}
	if netErr, ok := as[net.Error](err); ok && netErr.Timeout() {
		return true
	}
	if _, ok := as[*url.Error](err); ok && errors.Is(err, io.EOF) {
		return true
	}
	for _, cause := range [...]error{
		io.ErrUnexpectedEOF, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ETIMEDOUT,
	} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// ctxError returns ctx's error, joined with its cause when that differs.
func ctxError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(err, cause) {
		return err
	}
	return wrapf("%w: %w", err, cause)
}

// withoutOthersContext returns an error like err that does not match an error of
// package context, except the one with which ctx ended.
func withoutOthersContext(ctx context.Context, err error) error {
	other := context.Canceled
	if ctx.Err() == context.Canceled {
		other = context.DeadlineExceeded
	}
	if ctx.Err() == nil || errors.Is(err, other) {
		return redact.ContextErrors(err)
	}
	return err
}

// grace is how long a call waits, after the time at which ctx ends, for what ends
// with it: a body's Close, or a ctx whose timer is late.
const grace = 10 * time.Millisecond

// hasEnded reports whether a caller's ctx has ended. If its deadline has passed but
// its timer is late, hasEnded waits for that. A deadline that is also the end of
// an attempt must not look like the attempt's.
func hasEnded(ctx context.Context) bool {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		select {
		case <-ctx.Done():
		case <-time.After(grace): // a ctx that ignores its own deadline
		}
	}
	return ctx.Err() != nil
}
