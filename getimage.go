package appstreaming

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// maxNamedIDs limits the identifiers in the text of an error.
const maxNamedIDs = 10

// GetImage returns the image with an identifier. Of several versions it returns
// the one in use (OnlineVersion), otherwise the latest one. Options hold for
// every request.
//
// When there is no such image, the error matches [ErrImageNotFound]. An invalid
// identifier is a [*ParamError]; other errors are those of [Client.Images].
// GetImage is safe for concurrent use.
func (c *Client) GetImage(ctx context.Context, imageID string, opts ...Option) (Image, error) {
	if err := checkSet("imageID", imageID); err != nil {
		return Image{}, err
	}
	is := func(image *Image) bool { return image.ImageID == imageID }
	return onlyImage(ctx, c, ListImageRequest{ImageID: imageID}, opts, is, "identifier", imageID)
}

// GetImageByName returns the image whose ImageName is exactly name. The service
// matches parts of names; GetImageByName reads all pages of its matches.
//
// When several images have the name, the error matches [ErrAmbiguousName] and
// its text names their identifiers. Several versions of one image are not
// ambiguous: see [Client.GetImage], whose errors apply here too.
func (c *Client) GetImageByName(ctx context.Context, name string, opts ...Option) (Image, error) {
	if err := checkSet("name", name); err != nil {
		return Image{}, err
	}
	is := func(image *Image) bool { return image.ImageName == name }
	return onlyImage(ctx, c, ListImageRequest{ImageName: name}, opts, is, "name", name)
}

// onlyImage returns the version in use of the only image that is wanted.
func onlyImage(
	ctx context.Context, l ImageLister, req ListImageRequest, opts []Option, wanted func(*Image) bool, kind, value string,
) (Image, error) {
	var best Image
	var ids []string
	for image, err := range Images(ctx, l, req, opts...) {
		switch {
		case err != nil:
			return Image{}, err
		case !wanted(&image):
			continue
		case len(ids) == 0 || inUse(&image, &best):
			best = image
		}
		if !slices.Contains(ids, image.ImageID) {
			ids = append(ids, image.ImageID)
		}
	}
	switch len(ids) {
	case 0:
		return Image{}, fmt.Errorf("appstreaming: %w: no image has the %s %q", ErrImageNotFound, kind, shortened(value, maxShownName))
	case 1:
		return best, nil
	}
	return Image{}, fmt.Errorf("appstreaming: %w %q: %s", ErrAmbiguousName, shortened(value, maxShownName), listOf(ids))
}

// inUse reports whether version a is preferred over version b.
func inUse(a, b *Image) bool {
	if a.online() != b.online() {
		return a.online()
	}
	return newer(a, b)
}

// online reports whether a version is the one in use.
func (i *Image) online() bool {
	return i.OnlineVersion || i.VersionID != "" && i.VersionID == i.OnlineVersionID
}

// listOf quotes identifiers, because they come from the service.
func listOf(ids []string) string {
	var quoted []string
	for _, id := range ids[:min(len(ids), maxNamedIDs)] {
		quoted = append(quoted, fmt.Sprintf("%q", shortened(id, maxShownName)))
	}
	if more := len(ids) - len(quoted); more > 0 {
		quoted = append(quoted, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(quoted, ", ")
}
