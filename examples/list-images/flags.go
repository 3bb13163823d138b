package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// options is what the flags say.
type options struct {
	request  appstreaming.ListImageRequest
	client   []appstreaming.Option
	output   string
	limit    int
	prefetch int
	region   string
	endpoint string
	live     bool
	timeout  time.Duration
	verbose  bool
}

// flagSet is the flags, and what is to be checked when all are known.
type flagSet struct {
	*flag.FlagSet
	anyValue bool
	enums    []func() error
	flagOf   map[string]string // field of the request to flag
	groups   []group           // for the usage
}

type group struct {
	title string
	names []string
}

func parse(args []string) (options, error) {
	var o options
	var signature string
	fs := define(&o, &signature)
	if err := fs.Parse(args); err != nil {
		return o, fs.explained(err)
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: parameters are given by flags", fs.Arg(0))
	}
	for _, check := range fs.enums {
		if err := check(); err != nil {
			return o, err
		}
	}
	if err := o.request.Validate(); err != nil {
		return o, fs.named(err)
	}
	err := o.finish(signature)
	return o, err
}

// finish checks and turns the program's own flags into options of the client.
func (o *options) finish(signature string) error {
	if err := oneOf("-o", o.output, "table", "json", "jsonl", "csv"); err != nil {
		return err
	}
	if err := oneOf("-signature", signature, "acs3", "rpc"); err != nil {
		return err
	}
	o.client = []appstreaming.Option{appstreaming.WithApplication(program, "")}
	if signature == "rpc" {
		o.client = append(o.client, appstreaming.WithSignature(appstreaming.SignatureRPC))
	}
	if o.endpoint == "" {
		return nil
	}
	if u, err := url.Parse(o.endpoint); err == nil && u.Scheme == "http" {
		ip := net.ParseIP(u.Hostname())
		if u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("-endpoint: %s: http is for loopback only; use https", u.Host)
		}
		o.client = append(o.client, appstreaming.WithPlainHTTP())
	}
	o.client = append(o.client, appstreaming.WithEndpoint(o.endpoint))
	return nil
}

func oneOf(name, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return unknownValue(name, value, allowed)
}

func unknownValue(name, value string, allowed []string) error {
	meant := ""
	if near := demo.Nearest(value, allowed); near != "" {
		meant = fmt.Sprintf("did you mean %q? ", near)
	}
	return fmt.Errorf("%s: unknown value %q; %sallowed are: %s", name, value, meant, strings.Join(allowed, ", "))
}

// named puts the flag's name where the library's error has the option's.
func (o *options) named(err *appstreaming.OptionError) error {
	name := "-" + strings.ToLower(strings.TrimPrefix(err.Option, "With"))
	switch {
	case err.Option == "New" && o.region == "":
		name = "ALIBABA_CLOUD_REGION_ID"
	case err.Option == "New":
		name = "-region"
	}
	return fmt.Errorf("%s: %q: %s", name, err.Value, err.Reason)
}

// named puts the flag's name where the library's error has the field's.
func (fs *flagSet) named(err error) error {
	var paramErr *appstreaming.ParamError
	if !errors.As(err, &paramErr) {
		return err
	}
	field, _, _ := strings.Cut(paramErr.Field, "[")
	return fmt.Errorf("-%s: %q %s", fs.flagOf[field], paramErr.Value, paramErr.Reason)
}

func define(o *options, signature *string) *flagSet {
	fs := &flagSet{FlagSet: flag.NewFlagSet(program, flag.ContinueOnError), flagOf: map[string]string{}}
	fs.SetOutput(io.Discard) // run tells errors itself
	fs.Usage = func() {}
	req := &o.request

	fs.group("Which images (unset: all of them)")
	text(fs, "image-id", "ImageID", &req.ImageID, "exact identifier")
	text(fs, "image-name", "ImageName", &req.ImageName, "part of the name")
	enum(fs, "status", "Status", &req.Status)
	enum(fs, "image-type", "ImageType", &req.ImageType)
	enum(fs, "package-type", "PackageType", &req.PackageType)
	enum(fs, "os-type", "OSType", &req.OSType)
	enum(fs, "protocol-type", "ProtocolType", &req.ProtocolType)
	enum(fs, "language", "Language", &req.Language)
	enum(fs, "platform-name", "PlatformName", &req.PlatformName)
	enums(fs, "platform-names", "PlatformNames", &req.PlatformNames)
	enum(fs, "product-type", "ProductType", &req.ProductType)
	enums(fs, "product-types", "ProductTypes", &req.ProductTypes)
	enums(fs, "features", "Features", &req.Features)
	texts(fs, "biz-region-ids", "BizRegionIDs", &req.BizRegionIDs, "regions the image is deployed to, comma-separated")
	text(fs, "distro", "Distro", &req.Distro, "distribution")
	text(fs, "fota-version", "FOTAVersion", &req.FOTAVersion, "image version")
	text(fs, "resource-instance-type", "ResourceInstanceType", &req.ResourceInstanceType, "instance specification the image must fit")
	fs.add("biz-type", "BizType", "number, 1 when unset", func(s string) error {
		n, err := number(s)
		req.BizType = &n
		return err
	})
	fs.add("biz-types", "BizTypes", "numbers, comma-separated", func(s string) error {
		for item := range strings.SplitSeq(s, ",") {
			n, err := number(item)
			if err != nil {
				return err
			}
			req.BizTypes = append(req.BizTypes, n)
		}
		return nil
	})
	fs.add("tag", "Tags", "key=value or key, may be repeated", func(s string) error {
		key, value, _ := strings.Cut(s, "=")
		req.Tags = append(req.Tags, appstreaming.Tag{Key: key, Value: value})
		return nil
	})
	fs.toggle("any-value", &fs.anyValue, "send values that are not documented too")

	fs.group("How much of them")
	fs.count("page", &req.PageNumber, 1, math.MaxInt32, "`number` of the page to begin with, from 1 (default 1)")
	fs.count("page-size", &req.PageSize, 1, appstreaming.MaxPageSize, "`number` of images a page, 1 to 100 (default 100)")
	fs.flagOf["PageNumber"], fs.flagOf["PageSize"] = "page", "page-size"
	fs.count("limit", &o.limit, 0, math.MaxInt32, "stop after this `number` of images; 0: all (default)")
	fs.count("prefetch", &o.prefetch, 0, appstreaming.MaxPrefetch, "`number` of pages to fetch ahead, 0 to 64 (default 0)")

	fs.group("From where")
	fs.word("region", &o.region, "`region` of the endpoint (default ALIBABA_CLOUD_REGION_ID, else cn-shanghai)")
	fs.word("endpoint", &o.endpoint, "`URL` instead of the region's endpoint; http on loopback only; implies -live")
	fs.toggle("live", &o.live, "use the real service with any credentials of the standard chain")
	*signature = "acs3"
	fs.word("signature", signature, "`scheme` of signing: acs3, rpc (default acs3)")
	fs.value("timeout", "`duration` of the whole listing at most, as 30s; 0: no limit (default)", func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return errors.New("must be a duration with its unit, as 500ms, 30s or 2m; 0 waits for ever")
		}
		o.timeout = d
		return nil
	})

	fs.group("Into what")
	o.output = "table"
	fs.word("o", &o.output, "`form` of output: table, json, jsonl, csv (default table)")
	fs.toggle("v", &o.verbose, "log every attempt on stderr")
	return fs
}

func number(s string) (int32, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0, errors.New("must be a whole number")
	}
	return int32(n), nil
}
