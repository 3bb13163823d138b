package appstreaming_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
)

// way is a way of listing.
type way struct {
	name     string
	prefetch int
	start    func(*appstreaming.Client) lister
}

// lister lists as far as it can. Called again it goes on, or starts anew where
// it is a range: it returns what it has listed in all.
type lister func(context.Context) listed

type listed struct {
	images []appstreaming.Image
	page2  *appstreaming.ListImageResponse // where the way shows pages
	err    error
}

var ways = []way{
	{"ListImage", 0, startListImage},
	{"Pager", 0, startPager},
	{"Images", 0, startImages},
	{"Images with prefetch 4", 4, startImages},
}

// startListImage asks for the faulty page alone.
func startListImage(client *appstreaming.Client) lister {
	return func(ctx context.Context) listed {
		page, err := client.ListImage(ctx, appstreaming.ListImageRequest{PageNumber: faultyPage, PageSize: matrixPageSize})
		if err != nil {
			return listed{err: err}
		}
		return listed{images: page.Images, page2: page}
	}
}

func startPager(client *appstreaming.Client) lister {
	pager := appstreaming.NewPager(client, appstreaming.ListImageRequest{PageSize: matrixPageSize})
	var all listed
	return func(ctx context.Context) listed {
		for all.err = nil; pager.More(); {
			number := pager.PageNumber()
			page, err := pager.Next(ctx)
			if err != nil {
				all.err = err
				return all
			}
			if number == faultyPage {
				all.page2 = page
			}
			all.images = append(all.images, page.Images...)
		}
		return all
	}
}

func startImages(client *appstreaming.Client) lister {
	return func(ctx context.Context) listed {
		images, err := appstreaming.Collect(client.Images(ctx, appstreaming.ListImageRequest{PageSize: matrixPageSize}))
		return listed{images: images, err: err}
	}
}

// wantImages is what a way must list: before the faulty page, or in all.
func (w way) wantImages(failed bool) []string {
	ids := imageIDs(matrixImages())
	switch alone := w.name == "ListImage"; {
	case alone && failed:
		return []string{}
	case alone:
		return ids[matrixPageSize : 2*matrixPageSize]
	case failed:
		return ids[:matrixPageSize]
	}
	return ids
}

// eachWay runs what does not fit a row, for both signatures and in every way.
func eachWay(t *testing.T, check func(*testing.T, way, appstreaming.Signature)) {
	for _, signature := range signatures {
		for _, w := range ways {
			t.Run(signature.String()+"/"+w.name, func(t *testing.T) {
				t.Parallel()
				check(t, w, signature)
			})
		}
	}
}

func checkImages(t *testing.T, want []string, got listed) {
	t.Helper()
	if len(want) == len(matrixImages()) && got.err != nil {
		t.Errorf("the listing ended with %v", got.err)
	}
	if diff := cmp.Diff(want, imageIDs(got.images)); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
}
