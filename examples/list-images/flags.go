package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// options holds the values of the program's own flags.
type options struct {
	request  appstreaming.ListImageRequest
	anyValue bool
	limit    int
	prefetch int
	output   string
	columns  []column // nil: those that fit
	raw      bool
	bom      bool

	flagOf map[string]string // from a field of the request to its flag
	checks []func() error    // of values, when all flags are known
}

// flags defines a flag for every parameter of the request, and those about the
// output.
func (o *options) flags(f *demo.Flags) {
	req := &o.request
	o.flagOf = map[string]string{"PageNumber": "page", "PageSize": "page-size"}
	r := requestFlags{f, o}

	f.Group("Which images (default: all)")
	r.text("image-id", "ImageID", &req.ImageID, "exact identifier")
	r.text("image-name", "ImageName", &req.ImageName, "part of the name")
	word(r, "status", "Status", &req.Status)
	word(r, "image-type", "ImageType", &req.ImageType)
	word(r, "package-type", "PackageType", &req.PackageType)
	word(r, "os-type", "OSType", &req.OSType)
	word(r, "protocol-type", "ProtocolType", &req.ProtocolType)
	word(r, "language", "Language", &req.Language)
	word(r, "platform-name", "PlatformName", &req.PlatformName)
	words(r, "platform-names", "PlatformNames", &req.PlatformNames)
	word(r, "product-type", "ProductType", &req.ProductType)
	words(r, "product-types", "ProductTypes", &req.ProductTypes)
	words(r, "features", "Features", &req.Features)
	texts(r, "biz-region-ids", "BizRegionIDs", &req.BizRegionIDs, "comma-separated regions the image is deployed to")
	r.text("distro", "Distro", &req.Distro, "distribution")
	r.text("fota-version", "FOTAVersion", &req.FOTAVersion, "image version")
	r.text("resource-instance-type", "ResourceInstanceType", &req.ResourceInstanceType, "instance specification the image must support")
	r.add("biz-type", "BizType", "number (service default: 1)", func(s string) error {
		n, err := number(s)
		req.BizType = &n
		return err
	})
	r.add("biz-types", "BizTypes", "comma-separated numbers", func(s string) error {
		for item := range items(s) {
			n, err := number(item)
			if err != nil {
				return err
			}
			req.BizTypes = append(req.BizTypes, n)
		}
		return nil
	})
	r.add("tag", "Tags", "key=value, or key for any value; may be repeated", func(s string) error {
		key, value, _ := strings.Cut(s, "=")
		req.Tags = append(req.Tags, appstreaming.Tag{Key: key, Value: value})
		return nil
	})
	f.Toggle("any-value", &o.anyValue, "also send values that are not documented")

	f.Group("Paging")
	f.Count("page", &req.PageNumber, 1, math.MaxInt32, "`number` of the page to begin with, from 1 (default 1)")
	f.Count("page-size", &req.PageSize, 1, appstreaming.MaxPageSize, "`number` of images a page, 1 to 100 (default 100)")
	f.Count("limit", &o.limit, 0, math.MaxInt32, "stop after this `number` of images; 0: all (default)")
	f.Count("prefetch", &o.prefetch, 0, appstreaming.MaxPrefetch, "`number` of pages to fetch ahead, 0 to 64 (default 0)")

	f.Group("Output")
	o.output = "table"
	f.OneOf("o", &o.output, "`form` of output: table, json, jsonl (also called ndjson) or csv (default table)",
		"table", "json", "jsonl", "csv", "ndjson")
	f.Value("columns", "comma-separated `names` of the columns of a table or CSV, such as ImageId,ImageName,Modified "+
		"(default: in a table those that fit, in CSV all); names are those of the response: "+strings.Join(columnNames(), ", "),
		func(s string) (err error) { o.columns, err = chosen(s); return err })
	f.Toggle("raw", &o.raw, "write CSV values unchanged, for programs; otherwise a ' precedes what a spreadsheet would calculate, "+
		"and control characters are left out")
	f.Toggle("bom", &o.bom, "begin CSV with a byte order mark, so that Excel reads it as UTF-8")
}

// check checks what the flags say together.
func (o *options) check(demo.Env) error {
	for _, check := range o.checks {
		if err := check(); err != nil {
			return err
		}
	}
	switch {
	case o.raw && o.output != "csv":
		return errors.New("-raw is for -o csv")
	case o.bom && o.output != "csv":
		return errors.New("-bom is for -o csv")
	case o.columns != nil && o.output != "csv" && o.output != "table":
		return errors.New("-columns is for -o table and -o csv")
	}
	err := o.request.Validate()
	var paramErr *appstreaming.ParamError
	if errors.As(err, &paramErr) { // the flag's name where the library's error has the field's
		field, _, _ := strings.Cut(paramErr.Field, "[")
		return fmt.Errorf("-%s: %q %s", o.flagOf[field], paramErr.Value, paramErr.Reason)
	}
	return err
}

// requestFlags defines flags for fields of the request.
type requestFlags struct {
	*demo.Flags
	o *options
}

func (r requestFlags) add(name, field, usage string, set func(string) error) {
	r.o.flagOf[field] = name
	r.Value(name, usage, set)
}

func (r requestFlags) text(name, field string, dst *string, usage string) {
	r.add(name, field, usage, func(s string) error { *dst = s; return nil })
}

func texts[T ~string](r requestFlags, name, field string, dst *[]T, usage string) {
	r.add(name, field, usage, func(s string) error {
		for item := range items(s) {
			*dst = append(*dst, T(item))
		}
		return nil
	})
}

// valued is an enumeration of the library.
type valued[T any] interface {
	~string
	Values() []T
}

func word[T valued[T]](r requestFlags, name, field string, dst *T) {
	r.add(name, field, strings.Join(allowed[T](), ", "), func(s string) error { *dst = T(s); return nil })
	r.o.checkLater(name, allowed[T](), func() []string { return []string{string(*dst)} })
}

func words[T valued[T]](r requestFlags, name, field string, dst *[]T) {
	texts(r, name, field, dst, "comma-separated: "+strings.Join(allowed[T](), ", "))
	r.o.checkLater(name, allowed[T](), func() (values []string) {
		for _, v := range *dst {
			values = append(values, string(v))
		}
		return values
	})
}

func allowed[T valued[T]]() []string {
	var none T
	var values []string
	for _, v := range none.Values() {
		values = append(values, string(v))
	}
	return values
}

// checkLater refuses values that are not documented. The service may know more
// of them; -any-value sends them.
func (o *options) checkLater(name string, allowed []string, values func() []string) {
	o.checks = append(o.checks, func() error {
		for _, value := range values() {
			if o.anyValue || value == "" {
				continue
			}
			if err := demo.OneOf(value, allowed...); err != nil {
				return fmt.Errorf("-%s: %w (-any-value sends others)", name, err)
			}
		}
		return nil
	})
}

// items splits a comma-separated list. Spaces around an item are not part of it.
func items(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for item := range strings.SplitSeq(s, ",") {
			if !yield(strings.TrimSpace(item)) {
				return
			}
		}
	}
}

func number(s string) (int32, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0, errors.New("must be a whole number")
	}
	return int32(n), nil
}
