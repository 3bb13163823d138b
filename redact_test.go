package appstreaming

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestRedactorMasksASecretInEveryEncoding(t *testing.T) {
	t.Parallel()
	const secret = "hun/ter22+with=signs&<more>"
	inJSON, err := json.Marshal(map[string]string{"Message": "bad " + secret})
	if err != nil {
		t.Fatal(err)
	}
	r := newRedactor("", "abc", secret)
	once := url.QueryEscape(secret)
	for name, text := range map[string]string{
		"as it is":        "x " + secret + " y",
		"in a URL":        "https://h/?SecurityToken=" + once,
		"as it is signed": "GET&%2F&SecurityToken%3D" + url.QueryEscape(once),
	} {
		masked := r.text(text)
		if strings.Contains(masked, "ter22") || !strings.Contains(masked, mask) {
			t.Errorf("%s: %q", name, masked)
		}
	}
	if got := string(r.body(inJSON)); strings.Contains(got, "ter22") {
		t.Errorf("the body shows %q", got)
	}
	escaped := []byte(`{"Message":"\u0068un\/ter22+with=signs\u0026<more>"}`)
	if got := string(r.body(escaped)); strings.Contains(got, "ter22") {
		t.Errorf("the escaped body shows %q", got)
	}
	if got := string(r.body([]byte(`{"a":"x\ny"}`))); got != `{"a":"x\ny"}` {
		t.Errorf("a harmless body became %q", got)
	}
	if got := r.text("abc"); got != "abc" {
		t.Errorf("a secret too short to mask became %q", got)
	}
}

func TestRedactorMakesTransportErrorsSafeToWrap(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-token"
	r := newRedactor(secret)
	cause := errors.New("connection refused")
	signed := "https://host.example/?Signature=" + secret
	wrapped := fmt.Errorf("proxy: %w", &url.Error{Op: "Get", URL: signed, Err: cause})

	got := r.err(wrapped)
	if strings.Contains(fmt.Sprintf("%v %+v %#v", got, got, got), secret) {
		t.Errorf("%v shows the secret", got)
	}
	if !errors.Is(got, cause) || !strings.Contains(got.Error(), "host.example") {
		t.Errorf("%v has lost its cause or its host", got)
	}
	if got := r.err(errors.New("cannot send " + signed)); strings.Contains(got.Error(), secret) {
		t.Errorf("%v shows the secret", got)
	}
	if got := r.err(cause); got != cause {
		t.Errorf("a harmless error became %v", got)
	}
	if got := r.err(&url.Error{Op: "Get", URL: ":\x00" + secret, Err: cause}); strings.Contains(got.Error(), secret) {
		t.Errorf("%v shows the secret", got)
	}
}
