package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
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
	d.options = []appstreaming.Option{appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond})}
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
		fault("count-filtered", has("Status", ""), Fault{Members: members{"Count": text("237")}}),
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
		fault("known-values", isFirst, Fault{ImageMembers: members{"Status": text(`"MIGRATING"`)}}),
		fault("element-types", isFirst, Fault{ImageMembers: members{"OnlineVersion": text(`"maybe"`)}}),
		fault("plain-numbers", isFirst, Fault{ImageMembers: members{"SystemDiskSize": text(`"60"`)}}),
		fault("success-member", isPlain, Fault{Members: members{"Success": nil}}),
		fault("code-member", isPlain, Fault{Members: members{"Code": nil}}),
		{"gzip", func(s *appstreamingtest.Server) { s.SetGzip(false) }},
		fault("keep-alive", has("PageNumber", "not"), Fault{Header: http.Header{"Connection": {"close"}}}),
		fault("no-hint-unasked", isPlain, Fault{Header: http.Header{"X-Acs-Retry-After": {"100"}}}),
		fault("request-id", isPlain, Fault{Members: members{"RequestId": text(`"another"`)}}),
		fault("date-header", isPlain, Fault{Header: http.Header{"Date": {}}}),
		fault("bad-parameter", has("PageNumber", "not"), Fault{Code: "Odd", Status: 404}),
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

func TestFaultsOfTheSetUpAreNamed(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) *appstreamingtest.Server {
		return appstreamingtest.NewServer(t, appstreamingtest.SampleImages(20)...)
	}
	for name, test := range map[string]struct {
		id, seen, do string
		run          func(t *testing.T) outcome
	}{
		"no credentials": {"credentials", "no credentials", "ALIBABA_CLOUD_ACCESS_KEY_ID", func(t *testing.T) outcome {
			return examine(t, new(doctor), nil, "-live")
		}},
		"expired token": {"acs3", "InvalidSecurityToken.Expired", "get a new STS token", func(t *testing.T) outcome {
			s := start(t)
			s.ExpireToken(appstreamingtest.SecurityToken)
			sts := appstreaming.StaticCredentials(
				appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken)
			return examine(t, new(doctor), sts, "-endpoint", s.URL())
		}},
		"wrong clock": {"clock", "-40m", "set the clock", func(t *testing.T) outcome {
			s := start(t)
			s.SetClock(func() time.Time { return time.Now().Add(40*time.Minute + 30*time.Second) })
			return examine(t, new(doctor), longTerm, "-endpoint", s.URL())
		}},
		"refused connection": {"connect", "connection refused", "firewalls", func(t *testing.T) outcome {
			closed := httptest.NewServer(nil)
			closed.Close()
			return examine(t, new(doctor), longTerm, "-endpoint", closed.URL)
		}},
		"untrusted certificate": {"tls", "certificate", "SSL_CERT_FILE", func(t *testing.T) outcome {
			s := httptest.NewUnstartedServer(appstreamingtest.New())
			s.Config.ErrorLog = quiet
			s.StartTLS()
			t.Cleanup(s.Close)
			return examine(t, new(doctor), longTerm, "-endpoint", s.URL)
		}},
		"unknown host": {"dns", "no such host", "check the region", func(t *testing.T) outcome {
			return examine(t, new(doctor), longTerm, "-endpoint", "https://appstream-center.invalid")
		}},
		"denied permission": {"permission", "HTTP 403 Forbidden.NoPermission", policy, func(t *testing.T) outcome {
			s := start(t)
			s.Fail(-1, appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission})
			return examine(t, new(doctor), longTerm, "-endpoint", s.URL())
		}},
		"proxy that refuses": {"proxy", "refuses: 407", "NO_PROXY", func(t *testing.T) outcome {
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusProxyAuthRequired)
			}))
			t.Cleanup(proxy.Close)
			at, err := url.Parse(proxy.URL)
			if err != nil {
				t.Fatal(err)
			}
			transport := newTransport()
			transport.Proxy = http.ProxyURL(at)
			return examine(t, &doctor{transport: transport}, longTerm, "-live")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := test.run(t)
			f := o.find(t, test.id)
			if f.Verdict != fails || !strings.Contains(f.Seen, test.seen) || !strings.Contains(f.Do, test.do) {
				t.Errorf("%+v, want a failure with %q and %q", f, test.seen, test.do)
			}
			if o.code != exitSetUpFailed {
				t.Errorf("exit %d, want %d", o.code, exitSetUpFailed)
			}
		})
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
