package appstreamingtest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestRequestsAreRecordedWithoutSecrets(t *testing.T) {
	t.Parallel()
	for name, signature := range map[string]appstreaming.Signature{"ACS3": appstreaming.SignatureACS3, "RPC": appstreaming.SignatureRPC} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := appstreamingtest.NewServer(t)
			s.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeServiceUnavailable})
			s.Fail(1, appstreamingtest.Fault{Break: appstreamingtest.BreakClose})
			policy := appstreaming.RetryPolicy{BaseDelay: time.Nanosecond, MaxDelay: time.Nanosecond}
			client := s.Client(withSTS(), appstreaming.WithSignature(signature), appstreaming.WithRetry(policy))
			req := appstreaming.ListImageRequest{
				ImageName: "设计", Distro: "Ubuntu", Tags: []appstreaming.Tag{{Key: "env", Value: "test"}}, PageNumber: 2,
			}
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
				if r.AccessKeyID != appstreamingtest.STSAccessKeyID || r.Action != "ListImage" || r.Time.IsZero() ||
					r.RemoteAddr == "" || r.RequestID == "" {
					t.Errorf("recorded %+v", r)
				}
				want := map[string]string{
					"ImageName": "设计", "Distro": "Ubuntu", "TagList.1.Key": "env", "TagList.1.Value": "test", "PageNumber": "2",
				}
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
