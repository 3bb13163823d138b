package faultmatrix_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// Refusals of the service.
func TestFaultMatrixOfTheService(t *testing.T) {
	t.Parallel()
	var rows []faultRow
	for _, code := range []appstreaming.Code{"Throttling", "Throttling.User", "Throttling.Api", "Rejected.Throttling"} {
		for _, status := range []int{400, 429} {
			rows = append(rows, passing(status, code))
		}
	}
	for _, status := range []int{400, 500} {
		rows = append(rows, passing(status, appstreaming.CodeInternalError))
	}
	rows = append(rows,
		passing(503, appstreaming.CodeServiceUnavailable),
		passing(400, appstreaming.CodeSystemBusy),
		passing(400, appstreaming.CodeServiceBusy),
		passing(400, "InternalError.Backend"),
		passing(400, "throttlingexception"),
		passing(400, appstreaming.CodeTooManyRequests),
		passing(400, appstreaming.CodeFlowControl),
		passing(400, appstreaming.CodeSystemError),
		passing(408, appstreaming.CodeTimeout),
		lasting(400, appstreaming.CodeNoPermission),
		lasting(403, appstreaming.CodeNoPermission),
		passing(400, appstreaming.CodeSignatureNonceUsed),
		passing(200, appstreaming.CodeSystemBusy),
		passing(200, appstreaming.CodeThrottlingUser),
		lasting(200, appstreaming.CodeInvalidBizType),
		lasting(400, appstreaming.CodeInvalidBizType),
		lasting(404, appstreaming.CodeInvalidAccessKeyIDNotFound),
		lasting(400, appstreaming.CodeSignatureDoesNotMatch),
		// The Date header is the service's clock, which is right.
		lasting(400, appstreaming.CodeInvalidTimestampExpired),
	)
	rows = append(rows, statusRows()...)
	runMatrix(t, rows)
}

// passing is a refusal that is retried, lasting one that is not.
func passing(status int, code appstreaming.Code) faultRow { return refusedRow(status, code, true) }
func lasting(status int, code appstreaming.Code) faultRow { return refusedRow(status, code, false) }

func refusedRow(status int, code appstreaming.Code, retried bool) faultRow {
	message := "The reason for " + string(code) + "."
	return faultRow{
		name:  fmt.Sprintf("%d %s", status, code),
		fault: Fault{Status: status, Code: code, Message: message},
		want:  withEnvelope(code, refusal(retried, appstreaming.APIError{StatusCode: status, Code: code, Message: message})),
	}
}

// withEnvelope expects the rest of the service's envelope too.
func withEnvelope(code appstreaming.Code, v verdict) verdict {
	check := v.err
	v.err = func(t *testing.T, err error, request appstreamingtest.Request) {
		t.Helper()
		check(t, err, request)
		var apiErr *appstreaming.APIError
		if errors.As(err, &apiErr) && (apiErr.HostID == "" || apiErr.Recommend == "" || len(apiErr.Body) == 0) {
			t.Errorf("HostID %q, Recommend %q and %d bytes of body for %s, want all of them",
				apiErr.HostID, apiErr.Recommend, len(apiErr.Body), code)
		}
	}
	return v
}

