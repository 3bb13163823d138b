package redact

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
)

// dialError is the error of a refused connection.
func dialError(cause error) *net.OpError {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443}, Err: cause}
}

func TestErrorsOfATransportAreSafeToWrap(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-token"
	s := secrets(secret)
	cause := errors.New("connection refused")
	signed := "https://host.example/path?Signature=" + secret
	for name, test := range map[string]struct {
		err  error
		want string
		is   error
	}{
		"harmless": {cause, "connection refused", cause},
		"a URL":    {&url.Error{Op: "Get", URL: signed, Err: cause}, `Get "https://host.example/path": connection refused`, cause},
		"a URL, wrapped": {
			fmt.Errorf("%s: %w", signed, &url.Error{Op: "Get", URL: signed, Err: cause}), `Get "https://host.example/path": connection refused`,
			cause,
		},
		"a URL among others": {
			errors.Join(io.EOF, &url.Error{Op: "Get", URL: signed, Err: cause}), `Get "https://host.example/path": connection refused`, cause,
		},
		"a URL without cause": {&url.Error{Op: "Get", URL: signed}, `Get "https://host.example/path": unknown error`, nil},
		"a URL that is none":  {&url.Error{Op: "Get", URL: ":\x00" + secret, Err: cause}, `Get "(URL not shown)": connection refused`, cause},
		"a secret in a path": {
			&url.Error{Op: "Get " + secret, URL: "https://h/" + secret, Err: cause}, `Get *** "https://h/***": connection refused`, cause,
		},
		"a secret":            {errors.New("cannot send " + signed), "cannot send https://host.example/path?Signature=***", nil},
		"a secret in a cause": {fmt.Errorf("bad %w", errors.New(secret)), "bad ***", nil},
		"a secret inside":     {silent{errors.New(secret)}, "silent", nil},
		"a secret inside EOF": {fmt.Errorf("%s: %w", secret, io.EOF), "***: EOF", io.EOF},
	} {
		got := s.Err(test.err)
		if got.Error() != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
		if test.is != nil && !errors.Is(got, test.is) {
			t.Errorf("%s: %v has lost its cause", name, got)
		}
		for err := range tree(got) {
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, secret) {
				t.Errorf("%s: %s shows the secret", name, text)
			}
		}
	}
	if got := s.Err(cause); got != cause {
		t.Errorf("a harmless error became %v", got)
	}
}

// secretive keeps a *url.Error where only errors.As finds it.
type secretive struct{ hidden *url.Error }

func (secretive) Error() string { return "secretive" }

func (s secretive) As(target any) bool {
	found, ok := target.(**url.Error)
	if ok {
		*found = s.hidden
	}
	return ok
}

func TestAURLThatOnlyAsFindsIsHidden(t *testing.T) {
	t.Parallel()
	s := secrets("s3cr3t-token")
	err := s.Err(fmt.Errorf("sending: %w", secretive{&url.Error{Op: "Get", URL: "https://h/?Signature=s3cr3t-token", Err: io.EOF}}))
	if urlErr := (*url.Error)(nil); errors.As(err, &urlErr) {
		t.Errorf("%v has a *url.Error: %v", err, urlErr)
	}
	if err.Error() != "sending: secretive" {
		t.Errorf("the text is %q", err)
	}
}

// broken is an error whose methods need the value that a nil pointer lacks.
type broken struct{ text string }

func (b *broken) Error() string { return b.text }

func TestANilPointerThatIsAnErrorDoesNoHarm(t *testing.T) {
	t.Parallel()
	s := secrets("s3cr3t-token")
	for _, err := range []error{(*broken)(nil), fmt.Errorf("sending: %w", (*broken)(nil))} {
		if s.Shows(err) || s.Err(err) != err || s.Hide(err).Error() != fmt.Sprint(err) {
			t.Errorf("%v is not handled as any other error", err)
		}
	}
}

// silent does not show the error that it wraps.
type silent struct{ err error }

func (silent) Error() string   { return "silent" }
func (s silent) Unwrap() error { return s.err }

