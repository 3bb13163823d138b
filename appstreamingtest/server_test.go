package appstreamingtest_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// noRetries makes every request of a client visible.
func noRetries() appstreaming.Option {
	return appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1})
}

func TestTheClientListsEverythingWithEverySignature(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(237)
	for name, opts := range map[string][]appstreaming.Option{
		"ACS3":       nil,
		"RPC":        {appstreaming.WithSignature(appstreaming.SignatureRPC)},
		"ACS3 STS":   {withSTS()},
		"RPC STS":    {withSTS(), appstreaming.WithSignature(appstreaming.SignatureRPC)},
		"bearer":     {withBearer()},
		"RPC bearer": {withBearer(), appstreaming.WithSignature(appstreaming.SignatureRPC)},
		"prefetch":   {appstreaming.WithPrefetch(8)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := appstreamingtest.NewServer(t, images...)
			got, err := appstreaming.Collect(s.Client(opts...).Images(t.Context(), appstreaming.ListImageRequest{}), 0)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(images, got); diff != "" {
				t.Errorf("(-want +got):\n%.2000s", diff)
			}
		})
	}
}

func withSTS() appstreaming.Option {
	return appstreaming.WithCredentials(appstreaming.StaticCredentials(
		appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken))
}

func withBearer() appstreaming.Option {
	return appstreaming.WithCredentials(appstreaming.CredentialsFunc(staticBearer))
}

func TestAnOptionThatCannotBeUsedFailsEveryCall(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.New()
	t.Cleanup(s.Close)
	_, err := s.Client(appstreaming.WithPrefetch(-1)).ListImage(t.Context(), appstreaming.ListImageRequest{})
	var optionError *appstreaming.OptionError
	if !errors.As(err, &optionError) || optionError.Option != "WithPrefetch" {
		t.Errorf("error %v", err)
	}
	if n := s.RequestCount(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestRequestsAreRecordedWithoutSecrets(t *testing.T) {
	t.Parallel()
	for name, signature := range map[string]appstreaming.Signature{"ACS3": appstreaming.SignatureACS3, "RPC": appstreaming.SignatureRPC} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := appstreamingtest.NewServer(t)
			s.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable})
			s.Fail(1, appstreamingtest.Fault{Break: appstreamingtest.BreakClose})
			client := s.Client(withSTS(), appstreaming.WithSignature(signature), appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Nanosecond, MaxDelay: time.Nanosecond}))
			req := appstreaming.ListImageRequest{ImageName: "设计", Distro: "Ubuntu", Tags: []appstreaming.Tag{{Key: "env", Value: "test"}}, PageNumber: 2}
			if _, err := client.ListImage(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			requests := s.Requests()
			if len(requests) != 3 || s.RequestCount() != 3 {
				t.Fatalf("requests %v", requests)
			}
			type seen struct {
				Attempt, Status int
				Code            appstreaming.Code
			}
			var got []seen
			nonces := make(map[string]bool)
			for _, r := range requests {
				got = append(got, seen{r.Attempt, r.Status, r.Code})
				nonces[r.Nonce] = true
				if r.AccessKeyID != appstreamingtest.STSAccessKeyID || r.Action != "ListImage" || r.Time.IsZero() || r.RemoteAddr == "" || r.RequestID == "" {
					t.Errorf("recorded %+v", r)
				}
				want := map[string]string{"ImageName": "设计", "Distro": "Ubuntu", "TagList.1.Key": "env", "TagList.1.Value": "test", "PageNumber": "2"}
				if diff := cmp.Diff(want, r.Params); diff != "" {
					t.Errorf("parameters (-want +got):\n%s", diff)
				}
				if name == "ACS3" {
					if diff := cmp.Diff([]string{"Distro", "TagList.1.Key", "TagList.1.Value"}, r.InQuery); diff != "" {
						t.Errorf("in the query (-want +got):\n%s", diff)
					}
				}
			}
			if diff := cmp.Diff([]seen{{1, 503, "ServiceUnavailable"}, {2, 0, ""}, {3, 200, ""}}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(nonces) != 3 {
				t.Errorf("nonces %v", nonces)
			}
			text, err := json.Marshal(requests)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{appstreamingtest.SecurityToken, appstreamingtest.STSAccessKeySecret, "Signature="} {
				if strings.Contains(string(text), secret) {
					t.Errorf("%q is in %s", secret, text)
				}
			}
			requests[0].Params["ImageName"] = "changed"
			if s.Requests()[0].Params["ImageName"] != "设计" {
				t.Error("what Requests returns is not a copy")
			}
			if got, want := requests[0].String(), "ListImage page 2 attempt 1: 503 ServiceUnavailable"; !strings.HasSuffix(got, want) {
				t.Errorf("String: %s, want …%s", got, want)
			}
		})
	}
}

