package main

import (
	"context"
	"fmt"
	"io"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// greet prints where the service is, what keys it accepts, and a request to try.
// The keys are those every double has: they are no secrets.
func greet(ctx context.Context, w io.Writer, url string, double *appstreamingtest.Server) error {
	client, err := appstreaming.New(appstreaming.RegionShanghai, appstreaming.WithEndpoint(url), appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")))
	if err != nil {
		return err
	}
	signed, err := client.SignedURL(ctx, appstreaming.ListImageRequest{PageSize: 2})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, `listening on %s with %d images

It accepts these made-up keys, good for nothing elsewhere:
  access key    ALIBABA_CLOUD_ACCESS_KEY_ID=%s
                ALIBABA_CLOUD_ACCESS_KEY_SECRET=%s
  STS           ALIBABA_CLOUD_ACCESS_KEY_ID=%s
                ALIBABA_CLOUD_ACCESS_KEY_SECRET=%s
                ALIBABA_CLOUD_SECURITY_TOKEN='%s'
  bearer token  %s

Try it, once and within 15 minutes, as the service has it:
  curl '%s'

`, url, len(double.Images()),
		appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret,
		appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken,
		appstreamingtest.BearerToken, signed)
	return err
}
