package appstreaming

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wuying-go/appstreaming/internal/acs"
)

// listImage is the operation of this package.
var listImage = operation{name: "ListImage", version: "2021-09-01", query: []string{"Distro", "TagList"}}

// MaxPageSize is the largest PageSize that the service accepts.
const MaxPageSize = 100

// maxListItems is the longest list that the service's metadata allows.
const maxListItems = 100

// ListImageRequest selects images. The zero value selects all images. Each field
// that is set narrows the selection. Unset fields, empty strings and empty lists
// are not sent.
//
// The region of a client selects the endpoint. It does not filter images:
// Alibaba Cloud stores them centrally. To filter by deployment region, use
// BizRegionIDs.
type ListImageRequest struct {
	ImageID              string       // ImageId: exact identifier
	ImageName            string       // ImageName: matches a part of the name
	Status               ImageStatus  // Status; unset: every image that is not deleted
	ImageType            ImageType    // ImageType
	PackageType          PackageType  // PackageType
	OSType               OSType       // OsType
	ProtocolType         ProtocolType // ProtocolType
	Language             Language     // LanguageType
	PlatformName         PlatformName // PlatformName
	Distro               string       // Distro: name of a distribution; values are not documented
	FOTAVersion          string       // FotaVersion: text of an image version
	ResourceInstanceType string       // ResourceInstanceType: instance type that the image must support, such as "eds.enterprise_office.2c4g"

	BizType  *int32  // BizType: the service uses 1 if it is nil; see Ptr
	BizTypes []int32 // BizTypeList

	ProductType   ProductType    // ProductType
	ProductTypes  []ProductType  // ProductTypeList
	PlatformNames []PlatformName // PlatformNameList
	Features      []Feature      // FeatureList: features that the image must have
	BizRegionIDs  []string       // BizRegionIdList: regions that the image must be deployed to
	Tags          []Tag          // TagList: tags that the image must have; an empty Value is not sent

	PageNumber int // PageNumber, from 1; if it is 0 the service decides, and a pager starts at 1
	PageSize   int // PageSize, from 1 to MaxPageSize; if it is 0 the service uses 10, and a pager 100
}

// Ptr returns a pointer to v, for optional fields: BizType: Ptr(int32(1)).
func Ptr[T any](v T) *T { return &v }

// String lists the fields that are set under their wire names, for logs:
// "ListImage(PageSize=50 Status=AVAILABLE TagList.1.Key=env)". It quotes values
// that contain spaces, quotes or unprintable characters.
func (r ListImageRequest) String() string {
	text := []byte(listImage.name + "(")
	for i, p := range r.appendParams(nil) {
		if i > 0 {
			text = append(text, ' ')
		}
		text = append(p.AppendName(text), '=')
		if strings.ContainsFunc(p.Value, needsQuotes) {
			text = strconv.AppendQuote(text, p.Value)
		} else {
			text = append(text, p.Value...)
		}
	}
	return string(append(text, ')'))
}

func needsQuotes(c rune) bool {
	return strings.ContainsRune(" \"=\\", c) || c == utf8.RuneError || !strconv.IsPrint(c)
}

