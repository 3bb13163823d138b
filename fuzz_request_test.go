package appstreaming

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

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
