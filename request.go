package appstreaming

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Version is the version of this package, as in the User-Agent header.
const Version = "0.1.0"

const defaultUserAgent = "wuying-go-appstreaming/" + Version + " (" + runtime.GOOS + "; " + runtime.GOARCH + ")"

const formType = "application/x-www-form-urlencoded"

// maxURLLength is the longest signed URL the RPC scheme sends by GET; a longer
// one becomes a form.
const maxURLLength = 8 << 10

// preparedRequest is what of a call's request is the same in every attempt.
type preparedRequest struct {
	signature Signature
	endpoint  endpoint
	userAgent string
	params    []param // sorted by wire name

	// ACS3 only.
	query, body string
	payloadHash string
	url         url.URL

	room [20]param // for params, of most requests
}

// stamp is what of a request differs in every attempt.
type stamp struct {
	credentials Credentials
	nonce       string
	time        time.Time
	retries     int // attempts made before
}

func (p *preparedRequest) prepare(cfg *config, req *ListImageRequest) {
	p.signature = cfg.signature
	p.endpoint = cfg.endpoint
	p.userAgent = cfg.userAgent
	p.params = withExtra(req.appendParams(p.room[:0]), cfg.extra)
	if p.signature == SignatureACS3 {
		p.placeACS3()
	}
}

// placeACS3 splits the parameters into query and form, each in sorted order.
func (p *preparedRequest) placeACS3() {
	var room [1024]byte // on the stack, for most requests
	text := appendPairs(room[:0], p.params, inQuery)
	form := len(text)
	text = appendPairs(text, p.params, inForm)
	hash := len(text)
	sum := sha256.Sum256(text[form:])
	text = hex.AppendEncode(text, sum[:])

	all := string(text)
	p.query, p.body, p.payloadHash = all[:form], all[form:hash], all[hash:]
	p.url = p.endpoint.url(p.query)
}

// sign builds an attempt's HTTP request. Attempts share what is never written
// to, the URL and the body's text, and nothing else. The signature is returned
// too, so that it can be masked where the service echoes it; it is empty with a
// bearer token.
func (p *preparedRequest) sign(ctx context.Context, s stamp) (req *http.Request, signature string) {
	if p.signature == SignatureRPC {
		return p.signRPC(ctx, s)
	}
	return p.signACS3(ctx, s)
}

func (p *preparedRequest) signACS3(ctx context.Context, s stamp) (*http.Request, string) {
	var signature string
	var room [11]headerField
	signed := p.acs3Headers(room[:0], s)

	header := newHeader(len(signed) + 3)
	for _, h := range signed {
		if h.name != "host" {
			header.set(sentName(h.name), h.value)
		}
	}
	header.set("Accept", "application/json")
	header.set("User-Agent", p.userAgent)
	target := &p.url
	if s.credentials.BearerToken != "" {
		bearer := p.endpoint.url(strings.TrimPrefix(p.query+"&SignatureType=BEARERTOKEN", "&"))
		target = &bearer
	} else {
		signature = signACS3(s.credentials.AccessKeySecret, http.MethodPost, p.query, signed, p.payloadHash)
		header.set("Authorization", acs3Authorization(s.credentials.AccessKeyID, signed, signature))
	}
	return p.newHTTPRequest(ctx, http.MethodPost, target, header, p.body), signature
}

// acs3Headers lists the headers that ACS3 signs, sorted by name.
func (p *preparedRequest) acs3Headers(dst []headerField, s stamp) []headerField {
	dst = append(dst, headerField{"content-type", formType}, headerField{"host", p.endpoint.host})
	if s.credentials.SecurityToken != "" {
		dst = append(dst, headerField{"x-acs-accesskey-id", s.credentials.AccessKeyID})
	}
	dst = append(dst, headerField{"x-acs-action", operation})
	if s.credentials.BearerToken != "" {
		dst = append(dst, headerField{"x-acs-bearer-token", s.credentials.BearerToken})
	}
	dst = append(dst,
		headerField{"x-acs-content-sha256", p.payloadHash},
		headerField{"x-acs-date", s.time.UTC().Format(signingTime)})
	if s.retries > 0 {
		dst = append(dst, headerField{"x-acs-retry-attempts", strconv.Itoa(s.retries)})
	}
	if s.credentials.SecurityToken != "" {
		dst = append(dst, headerField{"x-acs-security-token", s.credentials.SecurityToken})
	}
	return append(dst,
		headerField{"x-acs-signature-nonce", s.nonce},
		headerField{"x-acs-version", apiVersion})
}

