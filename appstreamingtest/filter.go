package appstreamingtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/wuying-go/appstreaming"
)

// predicate is one condition of a request.
type predicate func(*appstreaming.Image) bool

// selection holds the conditions and the page of a request.
type selection struct {
	predicates []predicate
	pageNumber int
	pageSize   int
}

const (
	defaultPageSize = 10
	maxPageSize     = 100
)

// maxListItems is the longest list that the service's metadata allows.
const maxListItems = 100

// listParams are the parameters that have numbered items.
var listParams = [...]string{
	"BizRegionIdList", "BizTypeList", "FeatureList", "PlatformNameList", "ProductTypeList", "TagList",
}

// selection reads the operation's parameters. An empty value means that the
// parameter is absent.
func (x *exchange) selection(stock []*entry) (*selection, *refusal) {
	sel := &selection{pageNumber: 1, pageSize: defaultPageSize}
	for _, read := range []func(*selection) *refusal{
		x.checkLists, x.readPage, x.readTexts, x.readLists, x.readTags,
		func(sel *selection) *refusal { return x.readBizTypes(sel, stock) },
	} {
		if refused := read(sel); refused != nil {
			return nil, refused
		}
	}
	return sel, nil
}

// matching returns the images of the selected page, and the number of images on
// all pages.
func (sel *selection) matching(stock []*entry) (page []*entry, count int) {
	from := (int64(sel.pageNumber) - 1) * int64(sel.pageSize)
	to := from + int64(sel.pageSize)
	for _, e := range stock {
		if !sel.matches(&e.image) {
			continue
		}
		if n := int64(count); from <= n && n < to {
			page = append(page, e)
		}
		count++
	}
	return page, count
}

func (sel *selection) matches(image *appstreaming.Image) bool {
	for _, p := range sel.predicates {
		if !p(image) {
			return false
		}
	}
	return true
}

// checkLists refuses a list parameter without a valid number, which would be an
// unknown parameter otherwise and filter nothing, and lists that are too long.
func (x *exchange) checkLists(*selection) *refusal {
	for name := range x.params {
		list, rest, numbered := strings.Cut(name, ".")
		if !slices.Contains(listParams[:], list) {
			continue
		}
		number, member, hasMember := strings.Cut(rest, ".")
		n, good := listIndex(number)
		if good && n > maxListItems {
			return invalid(list, "it must have at most %d items", maxListItems)
		}
		if !numbered || !good || hasMember != (list == "TagList") || hasMember && member != "Key" && member != "Value" {
			return invalid(list, "it is a list, %q is none of its items", name)
		}
	}
	return nil
}

