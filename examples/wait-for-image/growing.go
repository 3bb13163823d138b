package main

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// growing creates an image in a built-in service, one step with every request:
// first it is not listed, then INIT, CREATING in two regions, AVAILABLE. It
// returns id and interval, with defaults where they are not set.
func growing(service *appstreamingtest.Server, id string, interval time.Duration) (string, time.Duration) {
	id, interval = cmp.Or(id, "imgc-06zyt9m93zwanew"), cmp.Or(interval, 300*time.Millisecond)
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
	return id, interval
}
