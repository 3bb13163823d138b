package appstreaming

import (
	"fmt"
	"hash/maphash"
	"math"
)

// maxShifted bounds the pages of a listing that may repeat an earlier page when
// Count has grown by fewer images than the page holds.
const maxShifted = 4

// pass decides what each page of a listing means. It sees the pages in the order
// of their numbers, with and without prefetch, so every kind of listing makes the
// same decisions. It does no I/O.
//
// It does not trust the service. It learns the number of images on a page from
// the pages, and Count may be absent, too high, too low or absurd.
type pass struct {
	first int // number of the first page
	asked int // PageSize of the requests
	hash  hasher

	earlier []int // images on the pages before first, nearest first, as far as known

	next    int  // number of the page to judge
	full    int  // images on a full page
	size    int  // images on each page before this one, for page arithmetic
	count   int  // latest Count; 0 when unknown
	highest int  // highest Count
	pages   int  // pages delivered
	kept    int  // images delivered
	last    int  // images on the latest page
	largest int  // images on the largest page
	uniform bool // all pages hold the same number of images
	uneven  bool // a page held fewer images than others, and was not the last one
	ended   bool
	renames bool // the service names another number for good pages
	shifted int  // pages that repeat an earlier one, because images were created

	seen     map[digest]int // Count at the time of each page
	versions versionWatch
}

// verdict is the meaning of a page.
type verdict int

const (
	deliver    verdict = iota
	askAgain           // it should hold new images: request it again
	askBefore          // a resumed listing needs the page before its first one
	endOfPages         // it holds nothing new, and that is the end
	incomplete         // images are missing
	pageLoop           // it repeats an earlier page
)

func newPass(first, asked int, hash hasher) *pass {
	return &pass{
		first: first, asked: asked, hash: hash,
		next: first, full: asked, size: asked, uniform: true,
		seen: make(map[digest]int), versions: versionWatch{seed: maphash.MakeSeed()},
	}
}

// judge decides what a response for page number next means. Only deliver and
// endOfPages change the pass, so a page can be requested again at any time. The
// caller sets again if the response is of a repeated request.
func (p *pass) judge(page *ListImageResponse, again bool) verdict {
	count, images := p.count, len(page.Images)
	if page.Count > 0 {
		count = page.Count
	}
	full, size := p.full, p.size
	if p.pages == 0 {
		full = p.asked
		if page.PageSize > 0 && page.PageSize < p.asked {
			full = page.PageSize
		}
		size = full
		if images > 0 && count > 0 && images != min(size, count-times(p.next-1, size)) {
			size = images // a limit that the service does not report
		}
	}
	full = max(full, images)

	short, compared := p.short(full) // whether the page before was the last one
	delivered := plus(times(p.first-1, size), p.kept)
	promised := count > delivered // Count promises images on this page
	expected := promised && !short
	unknown := count == 0 && !short && (p.pages > 0 || p.first > 1)

	key := p.digest(page.Images)
	counted, known := p.seen[key]
	grown := count - counted
	// Created images shift a page to the next number. That raises Count by as
	// many images as a page holds, or by fewer when others are deleted.
	repeats := images > 0 && known && (grown <= 0 || grown < images && p.shifted >= maxShifted)
	misnamed := !p.renames && page.PageNumber != 0 && page.PageNumber != p.next
	// More images than Count says, all on one full page: PageNumber may be
	// ignored.
	stuck := repeats && p.pages == 1 && !short && 0 < count && count < delivered
	// Count may lag behind images that were deleted.
	missing := count - delivered
	shrunk := count < p.highest && (missing < full || missing <= p.highest-count)

	ought := expected || promised && compared < 2 || unknown || stuck
	switch {
	case !again && ought && (images == 0 || repeats || misnamed):
		return askAgain
	case promised && images == 0 && (compared == 0 || compared == 1 && short) && len(p.earlier) < p.first-1:
		return askBefore
	case repeats && ought:
		return pageLoop
	case images == 0 && expected && !shrunk:
		return incomplete
	case images == 0 || repeats:
		p.count, p.ended = count, true
		return endOfPages
	}

	p.renames = p.renames || misnamed && again
	p.largest = max(p.largest, images)
	// A last page that is followed by another one, because images were created,
	// says nothing about the limit.
	p.uneven = p.uneven || p.pages > 0 && p.last < p.largest && count == p.count
	p.full, p.size, p.count, p.highest = full, size, count, max(p.highest, count)
	p.uniform = p.uniform && (p.pages == 0 || images == p.last)
	p.pages, p.last, p.kept = p.pages+1, images, plus(p.kept, images)
	if !known {
		p.seen[key] = count
	} else if grown < images {
		p.shifted++
	}
	p.versions.see(page.Images)
	p.ended = p.complete(page)
	if p.next == math.MaxInt {
		p.ended = true
	} else {
		p.next++
	}
	return deliver
}

