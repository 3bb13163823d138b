package appstreaming

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wuying-go/appstreaming/internal/acs"
)

// listImage is the operation of this package.
var listImage = operation{name: "ListImage", version: "2021-09-01", query: []string{"Distro", "TagList"}}

// MaxPageSize is the largest PageSize the service accepts.
const MaxPageSize = 100

// ListImageRequest selects images. Its zero value selects all of them; every
// field that is set narrows the selection. Unset fields, and empty strings and
// lists, are not sent.
//
// Images are kept centrally: which regions they are deployed to is told by
// BizRegionIDs, not by the region the client talks to.
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
	Distro               string       // Distro: a distribution's name; values are not documented
	FOTAVersion          string       // FotaVersion: an image version's text
	ResourceInstanceType string       // ResourceInstanceType: the instance specification the image must fit, as "eds.enterprise_office.2c4g"

	BizType  *int32  // BizType: the service takes 1 when it is nil; see [Ptr]
	BizTypes []int32 // BizTypeList

	ProductType   ProductType    // ProductType
	ProductTypes  []ProductType  // ProductTypeList
	PlatformNames []PlatformName // PlatformNameList
	Features      []string       // FeatureList: as "GPU"
	BizRegionIDs  []string       // BizRegionIdList: regions the image must be deployed to
	Tags          []Tag          // TagList: the image must carry each of them; an empty Value is not sent

	PageNumber int // PageNumber: from 1; 0 leaves it to the service, a pager then starts at 1
	PageSize   int // PageSize: 1 to [MaxPageSize]; 0 leaves it to the service (10), a pager then asks for 100
}

// Ptr returns a pointer to v, for optional fields: BizType: Ptr(int32(1)).
func Ptr[T any](v T) *T { return &v }

// String lists the fields that are set under their wire names, for logs:
// "ListImage(PageSize=50 Status=AVAILABLE TagList.1.Key=env)". Values with
// spaces or quotes are quoted.
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
	return c == ' ' || c == '"' || c == '=' || c == '\\' || c == utf8.RuneError || !unicode.IsPrint(c)
}

// Validate reports the first field the service could not accept as a
// [*ParamError]: PageSize outside 0 to [MaxPageSize], a negative PageNumber, a
// tag without a key, an empty list item, and control characters or invalid
// UTF-8 in any text. ListImage and the pagers call it before anything is sent.
// Enumerations are open, so their values are not checked against a list.
func (r ListImageRequest) Validate() error {
	if r.PageNumber < 0 {
		return &ParamError{Field: "PageNumber", Value: strconv.Itoa(r.PageNumber), Reason: "must not be negative"}
	}
	if r.PageSize < 0 || r.PageSize > MaxPageSize {
		return &ParamError{Field: "PageSize", Value: strconv.Itoa(r.PageSize), Reason: fmt.Sprintf("must be from 0 to %d", MaxPageSize)}
	}
	if r.BizType != nil && *r.BizType < 0 {
		return &ParamError{Field: "BizType", Value: strconv.Itoa(int(*r.BizType)), Reason: "must not be negative"}
	}
	for i, v := range r.BizTypes {
		if v < 0 {
			return &ParamError{Field: fmt.Sprintf("BizTypes[%d]", i), Value: strconv.Itoa(int(v)), Reason: "must not be negative"}
		}
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
	for i, tag := range r.Tags {
		if reason := itemFault(tag.Key); reason != "" {
			return &ParamError{Field: fmt.Sprintf("Tags[%d].Key", i), Value: tag.Key, Reason: reason}
		}
		if reason := textFault(tag.Value); reason != "" {
			return &ParamError{Field: fmt.Sprintf("Tags[%d].Value", i), Value: tag.Value, Reason: reason}
		}
	}
	if err := checkList("ProductTypes", r.ProductTypes); err != nil {
		return err
	}
	if err := checkList("PlatformNames", r.PlatformNames); err != nil {
		return err
	}
	if err := checkList("Features", r.Features); err != nil {
		return err
	}
	return checkList("BizRegionIDs", r.BizRegionIDs)
}

func checkList[T ~string](field string, items []T) error {
	for i, item := range items {
		if reason := itemFault(string(item)); reason != "" {
			return &ParamError{Field: fmt.Sprintf("%s[%d]", field, i), Value: string(item), Reason: reason}
		}
	}
	return nil
}

// itemFault is textFault for what must not be empty either.
func itemFault(value string) string {
	if value == "" {
		return "must not be empty"
	}
	return textFault(value)
}

func checkText(field, value string) error {
	if reason := textFault(value); reason != "" {
		return &ParamError{Field: field, Value: value, Reason: reason}
	}
	return nil
}

// textFault says what is wrong with a text, or nothing. A control character is
// a bug or an injection; invalid UTF-8 would be signed as one text and read as
// another.
func textFault(value string) string {
	if !utf8.ValidString(value) {
		return "must be valid UTF-8"
	}
	for i, c := range value {
		if c < 0x20 || c >= 0x7f && c < 0xa0 {
			return fmt.Sprintf("must not contain control characters (%U at byte %d)", c, i)
		}
	}
	return ""
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

// ListImage asks for one page of images. Options given here hold for this call
// only.
//
// It returns a [*ParamError] or [*OptionError] before anything is sent, an
// [*APIError] when the service refuses, a [*TransportError] when no complete
// response could be had, a [*DecodeError] when the response makes no sense, a
// [*CredentialsError] when there are no usable credentials, and, when ctx ends,
// an error that matches both ctx.Err() and what the last attempt failed with.
// Failures that may pass are retried as [RetryPolicy] says.
//
// See https://www.alibabacloud.com/help/en/wuying-appstreaming/developer-reference/api-appstream-center-2021-09-01-listimage
func (c *Client) ListImage(ctx context.Context, req ListImageRequest, opts ...Option) (*ListImageResponse, error) {
	cfg, err := c.callConfig(opts)
	if err != nil {
		return nil, err
	}
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return c.call(ctx, cfg, cfg.unsigned(listImage, req.appendParams(make([]acs.Param, 0, 20))))
}
