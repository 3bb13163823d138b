package appstreaming

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// Errors that stand for a situation; match them with [errors.Is].
var (
	// ErrResponseTooLarge says that a body exceeded WithMaxResponseBytes.
	ErrResponseTooLarge = errors.New("response too large")
	// ErrNoMorePages says that Pager.Next was called past the last page.
	ErrNoMorePages = errors.New("no more pages")
	// ErrPageLoop says that the service sent an earlier page again instead of the
	// page asked for.
	ErrPageLoop = errors.New("service sent the same page again")
	// ErrIncomplete says that the service counts more images than it sent in a
	// listing; see IncompleteError.
	ErrIncomplete = errors.New("listing is incomplete")
	// ErrNoCredentials says that no source had credentials.
	ErrNoCredentials = errors.New("no credentials")
	// ErrCredentialsSource says that a source of the standard chain, or the
	// profile, is set up but has no usable credentials. Without it,
	// ErrNoCredentials says that nobody set up any source.
	ErrCredentialsSource = errors.New("a source of credentials failed")
	// ErrAttemptTimeout says that an attempt took longer than
	// RetryPolicy.AttemptTimeout or the Timeout of the http.Client. A
	// *TransportError, an *APIError whose body did not arrive, or a
	// *CredentialsError matches it. The caller's deadline never does.
	ErrAttemptTimeout = errors.New("attempt timed out")
	// ErrUnstable says that Client.Snapshot saw the inventory change in every
	// pass it was allowed.
	ErrUnstable = errors.New("image inventory kept changing")
	// ErrImageFailed says that an image waited for has the status CREATE_FAILED,
	// or another that ends in FAILED.
	ErrImageFailed = errors.New("image creation failed")
	// ErrImageGone says that an image waited for is no longer listed, or that its
	// status says it is deleted.
	ErrImageGone = errors.New("image is no longer listed")
	// ErrImageNotListed says that an image waited for was never listed.
	ErrImageNotListed = errors.New("image was never listed")
	// ErrImageNotFound says that no image has the identifier or the name given
	// to Client.GetImage or Client.GetImageByName.
	ErrImageNotFound = errors.New("image not found")
	// ErrAmbiguousName says that several images have the name given to
	// Client.GetImageByName.
	ErrAmbiguousName = errors.New("several images have the name")
	// ErrThrottled says that the service refused a request because there were
	// too many: an *APIError with the code Throttling, Throttling.User,
	// ThrottlingException, TooManyRequests, FlowControl or a similar one, or with
	// HTTP status 429 and no code. A *CredentialsError matches it if STS refused
	// with such a code; the same holds for the two classes below.
	ErrThrottled = errors.New("throttled")
	// ErrNotAuthorized says that the identity may not make the call: an
	// *APIError with the code Forbidden, NoPermission, AccessDenied,
	// Unauthorized or a similar one.
	ErrNotAuthorized = errors.New("not authorized")
	// ErrBadCredentials says that the service did not accept the access key, the
	// token or the signature: an *APIError with the code InvalidAccessKeyId,
	// InvalidSecurityToken, SignatureDoesNotMatch or a similar one.
	ErrBadCredentials = errors.New("credentials not accepted")
	// ErrUninitialized is returned by the methods of a zero Client.
	ErrUninitialized = errors.New("client was not made by New")
)

// APIError is the service's refusal of a call. Match it by code with
// errors.Is(err, CodeX), or by class with [ErrThrottled], [ErrNotAuthorized] and
// [ErrBadCredentials]. Take its fields with [errors.As].
//
// Secrets of the request that the service echoes are masked in every field. The
// fields have the texts of the service as they came, up to 64 KiB. The error's
// text has at most the first 1 KiB of Message, and 200 bytes of other texts.
type APIError struct {
	Operation  string // "ListImage"
	Code       Code   // empty if the response had none, such as an error page of a proxy
	Message    string
	RequestID  string // for support tickets
	HostID     string // endpoint as the service knows it
	Recommend  string // URL of the code's troubleshooting page
	StatusCode int    // HTTP status; 200 for a failure reported as Success=false

	AccessDenied *AccessDeniedDetail // set when RAM denied the call and said why
	RetryAfter   time.Duration       // the delay that the service requests; 0: none

	Attempts   int    // attempts of the call
	StopReason string // why there was no further attempt
	Body       []byte // the response's first bytes, at most 4 KiB
	Err        error  // why the body broke off; nil if all of it arrived
}

