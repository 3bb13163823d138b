package appstreamingtest

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the protocol requires it
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/wuying-go/appstreaming"
)

func (s *Server) verifyRPC(x *exchange) *refusal {
	if refused := verifyRPCParams(x); refused != nil {
		return refused
	}
	for _, name := range []string{"AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion"} {
		if x.params[name] == "" {
			return mandatory(name)
		}
	}
	if method := x.params["SignatureMethod"]; method != "HMAC-SHA1" {
		return refuse(http.StatusBadRequest, "InvalidSignatureMethod", "Specified signature method %q is not supported.", method)
	}
	if version := x.params["SignatureVersion"]; version != "1.0" {
		return invalid("SignatureVersion", "it must be 1.0")
	}
	key, refused := s.verifyKey(x)
	if refused != nil {
		return refused
	}
	toSign := rpcStringToSign(x.r.Method, slices.Concat(x.query, x.form))
	if !equal(x.signature, rpcSignature(key.secret, toSign)) {
		return refuse(http.StatusBadRequest, appstreaming.CodeSignatureDoesNotMatch,
			"Specified signature is not matched with our calculation. server string to sign is:%s", toSign)
	}
	return verifyToken(key, x.params["SecurityToken"])
}

// verifyRPCParams checks the parameters that every request needs.
func verifyRPCParams(x *exchange) *refusal {
	for _, name := range []string{"Timestamp", "Action", "Version", "SignatureNonce"} {
		if x.params[name] == "" {
			return mandatory(name)
		}
	}
	switch strings.ToUpper(x.params["Format"]) {
	case "", "JSON", "XML":
		return nil
	}
	return invalid("Format", "it must be JSON or XML")
}

// rpcStringToSign returns the text that RPC signs: all parameters except the
// signature.
func rpcStringToSign(method string, params []pair) string {
	signed := slices.DeleteFunc(slices.Clone(params), func(p pair) bool { return p.name == "Signature" })
	return method + "&" + escape("/") + "&" + escape(canonicalPairs(signed))
}

func rpcSignature(secret, toSign string) string { return hmacSHA1(secret+"&", toSign) }

func hmacSHA1(key, message string) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
