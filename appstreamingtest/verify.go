package appstreamingtest

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming"
)

const (
	operation  = "ListImage"
	apiVersion = "2021-09-01"

	// timeWindow is how far a request's date may differ, in both directions.
	timeWindow = 15 * time.Minute
	dateLayout = "2006-01-02T15:04:05Z"
)

// verify checks everything of a request except the operation's parameters.
func (s *Server) verify(x *exchange) *refusal {
	if path := x.r.URL.EscapedPath(); path != "/" && path != "" {
		return noSuchAPI()
	}
	if m := x.r.Method; m != http.MethodGet && m != http.MethodPost {
		return refuse(http.StatusBadRequest, appstreaming.CodeUnsupportedHTTPMethod, "This http method is not supported.")
	}
	for _, check := range []func(*exchange) *refusal{
		s.verifySignature, verifyOperation, verifyDate, s.verifyNonce,
	} {
		if refused := check(x); refused != nil {
			return refused
		}
	}
	return nil
}

func (s *Server) verifySignature(x *exchange) *refusal {
	switch {
	case x.scheme == SchemeBearer:
		return s.verifyBearer(x)
	case x.scheme == SchemeRPC:
		return s.verifyRPC(x)
	case x.scheme == SchemeACS3:
		return s.verifyACS3(x)
	case x.date == "":
		return mandatory("Timestamp")
	}
	return mandatory("AccessKeyId")
}

// mandatory refuses a request without a parameter of the protocol, in the
// gateway's words. ACS3 sends these parameters as headers.
func mandatory(name string) *refusal {
	return refuse(http.StatusBadRequest, appstreaming.Code("Missing"+name), "%s is mandatory for this action.", name)
}

func noSuchAPI() *refusal {
	return refuse(http.StatusNotFound, appstreaming.CodeInvalidAPINotFound,
		"Specified api is not found, please check your url and method.")
}

func verifyOperation(x *exchange) *refusal {
	if x.version != apiVersion {
		return refuse(http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid.")
	}
	if x.action != operation {
		return noSuchAPI()
	}
	return nil
}

func verifyDate(x *exchange) *refusal {
	date, err := time.Parse(dateLayout, x.date)
	if err != nil || date.Format(dateLayout) != x.date {
		return refuse(http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	if off := x.now.Sub(date); off > timeWindow || off < -timeWindow {
		return refuse(http.StatusBadRequest, appstreaming.CodeInvalidTimestampExpired, "Specified time stamp or date value is expired.")
	}
	return nil
}

func (s *Server) verifyNonce(x *exchange) *refusal {
	if !s.nonces.use(x.keyID+"\x00"+x.nonce, x.now) {
		return refuse(http.StatusBadRequest, appstreaming.CodeSignatureNonceUsed, "Specified signature nonce was used already.")
	}
	return nil
}

// nonceBook remembers nonces in two generations: for as long as their request
// could be sent again, but at most maxNonces in each generation.
type nonceBook struct {
	mu            sync.Mutex
	recent, older map[nonceSum]struct{}
	since         time.Time // start of recent
}

// nonceSum is the beginning of a hash, which takes less memory than a nonce.
type nonceSum [16]byte

const (
	// nonceLife covers a request dated as early and as late as the window allows.
	nonceLife = 2 * timeWindow
	maxNonces = 250_000
)

// use returns false if the nonce was used before.
func (b *nonceBook) use(nonce string, now time.Time) bool {
	whole := sha256.Sum256([]byte(nonce))
	sum := nonceSum(whole[:16])
	b.mu.Lock()
	defer b.mu.Unlock()
	switch age := now.Sub(b.since); {
	case b.recent == nil || age > 2*nonceLife:
		b.recent, b.older, b.since = make(map[nonceSum]struct{}), nil, now
	case age > nonceLife || len(b.recent) == maxNonces:
		b.recent, b.older, b.since = make(map[nonceSum]struct{}), b.recent, now
	}
	if _, used := b.recent[sum]; used {
		return false
	}
	if _, used := b.older[sum]; used {
		return false
	}
	b.recent[sum] = struct{}{}
	return true
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// verifyKey returns the key of a request.
func (s *Server) verifyKey(x *exchange) (accessKey, *refusal) {
	key, ok := s.keys.key(x.keyID)
	if !ok {
		return key, refuse(http.StatusNotFound, appstreaming.CodeInvalidAccessKeyIDNotFound, "Specified access key is not found.")
	}
	if key.disabled {
		return key, refuse(http.StatusBadRequest, appstreaming.CodeInvalidAccessKeyIDInactive, "Specified access key is disabled.")
	}
	return key, nil
}

// verifyToken compares the security token sent with the key's.
func verifyToken(key accessKey, token string) *refusal {
	switch {
	case token == "" && key.token == "":
		return nil
	case token == "":
		return mandatory("SecurityToken")
	case key.token == "" || !equal(token, key.token):
		return refuse(http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey",
			"Specified SecurityToken mismatch with the AccessKey.")
	case key.expired:
		return refuse(http.StatusBadRequest, appstreaming.CodeInvalidSecurityTokenExpired, "Specified SecurityToken is expired.")
	}
	return nil
}

// verifyBearer checks a request with a bearer token in place of a signature. The
// codes for invalid bearer tokens are not documented, so verifyBearer uses those
// of security tokens.
func (s *Server) verifyBearer(x *exchange) *refusal {
	token, signatureType := x.params["BearerToken"], x.params["SignatureType"]
	if !x.rpc {
		token = x.r.Header.Get("X-Acs-Bearer-Token")
		if signatureType == "" {
			signatureType = x.r.Header.Get("X-Acs-Signature-Type")
		}
		if refused := verifyACS3Headers(x); refused != nil {
			return refused
		}
		if refused := verifyPayload(x); refused != nil {
			return refused
		}
	} else if refused := verifyRPCParams(x); refused != nil {
		return refused
	}
	if signatureType != "BEARERTOKEN" {
		return invalid("SignatureType", "a bearer token needs BEARERTOKEN")
	}
	expired, ok := s.keys.bearer(token)
	switch {
	case !ok:
		return refuse(http.StatusBadRequest, "InvalidSecurityToken.Malformed", "Specified bearer token is malformed.")
	case expired:
		return refuse(http.StatusBadRequest, appstreaming.CodeInvalidSecurityTokenExpired, "Specified bearer token is expired.")
	}
	return nil
}
