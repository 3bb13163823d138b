package appstreaming_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

var (
	propertyRuns = flag.Int("property.runs", 1000, "random fault schedules to try")
	propertySeed = flag.Uint64("property.seed", 0, "seed of the first schedule; 0: a random one")
)

// maxInventory is the largest inventory listed.
const maxInventory = 1200

// batchSize is how many runs share a service, whose images would take longer to
// make than they are listed. Its inventory grows from run to run, so that a run
// depends on its seed alone.
const batchSize = 50

// A listing under random faults that may pass ends with every image exactly
// once and in order, or with a typed error; and then it can be resumed until it
// is complete. Everything runs on a clock of its own.
//
// What fails names the seed: -property.seed=N -property.runs=1 repeats it.
func TestListingsUnderRandomFaultsLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	first := *propertySeed
	if first == 0 {
		first = rand.Uint64N(1 << 32)
	}
	var total tally
	t.Run("runs", func(t *testing.T) {
		for from := 0; from < *propertyRuns; from += batchSize {
			size := min(batchSize, *propertyRuns-from)
			t.Run(fmt.Sprintf("from seed %d", first+uint64(from)), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { runBatch(t, first+uint64(from), size, &total) })
			})
		}
	})
	t.Logf("seeds %d to %d: %v", first, first+uint64(*propertyRuns)-1, &total)
	if *propertyRuns >= 1000 && (total.failed.Load() == 0 || total.faults.Load() < int64(*propertyRuns) || total.recovered.Load() == 0) {
		t.Errorf("too little went wrong to show anything: %v", &total)
	}
}

// tally counts what the runs went through.
type tally struct{ runs, images, requests, faults, recovered, failed, resumed atomic.Int64 }

func (t *tally) String() string {
	return fmt.Sprintf("%d runs of %d images in %d requests with %d faults; %d runs rode out all of theirs, %d failed and were resumed %d times",
		t.runs.Load(), t.images.Load(), t.requests.Load(), t.faults.Load(), t.recovered.Load(), t.failed.Load(), t.resumed.Load())
}

// schedule is a run's plan, which follows from its seed.
type schedule struct {
	seed      uint64
	inventory int
	pageSize  int
	prefetch  int
	signature appstreaming.Signature
	way       int // of listing, and of going on after a failure
	policy    appstreaming.RetryPolicy
	faults    []appstreamingtest.Fault
}

func newSchedule(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, seed))
	s := schedule{
		seed:      seed,
		inventory: int(float64(maxInventory+1) * r.Float64() * r.Float64()), // more small ones than large ones
		prefetch:  r.IntN(9),
		signature: signatures[r.IntN(2)],
		way:       r.IntN(3),
		policy:    appstreaming.RetryPolicy{MaxAttempts: 1 + r.IntN(5), Budget: []int{0, -1, 50}[r.IntN(3)]},
	}
	// At most sixty pages, so that a run does not take a second.
	smallest := max(1, s.inventory/60)
	s.pageSize = smallest + r.IntN(appstreaming.MaxPageSize+1-smallest)
	pages := max(1, (s.inventory+s.pageSize-1)/s.pageSize)
	for range r.IntN(1 + pages) {
		fault := someFault(r)
		attempt := 1 + r.IntN(s.policy.MaxAttempts)
		fault.Page = 1 + r.IntN(pages)
		fault.When = func(q appstreamingtest.Request) bool { return q.Attempt == attempt }
		s.faults = append(s.faults, fault)
	}
	if r.IntN(3) == 0 { // a page that fails at every attempt
		fault := someFault(r)
		fault.Page = 1 + r.IntN(pages)
		s.faults = append(s.faults, slices.Repeat([]appstreamingtest.Fault{fault}, s.policy.MaxAttempts)...)
	}
	return s
}

// someFault is a fault that is retried, or at least may be later.
func someFault(r *rand.Rand) appstreamingtest.Fault {
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	faults := []appstreamingtest.Fault{
		{Code: appstreaming.CodeThrottlingUser, Header: header("X-Acs-Retry-After", "300")},
		{Code: appstreaming.CodeThrottling, Status: 429},
		{Code: appstreaming.CodeThrottlingAPI, Header: header("Retry-After", "3600")}, // fails at once
		{Code: appstreaming.CodeInternalError},
		{Code: appstreaming.CodeServiceUnavailable, Header: header("Retry-After", "7")},
		{Code: appstreaming.CodeSystemBusy, Status: 200},
		{Code: appstreaming.CodeSignatureNonceUsed},
		{Status: 502, Body: "<html>Bad Gateway</html>"},
		{Status: 503},
		{Status: 408},
		{Break: appstreamingtest.BreakReset},
		{Break: appstreamingtest.BreakShort},
		{Break: appstreamingtest.BreakShort, After: -1},
		{Break: appstreamingtest.BreakShort, Chunked: true},
		{Break: appstreamingtest.BreakShort, Gzip: true},
		{Break: appstreamingtest.BreakResetBody},
		{Break: appstreamingtest.BreakHang},
		{Break: appstreamingtest.BreakHangBody},
		{Delay: time.Minute},
		{Delay: 10 * time.Second}, // slow, and good
		{Gzip: true},              // good
	}
	return faults[r.IntN(len(faults))]
}

