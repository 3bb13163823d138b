package appstreamingtest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// vector is a worked signature; its parameters stand in query, form or params.
type vector struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"`
	Inputs    struct {
		AccessKeyID     string            `json:"access_key_id"`
		AccessKeySecret string            `json:"access_key_secret"`
		Method          string            `json:"method"`
		URI             string            `json:"uri"`
		Query           map[string]string `json:"query"`
		Form            json.RawMessage   `json:"form"`
		Params          map[string]string `json:"params"`
		Headers         [][2]string       `json:"headers"`
		PayloadHash     string            `json:"payload_hash"`
		Body            string            `json:"body"`
		Key             string            `json:"key"`
		Message         string            `json:"message"`
	} `json:"inputs"`
	Recomputed struct {
		Signature     string `json:"signature"`
		Authorization string `json:"authorization"`
		StringToSign  string `json:"string_to_sign"`
	} `json:"recomputed"`
}

func pairsOf(params map[string]string) []pair {
	var pairs []pair
	for name, value := range params {
		pairs = append(pairs, pair{name, value})
	}
	return pairs
}

func TestTheVerifierReproducesTheSignatureVectors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "conformance", "signature-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	tried := make(map[string]int)
	for _, v := range file.Vectors {
		tried[v.Algorithm]++
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			in, want := v.Inputs, v.Recomputed
			switch v.Algorithm {
			case "ACS3-HMAC-SHA256":
				checkACS3Vector(t, v)
			case "RPC-HMAC-SHA1":
				toSign := rpcStringToSign(in.Method, pairsOf(in.Params))
				if got := rpcSignature(in.AccessKeySecret, toSign); got != want.Signature {
					t.Errorf("signature %s, want %s; string to sign %s", got, want.Signature, toSign)
				}
			case "RPC-string-to-sign":
				var form map[string]string
				if err := json.Unmarshal(in.Form, &form); err != nil {
					t.Fatal(err)
				}
				if got := rpcStringToSign(in.Method, slices.Concat(pairsOf(in.Query), pairsOf(form))); got != want.StringToSign {
					t.Errorf("string to sign %s, want %s", got, want.StringToSign)
				}
			case "HMAC-SHA1-base64 primitive":
				if got := hmacSHA1(in.Key, in.Message); got != want.Signature {
					t.Errorf("signature %s, want %s", got, want.Signature)
				}
			case "form flattening": // of the sender's concern only
			default:
				t.Errorf("unknown algorithm %q", v.Algorithm)
			}
		})
	}
	if tried["ACS3-HMAC-SHA256"] != 12 || tried["RPC-HMAC-SHA1"] != 11 {
		t.Errorf("vectors tried: %v", tried)
	}
}

func checkACS3Vector(t *testing.T, v vector) {
	t.Helper()
	in := v.Inputs
	keyID, signed, signature, ok := parseAuthorization(v.Recomputed.Authorization)
	if !ok || keyID != in.AccessKeyID || signature != v.Recomputed.Signature {
		t.Fatalf("authorization %q read as %q %q", v.Recomputed.Authorization, keyID, signature)
	}
	headers := make(map[string][]string)
	for _, h := range in.Headers {
		name := strings.ToLower(h[0])
		headers[name] = append(headers[name], h[1])
	}
	if slices.Contains(signed, "x-acs-content-sha256") {
		headers["x-acs-content-sha256"] = []string{in.PayloadHash}
		if got := payloadHash([]byte(in.Body)); got != in.PayloadHash {
			t.Errorf("payload hash %s, want %s", got, in.PayloadHash)
		}
	}
	values := func(name string) []string { return headers[name] }
	canonical := canonicalRequest(in.Method, in.URI, canonicalPairs(pairsOf(in.Query)), values, signed, in.PayloadHash)
	if got := acs3Signature(in.AccessKeySecret, acs3StringToSign(canonical)); got != signature {
		t.Errorf("signature %s, want %s; canonical request:\n%s", got, signature, canonical)
	}
}

func TestEscapingKeepsUnreservedCharactersOnly(t *testing.T) {
	t.Parallel()
	var kept bytes.Buffer
	for c := range 256 {
		text := string([]byte{byte(c)})
		switch got := escape(text); {
		case got == text:
			kept.WriteString(text)
		case len(got) != 3 || got[0] != '%' || strings.ToUpper(got) != got:
			t.Errorf("%q became %q", text, got)
		}
	}
	if want := "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"; kept.String() != want {
		t.Errorf("kept %s", kept.String())
	}
	if got, want := escape("é云 +*"), "%C3%A9%E4%BA%91%20%2B%2A"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
