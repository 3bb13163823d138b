package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/wuying-go/appstreaming"
)

// proxyRefusal is the answer of a proxy that does not let a request through.
type proxyRefusal struct{ status string }

// note is http.Transport.OnProxyConnectResponse.
func (p *proxyRefusal) note(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		p.status = resp.Status
	}
	return nil
}

// networkFindings follow a request from the proxy to the first byte of a
// response. When one step fails, the later ones are unchecked.
func (s setting) networkFindings(x exchange, acs3, rpc reply) []finding {
	steps := []finding{
		{ID: "proxy", Checked: "the proxy lets requests through", Verdict: holds, Seen: "no proxy in use"},
		{ID: "dns", Checked: "the host's name resolves", Verdict: holds, Seen: took(x.dns, "no look-up was needed")},
		{ID: "connect", Checked: "the host accepts connections", Verdict: holds, Seen: took(x.connect, "already connected") + where(x.address)},
		{ID: "tls", Checked: "TLS is spoken and the certificate is trusted", Verdict: holds},
		{ID: "http", Checked: "the response is the service's", Verdict: holds, Seen: x.proto},
	}
	proxy, proxyErr := s.proxyInUse()
	if proxy != nil {
		steps[0].Seen = proxy.Host
	}
	if proxy == nil && proxyErr == nil && !isProxy(s.proxyVariable) { // net/http ignores such a value
		steps[0].Verdict, steps[0].Seen, steps[0].Do = fails, "HTTPS_PROXY is not an address, so it is ignored", "correct HTTPS_PROXY"
	}
	if x.tls != nil {
		steps[3].Seen = fmt.Sprintf("%s, %s", tls.VersionName(x.tls.Version), took(x.secure, "on a connection in use"))
	} else if s.endpoint.Scheme == "http" {
		steps[3].Verdict, steps[3].Seen = skipped, "plain HTTP"
	}
	failed := -1
	switch err := acs3.err; {
	case proxyErr != nil:
		failed = 0
		steps[0].Seen, steps[0].Do = "the address of the proxy is not valid", "correct HTTPS_PROXY"
	case x.status == 0:
		failed, steps = s.broken(x, err, proxy, steps)
	case isForeign(err) && !rpc.ok() && (rpc.err == nil || isForeign(rpc.err)):
		failed = 4
		steps[4].Seen = strings.TrimSpace(x.proto + ", " + brief(err))
		steps[4].Do = "this is not a response of the service: check -region, -endpoint, and proxies on the way"
		if apiErr := apiError(err); apiErr != nil && apiErr.StatusCode >= http.StatusInternalServerError {
			steps[4].Do = "something in between cannot reach the service: try again later, and check -endpoint and proxies"
		}
	}
	for i := range steps {
		switch {
		case failed >= 0 && i == failed:
			steps[i].Verdict = fails
		case failed >= 0 && i > failed || x.reached == nowhere && i > 0 && x.status == 0:
			steps[i].Verdict, steps[i].Seen, steps[i].Do = unchecked, "", ""
		}
	}
	return steps
}

// isProxy reports whether net/http can read the value of HTTPS_PROXY. Empty means
// that there is none.
func isProxy(value string) bool {
	u, err := url.Parse(value)
	if err == nil && u.Host != "" || value == "" {
		return true
	}
	_, err = url.Parse("http://" + value)
	return err == nil
}

// proxyInUse returns the proxy that requests go through, nil for none.
func (s setting) proxyInUse() (*url.URL, error) {
	if s.proxy == nil {
		return nil, nil
	}
	return s.proxy(&http.Request{URL: s.endpoint})
}

