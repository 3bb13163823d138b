package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func execute(ctx context.Context, stdout io.Writer, args ...string) (code int, stderr string) {
	var errs bytes.Buffer
	code = program().Execute(ctx, demo.Isolated(stdout, &errs), args)
	return code, errs.String()
}

func TestTheBuiltInAccountsAreListedAndTheFailureIsReported(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	code, stderr := execute(t.Context(), &stdout)
	perSource := map[string]int{}
	for line := range strings.Lines(stdout.String()) {
		fields := strings.Split(line, "\t")
		perSource[fields[0]+" "+fields[1]]++
	}
	want := map[string]int{"production cn-shanghai": 237, "production ap-southeast-1": 120, "sandbox cn-shanghai": 100}
	if diff := cmp.Diff(want, perSource); diff != "" || code != 0 {
		t.Errorf("exit %d, images (-want +got):\n%s", code, diff)
	}
	for _, want := range []string{
		demo.SampleNotice, "237 images  ok", "120 images  ok, throttled 5 times", "100 images  FAILED: ", "Forbidden.NoPermission",
		"hint for sandbox in cn-shanghai: grant the RAM action",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr does not have %q:\n%s", want, stderr)
		}
	}
}

// counting counts what it lets through.
type counting struct {
	appstreaming.Limiter
	waits atomic.Int32
}

func (c *counting) Wait(ctx context.Context) error {
	c.waits.Add(1)
	return c.Limiter.Wait(ctx)
}

func TestOneLimiterHoldsForAllAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := &counting{Limiter: rate.NewLimiter(2, 1)}
		var sources []source
		var services []*appstreamingtest.Server
		for _, name := range []string{"a", "b", "c"} {
			service := appstreamingtest.New(appstreamingtest.SampleImages(250)...) // three pages
			t.Cleanup(service.Close)
			services = append(services, service)
			sources = append(sources, source{name, "r", service.Client(appstreaming.WithRateLimit(limiter)), nil})
		}
		services[0].Fail(1, appstreamingtest.Fault{Code: appstreaming.CodeInternalError})
		started := time.Now()
		failed, err := list(t.Context(), sources, io.Discard, io.Discard)
		requests := services[0].RequestCount() + services[1].RequestCount() + services[2].RequestCount()
		if failed != 0 || err != nil || requests != 10 || limiter.waits.Load() != 10 {
			t.Errorf("%d failed, %v; %d requests and %d waits, want 10 of each", failed, err, requests, limiter.waits.Load())
		}
		if took := time.Since(started).Round(time.Millisecond); took < 4500*time.Millisecond || took > 5500*time.Millisecond {
			t.Errorf("ten requests at two a second took %v", took)
		}
	})
}

// refusing lets nothing through.
type refusing struct{}

var errRefused = errors.New("refused")

func (refusing) Wait(context.Context) error { return errRefused }

func TestEveryAccountOfAConfigurationAsksTheLimiter(t *testing.T) {
	t.Parallel()
	c := config{Accounts: []account{{"a", "A", []string{"cn-shanghai", "ap-southeast-1"}}, {"b", "B", []string{"cn-shanghai"}}}}
	sources, err := c.sources(func(string) string { return "x" }, []appstreaming.Option{appstreaming.WithRateLimit(refusing{})})
	if err != nil || len(sources) != 3 {
		t.Fatalf("%d sources, %v", len(sources), err)
	}
	for _, s := range sources {
		if _, err := s.images.ListImage(t.Context(), appstreaming.ListImageRequest{}); !errors.Is(err, errRefused) {
			t.Errorf("%s in %s: %v, want the limiter's error", s.account, s.region, err)
		}
	}
}

func TestAStreamNobodyReadsEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := appstreamingtest.New(appstreamingtest.SampleImages(3)...)
		defer service.Close()
		ctx, cancel := context.WithCancel(t.Context())
		s := merge(ctx, []source{{"a", "r", service.Client(), nil}})
		synctest.Wait() // the first image is offered
		cancel()
		synctest.Wait()
		if _, open := <-s.rows; open || s.results[0].listed != 0 || !errors.Is(s.results[0].err, context.Canceled) {
			t.Errorf("the stream is open, or its source has %+v", s.results[0])
		}
	})
}