// short reports whether the latest page was the last one, because it is not
// full. A page may also be small because the service limits pages without
// reporting it. Then all pages have the same size. The result is certain if at
// least two pages were compared.
func (p *pass) short(full int) (short bool, compared int) {
	last, pages, uniform := p.last, p.pages, p.uniform
	for _, images := range p.earlier {
		if pages == 0 {
			last = images
		}
		uniform = uniform && images == last
		pages++
	}
	return pages > 0 && last < full && !(pages > 1 && uniform), pages
}

// before returns the number of the page that askBefore asks for.
func (p *pass) before() int { return p.first - 1 - len(p.earlier) }

// inform records the number of images on the page before().
func (p *pass) inform(images int) { p.earlier = append(p.earlier, images) }

// complete reports whether the page just delivered is the last one.
func (p *pass) complete(page *ListImageResponse) bool {
	if p.count == 0 {
		// A double that does not page, with fewer images than a page holds.
		return p.last < p.size && page.PageNumber == 0 && page.PageSize == 0
	}
	delivered := plus(times(p.first-1, p.size), p.kept)
	if delivered != p.count || delivered == math.MaxInt || times(p.next, p.size) < p.count {
		return false
	}
	if p.first > 1 && p.pages == 1 {
		return false // one page in the middle does not show how large pages are
	}
	if p.uneven {
		return false // the service has changed its limit: pages overlap, or leave a gap
	}
	// If versions are listed, Count may count images: a full page proves
	// nothing.
	return !p.versions.found || p.last < p.full
}

// renew records how many images the latest page holds now. It was fetched ahead,
// and may have been short then.
func (p *pass) renew(images int) {
	p.kept = plus(p.kept-p.last, images)
	p.last, p.full, p.largest = images, max(p.full, images), max(p.largest, images)
}

// reopen makes the pass go on to a page without new images, because its end is in
// doubt.
func (p *pass) reopen() { p.ended, p.uneven = false, true }

// promises returns the number of the last page that Count promises.
func (p *pass) promises() int {
	if p.count == 0 {
		return 0
	}
	return (p.count-1)/p.size + 1
}

// digest returns the digest of a page, in any order of its images.
func (p *pass) digest(images []Image) digest {
	var sum digest
	for i := range images {
		id, _ := p.hash.identity(&images[i])
		sum.add(id)
	}
	return sum
}

// versionWatch detects whether several versions of an image are listed. It
// compares the images of a page with each other and with the page before.
type versionWatch struct {
	found         bool
	seed          maphash.Seed
	current, past map[uint64]uint64 // hashes of VersionID by ImageID
}

func (w *versionWatch) see(images []Image) {
	if w.found {
		return
	}
	w.current, w.past = w.past, w.current
	if w.current == nil {
		w.current = make(map[uint64]uint64, len(images))
	}
	clear(w.current)
	for i := range images {
		if images[i].ImageID == "" {
			continue
		}
		image, version := maphash.String(w.seed, images[i].ImageID), maphash.String(w.seed, images[i].VersionID)
		for _, known := range []map[uint64]uint64{w.current, w.past} {
			if other, ok := known[image]; ok && other != version {
				*w = versionWatch{found: true}
				return
			}
		}
		w.current[image] = version
	}
}

// times and plus do not overflow: they stop at the largest int. Their arguments
// are not negative.
func times(a, b int) int {
	if b > 0 && a > math.MaxInt/b {
		return math.MaxInt
	}
	return a * b
}

func plus(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

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
