package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// result is the result of a run of the program.
type result struct {
	code           int
	stdout, stderr string
}

func execute(ctx context.Context, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := program().Execute(ctx, demo.Isolated(&stdout, &stderr), args)
	return result{code, stdout.String(), stderr.String()}
}

// against runs the program against a service with the access key it knows.
func against(ctx context.Context, service *appstreamingtest.Server, args ...string) result {
	var stdout, stderr bytes.Buffer
	env := demo.Isolated(&stdout, &stderr)
	env.Credentials = appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")
	code := program().Execute(ctx, env, append([]string{"-endpoint", service.URL()}, args...))
	return result{code, stdout.String(), stderr.String()}
}

func TestWithoutCredentialsAllSampleImagesAreListed(t *testing.T) {
	t.Parallel()
	got := execute(t.Context())
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	if got.code != 0 || len(lines) != 1+sampleImages || !strings.HasPrefix(lines[0], "IMAGE ID") {
		t.Errorf("exit %d and %d lines beginning %q, want 0 and a header with %d images", got.code, len(lines), lines[0], sampleImages)
	}
	if got.stderr != demo.SampleNotice+"\n" {
		t.Errorf("stderr has %q, want one line that says so", got.stderr)
	}
}

func TestEveryFormHoldsTheSameImages(t *testing.T) {
	t.Parallel()
	want := appstreamingtest.SampleImages(5)
	lines := func(text string) (images []appstreaming.Image, err error) {
		for line := range strings.Lines(text) {
			var image appstreaming.Image
			if err := json.Unmarshal([]byte(line), &image); err != nil {
				return nil, err
			}
			images = append(images, image)
		}
		return images, nil
	}
	for form, read := range map[string]func(string) ([]appstreaming.Image, error){
		"json": func(text string) (images []appstreaming.Image, err error) {
			err = json.Unmarshal([]byte(text), &images)
			return images, err
		},
		"jsonl":  lines,
		"ndjson": lines,
	} {
		got := execute(t.Context(), "-o", form, "-limit", "5", "-page-size", "2", "-prefetch", "2")
		images, err := read(got.stdout)
		if err != nil || got.code != 0 {
			t.Fatalf("%s: exit %d, %v", form, got.code, err)
		}
		if diff := cmp.Diff(want, images); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
	}
}

func TestEmptyListingsAreWellFormed(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{"json": "[]\n", "jsonl": "", "table": "IMAGE ID", "csv": "ImageId,ImageName"} {
		got := execute(t.Context(), "-o", form, "-image-id", "none")
		if got.code != 0 || !strings.HasPrefix(got.stdout, want) || form == "jsonl" && got.stdout != "" {
			t.Errorf("%s: exit %d, %q", form, got.code, got.stdout)
		}
	}
}

func TestEveryParameterHasAFlag(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	got := against(t.Context(), service, "-image-id", "imgc-1", "-image-name", "云", "-status", "INIT",
		"-image-type", "User", "-package-type", "Ecs",
		"-os-type", "Linux", "-protocol-type", "ASP", "-language", "zh-CN", "-platform-name", "Windows 11",
		"-platform-names", "Ubuntu, Windows Server 2022", "-product-type", "CloudApp", "-product-types", "CloudApp, CloudDesktop",
		"-features", "GPU, Builder", "-biz-region-ids", " cn-shanghai", "-distro", "d", "-fota-version", "f",
		"-resource-instance-type", "r", "-biz-type", "1", "-biz-types", "1, 1", "-tag", "env=test", "-tag", "a=b=c",
		"-page", "2", "-page-size", "7", "-signature", "rpc")
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.stderr)
	}
	want := map[string]string{
		"ImageId": "imgc-1", "ImageName": "云", "Status": "INIT", "ImageType": "User", "PackageType": "Ecs",
		"OsType": "Linux", "ProtocolType": "ASP", "LanguageType": "zh-CN", "PlatformName": "Windows 11",
		"PlatformNameList.1": "Ubuntu", "PlatformNameList.2": "Windows Server 2022", "ProductType": "CloudApp",
		"ProductTypeList.1": "CloudApp", "ProductTypeList.2": "CloudDesktop", "FeatureList.1": "GPU", "FeatureList.2": "Builder",
		"BizRegionIdList.1": "cn-shanghai", "Distro": "d", "FotaVersion": "f", "ResourceInstanceType": "r",
		"BizType": "1", "BizTypeList.1": "1", "BizTypeList.2": "1", "TagList.1.Key": "env", "TagList.1.Value": "test",
		"TagList.2.Key": "a", "TagList.2.Value": "b=c", "PageNumber": "2", "PageSize": "7",
	}
	request := service.Requests()[0]
	if diff := cmp.Diff(want, request.Params); diff != "" || request.Scheme != appstreamingtest.SchemeRPC {
		t.Errorf("signed %s, parameters (-want +got):\n%s", request.Scheme, diff)
	}
	if !strings.Contains(request.Header.Get("User-Agent"), " list-images") {
		t.Errorf("User-Agent is %q", request.Header.Get("User-Agent"))
	}
}

func TestBadFlagsNameTheFlagAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, want string }{
		{"-os-type WINDOWS", `-os-type: unknown value "WINDOWS"; did you mean "Windows"? allowed are: Linux, Windows, Android, Unknown`},
		{"-product-types CloudApp,cloud-desktop", `did you mean "CloudDesktop"?`},
		{"-status GONE", "allowed are: AVAILABLE, INIT, CREATING, CREATE_FAILED"},
		{"-page-size 101", `-page-size: must be a number from 1 to 100`},
		{"-page-size 0", `-page-size: must be a number from 1 to 100`},
		{"-page-size abc", `-page-size: must be a number from 1 to 100`},
		{"-page -1", `-page: must be a number from 1`},
		{"-features GPU,", `-features: "" must not be empty`},
		{"-tag =x", `-tag: "" must not be empty`},
		{"-biz-type x", "must be a whole number"},
		{"-biz-types 1,x", "must be a whole number"},
		{"-o yaml", "allowed are: table, json, jsonl, csv"},
		{"-limit -1", "-limit: must be a number from 0"},
		{"-prefetch 65", "-prefetch: must be a number from 0 to 64"},
		{"-image-id=", "-image-id: must not be empty"},
		{"-os-type=", "-os-type: must not be empty"},
		{"-os-type", "-os-type: needs a value: Linux, Windows, Android, Unknown"},
		{"-page-size", "-page-size: needs a value: number of images a page, 1 to 100"},
		{"-os-typ Linux", "-os-typ: no such flag; did you mean -os-type?"},
		{"-columns ImageIds", `-columns: no column "ImageIds"; did you mean "ImageId"?`},
		{"-columns ImageId,", `-columns: no column ""`},
		{"-columns ImageId,Name,id", "-columns: column ImageId is named twice"},
		{"-limit 99999999999", "must be a number from 0 to 2147483647"},
		{"-limit 9999999999999999999999", "must be a number from 0 to 2147483647"},
		{"-columns ImageId -o json", "-columns is for -o table and -o csv"},
		{"-raw", "-raw is for -o csv"},
		{"-bom -o jsonl", "-bom is for -o csv"},
	} {
		got := execute(t.Context(), strings.Fields(test.args)...)
		if got.code != 2 || !strings.Contains(got.stderr, test.want) || got.stdout != "" {
			t.Errorf("%s: exit %d, %q; want 2 and %q", test.args, got.code, got.stderr, test.want)
		}
	}
	if got := execute(t.Context(), "-os-type", "Plan9", "-any-value"); got.code != 0 {
		t.Errorf("-any-value: exit %d, %s", got.code, got.stderr)
	}
}

func TestHelpListsEveryFlag(t *testing.T) {
	t.Parallel()
	got := execute(t.Context(), "-h")
	for _, name := range []string{"image-id", "tag", "any-value", "limit", "prefetch", "o", "columns", "raw", "bom", "endpoint", "v"} {
		if !strings.Contains(got.stdout, "\n  -"+name+" ") {
			t.Errorf("-%s is not in the usage", name)
		}
	}
	if got.code != 0 || got.stderr != "" {
		t.Errorf("exit %d, %q", got.code, got.stderr)
	}
}

