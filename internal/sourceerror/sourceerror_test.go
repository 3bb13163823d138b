package sourceerror

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

const requestID = "6894B13B-6D71-4EF5-88FA-F32781734A7F"

// The beginnings of texts about the network.
const (
	named   = "no response from sts.example.com: "
	unnamed = "no response from the source: "
	noHTTP  = "the request could not be sent, or its response is not HTTP"
	badTLS  = "tls: failed to verify certificate: the certificate is not accepted"
)

// sent wraps an error as http.Client does. The URL's query is secret.
func sent(err error) error {
	return fmt.Errorf("refresh: %w", &url.Error{Op: "Post", URL: "https://sts.example.com/canary?Signature=canary", Err: err})
}

func TestARefusalIsDescribedByItsCodeAndRequestIdentifier(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Description{
		`refresh session token failed: {"RequestId":"` + requestID + `","Code":"EntityNotExist.Role","Message":"canary"}`: {
			Text: "the source refused the request: EntityNotExist.Role", Code: "EntityNotExist.Role", RequestID: requestID,
		},
		`get session token from sso failed: {"errorCode" : "Forbidden","requestId" : "` + strings.ToLower(requestID) + `"}`: {
			Text: "the source refused the request: Forbidden", Code: "Forbidden", RequestID: strings.ToLower(requestID),
		},
		`failed: {"Code":"NoPermission","RequestId":"canary with a space"}`: {
			Text: "the source refused the request: NoPermission", Code: "NoPermission",
		},
		`failed: {"Code":"canary7","Message":"a code has no digits"}`:  {Text: unknown},
		`failed: {"Code":"a","RequestId":"` + requestID + `"}`:         {Text: unknown},
		`failed: {"Code":"Success","AccessKeySecret":"canary"}`:        {Text: unknown},
		`httpStatus: 403, message = {"RequestId":"` + requestID + `"}`: {Text: "the source answered with HTTP 403", RequestID: requestID},
		`refresh Ecs sts token err, httpStatus: 404, message = canary`: {Text: "the source answered with HTTP 404"},
		`failed to refresh token, status code: 503`:                    {Text: "the source answered with HTTP 503"},
		`get role name failed: GET http://h/security-credentials/ 404`: {Text: "the source answered with HTTP 404"},
		`refresh RoleArn sts token err, json.Unmarshal fail: canary`:   {Text: notJSON},
		`refresh Ecs sts token err, fail to get credentials`:           {Text: noKey},

		`get credentials from http://h/canary failed: <html>canary`:                       {Text: refused},
		`refresh credentials from http://h/canary failed: {"canary":1}`:                   {Text: noKey},
		`get credentials from http://h/ failed with error, json unmarshal fail: canary`:   {Text: notJSON},
		`refresh session token failed: <html>canary</html>`:                               {Text: refused},
		`get session token failed: `:                                                      {Text: refused},
		`get session token from sso failed: canary`:                                       {Text: refused},
		`get session token from sso failed, json.Unmarshal fail: canary`:                  {Text: notJSON},
		`refresh Ecs sts token err, Code is not Success`:                                  {Text: "the source reports a failure without a code"},
		`refresh KeyPair err: Json Unmarshal fail: canary`:                                {Text: notJSON},
		`refresh KeyPair err: SessionAccessKey is empty`:                                  {Text: noKey},
		`refresh KeyPair err: SessionAccessKeyId: canary, SessionAccessKeySecret: canary`: {Text: noKey},
		`refresh RoleArn sts token err: AccessKeyId: , AccessKeySecret: canary`:           {Text: noKey},
		`InvalidPath: Can not open PrivateKeyFile, err is canary`:                         {Text: "the file of the private key cannot be read"},

		`ERROR: Can not load section: canary`:             {Text: "the file has no profile of that name"},
		`session duration should be in the range of 900s`: {Text: "the duration of the session is less than 900 s"},
		`anything else: canary`:                           {Text: unknown},
		`httpStatus: 99`:                                  {Text: unknown},
	} {
		if got := Describe(errors.New(text)); got != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", text, got, want)
		}
	}
}

