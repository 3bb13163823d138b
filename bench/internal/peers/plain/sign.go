package plain

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming/bench/internal/peers"
)

const algorithm = "ACS3-HMAC-SHA256"

// stamp sets the headers of one attempt and signs it.
func stamp(req *http.Request, body string) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Acs-Action", peers.Action)
	req.Header.Set("X-Acs-Version", peers.Version)
	req.Header.Set("X-Acs-Date", time.Now().UTC().Format("2006-01-02T15:04:05Z"))
	req.Header.Set("X-Acs-Signature-Nonce", rand.Text())
	sign(req, body, peers.AccessKeyID, peers.AccessKeySecret)
}

// sign adds the body's hash and the Authorization header, in the plain way a
// programmer writes it from the documentation: maps, sorting, fmt.
func sign(req *http.Request, body, id, secret string) {
	payload := hexSHA256(body)
	req.Header.Set("X-Acs-Content-Sha256", payload)

	headers := map[string]string{"host": req.URL.Host}
	for name, values := range req.Header {
		name = strings.ToLower(name)
		if name == "content-type" || strings.HasPrefix(name, "x-acs-") {
			headers[name] = strings.TrimSpace(values[0])
		}
	}
	var names []string
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	var lines strings.Builder
	for _, name := range names {
		fmt.Fprintf(&lines, "%s:%s\n", name, headers[name])
	}
	signed := strings.Join(names, ";")

	canonical := fmt.Sprintf("%s\n/\n%s\n%s\n%s\n%s", req.Method, encode(req.URL.Query()), lines.String(), signed, payload)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(algorithm + "\n" + hexSHA256(canonical)))
	req.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s,SignedHeaders=%s,Signature=%s",
		algorithm, id, signed, hex.EncodeToString(mac.Sum(nil))))
}

// encode is RFC 3986 encoding of sorted pairs: net/url writes a space as +.
func encode(values url.Values) string {
	return strings.ReplaceAll(values.Encode(), "+", "%20")
}

func hexSHA256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