func TestOnlyTheLatestRequestsAreKept(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.New()
	t.Cleanup(s.Close)
	s.KeepRequests(3)
	client := s.Client()
	call := func(n int) {
		for page := range n {
			if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{PageNumber: page + 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	call(10)
	kept := s.Requests()
	if len(kept) != 3 || kept[2].Params["PageNumber"] != "10" || s.RequestCount() != 10 {
		t.Errorf("%d requests: %v", s.RequestCount(), kept)
	}
	s.KeepRequests(0)
	call(2)
	if len(s.Requests()) != 0 || s.RequestCount() != 12 {
		t.Errorf("%d requests: %v", s.RequestCount(), s.Requests())
	}
	s.KeepRequests(100)
	s.ForgetRequests()
	call(1)
	if len(s.Requests()) != 1 || s.RequestCount() != 1 {
		t.Errorf("%d requests: %v", s.RequestCount(), s.Requests())
	}
}

func TestTheInventoryChangesWhileAListingRuns(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(6)...)
	ids := func() string {
		var ids []string
		for _, image := range s.Images() {
			ids = append(ids, strings.TrimLeft(strings.TrimPrefix(image.ImageID, "imgc-06zyt9m93zwa"), "0"))
		}
		return strings.Join(ids, " ")
	}
	s.OnRequest(func(r appstreamingtest.Request) {
		if r.Params["PageNumber"] == "2" {
			s.Remove("imgc-06zyt9m93zwa00001", "not there")
		}
	})
	got, err := appstreaming.Collect(s.Client().Images(t.Context(), appstreaming.ListImageRequest{PageSize: 2}), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 5 { // what moved from page 2 to page 1 meanwhile was missed
		t.Errorf("%d images, want 5", len(got))
	}
	s.OnRequest(nil)

	sample := appstreamingtest.SampleImages(9)
	other := sample[3]
	other.VersionID, other.ImageID = "iv-other", sample[3].ImageID
	renamed := sample[4]
	renamed.ImageName = "renamed"
	s.Put(sample[7], renamed, sample[7])
	s.PutFirst(sample[8], other)
	if got, want := ids(), "8 3  2 3 4 5 7"; got != want {
		t.Errorf("order %q, want %q", got, want)
	}
	if got := s.Images()[5].ImageName; got != "renamed" {
		t.Errorf("name %s", got)
	}
	s.Remove(sample[3].ImageID) // every version
	if got, want := ids(), "8  2 4 5 7"; got != want {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestTheServerKeepsImagesOfItsOwn(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(1)
	s := appstreamingtest.NewServer(t, images...)
	want := images[0].Tags[0].Key
	images[0].Tags[0].Key, images[0].ImageName = "changed", "changed"
	page, err := s.Client().ListImage(t.Context(), appstreaming.ListImageRequest{Tags: []appstreaming.Tag{{Key: want}}})
	if err != nil || len(page.Images) != 1 || page.Images[0].ImageName == "changed" {
		t.Errorf("page %+v, %v", page, err)
	}
}

func TestListingsCanBeBent(t *testing.T) {
	t.Parallel()
	three := 3
	for name, test := range map[string]struct {
		listing appstreamingtest.Listing
		page    int
		want    string // first image, images, page number, page size, count
	}{
		"honest":             {appstreamingtest.Listing{}, 2, "10 10 2 10 25"},
		"IgnorePageNumber":   {appstreamingtest.Listing{IgnorePageNumber: true}, 2, "0 10 1 10 25"},
		"EmptyPages":         {appstreamingtest.Listing{EmptyPages: []int{2}}, 2, "- 0 2 10 25"},
		"other EmptyPages":   {appstreamingtest.Listing{EmptyPages: []int{3}}, 2, "10 10 2 10 25"},
		"ShortBy":            {appstreamingtest.Listing{ShortBy: 3}, 2, "10 7 2 10 25"},
		"ShortBy everything": {appstreamingtest.Listing{ShortBy: 30}, 2, "- 0 2 10 25"},
		"MaxPageSize":        {appstreamingtest.Listing{MaxPageSize: 4}, 2, "4 4 2 4 25"},
		"CountDelta":         {appstreamingtest.Listing{CountDelta: 100}, 1, "0 10 1 10 125"},
		"CountDelta below 0": {appstreamingtest.Listing{CountDelta: -100}, 1, "0 10 1 10 0"},
		"Count":              {appstreamingtest.Listing{Count: &three, CountDelta: 9}, 1, "0 10 1 10 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(25)...)
			s.SetListing(test.listing)
			page, err := s.Client().ListImage(t.Context(), appstreaming.ListImageRequest{PageNumber: test.page})
			if err != nil {
				t.Fatal(err)
			}
			first := "-"
			if len(page.Images) > 0 {
				if first = strings.TrimLeft(page.Images[0].ImageID[17:], "0"); first == "" {
					first = "0"
				}
			}
			got := strings.Join([]string{first, itoa(len(page.Images)), itoa(page.PageNumber), itoa(page.PageSize), itoa(page.Count)}, " ")
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}

	s := appstreamingtest.NewServer(t)
	s.SetListing(appstreamingtest.Listing{OmitCount: true})
	page, err := s.Client(appstreaming.WithRawResponse()).ListImage(t.Context(), appstreaming.ListImageRequest{})
	if err != nil || strings.Contains(string(page.Raw), "Count") {
		t.Errorf("OmitCount: %s, %v", page.Raw, err)
	}
}

func TestResponsesAreCompressedForWhoAcceptsIt(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(50)...)
	var sizes []int64
	hc := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("Accept-Encoding", "br;q=1, gzip;q=0.5")
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			sizes = append(sizes, resp.ContentLength)
			if resp.Header.Get("Content-Encoding") == "gzip" {
				z, err := gzip.NewReader(resp.Body)
				if err != nil {
					return nil, err
				}
				resp.Body, resp.ContentLength = io.NopCloser(z), -1
				resp.Header.Del("Content-Encoding")
			}
		}
		return resp, err
	})}
	for _, on := range []bool{false, true} {
		s.SetGzip(on)
		page, err := s.Client(appstreaming.WithHTTPClient(hc)).ListImage(t.Context(), appstreaming.ListImageRequest{PageSize: 50})
		if err != nil || len(page.Images) != 50 {
			t.Fatalf("gzip %v: %v", on, err)
		}
	}
	if len(sizes) != 2 || sizes[0] < 5*sizes[1] {
		t.Errorf("sizes without and with gzip: %v", sizes)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTheServerCanBeMountedElsewhere(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	mounted := httptest.NewTLSServer(s)
	t.Cleanup(mounted.Close)
	client := s.Client(appstreaming.WithEndpoint(mounted.URL), appstreaming.WithHTTPClient(mounted.Client()), noRetries())
	if page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); err != nil || page.Count != 3 {
		t.Fatalf("%+v, %v", page, err)
	}
	for _, b := range []appstreamingtest.Break{appstreamingtest.BreakReset, appstreamingtest.BreakResetBody} {
		s.Fail(1, appstreamingtest.Fault{Break: b})
		var broken *appstreaming.TransportError
		if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); !errors.As(err, &broken) {
			t.Errorf("break %d: %v", b, err)
		}
	}
	s.Close()
	if _, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); err == nil {
		t.Error("no error after Close")
	}
}

