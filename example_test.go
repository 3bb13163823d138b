package appstreaming_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/aliyun/credentials-go/credentials"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// List the images that can be used. The options are for the service double;
// without them the client goes to the region's endpoint, with the credentials of
// the standard chain.
func Example() {
	service, err := appstreamingtest.Start(appstreamingtest.SampleImages(12)...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer service.Close()

	client, err := appstreaming.New(appstreaming.RegionShanghai,
		appstreaming.WithEndpoint(service.URL()), appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")))
	if err != nil {
		fmt.Println(err)
		return
	}
	request := appstreaming.ListImageRequest{
		Status:    appstreaming.ImageStatusAvailable,
		OSType:    appstreaming.OSTypeLinux,
		ImageName: "云镜像", // a part of the name
	}
	for image, err := range client.Images(context.Background(), request) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(image.ImageID, image.ImageName)
	}
	// Output:
	// imgc-06zyt9m93zwa00001 开发云镜像-DemoImage-00001
	// imgc-06zyt9m93zwa00004 设计云镜像-DemoImage-00004
	// imgc-06zyt9m93zwa00008 设计云镜像-DemoImage-00008
}

// Ask for one page.
func ExampleClient_ListImage() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	client := service.Client()

	page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{PageNumber: 3, PageSize: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("page %d: %d of %d images, in %d attempt\n", page.PageNumber, len(page.Images), page.Count, page.Attempts)
	// Output: page 3: 37 of 237 images, in 1 attempt
}

// Every field that is set narrows the selection, and a request describes itself
// for logs.
func ExampleListImageRequest() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	client := service.Client()

	request := appstreaming.ListImageRequest{
		BizType:       appstreaming.Ptr(int32(1)),
		PlatformNames: []appstreaming.PlatformName{appstreaming.PlatformNameUbuntu, appstreaming.PlatformNameDebian},
		Features:      []appstreaming.Feature{appstreaming.FeatureGPU},
		Tags:          []appstreaming.Tag{{Key: "env", Value: "production"}},
	}
	page, err := client.ListImage(context.Background(), request)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request)
	fmt.Println(page.Count, "images")
	// Output:
	// ListImage(BizType=1 FeatureList.1=GPU PlatformNameList.1=Ubuntu PlatformNameList.2=Debian TagList.1.Key=env TagList.1.Value=production)
	// 17 images
}

// Invalid requests are refused before anything is sent.
func ExampleListImageRequest_Validate() {
	fmt.Println(appstreaming.ListImageRequest{PageSize: 101}.Validate())
	fmt.Println(appstreaming.ListImageRequest{Tags: []appstreaming.Tag{{Value: "production"}}}.Validate())
	// Output:
	// appstreaming: PageSize "101" must be from 0 to 100
	// appstreaming: Tags[0].Key "" must not be empty
}

