// Package ours lists with the client this repository is about.
package ours

import (
	"context"

	"github.com/wuying-go/appstreaming"

	"github.com/wuying-go/appstreaming/bench/internal/peers"
)

// NewClient returns a client with its default settings for a service on
// loopback.
func NewClient(endpoint string, opts ...appstreaming.Option) (*appstreaming.Client, error) {
	defaults := []appstreaming.Option{
		appstreaming.WithEndpoint(endpoint),
		appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(peers.AccessKeyID, peers.AccessKeySecret, "")),
	}
	return appstreaming.New(peers.Region, append(defaults, opts...)...)
}

// New returns the client as a peer.
func New(endpoint string, opts ...appstreaming.Option) (peers.Peer, error) {
	client, err := NewClient(endpoint, opts...)
	if err != nil {
		return peers.Peer{}, err
	}
	return peers.Peer{
		Name: "appstreaming",
		List: func(ctx context.Context) (peers.Page, error) {
			response, err := client.ListImage(ctx, newRequest(peers.Typical()))
			if err != nil {
				return peers.Page{}, err
			}
			page := peers.Page{Images: len(response.Images)}
			if page.Images > 0 {
				page.LastID = response.Images[page.Images-1].ImageID
			}
			return page, nil
		},
	}, nil
}

func newRequest(q peers.Query) appstreaming.ListImageRequest {
	return appstreaming.ListImageRequest{
		Status:       appstreaming.ImageStatus(q.Status),
		ImageType:    appstreaming.ImageType(q.ImageType),
		OSType:       appstreaming.OSType(q.OSType),
		ProductType:  appstreaming.ProductType(q.ProductType),
		Language:     appstreaming.Language(q.Language),
		Distro:       q.Distro,
		Features:     []appstreaming.Feature{appstreaming.Feature(q.Features[0])},
		BizRegionIDs: q.Regions,
		Tags:         []appstreaming.Tag{{Key: q.TagKey, Value: q.TagValue}},
		PageNumber:   q.PageNumber,
		PageSize:     q.PageSize,
	}
}
