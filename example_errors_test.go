package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

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
