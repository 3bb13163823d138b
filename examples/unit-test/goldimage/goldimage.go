// Package goldimage stands for a service of yours: it knows which image a new
// desktop should start from.
package goldimage

import (
	"context"
	"errors"
	"fmt"

	"github.com/wuying-go/appstreaming"
)

// ErrNone says that no image fits.
var ErrNone = errors.New("no gold image")

// Catalog finds gold images: those that carry a tag and are available.
type Catalog struct {
	// Images is what the catalog needs of a client. That it is an interface is
	// all that testing asks for.
	Images appstreaming.ImageLister
	// Tag is what gold images carry.
	Tag appstreaming.Tag
}

// Newest returns the gold image for a system, deployed to a region, that was
// modified last. It returns ErrNone when there is none, and otherwise an error
// that matches the client's.
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
		if image.Modified > newest.Modified { // of this layout, text sorts as time does
			newest = image
		}
	}
	if newest.ImageID == "" {
		return appstreaming.Image{}, fmt.Errorf("%w for %s in %s", ErrNone, system, region)
	}
	return newest, nil
}
