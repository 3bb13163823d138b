package main

import (
	"context"
	"fmt"
	"time"

	"github.com/wuying-go/appstreaming"

	"github.com/wuying-go/appstreaming/bench/internal/measure"
	"github.com/wuying-go/appstreaming/bench/internal/peers/ours"
	"github.com/wuying-go/appstreaming/bench/internal/stub"
)

// pageSize is how many images the service's pages have.
const pageSize = 100

// cost is the cost of one listing.
type cost struct {
	time time.Duration
	heap uint64 // largest seen
}

// lister goes through a listing and returns how many images it saw.
type lister func(*appstreaming.Client) (images int, err error)

// byPages looks at whole pages, which holds nothing of those before.
func byPages(client *appstreaming.Client) (images int, err error) {
	for page, err := range client.Pages(context.Background(), appstreaming.ListImageRequest{}) {
		if err != nil {
			return images, err
		}
		images += len(page.Images)
	}
	return images, nil
}

// byImages looks at single images, each of which is remembered in brief so
// that none comes twice.
func byImages(client *appstreaming.Client) (images int, err error) {
	for _, err := range client.Images(context.Background(), appstreaming.ListImageRequest{}) {
		if err != nil {
			return images, err
		}
		images++
	}
	return images, nil
}

// service is a child process with a listing, and how many pages it has.
type service struct {
	*stub.Child
	pages int
}

func startService(body string, pages int, latency time.Duration) (service, error) {
	child, err := stub.Start(stub.Config{Body: body, Pages: pages, Latency: latency})
	return service{child, pages}, err
}

// list goes through the service's listing once, on a client of its own.
func (s service) list(window int, through lister) (cost, error) {
	client, err := ours.NewClient(s.URL, appstreaming.WithPrefetch(window))
	if err != nil {
		return cost{}, err
	}
	defer client.CloseIdleConnections()
	var took time.Duration
	heap, err := measure.PeakHeap(func() error {
		start := time.Now()
		images, err := through(client)
		took = time.Since(start)
		if err == nil && images != s.pages*pageSize {
			err = fmt.Errorf("listed %d images, want %d", images, s.pages*pageSize)
		}
		return err
	})
	if err != nil {
		return cost{}, fmt.Errorf("%d pages with prefetch %d: %w", s.pages, window, err)
	}
	return cost{took, heap}, nil
}

// medianCost takes the median of each quantity.
func medianCost(costs []cost) cost {
	var times, heaps []float64
	for _, c := range costs {
		times, heaps = append(times, float64(c.time)), append(heaps, float64(c.heap))
	}
	return cost{time.Duration(measure.Median(times)), uint64(measure.Median(heaps))}
}
