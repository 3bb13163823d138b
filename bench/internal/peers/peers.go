// Package peers holds what the compared clients have in common: the request, the
// credentials and the result. Each client has its own package below this one, so
// a program that needs one of them does not link the others.
package peers

import (
	"context"
	"fmt"
)

// Credentials all clients sign with. The service they talk to is on loopback
// and does not look at them.
const (
	Region          = "cn-shanghai"
	AccessKeyID     = "bench-access-key-id"
	AccessKeySecret = "bench-access-key-secret"
)

// The operation, as the service names it.
const (
	Action  = "ListImage"
	Version = "2021-09-01"
)

// A Peer is one client, ready to list.
type Peer struct {
	Name string
	Raw  bool // it reads bodies without decoding them
	List func(ctx context.Context) (Page, error)
}

// Page is a client's result of one response.
type Page struct {
	Images int    // images decoded
	LastID string // identifier of the last image decoded
	Bytes  int    // bytes read, of raw clients only
}

// Check returns an error unless the client's page is as complete as the one sent,
// so no client wins by leaving work out.
func (p Peer) Check(got, sent Page) error {
	if p.Raw {
		sent = Page{Bytes: sent.Bytes}
	} else {
		sent.Bytes = 0
	}
	if got != sent {
		return fmt.Errorf("%s: the page is %+v, want %+v", p.Name, got, sent)
	}
	return nil
}

// Query is the request every client makes, by wire name. The service's
// metadata puts Distro and TagList into the query string and everything else
// into a form.
type Query struct {
	Status, ImageType, OSType, ProductType, Language, Distro string
	Features, Regions                                        []string
	TagKey, TagValue                                         string
	PageNumber, PageSize                                     int
}

// Typical returns a request as a service would make it: thirteen parameters.
func Typical() Query {
	return Query{
		Status:      "AVAILABLE",
		ImageType:   "User",
		OSType:      "Windows",
		ProductType: "CloudApp",
		Language:    "zh-CN",
		Distro:      "Windows Server 2022 64位",
		Features:    []string{"GPU"},
		Regions:     []string{"cn-hangzhou", "cn-shanghai"},
		TagKey:      "env",
		TagValue:    "production",
		PageNumber:  1,
		PageSize:    100,
	}
}
