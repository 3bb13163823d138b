package appstreaming_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

var (
	propertyRuns = flag.Int("property.runs", 1000, "random fault schedules to try")
	propertySeed = flag.Uint64("property.seed", 0, "seed of the first schedule; 0: of the clock")
)

// schedule is a transport in front of the double that fails attempts at
// random, in ways that are retried.
type schedule struct {
	next http.RoundTripper
	rate float64 // how likely an attempt fails

	mu  sync.Mutex
	rng *rand.Rand
}

func (s *schedule) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	fails, kind, wait := s.rng.Float64() < s.rate, s.rng.IntN(8), time.Duration(s.rng.IntN(50))*time.Millisecond
	s.mu.Unlock()
	select {
	case <-time.After(wait): // on the fake clock
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if !fails {
		return s.next.RoundTrip(req)
	}
	refuse := func(status int, code string, header ...string) (*http.Response, error) {
		body := fmt.Sprintf(`{"Code":%q,"Message":"by schedule","RequestId":"R"}`, code)
		h := http.Header{}
		if len(header) == 2 {
			h.Set(header[0], header[1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req}, nil
	}
	switch kind {
	case 0:
		return refuse(400, "Throttling.User")
	case 1:
		return refuse(429, "Throttling", "X-Acs-Retry-After", "70")
	case 2:
		return refuse(400, "InternalError")
	case 3:
		return refuse(503, "ServiceUnavailable", "Retry-After", "1")
	case 4:
		return refuse(200, "SystemBusy") // a failure in a 200
	case 5:
		return nil, errors.New("connection reset by peer")
	case 6: // cut in mid-body
		resp, err := s.next.RoundTrip(req)
		if err == nil {
			resp.Body = io.NopCloser(io.MultiReader(io.LimitReader(resp.Body, 40), brokenOff{}))
		}
		return resp, err
	default: // no answer at all
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestRandomFaultSchedulesLoseAndRepeatNothing lists inventories of random
// sizes by random pages and windows while attempts fail at random. A listing
// that ends without an error has every image once and in order; one that fails
// fails with a typed error, and goes on from there to the end.
//
// A longer run: go test -run RandomFaultSchedules -property.runs 10000 .
func TestRandomFaultSchedulesLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	first := *propertySeed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	stock := appstreamingtest.SampleImages(1200)
	for i := range stock { // small ones: this is about paging
		stock[i] = appstreaming.Image{ImageID: stock[i].ImageID, VersionID: stock[i].VersionID, ImageName: stock[i].ImageName}
	}
	var failed, completed int
	for run := range *propertyRuns {
		seed := first + uint64(run)
		synctest.Test(t, func(t *testing.T) {
			interrupted, err := listUnderFaults(t.Context(), seed, stock)
			if err != nil {
				t.Errorf("-property.seed %d -property.runs 1: %v", seed, err)
			}
			if interrupted {
				failed++
			}
			completed++
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d runs, %d of them interrupted and resumed", completed, failed)
	if *propertyRuns >= 100 && (failed == 0 || failed == completed) {
		t.Errorf("%d of %d runs were interrupted: the schedules do not try both ends", failed, completed)
	}
}

// listUnderFaults lists by a pager to the end, whatever fails in between, and
// reports whether anything did.
func listUnderFaults(ctx context.Context, seed uint64, stock []appstreaming.Image) (interrupted bool, err error) {
	rng := rand.New(rand.NewPCG(seed, 1))
	want := stock[:rng.IntN(len(stock)+1)]
	req := appstreaming.ListImageRequest{PageSize: 1 + rng.IntN(appstreaming.MaxPageSize)}
	if len(want) > 300 {
		req.PageSize = 20 + rng.IntN(81) // more than a hundred pages a run would take long
	}
	prefetch := rng.IntN(9)
	service := appstreamingtest.New(want...)
	defer service.Close()
	faults := &schedule{next: inMemory{service}, rate: rng.Float64() * 0.6, rng: rng}
	client, err := appstreaming.New("cn-shanghai", appstreaming.WithSignature(signatures[seed%2]), appstreaming.WithPrefetch(prefetch),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")),
		appstreaming.WithRetry(appstreaming.RetryPolicy{Budget: -1, AttemptTimeout: 5 * time.Second}),
		appstreaming.WithHTTPClient(&http.Client{Transport: faults}))
	if err != nil {
		return false, err
	}
	var got []string
	pager := appstreaming.NewPager(client, req)
	for failures := 0; pager.More(); {
		page, err := pager.Next(ctx)
		if err == nil {
			got = append(got, imageIDs(page.Images)...)
			continue
		}
		interrupted = true
		var apiErr *appstreaming.APIError
		var transportErr *appstreaming.TransportError
		if !errors.As(err, &apiErr) && !errors.As(err, &transportErr) {
			return true, fmt.Errorf("page %d failed with %T: %w", pager.PageNumber(), err, err)
		}
		if failures++; failures > 500 {
			return true, fmt.Errorf("page %d keeps failing: %w", pager.PageNumber(), err)
		}
		if rng := failures % 2; rng == 0 { // every other time as a new process would
			pager = appstreaming.NewPager(client, appstreaming.ListImageRequest{PageSize: req.PageSize, PageNumber: pager.PageNumber()})
		}
	}
	if !slices.Equal(got, imageIDs(want)) {
		return interrupted, fmt.Errorf("%d images of %d, or in another order (pages of %d, prefetch %d)", len(got), len(want), req.PageSize, prefetch)
	}
	return interrupted, nil
}
