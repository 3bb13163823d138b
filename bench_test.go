package appstreaming

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// pages serves a recorded page for every request, of an inventory of count
// pages. The first image of each page has an identity of its own. The service
// does as little as it can, because it is measured too.
func pages(tb testing.TB, file string, count int) *httptest.Server {
	tb.Helper()
	page := bytes.Replace(readPage(tb, file), []byte(`"Count":237`), []byte(fmt.Sprintf(`"Count":%d`, count*100)), 1)
	before, after, found := bytes.Cut(page, []byte(`"ImageId":"imgc-06zyt9m93zwa0000"`))
	if !found {
		tb.Fatal("the page has another first image")
	}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("PageNumber"))
		id := fmt.Appendf(nil, `"ImageId":"imgc-06zyt9m93zwa%04d"`, min(n, count))
		w.Header().Set("Content-Length", strconv.Itoa(len(before)+len(id)+len(after)))
		for _, part := range [][]byte{before, id, after} {
			w.Write(part)
		}
	}))
	tb.Cleanup(service.Close)
	return service
}

func benchClient(tb testing.TB, service *httptest.Server, opts ...Option) *Client {
	tb.Helper()
	client, err := New("cn-shanghai", append([]Option{
		WithEndpoint(service.URL), WithPlainHTTP(),
		WithCredentials(StaticCredentials("LTAI-bench", "secret-of-the-benchmark", "")),
	}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.CloseIdleConnections)
	return client
}

// BenchmarkListImage measures one call over loopback, including the service.
func BenchmarkListImage(b *testing.B) {
	for _, file := range []string{"page-10.json", "page-100.json"} {
		b.Run(file, func(b *testing.B) {
			client := benchClient(b, pages(b, file, 1))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.ListImage(b.Context(), ListImageRequest{PageSize: 100}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkThousandPages lists 100,000 images over loopback, including the
// service.
func BenchmarkThousandPages(b *testing.B) {
	for _, prefetch := range []int{0, 8} {
		b.Run(fmt.Sprintf("prefetch=%d", prefetch), func(b *testing.B) {
			client := benchClient(b, pages(b, "page-100.json", 1000), WithPrefetch(prefetch))
			b.ReportAllocs()
			for b.Loop() {
				listed := 0
				for page, err := range client.Pages(b.Context(), ListImageRequest{}) {
					if err != nil {
						b.Fatal(err)
					}
					listed += len(page.Images)
				}
				if listed != 100_000 {
					b.Fatalf("%d images", listed)
				}
			}
		})
	}
}

// answeredWith returns a transport that always answers with the same page.
func answeredWith(body string) TransportFunc {
	return func(*http.Request) (*http.Response, error) { return respond(200, nil, body), nil }
}

const emptyPage = `{"Success":true,"Code":"200","Message":"success","RequestId":"R","Count":0,"PageNumber":1,"PageSize":10,"Data":[]}`

func TestACallStaysWithinItsAllocations(t *testing.T) {
	if UnderRaceDetector() {
		t.Skip("sync.Pool drops items at random under the race detector")
	}
	hc := answeredWith(emptyPage).Client()
	client, err := New("cn-shanghai", WithHTTPClient(hc), WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	req := typicalRequest()
	ctx := context.Background()
	// Twelve of them are those of http.Client.Do and of the transport here.
	if got := testing.AllocsPerRun(200, func() { client.ListImage(ctx, req) }); got > 72 {
		t.Errorf("a call allocates %v times, want at most 72", got)
	}
}

// BenchmarkCallOverhead compares a call with the bare http.Client.Do of a signed
// request, both answered at once with an empty page. The difference is the cost
// of building, signing, the attempt loop, credentials, hooks, and decoding an
// empty page.
func BenchmarkCallOverhead(b *testing.B) {
	hc := answeredWith(emptyPage).Client()
	client, err := New("cn-shanghai", WithHTTPClient(hc), WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")))
	if err != nil {
		b.Fatal(err)
	}
	req := typicalRequest()
	b.Run("bare Do", func(b *testing.B) {
		cfg, s := typicalConfig(SignatureACS3)
		signed, _ := signed(b, &cfg, &req, s)
		b.ReportAllocs()
		for b.Loop() {
			resp, err := hc.Do(signed)
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
	b.Run("ListImage", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.ListImage(context.Background(), req); err != nil {
				b.Fatal(err)
			}
		}
	})
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

// BenchmarkEncodingJSONPage100 measures a plain decode into the same structs.
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

func BenchmarkMarshalPage100(b *testing.B) {
	page, _ := mustDecode(b, string(readPage(b, "page-100.json")))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := page.MarshalJSON(); err != nil {
			b.Fatal(err)
		}
	}
}
