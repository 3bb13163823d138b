package appstreaming

import (
	"net/http"
	"slices"
)

// Code is an error code of the service. It is itself an error, so that
// [errors.Is] matches by code: errors.Is(err, CodeThrottling) is true for the
// codes Throttling, Throttling.User and every other Throttling.something.
// Letter case does not count.
type Code string

// Error returns the code, without characters that could forge a line of a log,
// and at most its first 200 bytes.
func (c Code) Error() string { return printable(shortened(string(c), maxShownName)) }

// covers reports whether other is c or of c's family.
func (c Code) covers(other Code) bool {
	if c == "" || len(other) < len(c) {
		return false
	}
	for i := range len(c) {
		if lowerASCII(c[i]) != lowerASCII(other[i]) {
			return false
		}
	}
	return len(other) == len(c) || other[len(c)] == '.'
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func inFamilies(code Code, families []Code) bool {
	return slices.ContainsFunc(families, func(family Code) bool { return family.covers(code) })
}

// The codes documented for ListImage, and common codes of the platform. The
// service has others. A code marked as a family also matches all codes that
// begin with it and a dot.
const (
	CodeInternalError  Code = "InternalError"  // family: a fault of the service, HTTP 400 or 500; retried
	CodeInvalidBizType Code = "InvalidBizType" // BizType has no such value

	// Too many requests. All of these are retried, and match ErrThrottled.
	CodeThrottling          Code = "Throttling"          // family
	CodeThrottlingUser      Code = "Throttling.User"     // of this account
	CodeThrottlingAPI       Code = "Throttling.Api"      // to this operation
	CodeRejectedThrottling  Code = "Rejected.Throttling" // family
	CodeThrottlingException Code = "ThrottlingException"
	CodeTooManyRequests     Code = "TooManyRequests"
	CodeFlowControl         Code = "FlowControl"

	// The service cannot answer for the moment. All of these are retried.
	CodeServiceUnavailable Code = "ServiceUnavailable" // family
	CodeSystemError        Code = "SystemError"
	CodeSystemBusy         Code = "SystemBusy"
	CodeServiceBusy        Code = "ServiceBusy"
	CodeTimeout            Code = "Timeout"
	CodeRequestTimeout     Code = "RequestTimeout"

	// The identity may not make the call. All of these match ErrNotAuthorized.
	CodeForbidden             Code = "Forbidden"              // family
	CodeForbiddenNoPermission Code = "Forbidden.NoPermission" // RAM denies appstreaming:ListImage; see APIError.AccessDenied
	CodeForbiddenRAM          Code = "Forbidden.RAM"          // RAM denies the action
	CodeForbiddenByRAM        Code = "ForbiddenByRam"         // RAM denies the action
	CodeNoPermission          Code = "NoPermission"           // family
	CodeAccessDenied          Code = "AccessDenied"
	CodeUnauthorized          Code = "Unauthorized" // family
	CodeNotAuthorized         Code = "NotAuthorized"

	// The service did not accept the access key, the token or the signature. All
	// of these match ErrBadCredentials.
	CodeInvalidAccessKeyID          Code = "InvalidAccessKeyId"           // family: the access key is unknown or disabled
	CodeInvalidAccessKeyIDNotFound  Code = "InvalidAccessKeyId.NotFound"  // no such access key
	CodeInvalidAccessKeyIDInactive  Code = "InvalidAccessKeyId.Inactive"  // the access key is disabled
	CodeInvalidSecurityToken        Code = "InvalidSecurityToken"         // family: the STS token is not valid
	CodeInvalidSecurityTokenExpired Code = "InvalidSecurityToken.Expired" // retried once, after asking the provider again
	CodeMissingSecurityToken        Code = "MissingSecurityToken"         // an STS key without its token
	CodeSignatureDoesNotMatch       Code = "SignatureDoesNotMatch"        // wrong secret, or a proxy that alters requests
	CodeIncompleteSignature         Code = "IncompleteSignature"          // a proxy that drops headers

	// The request is old or repeated.
	CodeInvalidTimestamp        Code = "InvalidTimeStamp"         // family: the clock is off
	CodeInvalidTimestampExpired Code = "InvalidTimeStamp.Expired" // the clock is off by more than 15 minutes; corrected and retried once
	CodeIllegalTimestamp        Code = "IllegalTimestamp"         // the clock is off; corrected and retried once
	CodeSignatureNonceUsed      Code = "SignatureNonceUsed"       // an earlier attempt did arrive; retried with a new nonce

	// The request or the endpoint is wrong.
	CodeMissingParameter       Code = "MissingParameter"        // a parameter that the service needs was not sent
	CodeInvalidParameter       Code = "InvalidParameter"        // family: the service does not accept a parameter's value
	CodeInvalidAPINotFound     Code = "InvalidApi.NotFound"     // the endpoint does not serve ListImage
	CodeInvalidProductNotFound Code = "InvalidProduct.NotFound" // the endpoint does not serve the product
	CodeInvalidProtocolNeedSSL Code = "InvalidProtocol.NeedSsl" // plain http where https is required
	CodeUnsupportedHTTPMethod  Code = "UnsupportedHTTPMethod"   // a proxy that changes the method
)

// class is a set of codes that call for the same action, and the sentinel that
// stands for it.
type class struct {
	sentinel error
	families []Code
}

// classes holds the classes. A code belongs to the first one that has its
// family, so exceptions come first. The families are those that the metadata of
// the platform's products lists.
var classes = [...]class{
	{ErrBadCredentials, []Code{
		CodeInvalidAccessKeyID, "MissingAccessKeyId", "Forbidden.AccessKeyDisabled",
		CodeInvalidSecurityToken, CodeMissingSecurityToken, "ErrorUserCredentials", "Unauthorized.InvalidToken",
		CodeSignatureDoesNotMatch, "SignatureNotMatch", CodeIncompleteSignature, "InvalidSignature", "InvalidSignatureMethod", "MissingSignature",
		"AUTH_SIGNATURE_CHECK_ERROR", "AUTH_CAL_SIGNATURE_ERROR",
	}},
	{ErrThrottled, []Code{
		CodeThrottling, CodeRejectedThrottling, CodeThrottlingException, CodeTooManyRequests, CodeFlowControl,
		"ResourceThrottled", "TooQuickRequests", "BLOCK.LimitedRequest", "ONS_SYSTEM_FLOW_CONTROL", "System.LimitControl",
	}},
	{ErrNotAuthorized, []Code{
		CodeForbidden, CodeForbiddenByRAM, "ForbiddenByRiskControl", "AccessForbidden", "API.Forbidden", "Request.Forbidden",
		"Operation.Forbidden", "ForbiddenAction", "DataphinOpenApiForbidden",
		CodeNoPermission, "PermissionDenied", "PermissionCheckFailed", "Permission.NotAuthorized", "Ram.PermissionDeny",
		"PERMISSION.DENIED.ERROR", "IllegalPermission", "PermissionInsufficient", "InvalidRequest.NoPermissions",
		CodeAccessDenied, "AccessDeniedException",
		CodeUnauthorized, "UnauthorizedOperation", "ActionUnauthorized", CodeNotAuthorized, "NoAuth",
		"AuthFailed", "RamAuthenticationFailed", "AuthRamAuthFailed", "DataphinOpenAPIRamUnAuthorized",
	}},
}

// class returns the sentinel of the error's class, or nil. The code decides;
// without one only HTTP status 429 is a class.
func (e *APIError) class() error {
	if e.Code == "" && e.StatusCode == http.StatusTooManyRequests {
		return ErrThrottled
	}
	return classOf(e.Code)
}

// classOf returns the sentinel of a code's class, or nil.
func classOf(code Code) error {
	for _, each := range classes {
		if inFamilies(code, each.families) {
			return each.sentinel
		}
	}
	return nil
}
