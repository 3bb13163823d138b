package appstreaming

import (
	"fmt"
	"net/url"
	"strings"
)

// endpoint is where requests go: a scheme and a host.
type endpoint struct {
	scheme, host string
	// hint tells what may be wrong when the host cannot be resolved.
	hint string
}

func (e endpoint) String() string { return e.scheme + "://" + e.host }

func (e endpoint) url(query string) url.URL {
	return url.URL{Scheme: e.scheme, Host: e.host, Path: "/", RawQuery: query}
}

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

func isDocumentedRegion(region string) bool {
	return region == RegionShanghai || region == RegionSingapore
}

// regionEndpoint gives a region's endpoint. Regions without a documented one
// follow the vendor's naming rule, which need not lead to an existing host.
func regionEndpoint(region string, vpc bool) (endpoint, error) {
	switch {
	case region == "":
		return endpoint{}, &OptionError{Option: "New", Reason: "no region: pass one, such as cn-shanghai or ap-southeast-1, or set ALIBABA_CLOUD_REGION_ID"}
	case isDocumentedRegion(region) && vpc:
		return endpoint{scheme: "https", host: vpcHost}, nil
	case vpc:
		return endpoint{}, &OptionError{Option: "WithVPCEndpoint", Value: region, Reason: "VPC endpoints are documented for cn-shanghai and ap-southeast-1 only; use WithEndpoint"}
	case isDocumentedRegion(region):
		return endpoint{scheme: "https", host: product + "." + region + ".aliyuncs.com"}, nil
	}
	return endpoint{
		scheme: "https",
		host:   product + "." + region + ".aliyuncs.com",
		hint: fmt.Sprintf("region %s has no documented endpoint; cn-shanghai and ap-southeast-1 have. "+
			"Images are kept centrally: the endpoint's region need not be the image's, which BizRegionIDs selects", region),
	}, nil
}

func checkRegion(region string) error {
	for _, c := range region {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return &OptionError{Option: "New", Value: region, Reason: "a region consists of a-z, 0-9 and '-'"}
		}
	}
	if strings.HasPrefix(region, "-") || strings.HasSuffix(region, "-") || len(region) > 40 {
		return &OptionError{Option: "New", Value: region, Reason: "a region is at most 40 characters and neither begins nor ends with '-'"}
	}
	return nil
}

// parseEndpoint takes scheme://host[:port] and nothing more. Errors show the
// URL without what may be secret in it.
func parseEndpoint(rawURL string) (endpoint, error) {
	fault := func(shown, reason string) (endpoint, error) {
		return endpoint{}, &OptionError{Option: "WithEndpoint", Value: shown, Reason: reason}
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return fault("", "not a URL")
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
		return fault(shown, "must not hold user information")
	case u.Path != "" && u.Path != "/":
		return fault(shown, "must not have a path")
	case u.RawQuery != "" || u.ForceQuery:
		return fault(shown, "must not have a query")
	case u.Fragment != "" || strings.Contains(rawURL, "#"):
		return fault(shown, "must not have a fragment")
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return fault("", "the host must be ASCII; write an international name in its xn-- form")
	}
	return endpoint{scheme: u.Scheme, host: u.Host}, nil
}

// resolveEndpoint settles where requests go, once all options are known.
func (c *config) resolveEndpoint() error {
	if err := checkRegion(c.region); err != nil {
		return err
	}
	if c.rawURL == "" {
		resolved, err := regionEndpoint(c.region, c.vpc)
		c.endpoint = resolved
		return err
	}
	resolved, err := parseEndpoint(c.rawURL)
	if err != nil {
		return err
	}
	if resolved.scheme == "http" && !c.allowHTTP {
		return &OptionError{Option: "WithEndpoint", Value: resolved.String(), Reason: "the scheme must be https, or WithPlainHTTP given for a service on loopback"}
	}
	c.endpoint = resolved
	return nil
}
