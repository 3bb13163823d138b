package redact

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"syscall"
)

// Error replaces an error whose text or parts may show a secret. It does not wrap
// that error. [errors.As] finds safe copies of its network, TLS and x509 errors.
// [errors.Is] matches error numbers of the operating system, io.EOF,
// io.ErrUnexpectedEOF and net.ErrClosed. It never matches an error of a context.
type Error struct {
	text      string
	copies    []error
	sentinels []error
	timeout   bool
}

// Error returns the text, without secrets.
func (e *Error) Error() string { return e.text }

// Timeout reports whether the hidden error was a timeout.
func (e *Error) Timeout() bool { return e.timeout }

// As looks for the target's type among the copies.
func (e *Error) As(target any) bool {
	value := reflect.ValueOf(target).Elem()
	for _, found := range e.copies {
		if reflect.TypeOf(found).AssignableTo(value.Type()) {
			value.Set(reflect.ValueOf(found))
			return true
		}
	}
	return false
}

// Is reports whether the target is one of the sentinels, or an error number.
func (e *Error) Is(target error) bool {
	if slices.Contains(e.sentinels, target) {
		return true
	}
	for _, found := range e.copies {
		if number, ok := found.(syscall.Errno); ok && errors.Is(number, target) {
			return true
		}
	}
	return false
}

// Hide returns an error with the given text in place of cause.
func Hide(text string, cause error) *Error { return new(Secrets).hide(text, cause) }

// Hide returns an error in place of cause, with cause's text masked.
func (s *Secrets) Hide(cause error) *Error { return s.hide(s.describe(cause), cause) }

// Err makes an error of a transport safe to wrap. It removes the query of a
// *url.Error, and the errors wrapped around that, because their texts have the
// query too. It hides an error that shows a secret and returns others unchanged.
func (s *Secrets) Err(err error) error {
	if urlErr := find[*url.Error](err); urlErr != nil {
		cause := urlErr.Err
		if cause == nil {
			cause = errors.New(unknown)
		}
		return &url.Error{Op: s.Text(urlErr.Op), URL: s.Text(withoutQuery(urlErr.URL)), Err: s.Err(cause)}
	}
	// An error with an As method of its own can hold a *url.Error out of sight.
	if hidden := (*url.Error)(nil); errors.As(err, &hidden) || s.Shows(err) {
		return s.Hide(err)
	}
	return err
}

// Shows reports whether an error, or one that it wraps, has a secret in its
// text.
func (s *Secrets) Shows(err error) bool {
	if len(s.list) == 0 {
		return false
	}
	for each := range tree(err) {
		if s.Finds(textOf(each)) {
			return true
		}
	}
	return false
}

// unknown is the text in place of an error that is nil.
const unknown = "unknown error"

// sentinels are the errors without content that an Error keeps.
var sentinels = [...]error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed}

func (s *Secrets) hide(text string, cause error) *Error {
	e := &Error{text: text}
	for each := range tree(cause) {
		if timeout, ok := each.(interface{ Timeout() bool }); ok && timeout.Timeout() {
			e.timeout = true
		}
		if safe := s.copy(each); safe != nil {
			e.copies = append(e.copies, safe)
		}
		for _, sentinel := range sentinels {
			if each == sentinel {
				e.sentinels = append(e.sentinels, sentinel)
			}
		}
	}
	return e
}

// copy returns a copy of an error without the parts that could show a secret. It
// returns nil for errors of unknown types.
func (s *Secrets) copy(err error) error {
	switch e := err.(type) {
	case *net.OpError:
		c := &net.OpError{Op: e.Op, Net: e.Net, Source: e.Source, Addr: e.Addr}
		if e.Err != nil {
			c.Err = s.Hide(e.Err)
		}
		return c
	case *net.DNSError:
		c := *e
		c.UnwrapErr = nil
		c.Err, c.Name, c.Server = s.Text(e.Err), s.Text(e.Name), s.Text(e.Server)
		return &c
	case *tls.CertificateVerificationError:
		return &tls.CertificateVerificationError{UnverifiedCertificates: e.UnverifiedCertificates, Err: s.Hide(e.Err)}
	case tls.RecordHeaderError:
		return tls.RecordHeaderError{Msg: s.Text(e.Msg), RecordHeader: e.RecordHeader}
	case x509.SystemRootsError:
		return x509.SystemRootsError{Err: s.Hide(e.Err)}
	case syscall.Errno, tls.AlertError,
		x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError,
		x509.InsecureAlgorithmError, x509.ConstraintViolationError, x509.UnhandledCriticalExtension:
		return e
	}
	return nil
}

// describe returns an error's text without secrets and queries.
func (s *Secrets) describe(err error) string {
	if err == nil {
		return unknown
	}
	if urlErr := find[*url.Error](err); urlErr != nil {
		return s.Text(urlErr.Op + " " + strconv.Quote(withoutQuery(urlErr.URL)) + ": " + s.describe(urlErr.Err))
	}
	return s.Text(textOf(err))
}

// textOf returns an error's text. Unlike Error, it does not panic for a nil
// pointer that was returned as an error.
func textOf(err error) string { return fmt.Sprint(err) }

func withoutQuery(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "(URL not shown)"
	}
	return u.Scheme + "://" + u.Host + u.Path
}
