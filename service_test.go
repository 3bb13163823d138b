package appstreaming_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

var signatures = []appstreaming.Signature{appstreaming.SignatureACS3, appstreaming.SignatureRPC}

func imageIDs(images []appstreaming.Image) []string {
	ids := make([]string, len(images))
	for i := range images {
		ids[i] = images[i].ImageID
	}
	return ids
}

func TestAListingOverRealSocketsYieldsEveryImageOnceAsTheServiceHasIt(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 99, 100, 101, 237, 1000} {
		want := appstreamingtest.SampleImages(count)
		for _, size := range []int{7, 100} {
			for _, prefetch := range []int{0, 8} {
				for _, signature := range signatures {
					t.Run(fmt.Sprintf("%d images by %d, prefetch %d, %v", count, size, prefetch, signature), func(t *testing.T) {
						t.Parallel()
						service := appstreamingtest.NewServer(t, want...)
						client := service.Client(appstreaming.WithSignature(signature), appstreaming.WithPrefetch(prefetch))
						got, err := appstreaming.Collect(client.Images(t.Context(), appstreaming.ListImageRequest{PageSize: size}))
						if err != nil {
							t.Fatal(err)
						}
						if !slices.Equal(imageIDs(want), imageIDs(got)) {
							t.Fatalf("%d images of %d, or in another order", len(got), len(want))
						}
						if 0 < count && count <= 101 { // the larger ones would take long to compare
							if diff := cmp.Diff(want, got); diff != "" {
								t.Errorf("images (-want +got):\n%s", diff)
							}
						}
						if pages := max(1, (count+size-1)/size); service.RequestCount() != pages {
							t.Errorf("%d requests, want %d", service.RequestCount(), pages)
						}
					})
				}
			}
		}
	}
}

func TestEveryParameterReachesTheServiceUnderItsWireName(t *testing.T) {
	t.Parallel()
	req := appstreaming.ListImageRequest{
		ImageID: "imgc-1", ImageName: "设计 云&=+%", Status: appstreaming.ImageStatusAvailable, ImageType: appstreaming.ImageTypeUser,
		PackageType: appstreaming.PackageTypeECS, OSType: appstreaming.OSTypeWindows, ProtocolType: appstreaming.ProtocolTypeASP,
		Language: appstreaming.LanguageZhCN, PlatformName: appstreaming.PlatformNameWindowsServer2022, Distro: "Ubuntu 22.04 64位",
		FOTAVersion: "2.3.0", ResourceInstanceType: "eds.enterprise_office.2c4g", BizType: appstreaming.Ptr(int32(1)), BizTypes: []int32{1, 1},
		ProductType: appstreaming.ProductTypeCloudApp, ProductTypes: appstreaming.ProductType("").Values(),
		PlatformNames: []appstreaming.PlatformName{appstreaming.PlatformNameUbuntu, appstreaming.PlatformNameWindows11},
		Features:      []appstreaming.Feature{appstreaming.FeatureGPU, appstreaming.FeatureBuilder}, BizRegionIDs: []string{"cn-shanghai"},
		Tags: []appstreaming.Tag{{Key: "env", Value: "test"}, {Key: "团队"}}, PageNumber: 2, PageSize: 50,
	}
	want := map[string]string{
		"ImageId": "imgc-1", "ImageName": "设计 云&=+%", "Status": "AVAILABLE", "ImageType": "User", "PackageType": "Ecs", "OsType": "Windows",
		"ProtocolType": "ASP", "LanguageType": "zh-CN", "PlatformName": "Windows Server 2022", "Distro": "Ubuntu 22.04 64位", "FotaVersion": "2.3.0",
		"ResourceInstanceType": "eds.enterprise_office.2c4g", "BizType": "1", "BizTypeList.1": "1", "BizTypeList.2": "1", "ProductType": "CloudApp",
		"ProductTypeList.1": "CloudDesktop", "ProductTypeList.2": "CloudApp", "ProductTypeList.3": "WuyingServer", "PlatformNameList.1": "Ubuntu",
		"PlatformNameList.2": "Windows 11", "FeatureList.1": "GPU", "FeatureList.2": "Builder", "BizRegionIdList.1": "cn-shanghai",
		"TagList.1.Key": "env", "TagList.1.Value": "test", "TagList.2.Key": "团队", "PageNumber": "2", "PageSize": "50", "Zone": "z",
	}
	for _, signature := range signatures {
		t.Run(signature.String(), func(t *testing.T) {
			t.Parallel()
			service := appstreamingtest.NewServer(t)
			if _, err := service.Client().ListImage(t.Context(), req, appstreaming.WithSignature(signature), appstreaming.WithParam("Zone", "z")); err != nil {
				t.Fatal(err)
			}
			got := service.Requests()[0]
			if diff := cmp.Diff(want, got.Params); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
			wantMethod, wantInQuery := "POST", []string{"Distro", "TagList.1.Key", "TagList.1.Value", "TagList.2.Key"}
			if signature == appstreaming.SignatureRPC {
				wantMethod, wantInQuery = "GET", nil
				for name := range want {
					wantInQuery = append(wantInQuery, name)
				}
				slices.Sort(wantInQuery)
			}
			if diff := cmp.Diff(wantInQuery, got.InQuery); diff != "" || got.Method != wantMethod || got.Scheme != signature.String() {
				t.Errorf("%s signed %s, want %s signed %v; in the query (-want +got):\n%s", got.Method, got.Scheme, wantMethod, signature, diff)
			}
		})
	}
}