func (x *exchange) readPage(sel *selection) *refusal {
	var refused *refusal
	read := func(name string, into *int, highest int) {
		text := x.params[name]
		if text == "" || refused != nil {
			return
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 || int(n) > highest {
			refused = invalid(name, "it must be from 1 to %d", highest)
			return
		}
		*into = int(n)
	}
	read("PageNumber", &sel.pageNumber, 1<<31-1)
	read("PageSize", &sel.pageSize, maxPageSize)
	return refused
}

func (x *exchange) readTexts(sel *selection) *refusal {
	for _, param := range []struct {
		name    string
		matches func(image *appstreaming.Image, want string) bool
	}{
		{"ImageId", func(i *appstreaming.Image, want string) bool { return i.ImageID == want }},
		{"ImageName", func(i *appstreaming.Image, want string) bool { return strings.Contains(i.ImageName, want) }},
		{"Status", func(i *appstreaming.Image, want string) bool { return string(i.Status) == want }},
		{"ImageType", func(i *appstreaming.Image, want string) bool { return string(i.ImageType) == want }},
		{"PackageType", func(i *appstreaming.Image, want string) bool { return strings.EqualFold(string(i.PackageType), want) }},
		{"OsType", func(i *appstreaming.Image, want string) bool { return string(i.OSType) == want }},
		{"ProductType", func(i *appstreaming.Image, want string) bool { return string(i.ProductType) == want }},
		{"ProtocolType", func(i *appstreaming.Image, want string) bool { return string(i.ProtocolType) == want }},
		{"LanguageType", func(i *appstreaming.Image, want string) bool {
			return string(i.Language) == want || slices.Contains(i.SupportedLanguages, appstreaming.Language(want))
		}},
		{"PlatformName", func(i *appstreaming.Image, want string) bool { return string(i.PlatformName) == want }},
		{"Distro", func(i *appstreaming.Image, want string) bool { return strings.Contains(i.Distro, want) }},
		{"FotaVersion", func(i *appstreaming.Image, want string) bool { return i.FOTAVersion == want }},
		{"ResourceInstanceType", fitsInstanceType},
	} {
		if want := x.params[param.name]; want != "" {
			sel.add(func(i *appstreaming.Image) bool { return param.matches(i, want) })
		}
	}
	if x.params["Status"] == "" {
		sel.add(func(i *appstreaming.Image) bool { return i.Status != "DELETE" && i.Status != "DELETED" })
	}
	return nil
}

func (sel *selection) add(p predicate) { sel.predicates = append(sel.predicates, p) }

// fitsInstanceType assigns instance types with "graphics" in their name to the
// category eds.graphics.category, and all others to eds.cpu.category. An image
// without categories matches every instance type.
func fitsInstanceType(image *appstreaming.Image, instanceType string) bool {
	category := "eds.cpu.category"
	if strings.Contains(instanceType, "graphics") {
		category = "eds.graphics.category"
	}
	categories, err := image.ResourceCategories()
	return err == nil && (len(categories) == 0 || slices.Contains(categories, category))
}

func (x *exchange) readLists(sel *selection) *refusal {
	oneOf := func(name string, get func(*appstreaming.Image) string) {
		if wanted := x.list(name); len(wanted) > 0 {
			sel.add(func(i *appstreaming.Image) bool { return slices.Contains(wanted, get(i)) })
		}
	}
	allOf := func(name string, has func(i *appstreaming.Image, item string) bool) {
		for _, item := range x.list(name) {
			sel.add(func(i *appstreaming.Image) bool { return has(i, item) })
		}
	}
	oneOf("ProductTypeList", func(i *appstreaming.Image) string { return string(i.ProductType) })
	oneOf("PlatformNameList", func(i *appstreaming.Image) string { return string(i.PlatformName) })
	allOf("FeatureList", func(i *appstreaming.Image, feature string) bool {
		return slices.Contains(i.Features, appstreaming.Feature(feature))
	})
	allOf("BizRegionIdList", func(i *appstreaming.Image, region string) bool {
		return slices.Contains(i.ImageRegions, region) ||
			slices.ContainsFunc(i.RegionDistributions, func(d appstreaming.RegionDistribution) bool { return d.RegionID == region })
	})
	return nil
}

func (x *exchange) list(name string) []string {
	var values []string
	for _, item := range x.items(name, "") {
		values = append(values, item.value)
	}
	return values
}

func (x *exchange) readTags(sel *selection) *refusal {
	values := make(map[string]string)
	for _, value := range x.items("TagList", ".Value") {
		values[value.name] = value.value
	}
	for _, key := range x.items("TagList", ".Key") {
		wanted, anyValue := values[key.name], values[key.name] == ""
		delete(values, key.name)
		sel.add(func(i *appstreaming.Image) bool {
			return slices.ContainsFunc(i.Tags, func(t appstreaming.Tag) bool {
				return t.Key == key.value && (anyValue || t.Value == wanted)
			})
		})
	}
	for number := range values {
		return missing("TagList." + number + ".Key")
	}
	return nil
}

// readBizTypes accepts 1 and the values that images have.
func (x *exchange) readBizTypes(sel *selection, stock []*entry) *refusal {
	if text := x.params["BizType"]; text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		known := n == 1 || slices.ContainsFunc(stock, func(e *entry) bool { return int64(e.image.BizType) == n })
		if err != nil || !known {
			return refuse(http.StatusBadRequest, appstreaming.CodeInvalidBizType, "The specified BizType is invalid.")
		}
		sel.add(func(i *appstreaming.Image) bool { return int64(i.BizType) == n })
	}
	var wanted []int64
	for _, text := range x.list("BizTypeList") {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return refuse(http.StatusBadRequest, appstreaming.CodeInvalidBizType, "The specified BizType is invalid.")
		}
		wanted = append(wanted, n)
	}
	if len(wanted) > 0 {
		sel.add(func(i *appstreaming.Image) bool { return slices.Contains(wanted, int64(i.BizType)) })
	}
	return nil
}
