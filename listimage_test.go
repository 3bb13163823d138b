package appstreaming_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestARequestDescribesItselfForLogs(t *testing.T) {
	t.Parallel()
	for want, req := range map[string]appstreaming.ListImageRequest{
		"ListImage()": {},
		`ListImage(BizType=0 ImageName="a \"b\" \x00" OsType=Windows PageSize=50 PlatformNameList.1="Windows 11" TagList.1.Key=团队)`: {
			BizType: appstreaming.Ptr(int32(0)), ImageName: "a \"b\" \x00", OSType: appstreaming.OSTypeWindows, PageSize: 50,
			PlatformNames: []appstreaming.PlatformName{appstreaming.PlatformNameWindows11}, Tags: []appstreaming.Tag{{Key: "团队"}},
		},
		`ListImage(Distro="\xff" ImageId="a\u2028b" ImageName="\u202egpj.exe" TagList.1.Key="k=v" TagList.1.Value="\u0085")`: {
			Distro: "\xff", ImageID: "a\u2028b", ImageName: "\u202egpj.exe", Tags: []appstreaming.Tag{{Key: "k=v", Value: "\u0085"}},
		},
	} {
		if got := req.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// unprintable lists characters that forge lines, control terminals or reorder
// text.
var unprintable = []rune{
	0, '\t', '\n', '\r', 0x1b, 0x7f, 0x85, 0x9f, // control characters
	0x2028, 0x2029, // separators of lines and paragraphs
	0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, // bidirectional
	0x200b, 0xfeff, 0xad, // invisible
}

func TestNoTextHoldsUnprintableCharacters(t *testing.T) {
	t.Parallel()
	for _, c := range unprintable {
		bad := "x" + string(c) + "y"
		cause := errors.New(bad)
		for name, text := range map[string]string{
			"ListImageRequest": appstreaming.ListImageRequest{
				ImageName: bad, BizRegionIDs: []string{bad}, Tags: []appstreaming.Tag{{Key: bad, Value: bad}},
			}.String(),
			"ParamError":       (&appstreaming.ParamError{Field: bad, Value: bad, Reason: bad}).Error(),
			"OptionError":      (&appstreaming.OptionError{Option: bad, Value: bad, Reason: bad}).Error(),
			"OptionError bare": (&appstreaming.OptionError{Option: bad, Reason: bad}).Error(),
			"CredentialsError": (&appstreaming.CredentialsError{Err: cause}).Error(),
			"APIError":         (&appstreaming.APIError{Operation: bad, Code: appstreaming.Code(bad), Message: bad, RequestID: bad}).Error(),
			"DecodeError":      (&appstreaming.DecodeError{Path: bad, Reason: bad, RequestID: bad, Body: []byte(bad)}).Error(),
			"TransportError":   (&appstreaming.TransportError{Host: bad, Hint: bad, Err: cause, StopReason: bad}).Error(),
			"IncompleteError":  (&appstreaming.IncompleteError{RequestID: bad}).Error(),
			"WaitError": (&appstreaming.WaitError{
				ImageID: bad, Last: appstreaming.Image{ImageID: bad, Status: appstreaming.ImageStatus(bad)}, Err: cause,
			}).Error(),
			"Code":               appstreaming.Code(bad).Error(),
			"an invalid image":   new(appstreaming.Image).UnmarshalJSON([]byte(`{"` + bad + `":tru}`)).Error(),
			"an invalid page":    new(appstreaming.ListImageResponse).UnmarshalJSON([]byte(`{"Data":[{"` + bad + `":tru}]}`)).Error(),
			"an invalid time":    errorOf(appstreaming.Timestamp(bad).In(nil)).Error(),
			"invalid categories": errorOf(appstreaming.Image{ResourceInstanceCategory: bad}.ResourceCategories()).Error(),
		} {
			if strings.ContainsRune(text, c) {
				t.Errorf("%s holds %U: %q", name, c, text)
			}
		}
	}
}

func errorOf[T any](_ T, err error) error { return err }

// A limiter and a cause of the context are the caller's words.
func TestErrorsThatWrapTheCallersWordsArePrintable(t *testing.T) {
	t.Parallel()
	cause := errors.New("a\u202eb\nc\u2028d")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	client, err := untouched(t, appstreaming.WithRateLimit(limiterFunc(func(ctx context.Context) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return cause
	})))
	if err != nil {
		t.Fatal(err)
	}
	for _, ctx := range []context.Context{t.Context(), ended} {
		_, err := client.ListImage(ctx, appstreaming.ListImageRequest{})
		if !errors.Is(err, cause) || strings.ContainsAny(err.Error(), "\n\u202e\u2028") {
			t.Errorf("got %q, want a printable error that wraps the cause", err)
		}
	}
}

// A listing that ends during a request, with and without prefetch, and before one.
func TestAListingThatEndsWithTheCallersWordsIsPrintable(t *testing.T) {
	t.Parallel()
	cause := errors.New("a\u202eb\nc\u2028d")
	for _, prefetch := range []int{0, 4} {
		for _, ends := range []int{1, 3} { // the request that is in flight
			ctx, cancel := context.WithCancelCause(t.Context())
			lister := ctxLister(func(requestCtx context.Context, req appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error) {
				if req.PageNumber == ends {
					cancel(cause)
				}
				if req.PageNumber >= ends {
					<-requestCtx.Done()
					return nil, requestCtx.Err()
				}
				image := appstreaming.Image{ImageID: fmt.Sprint("imgc-", req.PageNumber)}
				return &appstreaming.ListImageResponse{Count: 9, PageSize: 1, Images: []appstreaming.Image{image}}, nil
			})
			pager := appstreaming.NewPager(lister, appstreaming.ListImageRequest{PageSize: 1}, appstreaming.WithPrefetch(prefetch))
			var err error
			for err == nil {
				_, err = pager.Next(ctx)
			}
			_, errAfter := pager.Next(ctx)
			// The pages ahead run under the ctx of an earlier Next.
			waiting := appstreaming.NewPager(ctxLister(func(
				requestCtx context.Context, req appstreaming.ListImageRequest,
			) (*appstreaming.ListImageResponse, error) {
				if req.PageNumber > 1 {
					<-requestCtx.Done()
				}
				image := appstreaming.Image{ImageID: fmt.Sprint("imgc-", req.PageNumber)}
				return &appstreaming.ListImageResponse{Count: 9, PageSize: 1, Images: []appstreaming.Image{image}}, requestCtx.Err()
			}), appstreaming.ListImageRequest{PageSize: 1}, appstreaming.WithPrefetch(prefetch))
			earlier, stop := context.WithCancel(t.Context())
			_, _ = waiting.Next(earlier)
			_, errAhead := waiting.Next(ctx)
			stop()
			for _, err := range []error{err, errAfter, errAhead} {
				if !errors.Is(err, cause) || strings.ContainsAny(err.Error(), "\n\u202e\u2028") {
					t.Errorf("prefetch %d, ended in request %d: got %q, want a printable error that wraps the cause", prefetch, ends, err)
				}
			}
		}
	}
}

// ctxLister is an ImageLister that sees the contexts of the requests.
type ctxLister func(context.Context, appstreaming.ListImageRequest) (*appstreaming.ListImageResponse, error)

func (f ctxLister) ListImage(
	ctx context.Context, req appstreaming.ListImageRequest, _ ...appstreaming.Option,
) (*appstreaming.ListImageResponse, error) {
	return f(ctx, req)
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

func TestRequestsThatCannotBeAcceptedAreNotSent(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		req   appstreaming.ListImageRequest
		field string
		text  string
	}{
		"negative page number":    {appstreaming.ListImageRequest{PageNumber: -1}, "PageNumber", "must not be negative"},
		"page number too large":   {appstreaming.ListImageRequest{PageNumber: math.MaxInt}, "PageNumber", "must be at most 2147483647"},
		"negative page size":      {appstreaming.ListImageRequest{PageSize: -1}, "PageSize", "0 to 100"},
		"page size over 100":      {appstreaming.ListImageRequest{PageSize: 101}, "PageSize", "0 to 100"},
		"negative BizType":        {appstreaming.ListImageRequest{BizType: appstreaming.Ptr(int32(-1))}, "BizType", "negative"},
		"negative BizTypes":       {appstreaming.ListImageRequest{BizTypes: []int32{1, -1}}, "BizTypes[1]", "negative"},
		"NUL in the name":         {appstreaming.ListImageRequest{ImageName: "a\x00b"}, "ImageName", "control characters (U+0000 at byte 1)"},
		"line break in the id":    {appstreaming.ListImageRequest{ImageID: "a\r\nb"}, "ImageID", "control characters"},
		"DEL in the distribution": {appstreaming.ListImageRequest{Distro: "a\x7f"}, "Distro", "control characters"},
		"C1 control":              {appstreaming.ListImageRequest{Distro: "a\u0085"}, "Distro", "control characters"},
		"not UTF-8":               {appstreaming.ListImageRequest{Status: "\xff"}, "Status", "UTF-8"},
		"empty list item":         {appstreaming.ListImageRequest{Features: []appstreaming.Feature{"GPU", ""}}, "Features[1]", "empty"},
		"empty product type":      {appstreaming.ListImageRequest{ProductTypes: []appstreaming.ProductType{""}}, "ProductTypes[0]", "empty"},
		"empty platform name":     {appstreaming.ListImageRequest{PlatformNames: []appstreaming.PlatformName{""}}, "PlatformNames[0]", "empty"},
		"control in a region":     {appstreaming.ListImageRequest{BizRegionIDs: []string{"\t"}}, "BizRegionIDs[0]", "control characters"},
		"tag without key":         {appstreaming.ListImageRequest{Tags: []appstreaming.Tag{{Value: "v"}}}, "Tags[0].Key", "empty"},
		"control in a tag's key":  {appstreaming.ListImageRequest{Tags: []appstreaming.Tag{{Key: "\n"}}}, "Tags[0].Key", "control characters"},
		"control in a tag": {
			appstreaming.ListImageRequest{Tags: []appstreaming.Tag{{Key: "k", Value: "\n"}}}, "Tags[0].Value", "control characters",
		},
	}
	for field, req := range listsOf(101) {
		tests["101 "+field] = struct {
			req   appstreaming.ListImageRequest
			field string
			text  string
		}{req, field, `"101 items" must have at most 100 items`}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := untouched(t)
			if err != nil {
				t.Fatal(err)
			}
			calls := map[string]func() error{
				"Validate":  test.req.Validate,
				"ListImage": func() error { _, err := client.ListImage(context.Background(), test.req); return err },
				"SignedURL": func() error { _, err := client.SignedURL(context.Background(), test.req); return err },
				"Next":      func() error { _, err := appstreaming.NewPager(client, test.req).Next(context.Background()); return err },
				"Images": func() error {
					_, err := appstreaming.Collect(client.Images(context.Background(), test.req))
					return err
				},
			}
			for call, f := range calls {
				var paramErr *appstreaming.ParamError
				if err := f(); !errors.As(err, &paramErr) {
					t.Errorf("%s returned %v, want a *ParamError", call, err)
				} else if paramErr.Field != test.field || !strings.Contains(err.Error(), test.text) {
					t.Errorf("%s returned %q, want field %s and %q", call, err, test.field, test.text)
				}
			}
		})
	}
}

