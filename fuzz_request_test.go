package appstreaming

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wuying-go/appstreaming/internal/acs"
)

// FuzzQueryIsThatOfNetURL holds percent-encoding and flattening to net/url: its
// own encoding gives the same text but for spaces, and its parser reads the
// same pairs back, from query and form alike.
func FuzzQueryIsThatOfNetURL(f *testing.F) {
	for _, r := range readWireRecords(f, wireFiles[0]) {
		req := r.listImageRequest(f)
		feature := Feature("GPU,Builder")
		if len(req.Features) > 0 {
			feature = req.Features[0]
		}
		f.Add(req.ImageName, req.Distro, string(feature), 12)
	}
	f.Add("\x00\xff é云😀", "a b+c&d=e%20", "*~-_.", 200)
	f.Fuzz(func(t *testing.T, name, distro, feature string, items int) {
		req := ListImageRequest{ImageName: name, Distro: distro}
		for range items % 128 {
			req.Features = append(req.Features, Feature(feature))
			req.Tags = append(req.Tags, Tag{Key: feature, Value: name})
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
		if got, want := all.Encode(), want.Encode(); got != want {
			t.Fatalf("query and form hold %q, want %q", got, want)
		}
	})
}

// FuzzErrorEnvelope holds the reading of refusals to encoding/json: the
// documented members of a JSON object are read as it reads them, and nothing
// else disturbs.
func FuzzErrorEnvelope(f *testing.F) {
	for _, seed := range []string{
		`{"RequestId":"R","HostId":"h","Code":"Forbidden.NoPermission","Message":"denied","Recommend":"u","AccessDeniedDetail":{"AuthAction":"a:b","PolicyType":5}}`,
		`{"requestid":"R","code":"X","message":null,"accessDeniedDetail":[]}`, `{"Code":{"a":1},"code":"x"}`, "\ufeff {}", "", "null", "[1]", "<html><body>x</body></html>",
		`<Error><RequestId>R</RequestId><Code>X</Code><Message>m</Message></Error>`, `<Error><Code>`, "\x00\xff",
	} {
		f.Add([]byte(seed), 400)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		got := decodeEnvelope(body)
		var want struct{ Code, Message, RequestId, HostId, Recommend *string }
		var exact map[string]json.RawMessage
		if json.Unmarshal(body, &exact) == nil && exact != nil {
			for name, dst := range map[string]**string{"Code": &want.Code, "Message": &want.Message, "RequestId": &want.RequestId, "HostId": &want.HostId, "Recommend": &want.Recommend} {
				if raw, found := exact[name]; found {
					var text string
					if json.Unmarshal(raw, &text) != nil {
						text = string(raw)
					}
					*dst = &text
				}
			}
		}
		for name, pair := range map[string]struct {
			want *string
			got  string
		}{"Code": {want.Code, got.Code}, "Message": {want.Message, got.Message}, "RequestId": {want.RequestId, got.RequestID}, "HostId": {want.HostId, got.HostID}, "Recommend": {want.Recommend, got.Recommend}} {
			if pair.want != nil && *pair.want != pair.got {
				t.Fatalf("%q: %s is %q, want %q", body, name, pair.got, *pair.want)
			}
		}
		// And through a call, whatever the status: an error or a page, never both.
		k := &call{client: &Client{shared: new(shared)}, cfg: new(config), ctx: t.Context()}
		*k.cfg = defaultConfig()
		k.last.status = status
		resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: readCloser{bytes.NewReader(body)}, ContentLength: int64(len(body))}
		page, err := k.read(t.Context(), resp)
		if (page == nil) == (err == nil) {
			t.Fatalf("%q with HTTP %d gives %v and %v", body, status, page, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r\x00") {
			t.Fatalf("%q is not one line", err)
		}
	})
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// FuzzValidation feeds options and requests: nothing panics, what is refused is
// refused by a typed error, and what is accepted holds no control character and
// makes a request that can be signed.
func FuzzValidation(f *testing.F) {
	f.Add("cn-shanghai", "https://example.com", "app", "1.0", "Zone", "z", "imgc-1", "env", "test", 1, 100, 3, int64(1))
	f.Add("x/../evil?", "http://u:p@h/?q#f", "a b", "\r\n", "a&b", "\x00", "\xff", "", "\n", -1, 101, 65, int64(-1))
	f.Add("", "::", "", "/", "Signature", "", "", "k", "", 0, 0, 0, int64(0))
	f.Fuzz(func(t *testing.T, region, endpoint, app, version, param, value, image, key, tag string, page, size, prefetch int, limit int64) {
		req := ListImageRequest{ImageID: image, Tags: []Tag{{Key: key, Value: tag}}, Features: []Feature{Feature(value)}, PageNumber: page, PageSize: size, BizType: Ptr(int32(page))}
		requestErr := req.Validate()
		var paramErr *ParamError
		if requestErr != nil && !errors.As(requestErr, &paramErr) {
			t.Fatalf("%#v is refused by %T", req, requestErr)
		}
		client, err := New(region, WithEndpoint(endpoint), WithApplication(app, version), WithParam(param, value), WithPrefetch(prefetch),
			WithMaxResponseBytes(limit), WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")))
		var optionErr *OptionError
		if err != nil {
			if !errors.As(err, &optionErr) || client != nil {
				t.Fatalf("options are refused by %T", err)
			}
			if client, err = New(region, WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", ""))); err != nil {
				return
			}
		}
		signed, err := client.SignedURL(t.Context(), req)
		if (err == nil) != (requestErr == nil) {
			t.Fatalf("Validate says %v, SignedURL %v", requestErr, err)
		}
		if err != nil {
			return
		}
		u, err := url.Parse(signed)
		if err != nil || u.Scheme != "https" || u.Query().Get("ImageId") != image || !utf8.ValidString(signed) {
			t.Fatalf("%q is no URL of %#v: %v", signed, req, err)
		}
		for _, text := range []string{image, key, tag} {
			if strings.ContainsAny(text, "\r\n\x00") {
				t.Fatalf("%q is accepted", text)
			}
		}
	})
}
