package appstreaming

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
)

// Version is the version of this package. The User-Agent header contains it.
const Version = "0.1.0"

const defaultUserAgent = "wuying-go-appstreaming/" + Version + " (" + runtime.GOOS + "; " + runtime.GOARCH + ")"

// Client talks to ListImage. It is safe for concurrent use and does not change
// after [New], but for what it learns of the service's clock and its retry
// budget. Make one and keep it: it owns a connection pool. The zero Client
// answers every call with [ErrUninitialized].
type Client struct {
	cfg    config
	shared *shared
}

// shared is what a client has in common with those derived from it.
type shared struct {
	clock  clock
	budget budget
	owned  *http.Transport // made by New; nil when the caller gave a client
}

// New returns a client for a region's endpoint, such as "cn-shanghai" or
// "ap-southeast-1", the two that are documented. An empty region takes the
// environment variable ALIBABA_CLOUD_REGION_ID. Images are kept centrally, so
// that the region is not the images'.
//
// It makes no request and reads no credentials. A region or an option that
// cannot be used is an [*OptionError].
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
		common.owned = newTransport()
		cfg.httpClient = &http.Client{Transport: common.owned}
	}
	return &Client{cfg: cfg, shared: common}, nil
}

// With returns a client with further options, which keeps this one's
// connection pool, clock correction and retry budget.
func (c *Client) With(opts ...Option) (*Client, error) {
	cfg, err := c.callConfig(opts)
	if err != nil {
		return nil, err
	}
	return &Client{cfg: *cfg, shared: c.shared}, nil
}

// callConfig is the client's configuration with a call's options.
func (c *Client) callConfig(opts []Option) (*config, error) {
	if c == nil || c.shared == nil {
		return nil, fmt.Errorf("appstreaming: %w", ErrUninitialized)
	}
	if len(opts) == 0 {
		return &c.cfg, nil
	}
	cfg, err := c.cfg.with(opts)
	if err != nil {
		return nil, err
	}
	return &cfg, nil
}

// CloseIdleConnections closes the connections no call is using. The client
// stays usable. The pool of a client given by [WithHTTPClient] is not touched.
func (c *Client) CloseIdleConnections() {
	if c != nil && c.shared != nil && c.shared.owned != nil {
		c.shared.owned.CloseIdleConnections()
	}
}

// String names the endpoint. A client prints nothing else of its
// configuration, whatever the verb.
func (c *Client) String() string {
	if c == nil || c.shared == nil {
		return "appstreaming.Client(uninitialized)"
	}
	return "appstreaming.Client(" + c.cfg.endpoint.String() + ")"
}

// Format writes String's text whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }
