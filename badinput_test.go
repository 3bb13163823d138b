package appstreaming

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestNewRefusesWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		region string
		opts   []Option
		text   []string // what the error must name
	}{
		"region with a path":             {"x/../evil?", nil, []string{"New", "x/../evil?", "a-z, 0-9"}},
		"region with a dot":              {"cn.shanghai", nil, []string{"cn.shanghai", "a-z, 0-9"}},
		"region in capitals":             {"CN-SHANGHAI", nil, []string{"CN-SHANGHAI", "a-z, 0-9"}},
		"region with a hyphen at an end": {"-cn", nil, []string{"-cn", "begins nor ends"}},
		"overlong region":                {strings.Repeat("a", 41), nil, []string{"40 characters"}},
		"VPC endpoint without one":       {"cn-hangzhou", []Option{WithVPCEndpoint()}, []string{"WithVPCEndpoint", "cn-hangzhou"}},
		"endpoint without scheme":        {"", []Option{WithEndpoint("example.com")}, []string{"WithEndpoint", "scheme is missing"}},
		"endpoint with another scheme":   {"", []Option{WithEndpoint("ftp://example.com")}, []string{"ftp://example.com", "must be https"}},
		"endpoint with a path":           {"", []Option{WithEndpoint("https://example.com/a")}, []string{"https://example.com", "path"}},
		"endpoint with user information": {"", []Option{WithEndpoint("https://u:hunter22@example.com")}, []string{"https://example.com", "user information"}},
		"endpoint with a query":          {"", []Option{WithEndpoint("https://example.com?a=1")}, []string{"https://example.com", "query"}},
		"endpoint with a fragment":       {"", []Option{WithEndpoint("https://example.com#a")}, []string{"https://example.com", "fragment"}},
		"endpoint without host":          {"", []Option{WithEndpoint("https://")}, []string{"host is missing"}},
		"endpoint with a line break":     {"", []Option{WithEndpoint("https://exa\r\nmple.com")}, []string{"not a URL"}},
		"plain http":                     {"", []Option{WithEndpoint("http://example.com")}, []string{"http://example.com", "WithPlainHTTP"}},
		"nil option":                     {"cn-shanghai", []Option{WithPlainHTTP(), nil}, []string{"option 2", "nil"}},
		"nil http.Client":                {"cn-shanghai", []Option{WithHTTPClient(nil)}, []string{"WithHTTPClient", "nil"}},
		"nil credentials":                {"cn-shanghai", []Option{WithCredentials(nil)}, []string{"WithCredentials", "nil"}},
		"nil limiter":                    {"cn-shanghai", []Option{WithRateLimit(nil)}, []string{"WithRateLimit", "nil"}},
		"nil logger":                     {"cn-shanghai", []Option{WithLogger(nil)}, []string{"WithLogger", "nil"}},
		"nil observer":                   {"cn-shanghai", []Option{WithObserver(nil)}, []string{"WithObserver", "nil"}},
		"unknown signature":              {"cn-shanghai", []Option{WithSignature(7)}, []string{"WithSignature", "Signature(7)"}},
		"negative prefetch":              {"cn-shanghai", []Option{WithPrefetch(-1)}, []string{"WithPrefetch", "-1", "0 to 64"}},
		"prefetch too large":             {"cn-shanghai", []Option{WithPrefetch(65)}, []string{"WithPrefetch", "65", "0 to 64"}},
		"no room for a response":         {"cn-shanghai", []Option{WithMaxResponseBytes(0)}, []string{"WithMaxResponseBytes", `"0"`, "positive"}},
		"negative attempts":              {"cn-shanghai", []Option{WithRetry(RetryPolicy{MaxAttempts: -1})}, []string{"WithRetry", "MaxAttempts: -1", "negative"}},
		"negative base delay":            {"cn-shanghai", []Option{WithRetry(RetryPolicy{BaseDelay: -1})}, []string{"BaseDelay: -1ns"}},
		"negative max delay":             {"cn-shanghai", []Option{WithRetry(RetryPolicy{MaxDelay: -1})}, []string{"MaxDelay: -1ns"}},
		"negative timeout":               {"cn-shanghai", []Option{WithRetry(RetryPolicy{AttemptTimeout: -1})}, []string{"AttemptTimeout: -1ns"}},
		"base over max delay":            {"cn-shanghai", []Option{WithRetry(RetryPolicy{BaseDelay: time.Minute})}, []string{"BaseDelay: 1m0s", "MaxDelay, 20s"}},
		"application with a space":       {"cn-shanghai", []Option{WithApplication("my app", "1")}, []string{"WithApplication", "my app"}},
		"application with a line break":  {"cn-shanghai", []Option{WithApplication("app", "1\r\nX: y")}, []string{"WithApplication"}},
		"application without name":       {"cn-shanghai", []Option{WithApplication("", "1")}, []string{"WithApplication", "empty"}},
		"parameter without name":         {"cn-shanghai", []Option{WithParam("", "x")}, []string{"WithParam"}},
		"parameter name with an &":       {"cn-shanghai", []Option{WithParam("a&b", "x")}, []string{"WithParam", "a&b"}},
		"parameter used for signing":     {"cn-shanghai", []Option{WithParam("signatureNonce", "x")}, []string{"WithParam", "signatureNonce", "signing"}},
		"parameter value with NUL":       {"cn-shanghai", []Option{WithParam("A", "x\x00")}, []string{"WithParam", "control characters"}},
		"parameter value not UTF-8":      {"cn-shanghai", []Option{WithParam("A", "\xff")}, []string{"WithParam", "UTF-8"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := New(test.region, test.opts...)
			var optionErr *OptionError
			if !errors.As(err, &optionErr) || client != nil {
				t.Fatalf("New returned %v, %v; want an *OptionError", client, err)
			}
			for _, want := range test.text {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter22") {
				t.Errorf("%q shows the password", err)
			}
		})
	}
}

func TestNewWithoutAnyRegionSaysWhatToDo(t *testing.T) {
	t.Setenv("ALIBABA_CLOUD_REGION_ID", "")
	_, err := New("")
	if err == nil || !strings.Contains(err.Error(), "ALIBABA_CLOUD_REGION_ID") {
		t.Errorf("New returned %v, want it to name the variable", err)
	}
}

func TestNewTakesTheRegionFromTheEnvironment(t *testing.T) {
	t.Setenv("ALIBABA_CLOUD_REGION_ID", "ap-southeast-1")
	client, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := client.String(), "appstreaming.Client(https://appstream-center.ap-southeast-1.aliyuncs.com)"; got != want {
		t.Errorf("client is %s, want %s", got, want)
	}
}

func TestEndpointsFollowTheTableAndThenTheRule(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		region string
		opts   []Option
		want   string
	}{
		"documented":        {"cn-shanghai", nil, "https://appstream-center.cn-shanghai.aliyuncs.com"},
		"international":     {"ap-southeast-1", nil, "https://appstream-center.ap-southeast-1.aliyuncs.com"},
		"by rule":           {"eu-central-1", nil, "https://appstream-center.eu-central-1.aliyuncs.com"},
		"VPC":               {"cn-shanghai", []Option{WithVPCEndpoint()}, "https://appstream-center.vpc-proxy.aliyuncs.com"},
		"given":             {"", []Option{WithEndpoint("https://proxy.example.com:8443/")}, "https://proxy.example.com:8443"},
		"given over region": {"cn-shanghai", []Option{WithEndpoint("https://[::1]:8443")}, "https://[::1]:8443"},
		"plain http":        {"", []Option{WithEndpoint("http://127.0.0.1:1"), WithPlainHTTP()}, "http://127.0.0.1:1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := New(test.region, test.opts...)
			if err != nil {
				t.Fatal(err)
			}
			if got := client.cfg.endpoint.String(); got != test.want {
				t.Errorf("endpoint %s, want %s", got, test.want)
			}
		})
	}
}

