package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// counting is a program that prints the number of images and their source.
func counting() *Program {
	return &Program{
		Name:    "counting",
		Samples: func() []appstreaming.Image { return appstreamingtest.SampleImages(3) },
		Run: func(ctx context.Context, s *Session) error {
			page, err := s.Client.ListImage(ctx, appstreaming.ListImageRequest{})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Stdout, "%d from %s", page.Count, s.Source())
			return err
		},
	}
}

func validKey() appstreaming.CredentialsProvider {
	return appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")
}

func failing(err error) appstreaming.CredentialsProvider {
	return appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
		return appstreaming.Credentials{}, err
	})
}

func TestSampleDataIsUsedOnlyWhereNoSourceHasCredentials(t *testing.T) {
	t.Parallel()
	nothing := failing(appstreaming.ErrNoCredentials)
	broken := failing(errors.Join(appstreaming.ErrNoCredentials, appstreaming.ErrCredentialsSource))
	for name, test := range map[string]struct {
		chain  appstreaming.CredentialsProvider
		args   string
		sample bool
	}{
		"nothing anywhere":                {nothing, "", true},
		"the chain finds a key":           {validKey(), "", false},
		"a source is set up but broken":   {broken, "", false},
		"the provider fails otherwise":    {failing(errors.New("refused")), "", false},
		"-live without credentials":       {nothing, "-live", false},
		"-live=false with a key":          {validKey(), "-live=false", true},
		"an endpoint without credentials": {nothing, "-endpoint https://example.com", false},
		"a profile":                       {nothing, "-profile work", false},
	} {
		var stdout, stderr bytes.Buffer
		env := Isolated(&stdout, &stderr)
		env.Credentials = test.chain
		p := counting()
		sample := false
		p.Run = func(_ context.Context, s *Session) error { sample = s.Service != nil; return nil }
		if code := p.Execute(t.Context(), env, strings.Fields(test.args)); code != 0 || sample != test.sample {
			t.Errorf("%s: exit %d, sample data: %v, want %v; %s", name, code, sample, test.sample, stderr.String())
		}
		if said := stderr.String() == SampleNotice+"\n"; said != (sample && test.args == "") {
			t.Errorf("%s: stderr has %q", name, stderr.String())
		}
	}
}

// full is an output on a disk that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestHelpThatCannotBeWrittenIsAFailure(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	if code := counting().Execute(t.Context(), Isolated(full{}, &stderr), []string{"-h"}); code != ExitFailed || stderr.Len() == 0 {
		t.Errorf("exit %d, %q", code, stderr.String())
	}
}

func TestASourceThatIsNamedIsSetUp(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	config := filepath.Join(home, ".aliyun", "config.json")
	if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "x"}, true},
		{map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "x"}, true},
		{map[string]string{"ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "x"}, true},
		{map[string]string{"ALIBABA_CLOUD_CREDENTIALS_URI": "x"}, true},
		{map[string]string{"ALIBABA_CLOUD_ECS_METADATA": "x"}, true},
		{map[string]string{"HOME": home}, true},
		{map[string]string{"USERPROFILE": home}, true},
		{map[string]string{"HOME": home, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"}, false},
		{map[string]string{"HOME": t.TempDir()}, false},
		{map[string]string{"HOME": t.TempDir(), "ALIBABA_CLOUD_CREDENTIALS_FILE": "x"}, true},
	} {
		if got := isConfigured(func(n string) string { return test.env[n] }); got != test.want {
			t.Errorf("%v: %v, want %v", test.env, got, test.want)
		}
	}
}

func TestASourceThatDoesNotAnswerIsGivenUpAfterASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := appstreaming.CredentialsFunc(func(ctx context.Context) (appstreaming.Credentials, error) {
			<-ctx.Done()
			return appstreaming.Credentials{}, ctx.Err()
		})
		client, err := appstreaming.New("cn-shanghai", appstreaming.WithCredentials(silent))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		found, err := hasCredentials(t.Context(), client, func(string) string { return "" })
		if took := time.Since(start); found || err != nil || took != time.Second {
			t.Errorf("%v, %v after %v; want none after a second", found, err, took)
		}
		found, err = hasCredentials(t.Context(), client, func(string) string { return "x" })
		if !found || err != nil {
			t.Errorf("%v, %v; want a slow source that is set up to count", found, err)
		}
	})
}

