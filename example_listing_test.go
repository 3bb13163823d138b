package appstreaming_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// Range over all images. Breaking out of the loop cancels requests in flight.
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

// Range over pages, for example to log Count and request identifiers.
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

// Keep the number of the next page, to resume there after a restart.
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
			fmt.Println(err) // the pager has not moved: call Next again
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

// Collect images in a slice, here at most three.
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

// A listing that ends early says so. Images yielded before the error are valid.
func ExampleIncompleteError() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(500)...)
	defer service.Close()
	service.SetHabit(appstreamingtest.HabitCutsOff, 1) // no image after the second page

	images, err := appstreaming.Collect(service.Client().Images(context.Background(), appstreaming.ListImageRequest{}))
	var incomplete *appstreaming.IncompleteError
	if errors.As(err, &incomplete) {
		fmt.Printf("%d images, the service counts %d\n", len(images), incomplete.Count)
	}
	fmt.Println(errors.Is(err, appstreaming.ErrIncomplete))
	// Output:
	// 200 images, the service counts 500
	// true
}

// Keep four pages in flight. They are delivered in order.
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

// List until two passes agree, while images are created and deleted.
func ExampleClient_Snapshot() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	client := service.Client()

	// An image is deleted during the first pass, before its second page.
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

// An inventory that keeps changing ends with ErrUnstable and the last pass.
func ExampleSnapshotOptions() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(237)...)
	defer service.Close()
	service.OnRequest(func(appstreamingtest.Request) {
		service.Remove(service.Images()[0].ImageID) // every request deletes an image
	})

	options := appstreaming.SnapshotOptions{MaxPasses: 2}
	snapshot, err := service.Client().Snapshot(context.Background(), appstreaming.ListImageRequest{}, options)
	fmt.Println(errors.Is(err, appstreaming.ErrUnstable), snapshot.Passes, snapshot.Stable)
	// Output: true 2 false
}

// stub is an ImageLister for tests that need no service: one page of images.
type stub []appstreaming.Image

func (s stub) ListImage(context.Context, appstreaming.ListImageRequest, ...appstreaming.Option) (*appstreaming.ListImageResponse, error) {
	return &appstreaming.ListImageResponse{Images: s, Count: len(s)}, nil
}

// countWindows depends only on the interface that it needs.
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

// Test code that takes an ImageLister with a few lines of stub.
func ExampleImageLister() {
	n, err := countWindows(context.Background(), stub{
		{ImageID: "imgc-1", OSType: appstreaming.OSTypeWindows},
		{ImageID: "imgc-2", OSType: appstreaming.OSTypeLinux},
	})
	fmt.Println(n, err)
	// Output: 1 <nil>
}

// Page over any ImageLister.
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

// Extra keeps unknown elements, and values that do not fit their field, as
// received.
func ExampleImage_extra() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(1)...)
	defer service.Close()
	service.Fail(1, appstreamingtest.Fault{ImageMembers: map[string]json.RawMessage{
		"Cores":  json.RawMessage(`{"min":4}`),
		"Rating": json.RawMessage(`"A+"`),
	}})

	page, err := service.Client().ListImage(context.Background(), appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	image := page.Images[0]
	fmt.Printf("%s %s %d\n", image.Extra["Cores"], image.Extra["Rating"], image.Rating)
	// Output: {"min":4} "A+" 0
}

// Keep the body as received.
func ExampleWithRawResponse() {
	service := appstreamingtest.New()
	defer service.Close()

	page, err := service.Client().ListImage(context.Background(), appstreaming.ListImageRequest{}, appstreaming.WithRawResponse())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s ...\n", page.Raw[:60])
	// Output: {"PageSize":10,"PageNumber":1,"Data":[],"Count":0,"Success": ...
}

// The service does not document the zone of its times. Say which one to use.
func ExampleTimestamp_In() {
	created, err := appstreaming.Timestamp("2025-04-25 15:13:57").In(time.FixedZone("UTC+8", 8*60*60))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(created)
	fmt.Println(created.UTC())
	// Output:
	// 2025-04-25 15:13:57 +0800 UTC+8
	// 2025-04-25 07:13:57 +0000 UTC
}

// Some elements are JSON text inside a string.
func ExampleImage_ResourceCategories() {
	image := appstreaming.Image{ResourceInstanceCategory: `["eds.cpu.category","eds.graphics.category"]`}
	categories, err := image.ResourceCategories()
	fmt.Printf("%q %v\n", categories, err)
	// Output: ["eds.cpu.category" "eds.graphics.category"] <nil>
}

// A driver may be listed by its name, or by identifiers in JSON text.
func ExampleImage_DriverIDs() {
	image := appstreaming.Image{Drivers: []string{"NVIDIA GRID 16.3", `["00be80de","57f1a2c0"]`}}
	ids, err := image.DriverIDs()
	fmt.Printf("%q %v\n", ids, err)
	// Output: ["NVIDIA GRID 16.3" "00be80de" "57f1a2c0"] <nil>
}

// Read the progress of an image's deployment to its regions.
func ExampleRegionDistribution_ProgressPercent() {
	for _, d := range []appstreaming.RegionDistribution{
		{RegionID: "cn-hangzhou", Progress: "100%"},
		{RegionID: "cn-beijing", Progress: "70.5%"},
		{RegionID: "ap-southeast-1", Progress: ""},
	} {
		percent, known := d.ProgressPercent()
		fmt.Println(d.RegionID, percent, known)
	}
	// Output:
	// cn-hangzhou 100 true
	// cn-beijing 70.5 true
	// ap-southeast-1 0 false
}

// The enumerations are open. Values returns the documented values.
func ExampleImageStatus_Values() {
	fmt.Println(appstreaming.ImageStatus("").Values())
	// Output: [AVAILABLE INIT CREATING CREATE_FAILED]
}

// An image marshals to the form that the service uses, and back.
func ExampleImage_UnmarshalJSON() {
	var image appstreaming.Image
	if err := json.Unmarshal([]byte(`{"ImageId":"imgc-1","OsType":"Linux","Cores":4}`), &image); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(image.ImageID, image.OSType, string(image.Extra["Cores"]))

	text, err := json.Marshal(image)
	if err != nil {
		fmt.Println(err)
		return
	}
	var again appstreaming.Image
	fmt.Println(json.Unmarshal(text, &again), again.ImageID == image.ImageID, string(again.Extra["Cores"]))
	// Output:
	// imgc-1 Linux 4
	// <nil> true 4
}
