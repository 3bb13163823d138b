package appstreaming

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// The documented regions; see
// https://www.alibabacloud.com/help/en/wuying-appstreaming/developer-reference/api-appstream-center-2021-09-01-endpoint
const (
	// RegionShanghai is the endpoint for accounts of the China site.
	RegionShanghai = "cn-shanghai"
	// RegionSingapore is the endpoint for accounts of the international site.
	RegionSingapore = "ap-southeast-1"
)

const (
	product = "appstream-center"
	vpcHost = product + ".vpc-proxy.aliyuncs.com"
)

// WithEndpoint sends requests to rawURL instead of the region's endpoint. rawURL
// has a scheme, a host and optionally a port, for example
// "https://proxy.example.com:8443". The scheme must be https, or http together
// with [WithPlainHTTP]. WithEndpoint replaces an earlier [WithVPCEndpoint].
func WithEndpoint(rawURL string) Option {
	return func(c *config) error {
		given, err := parseEndpoint(rawURL)
		if err != nil {
			return err
		}
		c.given = given // wins over vpc
		return nil
	}
}

// WithVPCEndpoint sends requests to the region's endpoint inside a VPC, which is
// documented for cn-shanghai and ap-southeast-1. Default: the public endpoint.
// WithVPCEndpoint replaces an earlier [WithEndpoint].
func WithVPCEndpoint() Option {
	return func(c *config) error { c.vpc, c.given = true, endpoint{}; return nil }
}

// WithPlainHTTP allows an http endpoint in [WithEndpoint], for services on
// loopback. Anybody on the network path can read tokens and images sent over
// plain http.
func WithPlainHTTP() Option {
	return func(c *config) error { c.allowHTTP = true; return nil }
}

// endpoint is the scheme and the host that requests are sent to.
type endpoint struct {
	scheme, host string
	hint         string // likely reason if the host cannot be resolved
}

func (e endpoint) String() string { return e.scheme + "://" + e.host }

func (e endpoint) url(query string) url.URL {
	return url.URL{Scheme: e.scheme, Host: e.host, Path: "/", RawQuery: query}
}

func isDocumentedRegion(region string) bool {
	return region == RegionShanghai || region == RegionSingapore
}

// regionEndpoint returns the endpoint of a region. Regions without a documented
// endpoint follow the vendor's naming rule. Such a host may not exist.
func regionEndpoint(region string, vpc bool) (endpoint, error) {
	documented := isDocumentedRegion(region)
	switch {
	case region == "":
		return endpoint{}, &OptionError{
			Option: "New",
			Reason: "no region: pass one, such as cn-shanghai or ap-southeast-1, or set ALIBABA_CLOUD_REGION_ID",
		}
	case vpc && documented:
		return endpoint{scheme: "https", host: vpcHost}, nil
	case vpc:
		return endpoint{}, &OptionError{
			Option: "WithVPCEndpoint", Value: region,
			Reason: "VPC endpoints are documented for cn-shanghai and ap-southeast-1 only; use WithEndpoint",
		}
	}
	e := endpoint{scheme: "https", host: product + "." + region + ".aliyuncs.com"}
	if !documented {
		e.hint = fmt.Sprintf("region %s has no documented endpoint; cn-shanghai and ap-southeast-1 have one. "+
			"Alibaba Cloud stores images centrally, so the endpoint's region need not be the image's region; "+
			"to filter by deployment region, use BizRegionIDs", region)
	}
	return e, nil
}

func checkRegion(region string) error {
	for _, c := range region {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return &OptionError{Option: "New", Value: region, Reason: "a region consists of a-z, 0-9 and '-'"}
		}
	}
	if strings.HasPrefix(region, "-") || strings.HasSuffix(region, "-") || len(region) > 40 {
		return &OptionError{Option: "New", Value: region, Reason: "a region has at most 40 characters and neither begins nor ends with '-'"}
	}
	return nil
}

// parseEndpoint accepts scheme://host[:port] only. The errors leave out the
// parts of the URL that may be secret.
func parseEndpoint(rawURL string) (endpoint, error) {
	fault := func(shown, reason string) (endpoint, error) {
		return endpoint{}, &OptionError{Option: "WithEndpoint", Value: shown, Reason: reason}
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return fault("", "not a URL of the form https://host[:port]")
	}
	shown := u.Scheme + "://" + u.Host
	switch {
	case u.Scheme == "" || u.Opaque != "" || u.Host == "" && u.Scheme != "http" && u.Scheme != "https":
		return fault("", "must be of the form https://host[:port]; the scheme is missing")
	case u.Scheme != "https" && u.Scheme != "http":
		return fault(shown, "the scheme must be https")
	case u.Hostname() == "":
		return fault(shown, "the host is missing")
	case u.User != nil:
		return fault(shown, "must not contain user information")
	case u.Path != "" && u.Path != "/":
		return fault(shown, "must not contain a path")
	case u.RawQuery != "" || u.ForceQuery:
		return fault(shown, "must not contain a query")
	case u.Fragment != "" || strings.Contains(rawURL, "#"):
		return fault(shown, "must not contain a fragment")
	}
	if reason := hostFault(u); reason != "" {
		return fault(shown, reason)
	}
	return endpoint{scheme: u.Scheme, host: strings.ToLower(u.Host)}, nil
}

// hostFault returns what is wrong with a URL's host and port, or "". Every host
// it accepts is one that net/http sends unchanged, because the host is signed.
func hostFault(u *url.URL) string {
	host, port := u.Hostname(), u.Port()
	if strings.HasSuffix(u.Host, ":") {
		return "the port after ':' is missing"
	}
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535 || port[0] == '0') {
		return "the port must be a number from 1 to 65535"
	}
	if strings.HasPrefix(u.Host, "[") {
		addr, err := netip.ParseAddr(host)
		switch {
		case err != nil || !addr.Is6():
			return "the host in brackets must be an IPv6 address"
		case addr.Zone() != "":
			return "an IPv6 address must not have a zone, because net/http does not send it"
		}
		return ""
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if len(label) == 0 || len(label) > 63 {
			return "each part of the host's name must have from 1 to 63 characters"
		}
		if strings.ContainsFunc(label, notInHostName) {
			return "the host may contain ASCII letters, digits, '-', '_' and '.' only; " +
				"write an international name in its xn-- form and an IPv6 address in brackets"
		}
	}
	if len(host) > 253 {
		return "the host must have at most 253 characters"
	}
	return ""
}

func notInHostName(r rune) bool { return !isLetterOrDigit(r) && r != '-' && r != '_' }

func isLetterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// resolveEndpoint sets the endpoint once all options are known.
func (c *config) resolveEndpoint() error {
	if err := checkRegion(c.region); err != nil {
		return err
	}
	if c.given == (endpoint{}) {
		resolved, err := regionEndpoint(c.region, c.vpc)
		c.endpoint = resolved
		return err
	}
	if c.given.scheme == "http" && !c.allowHTTP {
		return &OptionError{
			Option: "WithEndpoint", Value: c.given.String(),
			Reason: "the scheme must be https; for a service on loopback, add WithPlainHTTP",
		}
	}
	c.endpoint = c.given
	return nil
}
