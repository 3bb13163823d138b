package sourceerror

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
)

// failure is a failure of the network or of TLS.
type failure struct {
	host  string // "": unknown
	cause string
	err   error // of a known type; nil: the described error holds one
}

func (f failure) description() Description {
	host := f.host
	if host == "" {
		host = "the source"
	}
	return Description{Text: "no response from " + host + ": " + f.cause, Network: f.err}
}

// lost is an error of the network that is known only by its text.
func lost(cause error) error { return &net.OpError{Op: "request", Net: "tcp", Err: cause} }

// typedFailure finds a failure among an error and what it wraps.
func typedFailure(err error) (failure, bool) {
	var f failure
	urlErr, sent := find[*url.Error](err)
	if sent {
		if u, parseErr := url.Parse(urlErr.URL); parseErr == nil {
			f.host = u.Host
		}
		err = urlErr.Err
	}
	for _, known := range []func(error) (error, bool){
		kind[*tls.CertificateVerificationError], kind[x509.UnknownAuthorityError], kind[x509.HostnameError],
		kind[x509.CertificateInvalidError], kind[x509.SystemRootsError], kind[tls.RecordHeaderError], kind[tls.AlertError],
		kind[*net.OpError], kind[*net.DNSError],
	} {
		if found, ok := known(err); ok {
			f.cause = found.Error()
			return f, true
		}
	}
	timeout, ok := find[interface {
		error
		Timeout() bool
	}](err)
	switch {
	case ok && timeout.Timeout():
		f.cause, f.err = "timed out", lost(os.ErrDeadlineExceeded)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.cause, f.err = "the connection was closed", lost(io.ErrUnexpectedEOF)
	case errors.Is(err, http.ErrSchemeMismatch):
		f.cause = http.ErrSchemeMismatch.Error()
	case sent:
		f.cause = "the request could not be sent, or its response is not HTTP"
	default:
		return f, false
	}
	return f, true
}

// find is errors.AsType, which Go 1.25 does not have.
func find[E error](err error) (E, bool) {
	var found E
	ok := errors.As(err, &found)
	return found, ok
}

// kind is find without the type.
func kind[E error](err error) (error, bool) { return find[E](err) }

// Texts of errors of the network that credentials-go writes into another text.
var (
	lookupPattern      = regexp.MustCompile(`lookup ([a-zA-Z0-9.-]{1,253})(?: on \S+)?: no such host`)
	socketPattern      = regexp.MustCompile(`\b(dial|read|write) tcp (?:\S+->)?([0-9a-fA-F.:\[\]]{2,60}): ([a-z][a-z :/]{2,60}[a-z])`)
	certificatePattern = regexp.MustCompile(`(?:tls: failed to verify certificate|x509): `)
)

// reasons holds the causes of failed connections.
var reasons = [...]struct {
	text string
	err  error
}{
	{"connection refused", syscall.ECONNREFUSED},
	{"connection reset by peer", syscall.ECONNRESET},
	{"broken pipe", syscall.EPIPE},
	{"no route to host", syscall.EHOSTUNREACH},
	{"network is unreachable", syscall.ENETUNREACH},
	{"timeout", os.ErrDeadlineExceeded},
}

// writtenFailure finds a failure in an error's text.
func writtenFailure(text string) (failure, bool) {
	if name := group(lookupPattern, text); name != "" {
		err := &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
		return failure{name, err.Error(), err}, true
	}
	if certificatePattern.MatchString(text) {
		err := &tls.CertificateVerificationError{Err: errors.New("the certificate is not accepted")}
		return failure{"", err.Error(), err}, true
	}
	if match := socketPattern.FindStringSubmatch(text); match != nil {
		for _, reason := range reasons {
			if strings.HasSuffix(match[3], reason.text) {
				err := &net.OpError{Op: match[1], Net: "tcp", Err: reason.err}
				return failure{match[2], err.Error(), err}, true
			}
		}
	}
	if strings.Contains(text, "context deadline exceeded") || strings.Contains(text, "Client.Timeout exceeded") {
		return failure{"", "timed out", lost(os.ErrDeadlineExceeded)}, true
	}
	return failure{}, false
}
