package appstreaming

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Attempt describes one attempt of a call after it ended, for [WithObserver]: an
// HTTP request, or the failure to get credentials for it. An observer may keep
// it, Err included, and read it on any goroutine.
//
// Reason is the result in one or two words:
//
//   - "ok";
//   - the service's error code, or "no code" when it refused without one;
//   - "decode" for an invalid response;
//   - "too large" for a response over [WithMaxResponseBytes];
//   - "timeout" for an attempt that took too long;
//   - "connection" for any other response that did not arrive;
//   - "credentials" when there were no usable credentials;
//   - "deadline" or "canceled" when the call's ctx ended.
//
// Waited does not include the wait before a retry, unless the client paced that
// wait.
type Attempt struct {
	Number     int           // from 1
	Method     string        // GET or POST; empty when nothing was sent
	Host       string        // the host of the endpoint
	StatusCode int           // 0 when there was no response
	RequestID  string        // empty when there was none
	Reason     string        // the result, see above
	Start      time.Time     // when the attempt began, by the local clock
	Waited     time.Duration // before Start: for a Limiter, for pacing and for a free connection
	Duration   time.Duration // from asking for credentials to decoding
	Retry      bool          // whether another attempt follows
	RetryIn    time.Duration // the wait before it, as far as known, when Retry is true
	Err        error         // nil when the attempt succeeded
}

// observe reports the attempt just made to the observers and the log.
func (c *call) observe(wait time.Duration, again bool) {
	if len(c.cfg.observers) == 0 && c.cfg.logger == nil {
		return
	}
	a := Attempt{
		Number:     c.number,
		Method:     c.last.method,
		Host:       c.request.endpoint.host,
		StatusCode: c.last.status,
		RequestID:  c.last.requestID,
		Reason:     reason(c.ctx, c.last.err),
		Start:      c.last.start,
		Waited:     c.last.waited,
		Duration:   c.last.duration,
		Retry:      again,
		RetryIn:    wait,
		Err:        c.last.err,
	}
	for _, observer := range c.cfg.observers {
		observer(c.ctx, a)
	}
	if c.cfg.logger != nil {
		a.log(c.ctx, c.cfg.logger, c.stopReason)
	}
}

// log writes one line of attributes that hold no secret. It leaves out the
// error's text, because that quotes the service.
func (a Attempt) log(ctx context.Context, logger *slog.Logger, stopReason string) {
	level, text := slog.LevelDebug, "ListImage attempt succeeded"
	if a.Err != nil {
		level, text = slog.LevelInfo, "ListImage attempt failed"
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 9)
	attrs = append(attrs, slog.String("reason", a.Reason), slog.Int("attempt", a.Number), slog.String("host", a.Host))
	if a.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", a.StatusCode))
	}
	if a.RequestID != "" {
		attrs = append(attrs, slog.String("request_id", printable(shortened(a.RequestID, maxShownName))))
	}
	if waited := a.Waited.Round(time.Millisecond); waited > 0 {
		attrs = append(attrs, slog.Duration("waited", waited))
	}
	attrs = append(attrs, slog.Duration("duration", a.Duration.Round(10*time.Microsecond)))
	switch {
	case a.Retry:
		attrs = append(attrs, slog.Duration("retry_in", a.RetryIn.Round(time.Millisecond)))
	case a.Err != nil:
		attrs = append(attrs, slog.String("stopped", printable(shortened(stopReason, maxShownText))))
	}
	logger.LogAttrs(ctx, level, text, attrs...)
}

// reason returns the result of an attempt in one or two words.
func reason(ctx context.Context, err error) string {
	if apiErr, ok := as[*APIError](err); ok {
		if apiErr.Code != "" {
			return apiErr.Code.Error()
		}
		return "no code"
	}
	_, undecodable := as[*DecodeError](err)
	_, noCredentials := as[*CredentialsError](err)
	switch {
	case err == nil:
		return "ok"
	case undecodable:
		return "decode"
	case errors.Is(err, ErrResponseTooLarge):
		return "too large"
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "deadline"
	case ctx.Err() != nil:
		return "canceled"
	case noCredentials:
		return "credentials"
	case errors.Is(err, ErrAttemptTimeout):
		return "timeout"
	}
	return "connection"
}