// A derived client shares the connections, the clock correction and the retry
// budget of the first.
func ExampleClient_With() {
	client, err := appstreaming.New(appstreaming.RegionShanghai)
	if err != nil {
		fmt.Println(err)
		return
	}
	inVPC, err := client.With(appstreaming.WithVPCEndpoint(), appstreaming.WithApplication("inventory", "1.2"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(client)
	fmt.Println(inVPC)
	// Output:
	// appstreaming.Client(https://appstream-center.cn-shanghai.aliyuncs.com)
	// appstreaming.Client(https://appstream-center.vpc-proxy.aliyuncs.com)
}

// The whole URL is a secret for 15 minutes: print it for curl, but keep it out of
// logs.
func ExampleClient_SignedURL() {
	client, err := appstreaming.New(appstreaming.RegionSingapore,
		appstreaming.WithCredentials(appstreaming.StaticCredentials("my-key", "my-secret", "")))
	if err != nil {
		fmt.Println(err)
		return
	}
	signed, err := client.SignedURL(context.Background(), appstreaming.ListImageRequest{PageSize: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := url.Parse(signed)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(u.Host, u.Query().Get("Action"), u.Query().Get("PageSize"))
	// Output: appstream-center.ap-southeast-1.aliyuncs.com ListImage 100
}

// Wait until an image that is being created can be used.
func ExampleClient_WaitForImage() {
	image := appstreamingtest.SampleImages(1)[0]
	image.Status = appstreaming.ImageStatusCreating
	service := appstreamingtest.New(image)
	defer service.Close()
	client := service.Client()

	// The image is ready by the third poll.
	service.OnRequest(func(appstreamingtest.Request) {
		if service.RequestCount() == 3 {
			image.Status = appstreaming.ImageStatusAvailable
			service.Put(image)
		}
	})
	ready, err := client.WaitForImage(context.Background(), image.ImageID, appstreaming.WaitOptions{
		Interval: 10 * time.Millisecond, // so that the example is quick; 2 s by default
		OnPoll:   func(i appstreaming.Image) { fmt.Println(i.ImageID, i.Status) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ready.ImageID, ready.Status)
	// Output:
	// imgc-06zyt9m93zwa00000 CREATING
	// imgc-06zyt9m93zwa00000 CREATING
	// imgc-06zyt9m93zwa00000 AVAILABLE
	// imgc-06zyt9m93zwa00000 AVAILABLE
}

// A failed creation ends the wait, with the image as it was last seen.
func ExampleWaitError() {
	image := appstreamingtest.SampleImages(1)[0]
	image.Status = appstreaming.ImageStatusCreateFailed
	service := appstreamingtest.New(image)
	defer service.Close()

	_, err := service.Client().WaitForImage(context.Background(), image.ImageID, appstreaming.WaitOptions{})
	var waitErr *appstreaming.WaitError
	if errors.As(err, &waitErr) {
		fmt.Println(waitErr.ImageID, waitErr.Last.Status)
	}
	fmt.Println(errors.Is(err, appstreaming.ErrImageFailed))
	// Output:
	// imgc-06zyt9m93zwa00000 CREATE_FAILED
	// true
}

// Wait for several images at the cost of one.
func ExampleClient_WaitForImages() {
	images := appstreamingtest.SampleImages(3)
	service := appstreamingtest.New(images...)
	defer service.Close()

	ids := []string{images[2].ImageID, images[0].ImageID}
	ready, err := service.Client().WaitForImages(context.Background(), ids, appstreaming.WaitOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, image := range ready {
		fmt.Println(image.ImageID, image.Status)
	}
	// Output:
	// imgc-06zyt9m93zwa00002 AVAILABLE
	// imgc-06zyt9m93zwa00000 AVAILABLE
}

// busy is a failure that passes.
var busy = appstreamingtest.Fault{Status: 503, Code: appstreaming.CodeServiceUnavailable}

// Temporary failures are retried according to the policy.
func ExampleWithRetry() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	client := service.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{
		MaxAttempts:    3,
		BaseDelay:      50 * time.Millisecond,
		MaxDelay:       2 * time.Second,
		AttemptTimeout: 10 * time.Second,
	}))
	ctx := context.Background()

	service.Fail(2, busy)
	page, err := client.ListImage(ctx, appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Attempts, "attempts")

	service.Fail(1, busy)
	_, err = client.ListImage(ctx, appstreaming.ListImageRequest{}, appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1}))
	fmt.Println("without retries:", errors.Is(err, appstreaming.CodeServiceUnavailable))
	// Output:
	// 3 attempts
	// without retries: true
}

// Retry one more code, and leave the rest to the default.
func ExampleDefaultRetryable() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	client := service.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{
		BaseDelay: time.Microsecond,
		Retryable: func(err error) bool {
			return errors.Is(err, appstreaming.CodeInvalidAPINotFound) || appstreaming.DefaultRetryable(err)
		},
	}))
	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeInvalidAPINotFound})

	page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Attempts, "attempts")
	// Output: 2 attempts
}

// Count the results of attempts, for metrics. An observer may be called
// concurrently if calls are.
func ExampleWithObserver() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	client := service.Client(appstreaming.WithObserver(func(_ context.Context, a appstreaming.Attempt) {
		fmt.Printf("attempt %d: status %d, %s, retry: %t\n", a.Number, a.StatusCode, a.Reason, a.Retry)
	}))
	service.Fail(1, busy)

	if _, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// attempt 1: status 503, ServiceUnavailable, retry: true
	// attempt 2: status 200, ok, retry: false
}

