package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// errors of the service itself: what it refuses and how.
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
		fault: appstreamingtest.Fault{Status: status, Code: code, Message: message},
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
			t.Errorf("HostID %q, Recommend %q and %d bytes of body for %s, want all of them", apiErr.HostID, apiErr.Recommend, len(apiErr.Body), code)
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
	hour := http.Header{"Retry-After": {"3600"}}
	return []faultRow{
		{
			name:  "403 Forbidden.NoPermission with its detail",
			fault: appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission, Message: "denied", AccessDenied: denied},
			want: withEnvelope(appstreaming.CodeForbiddenNoPermission, refusal(false, appstreaming.APIError{
				StatusCode: 403, Code: appstreaming.CodeForbiddenNoPermission, Message: "denied", AccessDenied: denied})),
		},
		{
			name:  "400 as XML",
			fault: appstreamingtest.Fault{Code: xmlCode, Message: "not <this> & not that", XML: true},
			want: withEnvelope(xmlCode, refusal(false, appstreaming.APIError{
				StatusCode: 400, Code: xmlCode, Message: "not <this> & not that", Body: []byte("<?xml")})),
		},
		{
			name:  "400 without Code",
			fault: appstreamingtest.Fault{Status: 400, Body: `{"Message":"something is wrong"}`},
			want:  refusal(false, appstreaming.APIError{StatusCode: 400, Message: "something is wrong", Body: []byte(`{"Message"`)}),
		},
		{
			name:  "400 with an empty body",
			fault: appstreamingtest.Fault{Status: 400},
			want:  refusal(false, appstreaming.APIError{StatusCode: 400}),
		},
		{
			name:  "408 with an empty body",
			fault: appstreamingtest.Fault{Status: 408},
			want:  refusal(true, appstreaming.APIError{StatusCode: 408}),
		},
		{
			name:  "429 of a gateway that speaks no JSON",
			fault: appstreamingtest.Fault{Status: 429, Body: "slow down"},
			want:  refusal(true, appstreaming.APIError{StatusCode: 429, Body: []byte("slow down")}),
		},
		{
			name:  "502 with a page of HTML",
			fault: appstreamingtest.Fault{Status: 502, Body: page, Header: http.Header{"Content-Type": {"text/html"}}},
			want:  refusal(true, appstreaming.APIError{StatusCode: 502, Body: []byte(page)}),
		},
		{
			name:  "500 whose body is cut short",
			fault: appstreamingtest.Fault{Status: 500, Body: page, Break: appstreamingtest.BreakShort, After: 12},
			want:  refusal(true, appstreaming.APIError{StatusCode: 500, Body: []byte(page[:12])}),
		},
		{
			name:  "503 that asks for an hour",
			fault: appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable, Header: hour},
			opts:  []appstreaming.Option{appstreaming.WithRetry(appstreaming.RetryPolicy{})},
			want: refusal(false, appstreaming.APIError{StatusCode: 503, Code: appstreaming.CodeServiceUnavailable, RetryAfter: time.Hour,
				Stopped: "the service asks to wait 1h0m0s, more than MaxDelay of 20s"}),
		},
	}
}

// The service answers a wrong signature with the text it would have signed,
// tokens included.
func TestFaultMatrixOfASignatureThatDoesNotMatch(t *testing.T) {
	t.Parallel()
	const secret = "wr0ng-secret/+=~"
	provider := appstreaming.StaticCredentials(appstreamingtest.STSAccessKeyID, secret, appstreamingtest.SecurityToken)
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		service := appstreamingtest.NewServer(t, matrixImages()...)
		seen := &witness{}
		client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch),
			appstreaming.WithCredentials(provider), appstreaming.WithHTTPClient(&http.Client{Transport: seen}))
		got := w.start(client)(t.Context())
		var apiErr *appstreaming.APIError
		if !errors.As(got.err, &apiErr) || apiErr.Code != appstreaming.CodeSignatureDoesNotMatch || apiErr.StatusCode != 400 {
			t.Fatalf("got %v, want SignatureDoesNotMatch", got.err)
		}
		if service.RequestCount() != 1 || apiErr.Attempts != 1 || len(got.images) != 0 {
			t.Errorf("%d requests, %d attempts and %d images, want 1, 1 and 0", service.RequestCount(), apiErr.Attempts, len(got.images))
		}
		if !strings.Contains(apiErr.Message, "***") || !strings.Contains(string(apiErr.Body), "***") {
			t.Fatalf("%q repeats no token, so that the test shows nothing", apiErr.Message)
		}
		assertNoSecret(t, printed(got.err)+printed(*apiErr)+string(apiErr.Body), append(seen.secrets, secret, appstreamingtest.SecurityToken))
	})
}

