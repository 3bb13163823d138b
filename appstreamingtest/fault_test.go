package appstreamingtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
)

// wire is an answer as a plain HTTP client sees it.
type wire struct {
	resp    *http.Response
	body    []byte
	err     error // of the request
	bodyErr error // of reading
}

// call sends one signed request over a connection of its own, without
// decompressing or following anything.

func call(t *testing.T, s *Server) wire {
	t.Helper()
	d := newDraft()
	d.date = time.Now().UTC()
	r := d.acs3()
	r.RequestURI = ""
	r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(s.URL(), "http://")
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r.WithContext(t.Context()))
	if err != nil {
		return wire{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return wire{resp, body, nil, err}
}

func TestErrorsOfTheServiceComeInItsEnvelope(t *testing.T) {
	t.Parallel()
	s := NewServer(t)
	s.Fail(1, Fault{Code: appstreaming.CodeThrottlingUser, Message: "slow <down>", Header: http.Header{"x-acs-retry-after": {"300"}}})
	got := call(t, s)
	if got.resp.StatusCode != 400 || got.resp.Header.Get("x-acs-retry-after") != "300" {
		t.Errorf("HTTP %d %v", got.resp.StatusCode, got.resp.Header)
	}
	var body map[string]any
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatal(err)
	}
	id := got.resp.Header.Get("x-acs-request-id")
	want := map[string]any{
		"RequestId": id, "HostId": "example.com", "Code": "Throttling.User", "Message": "slow <down>",
		"Recommend": "https://api.aliyun.com/troubleshoot?q=Throttling.User&product=appstream-center&requestId=" + id,
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	for code, status := range map[appstreaming.Code]int{
		"ServiceUnavailable": 503, "Forbidden.RAM": 403, "InvalidProduct.NotFound": 404, "InternalError": 400, "SystemBusy": 400,
	} {
		s.Fail(1, Fault{Code: code})
		if got := call(t, s); got.resp.StatusCode != status || !bytes.Contains(got.body, []byte(`"`+code+`"`)) {
			t.Errorf("%s: HTTP %d %s", code, got.resp.StatusCode, got.body)
		}
	}

	s.Fail(1, Fault{Code: appstreaming.CodeForbiddenNoPermission})
	if got := call(t, s); !bytes.Contains(got.body, []byte(`"AuthAction":"appstreaming:ListImage"`)) {
		t.Errorf("no AccessDeniedDetail: %s", got.body)
	}
	s.Fail(1, Fault{Code: "X", AccessDenied: &appstreaming.AccessDeniedDetail{AuthPrincipalOwnerID: "1"}})
	if got := call(t, s); !bytes.Contains(got.body, []byte(`"AuthPrincipalOwnerId":"1"`)) {
		t.Errorf("another AccessDeniedDetail: %s", got.body)
	}
	s.Fail(1, Fault{Code: "X", Status: 200})
	if got := call(t, s); got.resp.StatusCode != 200 || !bytes.Contains(got.body, []byte(`"Success":false`)) {
		t.Errorf("failure in a 200: %s", got.body)
	}
	s.Fail(1, Fault{Code: "X", XML: true})
	if got := call(t, s); !bytes.Contains(got.body, []byte("<Code>X</Code>")) {
		t.Errorf("XML: %s", got.body)
	}
}

func TestAnyStatusBodyAndHeaderCanBeAnswered(t *testing.T) {
	t.Parallel()
	s := NewServer(t)
	for _, test := range []struct {
		fault  Fault
		status int
		body   string
	}{
		{Fault{Status: 502, Body: "<html>bad gateway</html>"}, 502, "<html>bad gateway</html>"},
		{Fault{Body: "<html>"}, 200, "<html>"},
		{Fault{Status: 200}, 200, ""},
		{Fault{Status: 204}, 204, ""},
		{Fault{Status: 302, Header: http.Header{"Location": {"http://127.0.0.1:1/"}}}, 302, ""},
		{Fault{Status: 99, Body: "x"}, 500, "x"},
		{Fault{Status: 101}, 500, ""},
		{Fault{Status: 1000}, 500, ""},
	} {
		s.Fail(1, test.fault)
		got := call(t, s)
		if got.err != nil || got.bodyErr != nil || got.resp.StatusCode != test.status || string(got.body) != test.body {
			t.Errorf("%+v: %+v", test.fault, got)
		} else if location := test.fault.Header.Get("Location"); got.resp.Header.Get("Location") != location {
			t.Errorf("%+v: header %v", test.fault, got.resp.Header)
		}
	}
	s.Fail(1, Fault{Header: http.Header{"Date": {"Fri, 01 May 2026 12:20:00 GMT"}, "x-acs-request-id": nil, "Content-Type": nil}})
	header := call(t, s).resp.Header
	if header.Get("Date") != "Fri, 01 May 2026 12:20:00 GMT" || header.Get("x-acs-request-id") != "" || header.Get("Content-Type") != "" {
		t.Errorf("header %v", header)
	}
}

func TestMembersCanBeReplacedAddedAndRemoved(t *testing.T) {
	t.Parallel()
	s := NewServer(t, appstreaming.Image{ImageID: "a"}, appstreaming.Image{ImageID: "b"})
	s.Fail(1, Fault{
		Members: map[string]json.RawMessage{
			"Code": json.RawMessage("200"), "Success": nil, "New": json.RawMessage("1"), "Count": json.RawMessage("3e9"),
		},
		ImageMembers: map[string]json.RawMessage{
			"ImageName": json.RawMessage("{}"), "Platform": json.RawMessage("2.5"), "Zone": json.RawMessage(`"z"`),
		},
	})
	got := call(t, s)
	var page struct {
		Code    json.Number
		Success *bool
		New     int
		Count   json.RawMessage
		Data    []map[string]json.RawMessage
	}
	if err := json.Unmarshal(got.body, &page); err != nil {
		t.Fatalf("%s: %v", got.body, err)
	}
	if page.Code != "200" || page.Success != nil || page.New != 1 || string(page.Count) != "3e9" || len(page.Data) != 2 {
		t.Errorf("page %+v", page)
	}
	first, second := page.Data[0], page.Data[1]
	if string(first["ImageName"]) != "{}" || string(first["Platform"]) != "2.5" ||
		string(first["Zone"]) != `"z"` || string(first["ImageId"]) != `"a"` {
		t.Errorf("first image %s", first)
	}
	if second["Zone"] != nil || string(second["ImageName"]) == "{}" {
		t.Errorf("second image %s", second)
	}

	s.Fail(1, Fault{Members: map[string]json.RawMessage{"Data": json.RawMessage("nonsense")}})
	if got := call(t, s); !bytes.Contains(got.body, []byte(`"Data":nonsense,`)) {
		t.Errorf("got %s", got.body)
	}
	s.Fail(1, Fault{
		ImageMembers: map[string]json.RawMessage{"ImageId": json.RawMessage("tru")},
		Members:      map[string]json.RawMessage{"Count": json.RawMessage("7")},
	})
	if got := call(t, s); !bytes.Contains(got.body, []byte(`"ImageId":tru`)) {
		t.Errorf("got %s", got.body)
	}
	s.Fail(1, Fault{Code: "X", Members: map[string]json.RawMessage{"Code": nil}})
	if got := call(t, s); bytes.Contains(got.body, []byte(`"Code"`)) {
		t.Errorf("got %s", got.body)
	}
}

func TestFaultsWaitForTheirPageAndTheirTurn(t *testing.T) {
	t.Parallel()
	s := quietServer(t)
	ask := func(page string) string {
		d := newDraft()
		d.form.Set("PageNumber", page)
		code, _ := decoded(t, send(s, d.acs3()))["Code"].(string)
		return code
	}
	s.Fail(0, Fault{Code: "Never"})
	s.Fail(2, Fault{Code: "A", Page: 3})
	s.Fail(1, Fault{Code: "B", When: func(r Request) bool { return r.Params["PageNumber"] == "2" }})
	s.Fail(1, Fault{})
	s.Fail(1, Fault{Code: "C"})
	if got := s.PendingFaults(); got != 5 {
		t.Errorf("%d pending, want 5", got)
	}
	var got []string
	for _, page := range []string{"1", "3", "2", "2", "3", "3", ""} {
		got = append(got, ask(page))
	}
	if diff := cmp.Diff([]string{"200", "A", "B", "C", "A", "200", "200"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	s.Fail(-1, Fault{Code: "Always"})
	d := newDraft()
	d.secret = "wrong"
	wantAnswer(t, s, d.acs3(), 400, "SignatureDoesNotMatch") // the signature comes first
	for range 3 {
		if got := ask("1"); got != "Always" {
			t.Errorf("got %s", got)
		}
	}
	s.ClearFaults()
	if got := ask("1"); got != "200" || s.PendingFaults() != 0 {
		t.Errorf("got %s", got)
	}
}