// listsOf returns a request for each list of a request, with that many items.
func listsOf(items int) map[string]appstreaming.ListImageRequest {
	lists := make(map[string]appstreaming.ListImageRequest)
	fields := reflect.TypeFor[appstreaming.ListImageRequest]()
	for i := range fields.NumField() {
		if fields.Field(i).Type.Kind() != reflect.Slice {
			continue
		}
		var req appstreaming.ListImageRequest
		list := reflect.MakeSlice(fields.Field(i).Type, items, items)
		for n := range items {
			switch item := list.Index(n); item.Kind() {
			case reflect.String:
				item.SetString(fmt.Sprintf("v%d", n))
			case reflect.Int32:
				item.SetInt(1)
			case reflect.Struct:
				item.Field(0).SetString(fmt.Sprintf("k%d", n))
			}
		}
		reflect.ValueOf(&req).Elem().Field(i).Set(list)
		lists[fields.Field(i).Name] = req
	}
	return lists
}

// From ten items on, the bytewise order of the names is not the order of the
// items: ".10" comes before ".2".
func TestListsOfUpTo100ItemsReachTheService(t *testing.T) {
	t.Parallel()
	if lists := listsOf(1); len(lists) != 6 {
		t.Errorf("%d lists found in the request, want 6", len(lists))
	}
	for _, items := range []int{9, 10, 11, 100} {
		for field, req := range listsOf(items) {
			for _, signature := range signatures {
				service := appstreamingtest.NewServer(t)
				client := service.Client(appstreaming.WithSignature(signature))
				if _, err := client.ListImage(t.Context(), req); err != nil {
					t.Errorf("%d %s, %v: %v", items, field, signature, err)
					continue
				}
				if got := service.Requests()[0]; len(got.Params) != items {
					t.Errorf("%d %s, %v: %d parameters arrive", items, field, signature, len(got.Params))
				}
			}
		}
	}
}

