package appstreaming

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming/internal/acs"
)

// Signature is a way of signing requests.
type Signature int

const (
	// SignatureACS3 is ACS3-HMAC-SHA256. The signature travels in a header. In
	// FIPS 140-only mode, secrets shorter than 14 bytes are a *CredentialsError.
	SignatureACS3 Signature = iota
	// SignatureRPC is the older RPC signature, HMAC-SHA1. Everything travels in
	// the query string, including the signature. In FIPS 140-only mode it is an
	// *OptionError, because that mode does not allow HMAC-SHA1.
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

const (
	acs3Algorithm = "ACS3-HMAC-SHA256"
	formType      = "application/x-www-form-urlencoded"

	// signingTime is the layout of times in both signatures, in UTC.
	signingTime = time.RFC3339

	// maxURLLength is the longest signed URL that the RPC signature sends by
	// GET. A longer request becomes a form.
	maxURLLength = 8 << 10
)

// operation describes an operation of the service.
type operation struct {
	name    string
	version string
	// query lists the parameters that ACS3 carries in the query. All others
	// travel in the form.
	query []string
}

func (o *operation) inQuery(p *acs.Param) bool {
	name, _, _ := strings.Cut(p.Name, ".") // WithParam takes flattened names
	return slices.Contains(o.query, name)
}

func (o *operation) inForm(p *acs.Param) bool { return !o.inQuery(p) }

// unsignedRequest is the part of a request that all attempts of a call share.
type unsignedRequest struct {
	operation operation
	signature Signature
	endpoint  endpoint
	userAgent string
	params    []acs.Param // sorted by name
}

// stamp is the part of a request that changes with each attempt.
type stamp struct {
	credentials Credentials
	nonce       string
	time        time.Time
	retries     int // number of earlier attempts
}

// sign returns an attempt's HTTP request and its signature. The caller needs
// the signature to mask it where the service repeats it. With a bearer token the
// signature is empty.
func (u *unsignedRequest) sign(ctx context.Context, s stamp) (*http.Request, string, error) {
	if u.signature == SignatureRPC {
		return u.signRPC(ctx, s)
	}
	return u.signACS3(ctx, s)
}

// signACS3 makes a POST of a query and a form. The signature covers both, and
// the headers; it travels in the Authorization header.
//
// See https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
func (u *unsignedRequest) signACS3(ctx context.Context, s stamp) (*http.Request, string, error) {
	query, form, hash := u.acs3Payload()
	var room [11]acs.Header
	signed := u.acs3Headers(room[:0], s, hash)
	header := newHeaders()
	for _, h := range signed {
		if h.Name.Sent != acs.Host.Sent { // net/http sends it
			header.set(h.Name.Sent, h.Value)
		}
	}

	if s.credentials.BearerToken != "" {
		query = strings.TrimPrefix(query+"&SignatureType=BEARERTOKEN", "&")
		return u.newHTTPRequest(ctx, http.MethodPost, query, header, form), "", nil
	}
	signature, err := acs3Signature(s.credentials.AccessKeySecret, http.MethodPost, query, signed, hash)
	if err != nil {
		return nil, "", &CredentialsError{Err: errors.New("the access key secret is too short: " + err.Error())}
	}
	header.set("Authorization", acs3Authorization(s.credentials.AccessKeyID, signed, signature))
	return u.newHTTPRequest(ctx, http.MethodPost, query, header, form), signature, nil
}

// acs3Payload returns the query, the form and the form's hash.
func (u *unsignedRequest) acs3Payload() (query, form, hash string) {
	var room [1024]byte // on the stack, for ordinary requests
	text := acs.AppendQuery(room[:0], u.params, u.operation.inQuery)
	queryEnd := len(text)
	text = acs.AppendForm(text, u.params, u.operation.inForm)
	formEnd := len(text)
	sum := sha256.Sum256(text[queryEnd:])
	text = hex.AppendEncode(text, sum[:])

	all := string(text) // one allocation for the three
	return all[:queryEnd], all[queryEnd:formEnd], all[formEnd:]
}

// acs3Headers appends the headers that the signature covers, sorted by name.
func (u *unsignedRequest) acs3Headers(headers []acs.Header, s stamp, payloadHash string) []acs.Header {
	add := func(name acs.HeaderName, value string) { headers = append(headers, name.With(value)) }
	add(acs.ContentType, formType)
	add(acs.Host, u.endpoint.host)
	if s.credentials.SecurityToken != "" {
		add(acs.AccessKeyID, s.credentials.AccessKeyID)
	}
	add(acs.Action, u.operation.name)
	if s.credentials.BearerToken != "" {
		add(acs.BearerToken, s.credentials.BearerToken)
	}
	add(acs.ContentSHA256, payloadHash)
	add(acs.Date, s.time.UTC().Format(signingTime))
	if s.retries > 0 {
		add(acs.RetryAttempts, strconv.Itoa(s.retries))
	}
	if s.credentials.SecurityToken != "" {
		add(acs.SecurityToken, s.credentials.SecurityToken)
	}
	add(acs.Nonce, s.nonce)
	add(acs.Version, u.operation.version)
	return headers
}

// acs3Signature signs the hash of the canonical request.
func acs3Signature(secret, method, query string, headers []acs.Header, payloadHash string) (string, error) {
	var room [1536]byte // on the stack, for ordinary requests
	hashed := sha256.Sum256(appendCanonicalRequest(room[:0], method, query, headers, payloadHash))
	toSign := append(make([]byte, 0, 128), acs3Algorithm+"\n"...)
	return acs.HMACSHA256(secret, hex.AppendEncode(toSign, hashed[:]))
}

func appendCanonicalRequest(dst []byte, method, query string, headers []acs.Header, payloadHash string) []byte {
	dst = append(dst, method...)
	dst = append(dst, "\n/\n"...)
	dst = append(dst, query...)
	dst = append(dst, '\n')
	dst = acs.AppendHeaders(dst, headers)
	dst = append(dst, '\n')
	dst = acs.AppendHeaderNames(dst, headers)
	dst = append(dst, '\n')
	return append(dst, payloadHash...)
}

// acs3Authorization returns the value of the Authorization header.
func acs3Authorization(keyID string, headers []acs.Header, signature string) string {
	var room [512]byte
	value := append(room[:0], acs3Algorithm+" Credential="...)
	value = append(value, keyID...)
	value = append(value, ",SignedHeaders="...)
	value = acs.AppendHeaderNames(value, headers)
	value = append(value, ",Signature="...)
	return string(append(value, signature...))
}

// signRPC makes a GET of one query string, or a POST of the same parameters as a
// form if the URL would be too long. The signature covers all parameters and the
// method; it is itself a parameter.
//
// See https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism
func (u *unsignedRequest) signRPC(ctx context.Context, s stamp) (*http.Request, string, error) {
	header := newHeaders()
	header.set(acs.Action.Sent, u.operation.name)
	header.set(acs.Version.Sent, u.operation.version)
	if s.retries > 0 {
		header.set(acs.RetryAttempts.Sent, strconv.Itoa(s.retries))
	}
	query, signature, err := u.rpcQuery(http.MethodGet, s)
	if err != nil {
		return nil, "", err
	}
	if len(u.endpoint.String())+len("/?")+len(query) <= maxURLLength {
		return u.newHTTPRequest(ctx, http.MethodGet, query, header, ""), signature, nil
	}
	if query, signature, err = u.rpcQuery(http.MethodPost, s); err != nil {
		return nil, "", err
	}
	header.set(acs.ContentType.Sent, formType)
	return u.newHTTPRequest(ctx, http.MethodPost, "", header, query), signature, nil
}

// rpcQuery returns all parameters as one query string, signed for the method.
func (u *unsignedRequest) rpcQuery(method string, s stamp) (query, signature string, err error) {
	params := make([]acs.Param, 0, len(u.params)+10)
	add := func(name, value string) { params = append(params, acs.Param{Name: name, Value: value}) }
	add("Action", u.operation.name)
	add("Format", "JSON")
	add("SignatureNonce", s.nonce)
	add("Timestamp", s.time.UTC().Format(signingTime))
	add("Version", u.operation.version)
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
	params = append(params, u.params...)
	acs.Sort(params)

	canonical := acs.AppendQuery(make([]byte, 0, 1024), params, nil)
	if bearer {
		return string(canonical), "", nil
	}
	signature, err = rpcSignature(s.credentials.AccessKeySecret, method, canonical)
	if err != nil {
		return "", "", &OptionError{Option: "SignatureRPC", Reason: err.Error() + "; use SignatureACS3"}
	}
	return string(acs.AppendEscaped(append(canonical, "&Signature="...), signature)), signature, nil
}

// rpcSignature signs the method and the canonical query.
func rpcSignature(secret, method string, canonical []byte) (string, error) {
	return acs.HMACSHA1(secret+"&", appendRPCStringToSign(nil, method, canonical))
}

func appendRPCStringToSign(dst []byte, method string, canonical []byte) []byte {
	dst = slices.Grow(dst, 16+2*len(canonical))
	dst = append(dst, method+"&%2F&"...)
	return acs.AppendEscaped(dst, canonical)
}

// headers is an http.Header. Its values share an array, which saves an
// allocation for each of them.
type headers struct {
	header http.Header
	values []string
}

func newHeaders() *headers {
	const usual = 12 // of a request
	return &headers{make(http.Header, usual), make([]string, 0, usual)}
}

func (h *headers) set(name, value string) {
	h.values = append(h.values, value)
	last := len(h.values)
	h.header[name] = h.values[last-1 : last : last]
}

// newHTTPRequest adds the headers that no signature covers.
func (u *unsignedRequest) newHTTPRequest(ctx context.Context, method, query string, header *headers, body string) *http.Request {
	header.set("Accept", "application/json")
	header.set("User-Agent", u.userAgent)
	// With this header set, net/http leaves decompression to us. We bound it and
	// tell its errors apart, with any transport of the caller.
	header.set("Accept-Encoding", "gzip")
	target := u.endpoint.url(query)
	req := (&http.Request{
		Method:     method,
		URL:        &target,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header.header,
		Host:       u.endpoint.host,
	}).WithContext(ctx)
	switch {
	case method == http.MethodGet:
		req.Body = emptyBody{}
	case body == "":
		req.Body = http.NoBody
	default:
		// net/http knows that a strings.Reader in a NopCloser is in memory. For
		// other types it sends the headers in a packet of their own.
		req.ContentLength = int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
		req.Body, _ = req.GetBody()
	}
	return req
}

// emptyBody is a body that net/http does not recognize as empty. net/http
// resends a GET without a body when a kept connection breaks, and the service
// would refuse the repeated nonce.
type emptyBody struct{}

func (emptyBody) Read([]byte) (int, error) { return 0, io.EOF }
func (emptyBody) Close() error             { return nil }

// newNonce returns 128 random bits in hexadecimal.
func newNonce() string {
	var b [16]byte
	rand.Read(b[:]) // never returns an error
	return acs.Hex(b[:])
}
