package appstreaming_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// Elements this version does not know, and values that do not fit their field,
// are kept as they came.
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

// Keep the body as it was received.
func ExampleWithRawResponse() {
	service := appstreamingtest.New()
	defer service.Close()

	page, err := service.Client().ListImage(context.Background(), appstreaming.ListImageRequest{}, appstreaming.WithRawResponse())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", page.Raw)
	// Output: {"PageSize":10,"PageNumber":1,"Data":[],"Count":0,"Success":true,"Code":"200","Message":"success","RequestId":"CD266215-4E6D-56B2-B2B9-2E70C0CAC3CC"}
}

// The service does not say in which zone it writes times; say which one to read
// them in.
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

// How far an image's deployment to its regions has come.
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

// The enumerations are open: Values has the documented ones.
func ExampleImageStatus_Values() {
	fmt.Println(appstreaming.ImageStatus("").Values())
	// Output: [AVAILABLE INIT CREATING CREATE_FAILED]
}

// An image marshals to the service's own form and back.
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
