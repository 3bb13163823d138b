// Package vendorcore lists the way the vendor's generated SDK does: parameters
// into maps, the vendor's core for signing, sending and decoding into a map of
// interfaces, and its conversion from there into a model of pointers.
package vendorcore

import (
	"context"
	"fmt"
	"strings"

	core "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/wuying-go/appstreaming/bench/internal/peers"
)

// New returns the client.
func New(endpoint string) (peers.Peer, error) {
	client, err := core.NewClient(&openapi.Config{
		AccessKeyId:     dara.String(peers.AccessKeyID),
		AccessKeySecret: dara.String(peers.AccessKeySecret),
		RegionId:        dara.String(peers.Region),
		Protocol:        dara.String("HTTP"),
		Endpoint:        dara.String(strings.TrimPrefix(endpoint, "http://")),
	})
	if err != nil {
		return peers.Peer{}, fmt.Errorf("vendor's core: %w", err)
	}
	return peers.Peer{
		Name: "vendor's core",
		List: func(context.Context) (peers.Page, error) {
			response, err := list(client, peers.Typical())
			if err != nil {
				return peers.Page{}, fmt.Errorf("vendor's core: %w", err)
			}
			page := peers.Page{Images: len(response.Body.Data)}
			if page.Images > 0 {
				page.LastID = dara.StringValue(response.Body.Data[page.Images-1].ImageId)
			}
			return page, nil
		},
	}, nil
}

func list(client *core.Client, q peers.Query) (*listImageResponse, error) {
	query := map[string]any{
		"Distro":  dara.String(q.Distro),
		"TagList": []*tag{{Key: dara.String(q.TagKey), Value: dara.String(q.TagValue)}},
	}
	form := map[string]any{
		"Status":       dara.String(q.Status),
		"ImageType":    dara.String(q.ImageType),
		"OsType":       dara.String(q.OSType),
		"ProductType":  dara.String(q.ProductType),
		"LanguageType": dara.String(q.Language),
		"PageNumber":   dara.Int32(int32(q.PageNumber)),
		"PageSize":     dara.Int32(int32(q.PageSize)),
	}
	flat := map[string]any{
		"BizRegionIdList": dara.StringSlice(q.Regions),
		"FeatureList":     dara.StringSlice(q.Features),
	}
	body, err := client.CallApi(
		&openapi.Params{
			Action:      dara.String(peers.Action),
			Version:     dara.String(peers.Version),
			Protocol:    dara.String("HTTPS"),
			Pathname:    dara.String("/"),
			Method:      dara.String("POST"),
			AuthType:    dara.String("AK"),
			Style:       dara.String("RPC"),
			ReqBodyType: dara.String("formData"),
			BodyType:    dara.String("json"),
		},
		&openapi.OpenApiRequest{
			Query: openapi.Query(query),
			Body:  openapi.ParseToMap(dara.ToMap(form, openapi.Query(flat))),
		},
		&dara.RuntimeOptions{})
	if err != nil {
		return nil, err
	}
	response := &listImageResponse{}
	err = dara.Convert(body, &response)
	return response, err
}
