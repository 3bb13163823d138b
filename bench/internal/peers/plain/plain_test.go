package plain

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const conformance = "../../../../testdata/conformance/"

func TestModelLosesNothingOfAPage(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(conformance + "pages/page-10.json")
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	var page Response
	if err := json.Unmarshal(body, &page); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(again, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSignReproducesPublishedSignatures(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(conformance + "signature-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			ID     string `json:"id"`
			Inputs struct {
				ID      string            `json:"access_key_id"`
				Secret  string            `json:"access_key_secret"`
				Method  string            `json:"method"`
				Query   map[string]string `json:"query"`
				Headers [][2]string       `json:"headers"`
				Body    string            `json:"body"`
			} `json:"inputs"`
			Published struct {
				Signature string `json:"signature"`
			} `json:"published"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, vector := range file.Vectors {
		if !strings.HasPrefix(vector.ID, "derived-listimage-") {
			continue
		}
		tried++
		in := vector.Inputs
		query := url.Values{}
		for key, value := range in.Query {
			query.Set(key, value)
		}
		req := httptest.NewRequest(in.Method, "/?"+query.Encode(), nil)
		req.Header = http.Header{}
		for _, header := range in.Headers {
			if header[0] == "host" {
				req.URL.Host = header[1]
			} else {
				req.Header.Set(header[0], header[1])
			}
		}
		sign(req, in.Body, in.ID, in.Secret)
		if got := req.Header.Get("Authorization"); !strings.HasSuffix(got, ",Signature="+vector.Published.Signature) {
			t.Errorf("%s: %s, want signature %s", vector.ID, got, vector.Published.Signature)
		}
	}
	if tried == 0 {
		t.Error("no vectors found")
	}
}
