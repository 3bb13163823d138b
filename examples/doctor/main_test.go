package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// outcome is the result of one run.
type outcome struct {
	code           int
	report         report
	stdout, stderr string
}

func (o outcome) find(t *testing.T, id string) finding {
	t.Helper()
	for _, f := range append(o.report.SetUp, o.report.Assumptions...) {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("there is no line %q in:\n%s\n%s", id, o.stdout, o.stderr)
	return finding{}
}

// examine runs the program without a terminal, variables or pauses.
func examine(t *testing.T, d *doctor, provider appstreaming.CredentialsProvider, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := demo.Isolated(&stdout, &stderr)
	if provider != nil {
		env.Credentials = provider
	}
	d.pause = time.Millisecond
	d.retry = appstreaming.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}
	o := outcome{code: d.program().Execute(t.Context(), env, append([]string{"-o", "json"}, args...))}
	o.stdout, o.stderr = stdout.String(), stderr.String()
	if strings.HasPrefix(o.stdout, "{") {
		if err := json.Unmarshal(stdout.Bytes(), &o.report); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

var longTerm = appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")

func TestTheBuiltInServicePassesEveryCheck(t *testing.T) {
	t.Parallel()
	o := examine(t, new(doctor), nil, "-probe-refusals")
	for _, f := range append(o.report.SetUp, o.report.Assumptions...) {
		if f.Verdict != holds && f.ID != "tls" {
			t.Errorf("%s: %s, %s", f.ID, f.Verdict, f.Seen)
		}
	}
	if o.code != 0 || o.report.Requests > maxRequests {
		t.Errorf("exit %d after %d requests, want 0 after at most %d", o.code, o.report.Requests, maxRequests)
	}
}

func TestRefusalsAreNotProvokedUnasked(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(150)...)
	o := examine(t, new(doctor), longTerm, "-endpoint", service.URL())
	for _, id := range []string{"used-nonce", "bad-signature"} {
		if f := o.find(t, id); f.Verdict != skipped {
			t.Errorf("%s: %s, want skipped", id, f.Verdict)
		}
	}
	for _, request := range service.Requests() {
		if request.Code == appstreaming.CodeSignatureNonceUsed || request.Code == appstreaming.CodeSignatureDoesNotMatch {
			t.Errorf("a request was sent that had to be refused: %v", request)
		}
	}
}

// falsehood turns one assumption false in the double.
type falsehood struct {
	id   string
	turn func(*appstreamingtest.Server)
}

// fault turns an assumption false by a fault in the responses that when picks.
func fault(id string, when func(params map[string]string) bool, f appstreamingtest.Fault) falsehood {
	f.When = func(r appstreamingtest.Request) bool { return when(r.Params) }
	return falsehood{id, func(s *appstreamingtest.Server) { s.Fail(-1, f) }}
}

func isPlain(params map[string]string) bool { return len(params) == 0 }

func has(name, value string) func(map[string]string) bool {
	return func(params map[string]string) bool {
		return strings.HasPrefix(params[name], value) && params[name] != ""
	}
}

func isFirst(params map[string]string) bool {
	return len(params) == 2 && params["PageSize"] == "100" && params["PageNumber"] == "1"
}

type members = map[string]json.RawMessage

func text(s string) json.RawMessage { return json.RawMessage(s) }

// pageOf is the body of a page of n sample images.
func pageOf(n int) string {
	body, err := json.Marshal(appstreaming.ListImageResponse{
		RequestID: "R-1", Code: "200", PageNumber: 1, PageSize: n, Count: n, Images: appstreamingtest.SampleImages(n),
	})
	if err != nil {
		panic(err)
	}
	return string(body)
}

func falsehoods() []falsehood {
	type Fault = appstreamingtest.Fault
	tomorrow := `"` + time.Now().Add(48*time.Hour).UTC().Format(time.DateTime) + `"`
	return []falsehood{
		fault("default-page-number", isPlain, Fault{Members: members{"PageNumber": text("2")}}),
		fault("default-page-size", isPlain, Fault{Members: members{"PageSize": text("20")}}),
		fault("page-size-limit", has("PageSize", "101"), Fault{Status: 200, Body: pageOf(101)}),
		fault("page-size-echo", has("PageSize", "3"), Fault{Members: members{"PageSize": text("10")}}),
		fault("page-number-echo", has("PageNumber", "4"), Fault{Members: members{"PageNumber": text("1")}}),
		fault("past-the-end", has("PageNumber", "4"), Fault{Code: "InvalidParameter.PageNumber"}),
		fault("count-all", has("PageSize", "100"), Fault{Members: members{"Count": text("240")}}),
		{"count-all", func(s *appstreamingtest.Server) { s.SetHabit(appstreamingtest.HabitCountTooLow, 1) }},
		fault("count-all", has("PageSize", "100"), Fault{Members: members{"Count": text("100")}}), // that of the page
		{"count-all", func(s *appstreamingtest.Server) { s.SetHabit(appstreamingtest.HabitNoCount, 1) }},
		{"count-all", func(s *appstreamingtest.Server) { s.SetHabit(appstreamingtest.HabitIgnoresPageNumber, 1) }},
		fault("count-filtered", has("Status", ""), Fault{Members: members{"Count": text("237")}}),
		fault("count-filtered", has("Status", ""), Fault{Status: 200, Body: pageOf(15)}), // the filter is ignored
		{"order-stable", func(s *appstreamingtest.Server) {
			s.OnRequest(func(r appstreamingtest.Request) {
				if r.Params["PageSize"] == "3" { // between the two listings
					first := s.Images()[0]
					s.Remove(first.ImageID)
					s.Put(first)
				}
			})
		}},
		fault("ids-unique", isFirst, Fault{ImageMembers: members{
			"ImageId": text(`"imgc-06zyt9m93zwa00001"`), "VersionId": text(`"` + appstreamingtest.SampleImages(2)[1].VersionID + `"`),
		}}),
		fault("one-row-per-image", isFirst, Fault{ImageMembers: members{"ImageId": text(`"imgc-06zyt9m93zwa00001"`)}}),
		fault("latest-version", isFirst, Fault{ImageMembers: members{"LatestVersionId": nil}}),
		fault("image-id-exact", has("ImageId", ""), Fault{Status: 200, Body: pageOf(5)}),
		fault("image-name-part", has("ImageName", ""), Fault{Status: 200, Body: pageOf(0)}),
		fault("biz-type-default", has("BizType", "1"), Fault{Members: members{"Count": text("999")}}),
		fault("empty-result", has("ImageName", "doctor-"), Fault{Code: "Image.NotExist", Status: 400}),
		fault("query-tags", has("TagList.1.Key", ""), Fault{Members: members{"Count": text("237")}}),
		fault("query-distro", has("Distro", ""), Fault{Members: members{"Count": text("237")}}),
		{"both-signatures", func(s *appstreamingtest.Server) {
			s.Fail(-1, Fault{
				When:    func(r appstreamingtest.Request) bool { return r.Scheme == appstreamingtest.SchemeRPC },
				Members: members{"Count": text("3")},
			})
		}},
		fault("timestamp-layout", isFirst, Fault{ImageMembers: members{"GmtCreate": text(`"2025-04-26T14:02:57Z"`)}}),
		fault("timestamp-zone", isFirst, Fault{ImageMembers: members{"GmtModified": text(tomorrow)}}),
		fault("known-elements", isFirst, Fault{ImageMembers: members{"NewElement": text("1")}}),
		fault("known-elements", isFirst, Fault{ImageMembers: members{"TagList": text(`[{"Key":"a","Value":"b","New":1}]`)}}),
		fault("known-values", isFirst, Fault{ImageMembers: members{"Status": text(`"MIGRATING"`)}}),
		fault("element-types", isFirst, Fault{ImageMembers: members{"OnlineVersion": text(`"maybe"`)}}),
		fault("element-types", isFirst, Fault{ImageMembers: members{"AppList": text(`[{"AppId":["ca-1"],"AppName":"b"}]`)}}),
		fault("plain-numbers", isFirst, Fault{ImageMembers: members{"SystemDiskSize": text(`"60"`)}}),
		fault("plain-numbers", isFirst, Fault{ImageMembers: members{"SnapshotList": text(`[{"SnapshotId":"s-1","Size":"60"}]`)}}),
		fault("success-member", isPlain, Fault{Members: members{"Success": nil}}),
		fault("code-member", isPlain, Fault{Members: members{"Code": nil}}),
		{"gzip", func(s *appstreamingtest.Server) { s.SetGzip(false) }},
		fault("keep-alive", has("PageNumber", "not"), Fault{Header: http.Header{"Connection": {"close"}}}),
		fault("no-hint-unasked", isPlain, Fault{Header: http.Header{"X-Acs-Retry-After": {"100"}}}),
		fault("request-id", isPlain, Fault{Members: members{"RequestId": text(`"another"`)}}),
		fault("date-header", isPlain, Fault{Header: http.Header{"Date": {}}}),
		fault("bad-parameter", has("PageNumber", "not"), Fault{Code: "Odd", Status: 404}),
		fault("bad-parameter", has("PageNumber", "not"), Fault{Code: "InternalError", Status: 500}),
		fault("bad-parameter", has("PageNumber", "not"), Fault{Status: 200, Body: pageOf(10)}),
		fault("past-the-end", has("PageNumber", "4"), Fault{Code: "InternalError", Status: 500}),
	}
}

func TestEveryAssumptionCanFail(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{"used-nonce": true, "bad-signature": true} // below
	for _, test := range falsehoods() {
		tried[test.id] = true
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(237)...)
			service.SetGzip(true)
			test.turn(service)
			o := examine(t, new(doctor), longTerm, "-endpoint", service.URL())
			if f := o.find(t, test.id); f.Verdict != fails || f.Seen == "" || !strings.Contains(f.Do, "docs/assumptions.md#"+test.id) {
				t.Errorf("%+v, want a failure that says what was seen and what to do", f)
			}
			if o.code != exitAssumption {
				t.Errorf("exit %d, want %d\n%s", o.code, exitAssumption, o.stderr)
			}
		})
	}
	for _, a := range assumptions {
		if !tried[a.id] {
			t.Errorf("%s is never false in this test", a.id)
		}
	}
}