// Log failed attempts at Info and successful attempts at Debug.
func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		// Values that differ between runs are left out here.
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.TimeKey, "duration", "retry_in", "waited", "host":
				return slog.Attr{}
			}
			return a
		},
	}))
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	client := service.Client(appstreaming.WithLogger(logger))
	service.Fail(1, busy)

	if _, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// level=INFO msg="ListImage attempt failed" reason=ServiceUnavailable attempt=1 status=503 request_id=CD266215-4E6D-56B2-B2B9-2E70C0CAC3CC
	// level=DEBUG msg="ListImage attempt succeeded" reason=ok attempt=2 status=200 request_id=CD04A475-4498-506D-B5A1-3C5F371F1F04
}

// Use the older signature, for a gateway that accepts no other.
func ExampleWithSignature() {
	service := appstreamingtest.New()
	defer service.Close()
	client := service.Client(appstreaming.WithSignature(appstreaming.SignatureRPC))

	if _, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(service.Requests()[0].Method, service.Requests()[0].Scheme)
	// Output: GET RPC-HMAC-SHA1
}

// Send a parameter that this version does not know.
func ExampleWithParam() {
	service := appstreamingtest.New()
	defer service.Close()

	filter := appstreaming.WithParam("NewFilter.1.Key", "value")
	_, err := service.Client().ListImage(context.Background(), appstreaming.ListImageRequest{}, filter)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(service.Requests()[0].Params)
	// Output: map[NewFilter.1.Key:value]
}

// limiter lets a fixed number of requests pass. *rate.Limiter of
// golang.org/x/time/rate would space them instead.
type limiter int

func (l *limiter) Wait(context.Context) error {
	if *l--; *l < 0 {
		return errors.New("enough for today")
	}
	return nil
}

// Every attempt waits for the limiter.
func ExampleWithRateLimit() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	two := limiter(2)
	client := service.Client(appstreaming.WithRateLimit(&two))

	images, err := appstreaming.Collect(client.Images(context.Background(), appstreaming.ListImageRequest{}))
	fmt.Println(len(images), "images:", err)
	// Output: 200 images: appstreaming: ListImage: rate limit: enough for today
}

// Use an HTTP client of your own, for example for a proxy or certificates. This
// one reaches the double through memory.
func ExampleWithHTTPClient() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	client, err := appstreaming.New(appstreaming.RegionShanghai,
		appstreaming.WithHTTPClient(service.HTTPClient()),
		appstreaming.WithEndpoint("http://images.example"), appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")))
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Count, "images")
	// Output: 3 images
}

// Bound the size of a response after decompression.
func ExampleWithMaxResponseBytes() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(100)...)
	defer service.Close()

	_, err := service.Client(appstreaming.WithMaxResponseBytes(4<<10)).ListImage(context.Background(), appstreaming.ListImageRequest{})
	fmt.Println(errors.Is(err, appstreaming.ErrResponseTooLarge))
	// Output: true
}

// Match a refusal by its code, or by the family of codes.
func ExampleCode() {
	service := appstreamingtest.New()
	defer service.Close()
	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission})

	_, err := service.Client().ListImage(context.Background(), appstreaming.ListImageRequest{})
	fmt.Println(errors.Is(err, appstreaming.CodeForbiddenNoPermission))
	fmt.Println(errors.Is(err, appstreaming.CodeForbidden)) // the family
	fmt.Println(errors.Is(err, appstreaming.CodeThrottling))
	fmt.Println(errors.Is(err, appstreaming.Code("Forbidden.Something"))) // any code can be named
	// Output:
	// true
	// true
	// false
	// false
}

