package appstreaming

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming/internal/acs"
	"github.com/wuying-go/appstreaming/internal/retry"
)

// MaxPrefetch is the largest window [WithPrefetch] accepts.
const MaxPrefetch = 64

// defaultMaxResponseBytes is about a hundred times the largest page of images
// with every element filled.
const defaultMaxResponseBytes = 32 << 20

// Option sets one thing of a client, or of one call when given to a method.
// A value that cannot be used is an [*OptionError] from the function the option
// is given to. Where two options set the same thing, the later one holds.
type Option func(*config) error

// Limiter is asked before every attempt and may delay it. *rate.Limiter of
// golang.org/x/time/rate is one. Wait must return when ctx ends.
type Limiter interface {
	Wait(ctx context.Context) error
}

// config is everything options can set. It is copied, never shared: slices and
// pointers in it are replaced, not written to.
type config struct {
	region    string
	endpoint  endpoint // set when the options have been applied
	rawURL    string
	vpc       bool
	allowHTTP bool

	credentials CredentialsProvider
	signature   Signature
	httpClient  *http.Client
	userAgent   string

	retry      RetryPolicy
	limiter    Limiter
	logger     *slog.Logger
	observers  []func(context.Context, Attempt)
	middleware []func(Handler) Handler

	prefetch         int
	maxResponseBytes int64
	raw              bool
	extra            []acs.Param // flattened names

	now    func() time.Time
	nonce  func() string
	jitter func(time.Duration) time.Duration // from 0 up to the duration given
}

func defaultConfig() config {
	return config{
		userAgent:        defaultUserAgent,
		maxResponseBytes: defaultMaxResponseBytes,
		now:              time.Now,
		nonce:            newNonce,
		jitter:           retry.Jitter,
	}
}

// set applies options.
func (c *config) set(opts []Option) error {
	for i, opt := range opts {
		if opt == nil {
			return &OptionError{Option: fmt.Sprintf("option %d", i+1), Reason: "must not be nil"}
		}
		if err := opt(c); err != nil {
			return err
		}
	}
	return nil
}

// with returns a copy of c with the options applied, ready for calls.
func (c config) with(opts []Option) (config, error) {
	if err := c.set(opts); err != nil {
		return config{}, err
	}
	if err := c.resolveEndpoint(); err != nil {
		return config{}, err
	}
	return c, nil
}

// WithCredentials takes credentials from p, asked before every attempt.
// Default: the standard Alibaba Cloud chain of environment variables, OIDC, the
// CLI's profile, the profile file, ECS metadata and the credentials URI.
func WithCredentials(p CredentialsProvider) Option {
	return func(c *config) error {
		if p == nil {
			return &OptionError{Option: "WithCredentials", Reason: "the provider must not be nil"}
		}
		c.credentials = p
		return nil
	}
}

// WithProfile takes credentials from a named profile of the Alibaba Cloud CLI,
// in ~/.aliyun/config.json or the file that ALIBABA_CLOUD_CONFIG_FILE names. No
// other source is asked. The profile is read when credentials are first needed,
// and again after the service refused its key.
//
// Profiles of mode External are refused: they run a program. A profile of mode
// OAuth serves until its saved key expires: log in with the CLI again then. The
// file is never written.
func WithProfile(name string) Option {
	return func(c *config) error {
		if name == "" {
			return &OptionError{Option: "WithProfile", Reason: "the name must not be empty"}
		}
		c.credentials = profileProvider(surroundings(), name)
		return nil
	}
}

// WithSignature chooses how requests are signed. Default: [SignatureACS3].
func WithSignature(v Signature) Option {
	return func(c *config) error {
		if v != SignatureACS3 && v != SignatureRPC {
			return &OptionError{Option: "WithSignature", Value: v.String(), Reason: "must be SignatureACS3 or SignatureRPC"}
		}
		c.signature = v
		return nil
	}
}

// WithEndpoint sends requests to rawURL, scheme and host with an optional port,
// instead of the region's endpoint. The scheme must be https unless [WithPlainHTTP]
// is given too.
func WithEndpoint(rawURL string) Option {
	return func(c *config) error {
		if _, err := parseEndpoint(rawURL); err != nil {
			return err
		}
		c.rawURL, c.vpc = rawURL, false
		return nil
	}
}

// WithVPCEndpoint sends requests to the region's endpoint inside a VPC, which
// is documented for cn-shanghai and ap-southeast-1. Default: the public one.
func WithVPCEndpoint() Option {
	return func(c *config) error { c.rawURL, c.vpc = "", true; return nil }
}

// WithPlainHTTP accepts an http endpoint in [WithEndpoint], for services on
// loopback: over plain http anybody on the way reads tokens and images.
func WithPlainHTTP() Option {
	return func(c *config) error { c.allowHTTP = true; return nil }
}

// WithHTTPClient sends requests through a copy of hc, its transport shared and
// never modified. Its Timeout bounds each attempt; its CheckRedirect and Jar
// are not used: redirects are never followed, and the service sets no cookies.
// Default: a transport of the client's
// own with TLS 1.2 or newer, HTTP/2 where offered, proxies from the
// environment, and at most 64 connections, all of them kept: as many as the
// largest prefetch needs. Calls beyond wait for one.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) error {
		if hc == nil {
			return &OptionError{Option: "WithHTTPClient", Reason: "the client must not be nil"}
		}
		copied := *hc
		if copied.Transport == nil {
			copied.Transport = http.DefaultTransport
		}
		c.httpClient = &copied
		return nil
	}
}

