package faultmatrix_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/internal/leaktest"
)

// The fault matrix runs every fault of a response with both signatures and the
// four ways of listing. The inventory has three pages, and the second one has the
// fault. So there are pages before it, after it and, with prefetch, in flight at
// the same time.

const (
	matrixPageSize = 4
	faultyPage     = 2
)

var signatures = []appstreaming.Signature{appstreaming.SignatureACS3, appstreaming.SignatureRPC}

func imageIDs(images []appstreaming.Image) []string {
	ids := make([]string, len(images))
	for i := range images {
		ids[i] = images[i].ImageID
	}
	return ids
}

func TestMain(m *testing.M) { leaktest.Main(m) }

var matrixImages = sync.OnceValue(func() []appstreaming.Image { return appstreamingtest.SampleImages(10) })

// Fault is the double's Fault.
type Fault = appstreamingtest.Fault

// quickly is a retry policy with very short waits.
func quickly() appstreaming.Option {
	return appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: 1, MaxDelay: time.Millisecond, Budget: -1})
}

// faultRow is a row of the matrix.
type faultRow struct {
	name  string
	fault Fault
	opts  []appstreaming.Option
	want  verdict
}

// verdict is what the caller sees of a fault: err if it is not nil, and a good
// answer otherwise.
type verdict struct {
	// retried faults use all attempts, and do no harm if they pass in time.
	// Others use one attempt.
	retried bool
	err     func(t *testing.T, err error, page2 appstreamingtest.Request)
	page    func(t *testing.T, page *appstreaming.ListImageResponse)
	image   func(t *testing.T, first appstreaming.Image)
	empty   bool // a good answer without images, which a listing checks again
}

// runMatrix runs rows over real sockets. Pacing is off: it answers throttling
// with waits of seconds, and with more attempts for the pages of a listing.
func runMatrix(t *testing.T, rows []faultRow) {
	for _, row := range rows {
		for _, signature := range signatures {
			t.Run(row.name+"/"+signature.String(), func(t *testing.T) {
				t.Parallel()
				service := appstreamingtest.NewServer(t, matrixImages()...)
				for _, w := range ways {
					t.Run(w.name, func(t *testing.T) {
						row.run(t, service, w, quickly(), appstreaming.WithPacing(false), appstreaming.WithSignature(signature))
					})
				}
			})
		}
	}
}

// runMatrixInTime runs rows on virtual time, with the default retries and their
// waits. elapsed checks how long the fault took the caller.
func runMatrixInTime(t *testing.T, rows []faultRow, elapsed func(*testing.T, time.Duration)) {
	for _, row := range rows {
		for _, signature := range signatures {
			for _, w := range ways {
				t.Run(row.name+"/"+signature.String()+"/"+w.name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						service := appstreamingtest.New(matrixImages()...)
						defer service.Close()
						start := time.Now()
						row.run(t, service, w, appstreaming.WithSignature(signature))
						elapsed(t, time.Since(start))
					})
				})
			}
		}
	}
}

func (row *faultRow) run(t *testing.T, service *appstreamingtest.Server, w way, opts ...appstreaming.Option) {
	opts = slices.Concat(opts, []appstreaming.Option{appstreaming.WithPrefetch(w.prefetch)}, row.opts)
	fault := row.fault
	fault.Page = faultyPage
	const maxAttempts = 4

	client := service.Client(opts...)
	defer client.CloseIdleConnections()
	attempts := 1
	if row.want.retried {
		attempts = maxAttempts
	}
	list := w.start(client)
	got, requests := listUnder(t, service, -1, fault, list)
	if row.want.empty {
		row.checkEmpty(t, w, got, requests)
		got, _ = listUnder(t, service, 0, fault, list)
		checkImages(t, w.wantImages(false), got)
		return
	}
	checkAttempts(t, requests, attempts)
	if row.want.err == nil {
		row.checkAnswer(t, w, got)
		return
	}
	if got.err == nil {
		t.Fatalf("%d images and no error", len(got.images))
	}
	row.want.err(t, got.err, requests[len(requests)-1])
	checkImages(t, w.wantImages(true), got)

	// When the fault is over, the same pager goes on and nothing is lost.
	got, _ = listUnder(t, service, 0, fault, list)
	checkImages(t, w.wantImages(false), got)

	if row.want.retried {
		got, requests = listUnder(t, service, maxAttempts-1, fault, w.start(client))
		checkAttempts(t, requests, maxAttempts)
		if got.page2 != nil && got.page2.Attempts != maxAttempts {
			t.Errorf("the page says %d attempts, want %d", got.page2.Attempts, maxAttempts)
		}
		checkImages(t, w.wantImages(false), got)
	}
}