// sentName is a signed header's name as net/http spells it.
// http.CanonicalHeaderKey would allocate for each of them.
func sentName(signed string) string {
	switch signed {
	case "content-type":
		return "Content-Type"
	case "x-acs-accesskey-id":
		return "X-Acs-Accesskey-Id"
	case "x-acs-action":
		return "X-Acs-Action"
	case "x-acs-bearer-token":
		return "X-Acs-Bearer-Token"
	case "x-acs-content-sha256":
		return "X-Acs-Content-Sha256"
	case "x-acs-date":
		return "X-Acs-Date"
	case "x-acs-retry-attempts":
		return "X-Acs-Retry-Attempts"
	case "x-acs-security-token":
		return "X-Acs-Security-Token"
	case "x-acs-signature-nonce":
		return "X-Acs-Signature-Nonce"
	case "x-acs-version":
		return "X-Acs-Version"
	}
	return http.CanonicalHeaderKey(signed)
}

func (p *preparedRequest) signRPC(ctx context.Context, s stamp) (*http.Request, string) {
	header := newHeader(6)
	header.set("Accept", "application/json")
	header.set("User-Agent", p.userAgent)
	header.set("X-Acs-Action", operation)
	header.set("X-Acs-Version", apiVersion)
	if s.retries > 0 {
		header.set("X-Acs-Retry-Attempts", strconv.Itoa(s.retries))
	}
	query, signature := p.rpcQuery(http.MethodGet, s)
	if len(p.endpoint.String())+len("/?")+len(query) <= maxURLLength {
		target := p.endpoint.url(query)
		return p.newHTTPRequest(ctx, http.MethodGet, &target, header, ""), signature
	}
	query, signature = p.rpcQuery(http.MethodPost, s)
	header.set("Content-Type", formType)
	target := p.endpoint.url("")
	return p.newHTTPRequest(ctx, http.MethodPost, &target, header, query), signature
}

// rpcQuery is the whole request in one query string, signed for the method.
func (p *preparedRequest) rpcQuery(method string, s stamp) (query, signature string) {
	params := make([]param, 0, len(p.params)+10)
	add := func(name, value string) { params = append(params, param{name: name, value: value}) }
	add("Action", operation)
	add("Format", "JSON")
	add("SignatureNonce", s.nonce)
	add("Timestamp", s.time.UTC().Format(signingTime))
	add("Version", apiVersion)
	bearer := s.credentials.BearerToken != ""
	if bearer {
		add("BearerToken", s.credentials.BearerToken)
		add("SignatureType", "BEARERTOKEN")
	} else {
		add("AccessKeyId", s.credentials.AccessKeyID)
		add("SignatureMethod", "HMAC-SHA1")
		add("SignatureVersion", "1.0")
		if s.credentials.SecurityToken != "" {
			add("SecurityToken", s.credentials.SecurityToken)
		}
	}
	params = append(params, p.params...)
	sortParams(params)

	canonical := appendQuery(make([]byte, 0, 1024), params)
	if bearer {
		return string(canonical), ""
	}
	signature = signRPC(s.credentials.AccessKeySecret, method, canonical)
	return string(appendEscaped(append(canonical, "&Signature="...), signature)), signature
}

func (p *preparedRequest) newHTTPRequest(ctx context.Context, method string, target *url.URL, header requestHeader, body string) *http.Request {
	// Asked for by hand, so that decompression is bounded and its faults told
	// apart, whatever transport the caller brings.
	header.set("Accept-Encoding", "gzip")
	req := (&http.Request{
		Method:     method,
		URL:        target,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header.fields,
		Host:       p.endpoint.host,
	}).WithContext(ctx)
	if method == http.MethodGet {
		req.Body = sentOnce{}
	} else {
		req.ContentLength = int64(len(body))
		req.Body = http.NoBody
		if body != "" {
			// These very types: net/http sends the headers ahead, in a packet of
			// their own, when it does not know a body to be in memory.
			req.Body = io.NopCloser(strings.NewReader(body))
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
		}
	}
	return req
}

// sentOnce is no body at all, but one net/http does not know to be empty. It
// would send a GET without body again by itself when a connection breaks, and
// the nonce would be used by then. Repeating is the attempt loop's.
type sentOnce struct{}

func (sentOnce) Read([]byte) (int, error) { return 0, io.EOF }
func (sentOnce) Close() error             { return nil }

// requestHeader fills an http.Header from one array of values: a slice for
// every header would be a dozen allocations in every attempt.
type requestHeader struct {
	fields http.Header
	values []string
}

func newHeader(size int) requestHeader {
	return requestHeader{fields: make(http.Header, size+1), values: make([]string, 0, size+1)}
}

// set takes the name in its canonical form.
func (h *requestHeader) set(name, value string) {
	i := len(h.values)
	h.values = append(h.values, value)
	h.fields[name] = h.values[i : i+1 : i+1]
}
