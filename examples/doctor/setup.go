package main

import (
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

// maxClockOffset is where a clock counts as wrong. The library corrects it, and
// the service tolerates 15 minutes, but other software on the machine may not.
const maxClockOffset = 4 * time.Minute

// setting holds the facts about the set-up before a request is sent.
type setting struct {
	source   string // of the credentials
	region   string
	endpoint *url.URL
	proxy    func(*http.Request) (*url.URL, error)
	refusal  *proxyRefusal // noted by the transport
	names    *names
}

// proxyRefusal is the answer of a proxy that does not let a request through.
type proxyRefusal struct{ status string }

// note is http.Transport.OnProxyConnectResponse.
func (p *proxyRefusal) note(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		p.status = resp.Status
	}
	return nil
}

// setUp checks everything between this program and a first page. It reports
// whether a page came, whichever way it was signed.
func (v *investigator) setUp(ctx context.Context, s setting) (findings []finding, works bool) {
	signed, keyErr := v.client.SignedURL(ctx, appstreaming.ListImageRequest{PageSize: 1})
	if keyErr != nil {
		return append([]finding{credentialsFinding(s, "", keyErr)}, s.placeFindings()...), false
	}
	findings = append(findings, credentialsFinding(s, signed, nil))
	findings = append(findings, s.placeFindings()...)
	one := appstreaming.ListImageRequest{PageSize: 1}
	acs3 := v.askBy(ctx, v.acs3(), one)
	rpc := v.askBy(ctx, v.rpc(), one)
	findings = append(findings, s.proxyFinding())
	findings = append(findings, s.networkFindings(v.record.exchanges[0], acs3.err)...)
	findings = append(findings,
		v.clockFinding(),
		signatureFinding("acs3", "requests signed with ACS3-HMAC-SHA256 are accepted", acs3),
		signatureFinding("rpc", "requests signed in the RPC way are accepted", rpc),
		s.permissionFinding(acs3, rpc))
	return findings, acs3.ok() || rpc.ok()
}

// credentialsFinding says where credentials come from.
func credentialsFinding(s setting, signedURL string, err error) finding {
	f := finding{ID: "credentials", Checked: "there are credentials", Verdict: holds}
	if err != nil {
		f.Verdict, f.Seen = fails, strings.TrimPrefix(err.Error(), "appstreaming: ")
		f.Do = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or log in with the aliyun command"
		return f
	}
	kind := "access key"
	query := queryOf(signedURL)
	switch {
	case query.Get("BearerToken") != "":
		f.Seen = "a bearer token, from " + s.source
		return f
	case query.Get("SecurityToken") != "":
		kind = "STS key"
	}
	f.Seen = fmt.Sprintf("%s %s, from %s", kind, masked(query.Get("AccessKeyId")), s.source)
	return f
}

func queryOf(rawURL string) url.Values {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil
	}
	return u.Query()
}

// accessKeyOf is the access key's identifier in a signed URL.
func accessKeyOf(signedURL string) string { return queryOf(signedURL).Get("AccessKeyId") }

// masked leaves of an identifier what its owner recognises it by.
func masked(id string) string {
	if len(id) <= 8 {
		return "***"
	}
	return id[:4] + "***" + id[len(id)-2:]
}

func (s setting) placeFindings() []finding {
	return []finding{{
		ID: "endpoint", Checked: "the region has an endpoint", Verdict: holds,
		Seen: fmt.Sprintf("region %s, %s", s.region, s.endpoint),
	}}
}

func (s setting) proxyFinding() finding {
	f := finding{ID: "proxy", Checked: "the proxy lets requests through", Verdict: holds, Seen: "no proxy in use"}
	if s.proxy == nil {
		return f
	}
	proxy, err := s.proxy(&http.Request{URL: s.endpoint})
	switch {
	case err != nil:
		f.Verdict, f.Seen, f.Do = fails, "the address of the proxy is not valid", "correct HTTPS_PROXY"
	case proxy != nil && s.refusal.status != "":
		f.Verdict, f.Seen = fails, fmt.Sprintf("%s refuses: %s", proxy.Host, clip(s.refusal.status))
		f.Do = "ask for " + s.endpoint.Host + " to be allowed, give the proxy's password in HTTPS_PROXY, or name the host in NO_PROXY"
	case proxy != nil:
		f.Seen = proxy.Host
	}
	return f
}

