package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/wuying-go/appstreaming"
)

// hints are tried in order; the first that matches is shown.
var hints = []struct {
	fits func(error) bool
	text string
}{
	{is(context.Canceled), ""},
	{is(appstreaming.ErrCredentialsSource), "a source of credentials is set up but does not work: see the message"},
	{is(appstreaming.ErrNoCredentials), "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, " +
		"or log in with the aliyun CLI (aliyun configure)"},
	{is(appstreaming.ErrAmbiguousName), "name one of them by its identifier"},
	{is(appstreaming.Code("Forbidden.AccessKeyDisabled")), "the access key is disabled; enable it, or use another"},
	{is(appstreaming.Code("Forbidden.RiskControl")), "the account is under risk control, which no permission lifts; ask the vendor's support"},
	{is(appstreaming.Code("ForbiddenByRiskControl")),
		"the account is under risk control, which no permission lifts; ask the vendor's support"},
	{is(appstreaming.ErrNotAuthorized), "grant the RAM action appstreaming:ListImage on resource * to this identity"},
	{is(appstreaming.CodeInvalidTimestamp), wrongClock},
	{is(appstreaming.CodeIllegalTimestamp), wrongClock},
	{is(appstreaming.CodeInvalidAccessKeyID), "the access key does not exist or is disabled, or belongs to the other site " +
		"(China or international): try -region ap-southeast-1 or cn-shanghai"},
	{is(appstreaming.CodeSignatureDoesNotMatch), "the access key's secret is wrong, or a proxy alters requests"},
	{is(appstreaming.CodeInvalidSecurityToken), "the STS token has expired or belongs to another key; get new ones"},
	{is(appstreaming.CodeMissingSecurityToken), "this is an STS key: set ALIBABA_CLOUD_SECURITY_TOKEN too"},
	{is(appstreaming.ErrBadCredentials), "the service does not accept the credentials; check them, or use others"},
	{is(appstreaming.ErrThrottled), "too many requests: ask less often, or share one rate limiter (WithRateLimit)"},
	{is(appstreaming.CodeInternalError), faultOfService},
	{is(appstreaming.CodeServiceUnavailable), faultOfService},
	{is(appstreaming.CodeSystemBusy), faultOfService},
	{is(appstreaming.CodeServiceBusy), faultOfService},
	{is(appstreaming.CodeSystemError), faultOfService},
	{is(appstreaming.CodeTimeout), faultOfService},
	{is(appstreaming.CodeRequestTimeout), faultOfService},
	{is(appstreaming.CodeInvalidAPINotFound), otherService},
	{is(appstreaming.CodeInvalidProductNotFound), otherService},
	{is(appstreaming.CodeInvalidBizType), "BizType takes no such value; leave it out"},
	{isUnknownHost, "only cn-shanghai and ap-southeast-1 have documented endpoints; check the region and the network"},
	{is(appstreaming.ErrAttemptTimeout), "the service or the network is too slow; check proxies and firewalls"},
	{is(context.DeadlineExceeded), "allow more time with -timeout"},
	{isCredentials, "the credentials found cannot be used; check them for missing or extra characters"},
	{isCertificate, "the server's certificate is not trusted: a proxy that opens TLS, a wrong endpoint, or a wrong clock"},
	{isDecode, "the answer is not this service's: check -endpoint, and proxies on the way"},
	{isTransport, "check the network, proxies (HTTPS_PROXY) and firewalls"},
}

const (
	faultOfService = "a fault of the service: try again later, and give its support the request id"
	wrongClock     = "this machine's clock is off by more than 15 minutes; set it by NTP"
	otherService   = "this endpoint does not serve ListImage; check -region and -endpoint"
)

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isUnknownHost(err error) bool { return isA[*net.DNSError](err) }

func isTransport(err error) bool { return isA[*appstreaming.TransportError](err) }

func isCredentials(err error) bool { return isA[*appstreaming.CredentialsError](err) }

func isDecode(err error) bool { return isA[*appstreaming.DecodeError](err) }

func isCertificate(err error) bool { return isA[*tls.CertificateVerificationError](err) }

func isA[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// Hint returns what the user can do about an error, or an empty text.
func Hint(err error) string {
	for _, h := range hints {
		if h.fits(err) {
			return h.text
		}
	}
	return ""
}
