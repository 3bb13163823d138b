package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func execute(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = program().Execute(ctx, demo.Isolated(&out, &errs), args)
	return code, out.String(), errs.String()
}

func TestATokenThatExpiresEarlyCostsOneRetry(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := execute(t.Context())
	want := `call 1: 237 images, attempts: 1, key: STS.demo-1
now the service lets the token expire, long before its time
call 2: 237 images, attempts: 2, key: STS.demo-2
`
	if diff := cmp.Diff(want, stdout); diff != "" || code != 0 {
		t.Errorf("exit %d, stderr %q, stdout (-want +got):\n%s", code, stderr, diff)
	}
	if all := stdout + stderr; strings.Contains(all, "demo-secret") || strings.Contains(all, "demo-token") {
		t.Errorf("a secret is printed: %q", all)
	}
}

func TestAKeyIsKeptUntilItIsAboutToExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		issues := 0
		keys := newRotating(func(context.Context) (issued, error) {
			issues++
			return issued{appstreaming.Credentials{AccessKeyID: fmt.Sprint("STS.", issues)}, time.Now().Add(time.Hour)}, nil
		})
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, "STS.1"}, {56 * time.Minute, "STS.1"}, {2 * time.Minute, "STS.2"}, {56 * time.Minute, "STS.2"}} {
			time.Sleep(step.after)
			if got, err := keys.Credentials(t.Context()); err != nil || got.AccessKeyID != step.want {
				t.Errorf("%v later: %v, %v; want %s", step.after, got, err, step.want)
			}
		}
	})
}

func TestCallersShareTheIssueOfAKeyAndDoNotOutwaitTheirContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var issues, served atomic.Int32
		keys := newRotating(func(context.Context) (issued, error) {
			time.Sleep(time.Minute)
			issues.Add(1)
			return issued{Credentials: appstreaming.Credentials{AccessKeyID: "STS.1"}}, nil
		})
		for range 10 {
			go func() {
				if _, err := keys.Credentials(t.Context()); err == nil {
					served.Add(1)
				}
			}()
		}
		synctest.Wait()
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := keys.Credentials(hurried); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller in a hurry got %v", err)
		}
		time.Sleep(time.Hour)
		if issues.Load() != 1 || served.Load() != 10 {
			t.Errorf("%d issues for %d callers, want 1 for 10", issues.Load(), served.Load())
		}
	})
}

func TestOnlyTheKeyThatIsRefusedIsGivenUp(t *testing.T) {
	t.Parallel()
	issues := 0
	keys := newRotating(func(context.Context) (issued, error) {
		issues++
		return issued{Credentials: appstreaming.Credentials{AccessKeyID: fmt.Sprint("STS.", issues)}}, nil
	})
	old, err := keys.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys.InvalidateCredentials(t.Context(), appstreaming.Credentials{AccessKeyID: "another"})
	if got := keys.accessKeyID(); got != "STS.1" {
		t.Errorf("after a refusal of another key the key is %s", got)
	}
	keys.InvalidateCredentials(t.Context(), old)
	if got := keys.accessKeyID(); got != "none" {
		t.Errorf("after its refusal the key is %s", got)
	}
	if _, err := keys.Credentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys.InvalidateCredentials(t.Context(), old) // by a call that began earlier
	if got := keys.accessKeyID(); got != "STS.2" {
		t.Errorf("after a late refusal of the old key the key is %s, want the new one", got)
	}
}

func TestAFileIsReadAgainWhenItsTokenIsRefused(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	service.AddCredentials(appstreaming.Credentials{AccessKeyID: "STS.new", AccessKeySecret: "s", SecurityToken: "t2"})
	path := filepath.Join(t.TempDir(), "sts.json")
	write := func(id, secret, token string) {
		const form = `{"RequestId": "R", "Credentials": {"AccessKeyId": %q, "AccessKeySecret": %q, "SecurityToken": %q, "Expiration": %q}}`
		text := fmt.Sprintf(form, id, secret, token, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken)
	keys := newRotating(fromFile(path))
	var stdout bytes.Buffer
	s := &demo.Session{Env: demo.Isolated(&stdout, io.Discard), Client: service.Client()}
	err := twice(t.Context(), s, keys, func() {
		service.ExpireToken(appstreamingtest.SecurityToken)
		write("STS.new", "s", "t2")
	})
	if err != nil || !strings.Contains(stdout.String(), "call 2: 3 images, attempts: 2, key: STS.new") {
		t.Errorf("%v, %q", err, stdout.String())
	}
}

func TestAFileThatIsNoAnswerOfSTSIsNotQuoted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"text": "AccessKeySecret=hush", "empty": "{}", "type": `{"Credentials": {"AccessKeyId": "x", "Expiration": "hush"}}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := execute(t.Context(), "-file", path)
		if code != 1 || !strings.Contains(stderr, "does not hold") || strings.Contains(stderr, "hush") {
			t.Errorf("%s: exit %d, %q", name, code, stderr)
		}
	}
}

func TestTheKeysOfTheStandardChainAreUsedWithoutAFile(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	var stdout, stderr bytes.Buffer
	env := demo.Isolated(&stdout, &stderr)
	env.Credentials = appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")
	code := program().Execute(t.Context(), env, []string{"-endpoint", service.URL()})
	if code != 0 || !strings.Contains(stdout.String(), "call 2: 3 images, attempts: 1, key: of the standard chain") {
		t.Errorf("exit %d, %q, %q", code, stdout.String(), stderr.String())
	}
}

func TestArgumentsThatCannotBeUsedAreExitCode2(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-nonsense", "now", "-region x/../y", "-file x -region x/../y"} {
		if code, _, _ := execute(t.Context(), strings.Fields(args)...); code != 2 {
			t.Errorf("%q: exit %d, want 2", args, code)
		}
	}
}

func TestAnInterruptEndsTheProgram(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, _, stderr := execute(ctx); code != 1 || !strings.Contains(stderr, "context canceled") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}
