package appstreaming_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aliyun/credentials-go/credentials"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// Other credentials for one call.
func ExampleWithCredentials() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	client := service.Client()
	ctx := context.Background()
	other := appstreaming.WithCredentials(
		appstreaming.StaticCredentials(appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken))

	for _, opts := range [][]appstreaming.Option{nil, {other}} {
		if _, err := client.ListImage(ctx, appstreaming.ListImageRequest{}, opts...); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, r := range service.Requests() {
		fmt.Println(r.AccessKeyID)
	}
	// Output:
	// appstreamingtest-key
	// STS.appstreamingtest-key
}

// Any credential of aliyun/credentials-go will do: RAM roles, OIDC, ECS metadata
// and more.
func ExampleFromCredential() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	credential, err := credentials.NewCredential(new(credentials.Config).
		SetType("access_key").
		SetAccessKeyId(appstreamingtest.AccessKeyID).
		SetAccessKeySecret(appstreamingtest.AccessKeySecret))
	if err != nil {
		fmt.Println(err)
		return
	}
	client := service.Client(appstreaming.WithCredentials(appstreaming.FromCredential(credential)))

	page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Count, "images")
	// Output: 3 images
}

// Credentials from a source of your own are asked for before every attempt, and
// never printed.
func ExampleCredentialsFunc() {
	service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
	defer service.Close()
	fromVault := appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
		return appstreaming.Credentials{
			AccessKeyID:     appstreamingtest.STSAccessKeyID,
			AccessKeySecret: appstreamingtest.STSAccessKeySecret,
			SecurityToken:   appstreamingtest.SecurityToken,
		}, nil
	})
	client := service.Client(appstreaming.WithCredentials(fromVault))

	page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Count, "images")

	credentials, err := fromVault(context.Background())
	fmt.Println(credentials, err)
	// Output:
	// 3 images
	// Credentials{AccessKeyID:STS.appstreamingtest-key AccessKeySecret:*** SecurityToken:***} <nil>
}

// A fixed access key, here the wrong one.
func ExampleStaticCredentials() {
	service := appstreamingtest.New()
	defer service.Close()
	key := appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, "not-the-secret", "")
	client := service.Client(appstreaming.WithCredentials(key))

	_, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	fmt.Println(errors.Is(err, appstreaming.CodeSignatureDoesNotMatch))
	// Output: true
}

// There are no credentials anywhere.
func ExampleCredentialsError() {
	client, err := appstreaming.New(appstreaming.RegionShanghai,
		appstreaming.WithCredentials(appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
			return appstreaming.Credentials{}, nil
		})))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.ListImage(context.Background(), appstreaming.ListImageRequest{})
	fmt.Println(errors.Is(err, appstreaming.ErrNoCredentials))
	// Output: true
}
