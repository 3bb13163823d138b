package appstreaming

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	"github.com/wuying-go/appstreaming/internal/pacer"
	"github.com/wuying-go/appstreaming/internal/retry"
)

// Version is the version of this package. The User-Agent header contains it.
const Version = "0.1.0"

const defaultUserAgent = "wuying-go-appstreaming/" + Version + " (" + runtime.GOOS + "; " + runtime.GOARCH + ")"

// Client calls ListImage. It is safe for concurrent use. It is immutable after
// [New], except for clock correction, the retry budget and the state of pacing.
// Create one and keep it, because it owns a connection pool. Every method of a
// zero Client that can fail returns [ErrUninitialized].
type Client struct{ *state }

// state is the content of a client. Its fields are pointers, to keep secrets out
// of the output of package fmt. For a Client in an unexported field, fmt follows
// the pointer to state but not the pointers inside, and prints two addresses.
type state struct {
	cfg    *config
	shared *shared
}

// shared is the state that a client shares with the clients derived from it.
type shared struct {
	clock  retry.Clock
	budget retry.Budget
	gate   pacer.Gate
	owned  *http.Transport // created by New; nil when the caller gave an http.Client
}

// New returns a client for a region's endpoint. The documented regions are
// "cn-shanghai" and "ap-southeast-1". An empty region takes the value of the
// environment variable ALIBABA_CLOUD_REGION_ID. The region selects the
// endpoint. It does not filter images: Alibaba Cloud stores them centrally.
//
// New makes no request and reads no credentials. It returns an [*OptionError]
// for an invalid region or option.
func New(region string, opts ...Option) (*Client, error) {
	if region == "" {
		region = os.Getenv("ALIBABA_CLOUD_REGION_ID")
	}
	cfg := defaultConfig()
	cfg.region = region
	cfg.credentials = defaultChain()
	cfg, err := cfg.with(opts)
	if err != nil {
		return nil, err
	}
	common := new(shared)
	if cfg.httpClient == nil {
		common.owned = newTransport(cfg.retry.attemptTimeout())
		cfg.httpClient = &http.Client{Transport: common.owned}
	}
	return &Client{&state{cfg: &cfg, shared: common}}, nil
}

// newTransport returns the transport of a client without WithHTTPClient.
func newTransport(attemptTimeout time.Duration) *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{
			Timeout:   5 * time.Second,
			KeepAlive: 30 * time.Second,
		}).DialContext,
		ForceAttemptHTTP2:   true,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		// Every connection is kept for the next page. The limit keeps a burst of
		// calls from dialing one connection each while others become free.
		MaxIdleConnsPerHost: MaxPrefetch,
		MaxConnsPerHost:     MaxPrefetch,
		// Alibaba Cloud's gateways drop idle connections after about ten seconds,
		// and a request sent at that moment fails.
		IdleConnTimeout:        8 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		DisableCompression:     true, // the package decompresses, within its limits
		HTTP2:                  healthChecks(attemptTimeout),
	}
}

// healthChecks makes HTTP/2 notice a connection that has gone silent. Without
// them net/http keeps sending every attempt on that connection. Both timeouts
// together take at most half an attempt.
func healthChecks(attemptTimeout time.Duration) *http.HTTP2Config {
	timeout := max(min(5*time.Second, attemptTimeout/4), time.Millisecond) // 0 means no checks
	return &http.HTTP2Config{SendPingTimeout: timeout, PingTimeout: timeout}
}

// With returns a client with further options. It shares this client's connection
// pool, clock correction, retry budget and pacing. It returns an [*OptionError]
// for an invalid option.
func (c *Client) With(opts ...Option) (*Client, error) {
	cfg, err := c.callConfig(opts)
	if err != nil {
		return nil, err
	}
	return &Client{&state{cfg: cfg, shared: c.shared}}, nil
}

// callConfig returns the client's configuration with a call's options.
func (c *Client) callConfig(opts []Option) (*config, error) {
	if c == nil || c.state == nil {
		return nil, fmt.Errorf("appstreaming: %w", ErrUninitialized)
	}
	if len(opts) == 0 {
		return c.cfg, nil
	}
	cfg, err := c.cfg.with(opts)
	if err != nil {
		return nil, err
	}
	return &cfg, nil
}

// CloseIdleConnections closes the connections that no call is using. The client
// stays usable. It does nothing for a client created with [WithHTTPClient].
func (c *Client) CloseIdleConnections() {
	if c != nil && c.state != nil && c.shared.owned != nil {
		c.shared.owned.CloseIdleConnections()
	}
}

// String returns the client's endpoint. Nothing else of the configuration is
// ever printed.
func (c *Client) String() string {
	if c == nil || c.state == nil {
		return "appstreaming.Client(uninitialized)"
	}
	return "appstreaming.Client(" + c.cfg.endpoint.String() + ")"
}

// Format writes the text of String for every verb. Its receiver is a value so
// that it applies to a Client and to a *Client.
func (c Client) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }
