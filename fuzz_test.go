package appstreaming_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// separator stands between the texts of a fuzzed request. No parameter can hold
// it, so that nothing is out of the fuzzer's reach.
const separator = "\x1e"

// FuzzWhatValidatesIsAccepted sets every field and option of a request from
// fuzzed text. An invalid request is refused by a typed error before anything is
// sent. A valid one passes the double's verification with every signature and
// credential, and arrives unchanged.
func FuzzWhatValidatesIsAccepted(f *testing.F) {
	for _, values := range capturedValues(f) {
		f.Add(strings.Join(values, separator), uint64(0), int32(1), int32(0), int32(10), "Zone", "z", "app", "1.0", int64(0))
	}
	f.Add("imgc-1"+strings.Repeat(separator+"设计 云&=+%~*", 40), uint64(math.MaxUint64), int32(-1), int32(-1), int32(101),
		"TagList.1.Key", "\xff", "a b", "\r\n", int64(-1))
	// Every kind of list in turn, each of more than nine items.
	f.Add("imgc-1"+strings.Repeat(separator+"GPU", 200), uint64(0o7654321076543210)<<16|0x103, int32(1), int32(2), int32(100),
		"Zone", "z", "app", "1.0", int64(0))
	f.Add(separator, uint64(5), int32(0), int32(math.MaxInt32), int32(100), "Signature", "x", "", "", int64(math.MaxInt64))
	f.Add("a"+separator+"b\x00c", uint64(1)<<40, int32(7), int32(1), int32(1), "ImageName", "", "x", "", int64(1))

	service := appstreamingtest.New()
	f.Cleanup(service.Close)
	f.Fuzz(func(t *testing.T, text string, shape uint64, biz, page, size int32, param, value, app, version string, number int64) {
		req := fuzzedRequest(strings.Split(text, separator), shape, biz, page, size)
		var paramErr *appstreaming.ParamError
		requestErr := req.Validate()
		if requestErr != nil && !errors.As(requestErr, &paramErr) {
			t.Fatalf("%v is refused by %T", req, requestErr)
		}

		opts := fuzzedOptions(param, value, app, version, number)
		client, err := appstreaming.New(appstreaming.RegionShanghai, slices.Concat(opts, []appstreaming.Option{
			appstreaming.WithHTTPClient(appstreaming.HandledBy(service).Client()), appstreaming.WithCredentials(fuzzedCredentials(shape)),
			appstreaming.WithSignature(signatures[shape>>8&1]),
		})...)
		if err != nil {
			checkOptionError(t, "New", err)
			return
		}

		service.ForgetRequests()
		// The answer may be an error. This test checks only the request.
		_, err = client.ListImage(t.Context(), req,
			appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1}), appstreaming.WithMaxResponseBytes(1<<20))
		requests := service.Requests()
		if requestErr != nil {
			if err == nil || err.Error() != requestErr.Error() || len(requests) != 0 {
				t.Fatalf("got %v and %d requests, want %v and none", err, len(requests), requestErr)
			}
			return
		}
		if len(requests) != 1 {
			t.Fatalf("got %v and %d requests, want one", err, len(requests))
		}
		if err != nil && !errors.Is(err, appstreaming.CodeInvalidBizType) && !(overridesSomething(param) &&
			(errors.Is(err, appstreaming.CodeInvalidParameter) || errors.Is(err, appstreaming.CodeMissingParameter))) {
			t.Fatalf("%v validates, and is refused: %v", req, err)
		}
		want := wantParams(req)
		want[param] = value
		if diff := cmp.Diff(want, requests[0].Params); diff != "" {
			t.Fatalf("parameters (-want +got):\n%s", diff)
		}
		if agent := requests[0].Header.Get("User-Agent"); !strings.HasSuffix(agent, strings.TrimSuffix(" "+app+"/"+version, "/")) {
			t.Fatalf("User-Agent %q does not name %q and %q", agent, app, version)
		}
	})
}

