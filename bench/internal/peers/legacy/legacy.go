// Package legacy lists with the vendor's older SDK, alibaba-cloud-sdk-go: a
// CommonRequest with the RPC signature, and encoding/json for the body, which
// that SDK hands out as text.
package legacy

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	"github.com/wuying-go/appstreaming/bench/internal/peers"
	"github.com/wuying-go/appstreaming/bench/internal/peers/plain"
)

// New returns the client.
func New(endpoint string) (peers.Peer, error) {
	client, err := sdk.NewClientWithOptions(peers.Region, sdk.NewConfig(),
		credentials.NewAccessKeyCredential(peers.AccessKeyID, peers.AccessKeySecret))
	if err != nil {
		return peers.Peer{}, fmt.Errorf("alibaba-cloud-sdk-go: %w", err)
	}
	host := strings.TrimPrefix(endpoint, "http://")
	return peers.Peer{
		Name: "alibaba-cloud-sdk-go + encoding/json",
		List: func(context.Context) (peers.Page, error) { // this SDK takes no context
			response, err := client.ProcessCommonRequest(newRequest(host, peers.Typical()))
			if err != nil {
				return peers.Page{}, fmt.Errorf("alibaba-cloud-sdk-go: %w", err)
			}
			return plain.Decode(response.GetHttpContentBytes())
		},
	}, nil
}

func newRequest(host string, q peers.Query) *requests.CommonRequest {
	req := requests.NewCommonRequest()
	req.Method = requests.POST
	req.Scheme = requests.HTTP
	req.Domain = host
	req.Version = peers.Version
	req.ApiName = peers.Action
	req.QueryParams["Distro"] = q.Distro
	req.QueryParams["TagList.1.Key"] = q.TagKey
	req.QueryParams["TagList.1.Value"] = q.TagValue
	req.FormParams["Status"] = q.Status
	req.FormParams["ImageType"] = q.ImageType
	req.FormParams["OsType"] = q.OSType
	req.FormParams["ProductType"] = q.ProductType
	req.FormParams["LanguageType"] = q.Language
	for i, feature := range q.Features {
		req.FormParams["FeatureList."+strconv.Itoa(i+1)] = feature
	}
	for i, region := range q.Regions {
		req.FormParams["BizRegionIdList."+strconv.Itoa(i+1)] = region
	}
	req.FormParams["PageNumber"] = strconv.Itoa(q.PageNumber)
	req.FormParams["PageSize"] = strconv.Itoa(q.PageSize)
	return req
}
