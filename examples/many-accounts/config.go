package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// config names the accounts. It holds no secret: keys are in the environment.
type config struct {
	RequestsPerSecond float64 `json:"requestsPerSecond"` // of all accounts together
	Burst             int     `json:"burst"`
	Accounts          []account
}

type account struct {
	Name string
	// Environment begins the names of the variables that hold the account's
	// key: "PROD" stands for PROD_ACCESS_KEY_ID, PROD_ACCESS_KEY_SECRET and
	// PROD_SECURITY_TOKEN. Empty: the standard chain of credentials.
	Environment string
	Regions     []string
}

// read reads the file at path.
func (c *config) read(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // a misspelt member would go unnoticed
	if err := decoder.Decode(c); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := c.check(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (c *config) check() error {
	if c.RequestsPerSecond <= 0 || c.Burst < 1 {
		return fmt.Errorf("requestsPerSecond must be positive, and burst at least 1")
	}
	if len(c.Accounts) == 0 {
		return fmt.Errorf("there are no accounts")
	}
	seen := map[string]bool{}
	for i, a := range c.Accounts {
		switch {
		case a.Name == "":
			return fmt.Errorf("accounts[%d] has no name", i)
		case seen[a.Name]:
			return fmt.Errorf("account %q is there twice", a.Name)
		case len(a.Regions) == 0:
			return fmt.Errorf("account %q has no regions", a.Name)
		}
		seen[a.Name] = true
	}
	return nil
}

// sources returns a client for every account and region.
func (c *config) sources(getenv func(string) string, shared []appstreaming.Option) ([]source, error) {
	var sources []source
	for _, a := range c.Accounts {
		opts := slices.Clone(shared)
		if a.Environment != "" {
			id, secret := getenv(a.Environment+"_ACCESS_KEY_ID"), getenv(a.Environment+"_ACCESS_KEY_SECRET")
			if id == "" || secret == "" {
				return nil, fmt.Errorf("account %q: set both %[2]s_ACCESS_KEY_ID and %[2]s_ACCESS_KEY_SECRET", a.Name, a.Environment)
			}
			key := appstreaming.StaticCredentials(id, secret, getenv(a.Environment+"_SECURITY_TOKEN"))
			opts = append(opts, appstreaming.WithCredentials(key))
		}
		for _, region := range a.Regions {
			p := new(pace)
			client, err := appstreaming.New(region, append(slices.Clip(opts), appstreaming.WithObserver(p.observe))...)
			if err != nil {
				return nil, fmt.Errorf("account %q: %w", a.Name, err)
			}
			sources = append(sources, source{a.Name, region, client, p})
		}
	}
	return sources, nil
}

// local starts a service for each of three accounts: one works, one is busy at
// first, one answers one page and denies the rest.
func local(limiter appstreaming.Limiter) (sources []source, stop func(), err error) {
	var services []*appstreamingtest.Server
	stop = func() {
		for _, service := range services {
			service.Close()
		}
	}
	busy := appstreamingtest.Fault{Code: appstreaming.CodeThrottlingUser, Header: http.Header{"X-Acs-Retry-After": {"100"}}}
	denying := appstreamingtest.Fault{Page: 2, Code: appstreaming.CodeForbiddenNoPermission}
	for _, a := range []struct {
		name, region string
		images       int
		faults       int
		fault        appstreamingtest.Fault
	}{
		{"production", appstreaming.RegionShanghai, 237, 0, appstreamingtest.Fault{}},
		{"production", appstreaming.RegionSingapore, 120, 5, busy},
		{"sandbox", appstreaming.RegionShanghai, 150, 1, denying},
	} {
		service, err := appstreamingtest.Start(appstreamingtest.SampleImages(a.images)...)
		if err != nil {
			stop()
			return nil, nil, err
		}
		service.Fail(a.faults, a.fault)
		services = append(services, service)
		p := new(pace)
		client := service.Client(appstreaming.WithRateLimit(limiter), appstreaming.WithObserver(p.observe))
		sources = append(sources, source{a.name, a.region, client, p})
	}
	return sources, stop, nil
}