// capturedValues returns the parameters' values of every captured request.
func capturedValues(tb testing.TB) [][]string {
	tb.Helper()
	file, err := os.Open("testdata/conformance/official-go-sdk-acs3.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	var all [][]string
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, mebibyte)
	for lines.Scan() {
		var record struct{ Request struct{ Target, Body string } }
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			tb.Fatal(err)
		}
		_, query, _ := strings.Cut(record.Request.Target, "?")
		pairs, err := url.ParseQuery(strings.Trim(query+"&"+record.Request.Body, "&"))
		if err != nil {
			tb.Fatal(err)
		}
		var values []string
		for _, name := range slices.Sorted(func(yield func(string) bool) {
			for name := range pairs {
				if !yield(name) {
					return
				}
			}
		}) {
			values = append(values, pairs[name]...)
		}
		all = append(all, values)
	}
	if len(all) < 80 {
		tb.Fatalf("%d captured requests, want at least 80", len(all))
	}
	return all
}

// fuzzedRequest deals the texts out to the fields. Those left over go to lists.
func fuzzedRequest(texts []string, shape uint64, biz, page, size int32) appstreaming.ListImageRequest {
	next := func() (text string) {
		if len(texts) > 0 {
			text, texts = texts[0], texts[1:]
		}
		return text
	}
	req := appstreaming.ListImageRequest{
		ImageID: next(), ImageName: next(), Status: appstreaming.ImageStatus(next()), ImageType: appstreaming.ImageType(next()),
		PackageType: appstreaming.PackageType(next()), OSType: appstreaming.OSType(next()), ProtocolType: appstreaming.ProtocolType(next()),
		Language: appstreaming.Language(next()), PlatformName: appstreaming.PlatformName(next()), Distro: next(), FOTAVersion: next(),
		ResourceInstanceType: next(), ProductType: appstreaming.ProductType(next()), PageNumber: int(page), PageSize: int(size),
	}
	if shape&1 != 0 {
		req.BizType = &biz
	}
	if shape&2 != 0 {
		req.BizTypes = []int32{biz, 1, biz}
	}
	for i := 0; len(texts) > 0; i++ {
		switch (shape >> 16 >> (i % 16 * 3)) & 7 {
		case 0:
			req.ProductTypes = append(req.ProductTypes, appstreaming.ProductType(next()))
		case 1:
			req.PlatformNames = append(req.PlatformNames, appstreaming.PlatformName(next()))
		case 2, 3:
			req.Features = append(req.Features, appstreaming.Feature(next()))
		case 4:
			req.BizRegionIDs = append(req.BizRegionIDs, next())
		default:
			req.Tags = append(req.Tags, appstreaming.Tag{Key: next(), Value: next()})
		}
	}
	return req
}

func fuzzedOptions(param, value, app, version string, number int64) []appstreaming.Option {
	return []appstreaming.Option{
		appstreaming.WithParam(param, value), appstreaming.WithApplication(app, version), appstreaming.WithMaxResponseBytes(number | 1),
		appstreaming.WithPrefetch(int(number % (appstreaming.MaxPrefetch + 1))),
		appstreaming.WithRetry(appstreaming.RetryPolicy{
			MaxAttempts: int(number >> 3), BaseDelay: time.Duration(number >> 40), MaxDelay: time.Duration(number >> 5),
			AttemptTimeout: time.Duration(number >> 9), Budget: int(number >> 20),
		}),
		appstreaming.WithRawResponse(),
	}
}

func fuzzedCredentials(shape uint64) appstreaming.CredentialsProvider {
	return appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
		switch shape >> 4 & 3 {
		case 0:
			return appstreaming.Credentials{BearerToken: appstreamingtest.BearerToken}, nil
		case 1:
			return appstreaming.Credentials{AccessKeyID: appstreamingtest.STSAccessKeyID, AccessKeySecret: appstreamingtest.STSAccessKeySecret,
				SecurityToken: appstreamingtest.SecurityToken}, nil
		}
		return appstreaming.Credentials{AccessKeyID: appstreamingtest.AccessKeyID, AccessKeySecret: appstreamingtest.AccessKeySecret}, nil
	})
}

// overridesSomething reports whether a parameter given by WithParam has a
// meaning for the service, which may then not like its value.
func overridesSomething(param string) bool {
	name, _, _ := strings.Cut(param, ".")
	return name == "PageNumber" || name == "PageSize" || strings.HasSuffix(name, "List")
}