// listUnder lists while requests of the faulty page fail, and returns those.
func listUnder(t *testing.T, service *appstreamingtest.Server, times int, fault Fault, list lister) (listed, []appstreamingtest.Request) {
	t.Helper()
	service.ForgetRequests()
	service.Fail(times, fault)
	got := list(t.Context())
	service.ClearFaults()
	var faulty []appstreamingtest.Request
	for _, request := range service.Requests() {
		if request.Params["PageNumber"] == "2" {
			faulty = append(faulty, request)
		}
	}
	return got, faulty
}

// checkAttempts also makes sure that every attempt has a new signature.
func checkAttempts(t *testing.T, requests []appstreamingtest.Request, want int) {
	t.Helper()
	nonces := make(map[string]bool)
	for i, request := range requests {
		nonces[request.Nonce] = true
		if request.Attempt != i+1 {
			t.Errorf("request %d says it is attempt %d", i+1, request.Attempt)
		}
	}
	if len(requests) != want || len(nonces) != want {
		t.Fatalf("%d requests of %d nonces for the page, want %d: %v", len(requests), len(nonces), want, requests)
	}
}

// checkEmpty checks a page without images. Count promises images on it, so a
// listing requests it again and is then incomplete.
func (row *faultRow) checkEmpty(t *testing.T, w way, got listed, requests []appstreamingtest.Request) {
	t.Helper()
	if row.want.page != nil && got.page2 != nil {
		row.want.page(t, got.page2)
	}
	checkImages(t, w.wantImages(true), got)
	want, err := 2, appstreaming.ErrIncomplete
	if w.name == "ListImage" {
		want, err = 1, nil
	}
	if len(requests) != want || !errors.Is(got.err, err) {
		t.Errorf("%d requests for the page, then %v; want %d, then %v", len(requests), got.err, want, err)
	}
}

func (row *faultRow) checkAnswer(t *testing.T, w way, got listed) {
	t.Helper()
	if got.err != nil {
		t.Fatalf("got %v, want an answer", got.err)
	}
	if row.want.page != nil && got.page2 != nil {
		row.want.page(t, got.page2)
	}
	checkImages(t, w.wantImages(false), got)
	if row.want.image != nil {
		first := slices.IndexFunc(got.images, func(i appstreaming.Image) bool { return i.ImageID == matrixImages()[matrixPageSize].ImageID })
		row.want.image(t, got.images[first])
	}
}

