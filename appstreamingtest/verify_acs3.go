package appstreamingtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/wuying-go/appstreaming"
)

// parseAuthorization parses
// "ACS3-HMAC-SHA256 Credential=ID,SignedHeaders=a;b,Signature=HEX".
func parseAuthorization(text string) (keyID string, signed []string, signature string, ok bool) {
	rest, ok := strings.CutPrefix(text, SchemeACS3+" Credential=")
	if !ok {
		return "", nil, "", false
	}
	keyID, rest, ok = strings.Cut(rest, ",SignedHeaders=")
	if !ok {
		return keyID, nil, "", false
	}
	names, signature, ok := strings.Cut(rest, ",Signature=")
	if !ok {
		return keyID, nil, "", false
	}
	return keyID, strings.Split(names, ";"), signature, keyID != "" && names != "" && signature != ""
}

func incomplete(why string) *refusal {
	return refuse(http.StatusBadRequest, appstreaming.CodeIncompleteSignature,
		"The request signature does not conform to Aliyun standards: %s.", why)
}

func (s *Server) verifyACS3(x *exchange) *refusal {
	authorization := x.r.Header.Values("Authorization")
	algorithm, _, _ := strings.Cut(authorization[0], " ")
	if algorithm != SchemeACS3 {
		return refuse(http.StatusBadRequest, "InvalidSignatureMethod", "Specified signature method %q is not supported.", algorithm)
	}
	if len(authorization) > 1 {
		return incomplete("there are several Authorization headers")
	}
	if _, _, _, ok := parseAuthorization(authorization[0]); !ok {
		return incomplete("the Authorization header is malformed")
	}
	if refused := verifyACS3Headers(x); refused != nil {
		return refused
	}
	if refused := verifySignedHeaders(x); refused != nil {
		return refused
	}
	key, refused := s.verifyKey(x)
	if refused != nil {
		return refused
	}
	if refused := verifyPayload(x); refused != nil {
		return refused
	}
	canonical := canonicalRequest(x.r.Method, "/", canonicalPairs(x.query), x.headerValues, x.signed, payloadHash(x.body))
	toSign := acs3StringToSign(canonical)
	if !equal(x.signature, acs3Signature(key.secret, toSign)) {
		return refuse(http.StatusBadRequest, appstreaming.CodeSignatureDoesNotMatch,
			"Specified signature is not matched with our calculation. server StringToSign is [%s] server CanonicalRequest is [%s]",
			toSign, canonical)
	}
	if id := x.r.Header.Get("X-Acs-Accesskey-Id"); id != "" && id != x.keyID {
		return incomplete("x-acs-accesskey-id and Credential differ")
	}
	return verifyToken(key, x.r.Header.Get("X-Acs-Security-Token"))
}

// acs3Mandatory lists the headers that every request needs, with the names of
// the parameters that they stand for.
var acs3Mandatory = []struct{ header, parameter string }{
	{"x-acs-action", "Action"},
	{"x-acs-version", "Version"},
	{"x-acs-date", "Timestamp"},
	{"x-acs-signature-nonce", "SignatureNonce"},
}

// verifyACS3Headers checks that a request has every header it needs, and once.
func verifyACS3Headers(x *exchange) *refusal {
	names := []string{"x-acs-content-sha256"}
	if len(x.body) > 0 {
		names = append(names, "content-type")
	}
	for _, m := range acs3Mandatory {
		if x.r.Header.Get(m.header) == "" {
			return mandatory(m.parameter)
		}
		names = append(names, m.header)
	}
	for _, name := range names {
		values := x.r.Header.Values(name)
		if len(values) > 1 {
			return refuse(http.StatusBadRequest, appstreaming.CodeInvalidParameter, "The header %q is given twice.", name)
		}
		if len(values) == 0 || values[0] == "" {
			return missing(name)
		}
	}
	return nil
}

// verifySignedHeaders checks that every header that must be signed is signed, and
// that every header named as signed was sent.
func verifySignedHeaders(x *exchange) *refusal {
	if !slices.IsSorted(x.signed) || len(slices.Compact(slices.Clone(x.signed))) != len(x.signed) {
		return incomplete("SignedHeaders are not in order")
	}
	for _, name := range x.signed {
		if name != strings.ToLower(name) || len(x.headerValues(name)) == 0 {
			return incomplete("the signed header " + name + " is not there")
		}
	}
	must := []string{"host"}
	for name := range x.r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-acs-") || name == "content-type" {
			must = append(must, name)
		}
	}
	slices.Sort(must)
	for _, name := range must {
		if _, found := slices.BinarySearch(x.signed, name); !found {
			return incomplete("the header " + name + " is not signed")
		}
	}
	return nil
}

func verifyPayload(x *exchange) *refusal {
	if !equal(x.r.Header.Get("X-Acs-Content-Sha256"), payloadHash(x.body)) {
		return refuse(http.StatusBadRequest, appstreaming.CodeSignatureDoesNotMatch,
			"Specified x-acs-content-sha256 is not the hash of the request body.")
	}
	return nil
}

// headerValues returns a header by its lower-case name.
func (x *exchange) headerValues(name string) []string {
	if name == "host" {
		if x.r.Host == "" {
			return nil
		}
		return []string{x.r.Host}
	}
	return x.r.Header.Values(name)
}

func payloadHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// canonicalRequest returns the text whose hash ACS3 signs. values returns a header
// by its lower-case name.
func canonicalRequest(method, uri, query string, values func(string) []string, signed []string, payload string) string {
	var b strings.Builder
	for _, part := range []string{method, uri, query} {
		b.WriteString(part + "\n")
	}
	for _, name := range signed {
		trimmed := slices.Clone(values(name))
		for i := range trimmed {
			trimmed[i] = strings.TrimSpace(trimmed[i])
		}
		slices.Sort(trimmed)
		b.WriteString(name + ":" + strings.Join(trimmed, ",") + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + payload)
	return b.String()
}

func acs3StringToSign(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return SchemeACS3 + "\n" + hex.EncodeToString(sum[:])
}

func acs3Signature(secret, toSign string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(toSign))
	return hex.EncodeToString(mac.Sum(nil))
}