func TestAHiddenErrorOffersSafeCopies(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-token"
	s := secrets(secret)
	certificate := &x509.Certificate{}
	refused := dialError(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	lookup := &net.DNSError{Err: "no such host " + secret, Name: secret, Server: secret, IsNotFound: true, UnwrapErr: errors.New(secret)}
	unverified := &tls.CertificateVerificationError{
		UnverifiedCertificates: []*x509.Certificate{certificate}, Err: x509.HostnameError{Certificate: certificate, Host: "h"},
	}
	cause := fmt.Errorf("%s: %w", secret, errors.Join(
		&url.Error{Op: "Get", URL: "https://h/?x=" + secret, Err: refused}, lookup, unverified,
		tls.RecordHeaderError{Msg: "not TLS " + secret}, x509.SystemRootsError{Err: errors.New(secret)}, tls.AlertError(40),
		x509.UnknownAuthorityError{}, x509.CertificateInvalidError{Detail: "d"}, x509.InsecureAlgorithmError(1),
		x509.ConstraintViolationError{}, x509.UnhandledCriticalExtension{},
		net.ErrClosed, io.ErrUnexpectedEOF,
	))
	hidden := s.Hide(cause)

	var opErr *net.OpError
	if !errors.As(hidden, &opErr) || opErr == refused || opErr.Error() != "dial tcp 127.0.0.1:443: connect: connection refused" {
		t.Errorf("*net.OpError: got %v", opErr)
	}
	if !errors.Is(opErr, syscall.ECONNREFUSED) {
		t.Errorf("%v is not ECONNREFUSED", opErr)
	}
	var dnsErr *net.DNSError
	if !errors.As(hidden, &dnsErr) || dnsErr == lookup || !dnsErr.IsNotFound || dnsErr.Name != Mask || dnsErr.Server != Mask ||
		dnsErr.Err != "no such host ***" || dnsErr.UnwrapErr != nil {
		t.Errorf("*net.DNSError: got %#v", dnsErr)
	}
	var verification *tls.CertificateVerificationError
	if !errors.As(hidden, &verification) || verification == unverified || len(verification.UnverifiedCertificates) != 1 {
		t.Errorf("*tls.CertificateVerificationError: got %v", verification)
	}
	var hostname x509.HostnameError
	if !errors.As(verification, &hostname) || hostname.Host != "h" {
		t.Errorf("x509.HostnameError: got %v", hostname.Host)
	}
	var record tls.RecordHeaderError
	if !errors.As(hidden, &record) || record.Msg != "not TLS ***" {
		t.Errorf("tls.RecordHeaderError: got %v", record)
	}
	var roots x509.SystemRootsError
	if !errors.As(hidden, &roots) || roots.Err.Error() != Mask {
		t.Errorf("x509.SystemRootsError: got %v", roots)
	}
	for name, target := range map[string]any{
		"tls.AlertError": new(tls.AlertError), "x509.UnknownAuthorityError": new(x509.UnknownAuthorityError),
		"x509.CertificateInvalidError": new(x509.CertificateInvalidError), "x509.InsecureAlgorithmError": new(x509.InsecureAlgorithmError),
		"x509.ConstraintViolationError":   new(x509.ConstraintViolationError),
		"x509.UnhandledCriticalExtension": new(x509.UnhandledCriticalExtension),
		"x509.HostnameError":              new(x509.HostnameError), "syscall.Errno": new(syscall.Errno), "net.Error": new(net.Error),
	} {
		if !errors.As(hidden, target) {
			t.Errorf("%s is not found", name)
		}
	}
	for _, target := range []error{syscall.ECONNREFUSED, net.ErrClosed, io.ErrUnexpectedEOF} {
		if !errors.Is(hidden, target) {
			t.Errorf("it is not %v", target)
		}
	}
	for _, target := range []error{io.EOF, syscall.ECONNRESET, cause, refused} {
		if errors.Is(hidden, target) {
			t.Errorf("it is %v", target)
		}
	}
	if urlErr := (*url.Error)(nil); errors.As(hidden, &urlErr) {
		t.Errorf("it has a *url.Error: %v", urlErr)
	}
	if pathErr := (*fs.PathError)(nil); errors.As(hidden, &pathErr) {
		t.Errorf("it has a *fs.PathError: %v", pathErr)
	}
	if text := fmt.Sprintf("%v %+v %#v", hidden, hidden, hidden); strings.Contains(text, secret) {
		t.Errorf("%s shows the secret", text)
	}
	if errors.Unwrap(hidden) != nil {
		t.Errorf("it wraps %v", errors.Unwrap(hidden))
	}
}

func TestAHiddenErrorIsNeverAnErrorOfAContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 1)
	defer cancel()
	<-ctx.Done()
	_, dialTimeout := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:1")
	if !errors.Is(dialTimeout, context.DeadlineExceeded) {
		t.Fatalf("%v does not match the context's error, so the test shows nothing", dialTimeout)
	}
	for _, cause := range []error{context.DeadlineExceeded, context.Canceled, fmt.Errorf("x: %w", context.Canceled), dialTimeout} {
		for _, hidden := range []error{Hide("text", cause), new(Secrets).Hide(cause)} {
			if errors.Is(hidden, context.DeadlineExceeded) || errors.Is(hidden, context.Canceled) {
				t.Errorf("%v matches an error of a context", cause)
			}
			var opErr *net.OpError
			if found := errors.As(hidden, &opErr); found != errors.Is(cause, dialTimeout) {
				t.Errorf("%v: *net.OpError found: %v", cause, found)
			} else if found && (errors.Is(opErr, context.DeadlineExceeded) || !opErr.Timeout()) {
				t.Errorf("the copy matches an error of a context, or is no timeout: %v", opErr)
			}
		}
	}
}

