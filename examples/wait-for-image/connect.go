package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// connect gives a client of the region's service when there are credentials.
// Otherwise it fills in what was not given and gives one of a built-in service,
// where the image comes to be while it is polled.
func connect(getenv func(string) string, stderr io.Writer, region string, id *string, interval *time.Duration) (client *appstreaming.Client, stop func(), err error) {
	application := appstreaming.WithApplication(program, "")
	if demo.HasCredentials(getenv) {
		return demo.Connect(getenv, stderr, region, true, nil, application)
	}
	if region != "" { // a wrong one is wrong although nothing depends on it yet
		if _, err := appstreaming.New(region); err != nil {
			return nil, nil, err
		}
	}
	if *id == "" {
		*id = "imgc-06zyt9m93zwanew"
	}
	if *interval == 0 {
		*interval = 300 * time.Millisecond
	}
	client, service, err := demo.Local(stderr, appstreamingtest.SampleImages(9), application)
	if err != nil {
		return nil, nil, err
	}
	growing(service, *id)
	return client, func() { client.CloseIdleConnections(); service.Close() }, nil
}

// growing makes an image come to be in a service, a step with every request:
// unlisted at first, then INIT, CREATING in two regions, AVAILABLE.
func growing(service *appstreamingtest.Server, id string) {
	image := appstreamingtest.SampleImages(1)[0]
	image.ImageID = id
	steps := []struct {
		status              appstreaming.ImageStatus
		hangzhou, singapore int
	}{
		{"", 0, 0},
		{appstreaming.ImageStatusInit, 0, 0},
		{appstreaming.ImageStatusCreating, 20, 0},
		{appstreaming.ImageStatusCreating, 80, 45},
		{appstreaming.ImageStatusCreating, 100, 90},
		{appstreaming.ImageStatusAvailable, 100, 100},
	}
	var mu sync.Mutex
	step := 0
	service.OnRequest(func(appstreamingtest.Request) {
		mu.Lock()
		defer mu.Unlock()
		now := steps[min(step, len(steps)-1)]
		step++
		if now.status == "" {
			return
		}
		image.Status = now.status
		image.RegionDistributions = []appstreaming.RegionDistribution{
			{ImageID: id, RegionID: "cn-hangzhou", Status: now.status, Progress: fmt.Sprintf("%d%%", now.hangzhou)},
			{ImageID: id, RegionID: "ap-southeast-1", Status: now.status, Progress: fmt.Sprintf("%d%%", now.singapore)},
		}
		service.Put(image)
	})
}