// TestRefusalsWithOtherCodes puts a proxy before the double that renames codes:
// the double's own refusals cannot be bent.
func TestRefusalsWithOtherCodes(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.New(appstreamingtest.SampleImages(20)...)
	rename := strings.NewReplacer("SignatureNonceUsed", "Odd", "SignatureDoesNotMatch", "Odd")
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		service.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write([]byte(rename.Replace(answer.Body.String())))
	}))
	t.Cleanup(front.Close)
	o := examine(t, new(doctor), longTerm, "-endpoint", front.URL, "-probe-refusals")
	for _, id := range []string{"used-nonce", "bad-signature"} {
		if f := o.find(t, id); f.Verdict != fails || !strings.Contains(f.Seen, "HTTP 400 Odd, members Code") {
			t.Errorf("%+v, want a failure with the code seen", f)
		}
	}
}

// hostile answers that put names and identifiers where the report shows text.
func hostile(images []appstreaming.Image) map[string]appstreamingtest.Fault {
	first := images[0]
	said := first.ImageName + " " + first.ImageID + " 1426098341234567 " + appstreamingtest.STSAccessKeyID +
		" acs:ram::1426098341234567:user/alice " + first.Tags[0].Value
	quoted, err := json.Marshal(said)
	if err != nil {
		panic(err)
	}
	return map[string]appstreamingtest.Fault{
		"a code":              {Code: appstreaming.Code(said), Status: 400},
		"a message":           {Code: "Odd", Status: 400, Message: said},
		"the Code of a page":  {Members: members{"Code": quoted}},
		"a header":            {Header: http.Header{"X-Ratelimit-User": {strings.ToValidUTF8(said, "")}}},
		"an element's name":   {ImageMembers: members{said: text("1")}},
		"an undocumented one": {ImageMembers: members{"ProductType": quoted}},
		"no page":             {Status: 200, Body: said},
	}
}