func TestAFailureOfTheNetworkIsDescribedByItsKindAndHost(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{
		Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443},
		Err: os.NewSyscallError("connect", syscall.ECONNREFUSED),
	}
	lookup := &net.DNSError{Err: "no such host", Name: "sts.example.com", IsNotFound: true}
	certificate := &x509.Certificate{}
	for name, test := range map[string]struct {
		err  error
		text string
		lost bool // the error itself holds no error of the network
	}{
		"refused":         {sent(refused), named + "dial tcp 192.0.2.1:443: connect: connection refused", false},
		"refused, no URL": {refused, unnamed + "dial tcp 192.0.2.1:443: connect: connection refused", false},
		"unknown host": {
			sent(&net.OpError{Op: "dial", Net: "tcp", Err: lookup}), named + "dial tcp: lookup sts.example.com: no such host", false,
		},
		"lookup only": {sent(lookup), named + "lookup sts.example.com: no such host", false},
		"verification": {
			sent(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}),
			named + "tls: failed to verify certificate: x509: certificate signed by unknown authority", false,
		},
		"unknown authority": {sent(x509.UnknownAuthorityError{}), named + "x509: certificate signed by unknown authority", false},
		"another host": {
			sent(x509.HostnameError{Certificate: certificate, Host: "h"}),
			named + "x509: certificate is not valid for any names, but wanted to match h", false,
		},
		"expired": {
			sent(x509.CertificateInvalidError{Cert: certificate, Reason: x509.Expired}),
			named + "x509: certificate has expired or is not yet valid: ", false,
		},
		"no roots": {
			sent(x509.SystemRootsError{}), named + "x509: failed to load system roots and no roots provided", false,
		},
		"no TLS":         {sent(tls.RecordHeaderError{Msg: "not TLS"}), named + "tls: not TLS", false},
		"alert":          {sent(tls.AlertError(40)), named + "tls: handshake failure", false},
		"plain HTTP":     {sent(http.ErrSchemeMismatch), named + "http: server gave HTTP response to HTTPS client", false},
		"timeout":        {sent(context.DeadlineExceeded), named + "timed out", true},
		"end":            {sent(io.EOF), named + "the connection was closed", true},
		"unexpected end": {io.ErrUnexpectedEOF, unnamed + "the connection was closed", true},
		"not HTTP":       {sent(errors.New("malformed HTTP response canary")), named + noHTTP, false},
		"no URL":         {&url.Error{Op: "Get", URL: ":canary", Err: errors.New("x")}, unnamed + noHTTP, false},
	} {
		got := Describe(test.err)
		if !strings.HasPrefix(got.Text, test.text) || (got.Network != nil) != test.lost || strings.Contains(got.Text, "canary") {
			t.Errorf("%s: got %+v, want %q", name, got, test.text)
		}
		if test.lost && !isOpError(got.Network) {
			t.Errorf("%s: got %#v, want a *net.OpError", name, got.Network)
		}
	}
}

func isOpError(err error) bool {
	var opErr *net.OpError
	return errors.As(err, &opErr)
}

