package appstreamingtest_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

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

func TestAbsurdNumbersAreBounded(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(s *appstreamingtest.Server){
		"CountDelta":            func(s *appstreamingtest.Server) { s.SetListing(appstreamingtest.Listing{CountDelta: math.MaxInt}) },
		"a negative CountDelta": func(s *appstreamingtest.Server) { s.SetListing(appstreamingtest.Listing{CountDelta: math.MinInt}) },
		"a negative Delay":      func(s *appstreamingtest.Server) { s.Fail(1, appstreamingtest.Fault{Delay: math.MinInt64}) },
		"a negative Padding":    func(s *appstreamingtest.Server) { s.Fail(1, appstreamingtest.Fault{Padding: math.MinInt64}) },
		"a negative latency":    func(s *appstreamingtest.Server) { s.SetLatency(math.MinInt64) },
		"a rate of NaN":         func(s *appstreamingtest.Server) { s.SetRateLimit(math.NaN()) },
		"an infinite rate":      func(s *appstreamingtest.Server) { s.SetRateLimit(math.Inf(1)) },
		"an infinite debt":      func(s *appstreamingtest.Server) { s.SetRateLimit(math.Inf(-1)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := appstreamingtest.New(appstreamingtest.SampleImages(5)...)
			t.Cleanup(s.Close)
			set(s)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			for range 3 {
				page, err := s.Client().ListImage(ctx, appstreaming.ListImageRequest{PageSize: 3})
				if err != nil || len(page.Images) != 3 || name == "CountDelta" && page.Count != math.MaxInt {
					t.Fatalf("got %v, %v; want three images", page, err)
				}
			}
		})
	}
	once := appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1})
	s := appstreamingtest.New(appstreamingtest.SampleImages(1)...)
	t.Cleanup(s.Close)
	s.Fail(1, appstreamingtest.Fault{Padding: math.MaxInt64})
	if _, err := s.Client(once).ListImage(t.Context(), appstreaming.ListImageRequest{}); !errors.Is(err, appstreaming.ErrResponseTooLarge) {
		t.Errorf("the largest Padding: got %v, want ErrResponseTooLarge", err)
	}
	s.SetRateLimit(1e-300)
	client := s.Client(once)
	_, _ = client.ListImage(t.Context(), appstreaming.ListImageRequest{})
	var refused *appstreaming.APIError
	_, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
	if !errors.As(err, &refused) || refused.Code != appstreaming.CodeThrottlingUser || refused.RetryAfter < 8000*time.Hour {
		t.Errorf("a tiny rate: got %v, want a refusal for a long time", err)
	}
}
