package appstreaming

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/wuying-go/appstreaming/internal/httpbody"
)

const (
	// maxErrorBody is how much of a refusal's body is read, and how much of any
	// body is searched for secrets before its beginning is kept.
	maxErrorBody = 64 << 10
	// keptBody is how much of a body an error keeps.
	keptBody = 4 << 10
)

// read turns a response into a page or an error.
func (c *call) read(ctx context.Context, resp *http.Response) (*ListImageResponse, error) {
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// The body is a connection, which net/http no longer ends with ctx.
		return nil, c.apiError(resp, nil)
	}
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		body, _ := httpbody.ReadStart(resp, min(c.cfg.maxResponseBytes, maxErrorBody))
		defer body.Release()
		return nil, c.apiError(resp, body.Bytes)
	}
	limit := c.cfg.maxResponseBytes
	body, err := httpbody.Read(resp, limit)
	defer body.Release()
	switch {
	case errors.Is(err, httpbody.ErrTooLarge):
		return nil, fmt.Errorf("appstreaming: %s: %w: more than %d bytes (request id %q)",
			c.request.operation.name, ErrResponseTooLarge, limit, c.last.requestID)
	case err != nil:
		return nil, c.transportError(ctx, fmt.Errorf("the response broke off after %d bytes: %w", len(body.Bytes), err))
	}

	page, said, decodeErr := decodePage(body.Bytes)
	if decodeErr != nil && said.success == successFalse && json.Valid(body.Bytes) {
		return nil, c.apiError(resp, body.Bytes) // regardless of what else is wrong with it
	}
	page.RequestID = c.secrets.Text(page.RequestID)
	if decodeErr != nil {
		if page.RequestID != "" {
			c.last.requestID = page.RequestID
		}
		return nil, c.decodeError(decodeErr, body.Bytes)
	}
	if said.success == successFalse || said.success == successAbsent && !isSuccessCode(page.Code) {
		return nil, c.apiError(resp, body.Bytes)
	}
	page.Header = resp.Header
	if c.cfg.raw {
		page.Raw = slices.Clone(body.Bytes)
	}
	return &page, nil
}

// isSuccessCode recognizes success where the member Success is missing:
// products of the platform write it in several ways.
func isSuccessCode(code string) bool {
	switch strings.ToLower(code) {
	case "", "200", "ok", "success":
		return true
	}
	return false
}

// apiError reads a refusal from a response's first bytes.
func (c *call) apiError(resp *http.Response, body []byte) *APIError {
	body = clip(body, maxErrorBody)
	envelope := decodeEnvelope(body)
	masked := c.secrets.Text
	e := &APIError{
		Operation:  c.request.operation.name,
		Code:       Code(masked(envelope.Code)),
		Message:    masked(envelope.Message),
		RequestID:  masked(envelope.RequestID),
		HostID:     masked(envelope.HostID),
		Recommend:  masked(envelope.Recommend),
		StatusCode: resp.StatusCode,
		Body:       c.keptBody(body),
	}
	if envelope.AccessDenied != nil {
		denied := *envelope.AccessDenied
		for _, field := range denied.fields() {
			*field.value = masked(*field.value)
		}
		e.AccessDenied = &denied
	}
	if e.RequestID == "" {
		e.RequestID = c.last.requestID
	}
	c.last.requestID = e.RequestID
	if e.Message == "" && resp.StatusCode >= 300 && resp.StatusCode < 400 {
		e.Message = "the service redirects, which is never followed"
	}
	return e
}

// keptBody returns the beginning of a body as an error keeps it. It masks
// before it cuts: half a secret is harder to recognize.
func (c *call) keptBody(body []byte) []byte {
	return slices.Clone(clip(c.secrets.CutBody(clip(body, maxErrorBody)), keptBody))
}

// decodeError completes what the decoder reports.
func (c *call) decodeError(e *DecodeError, body []byte) *DecodeError {
	e.Operation = c.request.operation.name
	e.StatusCode = c.last.status
	e.RequestID = c.last.requestID
	e.Body = c.keptBody(body)
	e.Reason = c.secrets.Text(e.Reason)
	e.Path = c.secrets.Text(e.Path)
	return e
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}
