package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

func TestWithoutCredentialsTheServiceIsBuiltIn(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	client, stop, err := Connect(func(string) string { return "" }, &stderr, "", false, appstreamingtest.SampleImages(3))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	page, err := client.ListImage(t.Context(), appstreaming.ListImageRequest{})
	if err != nil || page.Count != 3 {
		t.Errorf("got %v, %v; want three images", page, err)
	}
	if got := stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "built-in service with 3 sample images") {
		t.Errorf("stderr has %q, want one line that says so", got)
	}
}

func TestWithCredentialsTheServiceIsTheRegions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env    map[string]string
		region string
		live   bool
		want   string
	}{
		"access key":      {map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "x"}, "", false, "cn-shanghai"},
		"region variable": {map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "x", "ALIBABA_CLOUD_REGION_ID": "ap-southeast-1"}, "", false, "ap-southeast-1"},
		"region flag":     {map[string]string{"ALIBABA_CLOUD_REGION_ID": "ap-southeast-1"}, "cn-shanghai", true, "cn-shanghai"},
	} {
		var stderr bytes.Buffer
		client, stop, err := Connect(func(n string) string { return test.env[n] }, &stderr, test.region, test.live, nil)
		if err != nil {
			t.Fatal(err)
		}
		stop()
		if !strings.Contains(client.String(), "https://appstream-center."+test.want+".") || stderr.Len() > 0 {
			t.Errorf("%s: %v and %q, want the endpoint of %s and silence", name, client, stderr.String(), test.want)
		}
	}
}

func TestCommonFailuresComeWithAHint(t *testing.T) {
	t.Parallel()
	api := func(code appstreaming.Code) error { return &appstreaming.APIError{Code: code} }
	for want, err := range map[string]error{
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET":   &appstreaming.CredentialsError{Err: fmt.Errorf("%w at all", appstreaming.ErrNoCredentials)},
		"RAM action appstreaming:ListImage": api(appstreaming.CodeForbiddenNoPermission),
		"risk control":                      api("Forbidden.RiskControl"),
		"key is disabled":                   api("Forbidden.AccessKeyDisabled"),
		"share one rate limiter":            api(appstreaming.CodeRejectedThrottling),
		"a fault of the service":            api(appstreaming.CodeInternalError),
		"does not serve ListImage":          api(appstreaming.CodeInvalidAPINotFound),
		"missing or extra characters":       &appstreaming.CredentialsError{Err: errors.New("a space")},
		"certificate is not trusted":        &appstreaming.TransportError{Err: &tls.CertificateVerificationError{}},
		"answer is not this service's":      &appstreaming.DecodeError{},
		"clock is off":                      api(appstreaming.CodeInvalidTimestampExpired),
		"secret is wrong":                   api(appstreaming.CodeSignatureDoesNotMatch),
		"too many requests":                 api(appstreaming.CodeThrottlingUser),
		"cn-shanghai and ap-southeast-1":    &appstreaming.TransportError{Err: &net.DNSError{}},
		"too slow":                          &appstreaming.TransportError{Err: appstreaming.ErrAttemptTimeout},
		"-timeout":                          context.DeadlineExceeded,
		"check the network":                 &appstreaming.TransportError{Err: errors.New("refused")},
	} {
		if got := Hint(err); !strings.Contains(got, want) {
			t.Errorf("the hint for %v is %q, want %q in it", err, got, want)
		}
	}
	if got := Hint(errors.New("x")); got != "" {
		t.Errorf("the hint for an unknown failure is %q", got)
	}
}

func TestAReportNamesCodeMessageAndRequestID(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	code := Report(&stderr, "list-images", &appstreaming.APIError{Operation: "ListImage", Code: "Forbidden.NoPermission", Message: "denied", RequestID: "R-1", StatusCode: 403})
	for _, want := range []string{"list-images: ", "Forbidden.NoPermission", "denied", "R-1", "appstreaming:ListImage"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q does not have %q", stderr.String(), want)
		}
	}
	if code != ExitFailed {
		t.Errorf("exit code %d, want %d", code, ExitFailed)
	}
}

func TestAReportDoesNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	Report(&stderr, "list-images", &appstreaming.APIError{Code: "X", Message: "a\x1b[2J\rb\u202ec\nd云", RequestID: "R\r"})
	if got := stderr.String(); strings.ContainsAny(got, "\x1b\r\u202e") || !strings.Contains(got, "message:    a[2J bc d云\n") {
		t.Errorf("the report is %q", got)
	}
}

func TestAWrongRegionIsRefusedByTheBuiltInServiceToo(t *testing.T) {
	t.Parallel()
	var optionErr *appstreaming.OptionError
	if _, _, err := Connect(func(string) string { return "" }, new(bytes.Buffer), "x/../y", false, nil); !errors.As(err, &optionErr) {
		t.Errorf("got %v, want an *OptionError", err)
	}
}

func TestNearMissesAreRecognised(t *testing.T) {
	t.Parallel()
	values := []string{"Linux", "Windows", "Android", "Unknown", "zh-CN"}
	for value, want := range map[string]string{"WINDOWS": "Windows", "windwos": "Windows", "zh_cn": "zh-CN", "Linx": "Linux", "Solaris": ""} {
		if got := Nearest(value, values); got != want {
			t.Errorf("nearest to %s is %q, want %q", value, got, want)
		}
	}
}

func TestFilesAndBuffersAreNoTerminals(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if IsTerminal(new(bytes.Buffer)) || IsTerminal(null) {
		t.Error("a buffer or the null device counts as a terminal")
	}
}