func TestEveryFieldOfARequestIsSent(t *testing.T) {
	t.Parallel()
	fields := reflect.TypeFor[appstreaming.ListImageRequest]()
	if fields.NumField() != 22 {
		t.Errorf("%d fields, want one for each of the 22 parameters", fields.NumField())
	}
	for i := range fields.NumField() {
		var req appstreaming.ListImageRequest
		field := reflect.ValueOf(&req).Elem().Field(i)
		switch field.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Int:
			field.SetInt(1)
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		case reflect.Slice:
			list := listsOf(1)[fields.Field(i).Name]
			field.Set(reflect.ValueOf(list).Field(i))
		default:
			t.Fatalf("%s is a %v, which this test cannot set", fields.Field(i).Name, field.Kind())
		}
		if text := req.String(); strings.Count(text, "=") != 1 {
			t.Errorf("%s is sent as %s, want one parameter", fields.Field(i).Name, text)
		}
	}
}

// This includes the texts of fields added later.
func TestNoFieldOfARequestTakesAnInjection(t *testing.T) {
	t.Parallel()
	client, err := untouched(t)
	if err != nil {
		t.Fatal(err)
	}
	places := 0
	for field, set := range textsOf(reflect.TypeFor[appstreaming.ListImageRequest]()) {
		places++
		for _, text := range injections {
			for _, signature := range signatures {
				var req appstreaming.ListImageRequest
				set(reflect.ValueOf(&req).Elem(), text)
				_, err := client.ListImage(t.Context(), req, appstreaming.WithSignature(signature))
				var paramErr *appstreaming.ParamError
				if !errors.As(err, &paramErr) || !strings.HasPrefix(paramErr.Field, field) {
					t.Errorf("%s = %q: got %v, want a *ParamError", field, text, err)
				}
				if err != nil && strings.ContainsAny(err.Error(), "\r\n\x00\x1b") {
					t.Errorf("%s = %q: the error repeats it raw: %q", field, text, err)
				}
			}
		}
	}
	if places < 17 {
		t.Errorf("%d texts found in the request, want at least 17", places)
	}
}

