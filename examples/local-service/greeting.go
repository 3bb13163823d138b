package main

import (
	"context"
	"fmt"
	"io"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// greet prints the service's address, the keys it accepts, and a request to try.
// The keys are the same in every double, so they are not secret.
func greet(ctx context.Context, w io.Writer, url string, double *appstreamingtest.Server) error {
	client, err := appstreaming.New(appstreaming.RegionShanghai, appstreaming.WithEndpoint(url), appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")))
	if err != nil {
		return err
	}
	signed, err := client.SignedURL(context.WithoutCancel(ctx), appstreaming.ListImageRequest{PageSize: 2})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, `listening on %s with %d images

It accepts these test keys, which are not valid elsewhere:
  access key    ALIBABA_CLOUD_ACCESS_KEY_ID=%s
                ALIBABA_CLOUD_ACCESS_KEY_SECRET=%s
  STS           ALIBABA_CLOUD_ACCESS_KEY_ID=%s
                ALIBABA_CLOUD_ACCESS_KEY_SECRET=%s
                ALIBABA_CLOUD_SECURITY_TOKEN='%s'
  bearer token  %s

Try it. The URL works once and within 15 minutes, as with the real service:
  curl '%s'

`, url, len(double.Images()),
		appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret,
		appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken,
		appstreamingtest.BearerToken, signed)
	return err
}
