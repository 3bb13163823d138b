package appstreaming

import (
	"context"
	"crypto/fips140"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming/internal/acs"
)

// typicalRequest has fifteen parameters on the wire.
func typicalRequest() ListImageRequest {
	return ListImageRequest{
		ImageName:    "设计云镜像",
		Status:       ImageStatusAvailable,
		ImageType:    ImageTypeUser,
		OSType:       OSTypeWindows,
		ProtocolType: ProtocolTypeASP,
		Language:     LanguageZhCN,
		BizType:      Ptr(int32(1)),
		ProductTypes: []ProductType{ProductTypeCloudApp, ProductTypeCloudDesktop},
		BizRegionIDs: []string{"cn-shanghai", "cn-hangzhou"},
		Tags:         []Tag{{Key: "env", Value: "production"}},
		PageNumber:   3,
		PageSize:     100,
	}
}

func typicalConfig(signature Signature) (config, stamp) {
	cfg := defaultConfig()
	cfg.endpoint = endpoint{scheme: "https", host: "appstream-center.cn-shanghai.aliyuncs.com"}
	cfg.signature = signature
	return cfg, stamp{
		credentials: Credentials{AccessKeyID: "LTAI-FAKE-TEST-KEY-ID-0001", AccessKeySecret: "FakeTestSecret/for+loopback=only~0001"},
		nonce:       "0123456789abcdef0123456789abcdef",
		time:        time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func unsigned(cfg *config, req *ListImageRequest) *unsignedRequest {
	u := cfg.unsigned(listImage, req.appendParams(make([]acs.Param, 0, 20)))
	return &u
}

func signed(t testing.TB, cfg *config, req *ListImageRequest, s stamp) (*http.Request, string) {
	t.Helper()
	sent, signature, err := unsigned(cfg, req).sign(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return sent, signature
}

func namesOf(params []acs.Param) []string {
	var names []string
	for _, p := range params {
		names = append(names, string(p.AppendName(nil)))
	}
	return names
}

func TestParametersAreBuiltInSortedOrder(t *testing.T) {
	t.Parallel()
	all := ListImageRequest{
		ImageID: "a", ImageName: "a", Status: "a", ImageType: "a", PackageType: "a", OSType: "a", ProtocolType: "a", Language: "a",
		PlatformName: "a", Distro: "a", FOTAVersion: "a", ResourceInstanceType: "a", BizType: Ptr(int32(0)), BizTypes: make([]int32, 12),
		ProductType: "a", ProductTypes: slices.Repeat([]ProductType{"a"}, 100), PlatformNames: slices.Repeat([]PlatformName{"a"}, 10),
		Features:     []Feature{"a"},
		BizRegionIDs: slices.Repeat([]string{"a"}, 11), Tags: slices.Repeat([]Tag{{"a", "b"}}, 11), PageNumber: 1, PageSize: 1,
	}
	names := namesOf(all.appendParams(nil))
	if !slices.IsSorted(names) {
		t.Errorf("not sorted: %q", names)
	}
	if want := 13 + 1 + 12 + 100 + 10 + 1 + 11 + 22 + 2; len(names) != want {
		t.Errorf("%d parameters, want %d: %q", len(names), want, names)
	}
	if none := (&ListImageRequest{}).appendParams(nil); len(none) != 0 {
		t.Errorf("the zero request has parameters: %v", none)
	}
}

func TestExtraParametersReplaceThoseOfTheSameName(t *testing.T) {
	t.Parallel()
	cfg, s := typicalConfig(SignatureACS3)
	err := cfg.set([]Option{
		WithParam("ImageName", "first"), WithParam("ImageName", "other"), WithParam("TagList.1.Key", "team"), WithParam("Zone", "z"),
	})
	if err != nil {
		t.Fatal(err)
	}
	req := ListImageRequest{ImageName: "x", Tags: []Tag{{Key: "env", Value: "test"}}}
	sent, _ := signed(t, &cfg, &req, s)
	if want, got := "TagList.1.Key=team&TagList.1.Value=test", sent.URL.RawQuery; got != want {
		t.Errorf("query %q, want %q", got, want)
	}
	if want, got := "ImageName=other&Zone=z", bodyOf(t, sent); got != want {
		t.Errorf("form %q, want %q", got, want)
	}
}

func TestACS3SendsDistroAndTagsInTheQueryAndTheRestInTheForm(t *testing.T) {
	t.Parallel()
	cfg, s := typicalConfig(SignatureACS3)
	req := typicalRequest()
	req.Distro = "Ubuntu 22.04"
	sent, _ := signed(t, &cfg, &req, s)
	if sent.Method != http.MethodPost || sent.URL.Path != "/" {
		t.Errorf("%s %s, want POST /", sent.Method, sent.URL.Path)
	}
	if want, got := "Distro=Ubuntu%2022.04&TagList.1.Key=env&TagList.1.Value=production", sent.URL.RawQuery; got != want {
		t.Errorf("query %q, want %q", got, want)
	}
	form := parseQuery(t, bodyOf(t, sent))
	if len(form) != 13 || form.Get("ImageName") != "设计云镜像" {
		t.Errorf("form %v, want the other 13 parameters", form)
	}
	again, err := sent.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(again); int64(len(text)) != sent.ContentLength {
		t.Errorf("GetBody returns %d bytes, want %d", len(text), sent.ContentLength)
	}
}

func TestBearerTokensAreNotSigned(t *testing.T) {
	t.Parallel()
	for _, signature := range []Signature{SignatureACS3, SignatureRPC} {
		cfg, s := typicalConfig(signature)
		s.credentials = Credentials{BearerToken: "token"}
		req := ListImageRequest{Distro: "x"}
		sent, made := signed(t, &cfg, &req, s)
		query := sent.URL.Query()
		token := sent.Header.Get("X-Acs-Bearer-Token") + query.Get("BearerToken")
		if made != "" || query.Get("SignatureType") != "BEARERTOKEN" || token != "token" ||
			query.Has("Signature") || query.Has("AccessKeyId") || sent.Header.Get("Authorization") != "" {
			t.Errorf("%v: signature %q, query %v, header %v", signature, made, query, sent.Header)
		}
	}
}

// rpcWithURL returns an RPC request whose signed URL has exactly the given
// length. The encoded signature varies by a few bytes, so the function varies
// the nonce until the length is right.
func rpcWithURL(t *testing.T, length int) *http.Request {
	t.Helper()
	cfg, s := typicalConfig(SignatureRPC)
	u := unsigned(&cfg, &ListImageRequest{})
	base, _, err := u.rpcQuery(http.MethodGet, s)
	if err != nil {
		t.Fatal(err)
	}
	name := length - len(u.endpoint.String()) - len("/?") - len(base) - len("ImageName=&")
	u = unsigned(&cfg, &ListImageRequest{ImageName: strings.Repeat("n", name)})
	for n := range 1000 {
		s.nonce = fmt.Sprintf("%032d", n)
		query, _, err := u.rpcQuery(http.MethodGet, s)
		if err != nil {
			t.Fatal(err)
		}
		if len(u.endpoint.String())+len("/?")+len(query) == length {
			sent, _, err := u.sign(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			return sent
		}
	}
	t.Fatalf("no nonce makes a URL of %d bytes", length)
	return nil
}

func TestRPCSendsAURLOf8KiBByGETAndALongerOneByPOST(t *testing.T) {
	t.Parallel()
	atLimit := rpcWithURL(t, 8<<10)
	if body := bodyOf(t, atLimit); atLimit.Method != http.MethodGet || len(atLimit.URL.String()) != 8<<10 || body != "" ||
		atLimit.Header.Get("Content-Type") != "" || atLimit.URL.Query().Get("Format") != "JSON" {
		t.Errorf("%s of %d bytes with body %q, want a GET without body", atLimit.Method, len(atLimit.URL.String()), body)
	}

	above := rpcWithURL(t, 8<<10+1)
	form := parseQuery(t, bodyOf(t, above))
	if above.Method != http.MethodPost || above.URL.RawQuery != "" || above.Header.Get("Content-Type") != formType {
		t.Errorf("%s to %s, want a POST with everything in the form", above.Method, above.URL)
	}
	_, s := typicalConfig(SignatureRPC)
	canonical := acs.AppendQuery(nil, sortedParams(withoutNames(parseQuery(t, form.Encode()), "Signature")), nil)
	if want, _ := rpcSignature(s.credentials.AccessKeySecret, "POST", canonical); form.Get("Signature") != want {
		t.Errorf("signature %s, want %s, which covers the method", form.Get("Signature"), want)
	}
}

// FIPS 140-only mode is a setting of the whole process, so the test runs itself
// again in that mode.
func TestSigningUnderFIPSOnlyModeIsAnErrorAndNoPanic(t *testing.T) {
	if os.Getenv("APPSTREAMING_TEST_FIPS") == "" {
		t.Parallel()
		command := exec.Command(os.Args[0], "-test.run=^TestSigningUnderFIPSOnlyModeIsAnErrorAndNoPanic$", "-test.v")
		command.Env = append(os.Environ(), "APPSTREAMING_TEST_FIPS=1", "GODEBUG=fips140=only")
		if output, err := command.CombinedOutput(); err != nil || !strings.Contains(string(output), "--- PASS") {
			t.Fatalf("%v\n%s", err, output)
		}
		return
	}
	if !fips140.Enabled() {
		t.Fatal("FIPS 140-only mode is off")
	}
	const short, long = "thirteen-byte", "fourteen-bytes"
	page := `{"Success":true,"Count":0,"Data":[]}`
	sent := 0
	transport := TransportFunc(func(req *http.Request) (*http.Response, error) {
		sent++
		return respond(200, nil, page), nil
	})
	var optionErr *OptionError
	var credentialsErr *CredentialsError
	for _, test := range []struct {
		name      string
		signature Signature
		secret    string
		target    any // nil: the call succeeds
	}{
		{"RPC", SignatureRPC, long, &optionErr},
		{"RPC with a short secret", SignatureRPC, short, &optionErr},
		{"ACS3 with a short secret", SignatureACS3, short, &credentialsErr},
		{"ACS3", SignatureACS3, long, nil},
	} {
		client, err := New("cn-shanghai", WithHTTPClient(transport.Client()), WithSignature(test.signature),
			WithCredentials(StaticCredentials("LTAI1", test.secret, "")))
		if err != nil {
			t.Fatal(err)
		}
		before := sent
		_, err = client.ListImage(t.Context(), ListImageRequest{})
		switch {
		case test.target == nil && (err != nil || sent != before+1):
			t.Errorf("%s: got %v after %d requests, want a page", test.name, err, sent-before)
		case test.target != nil && (!errors.As(err, test.target) || sent != before):
			t.Errorf("%s: got %v after %d requests, want %T and none", test.name, err, sent-before, test.target)
		case err != nil && (!strings.Contains(err.Error(), "FIPS 140-only mode") || strings.Contains(err.Error(), test.secret)):
			t.Errorf("%s: %q does not name the mode, or shows the secret", test.name, err)
		}
		if _, err := client.SignedURL(t.Context(), ListImageRequest{}); !errors.As(err, &optionErr) {
			t.Errorf("%s: SignedURL returned %v, want an *OptionError", test.name, err)
		}
	}
	bearer := CredentialsFunc(func(context.Context) (Credentials, error) { return Credentials{BearerToken: "token"}, nil })
	client, err := New("cn-shanghai", WithHTTPClient(transport.Client()), WithSignature(SignatureRPC), WithCredentials(bearer))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
		t.Errorf("a bearer token needs no signature: %v", err)
	}
}

// FuzzQueryIsThatOfNetURL compares encoding and flattening with net/url: the same
// text except for spaces, and the same pairs when parsed.
func FuzzQueryIsThatOfNetURL(f *testing.F) {
	for _, r := range readWireRecords(f, wireFiles[0]) {
		req := r.listImageRequest(f)
		f.Add(req.ImageName, req.Distro, strings.Join(req.BizRegionIDs, ","), 12)
	}
	f.Add("\x00\xff é云😀", "a b+c&d=e%20", "*~-_.", 200)
	f.Fuzz(func(t *testing.T, name, distro, item string, items int) {
		req := ListImageRequest{ImageName: name, Distro: distro}
		for range items % 128 {
			req.BizRegionIDs = append(req.BizRegionIDs, item)
			req.Tags = append(req.Tags, Tag{Key: item, Value: name})
		}
		params := req.appendParams(nil)
		want := url.Values{}
		for _, p := range params {
			want.Add(string(p.AppendName(nil)), p.Value)
		}
		if got, want := string(acs.AppendQuery(nil, params, nil)), strings.ReplaceAll(want.Encode(), "+", "%20"); got != want {
			t.Fatalf("query %q, want %q", got, want)
		}
		cfg, s := typicalConfig(SignatureACS3)
		sent, _ := signed(t, &cfg, &req, s)
		all := sent.URL.Query()
		for key, values := range parseQuery(t, bodyOf(t, sent)) {
			all[key] = append(all[key], values...)
		}
		if diff := cmp.Diff(want, all); diff != "" {
			t.Fatalf("query and form (-want +got):\n%s", diff)
		}
	})
}

func TestBuildingAndSigningStaysWithinItsAllocations(t *testing.T) {
	cfg, s := typicalConfig(SignatureACS3)
	req := typicalRequest()
	ctx := t.Context()
	if got := testing.AllocsPerRun(200, func() { unsigned(&cfg, &req).sign(ctx, s) }); got > 40 {
		t.Errorf("building, signing and making the http.Request allocates %v times, want at most 40", got)
	}
	if got := testing.AllocsPerRun(200, func() { buildAndSign(&cfg, &req, s) }); got > 14 {
		t.Errorf("building and signing allocates %v times, want at most 14", got)
	}
}

// buildAndSign does everything that comes before net/http: parameters, query,
// form, payload hash, signed headers and signature.
func buildAndSign(cfg *config, req *ListImageRequest, s stamp) string {
	u := cfg.unsigned(listImage, req.appendParams(make([]acs.Param, 0, 20)))
	query, _, hash := u.acs3Payload()
	headers := u.acs3Headers(make([]acs.Header, 0, 11), s, hash)
	signature, _ := acs3Signature(s.credentials.AccessKeySecret, "POST", query, headers, hash)
	return acs3Authorization(s.credentials.AccessKeyID, headers, signature)
}

// BenchmarkBuildAndSign compares building and signing with the least that any
// implementation does: SHA-256 of the canonical request and one HMAC.
func BenchmarkBuildAndSign(b *testing.B) {
	cfg, s := typicalConfig(SignatureACS3)
	req := typicalRequest()
	b.Run("floor", func(b *testing.B) {
		u := unsigned(&cfg, &req)
		query, _, hash := u.acs3Payload()
		canonical := appendCanonicalRequest(nil, "POST", query, u.acs3Headers(nil, s, hash), hash)
		key := []byte(s.credentials.AccessKeySecret)
		toSign := make([]byte, len("ACS3-HMAC-SHA256\n")+64)
		b.ReportAllocs()
		for b.Loop() {
			sum := sha256.Sum256(canonical)
			mac := hmac.New(sha256.New, key)
			mac.Write(toSign)
			mac.Sum(sum[:0])
		}
	})
	b.Run("ACS3", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buildAndSign(&cfg, &req, s)
		}
	})
	for _, signature := range []Signature{SignatureACS3, SignatureRPC} {
		cfg.signature = signature
		b.Run(signature.String()+" to http.Request", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				signed(b, &cfg, &req, s)
			}
		})
	}
}