// textsOf finds the places of a struct that hold text: strings, and lists of
// strings or of structs with strings.
func textsOf(of reflect.Type) map[string]func(reflect.Value, string) {
	places := make(map[string]func(reflect.Value, string))
	for i := range of.NumField() {
		name, kind := of.Field(i).Name, of.Field(i).Type
		switch {
		case kind.Kind() == reflect.String:
			places[name] = func(v reflect.Value, text string) { v.Field(i).SetString(text) }
		case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.String:
			places[name+"[1]"] = func(v reflect.Value, text string) {
				v.Field(i).Set(reflect.MakeSlice(kind, 2, 2))
				v.Field(i).Index(0).SetString("fine")
				v.Field(i).Index(1).SetString(text)
			}
		case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct:
			for inner, set := range textsOf(kind.Elem()) {
				places[name+"[0]."+inner] = func(v reflect.Value, text string) {
					v.Field(i).Set(reflect.MakeSlice(kind, 1, 1))
					for other, fine := range textsOf(kind.Elem()) {
						if other != inner {
							fine(v.Field(i).Index(0), "fine")
						}
					}
					set(v.Field(i).Index(0), text)
				}
			}
		}
	}
	return places
}

var signatures = []appstreaming.Signature{appstreaming.SignatureACS3, appstreaming.SignatureRPC}