func TestAHostileServiceGetsNoNameIntoTheReport(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(20)
	sts := appstreaming.StaticCredentials(
		appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken)
	for where, f := range hostile(images) {
		for _, always := range []bool{false, true} {
			service := appstreamingtest.NewServer(t, images...)
			f.When = func(r appstreamingtest.Request) bool { return always || r.Params["PageSize"] != "1" }
			service.Fail(-1, f)
			for _, format := range []string{"json", "markdown"} {
				o := examine(t, new(doctor), sts, "-endpoint", service.URL(), "-o", format)
				for _, secret := range []string{
					images[0].ImageName, images[0].ImageID, "1426098341234567", appstreamingtest.STSAccessKeyID, "alice", images[0].Tags[0].Value,
				} {
					if strings.Contains(o.stdout+o.stderr, secret) {
						t.Errorf("%s, %s: the report holds %q", where, format, secret)
					}
				}
			}
		}
	}
}

func TestShortNamesAreReplacedAsWholeWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, name, want string }{
		{"0 without LatestVersionId", "test", "0 without LatestVersionId"},
		{"test, a test: latest, tests, \"test\"", "test", "*, a *: latest, tests, \"*\""},
		{"test", "test", "*"},
		{"設計test設計 test", "test", "設計test設計 *"},
		{"XCC-10Y", "CC-10", "X*Y"},
		{"Xprivate1Y", "private1", "X*Y"},
		{"nothing", "test", "nothing"},
	} {
		if got := replaceName(test.text, test.name, "*"); got != test.want {
			t.Errorf("%s in %s: got %s, want %s", test.name, test.text, got, test.want)
		}
	}
}