func TestAFailedCallIsReportedWithAHint(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(150)...)
	service.Fail(1, appstreamingtest.Fault{Page: 2, Code: appstreaming.CodeForbiddenNoPermission})
	got := against(t.Context(), service, "-o", "jsonl")
	if got.code != 1 || strings.Count(got.stdout, "\n") != 100 {
		t.Errorf("exit %d with %d images, want 1 with those of the first page", got.code, strings.Count(got.stdout, "\n"))
	}
	for _, want := range []string{
		"failed after 100 images", "Forbidden.NoPermission", service.Requests()[1].RequestID, "grant the RAM action appstreaming:ListImage",
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr %q does not have %q", got.stderr, want)
		}
	}
}

func TestAnInterruptEndsTheListingAtOnce(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(150)...)
	ctx, cancel := context.WithCancel(t.Context())
	service.Fail(1, appstreamingtest.Fault{
		Page: 2, When: func(appstreamingtest.Request) bool { cancel(); return true }, Break: appstreamingtest.BreakHang,
	})
	start := time.Now()
	got := against(ctx, service)
	if got.code != 1 || !strings.Contains(got.stderr, "interrupted after 100 images") || strings.Count(got.stdout, "\n") != 101 {
		t.Errorf("exit %d, %d lines, %q; want 1 and the images listed before", got.code, strings.Count(got.stdout, "\n"), got.stderr)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestATimeoutIsReported(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	service.Fail(-1, appstreamingtest.Fault{Break: appstreamingtest.BreakHang})
	got := against(t.Context(), service, "-timeout", "50ms")
	if got.code != 1 || !strings.Contains(got.stderr, "-timeout") {
		t.Errorf("exit %d, %q; want 1 and a hint", got.code, got.stderr)
	}
}

func TestNoMoreImagesAreRequestedThanTheLimitNeeds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, pages string }{
		{"-limit 2", "1:2"},
		{"-limit 2 -prefetch 8", "1:2"},
		{"-limit 100", "1:100"},
		{"-limit 150 -prefetch 8", "1:100 2:100"},
		{"-limit 2 -page-size 50", "1:50"},
		{"-limit 2 -page 2", "2:100"}, // a smaller page would begin elsewhere
		{"-limit 0 -page-size 100", "1:100 2:100 3:100"},
	} {
		service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(237)...)
		got := against(t.Context(), service, strings.Fields(test.args)...)
		var pages []string
		for _, request := range service.Requests() {
			pages = append(pages, request.Params["PageNumber"]+":"+request.Params["PageSize"])
		}
		slices.Sort(pages)
		if diff := cmp.Diff(strings.Fields(test.pages), pages); diff != "" || got.code != 0 {
			t.Errorf("%s: exit %d, pages (-want +got):\n%s", test.args, got.code, diff)
		}
	}
}

func TestProgressIsAnErasedLine(t *testing.T) {
	t.Parallel()
	var terminal bytes.Buffer
	p := &progress{terminal: &terminal}
	for n := range 60 {
		p.show(n+1, 60)
	}
	p.clear()
	p.clear()
	if want := "\r25 of 60 images\x1b[K\r50 of 60 images\x1b[K\r60 of 60 images\x1b[K\r\x1b[K"; terminal.String() != want {
		t.Errorf("terminal shows %q, want %q", terminal.String(), want)
	}
	terminal.Reset()
	throttled := appstreaming.Attempt{Err: &appstreaming.APIError{Code: appstreaming.CodeThrottlingUser}}
	p.show(26, 60)
	for _, a := range []appstreaming.Attempt{throttled, throttled, {Waited: time.Second}} {
		p.observe(t.Context(), a)
	}
	p.show(50, 60)
	p.observe(t.Context(), appstreaming.Attempt{})
	p.show(60, 60)
	want := "\r26 of 60 images, the service throttles\x1b[K\r50 of 60 images, the service throttles\x1b[K\r60 of 60 images\x1b[K"
	if terminal.String() != want {
		t.Errorf("terminal shows %q, want %q", terminal.String(), want)
	}
	silent := newProgress(new(bytes.Buffer), false)
	silent.show(25, 60)
	silent.clear()
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestAReaderThatHasEnoughIsNoFailure(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]int{error(syscall.EPIPE): 0, io.ErrShortWrite: 1} {
		code := program().Execute(t.Context(), demo.Isolated(failing{err}, io.Discard), []string{"-o", "jsonl"})
		if code != want {
			t.Errorf("%v: exit %d, want %d", err, code, want)
		}
	}
}