func TestAnInterruptEndsAllAccounts(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	hung := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(150)...)
	hung.Fail(1, appstreamingtest.Fault{
		Page: 2, When: func(appstreamingtest.Request) bool { cancel(); return true }, Break: appstreamingtest.BreakHang,
	})
	var stderr bytes.Buffer
	failed, err := list(ctx, []source{{"a", "r", hung.Client(), nil}}, io.Discard, &stderr)
	if failed != 1 || !errors.Is(err, context.Canceled) || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("%d failed, %v, %q", failed, err, stderr.String())
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if code, _ := execute(ended, io.Discard); code != 1 {
		t.Errorf("exit %d, want 1", code)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestAReaderThatHasEnoughEndsTheListing(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]int{error(syscall.EPIPE): 0, io.ErrShortWrite: 1} {
		if code, _ := execute(t.Context(), failing{err}); code != want {
			t.Errorf("%v: exit %d, want %d", err, code, want)
		}
	}
}

func TestTheExampleOfAConfigurationIsGood(t *testing.T) {
	t.Parallel()
	c := config{RequestsPerSecond: 1, Burst: 1}
	if err := c.read("accounts.json"); err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string {
		return map[string]string{
			"PROD_ACCESS_KEY_ID": "a", "PROD_ACCESS_KEY_SECRET": "b", "SANDBOX_ACCESS_KEY_ID": "c", "SANDBOX_ACCESS_KEY_SECRET": "d",
		}[name]
	}
	sources, err := c.sources(getenv, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sources {
		got = append(got, s.account+" "+s.region)
	}
	want := []string{"production cn-shanghai", "production ap-southeast-1", "sandbox cn-shanghai", "mine cn-shanghai"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFailedAccountIsExitCode1(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(path, []byte(`{"accounts": [{"name": "a", "environment": "A", "regions": ["cn-shanghai"]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	// A key with a space is refused before anything is sent.
	var stderr bytes.Buffer
	env := demo.Isolated(io.Discard, &stderr)
	env.Getenv = func(name string) string {
		return map[string]string{"A_ACCESS_KEY_ID": "a", "A_ACCESS_KEY_SECRET": "b c"}[name]
	}
	code := program().Execute(t.Context(), env, []string{"-config", path})
	for _, want := range []string{"FAILED: appstreaming: credentials: ", "AccessKeySecret holds a space", "1 of 1 listings failed"} {
		if code != 1 || !strings.Contains(stderr.String(), want) {
			t.Errorf("exit %d, %q", code, stderr.String())
		}
	}
}

func TestConfigurationsThatCannotBeUsedAreExitCode2(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{`:                                  "unexpected EOF",
		`{"account": []}`:                    `unknown field "account"`,
		`{"accounts": []}`:                   "there are no accounts",
		`{"requestsPerSecond": 0}`:           "must be positive",
		`{"burst": 0}`:                       "burst at least 1",
		`{"accounts": [{"regions": ["r"]}]}`: "accounts[0] has no name",
		`{"accounts": [{"name": "a"}]}`:      `account "a" has no regions`,
		`{"accounts": [{"name": "a", "regions": ["r"]}, {"name": "a", "regions": ["r"]}]}`: `account "a" is there twice`,
		`{"accounts": [{"name": "a", "regions": ["x/../y"]}]}`:                             `account "a": appstreaming: New: "x/../y"`,
		`{"accounts": [{"name": "a", "environment": "NONE", "regions": ["cn-shanghai"]}]}`: "set both NONE_ACCESS_KEY_ID",
	} {
		path := filepath.Join(t.TempDir(), "accounts.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, stderr := execute(t.Context(), io.Discard, "-config", path); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %q; want 2 and %q", text, code, stderr, want)
		}
	}
	for _, args := range []string{"-nonsense", "accounts.json", "-config none.json"} {
		if code, _ := execute(t.Context(), io.Discard, strings.Fields(args)...); code != 2 {
			t.Errorf("%s: exit %d, want 2", args, code)
		}
	}
}
