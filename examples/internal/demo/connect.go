// Package demo is what the example programs have in common: a client of the
// real service or of one built in, exit codes, hints, and a look at terminals.
package demo

import (
	"fmt"
	"io"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// Exit codes of the example programs.
const (
	ExitOK     = 0
	ExitFailed = 1 // a call failed, or the program was interrupted
	ExitUsage  = 2 // flags that cannot be used
)

// HasCredentials reports whether the environment names credentials.
func HasCredentials(getenv func(string) string) bool {
	for _, name := range []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_ECS_METADATA",
	} {
		if getenv(name) != "" {
			return true
		}
	}
	return false
}

// Local starts a service in this process, says so on stderr, and returns a
// client of it and the service, to be closed when done.
func Local(stderr io.Writer, images []appstreaming.Image, opts ...appstreaming.Option) (client *appstreaming.Client, service *appstreamingtest.Server, err error) {
	service, err = appstreamingtest.Start(images...)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(stderr, "No credentials in the environment: using a built-in service with %d sample images at %s\n", len(images), service.URL())
	opts = append([]appstreaming.Option{
		appstreaming.WithEndpoint(service.URL()),
		appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")),
	}, opts...)
	client, err = appstreaming.New(appstreaming.RegionShanghai, opts...)
	if err != nil {
		service.Close()
		return nil, nil, err
	}
	return client, service, nil
}

// Connect returns a client of the region's service when the environment has
// credentials or live is set, and otherwise one of a built-in service with
// images. Call stop when done.
func Connect(getenv func(string) string, stderr io.Writer, region string, live bool, images []appstreaming.Image, opts ...appstreaming.Option) (client *appstreaming.Client, stop func(), err error) {
	if !live && !HasCredentials(getenv) {
		if region != "" { // a wrong one is wrong although nothing depends on it yet
			if _, err := appstreaming.New(region); err != nil {
				return nil, nil, err
			}
		}
		client, service, err := Local(stderr, images, opts...)
		if err != nil {
			return nil, nil, err
		}
		return client, func() { client.CloseIdleConnections(); service.Close() }, nil
	}
	client, err = appstreaming.New(Region(getenv, region), opts...)
	if err != nil {
		return nil, nil, err
	}
	return client, client.CloseIdleConnections, nil
}

// Region is the region given, else the environment's, else cn-shanghai.
func Region(getenv func(string) string, region string) string {
	if region == "" {
		region = getenv("ALIBABA_CLOUD_REGION_ID")
	}
	if region == "" {
		region = appstreaming.RegionShanghai
	}
	return region
}
