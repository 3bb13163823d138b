package acs

// HeaderName is the name of a signed header in its two spellings: in lower case
// for the signature, and as net/http sends it.
type HeaderName struct{ Signed, Sent string }

// The headers that a signature covers, sorted as the signature wants them.
var (
	ContentType   = HeaderName{"content-type", "Content-Type"}
	Host          = HeaderName{"host", "Host"}
	AccessKeyID   = HeaderName{"x-acs-accesskey-id", "X-Acs-Accesskey-Id"}
	Action        = HeaderName{"x-acs-action", "X-Acs-Action"}
	BearerToken   = HeaderName{"x-acs-bearer-token", "X-Acs-Bearer-Token"}
	ContentSHA256 = HeaderName{"x-acs-content-sha256", "X-Acs-Content-Sha256"}
	Date          = HeaderName{"x-acs-date", "X-Acs-Date"}
	RetryAttempts = HeaderName{"x-acs-retry-attempts", "X-Acs-Retry-Attempts"}
	SecurityToken = HeaderName{"x-acs-security-token", "X-Acs-Security-Token"}
	Nonce         = HeaderName{"x-acs-signature-nonce", "X-Acs-Signature-Nonce"}
	Version       = HeaderName{"x-acs-version", "X-Acs-Version"}
)

// With returns the header with a value.
func (n HeaderName) With(value string) Header { return Header{n, value} }

// Header is a header that the signature covers.
type Header struct {
	Name  HeaderName
	Value string
}

// AppendHeaders appends one line "name:value" for each header.
func AppendHeaders(dst []byte, headers []Header) []byte {
	for i := range headers {
		dst = append(dst, headers[i].Name.Signed...)
		dst = append(dst, ':')
		dst = append(dst, headers[i].Value...)
		dst = append(dst, '\n')
	}
	return dst
}

// AppendHeaderNames appends the names of the headers joined by ";".
func AppendHeaderNames(dst []byte, headers []Header) []byte {
	for i := range headers {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, headers[i].Name.Signed...)
	}
	return dst
}