func TestReportsHoldNoSecretAndNoName(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(20)
	sts := appstreaming.StaticCredentials(
		appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken)
	for _, format := range []string{"table", "json", "markdown"} {
		service := appstreamingtest.NewServer(t, images...)
		o := examine(t, new(doctor), sts, "-endpoint", service.URL(), "-probe-refusals", "-o", format)
		for what, secret := range map[string]string{
			"secret": appstreamingtest.STSAccessKeySecret, "token": appstreamingtest.SecurityToken, "access key": appstreamingtest.STSAccessKeyID,
			"signature": "Signature=", "name": images[0].ImageName, "identifier": images[0].ImageID, "account": "1426098341234567",
			"tag": "CC-10",
		} {
			if strings.Contains(o.stdout+o.stderr, secret) {
				t.Errorf("%s: the report holds the %s", format, what)
			}
		}
	}
	service := appstreamingtest.NewServer(t, images...)
	if o := examine(t, new(doctor), sts, "-endpoint", service.URL(), "-with-names"); !strings.Contains(o.stdout, images[0].ImageID) {
		t.Error("-with-names: the report has no identifier")
	}
}

func TestEveryAssumptionIsDocumented(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/assumptions.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, checked []string
	for _, match := range regexp.MustCompile(`(?m)^### (\S+)$`).FindAllSubmatch(document, -1) {
		documented = append(documented, string(match[1]))
	}
	for _, a := range assumptions {
		checked = append(checked, a.id)
	}
	if diff := cmp.Diff(documented, checked); diff != "" {
		t.Errorf("documented and checked (-documented +checked):\n%s", diff)
	}
}

func TestAnEmptyInventoryLeavesChecksUndone(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	service.SetGzip(true)
	o := examine(t, new(doctor), longTerm, "-endpoint", service.URL())
	if f := o.find(t, "ids-unique"); o.code != 0 || f.Verdict != unchecked {
		t.Errorf("exit %d, ids-unique %+v; want 0 and unchecked", o.code, f)
	}
}

func TestInventoriesOfEverySizePass(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 9, 11, 100, 101, 600} {
		service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(n)...)
		service.SetGzip(true)
		o := examine(t, new(doctor), longTerm, "-endpoint", service.URL(), "-probe-refusals")
		if bad := count(o.report.Assumptions, holds); o.code != 0 || bad != len(assumptions) || o.report.Requests > maxRequests {
			t.Errorf("%d images: exit %d, %d of %d hold after %d requests", n, o.code, bad, len(assumptions), o.report.Requests)
		}
	}
}

func TestSeveralAssumptionsFailAtOnce(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(1000)...)
	service.Fail(-1, appstreamingtest.Fault{
		Members: members{"PageNumber": nil, "PageSize": nil, "Success": nil, "Count": text(`"1000"`)},
		When: func(r appstreamingtest.Request) bool {
			return len(r.Params) < 3 && r.Params["ImageName"]+r.Params["Distro"]+r.Params["TagList.1.Key"] == ""
		},
	})
	o := examine(t, new(doctor), longTerm, "-endpoint", service.URL())
	want := []string{
		"default-page-number", "default-page-size", "page-size-echo", "page-number-echo", "plain-numbers", "success-member", "gzip",
	}
	var failed []string
	for _, f := range o.report.Assumptions {
		if f.Verdict == fails {
			failed = append(failed, f.ID)
		}
	}
	if diff := cmp.Diff(want, failed); diff != "" || o.code != exitAssumption {
		t.Errorf("exit %d; failed (-want +got):\n%s", o.code, diff)
	}
}

