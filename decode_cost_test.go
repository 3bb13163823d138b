package appstreaming

import (
	"encoding/json"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/wuying-go/appstreaming/internal/wirejson"
)

// cost decodes body repeatedly and returns what each time allocates. The decoder
// is not one of the pool, which the race detector empties at random.
func cost(body []byte) (allocs float64, bytes uint64) {
	d := new(decoder)
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
	if limit := 6*100 + 2.0; allocs > limit { // two: the images, the request id
		t.Errorf("%v allocations for 100 images, want at most %v", allocs, limit)
	}
	if limit := uint64(len(body)); bytes > limit {
		t.Errorf("%d bytes allocated for a body of %d, want at most %d", bytes, len(body), limit)
	}
}

func TestScratchIsKeptUnlessItIsLarge(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, body string
		want       bool
	}{
		{"a page", string(readPage(t, "page-100.json")), true},
		{"many images", `{"Data":[{}` + strings.Repeat(`,{}`, 5000) + `]}`, false},
		{"much text", `{"Data":[{"ImageName":"` + strings.Repeat("x", 2<<20) + `"}]}`, false},
		{"many items", `{"Data":[{"TagList":[{}` + strings.Repeat(`,{}`, 100000) + `]}]}`, false},
	} {
		d := new(decoder)
		if _, _, err := d.decodePage([]byte(row.body)); err != nil {
			t.Fatal(err)
		}
		if got := d.scratch(); got <= maxScratch != row.want || got == 0 {
			t.Errorf("%s: %d bytes of scratch, want it kept: %t", row.name, got, row.want)
		}
	}
}

func TestDocumentedValuesTakeNoMemory(t *testing.T) {
	check := func(value string) {
		if got := knownWord([]byte(value)); got != value {
			t.Errorf("knownWord(%q) = %q", value, got)
		}
	}
	values(check, ImageStatus("").Values())
	values(check, ImageType("").Values())
	values(check, PackageType("").Values())
	values(check, OSType("").Values())
	values(check, ProductType("").Values())
	values(check, ProtocolType("").Values())
	values(check, Language("").Values())
	values(check, PlatformName("").Values())
	values(check, SessionType("").Values())
	values(check, ImageCreateMode("").Values())
	if got := knownWord([]byte("available")); got != "" {
		t.Errorf("knownWord of something else = %q", got)
	}
	raw := []byte(ImageStatusCreateFailed)
	if allocs := testing.AllocsPerRun(10, func() { knownWord(raw) }); allocs != 0 {
		t.Errorf("%v allocations for a known word", allocs)
	}
}

func values[T ~string](check func(string), all []T) {
	for _, value := range all {
		check(string(value))
	}
}

func TestScratchKeepsNothingAlive(t *testing.T) {
	t.Parallel()
	d := new(decoder)
	for _, name := range []string{"page-100.json", "page-10.json"} {
		if _, _, err := d.decodePage(readPage(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	d.clear()
	if !reflect.ValueOf(d.page).IsZero() || d.Peek() != wirejson.Missing {
		t.Error("the page or its text is still there")
	}
	checkEmpty(t, d.images)
	checkEmpty(t, d.languages)
	checkEmpty(t, d.features)
	checkEmpty(t, d.drivers)
	checkEmpty(t, d.apps)
	checkEmpty(t, d.tags)
	checkEmpty(t, d.regions)
	checkEmpty(t, d.distributions)
	checkEmpty(t, d.snapshots)
}

func checkEmpty[T any](t *testing.T, l list[T]) {
	t.Helper()
	for _, item := range l.items[:cap(l.items)] {
		if !reflect.ValueOf(item).IsZero() {
			t.Errorf("scratch still has %+v", item)
			return
		}
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
