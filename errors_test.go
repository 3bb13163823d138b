package appstreaming

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRefusalsAreTypedWithEveryField(t *testing.T) {
	t.Parallel()
	const recommend = "https://api.aliyun.com/troubleshoot?q=InvalidBizType&product=appstream-center"
	tests := map[string]struct {
		answer answer
		want   APIError
		is     []error
		isNot  []error
	}{
		"InternalError is a 400": {
			answer{status: 400, body: `{"RequestId":"R-1","HostId":"appstream-center.cn-shanghai.aliyuncs.com","Code":"InternalError","Message":"The request processing has failed."}`},
			APIError{Code: "InternalError", StatusCode: 400, Message: "The request processing has failed.", RequestID: "R-1",
				HostID: "appstream-center.cn-shanghai.aliyuncs.com", StopReason: "no attempts left"},
			[]error{CodeInternalError}, []error{CodeThrottling},
		},
		"InvalidBizType": {
			answer{status: 400, body: `{"RequestId":"R-2","HostId":"h","Code":"InvalidBizType","Message":"The specified BizType is invalid.","Recommend":"` + recommend + `"}`},
			APIError{Code: "InvalidBizType", StatusCode: 400, Message: "The specified BizType is invalid.", RequestID: "R-2", HostID: "h", Recommend: recommend, StopReason: "not retryable"},
			[]error{CodeInvalidBizType}, []error{CodeInternalError},
		},
		"Forbidden.NoPermission": {
			answer{status: 403, body: `{"RequestId":"R-3","Code":"Forbidden.NoPermission","Message":"denied","AccessDeniedDetail":{"AuthAction":"appstreaming:ListImage",
				"AuthPrincipalType":"SubUser","AuthPrincipalOwnerId":"1426098341234567","AuthPrincipalDisplayName":"2000000000000","NoPermissionType":"ImplicitDeny",
				"PolicyType":"AccountLevelIdentityBasedPolicy","EncodedDiagnosticMessage":"AQEAAAAA"}}`},
			APIError{Code: "Forbidden.NoPermission", StatusCode: 403, Message: "denied", RequestID: "R-3", StopReason: "not retryable", AccessDenied: &AccessDeniedDetail{
				AuthAction: "appstreaming:ListImage", AuthPrincipalType: "SubUser", AuthPrincipalOwnerID: "1426098341234567", AuthPrincipalDisplayName: "2000000000000",
				NoPermissionType: "ImplicitDeny", PolicyType: "AccountLevelIdentityBasedPolicy", EncodedDiagnosticMessage: "AQEAAAAA"}},
			[]error{CodeForbidden, CodeForbiddenNoPermission}, []error{CodeForbiddenRAM},
		},
		"family of a throttling code": {
			answer{status: 400, header: http.Header{"X-Acs-Retry-After": {"300"}}, body: `{"RequestId":"R-4","Code":"Throttling.User","Message":"slow down"}`},
			APIError{Code: "Throttling.User", StatusCode: 400, Message: "slow down", RequestID: "R-4", RetryAfter: 300 * time.Millisecond, StopReason: "no attempts left"},
			[]error{CodeThrottling, CodeThrottlingUser}, []error{CodeThrottlingAPI},
		},
		"lower-case members": {
			answer{status: 400, body: `{"requestId":"R-5","code":"MissingParameter","message":"x is missing","accessDeniedDetail":{"authAction":"a:b"}}`},
			APIError{Code: "MissingParameter", StatusCode: 400, Message: "x is missing", RequestID: "R-5", StopReason: "not retryable", AccessDenied: &AccessDeniedDetail{AuthAction: "a:b"}},
			[]error{CodeMissingParameter}, nil,
		},
		"XML": {
			answer{status: 404, body: `<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>R-6</RequestId><HostId>h</HostId><Code>InvalidAccessKeyId.NotFound</Code><Message>Specified access key is not found.</Message></Error>`},
			APIError{Code: "InvalidAccessKeyId.NotFound", StatusCode: 404, Message: "Specified access key is not found.", RequestID: "R-6", HostID: "h", StopReason: "not retryable"},
			[]error{CodeInvalidAccessKeyID, CodeInvalidAccessKeyIDNotFound}, []error{CodeInvalidAccessKeyIDInactive},
		},
		"code as a number": {
			answer{status: 400, body: `{"RequestId":"R-7","Code":400,"Message":null}`},
			APIError{Code: "400", StatusCode: 400, RequestID: "R-7", StopReason: "not retryable"}, nil, nil,
		},
		"no code": {
			answer{status: 400, header: http.Header{"X-Acs-Request-Id": {"R-8"}}, body: `{"Message":"?"}`},
			APIError{StatusCode: 400, Message: "?", RequestID: "R-8", StopReason: "not retryable"}, nil, []error{CodeThrottling},
		},
		"empty body":      {answer{status: 400}, APIError{StatusCode: 400, StopReason: "not retryable"}, nil, nil},
		"HTML of a proxy": {answer{status: 502, body: "<html><body>Bad Gateway</body></html>"}, APIError{StatusCode: 502, StopReason: "no attempts left"}, nil, nil},
		"truncated JSON":  {answer{status: 500, body: `{"Code":"InternalErr`}, APIError{StatusCode: 500, StopReason: "no attempts left"}, nil, nil},
		"redirect": {
			answer{status: 307, header: http.Header{"Location": {"https://elsewhere.example.com/"}}},
			APIError{StatusCode: 307, Message: "the service redirects, which is never followed", StopReason: "not retryable"}, nil, nil,
		},
		"failure in a 200": {
			answer{status: 200, body: `{"Success":false,"Code":"InvalidBizType","Message":"no","RequestId":"R-9","Data":[]}`},
			APIError{Code: "InvalidBizType", StatusCode: 200, Message: "no", RequestID: "R-9", StopReason: "not retryable"}, []error{CodeInvalidBizType}, nil,
		},
		"failure in a 200 told by its code alone": {
			answer{status: 200, body: `{"Code":"InvalidBizType","RequestId":"R-10"}`},
			APIError{Code: "InvalidBizType", StatusCode: 200, RequestID: "R-10", StopReason: "not retryable"}, []error{CodeInvalidBizType}, nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := scripted(t, []answer{test.answer}, WithRetry(RetryPolicy{MaxAttempts: 2, BaseDelay: 1}), func(c *config) error {
				c.jitter = func(time.Duration) time.Duration { return 0 }
				return nil
			})
			if test.want.RetryAfter > 0 {
				client, _ = scripted(t, []answer{test.answer}, WithRetry(RetryPolicy{MaxAttempts: 1}))
			}
			_, err := client.ListImage(context.Background(), ListImageRequest{})
			var got *APIError
			if !errors.As(err, &got) {
				t.Fatalf("got %T %v, want an *APIError", err, err)
			}
			test.want.Operation = "ListImage"
			test.want.Body = clip([]byte(test.answer.body), keptBody)
			test.want.Attempts = 1
			if test.want.StopReason == "no attempts left" && test.want.RetryAfter == 0 {
				test.want.Attempts = 2
			}
			if diff := cmp.Diff(&test.want, got, cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, target := range test.is {
				if !errors.Is(err, target) {
					t.Errorf("%v is not %v", err, target)
				}
			}
			for _, target := range test.isNot {
				if errors.Is(err, target) {
					t.Errorf("%v is %v", err, target)
				}
			}
			if id := test.want.RequestID; !strings.Contains(err.Error(), id) {
				t.Errorf("%q does not name the request id %s", err, id)
			}
		})
	}
}

