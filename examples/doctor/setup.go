package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
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
	// proxyVariable is the value of HTTPS_PROXY.
	proxyVariable string
	home          string // the home directory, whose path often holds a person's name
}

// patience bounds each step of the set-up, so that one that hangs leaves time for
// the report.
const patience = 15 * time.Second

// setUp checks everything between this program and a first page. It reports
// whether a page came with either signature.
func (v *investigator) setUp(ctx context.Context, s setting) (findings []finding, works bool) {
	limited, cancel := context.WithTimeout(ctx, v.patience)
	signed, keyErr := v.client.SignedURL(limited, appstreaming.ListImageRequest{PageSize: 1})
	cancel()
	if keyErr != nil {
		return append([]finding{credentialsFinding(s, "", keyErr)}, s.placeFindings()...), false
	}
	findings = append(findings, credentialsFinding(s, signed, nil))
	findings = append(findings, s.placeFindings()...)
	one := appstreaming.ListImageRequest{PageSize: 1}
	policy := v.retry
	policy.AttemptTimeout = v.patience
	quick := appstreaming.WithRetry(policy)
	acs3 := v.askBy(ctx, v.acs3(), one, quick)
	rpc := reply{err: errNoConnection}
	first := v.record.last()
	if first.status != 0 { // otherwise the other signature gets no further
		rpc = v.askBy(ctx, v.rpc(), one, quick)
	}
	findings = append(findings, s.networkFindings(first, acs3, rpc)...)
	findings = append(findings,
		v.clockFinding(),
		signatureFinding("acs3", "requests signed with ACS3-HMAC-SHA256 are accepted", acs3),
		signatureFinding("rpc", "requests signed in the RPC way are accepted", rpc),
		s.permissionFinding(acs3, rpc))
	return findings, acs3.ok() || rpc.ok()
}

var errNoConnection = errors.New("not sent, because the request before got no response")

// credentialsFinding says where credentials come from.
func credentialsFinding(s setting, signedURL string, err error) finding {
	f := finding{ID: "credentials", Checked: "there are credentials", Verdict: holds}
	if err != nil {
		f.Verdict, f.Seen = fails, printable(strings.TrimPrefix(err.Error(), "appstreaming: "))
		if s.home != "" && !s.names.real {
			f.Seen = strings.ReplaceAll(f.Seen, s.home, "~")
		}
		f.Do = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or log in with the aliyun command"
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			f.Do = "the source of the credentials does not answer: check the network and proxies, or use another source"
		case errors.Is(err, appstreaming.ErrCredentialsSource):
			f.Do = "repair the source that is named, or use another: " + f.Do
		}
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

func (v *investigator) clockFinding() finding {
	f := finding{ID: "clock", Checked: "the local clock is right", Verdict: unchecked, Seen: "no response had a Date"}
	for _, x := range v.record.all() {
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
	switch apiErr := apiError(r.err); {
	case errors.Is(r.err, appstreaming.ErrNotAuthorized):
		f.Verdict, f.Seen = holds, "accepted, then "+brief(r.err)
	case errors.Is(r.err, appstreaming.CodeInvalidSecurityTokenExpired):
		f.Do = "get a new STS token; the one in use has expired"
	case errors.Is(r.err, appstreaming.CodeSignatureDoesNotMatch):
		f.Do = "check the secret; a proxy that changes requests looks the same"
	case errors.Is(r.err, appstreaming.ErrBadCredentials):
		f.Do = "check the access key, its secret and its token, and whether the key is enabled"
	case isForeign(r.err):
		f.Verdict = unchecked
	case apiErr == nil:
		f.Verdict = unchecked
		if errors.Is(r.err, context.DeadlineExceeded) {
			f.Do = demo.Hint(r.err)
		}
	case isTemporary(r.err), errors.Is(r.err, appstreaming.ErrThrottled):
		f.Verdict, f.Do = unchecked, cmp.Or(demo.Hint(r.err), "try again later")
	default:
		f.Do = cmp.Or(demo.Hint(r.err), "look the code up in docs/errors.md")
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
				principal = strings.TrimSpace(clip(denied.AuthPrincipalType) + " " + s.names.replace("principal", denied.AuthPrincipalDisplayName))
				f.Seen += ", " + clip(denied.NoPermissionType)
			}
			f.Do = fmt.Sprintf("grant %s this policy: %s", principal, policy)
		}
	}
	return f
}