// WithApplication appends name/version to the User-Agent header, so that the
// service's operators can tell whose requests they see. Version may be empty.
func WithApplication(name, version string) Option {
	return func(c *config) error {
		for _, s := range []string{name, version} {
			if i := strings.IndexFunc(s, notInToken); i >= 0 {
				return &OptionError{Option: "WithApplication", Value: s, Reason: "may hold letters, digits and !#$%&'*+-.^_`|~ only"}
			}
		}
		if name == "" {
			return &OptionError{Option: "WithApplication", Reason: "the name must not be empty"}
		}
		if version != "" {
			name += "/" + version
		}
		c.userAgent += " " + name
		return nil
	}
}

// notInToken tells what RFC 9110 does not allow in a product name.
func notInToken(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
}

// WithRetry sets how failed attempts are repeated. Default: the zero
// [RetryPolicy].
func WithRetry(p RetryPolicy) Option {
	return func(c *config) error {
		if err := p.validate(); err != nil {
			return err
		}
		c.retry = p
		return nil
	}
}

// WithRateLimit asks l before every attempt, retries included. Default: none.
func WithRateLimit(l Limiter) Option {
	return func(c *config) error {
		if l == nil {
			return &OptionError{Option: "WithRateLimit", Reason: "the limiter must not be nil"}
		}
		c.limiter = l
		return nil
	}
}

// WithLogger logs every attempt: failed ones at Info with code, request id,
// attempt and wait, all of them at Debug. Nothing else is logged: no URL, no
// header, no parameter, no credentials. Default: none.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return &OptionError{Option: "WithLogger", Reason: "the logger must not be nil"}
		}
		c.logger = l
		return nil
	}
}

// WithObserver calls f after every attempt, on the calling goroutine or one of
// the prefetch, with the call's context. Several observers are called in the
// order they were given. Default: none.
func WithObserver(f func(context.Context, Attempt)) Option {
	return func(c *config) error {
		if f == nil {
			return &OptionError{Option: "WithObserver", Reason: "the function must not be nil"}
		}
		c.observers = append(slices.Clip(c.observers), f)
		return nil
	}
}

// WithPrefetch keeps up to that many pages in flight ahead of the reader in
// [Client.Images], [Client.Pages] and [Pager], delivered in order. The first
// page is always asked for alone. From 0 to [MaxPrefetch]; default 0, off. A
// pager over a lister that is not a [*Client] knows only the options it was
// itself given.
func WithPrefetch(pages int) Option {
	return func(c *config) error {
		if pages < 0 || pages > MaxPrefetch {
			return &OptionError{Option: "WithPrefetch", Value: strconv.Itoa(pages), Reason: fmt.Sprintf("must be from 0 to %d", MaxPrefetch)}
		}
		c.prefetch = pages
		return nil
	}
}

// WithMaxResponseBytes bounds a response's body, after decompression; a larger
// one is [ErrResponseTooLarge]. At least 1; default 32 MiB.
func WithMaxResponseBytes(n int64) Option {
	return func(c *config) error {
		if n < 1 {
			return &OptionError{Option: "WithMaxResponseBytes", Value: strconv.FormatInt(n, 10), Reason: "must be positive"}
		}
		c.maxResponseBytes = n
		return nil
	}
}

// WithRawResponse keeps the body as received in ListImageResponse.Raw.
func WithRawResponse() Option {
	return func(c *config) error { c.raw = true; return nil }
}

// WithParam sends a request parameter this version does not know, or has
// another idea of: it replaces one of the same name. Names are wire names,
// flattened, as "Region" or "FilterList.1.Key"; signing's own names (Action,
// Version, Signature and so on) are refused. It travels in the form under
// ACS3.
func WithParam(key, value string) Option {
	return func(c *config) error {
		if key == "" || strings.IndexFunc(key, notInParamName) >= 0 {
			return &OptionError{Option: "WithParam", Value: key, Reason: "a parameter's name consists of letters, digits, '.', '-' and '_'"}
		}
		if isReserved(key) {
			return &OptionError{Option: "WithParam", Value: key, Reason: "the name is used for signing"}
		}
		if reason := textFault(value); reason != "" {
			return &OptionError{Option: "WithParam", Value: key, Reason: "the value " + reason}
		}
		kept := slices.DeleteFunc(slices.Clone(c.extra), func(p acs.Param) bool { return p.Name == key })
		c.extra = append(kept, acs.Param{Name: key, Value: value})
		return nil
	}
}

func notInParamName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_", r))
}

// isReserved reports whether the service or the signature uses the name.
func isReserved(name string) bool {
	switch strings.ToLower(name) {
	case "action", "version", "format", "accesskeyid", "securitytoken", "bearertoken", "timestamp",
		"signature", "signaturemethod", "signaturenonce", "signaturetype", "signatureversion":
		return true
	}
	return false
}

// unsigned returns the request for an operation's parameters, with those of
// [WithParam] added. A parameter of WithParam replaces the one of the same name.
func (c *config) unsigned(op operation, params []acs.Param) unsignedRequest {
	for _, extra := range c.extra {
		params = slices.DeleteFunc(params, func(p acs.Param) bool { return string(p.AppendName(nil)) == extra.Name })
		params = append(params, extra)
	}
	if len(c.extra) > 0 {
		acs.Sort(params)
	}
	return unsignedRequest{operation: op, signature: c.signature, endpoint: c.endpoint, userAgent: c.userAgent, params: params}
}