func TestRequestsThatCannotBeAcceptedAreNotSent(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		req   ListImageRequest
		field string
		text  string
	}{
		"negative page number":    {ListImageRequest{PageNumber: -1}, "PageNumber", "must not be negative"},
		"negative page size":      {ListImageRequest{PageSize: -1}, "PageSize", "0 to 100"},
		"page size over 100":      {ListImageRequest{PageSize: 101}, "PageSize", "0 to 100"},
		"negative BizType":        {ListImageRequest{BizType: Ptr(int32(-1))}, "BizType", "negative"},
		"negative BizTypes":       {ListImageRequest{BizTypes: []int32{1, -1}}, "BizTypes[1]", "negative"},
		"NUL in the name":         {ListImageRequest{ImageName: "a\x00b"}, "ImageName", "control characters (U+0000 at byte 1)"},
		"line break in the id":    {ListImageRequest{ImageID: "a\r\nb"}, "ImageID", "control characters"},
		"DEL in the distribution": {ListImageRequest{Distro: "a\x7f"}, "Distro", "control characters"},
		"C1 control":              {ListImageRequest{Distro: "a\u0085"}, "Distro", "control characters"},
		"not UTF-8":               {ListImageRequest{Status: "\xff"}, "Status", "UTF-8"},
		"empty list item":         {ListImageRequest{Features: []Feature{"GPU", ""}}, "Features[1]", "empty"},
		"empty product type":      {ListImageRequest{ProductTypes: []ProductType{""}}, "ProductTypes[0]", "empty"},
		"empty platform name":     {ListImageRequest{PlatformNames: []PlatformName{""}}, "PlatformNames[0]", "empty"},
		"control in a region":     {ListImageRequest{BizRegionIDs: []string{"\t"}}, "BizRegionIDs[0]", "control characters"},
		"tag without key":         {ListImageRequest{Tags: []Tag{{Value: "v"}}}, "Tags[0].Key", "empty"},
		"control in a tag's key":  {ListImageRequest{Tags: []Tag{{Key: "\n"}}}, "Tags[0].Key", "control characters"},
		"control in a tag":        {ListImageRequest{Tags: []Tag{{Key: "k", Value: "\n"}}}, "Tags[0].Value", "control characters"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := New("cn-shanghai", WithHTTPClient(NothingSent(t).Client()), WithCredentials(StaticCredentials("id", "secret", "")))
			if err != nil {
				t.Fatal(err)
			}
			calls := map[string]func() error{
				"Validate":  test.req.Validate,
				"ListImage": func() error { _, err := client.ListImage(context.Background(), test.req); return err },
				"SignedURL": func() error { _, err := client.SignedURL(context.Background(), test.req); return err },
				"Next":      func() error { _, err := NewPager(client, test.req).Next(context.Background()); return err },
				"Images":    func() error { _, err := Collect(client.Images(context.Background(), test.req)); return err },
			}
			for call, f := range calls {
				var paramErr *ParamError
				if err := f(); !errors.As(err, &paramErr) {
					t.Errorf("%s returned %v, want a *ParamError", call, err)
				} else if paramErr.Field != test.field || !strings.Contains(err.Error(), test.text) {
					t.Errorf("%s returned %q, want field %s and %q", call, err, test.field, test.text)
				}
			}
		})
	}
}

func TestAZeroClientAnswersWithAnError(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]*Client{"zero": {}, "nil": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			_, listErr := client.ListImage(ctx, ListImageRequest{})
			_, urlErr := client.SignedURL(ctx, ListImageRequest{})
			_, withErr := client.With()
			_, imagesErr := Collect(client.Images(ctx, ListImageRequest{}))
			_, pagerErr := NewPager(client, ListImageRequest{}).Next(ctx)
			client.CloseIdleConnections()
			for call, err := range map[string]error{"ListImage": listErr, "SignedURL": urlErr, "With": withErr, "Images": imagesErr, "Pager": pagerErr} {
				if !errors.Is(err, ErrUninitialized) {
					t.Errorf("%s returned %v, want ErrUninitialized", call, err)
				}
			}
		})
	}
}

func TestAPagerWithoutListerAnswersWithAnError(t *testing.T) {
	t.Parallel()
	for name, pager := range map[string]*Pager{"nil lister": NewPager(nil, ListImageRequest{}), "zero": {}} {
		var optionErr *OptionError
		if _, err := pager.Next(context.Background()); !errors.As(err, &optionErr) {
			t.Errorf("%s: Next returned %v, want an *OptionError", name, err)
		}
	}
}

func TestCallOptionsAreCheckedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	client, err := New("cn-shanghai", WithHTTPClient(NothingSent(t).Client()), WithCredentials(StaticCredentials("id", "secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	var optionErr *OptionError
	if _, err := client.ListImage(context.Background(), ListImageRequest{}, WithEndpoint("http://plain.example.com")); !errors.As(err, &optionErr) {
		t.Errorf("ListImage returned %v, want an *OptionError", err)
	}
	if _, err := client.With(nil); !errors.As(err, &optionErr) {
		t.Errorf("With returned %v, want an *OptionError", err)
	}
	if _, err := NewPager(client, ListImageRequest{}, WithPrefetch(-1)).Next(context.Background()); !errors.As(err, &optionErr) {
		t.Errorf("Next returned %v, want an *OptionError", err)
	}
}
