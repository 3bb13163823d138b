package appstreaming

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming/internal/acs"
)

// wireRecord is a request recorded from one of the vendor's clients.
type wireRecord struct {
	Case        string
	Scheme      string
	Credentials struct {
		Type            string `json:"type"`
		AccessKeyID     string `json:"access_key_id"`
		AccessKeySecret string `json:"access_key_secret"`
		SecurityToken   string `json:"security_token"`
		BearerToken     string `json:"bearer_token"`
	}
	Params  json.RawMessage
	Request struct {
		Method  string
		Target  string
		Headers [][2]string
		Body    string
	}
}

var wireFiles = []string{"official-go-sdk-acs3.jsonl", "official-go-sdk-rpc.jsonl", "official-node-pop-core-rpc-get.jsonl"}

func readWireRecords(t testing.TB, name string) []wireRecord {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "conformance", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var records []wireRecord
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r wireRecord
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		records = append(records, r)
	}
	if len(records) < 80 {
		t.Fatalf("%s has %d records, want at least 80", name, len(records))
	}
	return records
}

func (r wireRecord) header(name string) string {
	for _, h := range r.Request.Headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

func (r wireRecord) query(t testing.TB) url.Values {
	t.Helper()
	_, raw, _ := strings.Cut(r.Request.Target, "?")
	return parseQuery(t, raw)
}

func parseQuery(t testing.TB, raw string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func (r wireRecord) credentials() Credentials {
	c := r.Credentials
	return Credentials{
		AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret, SecurityToken: c.SecurityToken, BearerToken: c.BearerToken,
	}
}

// listImageRequest converts the record's wire parameters to a ListImageRequest.
func (r wireRecord) listImageRequest(t testing.TB) ListImageRequest {
	t.Helper()
	var p struct {
		ImageID              string       `json:"ImageId"`
		ImageName            string       `json:"ImageName"`
		Distro               string       `json:"Distro"`
		OSType               OSType       `json:"OsType"`
		ProductType          ProductType  `json:"ProductType"`
		ProtocolType         ProtocolType `json:"ProtocolType"`
		Language             Language     `json:"LanguageType"`
		ResourceInstanceType string
		BizType              *int32
		PageNumber, PageSize int
		BizTypes             []int32        `json:"BizTypeList"`
		ProductTypes         []ProductType  `json:"ProductTypeList"`
		PlatformNames        []PlatformName `json:"PlatformNameList"`
		Features             []*Feature     `json:"FeatureList"`
		BizRegionIDs         []string       `json:"BizRegionIdList"`
		Tags                 []Tag          `json:"TagList"`
	}
	decoder := json.NewDecoder(bytes.NewReader(r.Params))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		t.Fatalf("%s: %v", r.Case, err)
	}
	var features []Feature
	for _, f := range p.Features {
		if f == nil {
			f = Ptr(Feature("null")) // the Node client sends a null item as this text
		}
		features = append(features, *f)
	}
	return ListImageRequest{
		ImageID: p.ImageID, ImageName: p.ImageName, Distro: p.Distro, OSType: p.OSType,
		ProductType: p.ProductType, ProtocolType: p.ProtocolType, Language: p.Language,
		ResourceInstanceType: p.ResourceInstanceType, BizType: p.BizType, PageNumber: p.PageNumber,
		PageSize: p.PageSize, BizTypes: p.BizTypes, ProductTypes: p.ProductTypes, PlatformNames: p.PlatformNames,
		Features: features, BizRegionIDs: p.BizRegionIDs, Tags: p.Tags,
	}
}

// withoutHabits removes parameters that the vendor's clients send and this
// package does not: empty values and RegionId.
func withoutHabits(values url.Values) url.Values {
	kept := url.Values{}
	for name, all := range values {
		if name != "RegionId" && !slices.Equal(all, []string{""}) {
			kept[name] = all
		}
	}
	return kept
}

func withoutNames(values url.Values, names ...string) url.Values {
	for _, name := range names {
		delete(values, name)
	}
	return values
}

func bodyOf(t testing.TB, req *http.Request) string {
	t.Helper()
	if req.Body == nil {
		return ""
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestEveryCapturedRequestIsReproduced(t *testing.T) {
	t.Parallel()
	for _, name := range wireFiles {
		for _, r := range readWireRecords(t, name) {
			t.Run(name+"/"+r.Credentials.Type+"/"+r.Case, func(t *testing.T) {
				req := r.listImageRequest(t)
				cfg := defaultConfig()
				cfg.endpoint = endpoint{scheme: "http", host: "127.0.0.1:80"}
				if !strings.Contains(name, "acs3") {
					cfg.signature = SignatureRPC
				}
				sent, _ := signed(t, &cfg, &req, stamp{credentials: r.credentials(), nonce: "n", time: time.Now()})
				gotQuery, gotForm := sent.URL.Query(), parseQuery(t, bodyOf(t, sent))
				wantQuery, wantForm := withoutHabits(r.query(t)), withoutHabits(parseQuery(t, r.Request.Body))

				if cfg.signature == SignatureRPC {
					// The vendor's Go client puts some parameters into a form.
					maps.Copy(wantQuery, wantForm)
					wantForm = url.Values{}
					fresh := []string{"Signature", "SignatureNonce", "Timestamp"}
					withoutNames(gotQuery, fresh...)
					withoutNames(wantQuery, fresh...)
					if strings.EqualFold(wantQuery.Get("Format"), "JSON") {
						wantQuery.Set("Format", "JSON")
					}
				}
				if diff := cmp.Diff(wantQuery, gotQuery); diff != "" {
					t.Errorf("query (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(wantForm, gotForm); diff != "" {
					t.Errorf("form (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// Requests without such extra parameters have the same bytes too, except for
// spaces in the query: the vendor signs "%20" and sends "+".
func TestFormAndQueryHaveTheCapturedBytes(t *testing.T) {
	t.Parallel()
	same := 0
	for _, r := range readWireRecords(t, wireFiles[0]) {
		form := parseQuery(t, r.Request.Body)
		if r.Credentials.Type == "bearer" || len(withoutHabits(r.query(t))) != len(r.query(t)) || len(withoutHabits(form)) != len(form) {
			continue
		}
		same++
		_, query, _ := strings.Cut(r.Request.Target, "?")
		req := r.listImageRequest(t)
		cfg := defaultConfig()
		cfg.endpoint = endpoint{scheme: "http", host: "127.0.0.1:80"}
		sent, _ := signed(t, &cfg, &req, stamp{credentials: r.credentials(), nonce: "n", time: time.Now()})
		want := strings.ReplaceAll(query, "+", "%20") + "\n" + r.Request.Body
		if diff := cmp.Diff(want, sent.URL.RawQuery+"\n"+bodyOf(t, sent)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", r.Case, diff)
		}
	}
	if same < 60 {
		t.Errorf("%d records compared, want at least 60", same)
	}
}

func TestEveryCapturedACS3SignatureIsReproduced(t *testing.T) {
	t.Parallel()
	count := 0
	for _, r := range readWireRecords(t, wireFiles[0]) {
		authorization := r.header("Authorization")
		if authorization == "" {
			continue // bearer tokens are not signed
		}
		count++
		_, rest, _ := strings.Cut(authorization, "SignedHeaders=")
		names, want, _ := strings.Cut(rest, ",Signature=")
		var headers []acs.Header
		for name := range strings.SplitSeq(names, ";") {
			headers = append(headers, acs.Header{Name: acs.HeaderName{Signed: name}, Value: r.header(name)})
		}
		query := acs.AppendQuery(nil, sortedParams(r.query(t)), nil)
		got, _ := acs3Signature(r.Credentials.AccessKeySecret, r.Request.Method, string(query), headers, payloadHash(r.Request.Body))
		if got != want {
			t.Errorf("%s/%s: signature %s, want %s", r.Credentials.Type, r.Case, got, want)
		}
		if whole := acs3Authorization(r.Credentials.AccessKeyID, headers, got); whole != authorization {
			t.Errorf("%s/%s: Authorization %q, want %q", r.Credentials.Type, r.Case, whole, authorization)
		}
	}
	if count != 78 {
		t.Errorf("%d signed records, want 78", count)
	}
}

func payloadHash(body string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(body))) }

func sortedParams(values url.Values) []acs.Param {
	var params []acs.Param
	for name, all := range values {
		for _, value := range all {
			params = append(params, acs.Param{Name: name, Value: value})
		}
	}
	acs.Sort(params)
	return params
}

func TestEveryCapturedRPCSignatureIsReproduced(t *testing.T) {
	t.Parallel()
	count := 0
	for _, name := range wireFiles[1:] {
		for _, r := range readWireRecords(t, name) {
			all := r.query(t)
			maps.Copy(all, parseQuery(t, r.Request.Body))
			want := all.Get("Signature")
			if want == "" {
				continue // bearer tokens are not signed
			}
			count++
			params := sortedParams(withoutNames(all, "Signature"))
			got, _ := rpcSignature(r.Credentials.AccessKeySecret, r.Request.Method, acs.AppendQuery(nil, params, nil))
			if got != want {
				t.Errorf("%s/%s/%s: signature %s, want %s", name, r.Credentials.Type, r.Case, got, want)
			}
		}
	}
	if count != 158 {
		t.Errorf("%d signed records, want 158", count)
	}
}

// A request with the record's nonce, date and host carries the signature of its
// own bytes, and every x-acs- header is signed.
func TestOurOwnRequestCarriesTheSignatureOfItsBytes(t *testing.T) {
	t.Parallel()
	for _, r := range readWireRecords(t, wireFiles[0]) {
		if r.Credentials.Type == "bearer" {
			continue
		}
		date, err := time.Parse(signingTime, r.header("x-acs-date"))
		if err != nil {
			t.Fatal(err)
		}
		req := r.listImageRequest(t)
		cfg := defaultConfig()
		cfg.endpoint = endpoint{scheme: "http", host: r.header("Host")}
		sent, signature := signed(t, &cfg, &req, stamp{
			credentials: r.credentials(), nonce: r.header("x-acs-signature-nonce"), time: date, retries: 2,
		})
		_, rest, _ := strings.Cut(sent.Header.Get("Authorization"), "SignedHeaders=")
		names, got, _ := strings.Cut(rest, ",Signature=")
		var headers []acs.Header
		for name := range strings.SplitSeq(names, ";") {
			value := sent.Header.Get(name)
			if name == "host" {
				value = sent.Host
			}
			headers = append(headers, acs.Header{Name: acs.HeaderName{Signed: name}, Value: value})
		}
		for name := range sent.Header {
			if strings.HasPrefix(name, "X-Acs-") && !slices.Contains(strings.Split(names, ";"), strings.ToLower(name)) {
				t.Errorf("%s: %s is sent but not signed", r.Case, name)
			}
		}
		query := string(acs.AppendQuery(nil, sortedParams(sent.URL.Query()), nil))
		want, _ := acs3Signature(r.Credentials.AccessKeySecret, sent.Method, query, headers, payloadHash(bodyOf(t, sent)))
		if got != want || got != signature {
			t.Errorf("%s: signature %s, want %s", r.Case, got, want)
		}
	}
}

type signatureVector struct {
	ID        string
	Algorithm string
	Inputs    struct {
		AccessKeyID     string `json:"access_key_id"`
		AccessKeySecret string `json:"access_key_secret"`
		Method          string
		Headers         [][2]string
		Query, Params   map[string]string
		Form            map[string]string
		Body            string
		PayloadHash     string `json:"payload_hash"`
		Key, Message    string

		Client string
		Tag    map[string]string
		Strs   []string
		Array  [][]string
	}
	Intermediate struct {
		CanonicalQuery   string `json:"canonical_query"`
		CanonicalRequest string `json:"canonical_request"`
		StringToSign     string `json:"string_to_sign"`
	}
	Published struct {
		Signature    string
		StringToSign string `json:"string_to_sign"`
		Form         string
	}
	Recomputed struct {
		Signature     string
		Authorization string
	}
}

func TestEverySignatureVectorIsReproduced(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/conformance/signature-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []signatureVector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) != 28 {
		t.Fatalf("%d vectors, want 28", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			var want, got any
			switch v.Algorithm {
			case "ACS3-HMAC-SHA256":
				want, got = reproduceACS3(v)
			case "RPC-HMAC-SHA1":
				want, got = reproduceRPC(v)
			case "RPC-string-to-sign":
				merged := paramsOf(v.Inputs.Query)
				merged = append(merged, paramsOf(v.Inputs.Form)...)
				acs.Sort(merged)
				want = v.Published.StringToSign
				got = string(appendRPCStringToSign(nil, v.Inputs.Method, acs.AppendQuery(nil, merged, nil)))
			case "HMAC-SHA1-base64 primitive":
				want = v.Published.Signature
				got, _ = acs.HMACSHA1(v.Inputs.Key, []byte(v.Inputs.Message))
			case "form flattening":
				want, got = v.Published.Form, flattened(v)
			default:
				t.Fatalf("no such algorithm: %s", v.Algorithm)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

type acs3Result struct{ Query, CanonicalRequest, Signature, Authorization string }

func reproduceACS3(v signatureVector) (want, got acs3Result) {
	// The canonical form trims, sorts and joins the values of one name.
	values := map[string][]string{"x-acs-content-sha256": {v.Inputs.PayloadHash}}
	if v.ID == "acs3-sdk-getauthorization" {
		delete(values, "x-acs-content-sha256") // a test of the signer alone
	}
	for _, h := range v.Inputs.Headers {
		name := strings.ToLower(h[0])
		if name == "host" || name == "content-type" || strings.HasPrefix(name, "x-acs-") {
			values[name] = append(values[name], strings.TrimSpace(h[1]))
		}
	}
	var headers []acs.Header
	for name, all := range values {
		slices.Sort(all)
		headers = append(headers, acs.Header{Name: acs.HeaderName{Signed: name}, Value: strings.Join(slices.Compact(all), ",")})
	}
	slices.SortFunc(headers, func(a, b acs.Header) int { return strings.Compare(a.Name.Signed, b.Name.Signed) })

	params := paramsOf(v.Inputs.Query)
	acs.Sort(params)
	query := string(acs.AppendQuery(nil, params, nil))
	signature, _ := acs3Signature(v.Inputs.AccessKeySecret, v.Inputs.Method, query, headers, v.Inputs.PayloadHash)
	return acs3Result{v.Intermediate.CanonicalQuery, v.Intermediate.CanonicalRequest, v.Published.Signature, v.Recomputed.Authorization},
		acs3Result{
			query,
			string(appendCanonicalRequest(nil, v.Inputs.Method, query, headers, v.Inputs.PayloadHash)),
			signature,
			acs3Authorization(v.Inputs.AccessKeyID, headers, signature),
		}
}

type rpcResult struct{ Query, StringToSign, Signature string }

func reproduceRPC(v signatureVector) (want, got rpcResult) {
	params := paramsOf(v.Inputs.Params)
	acs.Sort(params)
	query := acs.AppendQuery(nil, params, nil)
	signature, _ := rpcSignature(v.Inputs.AccessKeySecret, v.Inputs.Method, query)
	return rpcResult{v.Intermediate.CanonicalQuery, v.Intermediate.StringToSign, v.Published.Signature},
		rpcResult{
			string(query),
			string(appendRPCStringToSign(nil, v.Inputs.Method, query)),
			signature,
		}
}

func paramsOf(values map[string]string) []acs.Param {
	var params []acs.Param
	for name, value := range values {
		params = append(params, acs.Param{Name: name, Value: value})
	}
	return params
}

func flattened(v signatureVector) string {
	params := []acs.Param{{Name: "client", Value: v.Inputs.Client}}
	params = acs.AppendTexts(params, "strs", v.Inputs.Strs)
	for member, value := range v.Inputs.Tag {
		params = append(params, acs.Param{Name: "tag", Member: member, Value: value})
	}
	for i, row := range v.Inputs.Array {
		for j, value := range row {
			params = append(params, acs.Param{Name: "array", Index: i + 1, Member: string(rune('1' + j)), Value: value})
		}
	}
	acs.Sort(params)
	return string(acs.AppendQuery(nil, params, nil))
}
