package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestRefusalsAreTypedWithEveryField(t *testing.T) {
	t.Parallel()
	const recommend = "https://api.aliyun.com/troubleshoot?q=InvalidBizType&product=appstream-center"
	const host = "appstream-center.cn-shanghai.aliyuncs.com"
	tests := map[string]struct {
		answer answer
		want   APIError
	}{
		"every member": {
			answer{status: 400, body: `{"RequestId":"R-1","HostId":"` + host + `","Code":"InvalidBizType",` +
				`"Message":"no","Recommend":"` + recommend + `"}`},
			APIError{Code: CodeInvalidBizType, StatusCode: 400, Message: "no", RequestID: "R-1", HostID: host, Recommend: recommend},
		},
		"a denied call": {
			answer{status: 403, body: `{"RequestId":"R-1","Code":"Forbidden.NoPermission","Message":"denied","AccessDeniedDetail":{
				"AuthAction":"appstreaming:ListImage","AuthPrincipalType":"SubUser","AuthPrincipalOwnerId":"1426098341234567",
				"AuthPrincipalDisplayName":"2000000000000","NoPermissionType":"ImplicitDeny",
				"PolicyType":"AccountLevelIdentityBasedPolicy","EncodedDiagnosticMessage":"AQEAAAAA"}}`},
			APIError{Code: CodeForbiddenNoPermission, StatusCode: 403, Message: "denied", RequestID: "R-1", AccessDenied: &AccessDeniedDetail{
				AuthAction: "appstreaming:ListImage", AuthPrincipalType: "SubUser", AuthPrincipalOwnerID: "1426098341234567",
				AuthPrincipalDisplayName: "2000000000000", NoPermissionType: "ImplicitDeny",
				PolicyType: "AccountLevelIdentityBasedPolicy", EncodedDiagnosticMessage: "AQEAAAAA"}},
		},
		"a delay": {
			answer{status: 400, header: http.Header{"X-Acs-Retry-After": {"300"}}, body: `{"RequestId":"R-1","Code":"Throttling.User"}`},
			APIError{Code: CodeThrottlingUser, StatusCode: 400, RequestID: "R-1", RetryAfter: 300 * time.Millisecond,
				StopReason: "no attempts left"},
		},
		"a number as code": {
			answer{status: 400, body: `{"RequestId":"R-1","Code":400,"Message":null}`}, APIError{Code: "400", StatusCode: 400, RequestID: "R-1"},
		},
		"no code": {
			answer{status: 400, header: http.Header{"X-Acs-Request-Id": {"R-1"}}, body: `{"Message":"?"}`},
			APIError{StatusCode: 400, Message: "?", RequestID: "R-1"},
		},
		"no body": {answer{status: 400}, APIError{StatusCode: 400}},
		"HTML": {
			answer{status: 502, body: "<html><body>Bad Gateway</body></html>"}, APIError{StatusCode: 502, StopReason: "no attempts left"},
		},
		"a cut code": {answer{status: 500, body: `{"Code":"InternalErr`}, APIError{StatusCode: 500, StopReason: "no attempts left"}},
		"a redirect": {
			answer{status: 307, header: http.Header{"Location": {"https://elsewhere.example.com/"}}},
			APIError{StatusCode: 307, Message: "the service redirects, which is never followed"},
		},
		"a failure in a 200": {
			answer{status: 200, body: `{"Success":false,"Code":"InvalidBizType","Message":"no","RequestId":"R-1","Data":[]}`},
			APIError{Code: CodeInvalidBizType, StatusCode: 200, Message: "no", RequestID: "R-1"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := scripted(t, []answer{test.answer}, once())
			_, err := client.ListImage(t.Context(), ListImageRequest{})
			var got *APIError
			if !errors.As(err, &got) {
				t.Fatalf("got %T %v, want an *APIError", err, err)
			}
			test.want.Operation, test.want.Attempts, test.want.Body = "ListImage", 1, []byte(test.answer.body)
			if test.want.StopReason == "" {
				test.want.StopReason = "not retryable"
			}
			if diff := cmp.Diff(&test.want, got, cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !strings.Contains(err.Error(), test.want.RequestID) {
				t.Errorf("%q does not name the request id", err)
			}
		})
	}
}

func TestACodeMatchesItsFamilyInAnyLetterCase(t *testing.T) {
	t.Parallel()
	for code, families := range map[Code]map[Code]bool{
		"Throttling.User": {
			CodeThrottling: true, CodeThrottlingUser: true, CodeThrottlingAPI: false, CodeRejectedThrottling: false, "": false,
		},
		"throttling.user.x":     {CodeThrottling: true, "THROTTLING.USER": true, "Throttling.Use": false},
		"ThrottlingException":   {CodeThrottling: false, CodeThrottlingException: true},
		"InternalError.Backend": {CodeInternalError: true, "internalerror.BACKEND": true},
		"InternalErrors":        {CodeInternalError: false},
		"INVALIDACCESSKEYID":    {CodeInvalidAccessKeyID: true, CodeInvalidAccessKeyIDNotFound: false},
		"InvalidTimestamp.x":    {CodeInvalidTimestamp: true},
		"\u212aey":              {"key": false, "\u212aey": true}, // the Kelvin sign is another character
		"":                      {CodeThrottling: false, "": false},
	} {
		err := fmt.Errorf("wrapped: %w", &APIError{Code: code})
		for family, want := range families {
			if got := errors.Is(err, family); got != want {
				t.Errorf("%q is %q: %v, want %v", code, family, got, want)
			}
		}
	}
}

func TestCodesHaveAClass(t *testing.T) {
	t.Parallel()
	classes := map[error][]Code{
		ErrThrottled: {
			"Throttling", "Throttling.User", "Throttling.System", "Throttling.Api", "Throttling.Api.Risk", "Throttling.Resource",
			"ThrottlingException", "TooManyRequests", "FlowControl", "ResourceThrottled", "Rejected.Throttling", "throttling.USER",
			"TooQuickRequests", "BLOCK.LimitedRequest", "ONS_SYSTEM_FLOW_CONTROL", "System.LimitControl",
		},
		ErrNotAuthorized: {
			"NoPermission", "NoPermission.SLR", "Forbidden", "Forbidden.RAM", "Forbidden.NoPermission", "ForbiddenByRam", "Unauthorized",
			"Unauthorized.InvalidTime", "NotAuthorized", "AccessDenied", "AccessForbidden", "nopermission", "FORBIDDENBYRAM", "PermissionDenied",
			"AuthFailed", "ForbiddenAction", "PERMISSION.DENIED.ERROR", "DataphinOpenAPIRamUnAuthorized", "DataphinOpenApiForbidden",
			"RamAuthenticationFailed", "AuthRamAuthFailed", "IllegalPermission", "PermissionInsufficient", "InvalidRequest.NoPermissions",
		},
		ErrBadCredentials: {
			"InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive", "InvalidAccessKeyID", "Forbidden.AccessKeyDisabled",
			"InvalidSecurityToken.Expired", "InvalidSecurityToken.Malformed", "MissingSecurityToken", "SignatureDoesNotMatch",
			"IncompleteSignature", "InvalidSignatureMethod", "signaturedoesnotmatch",
			"Unauthorized.InvalidToken", "AUTH_SIGNATURE_CHECK_ERROR", "AUTH_CAL_SIGNATURE_ERROR",
		},
		nil: {
			"InternalError", "InvalidParameter", "ServiceUnavailable", "InvalidTimeStamp.Expired", "SignatureNonceUsed", "NoPermissions",
			"OperationDenied", "Unknown", "429",
		},
	}
	for want, codes := range classes {
		for _, code := range codes {
			for _, status := range []int{200, 400, 403, 429, 500} {
				for class := range classes {
					if got := errors.Is(&APIError{Code: code, StatusCode: status}, class); class != nil && got != (class == want) {
						t.Errorf("%d %s is %v: %v", status, code, class, got)
					}
				}
			}
		}
	}
	for status, want := range map[int]bool{429: true, 503: false, 403: false, 401: false, 200: false} {
		err := &APIError{StatusCode: status}
		if errors.Is(err, ErrThrottled) != want || errors.Is(err, ErrNotAuthorized) || errors.Is(err, ErrBadCredentials) {
			t.Errorf("HTTP %d without a code: throttled %v, want %v and nothing else", status, errors.Is(err, ErrThrottled), want)
		}
	}
}

func TestTheDocumentationListsTheClasses(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, sentinel := range map[string]error{
		"ErrThrottled": ErrThrottled, "ErrNotAuthorized": ErrNotAuthorized, "ErrBadCredentials": ErrBadCredentials,
	} {
		_, row, _ := strings.Cut(string(text), "\n| `"+name+"`: ")
		row, _, _ = strings.Cut(row, "\n")
		_, listed, _ := strings.Cut(row, " | ")
		var got []Code
		for _, quoted := range regexp.MustCompile("`[^`]+`").FindAllString(listed, -1) {
			got = append(got, Code(strings.Trim(quoted, "`")))
		}
		i := slices.IndexFunc(classes[:], func(c class) bool { return c.sentinel == sentinel })
		if diff := cmp.Diff(classes[i].families, got); diff != "" {
			t.Errorf("%s (-code +docs/errors.md):\n%s", name, diff)
		}
	}
}

func TestErrorTextsReadWell(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want string
	}{
		"refusal": {
			&APIError{Operation: "ListImage", Code: "Throttling.User", Message: "slow down", RequestID: "R-1", StatusCode: 400,
				Attempts: 4, StopReason: "no attempts left"},
			"appstreaming: ListImage: HTTP 400 Throttling.User: slow down (request id R-1; 4 attempts; no attempts left)",
		},
		"refusal that broke off": {
			&APIError{Operation: "ListImage", Code: "X", StatusCode: 403, Attempts: 1, Err: io.ErrUnexpectedEOF},
			"appstreaming: ListImage: HTTP 403 X; unexpected EOF (1 attempt)",
		},
		"page of a proxy": {
			&APIError{Operation: "ListImage", StatusCode: 502, Body: []byte("<html>"), Attempts: 1},
			`appstreaming: ListImage: HTTP 502 Bad Gateway: body begins "<html>" (1 attempt)`,
		},
		"long message": {
			&APIError{Operation: "ListImage", Code: "X", Message: strings.Repeat("x", maxShownText-1) + "é", StatusCode: 400},
			"appstreaming: ListImage: HTTP 400 X: " + strings.Repeat("x", maxShownText-1) + "…",
		},
		"decode": {
			&DecodeError{Operation: "ListImage", Path: "Data", Offset: 17, Reason: "an object instead of an array", StatusCode: 200,
				RequestID: "R-2", Attempts: 1},
			"appstreaming: ListImage: HTTP 200: cannot decode the response at Data (byte 17): " +
				"an object instead of an array (request id R-2; 1 attempt)",
		},
		"transport": {
			&TransportError{Operation: "ListImage", Host: "h", Err: errors.New("connection refused"), Hint: "is it up?",
				Attempts: 2, StopReason: "no attempts left"},
			"appstreaming: ListImage: no complete response from h: connection refused; is it up? (2 attempts; no attempts left)",
		},
		"parameter": {
			&ParamError{Field: "PageSize", Value: "101", Reason: "must be from 0 to 100"}, `appstreaming: PageSize "101" must be from 0 to 100`,
		},
		"option": {
			&OptionError{Option: "WithPrefetch", Value: "-1", Reason: "must be from 0 to 64"},
			`appstreaming: WithPrefetch: "-1": must be from 0 to 64`,
		},
	}
	for name, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, test.want)
		}
	}
}