// wantParams flattens a request by a rule of its own: every text under its
// name, every item of a list under name, number and member.
func wantParams(req appstreaming.ListImageRequest) map[string]string {
	want := map[string]string{
		"ImageId": req.ImageID, "ImageName": req.ImageName, "Status": string(req.Status), "ImageType": string(req.ImageType),
		"PackageType": string(req.PackageType), "OsType": string(req.OSType), "ProtocolType": string(req.ProtocolType),
		"LanguageType": string(req.Language), "PlatformName": string(req.PlatformName), "Distro": req.Distro,
		"FotaVersion": req.FOTAVersion, "ResourceInstanceType": req.ResourceInstanceType, "ProductType": string(req.ProductType),
		"PageNumber": strings.TrimPrefix(strconv.Itoa(req.PageNumber), "0"),
		"PageSize":   strings.TrimPrefix(strconv.Itoa(req.PageSize), "0"),
	}
	if req.BizType != nil {
		want["BizType"] = fmt.Sprint(*req.BizType)
	}
	items := func(name, member string, count int, item func(int) any) {
		for i := range count {
			want[fmt.Sprintf("%s.%d%s", name, i+1, member)] = fmt.Sprint(item(i))
		}
	}
	items("BizTypeList", "", len(req.BizTypes), func(i int) any { return req.BizTypes[i] })
	items("ProductTypeList", "", len(req.ProductTypes), func(i int) any { return req.ProductTypes[i] })
	items("PlatformNameList", "", len(req.PlatformNames), func(i int) any { return req.PlatformNames[i] })
	items("FeatureList", "", len(req.Features), func(i int) any { return string(req.Features[i]) })
	items("BizRegionIdList", "", len(req.BizRegionIDs), func(i int) any { return req.BizRegionIDs[i] })
	items("TagList", ".Key", len(req.Tags), func(i int) any { return req.Tags[i].Key })
	items("TagList", ".Value", len(req.Tags), func(i int) any { return req.Tags[i].Value })
	for name, value := range want {
		if value == "" {
			delete(want, name)
		}
	}
	return want
}

// FuzzSignThenVerify lets the double verify what the client signs, in both ways.
// The two share no code. The double accepts every valid request and reads the
// same parameters from both.
func FuzzSignThenVerify(f *testing.F) {
	f.Add("imgc-1", "设计 云", "Ubuntu 22.04 64位", "env", "a+b/c=d&e%20*~", "secret/+=~", 3)
	f.Add("", " ", "'\"<>", "团队", "", "x", 11)
	f.Add("a", "😀", "\u00a0", "k", "\u200b", "`!@#$%^&*()", 0)
	f.Fuzz(func(t *testing.T, id, name, distro, key, value, secret string, items int) {
		req := appstreaming.ListImageRequest{ImageID: id, ImageName: name, Distro: distro}
		for range items % 20 {
			req.Features = append(req.Features, appstreaming.Feature(key))
			req.Tags = append(req.Tags, appstreaming.Tag{Key: key, Value: value})
		}
		if req.Validate() != nil || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || secret == "" {
			return // refused before anything is sent, as other tests show
		}
		service := appstreamingtest.New()
		defer service.Close()
		service.AddCredentials(appstreaming.Credentials{AccessKeyID: "LTAI-fuzz", AccessKeySecret: secret})
		var params []map[string]string
		for _, signature := range signatures {
			client, err := appstreaming.New("cn-shanghai", appstreaming.WithSignature(signature),
				appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1}),
				appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI-fuzz", secret, "")),
				appstreaming.WithHTTPClient(appstreaming.HandledBy(service).Client()))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.ListImage(t.Context(), req); err != nil {
				t.Fatalf("%v: %v", signature, err)
			}
			params = append(params, service.Requests()[len(params)].Params)
		}
		if diff := cmp.Diff(params[0], params[1]); diff != "" || params[0]["ImageName"] != name || params[0]["Distro"] != distro {
			t.Fatalf("%v arrives as %v; the two signatures' parameters differ by:\n%s", req, params[0], diff)
		}
	})
}
