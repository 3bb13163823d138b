package appstreamingtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
)

// filled sets every field of a value, lists and maps included.
func filled(v reflect.Value, n int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("v%d", n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Uint8:
		v.SetUint('1')
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		filled(v.Index(0), n)
		filled(v.Index(1), n+1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		item := reflect.New(v.Type().Elem()).Elem()
		filled(item, n)
		v.SetMapIndex(reflect.ValueOf("Extra1").Convert(v.Type().Key()), item)
	case reflect.Struct:
		for i := range v.NumField() {
			filled(v.Field(i), n+i)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), n)
	}
}

// scrambled overwrites everything that a value refers to.
func scrambled(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			scrambled(v.Index(i))
			v.Index(i).SetZero()
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			scrambled(v.MapIndex(key))
			v.SetMapIndex(key, reflect.Value{})
		}
	case reflect.Struct:
		for i := range v.NumField() {
			scrambled(v.Field(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			v.Elem().SetZero()
		}
	}
}

// Every way in and out copies, including fields that are added later.
func TestImagesAreCopiedWholly(t *testing.T) {
	t.Parallel()
	var image appstreaming.Image
	filled(reflect.ValueOf(&image).Elem(), 1)
	var want appstreaming.Image
	filled(reflect.ValueOf(&want).Elem(), 1)

	given := image
	s := New(given)
	defer s.Close()
	scrambled(reflect.ValueOf(&given).Elem())
	if diff := cmp.Diff([]appstreaming.Image{want}, s.Images()); diff != "" {
		t.Errorf("changed by the caller of New (-want +got):\n%s", diff)
	}
	scrambled(reflect.ValueOf(&s.Images()[0]).Elem())
	if diff := cmp.Diff([]appstreaming.Image{want}, s.Images()); diff != "" {
		t.Errorf("changed by the caller of Images (-want +got):\n%s", diff)
	}
}

func TestFaultsAndListingsAreCopiedWholly(t *testing.T) {
	t.Parallel()
	s := quietServer(t)
	fault := Fault{
		Code: "X", AccessDenied: &appstreaming.AccessDeniedDetail{AuthAction: "a"}, Header: http.Header{"X-Test": {"1"}},
		Members:      map[string]json.RawMessage{"New": json.RawMessage(`"member"`)},
		ImageMembers: map[string]json.RawMessage{"New": json.RawMessage(`"member"`)},
	}
	s.Fail(1, fault)
	scrambled(reflect.ValueOf(&fault).Elem())
	got := send(s, newDraft().acs3())
	body := decoded(t, got)
	denied, _ := body["AccessDeniedDetail"].(map[string]any)
	if got.Header().Get("X-Test") != "1" || body["New"] != "member" || denied["AuthAction"] != "a" {
		t.Errorf("got %v %v", got.Header(), body)
	}

	count := 7
	listing := Listing{EmptyPages: []int{1}, Count: &count}
	s.SetListing(listing)
	listing.EmptyPages[0], count = 2, 8
	if body := decoded(t, send(s, newDraft().acs3())); body["Count"] != float64(7) {
		t.Errorf("got %v", body)
	}
}

// Bodies with which a service or a proxy may answer, status 200.
func TestAnyBodyCanBeAnswered(t *testing.T) {
	t.Parallel()
	s := NewServer(t, SampleImages(3)...)
	for _, body := range []string{
		`{"code":"Throttling.User","message":"slow down","success":false}`, `{}`, `{"hello":"world"}`,
		`{"errorCode":"X","errorMsg":"y"}`, `{"error":{"code":"X","message":"y"}}`,
		`{"Success":true,"Code":"Throttling.User","Data":null}`, `{"Code":"00000","Data":[]}`, `{"Code":"successful","Data":[]}`,
		`{"Code":"Throttling.User","Data":[]}`, `{"success":false,"Data":[]}`, "", "\xff\x00",
	} {
		s.Fail(1, Fault{Status: 200, Body: body})
		if got := call(t, s); got.resp.StatusCode != 200 || string(got.body) != body {
			t.Errorf("%q: got %d %q", body, got.resp.StatusCode, got.body)
		}
	}

	s.Fail(1, Fault{Rewrite: func(page []byte) []byte { return append(append([]byte(`{"body":`), page...), '}') }})
	var wrapped struct {
		Body struct{ Data []json.RawMessage } `json:"body"`
	}
	if err := json.Unmarshal(call(t, s).body, &wrapped); err != nil || len(wrapped.Body.Data) != 3 {
		t.Errorf("a wrapped page: %v, %v", wrapped, err)
	}
	s.Fail(1, Fault{Code: "X", Rewrite: func(refusal []byte) []byte { return refusal[:10] }})
	if got := call(t, s); len(got.body) != 10 || got.resp.StatusCode != 400 {
		t.Errorf("a cut refusal: %d %q", got.resp.StatusCode, got.body)
	}
}