func statusRows() []faultRow {
	const page = "<html><body><h1>Bad Gateway</h1></body></html>"
	denied := &appstreaming.AccessDeniedDetail{
		AuthAction: "appstreaming:ListImage", AuthPrincipalType: "SubUser", AuthPrincipalOwnerID: "1426098341234567",
		AuthPrincipalDisplayName: "202098341234567890", NoPermissionType: "ExplicitDeny", PolicyType: "AccountLevelIdentityBasedPolicy",
		EncodedDiagnosticMessage: "AQFohtp4aIbaeEUxNkQ3",
	}
	const xmlCode = appstreaming.CodeInvalidParameter
	const coded = `{"Message":"no","Code":"NoPermission","RequestId":"x"}`
	hour := http.Header{"Retry-After": {"3600"}}
	return []faultRow{
		{
			name:  "403 Forbidden.NoPermission with its detail",
			fault: Fault{Code: appstreaming.CodeForbiddenNoPermission, Message: "denied", AccessDenied: denied},
			want: withEnvelope(appstreaming.CodeForbiddenNoPermission, refusal(false, appstreaming.APIError{
				StatusCode: 403, Code: appstreaming.CodeForbiddenNoPermission, Message: "denied", AccessDenied: denied})),
		},
		{
			name:  "400 as XML",
			fault: Fault{Code: xmlCode, Message: "not <this> & not that", XML: true},
			want: withEnvelope(xmlCode, refusal(false, appstreaming.APIError{
				StatusCode: 400, Code: xmlCode, Message: "not <this> & not that", Body: []byte("<?xml")})),
		},
		{
			name:  "400 without Code",
			fault: Fault{Status: 400, Body: `{"Message":"something is wrong"}`},
			want:  refusal(false, appstreaming.APIError{StatusCode: 400, Message: "something is wrong", Body: []byte(`{"Message"`)}),
		},
		{
			name:  "400 with an empty body",
			fault: Fault{Status: 400},
			want:  refusal(false, appstreaming.APIError{StatusCode: 400}),
		},
		{
			name:  "408 with an empty body",
			fault: Fault{Status: 408},
			want:  refusal(true, appstreaming.APIError{StatusCode: 408}),
		},
		{
			name:  "429 of a gateway that speaks no JSON",
			fault: Fault{Status: 429, Body: "slow down"},
			want:  refusal(true, appstreaming.APIError{StatusCode: 429, Body: []byte("slow down")}),
		},
		{
			name:  "502 with a page of HTML",
			fault: Fault{Status: 502, Body: page, Header: http.Header{"Content-Type": {"text/html"}}},
			want:  refusal(true, appstreaming.APIError{StatusCode: 502, Body: []byte(page)}),
		},
		{
			name:  "500 whose body is cut short",
			fault: Fault{Status: 500, Body: page, Break: appstreamingtest.BreakShort, After: 12},
			want:  refusal(true, appstreaming.APIError{StatusCode: 500, Body: []byte(page[:12]), Err: io.ErrUnexpectedEOF}),
		},
		{
			name:  "403 that breaks off before its code",
			fault: appstreamingtest.Fault{Status: 403, Body: coded, Break: appstreamingtest.BreakShort, After: 12},
			want:  refusal(true, appstreaming.APIError{StatusCode: 403, Body: []byte(coded[:12]), Err: io.ErrUnexpectedEOF}),
		},
		{
			name:  "403 that breaks off after its code",
			fault: appstreamingtest.Fault{Status: 403, Body: coded, Break: appstreamingtest.BreakShort, After: int64(len(coded) - 5)},
			want: refusal(false, appstreaming.APIError{
				StatusCode: 403, Code: appstreaming.CodeNoPermission, Message: "no", Body: []byte(coded[:12]), Err: io.ErrUnexpectedEOF}),
		},
		{
			name:  "502 with a page of HTML of 70 KiB",
			fault: appstreamingtest.Fault{Status: 502, Body: page + strings.Repeat("x", 70<<10)},
			want:  refusal(true, appstreaming.APIError{StatusCode: 502, Body: []byte(page)}),
		},
		{
			name:  "400 with a message of 70 KiB",
			fault: appstreamingtest.Fault{Status: 400, Body: `{"Code":"SystemBusy","Message":"` + strings.Repeat("x", 70<<10) + `"}`},
			want:  refusal(true, appstreaming.APIError{StatusCode: 400, Code: appstreaming.CodeSystemBusy}),
		},
		{
			name:  "400 in JSON with NaN and junk",
			fault: appstreamingtest.Fault{Status: 400, Body: `{"Load":NaN,"error_code":"SystemError","errorMsg":"slow down"}<br>`},
			want:  refusal(true, appstreaming.APIError{StatusCode: 400, Code: appstreaming.CodeSystemError, Message: "slow down"}),
		},
		{
			name:  "200 with a refusal in lower case",
			fault: appstreamingtest.Fault{Body: `{"code":"SystemBusy","message":"slow down","success":false}`},
			want:  refusal(true, appstreaming.APIError{StatusCode: 200, Code: appstreaming.CodeSystemBusy, Message: "slow down"}),
		},
		{
			name:  "200 with a wrapped refusal and no data",
			fault: appstreamingtest.Fault{Body: `{"error":{"code":"X","message":"y"},"Data":[]}`},
			want:  refusal(false, appstreaming.APIError{StatusCode: 200, Code: "X", Message: "y"}),
		},
		{
			name:  "200 with Success and a code that is none",
			fault: appstreamingtest.Fault{Body: `{"Success":true,"Code":"SystemBusy","Data":null}`},
			want:  refusal(true, appstreaming.APIError{StatusCode: 200, Code: appstreaming.CodeSystemBusy}),
		},
		{
			name:  "503 that asks for an hour",
			fault: Fault{Code: appstreaming.CodeServiceUnavailable, Header: hour},
			opts:  []appstreaming.Option{appstreaming.WithRetry(appstreaming.RetryPolicy{})},
			want: refusal(false, appstreaming.APIError{StatusCode: 503, Code: appstreaming.CodeServiceUnavailable, RetryAfter: time.Hour,
				StopReason: "the service asks to wait 1h0m0s, more than MaxDelay of 20s"}),
		},
	}
}
