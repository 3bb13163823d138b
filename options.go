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

// MaxPrefetch is the largest number of pages that [WithPrefetch] accepts.
const MaxPrefetch = 64

// defaultMaxResponseBytes is about a hundred times the size of the largest page
// of images with every element set.
const defaultMaxResponseBytes = 32 << 20

// Option configures a client, or one call if it is passed to a method. If two
// options set the same thing, the later one wins. A function that receives an
// invalid option returns an [*OptionError].
//
// Every function accepts every option. An option that does not concern a
// function has no effect there. For example, [WithPrefetch] concerns listings
// only. The documentation of each function and option says so.
type Option func(*config) error

// Limiter delays attempts, for example *rate.Limiter of
// golang.org/x/time/rate. Concurrent calls call Wait concurrently. Wait should
// return when ctx ends. The call does in any case, and leaves a Wait that does
// not return behind on its goroutine.
type Limiter interface {
	Wait(ctx context.Context) error
}

// config holds everything that options set. Derived clients and calls work on
// copies, so options replace slices and pointers and never write to them.
type config struct {
	region    string
	endpoint  endpoint // set when the options have been applied
	given     endpoint // by WithEndpoint; zero: the region's
	vpc       bool
	allowHTTP bool

	credentials CredentialsProvider
	signature   Signature
	httpClient  *http.Client
	userAgent   string

	retry      RetryPolicy
	pacing     bool
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
		pacing:           true,
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

// with returns a copy with the options applied, ready for calls.
func (c config) with(opts []Option) (config, error) {
	if err := c.set(opts); err != nil {
		return config{}, err
	}
	if err := c.resolveEndpoint(); err != nil {
		return config{}, err
	}
	return c, nil
}

// WithCredentials sets the provider of credentials. The client asks it before
// every attempt. Default: the standard Alibaba Cloud chain of environment
// variables, OIDC, the CLI's profile, the profile file, ECS metadata and the
// credentials URI. For the CLI's profile the rules of [WithProfile] hold.
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
// and again after the service refused its key. Pass the option to [New] or
// [Client.With]: passed to a call, it reads the profile for that call alone.
//
// Profiles of mode External are refused, because they run a program. A profile of mode
// OAuth works until its saved key expires; then log in with the CLI again. The
// file is never written.
func WithProfile(name string) Option {
	return func(c *config) error {
		if name == "" {
			return &OptionError{Option: "WithProfile", Reason: "the name must not be empty"}
		}
		c.credentials = namedProfile(surroundings, name)
		return nil
	}
}

// WithSignature sets the signature of requests. Default: [SignatureACS3]. It has
// no effect on [Client.SignedURL].
func WithSignature(v Signature) Option {
	return func(c *config) error {
		if v != SignatureACS3 && v != SignatureRPC {
			return &OptionError{Option: "WithSignature", Value: v.String(), Reason: "must be SignatureACS3 or SignatureRPC"}
		}
		c.signature = v
		return nil
	}
}

// WithHTTPClient sends requests with a copy of hc. The copy shares the transport,
// which is [http.DefaultTransport] if hc has none, and never modifies it.
// hc.Timeout bounds each attempt. CheckRedirect and Jar are not used: the client
// never follows redirects, and the service sets no cookies.
//
// Default: a transport of the client's own, with TLS 1.2 or newer, HTTP/2 where
// the service offers it, proxies from the environment, and at most 64
// connections, as many as the largest prefetch needs. Further calls wait for a
// free connection.
//
// A transport must return when the request's ctx ends, as *http.Transport does. The
// call waits for it.
//
// The default transport checks HTTP/2 connections with pings and replaces one
// that has gone silent. A caller's http.Transport does so if its HTTP2 field has
// a SendPingTimeout and a PingTimeout, both well below AttemptTimeout. Otherwise
// all attempts of a call can be lost on one silent connection.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) error {
		if hc == nil {
			return &OptionError{Option: "WithHTTPClient", Reason: "the client must not be nil"}
		}
		copied := *hc
		if transport, ok := hc.Transport.(*http.Transport); ok && transport == nil {
			return &OptionError{Option: "WithHTTPClient", Reason: "the transport is a nil *http.Transport: leave it unset"}
		}
		if copied.Transport == nil {
			copied.Transport = http.DefaultTransport
		}
		c.httpClient = &copied
		return nil
	}
}

// WithApplication appends name/version to the User-Agent header. Version may be
// empty. Several applications are appended in the order given.
func WithApplication(name, version string) Option {
	return func(c *config) error {
		for _, s := range []string{name, version} {
			if i := strings.IndexFunc(s, notInToken); i >= 0 {
				return &OptionError{
					Option: "WithApplication", Value: s,
					Reason: "may contain ASCII letters, digits and !#$%&'*+-.^_`|~ only",
				}
			}
		}
		if name == "" {
			return &OptionError{Option: "WithApplication", Reason: "the name must not be empty"}
		}
		c.userAgent += " " + name // name must not change: an option can be applied several times
		if version != "" {
			c.userAgent += "/" + version
		}
		return nil
	}
}