func imageIDs(images []appstreaming.Image) []string {
	ids := make([]string, len(images))
	for i := range images {
		ids[i] = images[i].ImageID
	}
	return ids
}

func TestAListingOverRealSocketsYieldsEveryImageOnceAsTheServiceHasIt(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 99, 100, 101, 237, 1000} {
		want := appstreamingtest.SampleImages(count)
		for _, size := range []int{7, 100} {
			if count > 500 && size < 100 {
				continue // many requests that show nothing else
			}
			for _, prefetch := range []int{0, 8} {
				for _, signature := range signatures {
					name := fmt.Sprintf("%d images by %d, prefetch %d, %v", count, size, prefetch, signature)
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						service := appstreamingtest.NewServer(t, want...)
						client := service.Client(appstreaming.WithSignature(signature), appstreaming.WithPrefetch(prefetch))
						got, err := appstreaming.Collect(client.Images(t.Context(), appstreaming.ListImageRequest{PageSize: size}))
						if err != nil {
							t.Fatal(err)
						}
						if !slices.Equal(imageIDs(want), imageIDs(got)) {
							t.Fatalf("%d images of %d, or in another order", len(got), len(want))
						}
						if 0 < count && count <= 101 { // the larger ones would take long to compare
							if diff := cmp.Diff(want, got); diff != "" {
								t.Errorf("images (-want +got):\n%s", diff)
							}
						}
						if pages := max(1, (count+size-1)/size); service.RequestCount() != pages {
							t.Errorf("%d requests, want %d", service.RequestCount(), pages)
						}
					})
				}
			}
		}
	}
}

func TestEveryParameterReachesTheServiceUnderItsWireName(t *testing.T) {
	t.Parallel()
	req := appstreaming.ListImageRequest{
		ImageID: "imgc-1", ImageName: "设计 云&=+%", Status: appstreaming.ImageStatusAvailable, ImageType: appstreaming.ImageTypeUser,
		PackageType: appstreaming.PackageTypeECS, OSType: appstreaming.OSTypeWindows, ProtocolType: appstreaming.ProtocolTypeASP,
		Language: appstreaming.LanguageZhCN, PlatformName: appstreaming.PlatformNameWindowsServer2022, Distro: "Ubuntu 22.04 64位",
		FOTAVersion: "2.3.0", ResourceInstanceType: "eds.enterprise_office.2c4g", BizType: appstreaming.Ptr(int32(1)), BizTypes: []int32{1, 1},
		ProductType: appstreaming.ProductTypeCloudApp, ProductTypes: appstreaming.ProductType("").Values(),
		PlatformNames: []appstreaming.PlatformName{appstreaming.PlatformNameUbuntu, appstreaming.PlatformNameWindows11},
		Features:      []appstreaming.Feature{appstreaming.FeatureGPU, appstreaming.FeatureBuilder}, BizRegionIDs: []string{"cn-shanghai"},
		Tags: []appstreaming.Tag{{Key: "env", Value: "test"}, {Key: "团队"}}, PageNumber: 2, PageSize: 50,
	}
	want := map[string]string{
		"ImageId": "imgc-1", "ImageName": "设计 云&=+%", "Status": "AVAILABLE", "ImageType": "User", "PackageType": "Ecs",
		"OsType": "Windows", "ProtocolType": "ASP", "LanguageType": "zh-CN", "PlatformName": "Windows Server 2022",
		"Distro": "Ubuntu 22.04 64位", "FotaVersion": "2.3.0", "ResourceInstanceType": "eds.enterprise_office.2c4g",
		"BizType": "1", "BizTypeList.1": "1", "BizTypeList.2": "1",
		"ProductType": "CloudApp", "ProductTypeList.1": "CloudDesktop", "ProductTypeList.2": "CloudApp", "ProductTypeList.3": "WuyingServer",
		"PlatformNameList.1": "Ubuntu", "PlatformNameList.2": "Windows 11", "FeatureList.1": "GPU", "FeatureList.2": "Builder",
		"BizRegionIdList.1": "cn-shanghai", "TagList.1.Key": "env", "TagList.1.Value": "test", "TagList.2.Key": "团队",
		"PageNumber": "2", "PageSize": "50", "Zone": "z",
	}
	for _, signature := range signatures {
		t.Run(signature.String(), func(t *testing.T) {
			t.Parallel()
			service := appstreamingtest.NewServer(t)
			client := service.Client(appstreaming.WithSignature(signature))
			if _, err := client.ListImage(t.Context(), req, appstreaming.WithParam("Zone", "z")); err != nil {
				t.Fatal(err)
			}
			got := service.Requests()[0]
			if diff := cmp.Diff(want, got.Params); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
			wantMethod, wantInQuery := "POST", []string{"Distro", "TagList.1.Key", "TagList.1.Value", "TagList.2.Key"}
			if signature == appstreaming.SignatureRPC {
				wantMethod, wantInQuery = "GET", nil
				for name := range want {
					wantInQuery = append(wantInQuery, name)
				}
				slices.Sort(wantInQuery)
			}
			if diff := cmp.Diff(wantInQuery, got.InQuery); diff != "" || got.Method != wantMethod || got.Scheme != signature.String() {
				t.Errorf("%s signed %s, want %s signed %v; in the query (-want +got):\n%s",
					got.Method, got.Scheme, wantMethod, signature, diff)
			}
		})
	}
}

func TestALongRPCRequestTravelsAsAForm(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	var tags []appstreaming.Tag
	for i := range 100 {
		tags = append(tags, appstreaming.Tag{Key: fmt.Sprintf("key-%d", i), Value: strings.Repeat("值", 20)})
	}
	client := service.Client(appstreaming.WithSignature(appstreaming.SignatureRPC))
	_, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{Tags: tags})
	if err != nil {
		t.Fatal(err)
	}
	if got := service.Requests()[0]; got.Method != "POST" || len(got.InQuery) != 0 || len(got.Params) != 200 {
		t.Errorf("%s with %d parameters, %d of them in the query; want POST, 200 and 0", got.Method, len(got.Params), len(got.InQuery))
	}
}

func TestEveryKindOfCredentialsIsAccepted(t *testing.T) {
	t.Parallel()
	for name, provider := range map[string]appstreaming.CredentialsProvider{
		"access key": appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, ""),
		"STS": appstreaming.StaticCredentials(
			appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken),
		"bearer token": appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
			return appstreaming.Credentials{BearerToken: appstreamingtest.BearerToken}, nil
		}),
	} {
		for _, signature := range signatures {
			t.Run(fmt.Sprintf("%s, %v", name, signature), func(t *testing.T) {
				t.Parallel()
				service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
				client := service.Client(appstreaming.WithCredentials(provider))
				page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}, appstreaming.WithSignature(signature))
				if err != nil || len(page.Images) != 3 {
					t.Errorf("got %v, %v", page, err)
				}
			})
		}
	}
}

// The default chain reads the process's environment, so this test cannot run in
// parallel with others.
func TestSixtyFourGoroutinesShareOneClient(t *testing.T) {
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", appstreamingtest.AccessKeyID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", appstreamingtest.AccessKeySecret)
	client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(service.URL()), appstreaming.WithPlainHTTP())
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	const calls = 20
	var callers sync.WaitGroup
	for n := range 64 {
		callers.Go(func() {
			for range calls {
				req := appstreaming.ListImageRequest{PageSize: 1}
				page, err := client.ListImage(context.Background(), req, appstreaming.WithSignature(signatures[n%2]))
				if err != nil || len(page.Images) != 1 {
					t.Errorf("got %v, %v", page, err)
					return
				}
			}
		})
	}
	callers.Wait()
	// On a slow machine a connection may idle out and be replaced.
	requests := service.RequestCount()
	if accepted, open := service.Connections(); open > 64 || accepted > 2*64 || requests != 64*calls {
		t.Errorf("%d connections, %d of them open, for %d requests; want at most 64 open, for %d", accepted, open, requests, 64*calls)
	}
}

func TestConnectionsAreReusedAfterErrorsToo(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	client := service.Client(appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: 1}))
	service.Fail(3, appstreamingtest.Fault{Code: appstreaming.CodeInternalError})
	service.Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeInvalidBizType})
	for range 3 {
		if page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{}); err == nil {
			t.Logf("page after %d attempts", page.Attempts)
		}
	}
	if accepted, _ := service.Connections(); accepted != 1 || service.RequestCount() != 6 {
		t.Errorf("%d connections for %d requests, want 1 for 6", accepted, service.RequestCount())
	}
}

func TestASignedURLIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	req := appstreaming.ListImageRequest{ImageName: "镜像", Tags: []appstreaming.Tag{{Key: "a b"}}}
	signed, err := service.Client().SignedURL(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{200, 400} {
		resp, err := service.HTTPClient().Get(signed)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("HTTP %d, want %d", resp.StatusCode, want)
		}
	}
}

// FuzzValidation passes arbitrary options and requests: nothing panics, refusals
// are typed errors, and accepted requests hold no control character and can be
// signed.
func FuzzValidation(f *testing.F) {
	f.Add("cn-shanghai", "https://example.com", "app", "1.0", "Zone", "z", "imgc-1", "env", "test", 1, 100, 3, int64(1))
	f.Add("x/../evil?", "http://u:p@h/?q#f", "a b", "\r\n", "a&b", "\x00", "\xff", "", "\n", -1, 101, 65, int64(-1))
	f.Add("", "::", "", "/", "Signature", "", "", "k", "", 0, 0, 0, int64(0))
	f.Fuzz(func(t *testing.T, region, endpoint, app, version, param, value, image, key, tag string, page, size, prefetch int, limit int64) {
		req := appstreaming.ListImageRequest{
			ImageID: image, Tags: []appstreaming.Tag{{Key: key, Value: tag}}, BizRegionIDs: []string{value},
			PageNumber: page, PageSize: size, BizType: appstreaming.Ptr(int32(page)),
		}
		requestErr := req.Validate()
		var paramErr *appstreaming.ParamError
		if requestErr != nil && !errors.As(requestErr, &paramErr) {
			t.Fatalf("%#v is refused by %T", req, requestErr)
		}
		credentials := appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI1", "hunter22-secret", ""))
		client, err := appstreaming.New(region, credentials, appstreaming.WithEndpoint(endpoint), appstreaming.WithApplication(app, version),
			appstreaming.WithParam(param, value), appstreaming.WithPrefetch(prefetch), appstreaming.WithMaxResponseBytes(limit))
		var optionErr *appstreaming.OptionError
		if err != nil {
			if !errors.As(err, &optionErr) || client != nil {
				t.Fatalf("options are refused by %T", err)
			}
			if client, err = appstreaming.New(region, credentials); err != nil {
				return
			}
		}
		signed, err := client.SignedURL(t.Context(), req)
		if (err == nil) != (requestErr == nil) {
			t.Fatalf("Validate says %v, SignedURL %v", requestErr, err)
		}
		if err != nil {
			return
		}
		u, err := url.Parse(signed)
		if err != nil || u.Scheme != "https" || u.Query().Get("ImageId") != image || !utf8.ValidString(signed) {
			t.Fatalf("%q is no URL of %#v: %v", signed, req, err)
		}
		for _, text := range []string{image, key, tag} {
			if strings.ContainsAny(text, "\r\n\x00") {
				t.Fatalf("%q is accepted", text)
			}
		}
	})
}
