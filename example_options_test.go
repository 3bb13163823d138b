package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// atOnce is a throttling that asks to wait for a millisecond.
var atOnce = appstreamingtest.Fault{
	Code:   appstreaming.CodeThrottlingUser,
	Header: http.Header{"X-Acs-Retry-After": {"1"}},
}

// Failures that may pass are repeated, as the policy says.
func ExampleWithRetry() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	client := service.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{
		MaxAttempts:    3,
		MaxDelay:       2 * time.Second,
		AttemptTimeout: 10 * time.Second,
	}))
	ctx := context.Background()

	service.Fail(2, atOnce)
	page, err := client.ListImage(ctx, appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Attempts, "attempts")

	service.Fail(1, atOnce)
	_, err = client.ListImage(ctx, appstreaming.ListImageRequest{}, appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1}))
	fmt.Println("without retries:", errors.Is(err, appstreaming.CodeThrottling))
	// Output:
	// 3 attempts
	// without retries: true
}

// Retry what the default does not, and leave the rest to it.
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

// Count what becomes of the attempts, for metrics. An observer may be called
// concurrently when calls are.
func ExampleWithObserver() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	client := service.Client(appstreaming.WithObserver(func(_ context.Context, a appstreaming.Attempt) {
		fmt.Printf("attempt %d: status %d, %s, retry: %t\n", a.Number, a.StatusCode, a.Reason, a.Retry)
	}))
	service.Fail(1, atOnce)

	if _, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// attempt 1: status 400, Throttling.User, retry: true
	// attempt 2: status 200, ok, retry: false
}

// Log the attempts: failed ones at Info, all of them at Debug.
func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		// What differs from one run to the next is left out here.
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
	service.Fail(1, atOnce)

	if _, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// level=INFO msg="ListImage attempt failed" reason=Throttling.User attempt=1 status=400 request_id=CD266215-4E6D-56B2-B2B9-2E70C0CAC3CC
	// level=DEBUG msg="ListImage attempt succeeded" reason=ok attempt=2 status=200 request_id=CD04A475-4498-506D-B5A1-3C5F371F1F04
}

// The older signature, for a gateway that takes no other.
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

// A parameter this version does not know.
func ExampleWithParam() {
	service := appstreamingtest.New()
	defer service.Close()

	_, err := service.Client().ListImage(context.Background(), appstreaming.ListImageRequest{}, appstreaming.WithParam("NewFilter.1.Key", "value"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(service.Requests()[0].Params)
	// Output: map[NewFilter.1.Key:value]
}

// limiter lets a fixed number of requests pass, where *rate.Limiter of
// golang.org/x/time/rate would space them out.
type limiter int

func (l *limiter) Wait(context.Context) error {
	if *l--; *l < 0 {
		return errors.New("enough for today")
	}
	return nil
}

// Every attempt waits its turn.
func ExampleWithRateLimit() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	two := limiter(2)
	client := service.Client(appstreaming.WithRateLimit(&two))

	images, err := appstreaming.Collect(client.Images(context.Background(), appstreaming.ListImageRequest{}))
	fmt.Println(len(images), "images:", err)
	// Output: 200 images: appstreaming: ListImage: rate limit: enough for today
}

// Use an HTTP client of your own: a proxy, certificates, connections of another
// kind. Here the double is reached through memory.
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

// Bound what a response may hold, after decompression.
func ExampleWithMaxResponseBytes() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(100)...)
	defer service.Close()

	_, err := service.Client(appstreaming.WithMaxResponseBytes(4<<10)).ListImage(context.Background(), appstreaming.ListImageRequest{})
	fmt.Println(errors.Is(err, appstreaming.ErrResponseTooLarge))
	// Output: true
}
