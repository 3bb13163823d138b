package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"unsafe"

	"github.com/wuying-go/appstreaming"

	"github.com/wuying-go/appstreaming/bench/internal/measure"
	"github.com/wuying-go/appstreaming/bench/internal/peers/ours"
	"github.com/wuying-go/appstreaming/bench/internal/report"
	"github.com/wuying-go/appstreaming/bench/internal/stub"
)

// retained is how much memory stays in use, in bytes per page.
type retained struct {
	image     float64 // when one image of each page is kept, as a value
	reference float64 // when a pointer into each page's slice is kept
	page      float64 // when every page is kept
	images    int     // images a page has
}

// measureRetained keeps parts of many pages and looks at the heap.
func measureRetained(file string) (retained, error) {
	child, err := stub.Start(stub.Config{Body: file})
	if err != nil {
		return retained{}, err
	}
	defer child.Close()
	client, err := ours.NewClient(child.URL)
	if err != nil {
		return retained{}, err
	}
	var found retained
	if found.page, err = keep(client, func(page *appstreaming.ListImageResponse) *appstreaming.ListImageResponse {
		found.images = len(page.Images)
		return page
	}); err != nil {
		return retained{}, err
	}
	if found.image, err = keep(client, func(page *appstreaming.ListImageResponse) appstreaming.Image {
		return page.Images[len(page.Images)/2]
	}); err != nil {
		return retained{}, err
	}
	found.reference, err = keep(client, func(page *appstreaming.ListImageResponse) *appstreaming.Image {
		return &page.Images[len(page.Images)/2]
	})
	return found, err
}

// keep lists pages, keeps of each what part returns, and returns how many bytes
// stay live per page.
func keep[T any](client *appstreaming.Client, part func(*appstreaming.ListImageResponse) T) (float64, error) {
	const pages, warmUp = 64, 8
	kept := make([]T, 0, pages)
	list := func() error {
		page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
		if err == nil {
			kept = append(kept, part(page))
		}
		return err
	}
	for range warmUp {
		if err := list(); err != nil {
			return 0, err
		}
	}
	clear(kept)
	kept = kept[:0]
	before := measure.Live()
	for range pages {
		if err := list(); err != nil {
			return 0, err
		}
	}
	after := measure.Live()
	runtime.KeepAlive(kept)
	// The array of kept existed before, and belongs to the kept memory.
	return (float64(after)-float64(before))/pages + float64(unsafe.Sizeof(kept[0])), nil
}

func printRetained(out io.Writer, r retained) {
	fmt.Fprintf(out, "Memory that stays in use when a caller keeps part of a page of %d images:\n\n", r.images)
	report.Table(out, []string{"kept", "memory per page"}, [][]string{
		{"one image, `image := page.Images[i]`", report.Bytes(r.image)},
		{"a pointer to one image, `&page.Images[i]`", report.Bytes(r.reference)},
		{"the page", report.Bytes(r.page)},
		{"the page, per image", report.Bytes(r.page / float64(r.images))},
	})
}