// networkFindings follow a connection from the name to the first byte.
func (s setting) networkFindings(x *exchange, err error) []finding {
	dns := finding{ID: "dns", Checked: "the host's name resolves", Verdict: holds, Seen: took(x.dns, "no look-up was needed")}
	connect := finding{ID: "connect", Checked: "the host accepts connections", Verdict: holds, Seen: took(x.connect, "") + where(x.address)}
	secure := finding{ID: "tls", Checked: "TLS is spoken and the certificate is trusted", Verdict: holds}
	spoken := finding{ID: "http", Checked: "HTTP is spoken", Verdict: holds, Seen: x.proto}
	all := []*finding{&dns, &connect, &secure, &spoken}

	if x.tls != nil {
		secure.Seen = fmt.Sprintf("%s, %s", tls.VersionName(x.tls.Version), took(x.secure, ""))
	} else if s.endpoint.Scheme == "http" {
		secure.Verdict, secure.Seen = skipped, "plain HTTP"
	}
	if broken, do := s.brokenStep(err); broken >= 0 && x.status == 0 {
		all[broken].Verdict, all[broken].Seen, all[broken].Do = fails, cause(err), do
		for _, later := range all[broken+1:] {
			later.Verdict, later.Seen = unchecked, ""
		}
	}
	return []finding{dns, connect, secure, spoken}
}

// brokenStep is the step of networkFindings that err stopped at, -1 for none.
func (s setting) brokenStep(err error) (step int, do string) {
	var transportErr *appstreaming.TransportError
	var dnsErr *net.DNSError
	var recordErr tls.RecordHeaderError
	switch {
	case !errors.As(err, &transportErr):
		return -1, ""
	case s.refusal != nil && s.refusal.status != "":
		return 1, "see proxy"
	case errors.As(err, &dnsErr):
		return 0, "check the region and the name server; " + transportErr.Hint
	case isCertificate(err):
		return 2, "trust the certificate's issuer if a proxy of yours replaces certificates: SSL_CERT_FILE names a bundle"
	case errors.As(err, &recordErr):
		return 2, "something in between answers without TLS: check proxies and -endpoint"
	case errors.Is(err, syscall.ECONNREFUSED):
		return 1, "check -endpoint, firewalls and proxies"
	case errors.Is(err, appstreaming.ErrAttemptTimeout):
		return 1, "nothing answers in time: check firewalls and proxies"
	}
	return 3, "check what is in between"
}

func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
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

func (v *investigator) clockFinding() finding {
	f := finding{ID: "clock", Checked: "the local clock is right", Verdict: unchecked, Seen: "no response had a Date"}
	for _, x := range v.record.exchanges {
		date, err := http.ParseTime(x.header.Get("Date"))
		if err != nil {
			continue
		}
		offset := x.at.Sub(date).Round(time.Second)
		f.Verdict, f.Seen = holds, fmt.Sprintf("%v from the service's", offset)
		if offset.Abs() > maxClockOffset {
			f.Verdict = fails
			f.Do = "set the clock, for example with NTP; until then the library corrects the times it signs"
		}
		return f
	}
	return f
}

func signatureFinding(id, checked string, r reply) finding {
	f := finding{ID: id, Checked: checked, Verdict: holds, Seen: "HTTP 200"}
	if r.ok() {
		return f
	}
	f.Verdict, f.Seen = fails, brief(r.err)
	switch {
	case errors.Is(r.err, appstreaming.ErrNotAuthorized):
		f.Verdict, f.Seen = holds, "accepted, then "+brief(r.err)
	case errors.Is(r.err, appstreaming.CodeInvalidSecurityTokenExpired):
		f.Do = "get a new STS token; the one in use has expired"
	case errors.Is(r.err, appstreaming.CodeSignatureDoesNotMatch):
		f.Do = "check the secret; a proxy that changes requests looks the same"
	case errors.Is(r.err, appstreaming.ErrBadCredentials):
		f.Do = "check the access key, its secret and its token, and whether the key is enabled"
	case apiError(r.err) == nil:
		f.Verdict = unchecked
	}
	return f
}

// policy is the least that lists images.
const policy = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"appstreaming:ListImage","Resource":"*"}]}`

func (s setting) permissionFinding(replies ...reply) finding {
	f := finding{ID: "permission", Checked: "the identity may list images", Verdict: unchecked, Seen: "no request got that far"}
	for _, r := range replies {
		switch {
		case r.ok():
			f.Verdict, f.Seen, f.Do = holds, fmt.Sprintf("%d images", r.page.Count), ""
			return f
		case errors.Is(r.err, appstreaming.ErrNotAuthorized):
			f.Verdict, f.Seen = fails, brief(r.err)
			principal := "this identity"
			if denied := apiError(r.err).AccessDenied; denied != nil {
				principal = strings.TrimSpace(denied.AuthPrincipalType + " " + s.names.replace("principal", denied.AuthPrincipalDisplayName))
				f.Seen += ", " + denied.NoPermissionType
			}
			f.Do = fmt.Sprintf("grant %s this policy: %s", principal, policy)
		}
	}
	return f
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