// AccessDeniedDetail says why RAM denied a call.
type AccessDeniedDetail struct {
	AuthAction               string // such as "appstreaming:ListImage"
	AuthPrincipalType        string // SubUser, AssumedRoleUser or FederatedSSO
	AuthPrincipalOwnerID     string
	AuthPrincipalDisplayName string
	NoPermissionType         string // ImplicitDeny or ExplicitDeny
	PolicyType               string // such as "AccountLevelIdentityBasedPolicy"
	EncodedDiagnosticMessage string
}

// Error describes the failure in one line, with status, code, message, request
// identifier, attempts and the reason why no attempt followed.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "appstreaming: %s: HTTP %d", e.Operation, e.StatusCode)
	if e.Code != "" {
		b.WriteString(" " + shortened(string(e.Code), maxShownName))
	} else if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	switch {
	case e.Message != "":
		b.WriteString(": " + shortened(e.Message, maxShownText))
	case e.Code == "" && len(e.Body) > 0:
		fmt.Fprintf(&b, ": body begins %q", clip(e.Body, 200))
	}
	if e.Err != nil {
		b.WriteString("; " + shownCause(e.Err, maxShownText))
	}
	return withTrail(&b, e.RequestID, e.Attempts, e.StopReason)
}

// An error's text is for a line of a log, so it shows long texts of others only
// in part. The fields and the wrapped errors have all of them.
const (
	// maxShownText bounds a message and a cause. A refused signature comes with
	// the whole text that was signed, and a broken response is quoted.
	maxShownText = 1 << 10
	// maxShownName bounds codes, identifiers and values.
	maxShownName = 200
	// maxShownSources bounds the cause of a CredentialsError, which names every
	// source of the standard chain.
	maxShownSources = 4 << 10
)

// shownCause returns the text of a cause as another error's text shows it.
func shownCause(cause error, limit int) string { return shortened(fmt.Sprint(cause), limit) }

// shortened cuts a text to a limit.
func shortened(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

// Is reports whether target is the error's [Code], the family it belongs to, or
// one of [ErrThrottled], [ErrNotAuthorized] and [ErrBadCredentials].
func (e *APIError) Is(target error) bool {
	if code, ok := target.(Code); ok {
		return code.covers(e.Code)
	}
	return target == e.class()
}

// Unwrap returns the reason why the body broke off.
func (e *APIError) Unwrap() error { return e.Err }

// DecodeError is a complete response that is neither a page nor a refusal: not
// JSON, empty, cut off by the sender, or an object that does not show success.
// It is not retried.
type DecodeError struct {
	Operation  string
	Path       string // where in the document, such as "Data[3].Tags"; empty for the whole
	Offset     int64  // byte offset in the body
	Reason     string
	StatusCode int
	RequestID  string        // from the x-acs-request-id header if the body has none
	RetryAfter time.Duration // the delay that the service requests; 0: none
	Attempts   int           // attempts of the call
	Body       []byte        // the response's first bytes, at most 4 KiB
}

// Error describes where decoding failed and why.
func (e *DecodeError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "appstreaming: %s: HTTP %d: cannot decode the response", e.Operation, e.StatusCode)
	if e.Path != "" {
		b.WriteString(" at " + e.Path)
	}
	fmt.Fprintf(&b, " (byte %d): %s", e.Offset, e.Reason)
	if len(e.Body) > 0 {
		fmt.Fprintf(&b, ": body begins %q", clip(e.Body, 200))
	}
	return withTrail(&b, e.RequestID, e.Attempts, "")
}

// TransportError says that no complete response arrived: the connection could
// not be made, broke, or was too slow. It names the host and never the query.
type TransportError struct {
	Operation  string
	Host       string
	RequestID  string        // empty unless response headers arrived
	RetryAfter time.Duration // the delay that the service requests; 0: none
	Attempts   int           // attempts of the call
	StopReason string        // why there was no further attempt
	Hint       string        // a likely reason; empty if unknown
	Err        error         // the cause, free of URLs' queries
}

// Error describes the failure in one line.
func (e *TransportError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "appstreaming: %s: no complete response from %s: %s", e.Operation, e.Host, shownCause(e.Err, maxShownText))
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return withTrail(&b, e.RequestID, e.Attempts, e.StopReason)
}

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// IncompleteError says that the service sent an empty page, twice, although Count
// promises images on it. It matches [ErrIncomplete]. The images delivered before
// it are valid.
type IncompleteError struct {
	Delivered  int    // images delivered, from the first page of the listing on
	Count      int    // images in the inventory, as the service counts them
	PageNumber int    // the empty page
	RequestID  string // of the empty page
}

