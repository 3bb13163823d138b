package appstreamingtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestTheClientListsEverythingWithEverySignature(t *testing.T) {
	t.Parallel()
	images := appstreamingtest.SampleImages(237)
	for name, opts := range map[string][]appstreaming.Option{
		"ACS3":       nil,
		"RPC":        {appstreaming.WithSignature(appstreaming.SignatureRPC)},
		"ACS3 STS":   {withSTS()},
		"RPC STS":    {withSTS(), appstreaming.WithSignature(appstreaming.SignatureRPC)},
		"bearer":     {withBearer()},
		"RPC bearer": {withBearer(), appstreaming.WithSignature(appstreaming.SignatureRPC)},
		"prefetch":   {appstreaming.WithPrefetch(8)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := appstreamingtest.NewServer(t, images...)
			got, err := appstreaming.Collect(s.Client(opts...).Images(t.Context(), appstreaming.ListImageRequest{}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(images, got); diff != "" {
				t.Errorf("(-want +got):\n%.2000s", diff)
			}
		})
	}
}

func withSTS() appstreaming.Option {
	return appstreaming.WithCredentials(appstreaming.StaticCredentials(
		appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken))
}

func withBearer() appstreaming.Option {
	return appstreaming.WithCredentials(appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
		return appstreaming.Credentials{BearerToken: appstreamingtest.BearerToken}, nil
	}))
}

func TestAnOptionThatCannotBeUsedFailsEveryCall(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.New()
	t.Cleanup(s.Close)
	_, err := s.Client(appstreaming.WithPrefetch(-1)).ListImage(t.Context(), appstreaming.ListImageRequest{})
	var optionError *appstreaming.OptionError
	if !errors.As(err, &optionError) || optionError.Option != "WithPrefetch" {
		t.Errorf("error %v", err)
	}
	if n := s.RequestCount(); n != 0 {
		t.Errorf("%d requests", n)
	}
}
