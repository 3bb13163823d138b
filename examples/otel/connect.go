package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// connect gives a client of the real service when the environment has
// credentials, and otherwise of one in this process, which fails now and then so
// that there are retries to see.
func connect(getenv func(string) string, region string, images int, stderr io.Writer) (client *appstreaming.Client, stop func(), err error) {
	if demo.HasCredentials(getenv) {
		client, err = appstreaming.New(region)
		return client, func() {}, err
	}
	double, err := appstreamingtest.Start(appstreamingtest.SampleImages(images)...)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(stderr, "no credentials in the environment: a built-in service with %d sample images\n", images)
	double.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeThrottlingUser, Header: http.Header{"X-Acs-Retry-After": {"20"}}})
	double.Fail(1, appstreamingtest.Fault{Page: 2, Code: appstreaming.CodeServiceUnavailable})
	double.Fail(1, appstreamingtest.Fault{Page: 3, Break: appstreamingtest.BreakReset})
	return double.Client(), double.Close, nil
}
