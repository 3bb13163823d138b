package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// SampleNotice is the text of every program that shows sample data.
const SampleNotice = "No credentials found: this is sample data from a built-in service. " +
	"To reach the real service, log in with the aliyun CLI or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET."

// Session is the connection of a running program.
type Session struct {
	Env
	// Client reaches the service. To set more options, use its With.
	Client *appstreaming.Client
	// Options are the options of Client, for programs that make more clients.
	Options []appstreaming.Option
	// Region is the region of the endpoint.
	Region string
	// Service is the built-in service, nil when the real one is used.
	Service *appstreamingtest.Server
	// Verbose reports whether attempts are logged on Stderr.
	Verbose bool
	// Signature is how Client signs.
	Signature appstreaming.Signature
	// Profile is the value of -profile.
	Profile string
}

// Source names where the images come from.
func (s *Session) Source() string {
	if s.Service != nil {
		return "built-in service"
	}
	return s.Region
}

func (s *Session) close() {
	s.Client.CloseIdleConnections()
	if s.Service != nil {
		s.Service.Close()
	}
}

// connection is the flags about the connection.
type connection struct {
	live      *bool // nil: decided by whether there are credentials
	endpoint  string
	region    string
	profile   string
	signature string
	timeout   time.Duration
	verbose   bool
}

func (c *connection) flags(f *Flags) {
	f.Group("Connection")
	f.value("live", "use the real service even when no credentials are found; -live=false uses sample data",
		boolean(func(on bool) { c.live = &on }))
	f.Text("endpoint", &c.endpoint, "`URL` to use instead of the region's endpoint; http on loopback only; implies -live")
	f.Text("region", &c.region, "`region` of the endpoint (default ALIBABA_CLOUD_REGION_ID, else cn-shanghai)")
	f.Text("profile", &c.profile, "`name` of a profile of the aliyun CLI to take credentials from; implies -live")
	c.signature = "acs3"
	f.OneOf("signature", &c.signature, "signature `scheme`: acs3 or rpc (default acs3)", "acs3", "rpc")
	limit := "no limit"
	if c.timeout > 0 {
		limit = shortDuration(c.timeout)
	}
	f.Duration("timeout", &c.timeout, "longest `duration` of the whole run, such as 30s; 0: no limit (default "+limit+")")
	f.Toggle("v", &c.verbose, "log every attempt on standard error")
}

// shortDuration writes a duration without seconds and minutes that are 0: 30m
// instead of 30m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []struct{ after, unit string }{{"m", "0s"}, {"h", "0m"}} {
		if strings.HasSuffix(text, zero.after+zero.unit) {
			text = strings.TrimSuffix(text, zero.unit)
		}
	}
	return text
}

func (c *connection) check() error {
	if c.live != nil && !*c.live {
		switch {
		case c.endpoint != "":
			return errors.New("-live=false and -endpoint exclude each other")
		case c.profile != "":
			return errors.New("-live=false and -profile exclude each other")
		}
	}
	u, err := url.Parse(c.endpoint)
	if err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return fmt.Errorf("-endpoint: %s: http is for loopback only; use https", u.Host)
	}
	return nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// options returns the client's options, as the flags say.
func (c *connection) options(program string, env Env) []appstreaming.Option {
	opts := []appstreaming.Option{appstreaming.WithApplication(program, "")}
	if env.Credentials != nil {
		opts = append(opts, appstreaming.WithCredentials(env.Credentials))
	}
	if c.profile != "" {
		opts = append(opts, appstreaming.WithProfile(c.profile))
	}
	if c.signature == "rpc" {
		opts = append(opts, appstreaming.WithSignature(appstreaming.SignatureRPC))
	}
	if c.endpoint != "" {
		if strings.HasPrefix(strings.ToLower(c.endpoint), "http:") {
			opts = append(opts, appstreaming.WithPlainHTTP())
		}
		opts = append(opts, appstreaming.WithEndpoint(c.endpoint))
	}
	if c.verbose {
		handler := slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})
		opts = append(opts, appstreaming.WithLogger(slog.New(handler)))
	}
	return opts
}

// connect returns a session with the real service, or with a built-in one when
// no source has credentials.
func (c *connection) connect(ctx context.Context, p *Program, env Env) (*Session, error) {
	region := c.region
	if region == "" {
		region = env.Getenv("ALIBABA_CLOUD_REGION_ID")
	}
	if region == "" {
		region = appstreaming.RegionShanghai
	}
	s := &Session{Env: env, Region: region, Options: c.options(p.Name, env), Verbose: c.verbose, Profile: c.profile}
	if c.signature == "rpc" {
		s.Signature = appstreaming.SignatureRPC
	}
	var err error
	if s.Client, err = appstreaming.New(region, s.Options...); err != nil {
		return nil, err
	}
	live := c.endpoint != "" || c.profile != ""
	switch {
	case c.live != nil:
		live = live || *c.live
	case !live:
		live, err = hasCredentials(ctx, s.Client, env.Getenv)
	}
	if live || err != nil {
		return s, err
	}

	var images []appstreaming.Image
	if p.Samples != nil {
		images = p.Samples()
	}
	if s.Service, err = appstreamingtest.Start(images...); err != nil {
		return nil, err
	}
	if c.live == nil {
		fmt.Fprintln(env.Stderr, SampleNotice)
	} else {
		fmt.Fprintln(env.Stderr, "Sample data from a built-in service, as -live=false asks.")
	}
	s.Options = append(s.Options,
		appstreaming.WithEndpoint(s.Service.URL()),
		appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")))
	if s.Client, err = appstreaming.New(region, s.Options...); err != nil {
		s.Service.Close()
		return nil, err
	}
	return s, nil
}

// named puts the flag's name where the library's error has the option's.
func (c *connection) named(err *appstreaming.OptionError) error {
	name := "-" + strings.ToLower(strings.TrimPrefix(err.Option, "With"))
	switch {
	case err.Option == "New" && c.region == "":
		name = "ALIBABA_CLOUD_REGION_ID"
	case err.Option == "New":
		name = "-region"
	}
	return fmt.Errorf("%s: %q: %s", name, err.Value, err.Reason)
}

// hasCredentials reports whether any source of the standard chain has
// credentials. Sources that are set up but broken count: the first call then
// reports what is wrong with them, and nobody takes sample data for their own.
func hasCredentials(ctx context.Context, client *appstreaming.Client, getenv func(string) string) (bool, error) {
	// Where nothing else is set up, the chain asks the metadata service, which
	// often does not answer at all. Signing asks for credentials and sends nothing
	// to the service.
	patience, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := client.SignedURL(patience, appstreaming.ListImageRequest{})
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case patience.Err() != nil && err != nil: // nothing known yet
		return isConfigured(getenv), nil
	case errors.Is(err, appstreaming.ErrCredentialsSource):
		return true, nil
	}
	return !errors.Is(err, appstreaming.ErrNoCredentials), nil
}