// broken finds the step that a request without a response stopped at, and says
// what was seen there and what to do; -1 means that nothing was sent.
func (s setting) broken(x exchange, err error, proxy *url.URL, steps []finding) (int, []finding) {
	step, do := -1, ""
	silent := errors.Is(err, appstreaming.ErrAttemptTimeout) || errors.Is(err, context.DeadlineExceeded)
	seen := cause(err)
	switch {
	case s.refusal.status != "":
		step, seen = 0, fmt.Sprintf("%s refuses: %s", proxy.Host, clip(s.refusal.status))
		do = "ask for " + s.endpoint.Host + " to be allowed, give the proxy's password in HTTPS_PROXY, or name the host in NO_PROXY"
	case isOfProxy(err) || proxy != nil && x.reached > nowhere && x.reached <= connected:
		step, seen = 0, fmt.Sprintf("%s: %s", proxy.Host, seen)
		do = "check HTTPS_PROXY and whether the proxy runs, or name the host in NO_PROXY"
	case x.reached == lookingUp:
		step, do = 1, resolveAdvice(err)
	case x.reached == connecting || x.reached == connected:
		step, do = 2, "check -endpoint, firewalls and proxies"
		if silent || !errors.Is(err, syscall.ECONNREFUSED) {
			do = "check the network, firewalls, and whether a proxy is needed (HTTPS_PROXY)"
		}
	case x.reached == handshaking:
		step, do = 3, handshakeAdvice(err)
		if silent {
			do = "the TLS handshake is not answered: check -endpoint, firewalls and proxies"
		}
	case x.reached == exchanging:
		step, do = 4, "the connection is accepted, but no response comes: check -endpoint, and proxies and firewalls on the way"
	}
	if step >= 0 {
		steps[step].Seen, steps[step].Do = seen, do
	}
	return step, steps
}

// isOfProxy reports whether an error is one of the connection to a proxy.
func isOfProxy(err error) bool {
	var opErr *net.OpError
	return errors.As(err, &opErr) && (opErr.Op == "proxyconnect" || strings.HasPrefix(opErr.Op, "socks"))
}

func resolveAdvice(err error) string {
	var transportErr *appstreaming.TransportError
	var dnsErr *net.DNSError
	if errors.As(err, &dnsErr) && dnsErr.IsNotFound && errors.As(err, &transportErr) {
		return "check the region and the name server; " +
			cmp.Or(transportErr.Hint, "the name may not exist")
	}
	return "the name server does not answer: check the network, and whether a proxy is needed (HTTPS_PROXY)"
}

func handshakeAdvice(err error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "set this machine's clock if it is wrong; otherwise the certificate is too old: check -endpoint, and proxies on the way"
	case isA[x509.HostnameError](err):
		return "the certificate is for another name: check -endpoint, the name server, and proxies on the way"
	case isA[*tls.CertificateVerificationError](err), isA[x509.UnknownAuthorityError](err), isA[x509.CertificateInvalidError](err):
		return "trust the certificate's issuer if a proxy of yours replaces certificates: " +
			"SSL_CERT_FILE names a bundle (on Windows and macOS, the system's store)"
	case isA[tls.RecordHeaderError](err):
		return "something in between answers without TLS: check proxies and -endpoint"
	}
	return "the server, or something in between, ends the TLS handshake; it must allow TLS 1.2 or later: " +
		"check -endpoint, proxies and firewalls"
}

func isA[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// isForeign reports whether a response is not one of the service: a page of a
// proxy, a redirect, or the answer of another server.
func isForeign(err error) bool {
	apiErr := apiError(err)
	return isA[*appstreaming.DecodeError](err) || apiErr != nil && apiErr.Code == ""
}

// cause is the innermost reason of a transport error, which names neither
// identifiers nor secrets.
func cause(err error) string {
	var transportErr *appstreaming.TransportError
	if errors.As(err, &transportErr) {
		return clip(transportErr.Err.Error())
	}
	return brief(err)
}

func took(d time.Duration, none string) string {
	if d == 0 {
		return none
	}
	return "in " + max(d.Round(100*time.Microsecond), 100*time.Microsecond).String()
}

func where(address string) string {
	if address == "" {
		return ""
	}
	return ", " + address
}
