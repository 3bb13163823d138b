package appstreaming

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Attempt describes one HTTP request after it was made, for [WithObserver].
type Attempt struct {
	Number     int           // from 1
	Method     string        // GET or POST; empty when nothing was sent
	Host       string        // where it was to be sent
	StatusCode int           // 0 when there was no response
	RequestID  string        // empty when there was none
	Reason     string        // in a word: "ok", the service's code, "timeout", "connection", "canceled", "decode", "too large", "credentials"
	Duration   time.Duration // from asking for credentials to decoding
	Retry      bool          // another attempt follows
	RetryIn    time.Duration // after this wait, when Retry is true
	Err        error         // nil when it succeeded
}

// observe tells the observers and the log of the attempt just made.
func (k *call) observe(wait time.Duration, again bool) {
	if len(k.cfg.observers) == 0 && k.cfg.logger == nil {
		return
	}
	a := Attempt{
		Number:     k.number,
		Method:     k.last.method,
		Host:       k.request.endpoint.host,
		StatusCode: k.last.status,
		RequestID:  k.last.requestID,
		Reason:     reason(k.ctx, k.last.err),
		Duration:   k.last.duration,
		Retry:      again,
		RetryIn:    wait,
		Err:        k.last.err,
	}
	for _, observer := range k.cfg.observers {
		observer(k.ctx, a)
	}
	if k.cfg.logger != nil {
		a.log(k.ctx, k.cfg.logger, k.stopped)
	}
}

// log writes one line of attributes known to be harmless. The error's text is
// not among them: it quotes the service.
func (a Attempt) log(ctx context.Context, logger *slog.Logger, stopped string) {
	level, text := slog.LevelDebug, "ListImage attempt succeeded"
	if a.Err != nil {
		level, text = slog.LevelInfo, "ListImage attempt failed"
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs, slog.String("reason", a.Reason), slog.Int("attempt", a.Number), slog.String("host", a.Host))
	if a.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", a.StatusCode))
	}
	if a.RequestID != "" {
		attrs = append(attrs, slog.String("request_id", a.RequestID))
	}
	attrs = append(attrs, slog.Duration("duration", a.Duration.Round(10*time.Microsecond)))
	switch {
	case a.Retry:
		attrs = append(attrs, slog.Duration("retry_in", a.RetryIn.Round(time.Millisecond)))
	case a.Err != nil:
		attrs = append(attrs, slog.String("stopped", stopped))
	}
	logger.LogAttrs(ctx, level, text, attrs...)
}

// reason says in a word what came of an attempt.
func reason(ctx context.Context, err error) string {
	if apiErr, ok := as[*APIError](err); ok {
		if apiErr.Code != "" {
			return string(apiErr.Code)
		}
		return "no code"
	}
	_, garbled := as[*DecodeError](err)
	_, unusable := as[*CredentialsError](err)
	switch {
	case err == nil:
		return "ok"
	case garbled:
		return "decode"
	case errors.Is(err, ErrResponseTooLarge):
		return "too large"
	case ctx.Err() != nil:
		return "canceled"
	case unusable:
		return "credentials"
	case errors.Is(err, ErrAttemptTimeout):
		return "timeout"
	}
	return "connection"
}