// credentials-go writes the text of some errors into its own.
func TestAFailureOfTheNetworkIsFoundInAText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		text string
		is   error
		as   any
	}{
		`Get "http://h/canary": dial tcp 192.0.2.1:80: connect: connection refused`: {
			"no response from 192.0.2.1:80: dial tcp: connection refused", syscall.ECONNREFUSED, new(*net.OpError),
		},
		`read tcp 10.0.0.1:5->[2001:db8::1]:80: read: connection reset by peer`: {
			"no response from [2001:db8::1]:80: read tcp: connection reset by peer", syscall.ECONNRESET, new(*net.OpError),
		},
		`write tcp 192.0.2.1:80: broken pipe`: {
			"no response from 192.0.2.1:80: write tcp: broken pipe", syscall.EPIPE, new(*net.OpError),
		},
		`dial tcp 192.0.2.1:80: connect: no route to host`: {
			"no response from 192.0.2.1:80: dial tcp: no route to host", syscall.EHOSTUNREACH, new(*net.OpError),
		},
		`dial tcp 192.0.2.1:80: network is unreachable`: {
			"no response from 192.0.2.1:80: dial tcp: network is unreachable", syscall.ENETUNREACH, new(*net.OpError),
		},
		`dial tcp 192.0.2.1:80: i/o timeout`: {
			"no response from 192.0.2.1:80: dial tcp: i/o timeout", os.ErrDeadlineExceeded, new(*net.OpError),
		},
		`dial tcp: lookup h.example on 10.0.0.1:53: no such host`: {
			"no response from h.example: lookup h.example: no such host", nil, new(*net.DNSError),
		},
		`dial tcp: lookup h.example: no such host`: {
			"no response from h.example: lookup h.example: no such host", nil, new(*net.DNSError),
		},
		`Get "https://h": x509: certificate signed by canary`: {unnamed + badTLS, nil, new(*tls.CertificateVerificationError)},
		`tls: failed to verify certificate: canary`:           {unnamed + badTLS, nil, new(*tls.CertificateVerificationError)},
		`Get "http://h": context deadline exceeded (canary)`:  {unnamed + "timed out", os.ErrDeadlineExceeded, new(*net.OpError)},
		`request canceled (Client.Timeout exceeded canary)`:   {unnamed + "timed out", os.ErrDeadlineExceeded, new(*net.OpError)},
	} {
		got := Describe(errors.New(text))
		if got.Text != want.text || got.Network == nil {
			t.Errorf("%s: got %+v, want %q", text, got, want.text)
			continue
		}
		if want.is != nil && !errors.Is(got.Network, want.is) || !errors.As(got.Network, want.as) {
			t.Errorf("%s: got %#v", text, got.Network)
		}
		if errors.Is(got.Network, context.DeadlineExceeded) {
			t.Errorf("%s: %v matches context.DeadlineExceeded", text, got.Network)
		}
	}
	if got := Describe(errors.New("dial tcp 192.0.2.1:80: connect: canary")); got != (Description{Text: unknown}) {
		t.Errorf("got %+v for a reason that is not known", got)
	}
}

// A chain asks the metadata service of ECS last, which most machines lack.
func TestAChainIsExhaustedWhenOnlyTheMetadataServiceIsSilent(t *testing.T) {
	t.Parallel()
	const prefix = "unable to get credentials from any of the providers in the chain: " +
		"unable to get credentials from enviroment variables, " //nolint:misspell // as credentials-go spells it
	const silent = `get role name failed: Get "http://100.100.100.200/latest/": dial tcp 100.100.100.200:80: i/o timeout`
	for text, want := range map[string]Description{
		prefix + silent: {Text: "no source of the chain has credentials", Exhausted: true},
		prefix + "get role name failed: GET http://100.100.100.200/latest/meta-data/ram/security-credentials/ 404": {
			Text: "no source of the chain has credentials", Exhausted: true,
		},
		prefix + `get session token failed: {"Code":"NoPermission"}, ` + silent: {
			Text: "the source refused the request: NoPermission", Code: "NoPermission",
		},
	} {
		if got := Describe(errors.New(text)); got != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", text, got, want)
		}
	}
	got := Describe(errors.New(prefix + `Post "https://sts/": dial tcp 192.0.2.1:443: i/o timeout, ` + silent))
	if got.Exhausted || got.Text != "no response from 192.0.2.1:443: dial tcp: i/o timeout" {
		t.Errorf("got %+v, want the failure of STS", got)
	}
	if got := Describe(errors.New(silent)); got.Network == nil {
		t.Errorf("got %+v, want a failure of the network outside of a chain", got)
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("oidc: %w", &fs.PathError{Op: "open", Path: "/run/token", Err: errors.New("not there")})
	if got := Describe(err); got != (Description{Text: "cannot read /run/token: not there"}) {
		t.Errorf("got %+v", got)
	}
}

// A real timeout of http.Client, whose error matches context.DeadlineExceeded.
func TestATimeoutOfAnHTTPClientIsAFailureOfTheNetwork(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, err = (&http.Client{Timeout: 10 * time.Millisecond}).Get("http://" + listener.Addr().String() + "/?canary")
	got := Describe(err)
	if want := "no response from " + listener.Addr().String() + ": timed out"; got.Text != want || !isOpError(got.Network) {
		t.Errorf("got %+v, want %q", got, want)
	}
}
