package appstreaming

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"
)

func TestCredentialsPrintMaskedWhateverTheWay(t *testing.T) {
	t.Parallel()
	secret := Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "s3cr3t-key", SecurityToken: "s3cr3t-token", BearerToken: "s3cr3t-bearer"}
	var printed []string
	// Not %p: it is an error for anything but a pointer, which vet reports.
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t"} {
		printed = append(printed, fmt.Sprintf(verb, secret), fmt.Sprintf(verb, &secret), fmt.Sprintf(verb, []Credentials{secret}),
			fmt.Sprintf(verb, struct{ C Credentials }{secret}), fmt.Sprintf(verb, StaticCredentials("LTAI1", "s3cr3t-key", "s3cr3t-token")))
	}
	marshalled, err := json.Marshal(map[string]any{"c": secret})
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(handler).Info("x", "credentials", secret, "pointer", &secret)
	}
	printed = append(printed, string(marshalled), logged.String(), secret.String())
	for _, text := range printed {
		if strings.Contains(text, "s3cr3t") || strings.Contains(text, fmt.Sprintf("%x", "s3cr3t")) || strings.Contains(text, fmt.Sprintf("%X", "s3cr3t")) {
			t.Errorf("a secret shows in %q", text)
		}
	}
	if want := "Credentials{AccessKeyID:LTAI1 AccessKeySecret:*** SecurityToken:*** BearerToken:***}"; secret.String() != want {
		t.Errorf("String is %q, want %q", secret.String(), want)
	}
}

func TestUnusableCredentialsAreNamedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		provider CredentialsProvider
		text     string
	}{
		"empty":                 {StaticCredentials("", "", ""), "empty ones"},
		"empty secret":          {StaticCredentials("LTAI1", "", ""), "empty AccessKeySecret"},
		"empty id":              {StaticCredentials("", "hunter22", ""), "empty AccessKeyID"},
		"line break in secret":  {StaticCredentials("LTAI1", "hunter22\n", ""), "AccessKeySecret holds"},
		"line break in token":   {StaticCredentials("LTAI1", "hunter22", "hunter22\r\nX: y"), "SecurityToken holds"},
		"failing provider":      {CredentialsFunc(func(context.Context) (Credentials, error) { return Credentials{}, errors.New("vault sealed") }), "vault sealed"},
		"nil function":          {CredentialsFunc(nil), "nil"},
		"nil credential":        {FromCredential(nil), "nil"},
		"bearer with a newline": {CredentialsFunc(func(context.Context) (Credentials, error) { return Credentials{BearerToken: "hunter22\n"}, nil }), "BearerToken holds"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := New("cn-shanghai", WithHTTPClient(NothingSent(t).Client()), WithCredentials(test.provider))
			if err != nil {
				t.Fatal(err)
			}
			_, listErr := client.ListImage(context.Background(), ListImageRequest{})
			_, urlErr := client.SignedURL(context.Background(), ListImageRequest{})
			for _, err := range []error{listErr, urlErr} {
				var credentialsErr *CredentialsError
				if !errors.As(err, &credentialsErr) || !strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "hunter22") {
					t.Errorf("got %v, want a *CredentialsError with %q and no secret", err, test.text)
				}
			}
		})
	}
}

// isolate leaves the default chain without any source.
func isolate(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN",
		"ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
		"ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CONFIG_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE", "ALIBABA_CLOUD_PROFILE",
	} {
		t.Setenv(name, "")
		os.Unsetenv(name) // the chain tells unset from empty; Setenv restores it
	}
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	t.Setenv("HOME", t.TempDir())
}

func TestWithoutAnyCredentialsTheErrorNamesTheSourcesTried(t *testing.T) {
	isolate(t)
	client, err := New("cn-shanghai", WithHTTPClient(NothingSent(t).Client()))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.ListImage(context.Background(), ListImageRequest{})
	if !errors.Is(err, ErrNoCredentials) {
		t.Fatalf("got %v, want ErrNoCredentials", err)
	}
	for _, source := range []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "OIDC", "config.json", "profile file", "ECS metadata (disabled", "ALIBABA_CLOUD_CREDENTIALS_URI"} {
		if !strings.Contains(err.Error(), source) {
			t.Errorf("%q does not name %s", err, source)
		}
	}
}

