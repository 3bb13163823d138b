package appstreaming

import (
	"fmt"
	"hash/maphash"
)

// digest is a pair of independent 64-bit hashes with random seeds. Keeping
// digests takes less memory than keeping text, and a collision of both hashes
// is beyond reasonable doubt.
type digest [2]uint64

// add makes a sum that does not depend on the order of its parts.
func (d *digest) add(part digest) {
	d[0] += part[0]
	d[1] += part[1]
}

// hasher computes digests of images. Only digests of one hasher compare.
type hasher [2]maphash.Seed

func newHasher() hasher { return hasher{maphash.MakeSeed(), maphash.MakeSeed()} }

// identity returns the digest of an image's ImageID and VersionID. An image
// without ImageID has no identity: the digest then covers the whole image, so
// that pages of such images can be compared, and known is false.
func (h hasher) identity(image *Image) (id digest, known bool) {
	if image.ImageID == "" {
		return h.with(digest{}, fmt.Sprintf("%#v", *image)), false
	}
	return h.with(h.with(digest{}, image.ImageID), image.VersionID), true
}

// state returns the digest of an image's identity and of the elements that show
// a change of the image.
func (h hasher) state(image *Image) digest {
	id, known := h.identity(image)
	if !known {
		return id
	}
	return h.with(h.with(id, string(image.Modified)), string(image.Status))
}

// with returns the digest of the texts of d followed by text.
func (h hasher) with(d digest, text string) digest {
	const multiplier = 0x9E3779B97F4A7C15 // odd, so that no bit is lost
	return digest{
		d[0]*multiplier + maphash.String(h[0], text),
		d[1]*multiplier + maphash.String(h[1], text),
	}
}
