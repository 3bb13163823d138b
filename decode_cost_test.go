package appstreaming

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
)

// cost decodes body repeatedly and returns what each time allocates. The decoder
// is not one of the pool, which the race detector empties at random.
func cost(body []byte) (allocs float64, bytes uint64) {
	d := decoders.New().(*decoder)
	decode := func() { d.decodePage(body); d.clear() }
	decode() // makes the scratch
	const runs = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	allocs = testing.AllocsPerRun(runs-1, decode) // and once to warm up
	runtime.ReadMemStats(&after)
	return allocs, (after.TotalAlloc - before.TotalAlloc) / runs
}

func TestAnImageCostsSixAllocationsAndNoMoreThanItsShareOfTheBody(t *testing.T) {
	body := readPage(t, "page-100.json")
	allocs, bytes := cost(body)
	if limit := 6*100 + 3.0; allocs > limit { // three: the images, the text before and after Data
		t.Errorf("%v allocations for 100 images, want at most %v", allocs, limit)
	}
	if limit := uint64(len(body)) * 21 / 20; bytes > limit {
		t.Errorf("%d bytes allocated for a body of %d, want at most %d", bytes, len(body), limit)
	}
}

// heap returns how many bytes are reachable.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one only ages the pools
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestKeepingAnImageKeepsNotThePagesText(t *testing.T) {
	body := []byte(`{"Message":"` + strings.Repeat("x", 4<<20) + `","Data":[{"ImageId":"a"}]}`)
	before := heap()
	page, _, err := decodePage(body)
	if err != nil {
		t.Fatal(err)
	}
	image := page.Images[0]
	if kept := int64(heap() - before); kept > 1<<20 {
		t.Errorf("%d bytes kept for one image", kept)
	}
	runtime.KeepAlive(image)
	runtime.KeepAlive(body)
}

func TestKeepingAnImageKeepsNotItsPage(t *testing.T) {
	body := readPage(t, "page-100.json")
	const pages = 200
	kept := make([]Image, 0, pages)
	before := heap()
	for i := range pages {
		page, _, err := decodePage(body)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, page.Images[i%len(page.Images)])
	}
	perImage := (heap() - before) / pages
	t.Logf("%d bytes kept per image", perImage)
	if perImage < 500 || perImage > 4<<10 {
		t.Errorf("%d bytes kept per image, want about 2 KiB; a page is %d", perImage, len(body))
	}
	runtime.KeepAlive(kept)
	runtime.KeepAlive(body)
}

func BenchmarkDecodePage10(b *testing.B)  { benchmarkDecodePage(b, "page-10.json") }
func BenchmarkDecodePage100(b *testing.B) { benchmarkDecodePage(b, "page-100.json") }

func benchmarkDecodePage(b *testing.B, name string) {
	body := readPage(b, name)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decodePage(body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodingJSONPage100 is what a plain decode into the same structs
// costs.
func BenchmarkEncodingJSONPage100(b *testing.B) {
	type fields Image // without UnmarshalJSON
	type image struct {
		fields
		Platform json.Number
	}
	type page struct {
		RequestID                   string `json:"RequestId"`
		Code, Message               string
		Success                     bool
		Images                      []image `json:"Data"`
		PageNumber, PageSize, Count int
	}
	body := readPage(b, "page-100.json")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var p page
		if err := json.Unmarshal(body, &p); err != nil {
			b.Fatal(err)
		}
	}
}