func TestTheFlagsOfTheConnectionReachTheClient(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	var stdout, stderr bytes.Buffer
	env := Isolated(&stdout, &stderr)
	env.Credentials = validKey()
	code := counting().Execute(t.Context(), env, []string{"-endpoint", service.URL(), "-signature", "rpc", "-v", "-region", "ap-southeast-1"})
	if code != 0 || stdout.String() != "3 from ap-southeast-1" || !strings.Contains(stderr.String(), "level=DEBUG") {
		t.Errorf("exit %d, %q, %q", code, stdout.String(), stderr.String())
	}
	request := service.Requests()[0]
	if request.Scheme != appstreamingtest.SchemeRPC || !strings.Contains(request.Header.Get("User-Agent"), " counting") {
		t.Errorf("the request is signed %s by %s", request.Scheme, request.Header.Get("User-Agent"))
	}
	if strings.Contains(stderr.String(), appstreamingtest.AccessKeySecret) {
		t.Error("the log has the secret")
	}
}

func TestTheRegionIsTheFlagsElseTheEnvironmentsElseShanghai(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, variable, want string }{
		{"", "", "cn-shanghai"},
		{"", "ap-southeast-1", "ap-southeast-1"},
		{"-region cn-shanghai", "ap-southeast-1", "cn-shanghai"},
	} {
		var got string
		p := &Program{Name: "p", Run: func(_ context.Context, s *Session) error { got = s.Client.String(); return nil }}
		env := Isolated(io.Discard, io.Discard)
		env.Getenv = func(string) string { return test.variable }
		p.Execute(t.Context(), env, append([]string{"-live"}, strings.Fields(test.args)...))
		if !strings.Contains(got, "https://appstream-center."+test.want+".") {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func TestInvalidFlagsAreExplained(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-live=maybe":                       "-live: must be true or false",
		"-region=":                          "-region: must not be empty",
		"-region":                           "-region: needs a value: region of the endpoint",
		"-region x/../y":                    `-region: "x/../y": a region consists of`,
		"-signature v4":                     "allowed are: acs3, rpc",
		"-signatur rpc":                     "-signatur: no such flag; did you mean -signature?",
		"-nonsense":                         "-nonsense: no such flag\n",
		"-timeout -1s":                      "-timeout: must be a duration with its unit",
		"-timeout 5":                        "-timeout: must be a duration with its unit",
		"-endpoint http://example.com":      "http is for loopback only",
		"-endpoint example.com":             "scheme is missing",
		"-endpoint http://[::1]/x":          "-endpoint: ",
		"-live=false -endpoint https://x.y": "-live=false and -endpoint exclude each other",
		"-live=false -profile x":            "-live=false and -profile exclude each other",
		"-profile=":                         "-profile: must not be empty",
		"images":                            `unexpected argument "images"`,
	} {
		var stdout, stderr bytes.Buffer
		code := counting().Execute(t.Context(), Isolated(&stdout, &stderr), strings.Fields(args))
		isShort := stdout.Len() == 0 && strings.Count(stderr.String(), "\n") <= 2
		if code != ExitUsage || !strings.Contains(stderr.String(), want) || !isShort {
			t.Errorf("%s: exit %d, %q; want 2 and %q in two lines", args, code, stderr.String(), want)
		}
	}
	var stderr bytes.Buffer
	env := Isolated(io.Discard, &stderr)
	env.Getenv = func(name string) string { return map[string]string{"ALIBABA_CLOUD_REGION_ID": "x/../y"}[name] }
	code := counting().Execute(t.Context(), env, nil)
	if code != ExitUsage || !strings.Contains(stderr.String(), "ALIBABA_CLOUD_REGION_ID: ") {
		t.Errorf("exit %d, %q", code, stderr.String())
	}
}

func TestHelpListsEveryFlagWithinTheTerminalsWidth(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{60, 80, 0} {
		var stdout bytes.Buffer
		env := Isolated(&stdout, io.Discard)
		env.Columns = func(io.Writer) int { return columns }
		if code := counting().Execute(t.Context(), env, []string{"-h"}); code != ExitOK {
			t.Errorf("exit %d", code)
		}
		for _, name := range []string{"-live", "-endpoint", "-region", "-profile", "-signature", "-timeout", "-v"} {
			if !strings.Contains(stdout.String(), "\n  "+name+" ") {
				t.Errorf("%s is not in %s", name, stdout.String())
			}
		}
		for line := range strings.Lines(stdout.String()) {
			if n := len(strings.TrimRight(line, "\n")); n > max(columns, 60) && (columns > 0 || n > 100) {
				t.Errorf("a line of %d columns for %d: %s", n, columns, line)
			}
		}
	}
}

func TestDefaultsOfDurationsAreShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		30 * time.Minute: "30m", time.Minute: "1m", 3 * time.Hour: "3h", 10 * time.Hour: "10h",
		90 * time.Minute: "1h30m", 30 * time.Second: "30s", 90 * time.Second: "1m30s",
	} {
		if got := shortDuration(d); got != want {
			t.Errorf("%v is written as %q, want %q", d, got, want)
		}
	}
}