// A clock that is off by more than the service tolerates is corrected from the
// first refusal, and stays so.
func TestFaultMatrixOfAClockThatIsOff(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{20 * time.Minute, -20 * time.Minute} {
		eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
			service := appstreamingtest.NewServer(t, matrixImages()...)
			service.SetClock(func() time.Time { return time.Now().Add(off) })
			client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch))
			for i, refused := range []int{1, 0} {
				service.ForgetRequests()
				checkImages(t, w.wantImages(false), w.start(client)(t.Context()))
				var codes []appstreaming.Code
				for _, request := range service.Requests() {
					if request.Code != "" {
						codes = append(codes, request.Code)
					}
				}
				if want := slices.Repeat([]appstreaming.Code{appstreaming.CodeInvalidTimestampExpired}, refused); !slices.Equal(codes, want) {
					t.Errorf("%v off, listing %d: refused with %v, want %v", off, i+1, codes, want)
				}
			}
		})
	}
}

// A token that has expired makes the provider be asked again, once.
func TestFaultMatrixOfAnExpiredToken(t *testing.T) {
	t.Parallel()
	const renewed = "renewed-token"
	for name, tokens := range map[string][]string{
		"renewed": {appstreamingtest.SecurityToken, renewed},
		"stale":   {appstreamingtest.SecurityToken},
	} {
		eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
			service := appstreamingtest.NewServer(t, matrixImages()...)
			service.ExpireToken(appstreamingtest.SecurityToken)
			service.AddCredentials(appstreaming.Credentials{AccessKeyID: "STS.renewed", AccessKeySecret: appstreamingtest.STSAccessKeySecret, SecurityToken: renewed})
			var asked atomic.Int32
			provider := appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
				token := tokens[min(int(asked.Add(1)), len(tokens))-1]
				id := appstreamingtest.STSAccessKeyID
				if token == renewed {
					id = "STS.renewed"
				}
				return appstreaming.Credentials{AccessKeyID: id, AccessKeySecret: appstreamingtest.STSAccessKeySecret, SecurityToken: token}, nil
			})
			client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch), appstreaming.WithCredentials(provider))
			got := w.start(client)(t.Context())
			if name == "renewed" {
				checkImages(t, w.wantImages(false), got)
				if first := service.Requests()[:2]; first[0].Code != appstreaming.CodeInvalidSecurityTokenExpired || first[1].Code != "" || first[1].Attempt != 2 {
					t.Errorf("the first requests were %v, want a refusal and a second attempt", first)
				}
				return
			}
			var apiErr *appstreaming.APIError
			if !errors.As(got.err, &apiErr) || apiErr.Code != appstreaming.CodeInvalidSecurityTokenExpired || apiErr.Attempts != 2 || service.RequestCount() != 2 || asked.Load() != 2 {
				t.Errorf("got %v with %d requests, the provider asked %d times; want the refusal of a second attempt", got.err, service.RequestCount(), asked.Load())
			}
		})
	}
}

// Credentials that cannot be used are found before anything is sent.
func TestFaultMatrixOfUnusableCredentials(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		service := appstreamingtest.NewServer(t, matrixImages()...)
		client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch),
			appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI-canary", "", "")))
		got := w.start(client)(t.Context())
		var credentialsErr *appstreaming.CredentialsError
		if !errors.As(got.err, &credentialsErr) || !strings.Contains(got.err.Error(), "empty AccessKeySecret") || service.RequestCount() != 0 || len(got.images) != 0 {
			t.Errorf("got %v and %d requests, want a *CredentialsError and none", got.err, service.RequestCount())
		}
	})
}

// This one changes the environment and cannot run beside other tests.
func TestFaultMatrixWithoutAnyCredentials(t *testing.T) {
	for _, name := range []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_ROLE_ARN",
		"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CONFIG_FILE",
		"ALIBABA_CLOUD_CREDENTIALS_FILE", "ALIBABA_CLOUD_PROFILE",
	} {
		t.Setenv(name, "")
		os.Unsetenv(name) // the chain tells unset from empty; Setenv restores it
	}
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	t.Setenv("HOME", t.TempDir())
	service := appstreamingtest.NewServer(t, matrixImages()...)
	for _, w := range ways {
		client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(service.URL()), appstreaming.AllowHTTP(), appstreaming.WithPrefetch(w.prefetch))
		if err != nil {
			t.Fatal(err)
		}
		got := w.start(client)(t.Context())
		if !errors.Is(got.err, appstreaming.ErrNoCredentials) || service.RequestCount() != 0 {
			t.Errorf("%s: got %v and %d requests, want ErrNoCredentials and none", w.name, got.err, service.RequestCount())
		}
	}
}
