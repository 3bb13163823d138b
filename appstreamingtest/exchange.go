package appstreamingtest

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming"
)

// maxRequestBytes bounds the body of a request.
const maxRequestBytes = 1 << 20

// The values of Request.Scheme.
const (
	SchemeACS3   = "ACS3-HMAC-SHA256"
	SchemeRPC    = "RPC-HMAC-SHA1"
	SchemeBearer = "BEARER"
)

// exchange is a parsed request.
type exchange struct {
	r           *http.Request
	body        []byte
	query, form []pair
	params      map[string]string // of both

	now       time.Time
	requestID string

	scheme    string // "" if the request is not signed
	rpc       bool   // the protocol's parameters are among the others
	xml       bool   // the response is XML
	action    string
	version   string
	date      string
	nonce     string
	keyID     string
	signature string
	signed    []string // ACS3: names of the signed headers
}

// refusal is an error response.
type refusal struct {
	status  int
	code    appstreaming.Code
	message string
	header  http.Header
	denied  *appstreaming.AccessDeniedDetail
}

func refuse(status int, code appstreaming.Code, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func missing(name string) *refusal {
	return refuse(http.StatusBadRequest, appstreaming.CodeMissingParameter,
		"The input parameter %q that is mandatory for processing this request is not supplied.", name)
}

func invalid(name, format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, appstreaming.CodeInvalidParameter+appstreaming.Code("."+name),
		"The specified parameter %q is not valid: %s.", name, fmt.Sprintf(format, args...))
}

// read parses a request. The exchange is as complete as possible even if the
// request is refused.
func (s *Server) read(r *http.Request, now time.Time) (*exchange, *refusal, error) {
	x := &exchange{r: r, now: now, params: make(map[string]string)}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBytes+1))
	if err != nil {
		return nil, nil, err
	}
	x.body = body

	refused := x.parse()
	x.identify()
	return x, refused, nil
}

func (x *exchange) parse() *refusal {
	if len(x.body) > maxRequestBytes {
		return refuse(http.StatusRequestEntityTooLarge, "InvalidParameter", "The request body exceeds %d bytes.", maxRequestBytes)
	}
	var err error
	if x.query, err = parsePairs(x.r.URL.RawQuery); err != nil {
		return refuse(http.StatusBadRequest, appstreaming.CodeInvalidParameter, "The query string is malformed: %v.", err)
	}
	for _, p := range x.query {
		x.params[p.name] = p.value
	}
	if isForm, ok := x.bodyIsForm(); !ok {
		return refuse(http.StatusBadRequest, appstreaming.CodeInvalidParameter,
			"The content type %q is not supported.", x.r.Header.Get("Content-Type"))
	} else if isForm {
		if x.form, err = parsePairs(string(x.body)); err != nil {
			return refuse(http.StatusBadRequest, appstreaming.CodeInvalidParameter, "The form is malformed: %v.", err)
		}
	}
	for _, p := range x.form {
		x.params[p.name] = p.value
	}
	if len(x.params) == len(x.query)+len(x.form) {
		return nil
	}
	seen := make(map[string]bool)
	for _, p := range slices.Concat(x.query, x.form) {
		if seen[p.name] {
			return refuse(http.StatusBadRequest, appstreaming.CodeInvalidParameter, "The parameter %q is given twice.", p.name)
		}
		seen[p.name] = true
	}
	return nil
}

func (x *exchange) bodyIsForm() (isForm, ok bool) {
	if len(x.body) == 0 {
		return false, true
	}
	contentType := x.r.Header.Get("Content-Type")
	if contentType == "" {
		return true, true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return true, err == nil && mediaType == "application/x-www-form-urlencoded"
}

// identify determines how a request is signed, and with which key.
func (x *exchange) identify() {
	h := x.r.Header
	authorization := h.Get("Authorization")
	bearerToken := h.Get("X-Acs-Bearer-Token")
	_, hasKey := x.params["AccessKeyId"]
	_, hasSignature := x.params["Signature"]
	_, hasBearer := x.params["BearerToken"]
	_, hasAction := x.params["Action"]

	switch {
	case authorization != "" || bearerToken != "":
		x.scheme = SchemeACS3
		if authorization == "" {
			x.scheme = SchemeBearer
		}
	case hasBearer:
		x.scheme, x.rpc = SchemeBearer, true
	case hasKey || hasSignature:
		x.scheme, x.rpc = SchemeRPC, true
	case hasAction:
		x.rpc = true
	}

	if x.rpc {
		x.action, x.version = x.params["Action"], x.params["Version"]
		x.date, x.nonce = x.params["Timestamp"], x.params["SignatureNonce"]
		x.keyID, x.signature = x.params["AccessKeyId"], x.params["Signature"]
		x.xml = !strings.EqualFold(x.params["Format"], "JSON")
		return
	}
	x.action, x.version = h.Get("X-Acs-Action"), h.Get("X-Acs-Version")
	x.date, x.nonce = h.Get("X-Acs-Date"), h.Get("X-Acs-Signature-Nonce")
	x.keyID, x.signed, x.signature, _ = parseAuthorization(authorization)
}