func runBatch(t *testing.T, first uint64, size int, total *tally) {
	service := appstreamingtest.New()
	defer service.Close()
	schedules := make([]schedule, size)
	for i := range schedules {
		schedules[i] = newSchedule(first + uint64(i))
	}
	slices.SortStableFunc(schedules, func(a, b schedule) int { return a.inventory - b.inventory })
	held := 0
	for _, s := range schedules {
		var more []appstreaming.Image
		for ; held < s.inventory; held++ {
			more = append(more, imageIn(held, appstreaming.ImageStatusAvailable))
		}
		service.Put(more...)
		run := propertyRun{t: t, schedule: s, service: service}
		run.run(total)
	}
}

type propertyRun struct {
	t *testing.T
	schedule
	service *appstreamingtest.Server
}

func (p *propertyRun) fatalf(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf("seed %d (%d images by %d, prefetch %d, %v, %d faults): %s", p.seed, p.inventory, p.pageSize, p.prefetch, p.signature, len(p.faults), fmt.Sprintf(format, args...))
}

func (p *propertyRun) run(total *tally) {
	p.service.ClearFaults()
	p.service.ForgetRequests()
	for _, fault := range p.faults {
		p.service.Fail(1, fault)
	}
	client := p.service.Client(appstreaming.WithHTTPClient(appstreaming.HandledBy(p.service).Client()),
		appstreaming.WithSignature(p.signature), appstreaming.WithPrefetch(p.prefetch), appstreaming.WithRetry(p.policy))
	list := []func(*appstreaming.Client) func() ([]appstreaming.Image, error){p.pager, p.checkpoint, p.images}[p.way](client)
	failures := 0
	for {
		got, err := list()
		p.checkOrder(got, err == nil)
		if err == nil {
			break
		}
		p.checkTyped(err)
		// Every failure uses up a fault at least.
		if failures++; failures > len(p.faults) {
			p.fatalf("failure %d: %v", failures, err)
		}
	}
	met := len(p.faults) - p.service.PendingFaults()
	total.runs.Add(1)
	total.images.Add(int64(p.inventory))
	total.requests.Add(int64(p.service.RequestCount()))
	total.faults.Add(int64(met))
	total.resumed.Add(int64(failures))
	switch {
	case failures > 0:
		total.failed.Add(1)
	case met > 0:
		total.recovered.Add(1)
	}
}

// pager returns what goes on with a pager: it returns what was listed in all.
func (p *propertyRun) pager(client *appstreaming.Client) func() ([]appstreaming.Image, error) {
	pager := appstreaming.NewPager(client, appstreaming.ListImageRequest{PageSize: p.pageSize})
	var all []appstreaming.Image
	return func() ([]appstreaming.Image, error) {
		for pager.More() {
			page, err := pager.Next(context.Background())
			if err != nil {
				return all, err
			}
			all = append(all, page.Images...)
		}
		return all, nil
	}
}

// checkpoint is pager with another pager after every failure, which starts at
// the first one's checkpoint.
func (p *propertyRun) checkpoint(client *appstreaming.Client) func() ([]appstreaming.Image, error) {
	req := appstreaming.ListImageRequest{PageSize: p.pageSize}
	var all []appstreaming.Image
	return func() ([]appstreaming.Image, error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel() // ends what the pager left behind has under way
		pager := appstreaming.NewPager(client, req)
		for pager.More() {
			page, err := pager.Next(ctx)
			if err != nil {
				req.PageNumber = pager.PageNumber()
				return all, err
			}
			all = append(all, page.Images...)
		}
		return all, nil
	}
}

// images returns what ranges over the images, from the start each time.
func (p *propertyRun) images(client *appstreaming.Client) func() ([]appstreaming.Image, error) {
	seq := client.Images(context.Background(), appstreaming.ListImageRequest{PageSize: p.pageSize})
	return func() ([]appstreaming.Image, error) { return appstreaming.Collect(seq) }
}

// checkOrder holds what was listed to the inventory, or to its beginning.
func (p *propertyRun) checkOrder(got []appstreaming.Image, complete bool) {
	p.t.Helper()
	if complete && len(got) != p.inventory || len(got) > p.inventory {
		p.fatalf("%d images", len(got))
	}
	for i, image := range got {
		if want := imageIn(i, "").ImageID; image.ImageID != want {
			p.fatalf("image %d is %s, want %s", i, image.ImageID, want)
		}
	}
}

func (p *propertyRun) checkTyped(err error) {
	p.t.Helper()
	var apiErr *appstreaming.APIError
	var transportErr *appstreaming.TransportError
	attempts, stopped := 0, ""
	switch {
	case errors.As(err, &apiErr):
		attempts, stopped = apiErr.Attempts, apiErr.StopReason
	case errors.As(err, &transportErr):
		attempts, stopped = transportErr.Attempts, transportErr.StopReason
	default:
		p.fatalf("%T %v is not typed", err, err)
	}
	switch {
	case attempts < 1 || attempts > p.policy.MaxAttempts:
	case stopped == "no attempts left" && attempts == p.policy.MaxAttempts:
		return
	case strings.HasPrefix(stopped, "the service asks to wait 1h0m0s"), stopped == "the client's retry budget is spent":
		return
	}
	p.fatalf("%v: %d attempts of %d, stopped because %q", err, attempts, p.policy.MaxAttempts, stopped)
}
