package appstreaming

import (
	"slices"
	"strconv"
	"strings"
)

// param is one request parameter. Its wire name is flattened: an item of a list
// is name.index, counted from 1, and a member of an object in a list
// name.index.member, as in TagList.1.Key. The parts are kept apart so that
// building a request does not allocate a name for every item.
type param struct {
	name   string
	index  int // 0: not in a list
	member string
	value  string
}

func (p *param) appendName(dst []byte) []byte {
	dst = append(dst, p.name...)
	if p.index > 0 {
		dst = append(dst, '.')
		dst = strconv.AppendInt(dst, int64(p.index), 10)
	}
	if p.member != "" {
		dst = append(dst, '.')
		dst = append(dst, p.member...)
	}
	return dst
}

// place tells where ACS3 carries a parameter: the operation's metadata puts
// Distro and TagList in the query and everything else in the form.
func (p *param) place() place {
	if p.name == "Distro" || p.name == "TagList" || strings.HasPrefix(p.name, "TagList.") {
		return inQuery
	}
	return inForm
}

// appendParams flattens the request, sorted bytewise by wire name: the
// statements below stand in that order.
func (r *ListImageRequest) appendParams(dst []param) []param {
	dst = appendList(dst, "BizRegionIdList", r.BizRegionIDs)
	if r.BizType != nil {
		dst = append(dst, param{name: "BizType", value: strconv.Itoa(int(*r.BizType))})
	}
	dst = appendNumbers(dst, "BizTypeList", r.BizTypes)
	dst = appendText(dst, "Distro", r.Distro)
	dst = appendList(dst, "FeatureList", r.Features)
	dst = appendText(dst, "FotaVersion", r.FOTAVersion)
	dst = appendText(dst, "ImageId", r.ImageID)
	dst = appendText(dst, "ImageName", r.ImageName)
	dst = appendText(dst, "ImageType", r.ImageType)
	dst = appendText(dst, "LanguageType", r.Language)
	dst = appendText(dst, "OsType", r.OSType)
	dst = appendText(dst, "PackageType", r.PackageType)
	dst = appendNumber(dst, "PageNumber", r.PageNumber)
	dst = appendNumber(dst, "PageSize", r.PageSize)
	dst = appendText(dst, "PlatformName", r.PlatformName)
	dst = appendList(dst, "PlatformNameList", r.PlatformNames)
	dst = appendText(dst, "ProductType", r.ProductType)
	dst = appendList(dst, "ProductTypeList", r.ProductTypes)
	dst = appendText(dst, "ProtocolType", r.ProtocolType)
	dst = appendText(dst, "ResourceInstanceType", r.ResourceInstanceType)
	dst = appendText(dst, "Status", r.Status)
	return appendTags(dst, "TagList", r.Tags)
}

func appendText[T ~string](dst []param, name string, value T) []param {
	if value == "" {
		return dst
	}
	return append(dst, param{name: name, value: string(value)})
}

func appendNumber(dst []param, name string, value int) []param {
	if value == 0 {
		return dst
	}
	return append(dst, param{name: name, value: strconv.Itoa(value)})
}

func appendList[T ~string](dst []param, name string, items []T) []param {
	start := len(dst)
	for i, item := range items {
		if item != "" {
			dst = append(dst, param{name: name, index: i + 1, value: string(item)})
		}
	}
	return sortLongList(dst, start, len(items))
}

func appendNumbers(dst []param, name string, items []int32) []param {
	start := len(dst)
	for i, item := range items {
		dst = append(dst, param{name: name, index: i + 1, value: strconv.Itoa(int(item))})
	}
	return sortLongList(dst, start, len(items))
}

func appendTags(dst []param, name string, tags []Tag) []param {
	start := len(dst)
	for i, tag := range tags {
		if tag.Key != "" {
			dst = append(dst, param{name: name, index: i + 1, member: "Key", value: tag.Key})
		}
		if tag.Value != "" {
			dst = append(dst, param{name: name, index: i + 1, member: "Value", value: tag.Value})
		}
	}
	return sortLongList(dst, start, len(tags))
}

// sortLongList restores the order from ten items on, where ".10" sorts before
// ".2".
func sortLongList(params []param, start, items int) []param {
	if items > 9 {
		sortParams(params[start:])
	}
	return params
}

// withExtra puts the parameters of [WithParam] in place of those of the same
// name, or beside them.
func withExtra(params, extra []param) []param {
	if len(extra) == 0 {
		return params
	}
	for _, e := range extra {
		params = slices.DeleteFunc(params, func(p param) bool { return string(p.appendName(nil)) == e.name })
		params = append(params, e)
	}
	sortParams(params)
	return params
}

// isReserved reports whether the service, or signing, gives the name a meaning
// of its own.
func isReserved(name string) bool {
	switch strings.ToLower(name) {
	case "action", "version", "format", "accesskeyid", "securitytoken", "bearertoken", "timestamp",
		"signature", "signaturemethod", "signaturenonce", "signaturetype", "signatureversion":
		return true
	}
	return false
}
