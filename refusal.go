package appstreaming

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/wuying-go/appstreaming/internal/envelope"
	"github.com/wuying-go/appstreaming/internal/httpbody"
)

const (
	// maxErrorBody is how much of a refusal's body is read, and how much of any
	// body is searched for a refusal and for secrets.
	maxErrorBody = 64 << 10
	// keptBody is how much of a body an error keeps.
	keptBody = 4 << 10
	// maxShownNames is how long the path and the reason of a DecodeError can be.
	// Both can hold names from the body.
	maxShownNames = 400
)

// readBody reads a response's body, or its beginning if it is a refusal's.
func readBody(resp *http.Response, limit int64) (*httpbody.Body, error) {
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		// The body is a connection, which net/http no longer ends with ctx.
		return new(httpbody.Body), nil
	case isSuccessStatus(resp.StatusCode):
		return httpbody.Read(resp, limit)
	}
	return httpbody.ReadStart(resp, min(limit, maxErrorBody))
}

func isSuccessStatus(status int) bool { return status >= 200 && status < 300 }

// read turns a response into a page or an error.
func (c *call) read(ctx context.Context, resp *http.Response) (*ListImageResponse, error) {
	body, err := readBody(resp, c.cfg.maxResponseBytes)
	defer body.Release()
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		return nil, c.apiError(resp, body, nil)
	case !isSuccessStatus(resp.StatusCode):
		if err = brokeOff(ctx, body, err); err != nil {
			err = c.safeCause(ctx, err)
		}
		return nil, c.apiError(resp, body, err)
	case errors.Is(err, httpbody.ErrTooLarge):
		return nil, fmt.Errorf("appstreaming: %s: %w: more than %d bytes (request id %q)",
			c.request.operation.name, ErrResponseTooLarge, c.cfg.maxResponseBytes, shortened(c.last.requestID, maxShownName))
	case err != nil:
		return nil, c.transportError(ctx, brokeOff(ctx, body, err))
	}
	page, said, decodeErr := decodePage(body.Bytes)
	refused, decodeErr := judge(&page, said, decodeErr, body.Bytes)
	if refused {
		return nil, c.apiError(resp, body, nil)
	}
	c.maskPage(&page)
	if page.RequestID != "" {
		c.last.requestID = page.RequestID
	}
	if decodeErr != nil {
		// Valid JSON has arrived whole, even if ctx has ended since.
		if err := brokeOff(ctx, body, nil); err != nil && !json.Valid(body.Bytes) {
			return nil, c.transportError(ctx, err)
		}
		return nil, c.decodeError(decodeErr, body.Bytes)
	}
	page.Header = c.maskedHeader(resp.Header)
	if c.cfg.raw {
		page.Raw = slices.Clone(body.Bytes)
	}
	return &page, nil
}