func TestExitCodesTellHowItEnded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		code int
		want string
	}{
		{nil, ExitOK, ""},
		{syscall.EPIPE, ExitOK, ""},
		{&appstreaming.TransportError{Err: syscall.EPIPE}, ExitFailed, "check the network"},
		{errors.New("broken"), ExitFailed, "p: broken\n"},
		{&ExitError{Code: 3, Err: errors.New("none")}, 3, "p: none\n"},
		{&ExitError{Code: 1, Err: errors.New("none"), Hint: "look again"}, 1, "p: none\n  hint:       look again\n"},
		{&ExitError{Code: 1, Err: context.DeadlineExceeded}, 1, "-timeout"},
	} {
		var stderr bytes.Buffer
		code := Report(&stderr, "p", test.err)
		if code != test.code || !strings.Contains(stderr.String(), test.want) || (test.want == "") != (stderr.Len() == 0) {
			t.Errorf("%v: exit %d, %q; want %d, %q", test.err, code, stderr.String(), test.code, test.want)
		}
	}
}

func TestCommonFailuresComeWithAHint(t *testing.T) {
	t.Parallel()
	api := func(code appstreaming.Code) error { return &appstreaming.APIError{Code: code} }
	for want, err := range map[string]error{
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET":   &appstreaming.CredentialsError{Err: fmt.Errorf("%w at all", appstreaming.ErrNoCredentials)},
		"set up but does not work":          errors.Join(appstreaming.ErrNoCredentials, appstreaming.ErrCredentialsSource),
		"RAM action appstreaming:ListImage": api(appstreaming.CodeForbiddenNoPermission),
		"on resource * to this identity":    api("NoPermission"),
		"risk control":                      api("Forbidden.RiskControl"),
		"risk control, which":               api("ForbiddenByRiskControl"),
		"check them, or use others":         api("InvalidSignatureMethod"),
		"by more than 15 minutes":           api("IllegalTimestamp"),
		"WithRateLimit":                     api("FlowControl"),
		"give its support the request id":   api("SystemError"),
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
	Report(&stderr, "list-images", &appstreaming.APIError{
		Operation: "ListImage", Code: "Forbidden.NoPermission", Message: "denied", RequestID: "R-1", StatusCode: 403,
	})
	for _, want := range []string{"list-images: ", "Forbidden.NoPermission", "denied", "R-1", "appstreaming:ListImage"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q does not have %q", stderr.String(), want)
		}
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
	if IsTerminal(new(bytes.Buffer)) || IsTerminal(null) || Columns(null) != 0 {
		t.Error("a buffer or the null device counts as a terminal")
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	if !IsPipe(writer) || IsPipe(null) || IsPipe(new(bytes.Buffer)) {
		t.Error("only a pipe is a pipe")
	}
}

func TestTheVariableColumnsIsAWidth(t *testing.T) {
	for value, want := range map[string]int{"": 0, "100": 100, "0": 0, "-1": 0, "wide": 0} {
		t.Setenv("COLUMNS", value)
		if got := Columns(new(bytes.Buffer)); got != want {
			t.Errorf("COLUMNS=%s: %d, want %d", value, got, want)
		}
	}
}

func TestTextIsCutByItsWidth(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text    string
		width   int
		columns int
		want    string
	}{
		{"image", 5, 5, "image"},
		{"image", 5, 4, "ima…"},
		{"image", 5, 1, "…"},
		{"image", 5, 0, ""},
		{"云镜像", 6, 6, "云镜像"},
		{"云镜像", 6, 5, "云镜…"},
		{"云镜像", 6, 4, "云…"}, // half a character is none
		{"e\u0301te\u0301", 3, 2, "e\u0301…"},
		{"한국어", 6, 3, "한…"},
		{"ｆｕｌｌ", 8, 5, "ｆｕ…"},
		{"😀😀", 4, 3, "😀…"},
		{"⌚", 2, 2, "⌚"},
		{"ﾊﾝｶｸ", 4, 4, "ﾊﾝｶｸ"},
		{"ไทย", 3, 3, "ไทย"},
		{"🇨🇳", 2, 2, "🇨🇳"},
	} {
		if got := Width(test.text); got != test.width {
			t.Errorf("%s is %d wide, want %d", test.text, got, test.width)
		}
		if diff := cmp.Diff(test.want, Cut(test.text, test.columns)); diff != "" {
			t.Errorf("%s in %d columns (-want +got):\n%s", test.text, test.columns, diff)
		}
	}
}
