// Package goldimage stands for a service of yours. It knows which image a new
// desktop should start from.
package goldimage

import (
	"context"
	"errors"
	"fmt"

	"github.com/wuying-go/appstreaming"
)

// ErrNone says that no image matches.
var ErrNone = errors.New("no gold image")

// Catalog finds gold images: available images with a certain tag.
type Catalog struct {
	// Images lists images. It is an interface, so tests can pass a stub.
	Images appstreaming.ImageLister
	// Tag is the tag of gold images.
	Tag appstreaming.Tag
}

// Newest returns the latest gold image for a system that is deployed to a
// region. Without such an image the error matches ErrNone; other errors match
// the client's.
func (c *Catalog) Newest(ctx context.Context, system appstreaming.OSType, region string) (appstreaming.Image, error) {
	wanted := appstreaming.ListImageRequest{
		Status:       appstreaming.ImageStatusAvailable,
		OSType:       system,
		BizRegionIDs: []string{region},
		Tags:         []appstreaming.Tag{c.Tag},
	}
	var newest appstreaming.Image
	for image, err := range appstreaming.Images(ctx, c.Images, wanted) {
		if err != nil {
			return appstreaming.Image{}, fmt.Errorf("finding the gold image for %s in %s: %w", system, region, err)
		}
		if newest.ImageID == "" || image.Modified > newest.Modified { // the text sorts in the order of time
			newest = image
		}
	}
	if newest.ImageID == "" {
		return appstreaming.Image{}, fmt.Errorf("%w for %s in %s", ErrNone, system, region)
	}
	return newest, nil
}