func TestServeTakesAListener(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := appstreamingtest.New()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	resp, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 400 || s.URL() != "http://"+l.Addr().String() {
		t.Errorf("HTTP %d at %s", resp.StatusCode, s.URL())
	}
	s.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	if resp, err := http.Get("http://" + l.Addr().String()); err == nil {
		resp.Body.Close()
		t.Error("it still answers")
	}
}

// It does not run in parallel, so that the goroutines are its own.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := appstreamingtest.Start(appstreamingtest.SampleImages(200)...)
	if err != nil {
		t.Fatal(err)
	}
	s.Fail(4, appstreamingtest.Fault{Break: appstreamingtest.BreakHang})
	s.Fail(4, appstreamingtest.Fault{Break: appstreamingtest.BreakHangBody})
	s.Fail(4, appstreamingtest.Fault{Delay: time.Hour})
	s.Fail(4, appstreamingtest.Fault{DripBytes: 1, DripEvery: time.Hour})
	s.Fail(4, appstreamingtest.Fault{Padding: 1 << 40})
	client := s.Client(noRetries(), appstreaming.WithMaxResponseBytes(1<<50))
	var calls sync.WaitGroup
	for range 24 {
		calls.Go(func() {
			_, _ = client.ListImage(t.Context(), appstreaming.ListImageRequest{PageSize: 100}) // most cannot succeed
		})
	}
	for s.RequestCount() < 24 {
		runtime.Gosched()
	}
	s.Close()
	calls.Wait()
	client.CloseIdleConnections()
	if _, open := s.Connections(); open != 0 {
		t.Errorf("%d connections are open", open)
	}
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched() // the client's own end a little later
	}
	if now := runtime.NumGoroutine(); now > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, now, stacks[:runtime.Stack(stacks, true)])
	}
}

func TestEverythingMayHappenAtOnce(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(150)...)
	extra := appstreamingtest.SampleImages(160)[150:]
	client := s.Client(appstreaming.WithPrefetch(4), appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Millisecond, Budget: -1, MaxAttempts: 20}))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			images, err := appstreaming.Collect(client.Images(t.Context(), appstreaming.ListImageRequest{PageSize: 20}), 0)
			if err != nil || len(images) < 130 {
				t.Errorf("%d images, %v", len(images), err)
			}
		})
		all.Go(func() {
			s.Fail(2, appstreamingtest.Fault{Code: appstreaming.CodeThrottling})
			s.Fail(1, appstreamingtest.Fault{Break: appstreamingtest.BreakReset, Page: i})
			s.Put(extra[i])
			s.SetLatency(time.Duration(i) * time.Microsecond)
			s.SetGzip(i%2 == 0)
			s.SetListing(appstreamingtest.Listing{})
			s.AddCredentials(appstreaming.Credentials{AccessKeyID: "k", AccessKeySecret: "s"})
			s.DisableKey("k")
			s.Remove(extra[i].ImageID)
			_ = s.Requests()
			_, _ = s.Connections()
			_ = s.PendingFaults()
		})
	}
	all.Wait()
}
