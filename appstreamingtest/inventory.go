package appstreamingtest

import (
	"slices"
	"sync"

	"github.com/wuying-go/appstreaming"
)

// entry is an image of the inventory. It never changes.
type entry struct{ image appstreaming.Image }

// copied returns a copy that shares no memory with the image, except for strings,
// which cannot change.
func copied(image appstreaming.Image) appstreaming.Image {
	image.SupportedLanguages = slices.Clone(image.SupportedLanguages)
	image.Features = slices.Clone(image.Features)
	image.Drivers = slices.Clone(image.Drivers)
	image.Apps = slices.Clone(image.Apps)
	image.Tags = slices.Clone(image.Tags)
	image.ImageRegions = slices.Clone(image.ImageRegions)
	image.RegionDistributions = slices.Clone(image.RegionDistributions)
	image.Snapshots = slices.Clone(image.Snapshots)
	image.Extra = cloneRaw(image.Extra)
	return image
}

type imageKey struct{ imageID, versionID string }

func (e *entry) key() imageKey { return imageKey{e.image.ImageID, e.image.VersionID} }

// inventory holds images in the order of listings. It replaces its slice and
// never writes to it, so that a listing can use the slice without a lock.
type inventory struct {
	mu      sync.Mutex
	entries []*entry

	wire wireCache
}

func (v *inventory) snapshot() []*entry {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.entries
}

func (v *inventory) put(images []appstreaming.Image, first bool) {
	fresh := make([]*entry, len(images))
	for i, image := range images {
		fresh[i] = &entry{copied(image)}
	}

	v.mu.Lock()
	defer v.mu.Unlock()
	entries := slices.Clone(v.entries)
	at := make(map[imageKey]int, len(entries)+len(fresh))
	for i, e := range entries {
		at[e.key()] = i
	}
	var added []*entry
	for _, e := range fresh {
		i, known := at[e.key()]
		switch {
		case !known:
			at[e.key()] = len(entries) + len(added)
			added = append(added, e)
		case i < len(entries):
			entries[i] = e
		default:
			added[i-len(entries)] = e
		}
	}
	if first {
		v.entries = slices.Concat(added, entries)
	} else {
		v.entries = append(entries, added...)
	}
}

func (v *inventory) remove(imageIDs []string) {
	gone := make(map[string]bool, len(imageIDs))
	for _, id := range imageIDs {
		gone[id] = true
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.entries = slices.DeleteFunc(slices.Clone(v.entries), func(e *entry) bool { return gone[e.image.ImageID] })
}

// Put adds images at the end of the listing. An image whose ImageID and VersionID
// are present replaces the present one in its place. The images are copied.
func (s *Server) Put(images ...appstreaming.Image) { s.stock.put(images, false) }

// PutFirst is [Server.Put], except that it adds new images at the beginning, like
// a listing that shows the newest images first. Images of one page move to the
// next.
func (s *Server) PutFirst(images ...appstreaming.Image) { s.stock.put(images, true) }

// Remove removes every version of the images. It ignores unknown identifiers.
func (s *Server) Remove(imageIDs ...string) { s.stock.remove(imageIDs) }

// Images returns copies of the images in the order of listings.
func (s *Server) Images() []appstreaming.Image {
	entries := s.stock.snapshot()
	images := make([]appstreaming.Image, len(entries))
	for i, e := range entries {
		images[i] = copied(e.image)
	}
	return images
}

// wireCache keeps the JSON of the images that were listed last. The JSON of a
// large inventory would take several times the memory of its images.
type wireCache struct {
	mu            sync.Mutex
	recent, older map[*entry][]byte
	size          int // bytes in recent
}

// maxWireBytes bounds each of the cache's two generations.
const maxWireBytes = 16 << 20

// form returns the JSON of an image.
func (c *wireCache) form(e *entry) ([]byte, error) {
	if encoded, ok := c.find(e); ok {
		return encoded, nil
	}
	encoded, err := marshal(e.image)
	if err == nil {
		c.keep(e, encoded)
	}
	return encoded, err
}

func (c *wireCache) find(e *entry) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if encoded, ok := c.recent[e]; ok {
		return encoded, true
	}
	encoded, ok := c.older[e]
	return encoded, ok
}

func (c *wireCache) keep(e *entry, encoded []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.recent == nil || c.size+len(encoded) > maxWireBytes {
		c.recent, c.older, c.size = make(map[*entry][]byte), c.recent, 0
	}
	c.recent[e] = encoded
	c.size += len(encoded)
}