// Validate returns a [*ParamError] for the first field that the service could
// not accept:
//
//   - a PageSize outside 0 to [MaxPageSize], a PageNumber of more than 32 bits, or
//     a negative PageNumber, BizType or item of BizTypes;
//   - a list of more than 100 items, an empty item, or a tag without a key;
//   - control characters or invalid UTF-8 in any text.
//
// ListImage and the pagers call it before they send anything. Enumerations are
// open, so their values are not checked against a list.
func (r ListImageRequest) Validate() error {
	switch {
	case r.PageNumber < 0:
		return &ParamError{Field: "PageNumber", Value: strconv.Itoa(r.PageNumber), Reason: "must not be negative"}
	case r.PageNumber > math.MaxInt32:
		return &ParamError{Field: "PageNumber", Value: strconv.Itoa(r.PageNumber), Reason: fmt.Sprintf("must be at most %d", math.MaxInt32)}
	case r.PageSize < 0 || r.PageSize > MaxPageSize:
		return &ParamError{Field: "PageSize", Value: strconv.Itoa(r.PageSize), Reason: fmt.Sprintf("must be from 0 to %d", MaxPageSize)}
	case r.BizType != nil && *r.BizType < 0:
		return &ParamError{Field: "BizType", Value: strconv.Itoa(int(*r.BizType)), Reason: "must not be negative"}
	}
	for _, text := range []struct{ field, value string }{
		{"ImageID", r.ImageID},
		{"ImageName", r.ImageName},
		{"Status", string(r.Status)},
		{"ImageType", string(r.ImageType)},
		{"PackageType", string(r.PackageType)},
		{"OSType", string(r.OSType)},
		{"ProtocolType", string(r.ProtocolType)},
		{"Language", string(r.Language)},
		{"PlatformName", string(r.PlatformName)},
		{"Distro", r.Distro},
		{"FOTAVersion", r.FOTAVersion},
		{"ResourceInstanceType", r.ResourceInstanceType},
		{"ProductType", string(r.ProductType)},
	} {
		if err := checkText(text.field, text.value); err != nil {
			return err
		}
	}
	for _, err := range []error{
		checkList("BizTypes", r.BizTypes, numberFault),
		checkList("ProductTypes", r.ProductTypes, itemFault),
		checkList("PlatformNames", r.PlatformNames, itemFault),
		checkList("Features", r.Features, itemFault),
		checkList("BizRegionIDs", r.BizRegionIDs, itemFault),
		checkList("Tags", r.Tags, tagFault),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkList checks the length of a list and each of its items.
func checkList[T any](field string, items []T, faultOf func(T) (member, value, reason string)) error {
	if len(items) > maxListItems {
		return &ParamError{
			Field: field, Value: fmt.Sprintf("%d items", len(items)),
			Reason: fmt.Sprintf("must have at most %d items", maxListItems),
		}
	}
	for i, item := range items {
		if member, value, reason := faultOf(item); reason != "" {
			return &ParamError{Field: fmt.Sprintf("%s[%d]%s", field, i, member), Value: value, Reason: reason}
		}
	}
	return nil
}

func numberFault(n int32) (member, value, reason string) {
	if n < 0 {
		return "", strconv.Itoa(int(n)), "must not be negative"
	}
	return "", "", ""
}

func itemFault[T ~string](item T) (member, value, reason string) {
	if item == "" {
		return "", "", "must not be empty"
	}
	return "", string(item), acs.TextFault(string(item))
}

func tagFault(tag Tag) (member, value, reason string) {
	if _, value, reason = itemFault(tag.Key); reason != "" {
		return ".Key", value, reason
	}
	return ".Value", tag.Value, acs.TextFault(tag.Value)
}

func checkText(field, value string) error {
	if reason := acs.TextFault(value); reason != "" {
		return &ParamError{Field: field, Value: value, Reason: reason}
	}
	return nil
}

// checkSet checks an argument that must not be empty.
func checkSet(field, value string) error {
	if _, _, reason := itemFault(value); reason != "" {
		return &ParamError{Field: field, Value: value, Reason: reason}
	}
	return nil
}

// appendParams appends the request's parameters under their wire names. The
// order is bytewise by wire name, which is the order of both signatures.
func (r *ListImageRequest) appendParams(p []acs.Param) []acs.Param {
	p = acs.AppendTexts(p, "BizRegionIdList", r.BizRegionIDs)
	if r.BizType != nil {
		p = acs.AppendNumber(p, "BizType", *r.BizType)
	}
	p = acs.AppendNumbers(p, "BizTypeList", r.BizTypes)
	p = acs.AppendText(p, "Distro", r.Distro)
	p = acs.AppendTexts(p, "FeatureList", r.Features)
	p = acs.AppendText(p, "FotaVersion", r.FOTAVersion)
	p = acs.AppendText(p, "ImageId", r.ImageID)
	p = acs.AppendText(p, "ImageName", r.ImageName)
	p = acs.AppendText(p, "ImageType", r.ImageType)
	p = acs.AppendText(p, "LanguageType", r.Language)
	p = acs.AppendText(p, "OsType", r.OSType)
	p = acs.AppendText(p, "PackageType", r.PackageType)
	if r.PageNumber != 0 {
		p = acs.AppendNumber(p, "PageNumber", r.PageNumber)
	}
	if r.PageSize != 0 {
		p = acs.AppendNumber(p, "PageSize", r.PageSize)
	}
	p = acs.AppendText(p, "PlatformName", r.PlatformName)
	p = acs.AppendTexts(p, "PlatformNameList", r.PlatformNames)
	p = acs.AppendText(p, "ProductType", r.ProductType)
	p = acs.AppendTexts(p, "ProductTypeList", r.ProductTypes)
	p = acs.AppendText(p, "ProtocolType", r.ProtocolType)
	p = acs.AppendText(p, "ResourceInstanceType", r.ResourceInstanceType)
	p = acs.AppendText(p, "Status", r.Status)
	return appendTags(p, r.Tags)
}

func appendTags(p []acs.Param, tags []Tag) []acs.Param {
	start := len(p)
	for i, tag := range tags {
		if tag.Key != "" {
			p = append(p, acs.Param{Name: "TagList", Index: i + 1, Member: "Key", Value: tag.Key})
		}
		if tag.Value != "" {
			p = append(p, acs.Param{Name: "TagList", Index: i + 1, Member: "Value", Value: tag.Value})
		}
	}
	acs.Sort(p[start:])
	return p
}

// ListImage returns one page of images. Options given here hold for this call
// only. [WithPrefetch] has no effect on a single call.
//
// It returns a [*ParamError] or an [*OptionError] before anything is sent, a
// [*CredentialsError] if there are no usable credentials, an [*APIError] if the
// service refuses, a [*TransportError] if no complete response arrives, a
// [*DecodeError] if the response is invalid, and an error that matches
// [ErrResponseTooLarge] if it is too large. Errors of a [Limiter] are wrapped.
// When ctx ends, the error matches ctx.Err(), its cause and the failure of the
// last attempt. Temporary failures are retried according to [RetryPolicy].
//
// See https://www.alibabacloud.com/help/en/wuying-appstreaming/developer-reference/api-appstream-center-2021-09-01-listimage
func (c *Client) ListImage(ctx context.Context, req ListImageRequest, opts ...Option) (*ListImageResponse, error) {
	cfg, err := c.callConfig(opts)
	if err != nil {
		return nil, err
	}
	return c.list(ctx, cfg, placeIn(ctx), req)
}

// list makes a call at a place in a listing.
func (c *Client) list(ctx context.Context, cfg *config, at pagePlace, req ListImageRequest) (*ListImageResponse, error) {
	return cfg.handle(ctx, req, func(ctx context.Context, req ListImageRequest) (*ListImageResponse, error) {
		if err := req.Validate(); err != nil {
			return nil, err
		}
		return c.execute(ctx, cfg, at, cfg.unsigned(listImage, req.appendParams(make([]acs.Param, 0, 20))))
	})
}

// SignedURL returns the request as one URL with the RPC signature, for use with
// curl or a browser. Of the options, those for credentials, the endpoint and
// parameters have an effect; [WithSignature] has none.
//
// The service accepts the URL once, within 15 minutes. Until then the URL is a
// secret. SignedURL asks the credentials provider and sends nothing.
//
// It returns a [*ParamError], an [*OptionError] or a [*CredentialsError].
func (c *Client) SignedURL(ctx context.Context, req ListImageRequest, opts ...Option) (string, error) {
	cfg, err := c.callConfig(opts)
	if err != nil {
		return "", err
	}
	if err := req.Validate(); err != nil {
		return "", err
	}
	found, err := cfg.credentialsFor(ctx)
	if err != nil {
		return "", err
	}
	unsigned := cfg.unsigned(listImage, req.appendParams(nil))
	query, _, err := unsigned.rpcQuery(http.MethodGet, stamp{
		credentials: found,
		nonce:       cfg.nonce(),
		time:        c.shared.clock.Now(cfg.now()),
	})
	if err != nil {
		return "", err
	}
	signed := cfg.endpoint.url(query)
	return signed.String(), nil
}
