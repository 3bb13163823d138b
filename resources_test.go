package appstreaming_test

import (
	"context"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// peakHeap runs f and returns by how much the heap in use grew at most, as
// sampled every few milliseconds.
func peakHeap(f func()) int64 {
	heap := func() int64 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapInuse)
	}
	runtime.GC()
	runtime.GC()
	before := heap()
	var peak atomic.Int64
	stop := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			peak.Store(max(peak.Load(), heap()))
			select {
			case <-tick.C:
			case <-stop:
				tick.Stop()
				return
			}
		}
	})
	f()
	close(stop)
	sampler.Wait()
	return peak.Load() - before
}

// These two measure the heap of the whole process and so do not run beside
// others.

func TestListingAHundredThousandImagesTakesBoundedMemory(t *testing.T) {
	const bound = 32 << 20 // for a window of 4 pages, their bodies, the digests of the images, and garbage
	service := pages(t, "page-100.json", 1000)
	client := clientOf(t, service, appstreaming.WithMaxResponseBytes(1<<20), appstreaming.WithPrefetch(4))
	listed := 0
	peak := peakHeap(func() {
		for page, err := range client.Pages(t.Context(), appstreaming.ListImageRequest{}) {
			if err != nil {
				t.Fatal(err)
			}
			listed += len(page.Images)
		}
	})
	t.Logf("%d images, the heap grew by %.1f MB at most", listed, float64(peak)/(1<<20))
	if listed != 100_000 || peak > bound {
		t.Errorf("%d images with %d bytes of heap, want 100000 with at most %d", listed, peak, int64(bound))
	}
}

func TestBodiesOverTheLimitCostLittleMoreThanTheLimit(t *testing.T) {
	const limit, bound = 8 << 20, 8<<20 + 6<<20
	for name, fault := range map[string]appstreamingtest.Fault{
		"200 MB":              {Padding: 200 << 20, Chunked: true},
		"200 MB, announced":   {Padding: 200 << 20},
		"gzip bomb of 200 MB": {Padding: 200 << 20, Gzip: true, Chunked: true},
	} {
		service := appstreamingtest.NewServer(t)
		service.Fail(-1, fault)
		client := service.Client(appstreaming.WithMaxResponseBytes(limit))
		peak := peakHeap(func() {
			if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); !errors.Is(err, appstreaming.ErrResponseTooLarge) {
				t.Errorf("%s: got %v, want ErrResponseTooLarge", name, err)
			}
		})
		t.Logf("%s: the heap grew by %.1f MB at most", name, float64(peak)/(1<<20))
		if peak > bound {
			t.Errorf("%s: the heap grew by %d bytes, want at most %d", name, peak, int64(bound))
		}
		client.CloseIdleConnections()
		service.Close()
	}
}

var soak = flag.Bool("soak", false, "make 100,000 calls with faults among them, which takes minutes")

// TestSoak ends with the goroutines, connections and heap it began with.
func TestSoak(t *testing.T) {
	if !*soak {
		t.Skip("takes minutes; run it with -soak")
	}
	page, err := os.ReadFile("testdata/conformance/pages/page-10.json")
	if err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int64
	var open atomic.Int64
	service := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		io.Copy(io.Discard, r.Body)
		if rand.IntN(100) >= 5 {
			w.Write(page)
			return
		}
		switch rand.IntN(5) {
		case 0:
			w.WriteHeader(503)
		case 1:
			w.WriteHeader(400)
			io.WriteString(w, `{"Code":"Throttling.User","Message":"slow down"}`)
		case 2:
			w.Header().Set("Content-Length", strconv.Itoa(len(page)))
			w.Write(page[:100])
			panic(http.ErrAbortHandler)
		case 3:
			panic(http.ErrAbortHandler)
		case 4:
			io.WriteString(w, `{"Success":false,"Code":"InternalError"}`)
		}
	}))
	service.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		}
	}
	service.Start()
	defer service.Close()
	client := clientOf(t, service, appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Microsecond, MaxDelay: time.Millisecond}))
	state := func() (goroutines int, connections int64, heap uint64) {
		client.CloseIdleConnections()
		time.Sleep(200 * time.Millisecond) // connections take a moment to notice
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return runtime.NumGoroutine(), open.Load(), stats.HeapAlloc
	}
	call := func(n int) (failed int64) {
		var callers sync.WaitGroup
		var failures atomic.Int64
		for range 16 {
			callers.Go(func() {
				for range n / 16 {
					if _, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{PageSize: 10}); err != nil {
						failures.Add(1)
					}
				}
			})
		}
		callers.Wait()
		return failures.Load()
	}
	call(1600) // fills the pools
	goroutines, connections, heap := state()
	failed := call(100_000)
	goroutinesAfter, connectionsAfter, heapAfter := state()
	t.Logf("%d requests, %d of 100000 calls failed for good; goroutines %d then %d, connections %d then %d, heap %d kB then %d kB",
		requests.Load(), failed, goroutines, goroutinesAfter, connections, connectionsAfter, heap>>10, heapAfter>>10)
	if goroutinesAfter > goroutines || connectionsAfter > connections || heapAfter > heap+1<<20 {
		t.Error("the soak did not end as it began")
	}
}
