package appstreaming

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// allocated returns the allocations of f, and their bytes, on average.
func allocated(runs int, f func()) (allocs, size uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.Mallocs - before.Mallocs) / uint64(runs), (after.TotalAlloc - before.TotalAlloc) / uint64(runs)
}

// decoding returns a function that decodes body with a decoder of its own. The
// race detector empties the pool at random.
func decoding(body []byte) func() {
	d := decoders.New().(*decoder)
	decode := func() { d.decodePage(body); d.clear() }
	decode() // makes the scratch memory
	return decode
}

// strangeWords replaces all texts of a page by others of the same length.
func strangeWords(value any) any {
	switch value := value.(type) {
	case string:
		return strings.Map(func(r rune) rune {
			switch {
			case 'a' <= r && r <= 'z':
				return 'a' + (r-'a'+13)%26
			case 'A' <= r && r <= 'Z':
				return 'A' + (r-'A'+13)%26
			}
			return r
		}, value)
	case []any:
		for i := range value {
			value[i] = strangeWords(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = strangeWords(value[name])
		}
	}
	return value
}

func TestAnImageCostsSixAllocationsAndNoMoreThanItsShareOfTheBody(t *testing.T) {
	pages := map[string][]byte{}
	for _, name := range []string{"page-10.json", "page-100.json"} {
		body := readPage(t, name)
		pages[name] = body
		strange, err := json.Marshal(strangeWords(jsonValue(t, body)))
		if err != nil || bytes.Contains(strange, []byte(ImageStatusAvailable)) {
			t.Fatalf("%s: error %v, or words that are documented", name, err)
		}
		pages[name+" with words that nobody knows"] = strange
	}
	for name, body := range pages {
		page, _ := mustDecode(t, string(body))
		allocs, size := allocated(20, decoding(body))
		// The others: the images, and the text of the page before and after Data.
		if limit := uint64(6*len(page.Images) + 3); allocs > limit {
			t.Errorf("%s: %d allocations, want at most %d", name, allocs, limit)
		}
		if limit := uint64(len(body)) * 23 / 20; size > limit {
			t.Errorf("%s: %d bytes allocated for a body of %d, want at most %d", name, size, len(body), limit)
		}
	}
}

// hostileBodies returns bodies of about size bytes that are made to take much
// memory.
func hostileBodies(size int) map[string][]byte {
	bodies := map[string][]byte{}
	// add repeats item between a beginning and an end.
	add := func(name, begin, item, end string) {
		n := (size - len(begin) - len(end)) / len(item)
		body := begin + strings.Repeat(item, n)
		bodies[name] = []byte(strings.TrimSuffix(body, ",") + end)
	}
	image := reflect.TypeFor[Image]()
	for i := range image.NumField() {
		name := image.Field(i).Tag.Get("json")
		if image.Field(i).Type.Kind() != reflect.Slice {
			continue
		}
		for _, item := range []string{`{}`, `1`, `"a"`, `{"a":1}`, `{"AppId":{},"Key":{},"ImageId":{},"Size":{}}`} {
			add(name+" of "+item, `{"Data":[{"`+name+`":[`, item+`,`, `]}]}`)
		}
		add(name+" in many images", `{"Data":[`, `{"`+name+`":[{}]},`, `]}`)
		add("long "+name+" in many images", `{"Data":[`, `{"`+name+`":[`+strings.Repeat(`{},`, 8)+`{}]},`, `]}`)
		add(name+" again and again", `{"Data":[{`, `"`+name+`":[`+strings.Repeat(`{},`, 8)+`{}],`, `}]}`)
	}
	add("empty images", `{"Data":[`, `{},`, `]}`)
	add("images with an unknown member", `{"Data":[`, `{"a":1},`, `]}`)
	add("images of other types", `{"Data":[`, `0,`, `]}`)
	add("Data again and again", `{`, `"Data":[`+strings.Repeat(`{},`, 100)+`{}],`, `}`)
	add("an unknown member again and again", `{"Data":[{`, `"a":1,`, `}]}`)
	add("a value that does not fit, and one that does", `{"Data":[{`, `"ImageId":{},"ImageId":1,`, `}]}`)
	add("text again and again", `{"Data":[{`, `"ImageName":"a",`, `}]}`)
	add("names with escapes", `{"Data":[{`, `"\n":1,`, `}]}`)
	add("names with escapes that are skipped", `{"a":[{`, `"\n":1,`, `}]}`)
	add("text with escapes", `{"Data":[{"ImageName":"`, `\n`, `"}]}`)
	add("integer with escapes", `{"Data":[{"AliUid":"`, `\n`, `"}]}`)
	add("integer with many digits", `{"Data":[{"AliUid":`, `1`, `}]}`)
	add("number as text", `{"Data":[{"ImageName":`, `1`, `}]}`)
	add("boolean as text", `{"Data":[{`, `"OnlineVersion":"TRUE",`, `}]}`)
	add("deep nesting", `{"a":[`, strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`,`, `]}`)
	add("a long name before a fault", `{"`, `x`, `":x}`)
	for name, ends := range map[string][2]string{
		"many unknown members of the page": {`{`, `}`},
		"many unknown members of an image": {`{"Data":[{`, `}]}`},
		"many unknown members of an app":   {`{"Data":[{"AppList":[{`, `}]}]}`},
	} {
		var body bytes.Buffer
		body.WriteString(ends[0])
		for i := 0; body.Len() < size; i++ {
			fmt.Fprintf(&body, `"%x":1,`, i)
		}
		body.WriteString(`"z":1` + ends[1])
		bodies[name] = body.Bytes()
	}
	return bodies
}

func TestNoBodyTakesMuchMoreMemoryThanItsSize(t *testing.T) {
	images := uint64(maxImages) * uint64(reflect.TypeFor[Image]().Size())
	bodies := hostileBodies(256 << 10)
	bodies["4 MiB of snapshots"] = []byte(`{"Data":[{"SnapshotList":[{}` + strings.Repeat(`,{}`, 4<<20/3) + `]}]}`)
	d := decoders.New().(*decoder)
	before := heap()
	for name, body := range bodies {
		_, size := allocated(1, func() { d.decodePage(body) })
		if limit := 10*uint64(len(body)) + images; size > limit {
			t.Errorf("%s: %d bytes allocated for %d, want at most %d", name, size, len(body), limit)
		}
	}
	d.clear()
	clear(bodies)
	if kept := int64(heap()) - int64(before); kept > 256<<10 {
		t.Errorf("a decoder in the pool keeps %d bytes", kept)
	}
	runtime.KeepAlive(d)
}

// Masking reads bodies too, and escapes are where it has work to do.
func TestNoResponseTakesMuchMoreMemoryThanItsSize(t *testing.T) {
	for _, escape := range []string{`\n`, `\"`, `\\`, `\u0041`, `%41`, `&amp;`} {
		for _, member := range []string{"New", "Message", "Code", "RequestId"} {
			text := strings.Repeat(escape, 256<<10/len(escape))
			body := `{"Success":true,"Data":[],"` + member + `":"` + text + `"}`
			client, err := New("cn-shanghai", WithHTTPClient(answeredWith(body).Client()), WithRetry(RetryPolicy{MaxAttempts: 1}),
				WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")))
			if err != nil {
				t.Fatal(err)
			}
			_, size := allocated(1, func() { client.ListImage(t.Context(), ListImageRequest{}) })
			if limit := uint64(10 * len(body)); size > limit {
				t.Errorf("%s of %s: %d bytes allocated for %d, want at most %d", member, escape, size, len(body), limit)
			}
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

func TestKeepingATextKeepsLittleElse(t *testing.T) {
	long := strings.Repeat("x", 4<<20)
	drivers := strings.Repeat(`"a driver of an image",`, 50000)
	for name, body := range map[string]string{
		"text of the page":            `{"Message":"` + long + `","Data":[{"ImageId":"a"}]}`,
		"text of the image":           `{"Data":[{"ImageId":"a","Description":"` + long + `"}]}`,
		"text of the image, escaped":  `{"Data":[{"ImageId":"a","Description":"\n` + long + `"}]}`,
		"text of the items of a list": `{"Data":[{"ImageId":"a","DriverList":[` + drivers + `""]}]}`,
		"text of another image":       `{"Data":[{"ImageId":"a"},{"ImageName":"` + long + `"}]}`,
		"Extra":                       `{"Data":[{"ImageId":"a","New":"` + long + `"}]}`,
	} {
		before := heap()
		page, _ := mustDecode(t, body)
		id := page.Images[0].ImageID
		if kept := int64(heap()) - int64(before); kept > 64<<10 {
			t.Errorf("%s: %d bytes kept for one identifier", name, kept)
		}
		runtime.KeepAlive(id)
		runtime.KeepAlive(body)
	}
}

func TestKeepingAnImageKeepsNotItsPage(t *testing.T) {
	body := readPage(t, "page-100.json")
	const pages = 50
	kept := make([]Image, 0, pages)
	before := heap()
	for i := range pages {
		page, _ := mustDecode(t, string(body))
		kept = append(kept, page.Images[i%len(page.Images)])
	}
	perImage := (heap() - before) / pages
	if perImage < 500 || perImage > 4<<10 {
		t.Errorf("%d bytes kept per image, want about 2 KiB; a page is %d", perImage, len(body))
	}
	runtime.KeepAlive(kept)
	runtime.KeepAlive(body)
}

// The memory that a response's body is read into is reused.
func TestRawIsNotOverwrittenByLaterCalls(t *testing.T) {
	t.Parallel()
	calls := 0
	answer := TransportFunc(func(*http.Request) (*http.Response, error) {
		calls++
		return respond(200, nil, fmt.Sprintf(`{"Success":true,"Data":[],"RequestId":"%04d"}`, calls)), nil
	})
	client, err := New("cn-shanghai", WithHTTPClient(answer.Client()), WithRawResponse(),
		WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	var pages []*ListImageResponse
	for range 20 {
		page, err := client.ListImage(t.Context(), ListImageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	for _, page := range pages {
		if !strings.Contains(string(page.Raw), page.RequestID) {
			t.Errorf("Raw of %s is %s", page.RequestID, page.Raw)
		}
	}
}
