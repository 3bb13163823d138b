package appstreamingtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
)

// wire is what a plain HTTP client makes of an answer.
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

func startFor(t *testing.T, images ...appstreaming.Image) *Server {
	t.Helper()
	return NewServer(t, images...)
}

func TestErrorsOfTheServiceComeInItsEnvelope(t *testing.T) {
	t.Parallel()
	s := startFor(t)
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
	s := startFor(t)
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
	s := startFor(t, appstreaming.Image{ImageID: "a"}, appstreaming.Image{ImageID: "b"})
	s.Fail(1, Fault{
		Members:      map[string]json.RawMessage{"Code": json.RawMessage("200"), "Success": nil, "New": json.RawMessage("1"), "Count": json.RawMessage("3e9")},
		ImageMembers: map[string]json.RawMessage{"ImageName": json.RawMessage("{}"), "Platform": json.RawMessage("2.5"), "Zone": json.RawMessage(`"z"`)},
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
	if string(first["ImageName"]) != "{}" || string(first["Platform"]) != "2.5" || string(first["Zone"]) != `"z"` || string(first["ImageId"]) != `"a"` {
		t.Errorf("first image %s", first)
	}
	if second["Zone"] != nil || string(second["ImageName"]) == "{}" {
		t.Errorf("second image %s", second)
	}

	s.Fail(1, Fault{Members: map[string]json.RawMessage{"Data": json.RawMessage("nonsense")}})
	if got := call(t, s); !bytes.Contains(got.body, []byte(`"Data":nonsense,`)) {
		t.Errorf("got %s", got.body)
	}
	s.Fail(1, Fault{ImageMembers: map[string]json.RawMessage{"ImageId": json.RawMessage("tru")}, Members: map[string]json.RawMessage{"Count": json.RawMessage("7")}})
	if got := call(t, s); !bytes.Contains(got.body, []byte(`"ImageId":tru`)) {
		t.Errorf("got %s", got.body)
	}
	s.Fail(1, Fault{Code: "X", Members: map[string]json.RawMessage{"Code": nil}})
	if got := call(t, s); bytes.Contains(got.body, []byte(`"Code"`)) {
		t.Errorf("got %s", got.body)
	}
}

func TestConnectionsBreakAsAsked(t *testing.T) {
	t.Parallel()
	s := startFor(t, SampleImages(10)...)
	whole := len(call(t, s).body)
	refused := func(err error) bool {
		return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	}

	for name, b := range map[string]Break{"reset": BreakReset, "closed": BreakClose} {
		s.Fail(1, Fault{Break: b})
		if got := call(t, s); !refused(got.err) {
			t.Errorf("%s before the response: %+v", name, got)
		}
	}
	s.Fail(1, Fault{Break: BreakReset})
	if got := call(t, s); !errors.Is(got.err, syscall.ECONNRESET) {
		t.Errorf("reset is not a reset: %v", got.err)
	}
	s.Fail(1, Fault{Break: BreakGarbage})
	if got := call(t, s); got.err == nil || !strings.Contains(got.err.Error(), "malformed HTTP response") {
		t.Errorf("garbage: %v", got.err)
	}

	s.Fail(1, Fault{Break: BreakTruncate, After: 100})
	if got := call(t, s); got.err != nil || got.bodyErr != nil || len(got.body) != 100 || got.resp.ContentLength != 100 {
		t.Errorf("truncated: %+v", got)
	}
	s.Fail(1, Fault{Break: BreakShort})
	if got := call(t, s); got.bodyErr != io.ErrUnexpectedEOF || len(got.body) != whole/2 || got.resp.ContentLength != int64(whole) {
		t.Errorf("short: %d of %d bytes, %v", len(got.body), got.resp.ContentLength, got.bodyErr)
	}
	s.Fail(1, Fault{Break: BreakShort, After: -1})
	if got := call(t, s); got.bodyErr != io.ErrUnexpectedEOF || len(got.body) != 0 {
		t.Errorf("nothing of the body: %d bytes, %v", len(got.body), got.bodyErr)
	}
	s.Fail(1, Fault{Break: BreakShort, Chunked: true, After: 1000})
	if got := call(t, s); got.bodyErr != io.ErrUnexpectedEOF || len(got.body) != 1000 || got.resp.ContentLength != -1 {
		t.Errorf("chunks cut short: %d bytes, %v", len(got.body), got.bodyErr)
	}
	s.Fail(1, Fault{Chunked: true})
	if got := call(t, s); got.bodyErr != nil || len(got.body) != whole || got.resp.ContentLength != -1 {
		t.Errorf("chunked: %d bytes, %v", len(got.body), got.bodyErr)
	}
	s.Fail(1, Fault{Break: BreakResetBody, After: 500})
	if got := call(t, s); got.err != nil || !errors.Is(got.bodyErr, syscall.ECONNRESET) || len(got.body) > 500 {
		t.Errorf("reset in the body: %d bytes, %v, %v", len(got.body), got.err, got.bodyErr)
	}
	s.Fail(1, Fault{DripBytes: 5000, DripEvery: time.Millisecond, Gzip: false})
	if got := call(t, s); got.bodyErr != nil || len(got.body) != whole {
		t.Errorf("dripping: %d bytes, %v", len(got.body), got.bodyErr)
	}

	want := []int{200, 0, 0, 0, 0, 200, 200, 200, 200, 200, 200, 200}
	var recorded []int
	for _, r := range s.Requests() {
		recorded = append(recorded, r.Status)
	}
	if diff := cmp.Diff(want, recorded); diff != "" {
		t.Errorf("statuses recorded (-want +got):\n%s", diff)
	}
}

func TestAnIdleConnectionIsClosedWithoutNotice(t *testing.T) {
	t.Parallel()
	s := startFor(t)
	s.Fail(1, Fault{Break: BreakIdle, Chunked: true})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	d := newDraft()
	d.date = time.Now().UTC()
	if err := d.acs3().Write(conn); err != nil {
		t.Fatal(err)
	}
	everything, err := io.ReadAll(conn) // ends only if the server closes
	if err != nil {
		t.Fatal(err)
	}
	if text := string(everything); !strings.HasPrefix(text, "HTTP/1.1 200") || !strings.HasSuffix(text, "}") || strings.Contains(text, "Connection: close") {
		t.Errorf("got %s", text)
	}
}

func TestBodiesAreCompressedPaddedAndBoth(t *testing.T) {
	t.Parallel()
	s := startFor(t, SampleImages(3)...)
	plain := call(t, s).body
	unzip := func(got wire) ([]byte, error) {
		z, err := gzip.NewReader(bytes.NewReader(got.body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	}
	s.Fail(1, Fault{Gzip: true})
	got := call(t, s)
	content, err := unzip(got)
	if err != nil || got.resp.Header.Get("Content-Encoding") != "gzip" || len(content) != len(plain) {
		t.Errorf("gzip: %d bytes, %v, %v", len(content), err, got.resp.Header)
	}
	s.Fail(1, Fault{Gzip: true, Break: BreakTruncate, After: 100})
	if _, err := unzip(call(t, s)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("gzip cut short: %v", err)
	}
	s.Fail(1, Fault{Padding: 3<<20 + 7})
	if got := call(t, s); len(got.body) != 3<<20+7+len(plain) || len(bytes.TrimLeft(got.body, " ")) != len(plain) {
		t.Errorf("padded: %d bytes", len(got.body))
	}
	s.Fail(1, Fault{Padding: 50 << 20, Gzip: true})
	got = call(t, s)
	content, err = unzip(got)
	if err != nil || len(content) != 50<<20+len(plain) || len(got.body) > 1<<20 {
		t.Errorf("bomb: %d bytes travelled, %d held, %v", len(got.body), len(content), err)
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

func TestWhereConnectionsCannotBeTakenOverTheHandlerAborts(t *testing.T) {
	t.Parallel()
	s := quietServer(t)
	for _, b := range []Break{BreakReset, BreakClose, BreakGarbage, BreakShort, BreakResetBody, BreakIdle} {
		s.Fail(1, Fault{Break: b})
		func() {
			defer func() {
				if got := recover(); got != http.ErrAbortHandler {
					t.Errorf("break %d: recovered %v", b, got)
				}
			}()
			s.ServeHTTP(struct{ http.ResponseWriter }{httptest.NewRecorder()}, newDraft().acs3())
		}()
	}
}
