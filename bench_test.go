package appstreaming_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"

	"github.com/wuying-go/appstreaming"
)

// pages serves a recorded page whatever is asked, of an inventory of that many
// pages; each page's first image has an identity of its own, as a listing's
// pages do. It does as little as it can, for it is measured too.
func pages(tb testing.TB, file string, count int) *httptest.Server {
	tb.Helper()
	page, err := os.ReadFile("testdata/conformance/pages/" + file)
	if err != nil {
		tb.Fatal(err)
	}
	page = bytes.Replace(page, []byte(`"Count":237`), []byte(fmt.Sprintf(`"Count":%d`, count*100)), 1)
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

func clientOf(tb testing.TB, service *httptest.Server, opts ...appstreaming.Option) *appstreaming.Client {
	tb.Helper()
	client, err := appstreaming.New("cn-shanghai", append([]appstreaming.Option{
		appstreaming.WithEndpoint(service.URL), appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI-bench", "secret-of-the-benchmark", "")),
	}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.CloseIdleConnections)
	return client
}

// BenchmarkListImage is one call over loopback, the server's share included.
func BenchmarkListImage(b *testing.B) {
	for _, file := range []string{"page-10.json", "page-100.json"} {
		b.Run(file, func(b *testing.B) {
			client := clientOf(b, pages(b, file, 1))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.ListImage(b.Context(), appstreaming.ListImageRequest{PageSize: 100}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkThousandPages lists 100,000 images over loopback, the server's share
// included.
func BenchmarkThousandPages(b *testing.B) {
	for _, prefetch := range []int{0, 8} {
		b.Run(fmt.Sprintf("prefetch=%d", prefetch), func(b *testing.B) {
			client := clientOf(b, pages(b, "page-100.json", 1000), appstreaming.WithPrefetch(prefetch))
			b.ReportAllocs()
			for b.Loop() {
				listed := 0
				for page, err := range client.Pages(b.Context(), appstreaming.ListImageRequest{}) {
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