func TestAHiddenErrorSaysWhetherItWasATimeout(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		context.DeadlineExceeded: true, os.ErrDeadlineExceeded: true, context.Canceled: false,
		dialError(syscall.ETIMEDOUT): true, dialError(io.EOF): false,
	} {
		if got := Hide("text", fmt.Errorf("wrapped: %w", err)).Timeout(); got != want {
			t.Errorf("%v: timeout %v, want %v", err, got, want)
		}
	}
}

func TestAHiddenErrorHasItsOwnText(t *testing.T) {
	t.Parallel()
	if got := Hide("what failed", errors.New("how")).Error(); got != "what failed" {
		t.Errorf("got %q", got)
	}
	for err, want := range map[error]string{
		nil: "unknown error",
		&net.OpError{Op: "proxyconnect", Net: "tcp", Err: &url.Error{Op: "Get", URL: "http://p/?q", Err: errors.New("x")}}: `Get "http://p/": x`,
	} {
		if got := new(Secrets).Hide(err).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	var opErr *net.OpError
	if !errors.As(Hide("text", &net.OpError{Op: "read"}), &opErr) || opErr.Err != nil {
		t.Errorf("got %#v, want an error without cause", opErr)
	}
}

func TestATreeOfErrorsIsWalkedWithinBounds(t *testing.T) {
	t.Parallel()
	loop := &circular{}
	loop.others = []error{loop, nil, loop}
	seen := 0
	for range tree(loop) {
		seen++
	}
	if seen == 0 || seen > maxTree {
		t.Errorf("%d errors of a tree without end are seen", seen)
	}
	for range tree(loop) {
		break
	}
	deep, seen := io.EOF, 0
	for range 2 * maxTree {
		deep = silent{deep}
	}
	for range tree(deep) {
		seen++
	}
	if seen != maxTree {
		t.Errorf("%d errors of a deep tree are seen, want %d", seen, maxTree)
	}
	if got := find[*net.OpError](loop); got != nil {
		t.Errorf("found %v", got)
	}
}

type circular struct{ others []error }

func (*circular) Error() string     { return "circular" }
func (c *circular) Unwrap() []error { return c.others }