func TestErrorTextsReadWell(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want string
	}{
		"refusal": {
			&APIError{Operation: "ListImage", Code: "Throttling.User", Message: "slow down", RequestID: "R-1", StatusCode: 400, Attempts: 4, StopReason: "no attempts left"},
			"appstreaming: ListImage: HTTP 400 Throttling.User: slow down (request id R-1; 4 attempts; no attempts left)",
		},
		"page of a proxy": {
			&APIError{Operation: "ListImage", StatusCode: 502, Body: []byte("<html>"), Attempts: 1},
			`appstreaming: ListImage: HTTP 502 Bad Gateway: body begins "<html>" (1 attempt)`,
		},
		"message of several lines": {
			&APIError{Operation: "ListImage", Code: "X", Message: "a\r\nlevel=INFO msg=forged\x1b[2J", StatusCode: 400, Attempts: 1},
			"appstreaming: ListImage: HTTP 400 X: a  level=INFO msg=forged [2J (1 attempt)",
		},
		"decode": {
			&DecodeError{Operation: "ListImage", Path: "Data", Offset: 17, Reason: "an object instead of an array", StatusCode: 200, RequestID: "R-2", Attempts: 1},
			"appstreaming: ListImage: HTTP 200: cannot decode the response at Data (byte 17): an object instead of an array (request id R-2; 1 attempt)",
		},
		"transport": {
			&TransportError{Operation: "ListImage", Host: "h", Err: errors.New("connection refused"), Hint: "is it up?", Attempts: 2, StopReason: "no attempts left"},
			"appstreaming: ListImage: no complete response from h: connection refused; is it up? (2 attempts; no attempts left)",
		},
		"parameter": {&ParamError{Field: "PageSize", Value: "101", Reason: "must be from 0 to 100"}, `appstreaming: PageSize "101" must be from 0 to 100`},
		"option":    {&OptionError{Option: "WithPrefetch", Value: "-1", Reason: "must be from 0 to 64"}, `appstreaming: WithPrefetch: "-1": must be from 0 to 64`},
	}
	for name, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, test.want)
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