func TestErrorTextsAreOneLineThatReadsAsWritten(t *testing.T) {
	t.Parallel()
	// Line breaks of all kinds, an escape sequence, a change of direction, and
	// characters that do not show.
	const bad = "a\r\nb\x1b[2Jc\u0085d\u2028e\u2029f\u202eg\u2066h\u200fi\u061cj\ufeffk\u200bl\x00"
	code := Code(bad)
	for name, err := range map[string]error{
		"APIError": &APIError{
			Operation: bad, Code: code, Message: bad, RequestID: bad, StopReason: bad, Body: []byte(bad), Err: errors.New(bad),
		},
		"APIError without message": &APIError{Body: []byte(bad)},
		"DecodeError":              &DecodeError{Operation: bad, Path: bad, Reason: bad, RequestID: bad, Body: []byte(bad)},
		"TransportError":           &TransportError{Operation: bad, Host: bad, Hint: bad, RequestID: bad, StopReason: bad, Err: errors.New(bad)},
		"ParamError":               &ParamError{Field: bad, Value: bad, Reason: bad},
		"OptionError":              &OptionError{Option: bad, Value: bad, Reason: bad},
		"OptionError, no value":    &OptionError{Option: bad, Reason: bad},
		"CredentialsError":         &CredentialsError{RequestID: bad, StopReason: bad, Err: errors.New(bad)},
		"WaitError":                &WaitError{ImageID: bad, Err: errors.New(bad)},
		"Code":                     code,
		"wrapped":                  wrapf("%s: %w", bad, errors.New(bad)),
	} {
		hidden := func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
		if text := err.Error(); strings.ContainsFunc(text, hidden) || !strings.Contains(text, "a") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// A service, a proxy or a provider can say 64 KiB and more, in any of its texts.
func TestErrorTextsShowLongTextsInPart(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 64<<10)
	for name, err := range map[string]error{
		"message":              &APIError{Code: "X", Message: long},
		"code":                 &APIError{Code: Code(long)},
		"request identifier":   &APIError{Code: "X", RequestID: long},
		"cause of a refusal":   &APIError{Code: "X", Err: errors.New(long)},
		"cause of a transport": &TransportError{Err: errors.New(long)},
		"decode":               &DecodeError{RequestID: long, Body: []byte(long)},
		"incomplete":           &IncompleteError{RequestID: long},
		"credentials":          &CredentialsError{Err: errors.New(long), RequestID: long},
		"parameter":            &ParamError{Value: long},
		"option":               &OptionError{Value: long},
		"wait":                 &WaitError{Last: Image{ImageID: "i", Status: ImageStatus(long)}, Err: &APIError{Message: long}},
		"a code":               Code(long),
		"a timestamp":          errorOf(Timestamp(long).In(nil)),
		"categories":           errorOf(Image{ResourceInstanceCategory: "[" + long}.ResourceCategories()),
		"identifiers":          errors.New(listOf([]string{long, long})),
	} {
		if text := err.Error(); len(text) > 5<<10 || !strings.Contains(text, "…") {
			t.Errorf("%s: the text has %d bytes: %.200s", name, len(text), text)
		}
	}
	refusal := &APIError{Code: "X", Message: long}
	if text := refusal.Error(); len(text) > 1200 || refusal.Message != long {
		t.Errorf("the refusal's text has %d bytes, and its message %d", len(text), len(refusal.Message))
	}
}

// errorOf returns the error of a call.
func errorOf[T any](_ T, err error) error { return err }

func TestWhatTheServiceSaysIsShownAsOneLine(t *testing.T) {
	t.Parallel()
	const message = "a\nb\u202ec\u2028d"
	for name, a := range map[string]answer{
		"refusal":           {status: 400, body: `{"Code":"X","Message":"a\nb\u202ec\u2028d"}`},
		"a page of no kind": {status: 200, body: `{"a\nb\u202ec\u2028d":1}`},
		"names of the call": {status: 400, body: `{"Code":"a\nb\u202ec\u2028d","RequestId":"a\nb\u202ec\u2028d"}`},
	} {
		var reasons []string
		var log strings.Builder
		client, _ := scripted(t, []answer{a}, WithLogger(slog.New(slog.NewJSONHandler(&log, nil))),
			WithRetry(RetryPolicy{MaxAttempts: 2, Retryable: func(error) bool { return true }}), hurried(2),
			WithObserver(func(_ context.Context, a Attempt) { reasons = append(reasons, a.Reason, a.Err.Error()) }))
		_, err := client.ListImage(t.Context(), ListImageRequest{})
		for _, text := range append(reasons, err.Error(), strings.ReplaceAll(strings.TrimSpace(log.String()), "\n", "")) {
			if strings.ContainsAny(text, "\n\u202e\u2028") {
				t.Errorf("%s: %q", name, text)
			}
		}
		if apiErr, ok := as[*APIError](err); ok && apiErr.Message != message && apiErr.RequestID != message {
			t.Errorf("%s: the message is %q, want it as the service sent it", name, apiErr.Message)
		}
	}
}

func TestAnUnknownHostIsExplainedWhereItsRegionIsNotDocumented(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]bool{"eu-central-1": true, "cn-shanghai": false} {
		client, err := New(region, WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")), WithRetry(RetryPolicy{MaxAttempts: 1}),
			WithHTTPClient(&http.Client{Transport: TransportFunc(func(*http.Request) (*http.Response, error) { return nil, noSuchHost() })}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.ListImage(context.Background(), ListImageRequest{})
		var transportErr *TransportError
		if !errors.As(err, &transportErr) || transportErr.Host != "appstream-center."+region+".aliyuncs.com" {
			t.Fatalf("%s: got %v, want a *TransportError naming the host", region, err)
		}
		for _, part := range []string{"cn-shanghai and ap-southeast-1", "stores images centrally"} {
			if got := strings.Contains(err.Error(), part); got != want {
				t.Errorf("%s: %q says %q: %v, want %v", region, err, part, got, want)
			}
		}
	}
}

func noSuchHost() error { return &net.DNSError{Err: "no such host", IsNotFound: true} }