func TestPagesCanBeCappedSilently(t *testing.T) {
	t.Parallel()
	s := NewServer(t, SampleImages(120)...)
	s.SetListing(Listing{SilentPageSize: 50})
	client := s.Client()
	seen := make(map[string]bool)
	for page, want := range []int{50, 50, 20, 0} {
		got, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{PageNumber: page + 1, PageSize: 100})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Images) != want || got.PageSize != 100 || got.Count != 120 {
			t.Errorf("page %d: %d images, PageSize %d, Count %d", page+1, len(got.Images), got.PageSize, got.Count)
		}
		for _, image := range got.Images {
			seen[image.ImageID] = true
		}
	}
	if len(seen) != 120 {
		t.Errorf("%d images seen, want 120", len(seen))
	}
}

func TestListsOfMoreThan100ItemsAreRefused(t *testing.T) {
	t.Parallel()
	for _, list := range listParams {
		for items, code := range map[int]string{100: "", 101: "InvalidParameter." + list} {
			d := newDraft()
			for i := range items {
				name := fmt.Sprintf("%s.%d", list, i+1)
				if list == "TagList" {
					name += ".Key"
				}
				d.form.Set(name, "1")
			}
			status := 200
			if code != "" {
				status = 400
			}
			body := decoded(t, send(quietServer(t), d.acs3()))
			if got := body["Code"]; status == 200 && got != "200" || status != 200 && got != code {
				t.Errorf("%d %s: code %v", items, list, got)
			}
		}
	}
}

func TestUnsignedRequestsAreRefusedInTheGatewaysWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		query  string
		header http.Header
		code   string
	}{
		{"", nil, "MissingTimestamp"},
		{"Action=ListImage&Version=2021-09-01&Format=JSON", nil, "MissingTimestamp"},
		{"Action=ListImage&Version=2021-09-01&Format=JSON&Timestamp=2026-05-01T12:00:00Z", nil, "MissingAccessKeyId"},
		{"", http.Header{"X-Acs-Action": {"ListImage"}}, "MissingTimestamp"},
		{"", http.Header{"X-Acs-Action": {"ListImage"}, "X-Acs-Date": {"2026-05-01T12:00:00Z"}}, "MissingAccessKeyId"},
		{"Action=ListImage&Format=JSON&AccessKeyId=x", nil, "MissingTimestamp"},
		{"Action=ListImage&Version=2021-09-01&Format=JSON&Timestamp=2026-05-01T12:00:00Z&AccessKeyId=x", nil, "MissingSignatureNonce"},
	} {
		s := quietServer(t)
		r, err := http.NewRequest(http.MethodGet, "http://example.com/?"+test.query, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(r.Header, test.header)
		body := decoded(t, send(s, r))
		name := test.code[len("Missing"):]
		if body["Code"] != test.code || body["Message"] != name+" is mandatory for this action." {
			t.Errorf("%q %v: got %v, want %s", test.query, test.header, body, test.code)
		}
		if s.Requests()[0].Scheme != "" && test.query == "" {
			t.Errorf("%q: scheme %s", test.query, s.Requests()[0].Scheme)
		}
	}
}

func TestTheNonceBookIsBounded(t *testing.T) {
	t.Parallel()
	var book nonceBook
	now := time.Now()
	for i := range 3 * maxNonces {
		if !book.use(fmt.Sprint(i), now) {
			t.Fatalf("nonce %d was used before", i)
		}
	}
	if held := len(book.recent) + len(book.older); held > 2*maxNonces {
		t.Errorf("%d nonces are held, want at most %d", held, 2*maxNonces)
	}
	for i := 2*maxNonces + 1; i < 3*maxNonces; i += 999 { // the latest generation
		if book.use(fmt.Sprint(i), now) {
			t.Fatalf("nonce %d is forgotten", i)
		}
	}
}

// heap returns the bytes in use. The test that calls it runs alone.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// The limits are for a quiet machine; the time has a margin for a busy one.
func TestAHundredThousandImagesStartQuicklyAndTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const count = 100_000
	images := SampleImages(count)
	before := heap()
	start := time.Now()
	s := New(images...)
	defer s.Close()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("New took %v, want at most 5s", took)
	}
	// List a part that is larger than all caches.
	client := s.Client()
	for page := 1; page <= 120; page++ {
		got, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{PageNumber: page * 8, PageSize: 100})
		if err != nil || len(got.Images) != 100 || got.Count != count {
			t.Fatalf("page %d: %v, %v", page*8, got, err)
		}
	}
	cached := 0
	for _, generation := range []map[*entry][]byte{s.stock.wire.recent, s.stock.wire.older} {
		for _, encoded := range generation {
			cached += len(encoded)
		}
	}
	if cached < maxWireBytes || cached > 2*maxWireBytes {
		t.Errorf("%d bytes of JSON are cached, want from %d to %d", cached, maxWireBytes, 2*maxWireBytes)
	}
	if held := heap() - before; held > 300<<20 {
		t.Errorf("the server holds %d MB, want at most 300", held>>20)
	} else {
		t.Logf("the server holds %d MB", held>>20)
	}
	runtime.KeepAlive(images)
}
