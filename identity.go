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
		return h.sum([4]string{1: fmt.Sprintf("%#v", *image)}), false
	}
	return h.sum([4]string{image.ImageID, image.VersionID}), true
}

// state returns the digest of an image's identity and of the elements that show
// a change of the image.
func (h hasher) state(image *Image) digest {
	if image.ImageID == "" {
		id, _ := h.identity(image)
		return id
	}
	return h.sum([4]string{image.ImageID, image.VersionID, string(image.Modified), string(image.Status)})
}

func (h hasher) sum(text [4]string) digest {
	return digest{maphash.Comparable(h[0], text), maphash.Comparable(h[1], text)}
}
