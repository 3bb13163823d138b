package appstreaming

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature is a way of signing requests.
type Signature int

const (
	// SignatureACS3 is ACS3-HMAC-SHA256: the signature travels in a header.
	SignatureACS3 Signature = iota
	// SignatureRPC is the older RPC signature, HMAC-SHA1: everything travels in
	// the query string, the signature included.
	SignatureRPC
)

// String returns "ACS3-HMAC-SHA256" or "RPC-HMAC-SHA1".
func (s Signature) String() string {
	switch s {
	case SignatureACS3:
		return acs3Algorithm
	case SignatureRPC:
		return "RPC-HMAC-SHA1"
	}
	return "Signature(" + strconv.Itoa(int(s)) + ")"
}

const acs3Algorithm = "ACS3-HMAC-SHA256"

// headerField is a header to be signed, its name in lower case.
type headerField struct{ name, value string }

// signACS3 returns the signature under ACS3. The headers must be sorted by
// name: host, content-type where there is a body, and every x-acs- header.
//
// See https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
func signACS3(secret, method, query string, headers []headerField, payloadHash string) string {
	var room [1536]byte // on the stack, for most requests
	scratch := appendCanonicalRequest(room[:0], method, query, headers, payloadHash)
	hashed := sha256.Sum256(scratch)

	scratch = append(scratch[:0], acs3Algorithm+"\n"...)
	scratch = hex.AppendEncode(scratch, hashed[:])
	mac := hmacSHA256(secret, scratch)
	return hexText(mac[:])
}

// acs3Authorization returns the Authorization header's value.
func acs3Authorization(keyID string, headers []headerField, signature string) string {
	var room [512]byte
	value := append(room[:0], acs3Algorithm+" Credential="...)
	value = append(value, keyID...)
	value = append(value, ",SignedHeaders="...)
	value = appendHeaderNames(value, headers)
	value = append(value, ",Signature="...)
	return string(append(value, signature...))
}

func appendCanonicalRequest(dst []byte, method, query string, headers []headerField, payloadHash string) []byte {
	dst = append(dst, method...)
	dst = append(dst, "\n/\n"...)
	dst = append(dst, query...)
	dst = append(dst, '\n')
	for _, h := range headers {
		dst = append(dst, h.name...)
		dst = append(dst, ':')
		dst = append(dst, h.value...)
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	dst = appendHeaderNames(dst, headers)
	dst = append(dst, '\n')
	return append(dst, payloadHash...)
}

func appendHeaderNames(dst []byte, headers []headerField) []byte {
	for i, h := range headers {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, h.name...)
	}
	return dst
}

// signRPC returns the signature of the parameters' canonical form, as
// [appendQuery] writes it, under the RPC scheme.
//
// See https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism
func signRPC(secret, method string, canonical []byte) string {
	toSign := appendRPCStringToSign(make([]byte, 0, 16+len(canonical)*2), method, canonical)
	return hmacSHA1(secret+"&", toSign)
}

func appendRPCStringToSign(dst []byte, method string, canonical []byte) []byte {
	dst = append(dst, method...)
	dst = append(dst, "&%2F&"...)
	return appendEscaped(dst, canonical)
}

func hmacSHA1(key string, message []byte) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write(message)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// place is a part of a request that parameters travel in.
type place int

const (
	anywhere place = iota
	inQuery
	inForm
)

// appendQuery appends name=value pairs joined by '&', names and values encoded
// after RFC 3986. Sorted parameters give the canonical form of both schemes.
func appendQuery(dst []byte, params []param) []byte {
	return appendPairs(dst, params, anywhere)
}

// appendPairs is appendQuery for the parameters of one place.
func appendPairs(dst []byte, params []param, where place) []byte {
	start := len(dst)
	for i := range params {
		p := &params[i]
		if where != anywhere && where != p.place() {
			continue
		}
		if len(dst) > start {
			dst = append(dst, '&')
		}
		dst = p.appendName(dst)
		dst = append(dst, '=')
		if where == inForm {
			dst = appendFormEscaped(dst, p.value)
		} else {
			dst = appendEscaped(dst, p.value)
		}
	}
	return dst
}

// appendFormEscaped is appendEscaped but for spaces, which a form writes as '+'.
func appendFormEscaped(dst []byte, s string) []byte {
	for {
		before, after, found := strings.Cut(s, " ")
		dst = appendEscaped(dst, before)
		if !found {
			return dst
		}
		dst = append(dst, '+')
		s = after
	}
}

const upperHex = "0123456789ABCDEF"

// appendEscaped percent-encodes all but RFC 3986's unreserved characters.
func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		if c := s[i]; unreserved[c] {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

// unreserved is a table, never written to, because the loop above runs over
// every byte of a request, and twice under the RPC scheme.
var unreserved = func() (table [256]bool) {
	for c := range table {
		b := byte(c)
		table[c] = b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '-' || b == '_' || b == '.' || b == '~'
	}
	return table
}()

// sortParams sorts by the full wire name, bytewise.
func sortParams(params []param) {
	slices.SortFunc(params, func(a, b param) int {
		var left, right [64]byte
		return slices.Compare(a.appendName(left[:0]), b.appendName(right[:0]))
	})
}

// newNonce returns 128 random bits in hexadecimal.
func newNonce() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, by its documentation
	return hexText(b[:])
}

// hexText is hex.EncodeToString for at most 32 bytes, by way of the stack.
func hexText(b []byte) string {
	var text [64]byte
	return string(hex.AppendEncode(text[:0], b))
}

// signingTime is the form of a time in both schemes, given in UTC. This layout
// of it is one that package time has a fast path for.
const signingTime = time.RFC3339
