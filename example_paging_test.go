package appstreaming_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// Range over all images. Leaving the loop stops what is under way.
func ExampleClient_Images() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	client := service.Client()

	byStatus := make(map[appstreaming.ImageStatus]int)
	for image, err := range client.Images(context.Background(), appstreaming.ListImageRequest{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		byStatus[image.Status]++
	}
	fmt.Println(byStatus)
	// Output: map[AVAILABLE:165 CREATE_FAILED:24 CREATING:24 INIT:24]
}

// Range over pages, for what only a page knows.
func ExampleClient_Pages() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	client := service.Client()

	for page, err := range client.Pages(context.Background(), appstreaming.ListImageRequest{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("page %d: %d of %d images, request id %s\n", page.PageNumber, len(page.Images), page.Count, page.RequestID)
	}
	// Output:
	// page 1: 100 of 237 images, request id CD266215-4E6D-56B2-B2B9-2E70C0CAC3CC
	// page 2: 100 of 237 images, request id CD04A475-4498-506D-B5A1-3C5F371F1F04
	// page 3: 37 of 237 images, request id D5688A52-D55A-52EC-8AEA-5EC1EADFFFE1
}

// Keep the number of the next page, to go on from it after a restart.
func ExamplePager() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	client := service.Client()
	ctx := context.Background()

	pager := appstreaming.NewPager(client, appstreaming.ListImageRequest{})
	page, err := pager.Next(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	checkpoint := pager.PageNumber()
	fmt.Printf("%d images, go on with page %d\n", len(page.Images), checkpoint)

	// Another process goes on.
	pager = appstreaming.NewPager(client, appstreaming.ListImageRequest{PageNumber: checkpoint})
	for pager.More() {
		page, err := pager.Next(ctx)
		if err != nil {
			fmt.Println(err) // the pager has not moved: Next may be called again
			return
		}
		fmt.Printf("page %d: %d images\n", page.PageNumber, len(page.Images))
	}
	_, err = pager.Next(ctx)
	fmt.Println(errors.Is(err, appstreaming.ErrNoMorePages))
	// Output:
	// 100 images, go on with page 2
	// page 2: 100 images
	// page 3: 37 images
	// true
}

// Gather images in a slice, here no more than three.
func ExampleLimit() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	client := service.Client()

	images, err := appstreaming.Collect(appstreaming.Limit(client.Images(context.Background(), appstreaming.ListImageRequest{}), 3))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, image := range images {
		fmt.Println(image.ImageName)
	}
	// Output:
	// 设计云镜像-DemoImage-00000
	// 开发云镜像-DemoImage-00001
	// 办公云镜像-DemoImage-00002
}

// Keep four pages in flight; they come in order all the same.
func ExampleWithPrefetch() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	client := service.Client(appstreaming.WithPrefetch(4))

	for page, err := range client.Pages(context.Background(), appstreaming.ListImageRequest{PageSize: 50}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(page.PageNumber, len(page.Images))
	}
	// Output:
	// 1 50
	// 2 50
	// 3 50
	// 4 50
	// 5 37
}

// List until two passes agree, when images come and go meanwhile.
func ExampleClient_Snapshot() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	client := service.Client()

	// An image goes while the first pass, of three pages, is at its second.
	service.OnRequest(func(appstreamingtest.Request) {
		if service.RequestCount() == 2 {
			service.Remove(service.Images()[0].ImageID)
		}
	})
	snapshot, err := client.Snapshot(context.Background(), appstreaming.ListImageRequest{}, appstreaming.SnapshotOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d images in %d passes, stable: %t\n", len(snapshot.Images), snapshot.Passes, snapshot.Stable)
	// Output: 236 images in 3 passes, stable: true
}

// An inventory that never holds still is told from one that does.
func ExampleSnapshotOptions() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	service.OnRequest(func(appstreamingtest.Request) {
		service.Remove(service.Images()[0].ImageID) // one image less for every request
	})

	snapshot, err := service.Client().Snapshot(context.Background(), appstreaming.ListImageRequest{}, appstreaming.SnapshotOptions{MaxPasses: 2})
	fmt.Println(errors.Is(err, appstreaming.ErrUnstable), snapshot.Passes, snapshot.Stable)
	// Output: true 2 false
}

// stub is an ImageLister for tests that need no service: one page of images.
type stub []appstreaming.Image

func (s stub) ListImage(context.Context, appstreaming.ListImageRequest, ...appstreaming.Option) (*appstreaming.ListImageResponse, error) {
	return &appstreaming.ListImageResponse{Images: s, Count: len(s)}, nil
}

// countWindows depends on no more than it needs.
func countWindows(ctx context.Context, lister appstreaming.ImageLister) (int, error) {
	n := 0
	for image, err := range appstreaming.Images(ctx, lister, appstreaming.ListImageRequest{}) {
		if err != nil {
			return 0, err
		}
		if image.OSType == appstreaming.OSTypeWindows {
			n++
		}
	}
	return n, nil
}

// Code that takes an ImageLister is tested with a few lines of stub.
func ExampleImageLister() {
	n, err := countWindows(context.Background(), stub{
		{ImageID: "imgc-1", OSType: appstreaming.OSTypeWindows},
		{ImageID: "imgc-2", OSType: appstreaming.OSTypeLinux},
	})
	fmt.Println(n, err)
	// Output: 1 <nil>
}

// The iterators are there for any ImageLister.
func ExamplePages() {
	for page, err := range appstreaming.Pages(context.Background(), stub{{ImageID: "imgc-1"}}, appstreaming.ListImageRequest{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(page.Count, page.Images[0].ImageID)
	}
	// Output: 1 imgc-1
}
