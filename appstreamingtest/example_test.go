package appstreamingtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// A test starts a server, which ends with the test, and sets the client up as it
// will be used.
func ExampleNewServer() {
	var t *testing.T // the test's own

	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(237)...)
	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable})

	page, err := service.Client().ListImage(t.Context(), appstreaming.ListImageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if page.Attempts != 2 || page.Count != 237 {
		t.Errorf("%d attempts, %d images", page.Attempts, page.Count)
	}
}

// Outside tests, Start makes a server, for programs in any language. They need
// its URL and one of the test keys.
func ExampleStart() {
	service, err := appstreamingtest.Start(appstreamingtest.SampleImages(237)...)
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
	page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{OSType: appstreaming.OSTypeAndroid})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Count, "of", len(service.Images()), "images")
	// Output: 33 of 237 images
}

// Make the next calls go wrong: an error of the service, a broken connection, a
// response with an odd value.
func ExampleServer_Fail() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(1)...)
	defer service.Close()
	client := service.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Microsecond}))
	ctx := context.Background()

	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeThrottlingUser, Header: http.Header{"X-Acs-Retry-After": {"1"}}})
	service.Fail(1, appstreamingtest.Fault{Break: appstreamingtest.BreakReset})
	service.Fail(1, appstreamingtest.Fault{ImageMembers: map[string]json.RawMessage{"Status": json.RawMessage(`"FROZEN"`)}})
	page, err := client.ListImage(ctx, appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Attempts, "attempts,", page.Images[0].Status)

	service.Fail(-1, appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission}) // from now on
	_, err = client.ListImage(ctx, appstreaming.ListImageRequest{})
	fmt.Println(errors.Is(err, appstreaming.CodeForbidden))

	service.ClearFaults()
	_, err = client.ListImage(ctx, appstreaming.ListImageRequest{})
	fmt.Println(err)
	// Output:
	// 3 attempts, FROZEN
	// true
	// <nil>
}

// Change the inventory.
func ExampleServer_Put() {
	images := appstreamingtest.SampleImages(3)
	service := appstreamingtest.New(images[:2]...)
	defer service.Close()

	images[0].Status = appstreaming.ImageStatusCreateFailed
	service.Put(images[0], images[2]) // replaces one, adds one
	service.Remove(images[1].ImageID)
	service.PutFirst(appstreaming.Image{ImageID: "imgc-new", Status: appstreaming.ImageStatusCreating})

	for image, err := range service.Client().Images(context.Background(), appstreaming.ListImageRequest{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(image.ImageID, image.Status)
	}
	// Output:
	// imgc-new CREATING
	// imgc-06zyt9m93zwa00000 CREATE_FAILED
	// imgc-06zyt9m93zwa00002 AVAILABLE
}

// See what was asked. There are no secrets in it.
func ExampleServer_Requests() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeThrottling, Header: http.Header{"X-Acs-Retry-After": {"1"}}})

	_, err := service.Client().ListImage(context.Background(), appstreaming.ListImageRequest{
		ImageName: "云镜像", Tags: []appstreaming.Tag{{Key: "env", Value: "test"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range service.Requests() {
		fmt.Println(r)
		fmt.Println("  ", r.Scheme, r.AccessKeyID, r.Params)
	}
	// Output:
	// POST ListImage page 1 attempt 1: 400 Throttling
	//    ACS3-HMAC-SHA256 appstreamingtest-key map[ImageName:云镜像 TagList.1.Key:env TagList.1.Value:test]
	// POST ListImage page 1 attempt 2: 200
	//    ACS3-HMAC-SHA256 appstreamingtest-key map[ImageName:云镜像 TagList.1.Key:env TagList.1.Value:test]
}

// Set the server's clock. The client corrects its own clock from the response, so
// the server refuses only one request.
func ExampleServer_SetClock() {
	service := appstreamingtest.New()
	defer service.Close()
	service.SetClock(func() time.Time { return time.Now().Add(time.Hour) })
	client := service.Client()

	for range 2 {
		page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(page.Attempts, "attempts")
	}
	fmt.Println(service.Requests()[0].Code)
	// Output:
	// 2 attempts
	// 1 attempts
	// InvalidTimeStamp.Expired
}

// Look at every request before it is answered, here to let an image be ready
// when it is asked for the second time.
func ExampleServer_OnRequest() {
	image := appstreaming.Image{ImageID: "imgc-1", Status: appstreaming.ImageStatusCreating}
	service := appstreamingtest.New(image)
	defer service.Close()
	service.OnRequest(func(r appstreamingtest.Request) {
		if service.RequestCount() == 2 {
			image.Status = appstreaming.ImageStatusAvailable
			service.Put(image)
		}
	})
	ready, err := service.Client().WaitForImage(context.Background(), "imgc-1", appstreaming.WaitOptions{Interval: 10 * time.Millisecond})
	fmt.Println(ready.Status, err)
	// Output: AVAILABLE <nil>
}

// Change how the server lists, here so that it ignores PageNumber.
func ExampleServer_SetListing() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	service.SetListing(appstreamingtest.Listing{IgnorePageNumber: true})

	images, err := appstreaming.Collect(service.Client().Images(context.Background(), appstreaming.ListImageRequest{}))
	fmt.Println(len(images), errors.Is(err, appstreaming.ErrPageLoop))
	// Output: 100 true
}
