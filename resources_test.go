package appstreaming_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const mebibyte = 1 << 20

// peakHeap runs f and returns by how much the heap's objects, garbage among
// them, grew at most, as sampled every millisecond.
func peakHeap(f func()) int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	heap := func() int64 {
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	runtime.GC()
	runtime.GC() // the first one only ages the pools
	before := heap()
	peak, stop, done := before, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, heap())
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	f()
	close(stop)
	<-done
	return peak - before
}

// These tests measure the heap of the whole process, so they do not run in
// parallel.

func TestListingAHundredThousandImagesTakesBoundedMemory(t *testing.T) {
	count := 100_000
	if appstreaming.UnderRaceDetector() {
		count = 10_000 // memory is not measured well there, and everything takes ten times as long
	}
	// A window of four pages with their bodies is 2 MB and 100,000 digests are
	// 4 MB, of which a growing map has twice or three times as much; the rest is
	// garbage on its way.
	const bound = 32 * mebibyte
	client := clientOf(t, manyImages(t, count), appstreaming.WithMaxResponseBytes(mebibyte), appstreaming.WithPrefetch(4))
	listed := 0
	peak := peakHeap(func() {
		for image, err := range client.Images(t.Context(), appstreaming.ListImageRequest{}) {
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("imgc-%06d", listed); image.ImageID != want {
				t.Fatalf("image %d is %s, want %s", listed, image.ImageID, want)
			}
			listed++
		}
	})
	t.Logf("%d images, the heap grew by %.1f MB at most", listed, float64(peak)/mebibyte)
	if listed != count || peak > bound {
		t.Errorf("%d images with %d bytes of heap, want %d with at most %d", listed, peak, count, int64(bound))
	}
}

// manyImages serves images of about a kilobyte each, which it holds in no
// memory of its own: that would blur the measure.
func manyImages(t *testing.T, count int) *httptest.Server {
	before := []byte(`{"ImageId":"imgc-`)
	after := []byte(`","VersionId":"iv-1","LatestVersionId":"iv-1","ImageName":"设计云镜像",` +
		`"Status":"AVAILABLE","ImageType":"User","OsType":"Windows",` +
		`"Description":"` + strings.Repeat("a word or two ", 40) + `","GmtModified":"2025-04-25 15:13:57","FeatureList":["GPU","Builder"],` +
		`"TagList":[{"Key":"env","Value":"test"},{"Key":"team","Value":"design"}],"ImageRegionList":["cn-shanghai","cn-hangzhou"]}`)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.Atoi(r.FormValue("PageNumber"))
		id := make([]byte, 0, 20)
		fmt.Fprintf(w, `{"Success":true,"Code":"200","RequestId":"R","PageNumber":%d,"PageSize":100,"Count":%d,"Data":[`, number, count)
		for n := range 100 {
			if n > 0 {
				_, _ = w.Write([]byte{','})
			}
			id = strconv.AppendInt(id[:0], int64(1_000_000+(number-1)*100+n), 10)
			_, _ = w.Write(before)
			_, _ = w.Write(id[1:])
			_, _ = w.Write(after)
		}
		_, _ = w.Write([]byte("]}"))
	}))
	t.Cleanup(service.Close)
	return service
}

func TestBodiesOverTheLimitCostLittleMoreThanTheLimit(t *testing.T) {
	const limit, more = 8 * mebibyte, 6 * mebibyte
	for name, fault := range map[string]appstreamingtest.Fault{
		"200 MB":                 {Padding: 200 * mebibyte, Chunked: true},
		"200 MB, announced":      {Padding: 200 * mebibyte},
		"200 MB, compressed":     {Padding: 200 * mebibyte, Gzip: true},
		"200 MB of an error":     {Padding: 200 * mebibyte, Chunked: true, Code: appstreaming.CodeInvalidBizType},
		"a compressed error too": {Padding: 200 * mebibyte, Gzip: true, Code: appstreaming.CodeInvalidBizType},
	} {
		service := appstreamingtest.NewServer(t)
		service.Fail(-1, fault)
		client := service.Client(appstreaming.WithMaxResponseBytes(limit))
		peak := peakHeap(func() {
			_, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
			var apiErr *appstreaming.APIError
			if want := fault.Code != ""; errors.As(err, &apiErr) != want || errors.Is(err, appstreaming.ErrResponseTooLarge) == want {
				t.Errorf("%s: got %v", name, err)
			}
		})
		t.Logf("%s: the heap grew by %.1f MB at most", name, float64(peak)/mebibyte)
		if peak > limit+more {
			t.Errorf("%s: the heap grew by %d bytes, want at most %d", name, peak, int64(limit+more))
		}
		if service.RequestCount() != 1 {
			t.Errorf("%s: %d requests, want one", name, service.RequestCount())
		}
		service.Close()
	}
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