func TestCredentialsThatAppearLaterAreFound(t *testing.T) {
	isolate(t)
	chain := defaultChain()
	if _, err := chain.Credentials(context.Background()); !errors.Is(err, ErrNoCredentials) {
		t.Fatalf("got %v, want ErrNoCredentials", err)
	}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI1")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
	found, err := chain.Credentials(context.Background())
	if want := (Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "secret"}); err != nil || found != want {
		t.Errorf("got %v, %v; want %v", found, err, want)
	}
}

func TestAMalformedConfigurationFileIsNotQuoted(t *testing.T) {
	isolate(t)
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(`{"profiles":[{"access_key_secret":"hunter22"`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ALIBABA_CLOUD_CONFIG_FILE", path)
	_, err := defaultChain().Credentials(context.Background())
	if !errors.Is(err, ErrNoCredentials) || strings.Contains(err.Error(), "hunter22") || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrNoCredentials naming %s without its text", err, path)
	}
}

// fakeCredential counts fetches and notices two at once.
type fakeCredential struct {
	credentials.Credential
	fetch func() (*credentials.CredentialModel, error)
}

func (f fakeCredential) GetCredential() (*credentials.CredentialModel, error) { return f.fetch() }

func TestConcurrentCallersShareOneFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fetches, running atomic.Int32
		provider := FromCredential(fakeCredential{fetch: func() (*credentials.CredentialModel, error) {
			if running.Add(1) != 1 {
				t.Error("two fetches at once")
			}
			defer running.Add(-1)
			fetches.Add(1)
			time.Sleep(100 * time.Millisecond) // on the fake clock
			return &credentials.CredentialModel{AccessKeyId: Ptr("LTAI1"), AccessKeySecret: Ptr("secret")}, nil
		}})
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				if found, err := provider.Credentials(t.Context()); err != nil || found.AccessKeySecret != "secret" {
					t.Errorf("got %v, %v", found, err)
				}
			})
		}
		callers.Wait()
		if got := fetches.Load(); got != 1 {
			t.Errorf("20 callers caused %d fetches, want 1", got)
		}
		time.Sleep(2 * freshFor)
		if _, err := provider.Credentials(t.Context()); err != nil || fetches.Load() != 2 {
			t.Errorf("%d fetches after the result went stale, want 2 (%v)", fetches.Load(), err)
		}
	})
}

func TestAHangingFetchDoesNotOutlastTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		provider := FromCredential(fakeCredential{fetch: func() (*credentials.CredentialModel, error) {
			<-release
			return nil, errors.New("too late")
		}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := provider.Credentials(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v, want the deadline after 1s", err, time.Since(start))
		}
	})
}

func TestAPanickingOrFailingCredentialIsAnErrorWithoutItsText(t *testing.T) {
	t.Parallel()
	for name, fetch := range map[string]func() (*credentials.CredentialModel, error){
		"panic":     func() (*credentials.CredentialModel, error) { panic("hunter22") },
		"error":     func() (*credentials.CredentialModel, error) { return nil, errors.New("hunter22") },
		"no result": func() (*credentials.CredentialModel, error) { return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := FromCredential(fakeCredential{fetch: fetch}).Credentials(context.Background())
			if err == nil || strings.Contains(err.Error(), "hunter22") {
				t.Errorf("got %v, want an error without the text", err)
			}
		})
	}
}

func TestAnExpiredResultIsFetchedAnewAtOnce(t *testing.T) {
	t.Parallel()
	fetches := 0
	gate := FromCredential(fakeCredential{fetch: func() (*credentials.CredentialModel, error) {
		fetches++
		return &credentials.CredentialModel{AccessKeyId: Ptr(fmt.Sprint(fetches)), AccessKeySecret: Ptr("secret")}, nil
	}}).(*credentialGate)
	first, _ := gate.Credentials(context.Background())
	gate.InvalidateCredentials(t.Context(), first)
	second, _ := gate.Credentials(context.Background())
	gate.InvalidateCredentials(t.Context(), first) // a late refusal of what is no longer in use
	third, _ := gate.Credentials(context.Background())
	if first.AccessKeyID != "1" || second.AccessKeyID != "2" || third.AccessKeyID != "2" {
		t.Errorf("generations %s, %s, %s; want 1, 2, 2", first.AccessKeyID, second.AccessKeyID, third.AccessKeyID)
	}
}
