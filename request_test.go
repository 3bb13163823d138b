package appstreaming

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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

func TestParametersAreBuiltInSortedOrder(t *testing.T) {
	t.Parallel()
	all := ListImageRequest{
		ImageID: "a", ImageName: "a", Status: "a", ImageType: "a", PackageType: "a", OSType: "a", ProtocolType: "a", Language: "a",
		PlatformName: "a", Distro: "a", FOTAVersion: "a", ResourceInstanceType: "a", BizType: Ptr(int32(0)), BizTypes: make([]int32, 12),
		ProductType: "a", ProductTypes: slices.Repeat([]ProductType{"a"}, 120), PlatformNames: []PlatformName{"a"}, Features: []Feature{"a"},
		BizRegionIDs: []string{"a"}, Tags: slices.Repeat([]Tag{{"a", "b"}}, 11), PageNumber: 1, PageSize: 1,
	}
	params := all.appendParams(nil)
	var names []string
	for _, p := range params {
		names = append(names, string(p.AppendName(nil)))
	}
	if !slices.IsSorted(names) {
		t.Errorf("not sorted: %q", names)
	}
	if want := 13 + 1 + 12 + 120 + 1 + 1 + 1 + 22 + 2; len(names) != want {
		t.Errorf("%d parameters, want %d: %q", len(names), want, names)
	}
	if none := (&ListImageRequest{}).appendParams(nil); len(none) != 0 {
		t.Errorf("the zero request has parameters: %v", none)
	}
}

func TestExtraParametersReplaceThoseOfTheSameName(t *testing.T) {
	t.Parallel()
	cfg, s := typicalConfig(SignatureACS3)
	if err := cfg.set([]Option{WithParam("ImageName", "first"), WithParam("ImageName", "other"), WithParam("TagList.1.Key", "team"), WithParam("Zone", "z")}); err != nil {
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
		t.Errorf("GetBody gives %d bytes of %d", len(text), sent.ContentLength)
	}
}

func TestRPCSendsTheQueryByGETAndALongOneByPOST(t *testing.T) {
	t.Parallel()
	cfg, s := typicalConfig(SignatureRPC)
	fits := func(n int) (*http.Request, string) {
		req := ListImageRequest{ImageName: strings.Repeat("n", n)}
		sent, _ := signed(t, &cfg, &req, s)
		return sent, bodyOf(t, sent)
	}
	sent, body := fits(10)
	if sent.Method != http.MethodGet || body != "" || sent.Header.Get("Content-Type") != "" || sent.URL.Query().Get("Format") != "JSON" {
		t.Errorf("%s with body %q, want a GET without", sent.Method, body)
	}
	room := maxURLLength - len(sent.URL.String()) + 10
	// A signature's own encoding varies by a few bytes, so that the edge is
	// looked for.
	for n := room - 12; ; n++ {
		if sent, body = fits(n); sent.Method == http.MethodPost {
			break
		}
		if got := len(sent.URL.String()); got > maxURLLength || n > room+12 {
			t.Fatalf("a URL of %d bytes is sent by GET", got)
		}
	}
	form := parseQuery(t, body)
	if sent.URL.RawQuery != "" || sent.Header.Get("Content-Type") != formType || form.Get("Signature") == "" || form.Get("AccessKeyId") != s.credentials.AccessKeyID {
		t.Errorf("POST to %s with %d bytes, want everything in the form", sent.URL, len(body))
	}
	canonical := acs.AppendQuery(nil, sortedParams(withoutNames(parseQuery(t, body), "Signature")), nil)
	if want, _ := rpcSignature(s.credentials.AccessKeySecret, "POST", canonical); form.Get("Signature") != want {
		t.Errorf("signature %s, want %s: the method is part of it", form.Get("Signature"), want)
	}
}

func TestBuildingAndSigningStaysWithinItsAllocations(t *testing.T) {
	cfg, s := typicalConfig(SignatureACS3)
	req := typicalRequest()
	ctx := context.Background()
	if got := testing.AllocsPerRun(200, func() { unsigned(&cfg, &req).sign(ctx, s) }); got > 40 {
		t.Errorf("building, signing and making the http.Request allocates %v times, want at most 40", got)
	}
	if got := testing.AllocsPerRun(200, func() { buildAndSign(&cfg, &req, s) }); got > 14 {
		t.Errorf("building and signing allocates %v times, want at most 14", got)
	}
}

// buildAndSign is all that comes before net/http: parameters, query, form,
// payload hash, headers to sign, signature.
func buildAndSign(cfg *config, req *ListImageRequest, s stamp) string {
	u := cfg.unsigned(listImage, req.appendParams(make([]acs.Param, 0, 20)))
	query, _, hash := u.acs3Payload()
	headers := u.acs3Headers(make([]acs.Header, 0, 11), s, hash)
	signature, _ := acs3Signature(s.credentials.AccessKeySecret, "POST", query, headers, hash)
	return acs3Authorization(s.credentials.AccessKeyID, headers, signature)
}

// BenchmarkBuildAndSign sets building and signing beside the least signing can
// cost: SHA-256 of the canonical request and one HMAC.
func BenchmarkBuildAndSign(b *testing.B) {
	cfg, s := typicalConfig(SignatureACS3)
	req := typicalRequest()
	b.Run("floor", func(b *testing.B) {
		u := unsigned(&cfg, &req)
		query, _, hash := u.acs3Payload()
		canonical := appendCanonicalRequest(nil, "POST", query, u.acs3Headers(make([]acs.Header, 0, 11), s, hash), hash)
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
	b.Run("ACS3 to http.Request", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			signed(b, &cfg, &req, s)
		}
	})
	cfg.signature = SignatureRPC
	b.Run("RPC to http.Request", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			signed(b, &cfg, &req, s)
		}
	})
}