// Error says how many images were delivered, and which page is empty.
func (e *IncompleteError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "appstreaming: %v: page %d is empty after %d images, but the service counts %d",
		ErrIncomplete, e.PageNumber, e.Delivered, e.Count)
	return withTrail(&b, e.RequestID, 0, "")
}

// Unwrap returns [ErrIncomplete].
func (e *IncompleteError) Unwrap() error { return ErrIncomplete }

// ParamError is an invalid request parameter. It is found before anything is
// sent.
type ParamError struct {
	Field  string // Go name, such as "Tags[0].Key"
	Value  string
	Reason string // the rule
}

// Error names field, value and rule.
func (e *ParamError) Error() string {
	return printable(fmt.Sprintf("appstreaming: %s %q %s", e.Field, shortened(e.Value, maxShownName), e.Reason))
}

// OptionError is an invalid [Option], region or [ImageLister], or an invalid
// field of [WaitOptions] or [SnapshotOptions]. It is found before anything is
// sent.
type OptionError struct {
	Option string // such as "WithPrefetch"
	Value  string // free of user information and queries
	Reason string // the rule
}

// Error names option, value and rule.
func (e *OptionError) Error() string {
	if e.Value == "" {
		return printable(fmt.Sprintf("appstreaming: %s: %s", e.Option, e.Reason))
	}
	return printable(fmt.Sprintf("appstreaming: %s: %q: %s", e.Option, shortened(e.Value, maxShownName), e.Reason))
}

// CredentialsError says that there were no usable credentials, so nothing was
// sent. It matches [ErrNoCredentials] when no source had any,
// [ErrCredentialsSource] when a source that is set up failed, and the [Code] and
// its class when STS or another source refused.
type CredentialsError struct {
	Code       Code   // the code of the source's refusal, such as "EntityNotExist.Role" of STS; empty when unknown
	RequestID  string // of the request for credentials, such as one to STS; empty when unknown
	Attempts   int    // attempts of the call; 0 when it is not from a call
	StopReason string // why there was no further attempt
	Err        error  // the cause, free of secrets as far as this package can tell
}

// Error describes the cause.
func (e *CredentialsError) Error() string {
	var b strings.Builder
	cause, requestID := shownCause(e.Err, maxShownSources), e.RequestID
	if strings.Contains(cause, requestID) {
		requestID = "" // the cause names it, next to its source
	}
	b.WriteString("appstreaming: credentials: " + cause)
	return withTrail(&b, requestID, e.Attempts, e.StopReason)
}

// Unwrap returns the cause.
func (e *CredentialsError) Unwrap() error { return e.Err }

// Is reports whether target is the source's [Code], a family it belongs to, or
// the code's class, such as [ErrNotAuthorized].
func (e *CredentialsError) Is(target error) bool {
	if e.Code == "" {
		return false
	}
	if code, ok := target.(Code); ok {
		return code.covers(e.Code)
	}
	return target == classOf(e.Code)
}

// withTrail ends an error's text with the facts that support and the person on
// call need.
func withTrail(b *strings.Builder, requestID string, made int, stopped string) string {
	var parts []string
	if requestID != "" {
		parts = append(parts, "request id "+shortened(requestID, maxShownName))
	}
	if made > 0 {
		parts = append(parts, attempts(made))
	}
	if stopped != "" {
		parts = append(parts, stopped)
	}
	if len(parts) > 0 {
		b.WriteString(" (" + strings.Join(parts, "; ") + ")")
	}
	return printable(b.String())
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

// printable replaces the characters that could forge a line of a log, control a
// terminal or reorder a line on the screen: control, format and bidirectional
// characters, and line separators. Bytes that are not UTF-8 become U+FFFD. Every
// text that may hold words of the service, the network or the caller goes
// through it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
}

// wrapf is fmt.Errorf with a printable text.
func wrapf(format string, args ...any) error { return printableError{fmt.Errorf(format, args...)} }

type printableError struct{ err error }

func (e printableError) Error() string { return printable(e.err.Error()) }
func (e printableError) Unwrap() error { return e.err }

func clip(b []byte, n int) []byte {
	if len(b) > n {
		return b[:n]
	}
	return b
}

// as is errors.AsType, which Go 1.25 does not have.
func as[E error](err error) (E, bool) {
	if err == nil { // needs no memory
		return *new(E), false
	}
	var target E
	ok := errors.As(err, &target)
	return target, ok
}