// brokeOff describes why a body broke off, and returns nil if it did not. The
// body is closed when ctx ends, which some transports report as a normal end.
func brokeOff(ctx context.Context, body *httpbody.Body, err error) error {
	if err == nil && ctx.Err() != nil {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("the response's body broke off after %d bytes: %w", len(body.Bytes), err)
}

// judge decides whether a body with a status of 2xx is a page, a refusal or
// neither, in which case it returns an error. A page needs a sign of success: a
// body without one is not an empty page.
func judge(page *ListImageResponse, said evidence, err *DecodeError, body []byte) (refused bool, _ *DecodeError) {
	validJSON := err == nil || json.Valid(body)
	if raw, odd := page.Extra["Success"]; odd {
		said.success = oddSuccess(raw)
	}
	coded := strings.TrimSpace(page.Code) != ""
	succeeded := isSuccessCode(page.Code)
	switch {
	case !validJSON && said.items:
		return false, err
	case !validJSON:
		// The values read so far are uncertain, so only a code counts.
		read := envelope.Read(clip(body, maxErrorBody))
		return isFailure(read.Code), err
	case said.success == successFalse, coded && !succeeded && !said.items:
		return true, err
	case err == nil && said.items:
		return false, nil
	case said.success == successTrue, succeeded:
		if err == nil && said.data != dataArray {
			err = misplaced(envelope.Parse(clip(body, maxErrorBody)))
		}
		return false, err
	}
	// The only sign of success left is an empty array or a Count of 0. A refusal
	// in another form can have these too.
	members := envelope.Parse(clip(body, maxErrorBody))
	read := envelope.Of(members)
	switch isEmptyPage := said.data == dataArray || said.countGiven && page.Count == 0; {
	case read.Success == envelope.False, isFailure(read.Code), envelope.Failed(members):
		return true, err
	case err == nil && !isEmptyPage:
		return false, notPage(members)
	case err == nil && page.Extra["Code"] != nil:
		return false, &DecodeError{Path: "Code", Reason: "not a page: Code is not text, and nothing shows success"}
	}
	return false, err
}

// oddSuccess returns the meaning of a Success that is not a boolean.
func oddSuccess(raw json.RawMessage) success {
	switch envelope.SuccessOf(strings.Trim(string(raw), `"`)) {
	case envelope.True:
		return successTrue
	case envelope.False:
		return successFalse
	}
	return successAbsent
}

// isSuccessCode reports whether a code stands for success. Products of the
// platform write it in several ways.
func isSuccessCode(code string) bool {
	code = strings.TrimSpace(code)
	if whole, fraction, _ := strings.Cut(code, "."); strings.Trim(fraction, "0") == "" {
		code = whole // 200.0 is 200
	}
	switch strings.ToLower(code) {
	case "200", "ok", "success", "successful":
		return true
	}
	return code != "" && strings.Trim(code, "0") == ""
}

func isFailure(code string) bool { return code != "" && !isSuccessCode(code) }

// notPage describes an object that shows neither success nor failure.
func notPage(members []envelope.Member) *DecodeError {
	if err := misplaced(members); err != nil {
		return err
	}
	const listed = 5
	var names []string
	for _, m := range members[:min(len(members), listed)] {
		names = append(names, strconv.Quote(m.Name))
	}
	found := strings.Join(names, ", ")
	switch {
	case len(members) == 0:
		found = "no members"
	case len(members) > listed:
		found += " and others"
	}
	return &DecodeError{Reason: "not a page: neither Success, Code, Data nor Count shows success; found " + found}
}

// misplaced describes images that are not in Data, or returns nil.
func misplaced(members []envelope.Member) *DecodeError {
	for _, m := range members {
		if isList(m, "Data") && m.Name != "Data" && !m.Empty {
			return &DecodeError{Path: m.Name, Reason: "not a page: found " + strconv.Quote(m.Name) + " instead of Data"}
		}
		if m.Kind == envelope.Object && slices.ContainsFunc(m.Members, func(inner envelope.Member) bool { return isList(inner, "Data") }) {
			return &DecodeError{Path: m.Name, Reason: "not a page: found a page inside " + strconv.Quote(m.Name)}
		}
	}
	return nil
}

func isList(m envelope.Member, name string) bool {
	return m.Kind == envelope.Array && envelope.SameName(m.Name, name)
}

// apiError reads a refusal from a response's first bytes. cause is the reason
// why there are no more, if the body broke off.
func (c *call) apiError(resp *http.Response, body *httpbody.Body, cause error) *APIError {
	start := clip(body.Bytes, maxErrorBody)
	read := envelope.Read(start)
	masked := c.secrets.Text
	e := &APIError{
		Operation:  c.request.operation.name,
		Code:       Code(masked(read.Code)),
		Message:    c.secrets.CutText(read.Message),
		RequestID:  masked(read.RequestID),
		HostID:     masked(read.HostID),
		Recommend:  masked(read.Recommend),
		StatusCode: resp.StatusCode,
		Body:       c.keptBody(start),
		Err:        cause,
	}
	if read.AccessDenied != nil {
		e.AccessDenied = new(AccessDeniedDetail)
		for name, field := range e.AccessDenied.fields() {
			*field = masked(envelope.Text(read.AccessDenied, name))
		}
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

// fields returns the fields under their wire names.
func (d *AccessDeniedDetail) fields() map[string]*string {
	return map[string]*string{
		"AuthAction":               &d.AuthAction,
		"AuthPrincipalType":        &d.AuthPrincipalType,
		"AuthPrincipalOwnerId":     &d.AuthPrincipalOwnerID,
		"AuthPrincipalDisplayName": &d.AuthPrincipalDisplayName,
		"NoPermissionType":         &d.NoPermissionType,
		"PolicyType":               &d.PolicyType,
		"EncodedDiagnosticMessage": &d.EncodedDiagnosticMessage,
	}
}

// decodeError completes what the decoder reports.
func (c *call) decodeError(e *DecodeError, body []byte) *DecodeError {
	e.Operation = c.request.operation.name
	e.StatusCode = c.last.status
	if c.last.requestID == "" {
		c.last.requestID = c.secrets.Text(envelope.Read(clip(body, maxErrorBody)).RequestID)
	}
	e.RequestID = c.last.requestID
	e.Body = c.keptBody(clip(body, maxErrorBody))
	// Secrets are masked before the texts are shortened. A path may be cut
	// already.
	e.Reason = shortened(c.secrets.Text(e.Reason), maxShownNames)
	path, cut := strings.CutSuffix(e.Path, "…")
	if cut {
		path = c.secrets.CutText(path) + "…"
	}
	e.Path = shortened(c.secrets.Text(path), maxShownNames)
	return e
}

// keptBody returns the beginning of a body as an error keeps it. It masks
// before it cuts, so that no part of a secret remains.
func (c *call) keptBody(body []byte) []byte {
	return slices.Clone(clip(c.secrets.CutBody(body), keptBody))
}

// maskPage masks the secrets in what a page says about the call.
func (c *call) maskPage(page *ListImageResponse) {
	page.Code = c.secrets.Text(page.Code)
	page.Message = c.secrets.Text(page.Message)
	page.RequestID = c.secrets.Text(page.RequestID)
	for name, raw := range page.Extra {
		if c.secrets.Finds(string(raw)) {
			raw = json.RawMessage(c.secrets.Text(string(raw)))
			if !json.Valid(raw) { // the secret had a quote in it
				raw = json.RawMessage(`"***"`)
			}
			page.Extra[name] = raw
		}
		if masked := c.secrets.Text(name); masked != name {
			delete(page.Extra, name)
			page.Extra[masked] = raw
		}
	}
}

// maskedHeader returns a header without secrets. It returns the same header if
// there are none in it.
func (c *call) maskedHeader(header http.Header) http.Header {
	found := false
	for name, values := range header {
		found = found || c.secrets.Finds(name) || slices.ContainsFunc(values, c.secrets.Finds)
	}
	if !found {
		return header
	}
	masked := make(http.Header, len(header))
	for name, values := range header {
		name = c.secrets.Text(name)
		for _, value := range values {
			masked[name] = append(masked[name], c.secrets.Text(value))
		}
	}
	return masked
}
