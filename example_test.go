package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

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
		Tags:          []appstreaming.Tag{{Key: "env", Value: "production"}, {Key: "成本中心"}}, // any value
	}
	page, err := client.ListImage(context.Background(), request)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request)
	fmt.Println(page.Count, "images")
	// Output:
	// ListImage(BizType=1 FeatureList.1=GPU PlatformNameList.1=Ubuntu PlatformNameList.2=Debian TagList.1.Key=env TagList.1.Value=production TagList.2.Key=成本中心)
	// 11 images
}

// What cannot be right is found before anything is sent.
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

	ready, err := service.Client().WaitForImages(context.Background(), []string{images[2].ImageID, images[0].ImageID}, appstreaming.WaitOptions{})
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