// refusal expects an *APIError with these fields. Fields that the double sets can
// be omitted.
func refusal(retried bool, want appstreaming.APIError) verdict {
	body := string(want.Body)
	brokeOff := want.Err
	want.Operation, want.Attempts, want.Body, want.Err = "ListImage", 1, nil, nil
	if retried {
		want.Attempts = 4
	}
	if want.StopReason == "" {
		want.StopReason = "not retryable"
		if retried {
			want.StopReason = "no attempts left"
		}
	}
	return verdict{retried: retried, err: func(t *testing.T, err error, request appstreamingtest.Request) {
		t.Helper()
		var got *appstreaming.APIError
		if !errors.As(err, &got) {
			t.Fatalf("got %T %v, want an *APIError", err, err)
		}
		if got.RequestID != request.RequestID || !strings.Contains(err.Error(), request.RequestID) {
			t.Errorf("request id %q in %q, want %q", got.RequestID, err, request.RequestID)
		}
		fields := *got
		fields.RequestID, fields.HostID, fields.Recommend, fields.Body, fields.Err = "", "", "", nil, nil
		if (got.Err != nil) != (brokeOff != nil) || brokeOff != nil && !errors.Is(err, brokeOff) {
			t.Errorf("%v: the body broke off because of %v, want %v", err, got.Err, brokeOff)
		}
		if want.Message == "" {
			fields.Message = ""
		}
		if diff := cmp.Diff(want, fields); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if want.Code != "" && !errors.Is(err, want.Code) {
			t.Errorf("%v does not match its own code", err)
		}
		if !strings.HasPrefix(string(got.Body), body) {
			t.Errorf("body begins %.80q, want %.80q", got.Body, body)
		}
	}}
}

// way is a way of listing.
type way struct {
	name     string
	prefetch int
	start    func(*appstreaming.Client) lister
}

// lister lists as far as it can. Called again, it continues, or starts again if
// it is a range. It returns all images listed so far.
type lister func(context.Context) listed

type listed struct {
	images []appstreaming.Image
	page2  *appstreaming.ListImageResponse // where the way shows pages
	err    error
}

var ways = []way{
	{"ListImage", 0, startListImage},
	{"Pager", 0, startPager},
	{"Images", 0, startImages},
	{"Images with prefetch 4", 4, startImages},
}

// startListImage asks for the faulty page alone.
func startListImage(client *appstreaming.Client) lister {
	return func(ctx context.Context) listed {
		page, err := client.ListImage(ctx, appstreaming.ListImageRequest{PageNumber: faultyPage, PageSize: matrixPageSize})
		if err != nil {
			return listed{err: err}
		}
		return listed{images: page.Images, page2: page}
	}
}

func startPager(client *appstreaming.Client) lister {
	pager := appstreaming.NewPager(client, appstreaming.ListImageRequest{PageSize: matrixPageSize})
	var all listed
	return func(ctx context.Context) listed {
		for all.err = nil; pager.More(); {
			number := pager.PageNumber()
			page, err := pager.Next(ctx)
			if err != nil {
				all.err = err
				return all
			}
			if number == faultyPage {
				all.page2 = page
			}
			all.images = append(all.images, page.Images...)
		}
		return all
	}
}

func startImages(client *appstreaming.Client) lister {
	return func(ctx context.Context) listed {
		images, err := appstreaming.Collect(client.Images(ctx, appstreaming.ListImageRequest{PageSize: matrixPageSize}))
		return listed{images: images, err: err}
	}
}

// wantImages returns the images that a way must list: those before the faulty
// page, or all.
func (w way) wantImages(failed bool) []string {
	ids := imageIDs(matrixImages())
	switch alone := w.name == "ListImage"; {
	case alone && failed:
		return []string{}
	case alone:
		return ids[matrixPageSize : 2*matrixPageSize]
	case failed:
		return ids[:matrixPageSize]
	}
	return ids
}

// eachWay runs a test that does not fit into a row, for both signatures and in
// every way.
func eachWay(t *testing.T, check func(*testing.T, way, appstreaming.Signature)) {
	for _, signature := range signatures {
		for _, w := range ways {
			t.Run(signature.String()+"/"+w.name, func(t *testing.T) {
				t.Parallel()
				check(t, w, signature)
			})
		}
	}
}

func checkImages(t *testing.T, want []string, got listed) {
	t.Helper()
	if len(want) == len(matrixImages()) && got.err != nil {
		t.Errorf("the listing ended with %v", got.err)
	}
	if diff := cmp.Diff(want, imageIDs(got.images)); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
}