func TestALongRPCRequestTravelsAsAForm(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	var tags []appstreaming.Tag
	for i := range 100 {
		tags = append(tags, appstreaming.Tag{Key: fmt.Sprintf("key-%d", i), Value: strings.Repeat("值", 20)})
	}
	_, err := service.Client(appstreaming.WithSignature(appstreaming.SignatureRPC)).ListImage(t.Context(), appstreaming.ListImageRequest{Tags: tags})
	if err != nil {
		t.Fatal(err)
	}
	if got := service.Requests()[0]; got.Method != "POST" || len(got.InQuery) != 0 || len(got.Params) != 200 {
		t.Errorf("%s with %d parameters, %d of them in the query; want POST, 200 and 0", got.Method, len(got.Params), len(got.InQuery))
	}
}

func TestEveryKindOfCredentialsIsAccepted(t *testing.T) {
	t.Parallel()
	for name, provider := range map[string]appstreaming.CredentialsProvider{
		"access key": appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, ""),
		"STS":        appstreaming.StaticCredentials(appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken),
		"bearer token": appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
			return appstreaming.Credentials{BearerToken: appstreamingtest.BearerToken}, nil
		}),
	} {
		for _, signature := range signatures {
			t.Run(fmt.Sprintf("%s, %v", name, signature), func(t *testing.T) {
				t.Parallel()
				service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
				page, err := service.Client(appstreaming.WithCredentials(provider)).ListImage(t.Context(), appstreaming.ListImageRequest{Distro: "", Tags: nil}, appstreaming.WithSignature(signature))
				if err != nil || len(page.Images) != 3 {
					t.Errorf("got %v, %v", page, err)
				}
			})
		}
	}
}

// The default chain reads the process's environment, so this cannot run beside
// other tests.
func TestSixtyFourGoroutinesShareOneClient(t *testing.T) {
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(30)...)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", appstreamingtest.AccessKeyID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", appstreamingtest.AccessKeySecret)
	client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(service.URL()), appstreaming.WithPlainHTTP())
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	const calls = 20
	var callers sync.WaitGroup
	for n := range 64 {
		callers.Go(func() {
			for range calls {
				page, err := client.ListImage(context.Background(), appstreaming.ListImageRequest{PageSize: 10}, appstreaming.WithSignature(signatures[n%2]))
				if err != nil || len(page.Images) != 10 {
					t.Errorf("got %v, %v", page, err)
					return
				}
			}
		})
	}
	callers.Wait()
	// At most 64 are open at once. On a slow machine one may idle out and be
	// replaced, which is reuse all the same.
	if accepted, open := service.Connections(); open > 64 || accepted > 2*64 || service.RequestCount() != 64*calls {
		t.Errorf("%d connections, %d of them open, for %d requests; want at most 64 open, for %d", accepted, open, service.RequestCount(), 64*calls)
	}
}

func TestConnectionsAreReusedAfterErrorsToo(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	client := service.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: 1}))
	service.Fail(3, appstreamingtest.Fault{Code: appstreaming.CodeInternalError})
	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeInvalidBizType})
	for range 3 {
		if page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); err == nil {
			t.Logf("page after %d attempts", page.Attempts)
		}
	}
	if accepted, _ := service.Connections(); accepted != 1 || service.RequestCount() != 6 {
		t.Errorf("%d connections for %d requests, want 1 for 6", accepted, service.RequestCount())
	}
}

func TestASignedURLIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	signed, err := service.Client().SignedURL(t.Context(), appstreaming.ListImageRequest{ImageName: "镜像", Tags: []appstreaming.Tag{{Key: "a b"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{200, 400} {
		resp, err := service.HTTPClient().Get(signed)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("HTTP %d, want %d", resp.StatusCode, want)
		}
	}
}
