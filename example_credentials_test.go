package appstreaming_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/aliyun/credentials-go/credentials"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// Use other credentials for one call.
func ExampleWithCredentials() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	client := service.Client()
	ctx := context.Background()
	other := appstreaming.WithCredentials(
		appstreaming.StaticCredentials(appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken))

	for _, opts := range [][]appstreaming.Option{nil, {other}} {
		if _, err := client.ListImage(ctx, appstreaming.ListImageRequest{}, opts...); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, r := range service.Requests() {
		fmt.Println(r.AccessKeyID)
	}
	// Output:
	// appstreamingtest-key
	// STS.appstreamingtest-key
}

// Use any credential of aliyun/credentials-go: RAM roles, OIDC, ECS metadata and
// more.
func ExampleFromCredential() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	credential, err := credentials.NewCredential(new(credentials.Config).
		SetType("access_key").
		SetAccessKeyId(appstreamingtest.AccessKeyID).
		SetAccessKeySecret(appstreamingtest.AccessKeySecret))
	if err != nil {
		fmt.Println(err)
		return
	}
	client := service.Client(appstreaming.WithCredentials(appstreaming.FromCredential(credential)))

	page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Count, "images")
	// Output: 3 images
}

// Assume a RAM role, whose key STS issues. credentials-go sends its requests with
// a copy of http.DefaultTransport, so they trust the certificate authorities set
// there. SetProxy or the environment variable HTTPS_PROXY sets a proxy.
func ExampleFromCredential_ramRole() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	sts := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("STS:", r.FormValue("Action"), r.FormValue("RoleArn"))
		fmt.Fprintf(w, `{"Credentials":{"AccessKeyId":%q,"AccessKeySecret":%q,"SecurityToken":%q,"Expiration":"2099-01-01T00:00:00Z"}}`,
			appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken)
	}))
	defer sts.Close()

	// Once, before the first request of the program.
	authorities := x509.NewCertPool()
	authorities.AddCert(sts.Certificate())
	transport := http.DefaultTransport.(*http.Transport)
	before := transport.TLSClientConfig
	transport.TLSClientConfig = &tls.Config{RootCAs: authorities}
	defer func() { transport.TLSClientConfig = before }()

	credential, err := credentials.NewCredential(new(credentials.Config).
		SetType("ram_role_arn").
		SetAccessKeyId(appstreamingtest.AccessKeyID).
		SetAccessKeySecret(appstreamingtest.AccessKeySecret).
		SetRoleArn("acs:ram::1234567890123456:role/reader").
		SetRoleSessionName("inventory").
		SetSTSEndpoint(sts.Listener.Addr().String())) // default: sts.aliyuncs.com
	if err != nil {
		fmt.Println(err)
		return
	}
	client := service.Client(appstreaming.WithCredentials(appstreaming.FromCredential(credential)))

	page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Count, "images")
	// Output:
	// STS: AssumeRole acs:ram::1234567890123456:role/reader
	// 3 images
}

// Use a profile of the Alibaba Cloud CLI. The program needs no keys of its own.
func ExampleWithProfile() {
	client, err := appstreaming.New(appstreaming.RegionShanghai, appstreaming.WithProfile("a-profile-that-does-not-exist"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	fmt.Println(errors.Is(err, appstreaming.ErrNoCredentials))
	// Output: true
}

// vault keeps a token until the service refuses it.
type vault struct {
	mu    sync.Mutex
	kept  appstreaming.Credentials
	fetch func(context.Context) (appstreaming.Credentials, error)
}

func (v *vault) Credentials(ctx context.Context) (appstreaming.Credentials, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept != (appstreaming.Credentials{}) {
		return v.kept, nil
	}
	var err error
	v.kept, err = v.fetch(ctx)
	return v.kept, err
}

func (v *vault) InvalidateCredentials(_ context.Context, refused appstreaming.Credentials) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept == refused {
		v.kept = appstreaming.Credentials{}
	}
}

// Write a provider that drops a token when the service has refused it.
func ExampleCredentialsInvalidator() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	service.ExpireToken(appstreamingtest.SecurityToken)
	fresh := appstreaming.Credentials{AccessKeyID: "STS.fresh", AccessKeySecret: "test-value", SecurityToken: "fresh-token"}
	service.AddCredentials(fresh)

	provider := &vault{
		kept: appstreaming.Credentials{
			AccessKeyID:     appstreamingtest.STSAccessKeyID,
			AccessKeySecret: appstreamingtest.STSAccessKeySecret,
			SecurityToken:   appstreamingtest.SecurityToken,
		},
		fetch: func(context.Context) (appstreaming.Credentials, error) { return fresh, nil },
	}
	client := service.Client(appstreaming.WithCredentials(provider))

	page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Count, "images after", page.Attempts, "attempts")
	// Output: 3 images after 2 attempts
}

// Use a source of your own. The client asks it before every attempt and never
// prints the credentials.
func ExampleCredentialsFunc() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	fromVault := appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
		return appstreaming.Credentials{
			AccessKeyID:     appstreamingtest.STSAccessKeyID,
			AccessKeySecret: appstreamingtest.STSAccessKeySecret,
			SecurityToken:   appstreamingtest.SecurityToken,
		}, nil
	})
	client := service.Client(appstreaming.WithCredentials(fromVault))

	page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Count, "images")

	credentials, err := fromVault(context.Background())
	fmt.Println(credentials, err)
	// Output:
	// 3 images
	// Credentials{AccessKeyID:STS.appstreamingtest-key AccessKeySecret:*** SecurityToken:***} <nil>
}

// Use a fixed access key. This one is wrong.
func ExampleStaticCredentials() {
	service := appstreamingtest.New()
	defer service.Close()
	key := appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, "not-the-secret", "")
	client := service.Client(appstreaming.WithCredentials(key))

	_, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	fmt.Println(errors.Is(err, appstreaming.CodeSignatureDoesNotMatch))
	// Output: true
}

// Detect that no source has credentials.
func ExampleCredentialsError() {
	client, err := appstreaming.New(appstreaming.RegionShanghai,
		appstreaming.WithCredentials(appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
			return appstreaming.Credentials{}, nil
		})))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	fmt.Println(errors.Is(err, appstreaming.ErrNoCredentials))
	// Output: true
}
