package appstreamingtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// draft is a request to be signed with this package's own canonical forms,
// which the conformance tests hold to what the vendor's clients send.
type draft struct {
	method, path string
	query, form  url.Values
	header       http.Header
	keyID        string
	secret       string
	date         time.Time
	nonce        string
	unsigned     []string // headers left out of the signature
}

var nonces atomic.Int64

func newDraft() *draft {
	return &draft{
		method: http.MethodPost, path: "/", query: url.Values{}, form: url.Values{}, header: http.Header{},
		keyID: AccessKeyID, secret: AccessKeySecret, date: draftTime(), nonce: fmt.Sprint("nonce-", nonces.Add(1)),
	}
}

func draftTime() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }

func (d *draft) request() *http.Request {
	target := d.path
	if len(d.query) > 0 {
		target += "?" + d.query.Encode()
	}
	r := httptest.NewRequest(d.method, target, strings.NewReader(d.form.Encode()))
	for name, values := range d.header {
		r.Header[name] = slices.Clone(values)
	}
	return r
}

// acs3 signs with ACS3, after which the request may be changed.
func (d *draft) acs3() *http.Request {
	r := d.request()
	set := func(name, value string) {
		if _, there := r.Header[http.CanonicalHeaderKey(name)]; !there {
			r.Header.Set(name, value)
		}
	}
	set("x-acs-action", "ListImage")
	set("x-acs-version", "2021-09-01")
	set("x-acs-date", d.date.Format(dateLayout))
	set("x-acs-signature-nonce", d.nonce)
	set("x-acs-content-sha256", payloadHash([]byte(d.form.Encode())))
	set("content-type", "application/x-www-form-urlencoded")
	signed := []string{"host"}
	for name := range r.Header {
		if name = strings.ToLower(name); (strings.HasPrefix(name, "x-acs-") || name == "content-type") && !slices.Contains(d.unsigned, name) {
			signed = append(signed, name)
		}
	}
	slices.Sort(signed)
	x := &exchange{r: r}
	canonical := canonicalRequest(r.Method, "/", canonicalPairs(flat(d.query)), x.headerValues, signed, payloadHash([]byte(d.form.Encode())))
	r.Header.Set("Authorization", fmt.Sprintf("ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s",
		d.keyID, strings.Join(signed, ";"), acs3Signature(d.secret, acs3StringToSign(canonical))))
	return r
}

// rpc signs in the RPC way; parameters set to "-" are left out.
func (d *draft) rpc() *http.Request {
	for name, value := range map[string]string{
		"Action": "ListImage", "Version": "2021-09-01", "Format": "JSON", "AccessKeyId": d.keyID, "SignatureMethod": "HMAC-SHA1",
		"SignatureVersion": "1.0", "SignatureNonce": d.nonce, "Timestamp": d.date.Format(dateLayout),
	} {
		if !d.query.Has(name) {
			d.query.Set(name, value)
		}
		if d.query.Get(name) == "-" {
			d.query.Del(name)
		}
	}
	d.header.Set("Content-Type", "application/x-www-form-urlencoded")
	if d.query.Get("Signature") == "" {
		d.query.Set("Signature", rpcSignature(d.secret, rpcStringToSign(d.method, slices.Concat(flat(d.query), flat(d.form)))))
	}
	if d.query.Get("Signature") == "-" {
		d.query.Del("Signature")
	}
	return d.request()
}

func flat(values url.Values) []pair {
	var pairs []pair
	for name, list := range values {
		for _, value := range list {
			pairs = append(pairs, pair{name, value})
		}
	}
	return pairs
}

func quietServer(t *testing.T) *Server {
	s := New(SampleImages(30)...)
	t.Cleanup(s.Close)
	s.SetClock(draftTime)
	return s
}

func send(s *Server, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// decoded reads a JSON response.
func decoded(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%.300q: %v", w.Body, err)
	}
	return body
}

func wantAnswer(t *testing.T, s *Server, r *http.Request, status int, code string) map[string]any {
	t.Helper()
	w := send(s, r)
	body := decoded(t, w)
	if w.Code != status || body["Code"] != code {
		t.Errorf("HTTP %d %.400s, want %d %s", w.Code, w.Body, status, code)
	}
	if id := body["RequestId"]; id == "" || id != w.Header().Get("x-acs-request-id") {
		t.Errorf("request id %v in the body, %q in the header", id, w.Header().Get("x-acs-request-id"))
	}
	return body
}