// Take the fields of a refusal.
func ExampleAPIError() {
	service := appstreamingtest.New()
	defer service.Close()
	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission, Message: "You are not authorized to do this action."})

	_, err := service.Client().ListImage(context.Background(), appstreaming.ListImageRequest{})
	var apiErr *appstreaming.APIError
	if errors.As(err, &apiErr) {
		fmt.Println("code:      ", apiErr.Code)
		fmt.Println("message:   ", apiErr.Message)
		fmt.Println("status:    ", apiErr.StatusCode)
		fmt.Println("request id:", apiErr.RequestID)
		fmt.Println("attempts:  ", apiErr.Attempts, "-", apiErr.StopReason)
		if denied := apiErr.AccessDenied; denied != nil {
			fmt.Println("denied:    ", denied.AuthAction, denied.NoPermissionType)
		}
	}
	// Output:
	// code:       Forbidden.NoPermission
	// message:    You are not authorized to do this action.
	// status:     403
	// request id: CD266215-4E6D-56B2-B2B9-2E70C0CAC3CC
	// attempts:   1 - not retryable
	// denied:     appstreaming:ListImage ImplicitDeny
}

// When ctx ends, the error matches ctx's error and the failure before that.
func ExampleClient_ListImage_deadline() {
	service := appstreamingtest.New()
	defer service.Close()
	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable})
	service.Fail(1, appstreamingtest.Fault{Break: appstreamingtest.BreakHang})
	client := service.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Microsecond}))

	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := client.ListImage(ctx, appstreaming.ListImageRequest{})
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	fmt.Println(errors.Is(err, appstreaming.CodeServiceUnavailable))
	// Output:
	// true
	// true
}

// A response did not arrive completely.
func ExampleTransportError() {
	service := appstreamingtest.New()
	defer service.Close()
	service.Fail(-1, appstreamingtest.Fault{Break: appstreamingtest.BreakClose})
	client := service.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Microsecond}))

	_, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	var transportErr *appstreaming.TransportError
	if errors.As(err, &transportErr) {
		fmt.Println(transportErr.Attempts, "attempts,", transportErr.StopReason)
	}
	// Output: 3 attempts, no attempts left
}

// An invalid response is an error that says where decoding stopped.
func ExampleDecodeError() {
	service := appstreamingtest.New()
	defer service.Close()
	service.Fail(1, appstreamingtest.Fault{Body: "<html>Please log in</html>", Header: http.Header{"Content-Type": {"text/html"}}})

	_, err := service.Client().ListImage(context.Background(), appstreaming.ListImageRequest{})
	var decodeErr *appstreaming.DecodeError
	if errors.As(err, &decodeErr) {
		fmt.Printf("status %d, byte %d: %s\n", decodeErr.StatusCode, decodeErr.Offset, decodeErr.Body)
	}
	// Output: status 200, byte 0: <html>Please log in</html>
}

// An invalid option or parameter is an error before anything is sent.
func ExampleOptionError() {
	_, err := appstreaming.New(appstreaming.RegionShanghai, appstreaming.WithPrefetch(65))
	fmt.Println(err)
	_, err = appstreaming.New(appstreaming.RegionShanghai, appstreaming.WithEndpoint("http://127.0.0.1:8080"))
	fmt.Println(err)
	// Output:
	// appstreaming: WithPrefetch: "65": must be from 0 to 64
	// appstreaming: WithEndpoint: "http://127.0.0.1:8080": the scheme must be https; for a service on loopback, add WithPlainHTTP
}

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

// vault keeps a token until the service refuses it. It does not hold its lock
// while it fetches, because InvalidateCredentials must return at once.
type vault struct {
	fetch func(context.Context) (appstreaming.Credentials, error)

	mu   sync.Mutex
	kept appstreaming.Credentials
}

func (v *vault) Credentials(ctx context.Context) (appstreaming.Credentials, error) {
	v.mu.Lock()
	kept := v.kept
	v.mu.Unlock()
	if kept != (appstreaming.Credentials{}) {
		return kept, nil
	}
	fetched, err := v.fetch(ctx)
	if err != nil {
		return appstreaming.Credentials{}, err
	}
	v.mu.Lock()
	v.kept = fetched
	v.mu.Unlock()
	return fetched, nil
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