// notInToken reports whether RFC 9110 forbids the character in a product name.
func notInToken(r rune) bool {
	return !isLetterOrDigit(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// WithRetry sets how the client retries failed attempts. Default: the zero
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

// WithRateLimit waits for l before every attempt, including retries. It waits
// again after a delay of more than a second that the service requested in the
// meantime. Only the ctx of the call limits these waits. If l returns an error,
// the call returns an error that wraps it. Default: no limit.
func WithRateLimit(l Limiter) Option {
	return func(c *config) error {
		if l == nil {
			return &OptionError{Option: "WithRateLimit", Reason: "the limiter must not be nil"}
		}
		c.limiter = l
		return nil
	}
}

// WithPacing sets whether the client spaces its attempts while the service
// throttles. Default: true.
//
// Pacing begins when the service refuses a request because there were too many.
// From then on the attempts of all calls leave one after another, in the order
// in which they came, at the rate that the service has shown to allow. A delay
// requested by the service holds back all of them. Pacing ends when the service
// has not throttled for a minute.
//
// A client and the clients derived from it pace their attempts together,
// separately for each endpoint and access key or bearer token. With pacing off,
// each throttled attempt waits on its own, as described in [RetryPolicy].
func WithPacing(on bool) Option {
	return func(c *config) error { c.pacing = on; return nil }
}

// WithLogger logs failed attempts at Info and successful attempts at Debug, with
// reason, attempt number, host, status, request id, waits, duration, and why no
// further attempt follows. It never logs URLs, headers, parameters or
// credentials. Default: no log.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return &OptionError{Option: "WithLogger", Reason: "the logger must not be nil"}
		}
		c.logger = l
		return nil
	}
}

// WithObserver calls f after every attempt with the call's context, on the
// goroutine of the call. With prefetch, calls run on several goroutines, so f
// must be safe for concurrent use. Several observers are called in the order
// given. Default: none.
func WithObserver(f func(context.Context, Attempt)) Option {
	return func(c *config) error {
		if f == nil {
			return &OptionError{Option: "WithObserver", Reason: "the function must not be nil"}
		}
		c.observers = append(slices.Clip(c.observers), f)
		return nil
	}
}

// WithPrefetch keeps up to the given number of pages in flight ahead of the
// reader, in [Client.Images], [Client.Pages], [Client.Snapshot] and [Pager]. Pages
// arrive in order, and the first page is always requested alone. From 0 to
// [MaxPrefetch]; default 0, off. It has no effect on single calls.
//
// For a pager over an [ImageLister] other than a [*Client], pass WithPrefetch to
// [NewPager].
func WithPrefetch(pages int) Option {
	return func(c *config) error {
		if pages < 0 || pages > MaxPrefetch {
			return &OptionError{
				Option: "WithPrefetch", Value: strconv.Itoa(pages),
				Reason: fmt.Sprintf("must be from 0 to %d", MaxPrefetch),
			}
		}
		c.prefetch = pages
		return nil
	}
}

// WithMaxResponseBytes bounds the body of a response after decompression. A
// larger body is an error that matches [ErrResponseTooLarge]. At least 1;
// default 32 MiB.
func WithMaxResponseBytes(n int64) Option {
	return func(c *config) error {
		if n < 1 {
			return &OptionError{Option: "WithMaxResponseBytes", Value: strconv.FormatInt(n, 10), Reason: "must be positive"}
		}
		c.maxResponseBytes = n
		return nil
	}
}

// WithRawResponse keeps the decompressed body in ListImageResponse.Raw. Default:
// the body is not kept.
func WithRawResponse() Option {
	return func(c *config) error { c.raw = true; return nil }
}

// WithParam adds or overrides a raw request parameter. The name is a flattened
// wire name, such as "Region" or "FilterList.1.Key". Names that the signature
// uses, such as Action, Version and Signature, are refused. Listings also refuse
// PageNumber and PageSize: use the fields of [ListImageRequest]. With
// [SignatureACS3] the parameter travels in the form, except for Distro and
// TagList.
//
// The value must be UTF-8 without control characters; nothing else is checked.
// [ListImageRequest.String] does not show the parameter.
func WithParam(name, value string) Option {
	return func(c *config) error {
		if name == "" || strings.IndexFunc(name, notInParamName) >= 0 {
			return &OptionError{Option: "WithParam", Value: name, Reason: "a parameter name consists of ASCII letters, digits, '.', '-' and '_'"}
		}
		if isReserved(name) {
			return &OptionError{Option: "WithParam", Value: name, Reason: "the name is reserved for signing"}
		}
		if reason := acs.TextFault(value); reason != "" {
			return &OptionError{Option: "WithParam", Value: name, Reason: "the value " + reason}
		}
		kept := slices.DeleteFunc(slices.Clone(c.extra), func(p acs.Param) bool { return p.Name == name })
		c.extra = append(kept, acs.Param{Name: name, Value: value})
		return nil
	}
}

func notInParamName(r rune) bool { return !isLetterOrDigit(r) && !strings.ContainsRune(".-_", r) }

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
// WithParam added. A parameter of WithParam replaces the one of the same name.
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
