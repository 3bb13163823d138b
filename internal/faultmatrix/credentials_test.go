package faultmatrix_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// The service answers a wrong signature with the text it would have signed,
// tokens included.
func TestFaultMatrixOfASignatureThatDoesNotMatch(t *testing.T) {
	t.Parallel()
	const secret = "wr0ng-secret/+=~"
	provider := appstreaming.StaticCredentials(appstreamingtest.STSAccessKeyID, secret, appstreamingtest.SecurityToken)
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		service := appstreamingtest.NewServer(t, matrixImages()...)
		client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch),
			appstreaming.WithCredentials(provider))
		got := w.start(client)(t.Context())
		var apiErr *appstreaming.APIError
		if !errors.As(got.err, &apiErr) || apiErr.Code != appstreaming.CodeSignatureDoesNotMatch || apiErr.StatusCode != 400 {
			t.Fatalf("got %v, want SignatureDoesNotMatch", got.err)
		}
		if service.RequestCount() != 1 || apiErr.Attempts != 1 || len(got.images) != 0 {
			t.Errorf("%d requests, %d attempts and %d images, want 1, 1 and 0", service.RequestCount(), apiErr.Attempts, len(got.images))
		}
		text := fmt.Sprintf("%v %+v %s", got.err, *apiErr, apiErr.Body)
		if !strings.Contains(apiErr.Message, "***") || !strings.Contains(string(apiErr.Body), "***") {
			t.Errorf("%q repeats no token, so the test shows nothing", apiErr.Message)
		}
		if strings.Contains(text, secret) || strings.Contains(text, appstreamingtest.SecurityToken) {
			t.Errorf("%q shows the secret or the token", text)
		}
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
			service.AddCredentials(appstreaming.Credentials{
				AccessKeyID: "STS.renewed", AccessKeySecret: appstreamingtest.STSAccessKeySecret, SecurityToken: renewed,
			})
			var asked atomic.Int32
			provider := appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
				token := tokens[min(int(asked.Add(1)), len(tokens))-1]
				id := appstreamingtest.STSAccessKeyID
				if token == renewed {
					id = "STS.renewed"
				}
				return appstreaming.Credentials{AccessKeyID: id, AccessKeySecret: appstreamingtest.STSAccessKeySecret, SecurityToken: token}, nil
			})
			client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch),
				appstreaming.WithCredentials(provider))
			got := w.start(client)(t.Context())
			if name == "renewed" {
				checkImages(t, w.wantImages(false), got)
				first, second := service.Requests()[0], service.Requests()[1]
				if first.Code != appstreaming.CodeInvalidSecurityTokenExpired || second.Code != "" || second.Attempt != 2 {
					t.Errorf("the first requests were %v and %v, want a refusal and a second attempt", first, second)
				}
				return
			}
			var apiErr *appstreaming.APIError
			if !errors.As(got.err, &apiErr) || apiErr.Code != appstreaming.CodeInvalidSecurityTokenExpired || apiErr.Attempts != 2 {
				t.Errorf("got %v, want the refusal of a second attempt", got.err)
			}
			if service.RequestCount() != 2 || asked.Load() != 2 {
				t.Errorf("%d requests, the provider asked %d times; want 2 and 2", service.RequestCount(), asked.Load())
			}
		})
	}
}

// A key that was deleted or disabled makes the provider be asked again, once, and
// a request follows only if the provider has another key.
func TestFaultMatrixOfARotatedKey(t *testing.T) {
	t.Parallel()
	const other = "LTAI-other"
	rotated, kept := []string{appstreamingtest.AccessKeyID, other}, []string{appstreamingtest.AccessKeyID}
	for name, row := range map[string]struct {
		end  func(*appstreamingtest.Server, string)
		keys []string // of the provider, one a time
		code appstreaming.Code
	}{
		"deleted and rotated":  {(*appstreamingtest.Server).RemoveKey, rotated, ""},
		"disabled and rotated": {(*appstreamingtest.Server).DisableKey, rotated, ""},
		"deleted":              {(*appstreamingtest.Server).RemoveKey, kept, appstreaming.CodeInvalidAccessKeyIDNotFound},
		"disabled":             {(*appstreamingtest.Server).DisableKey, kept, appstreaming.CodeInvalidAccessKeyIDInactive},
	} {
		eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
			service := appstreamingtest.NewServer(t, matrixImages()...)
			row.end(service, appstreamingtest.AccessKeyID)
			service.AddCredentials(appstreaming.Credentials{AccessKeyID: other, AccessKeySecret: appstreamingtest.AccessKeySecret})
			var asked atomic.Int32
			provider := appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
				id := row.keys[min(int(asked.Add(1)), len(row.keys))-1]
				return appstreaming.Credentials{AccessKeyID: id, AccessKeySecret: appstreamingtest.AccessKeySecret}, nil
			})
			client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch),
				appstreaming.WithCredentials(provider))
			got := w.start(client)(t.Context())
			if row.code == "" {
				checkImages(t, w.wantImages(false), got)
				return
			}
			if !errors.Is(got.err, row.code) || service.RequestCount() != 1 || asked.Load() != 2 {
				t.Errorf("%s: got %v after %d requests, the provider asked %d times; want %s after 1, and 2", name, got.err,
					service.RequestCount(), asked.Load(), row.code)
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
		if !errors.As(got.err, &credentialsErr) || !strings.Contains(got.err.Error(), "empty AccessKeySecret") {
			t.Errorf("got %v, want a *CredentialsError", got.err)
		}
		if service.RequestCount() != 0 || len(got.images) != 0 {
			t.Errorf("%d requests and %d images, want none", service.RequestCount(), len(got.images))
		}
	})
}

// This test changes the environment, so it does not run in parallel.
func TestFaultMatrixWithoutAnyCredentials(t *testing.T) {
	for _, name := range []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_ROLE_ARN",
		"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CONFIG_FILE",
		"ALIBABA_CLOUD_CREDENTIALS_FILE", "ALIBABA_CLOUD_PROFILE",
	} {
		t.Setenv(name, "")
		os.Unsetenv(name) // unset and empty differ for the chain; Setenv restores it
	}
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // what HOME is on Windows
	service := appstreamingtest.NewServer(t, matrixImages()...)
	for _, w := range ways {
		client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(service.URL()), appstreaming.WithPlainHTTP(),
			appstreaming.WithPrefetch(w.prefetch))
		if err != nil {
			t.Fatal(err)
		}
		got := w.start(client)(t.Context())
		if !errors.Is(got.err, appstreaming.ErrNoCredentials) || service.RequestCount() != 0 {
			t.Errorf("%s: got %v and %d requests, want ErrNoCredentials and none", w.name, got.err, service.RequestCount())
		}
	}
}
