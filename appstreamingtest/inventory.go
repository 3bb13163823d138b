package appstreamingtest

import (
	"maps"
	"slices"
	"sync"

	"github.com/wuying-go/appstreaming"
)

// entry is an image and its wire form. Its image is a copy and does not change.
type entry struct {
	image appstreaming.Image

	once    sync.Once
	encoded []byte
	err     error // why there is no wire form
}

func newEntry(image appstreaming.Image) *entry {
	image.SupportedLanguages = slices.Clone(image.SupportedLanguages)
	image.Features = slices.Clone(image.Features)
	image.Drivers = slices.Clone(image.Drivers)
	image.Apps = slices.Clone(image.Apps)
	image.Tags = slices.Clone(image.Tags)
	image.ImageRegions = slices.Clone(image.ImageRegions)
	image.RegionDistributions = slices.Clone(image.RegionDistributions)
	image.Snapshots = slices.Clone(image.Snapshots)
	image.Extra = maps.Clone(image.Extra)
	for name, value := range image.Extra {
		image.Extra[name] = slices.Clone(value)
	}
	return &entry{image: image}
}

// wire returns the wire form. It is made when a page first needs it: encoding
// 100,000 images takes seconds, and most are never asked for.
func (e *entry) wire() ([]byte, error) {
	e.once.Do(func() { e.encoded, e.err = marshal(e.image) })
	return e.encoded, e.err
}

type imageKey struct{ imageID, versionID string }

func (e *entry) key() imageKey { return imageKey{e.image.ImageID, e.image.VersionID} }

// inventory holds images in the order they are listed. Its slice is replaced,
// never written to, so that a listing can go on with the one it took.
type inventory struct {
	mu      sync.Mutex
	entries []*entry
}

func (v *inventory) snapshot() []*entry {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.entries
}

func (v *inventory) put(images []appstreaming.Image, first bool) {
	fresh := make([]*entry, len(images))
	for i, image := range images {
		fresh[i] = newEntry(image)
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
	v.mu.Lock()
	defer v.mu.Unlock()
	v.entries = slices.DeleteFunc(slices.Clone(v.entries), func(e *entry) bool {
		return slices.Contains(imageIDs, e.image.ImageID)
	})
}

// Put adds images at the end of the listing. One whose ImageID and VersionID
// are there already replaces it in its place. The images are copied.
func (s *Server) Put(images ...appstreaming.Image) { s.stock.put(images, false) }

// PutFirst is [Server.Put] with new images at the beginning, as a listing that
// shows the newest first has them: what was on one page moves to the next.
func (s *Server) PutFirst(images ...appstreaming.Image) { s.stock.put(images, true) }

// Remove takes every version of the images out of the inventory. Identifiers
// that are not there are ignored.
func (s *Server) Remove(imageIDs ...string) { s.stock.remove(imageIDs) }

// Images returns the images held, in the order they are listed. Lists in them
// are shared with the server and must not be changed.
func (s *Server) Images() []appstreaming.Image {
	entries := s.stock.snapshot()
	images := make([]appstreaming.Image, len(entries))
	for i, e := range entries {
		images[i] = e.image
	}
	return images
}
