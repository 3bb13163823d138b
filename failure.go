package appstreaming

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// redactor masks the secrets of the attempt just made.
func (k *call) redactor() redactor {
	c := k.last.credentials
	return newRedactor(c.AccessKeySecret, c.SecurityToken, c.BearerToken, k.last.signature)
}

// masked is the redactor for a short text, without its cost where there is
// nothing to mask, as in every identifier of every success.
func (k *call) masked(text string) string {
	c := &k.last.credentials
	for _, secret := range [...]string{c.AccessKeySecret, c.SecurityToken, c.BearerToken, k.last.signature} {
		if len(secret) >= minSecret && strings.Contains(text, secret) || strings.Contains(text, "%") {
			return k.redactor().text(text)
		}
	}
	return text
}

// apiError reads a refusal from a response's first bytes.
func (k *call) apiError(resp *http.Response, body []byte) *APIError {
	body = clip(body, maxErrorBody)
	envelope := decodeEnvelope(body)
	masked := k.redactor()
	e := &APIError{
		Operation:  k.request.operation.name,
		Code:       Code(masked.text(envelope.Code)),
		Message:    masked.text(envelope.Message),
		RequestID:  masked.text(envelope.RequestID),
		HostID:     masked.text(envelope.HostID),
		Recommend:  masked.text(envelope.Recommend),
		StatusCode: resp.StatusCode,
		// Masked before it is cut: half a secret would not be recognised.
		Body: clip(masked.body(body), keptBody),
	}
	if envelope.AccessDenied != nil {
		denied := *envelope.AccessDenied
		for _, field := range denied.fields() {
			*field.value = masked.text(*field.value)
		}
		e.AccessDenied = &denied
	}
	if e.RequestID == "" {
		e.RequestID = k.last.requestID
	}
	k.last.requestID = e.RequestID
	if e.Message == "" && resp.StatusCode >= 300 && resp.StatusCode < 400 {
		e.Message = "the service redirects, which is never followed"
	}
	return e
}

// decodeError completes what the decoder says.
func (k *call) decodeError(e *DecodeError, body []byte) *DecodeError {
	e.Operation = k.request.operation.name
	e.StatusCode = k.last.status
	e.RequestID = k.last.requestID
	e.Body = slices.Clone(clip(k.redactor().body(clip(body, maxErrorBody)), keptBody))
	e.Reason = k.masked(e.Reason)
	e.Path = k.masked(e.Path)
	return e
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

// isSuccessCode tells success where the member Success is missing: products of
// the platform write it in several ways.
func isSuccessCode(code string) bool {
	switch strings.ToLower(code) {
	case "", "200", "ok", "success":
		return true
	}
	return false
}