// An identifier can be the beginning of another one, and a name can be shorter
// than one that has a middle.
func TestNeighbouringIdentifiersAreNoFailure(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(3)
	images[0].ImageID, images[1].ImageID, images[2].ImageID = "imgc-12", "imgc-1", "i"
	images[0].ImageName = " 设 计 "
	service := appstreamingtest.NewServer(t, images...)
	service.SetGzip(true)
	o := examine(t, new(doctor), longTerm, "-endpoint", service.URL())
	for _, id := range []string{"image-id-exact", "image-name-part"} {
		if f := o.find(t, id); f.Verdict != holds {
			t.Errorf("%+v, want it to hold", f)
		}
	}
}

// A wrong clock of this machine says nothing about the zone of the service's times.
func TestTimesAreComparedWithTheServicesClock(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(3)
	images[0].Modified = appstreaming.Timestamp(time.Now().Add(-time.Hour).UTC().Format(time.DateTime))
	service := appstreamingtest.NewServer(t, images...)
	d := &doctor{now: func() time.Time { return time.Now().Add(-72 * time.Hour) }}
	o := examine(t, d, longTerm, "-endpoint", service.URL())
	if f := o.find(t, "timestamp-zone"); f.Verdict != holds {
		t.Errorf("%+v, want it to hold", f)
	}
}

// A service that fails in the middle leaves checks undone. It shows nothing about
// the assumptions.
func TestAServiceThatFailsLaterLeavesChecksUndone(t *testing.T) {
	t.Parallel()
	for _, f := range []appstreamingtest.Fault{
		{Code: appstreaming.CodeThrottlingUser}, {Code: appstreaming.CodeServiceUnavailable}, {Status: 502, Body: "<html>"},
		{Break: appstreamingtest.BreakReset},
	} {
		for _, served := range []int64{2, 3, 4, 5, 8, 10, 14} {
			service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(20)...)
			service.SetGzip(true)
			var asked atomic.Int64
			f.When = func(appstreamingtest.Request) bool { return asked.Add(1) > served }
			service.Fail(-1, f)
			d := &doctor{options: []appstreaming.Option{appstreaming.WithPacing(false)}}
			o := examine(t, d, longTerm, "-endpoint", service.URL())
			if count(o.report.Assumptions, fails) > 0 || o.code != 0 || o.report.Requests > maxRequests {
				t.Errorf("%s%d after %d requests: exit %d after %d requests\n%s", f.Code, f.Status, served, o.code, o.report.Requests, o.stdout)
			}
		}
	}
}

func TestAReportIsPrintedWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(20)...)
	service.Fail(-1, appstreamingtest.Fault{
		Break: appstreamingtest.BreakHang, When: func(r appstreamingtest.Request) bool { return r.Params["PageSize"] == "3" },
	})
	o := examine(t, new(doctor), longTerm, "-endpoint", service.URL(), "-timeout", "2s")
	if f := o.find(t, "page-size-echo"); f.Verdict != unchecked || !strings.Contains(f.Seen, "deadline") {
		t.Errorf("%+v, want an unchecked line", f)
	}
	if f := o.find(t, "default-page-size"); f.Verdict != holds {
		t.Errorf("%+v, want what was checked before", f)
	}
	o = examine(t, new(doctor), longTerm, "-endpoint", service.URL(), "-timeout", "1ns")
	if f := o.find(t, "credentials"); o.code != exitSetUpFailed || f.Do == "" {
		t.Errorf("exit %d, %+v", o.code, f)
	}
}

func TestAnInterruptedRunPrintsNoReport(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(20)...)
	service.OnRequest(func(appstreamingtest.Request) { cancel() })
	var stdout, stderr bytes.Buffer
	env := demo.Isolated(&stdout, &stderr)
	env.Credentials = longTerm
	code := new(doctor).program().Execute(ctx, env, []string{"-endpoint", service.URL()})
	if code != demo.ExitFailed || stdout.Len() > 0 || !strings.Contains(stderr.String(), "context canceled") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
	}
}

var quiet = log.New(io.Discard, "", 0)

func TestALargeInventoryCostsNoMoreRequests(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(1000)...)
	o := examine(t, new(doctor), longTerm, "-endpoint", service.URL(), "-probe-refusals")
	if f := o.find(t, "count-all"); f.Verdict != unchecked || f.Seen != "the first 600 of 1000 images were listed" {
		t.Errorf("count-all: %+v", f)
	}
	if f := o.find(t, "bad-signature"); f.Verdict != holds || o.report.Requests > maxRequests {
		t.Errorf("%d requests, the last check is %+v", o.report.Requests, f)
	}
}
