package appstreaming

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/google/go-cmp/cmp"
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
		for _, verb := range []string{"%s", "%x", "%X"} {
			if strings.Contains(text, fmt.Sprintf(verb, "s3cr3t")) {
				t.Errorf("a secret shows in %q", text)
			}
		}
	}
	if want := "Credentials{AccessKeyID:LTAI1 AccessKeySecret:*** SecurityToken:*** BearerToken:***}"; secret.String() != want {
		t.Errorf("String is %q, want %q", secret.String(), want)
	}
}

func TestUnusableCredentialsAreNamedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	providing := func(c Credentials) CredentialsProvider {
		return CredentialsFunc(func(context.Context) (Credentials, error) { return c, nil })
	}
	failing := CredentialsFunc(func(context.Context) (Credentials, error) { return Credentials{}, errors.New("vault sealed") })
	type row struct {
		provider CredentialsProvider
		text     string
	}
	tests := map[string]row{
		"empty":                 {StaticCredentials("", "", ""), "empty credentials"},
		"empty secret":          {StaticCredentials("LTAI1", "", ""), "empty AccessKeySecret"},
		"empty id":              {StaticCredentials("", "hunter22", ""), "empty AccessKeyID"},
		"line break in secret":  {StaticCredentials("LTAI1", "hunter22\n", ""), "the AccessKeySecret holds a line break"},
		"space in secret":       {StaticCredentials("LTAI1", " hunter22", ""), "the AccessKeySecret holds a space"},
		"tab in token":          {StaticCredentials("LTAI1", "hunter22", "hunter22\t"), "the SecurityToken holds a tab"},
		"line break in token":   {StaticCredentials("LTAI1", "hunter22", "hunter22\r\nX: y"), "the SecurityToken holds a line break"},
		"delete in token":       {StaticCredentials("LTAI1", "hunter22", "hunter22\x7f"), `the SecurityToken holds the character '\x7f'`},
		"bearer with a newline": {providing(Credentials{BearerToken: "hunter22\n"}), "the BearerToken holds a line break"},
		"failing provider":      {failing, "vault sealed"},
		"nil function":          {CredentialsFunc(nil), "the CredentialsFunc is nil"},
		"nil credential":        {FromCredential(nil), "FromCredential was given nil"},
	}
	// Each of these would end the identifier inside the Authorization header, or
	// change it on the way.
	for id, character := range map[string]string{
		`"LTAI1"`: `'"'`, "[LTAI1]": `'['`, "LTAI1,x": `','`, "LTAI1=": `'='`, "LTAI1;": `';'`, "<LTAI1>": `'<'`, "'LTAI1'": `'\''`,
		"LTAI1/x": `'/'`, `LTAI1\`: `'\\'`, "LTAI1:": `':'`, "{LTAI1}": `'{'`, "LTAI1\u00e9": `'\u00e9'`, "LTAI1\u202e": `'\u202e'`,
		"$LTAI1": `'$'`, "LTAI1%2C": `'%'`, "LTAI1 ": "a space", "LTAI1\n": "a line break", "\x00LTAI1": `'\x00'`, "LTAI1\xff": `'\ufffd'`,
	} {
		tests["identifier "+id] = row{StaticCredentials(id, "hunter22", ""), "the AccessKeyID holds "}
		tests["character in "+id] = row{StaticCredentials(id, "hunter22", ""), character + "; an access key's identifier has"}
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
	post := func(cause error) error {
		return &url.Error{Op: "Post", URL: "https://sts.example.com/?Signature=hunter22", Err: cause}
	}
	noHost := post(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "sts.example.com", IsNotFound: true}})
	timeout := post(context.DeadlineExceeded)
	for name, fetch := range map[string]func() (*credentials.CredentialModel, error){
		"panic":     func() (*credentials.CredentialModel, error) { panic("hunter22") },
		"error":     func() (*credentials.CredentialModel, error) { return nil, errors.New("hunter22") },
		"no result": func() (*credentials.CredentialModel, error) { return nil, nil },
		"no host":   func() (*credentials.CredentialModel, error) { return nil, noHost },
		"timeout":   func() (*credentials.CredentialModel, error) { return nil, timeout },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := FromCredential(fakeCredential{fetch: fetch}).Credentials(context.Background())
			text := fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err))
			if err == nil || strings.Contains(text, "hunter22") || errors.As(err, new(*url.Error)) {
				t.Errorf("got %s, want an error without the text", text)
			}
			if errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*net.DNSError)) != (name == "no host") {
				t.Errorf("got %v, which matches an error of a context, or has no copy of the *net.DNSError", err)
			}
			if want := name == "no host" || name == "timeout"; DefaultRetryable(err) != want {
				t.Errorf("%v is retried: %t, want %t", err, !want, want)
			}
		})
	}
}

// generations returns a credential of credentials-go whose fetches provide
// keys numbered from 1, and how many there were.
func generations(bearer bool) (credentials.Credential, *atomic.Int32) {
	fetches := new(atomic.Int32)
	return fakeCredential{fetch: func() (*credentials.CredentialModel, error) {
		number := fmt.Sprint(fetches.Add(1))
		model := &credentials.CredentialModel{AccessKeyId: Ptr("LTAI" + number), AccessKeySecret: Ptr("hunter22")}
		if bearer {
			model.BearerToken = Ptr("bearer" + number)
		}
		return model, nil
	}}, fetches
}

func TestARefusalMakesTheSourceBeAskedAgain(t *testing.T) {
	t.Parallel()
	credential, _ := generations(false)
	gate := FromCredential(credential).(CredentialsInvalidator)
	ask := func() Credentials {
		found, _ := gate.(CredentialsProvider).Credentials(t.Context())
		return found
	}
	first := ask()
	gate.InvalidateCredentials(t.Context(), first)
	second := ask()
	gate.InvalidateCredentials(t.Context(), first) // a late refusal of credentials that are no longer in use
	third := ask()
	if first.AccessKeyID != "LTAI1" || second.AccessKeyID != "LTAI2" || third.AccessKeyID != "LTAI2" {
		t.Errorf("generations %s, %s, %s; want 1, 2, 2", first.AccessKeyID, second.AccessKeyID, third.AccessKeyID)
	}
}

// invalidating records the refused credentials.
type invalidating struct {
	CredentialsProvider
	refused []Credentials
}

func (p *invalidating) InvalidateCredentials(_ context.Context, refused Credentials) {
	p.refused = append(p.refused, refused)
}

// sentKey returns the key or bearer token a request was signed with.
func sentKey(req *http.Request) string {
	if token := req.Header.Get("x-acs-bearer-token"); token != "" {
		return token
	}
	id, _, _ := strings.Cut(req.Header.Get("Authorization"), ",")
	return id[strings.LastIndex(id, "=")+1:]
}

func TestARefusedTokenIsReplacedBehindAnyWrapper(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(CredentialsProvider) CredentialsProvider{
		"none": func(inner CredentialsProvider) CredentialsProvider { return inner },
		"a struct": func(inner CredentialsProvider) CredentialsProvider {
			return struct{ CredentialsProvider }{inner}
		},
		"a function with a ctx of its own": func(inner CredentialsProvider) CredentialsProvider {
			return CredentialsFunc(func(ctx context.Context) (Credentials, error) {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				return inner.Credentials(ctx)
			})
		},
	} {
		for _, bearer := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, bearer token %t", name, bearer), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					credential, fetches := generations(bearer)
					provider := wrap(FromCredential(credential))
					client, s := scripted(t, []answer{refusal(400, "InvalidSecurityToken.Expired"), ok()}, WithCredentials(provider))
					if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
						t.Fatal(err)
					}
					want := []string{"LTAI1", "LTAI2"}
					if bearer {
						want = []string{"bearer1", "bearer2"}
					}
					if diff := cmp.Diff(want, []string{sentKey(s.sent[0]), sentKey(s.sent[1])}); diff != "" || fetches.Load() != 2 {
						t.Errorf("%d fetches; keys (-want +got):\n%s", fetches.Load(), diff)
					}
				})
			})
		}
	}
}

// One call is refused while another waits for a fetch that still has the
// refused token.
func TestATokenFetchedBeforeItsRefusalIsNotUsedAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int32
		provider := FromCredential(fakeCredential{fetch: func() (*credentials.CredentialModel, error) {
			id := []string{"old", "old", "new"}[fetches.Add(1)-1]
			time.Sleep(time.Second)
			return &credentials.CredentialModel{AccessKeyId: &id, AccessKeySecret: Ptr("hunter22")}, nil
		}})
		transport := TransportFunc(func(req *http.Request) (*http.Response, error) {
			if sentKey(req) == "old" {
				time.Sleep(1500 * ms) // the second call's fetch has begun
				return respond(400, nil, `{"Code":"InvalidSecurityToken.Expired"}`), nil
			}
			return respond(200, nil, onePage), nil
		})
		client := sendingThrough(t, transport, WithCredentials(provider))
		var calls sync.WaitGroup
		for _, delay := range []time.Duration{0, 2100 * ms} {
			calls.Go(func() {
				time.Sleep(delay)
				page, err := client.ListImage(t.Context(), ListImageRequest{})
				if wantAttempts := 2 - int(delay/(2*time.Second)); err != nil || page.Attempts != wantAttempts {
					t.Errorf("the call after %v: got %v, %v; want success after %d attempts", delay, page, err, wantAttempts)
				}
			})
		}
		calls.Wait()
		if fetches.Load() != 3 {
			t.Errorf("%d fetches, want 3", fetches.Load())
		}
	})
}

func TestARefusedKeyIsReplacedOnceAndOnlyByAnotherOne(t *testing.T) {
	t.Parallel()
	fixed := StaticCredentials("LTAI1", "hunter22", "")
	for name, test := range map[string]struct {
		codes []Code // of the refusals
		same  bool   // the provider has one key only
		most  int    // attempts
		sent  []string
		asked int32
	}{
		"not found":             {[]Code{"InvalidAccessKeyId.NotFound"}, false, 4, []string{"LTAI1", "LTAI2"}, 2},
		"inactive":              {[]Code{"InvalidAccessKeyId.Inactive"}, false, 4, []string{"LTAI1", "LTAI2"}, 2},
		"disabled":              {[]Code{"Forbidden.AccessKeyDisabled"}, false, 4, []string{"LTAI1", "LTAI2"}, 2},
		"malformed token":       {[]Code{"InvalidSecurityToken.Malformed"}, false, 4, []string{"LTAI1", "LTAI2"}, 2},
		"no token":              {[]Code{"MissingSecurityToken"}, false, 4, []string{"LTAI1", "LTAI2"}, 2},
		"the same key":          {[]Code{"InvalidAccessKeyId.NotFound"}, true, 4, []string{"LTAI1"}, 2},
		"refused again":         {[]Code{"InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.NotFound"}, false, 4, []string{"LTAI1", "LTAI2"}, 2},
		"no attempts left":      {[]Code{"InvalidAccessKeyId.NotFound"}, false, 1, []string{"LTAI1"}, 1},
		"expired, then no key":  {[]Code{"InvalidSecurityToken.Expired", "InvalidAccessKeyId.NotFound"}, false, 4, []string{"LTAI1", "LTAI2"}, 2},
		"another kind of error": {[]Code{"SignatureDoesNotMatch"}, false, 4, []string{"LTAI1"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				provider := &invalidating{CredentialsProvider: CredentialsFunc(func(ctx context.Context) (Credentials, error) {
					number := asked.Add(1)
					if test.same {
						return fixed.Credentials(ctx)
					}
					return Credentials{AccessKeyID: fmt.Sprintf("LTAI%d", number), AccessKeySecret: "hunter22"}, nil
				})}
				var answers []answer
				for _, code := range test.codes {
					answers = append(answers, refusal(400, string(code)))
				}
				client, s := scripted(t, append(answers, ok()), WithCredentials(provider), WithRetry(RetryPolicy{MaxAttempts: test.most}))
				page, err := client.ListImage(t.Context(), ListImageRequest{})
				var sent []string
				for _, req := range s.sent {
					sent = append(sent, sentKey(req))
				}
				if diff := cmp.Diff(test.sent, sent); diff != "" || asked.Load() != test.asked {
					t.Errorf("the provider was asked %d times, want %d; keys (-want +got):\n%s", asked.Load(), test.asked, diff)
				}
				last := test.codes[len(test.codes)-1]
				if succeeds := len(test.sent) > len(test.codes); succeeds != (err == nil) || !succeeds && !errors.Is(err, last) {
					t.Errorf("got %v, %v; want success %t, or %s", page, err, succeeds, last)
				}
				refusals := len(test.sent) - 1
				if err != nil && last != CodeSignatureDoesNotMatch {
					refusals++
				}
				if len(provider.refused) != refusals || refusals > 0 && provider.refused[0].AccessKeyID != "LTAI1" {
					t.Errorf("the provider received %v, want %d refusals", provider.refused, refusals)
				}
			})
		})
	}
}

func TestAKeyRotatedInTheFileOfTheCLIIsReadAgain(t *testing.T) {
	t.Parallel()
	here := somewhere(t)
	here.cli(t, accessKey("me", "old"))
	valid := "old"
	var sent []string
	transport := TransportFunc(func(req *http.Request) (*http.Response, error) {
		sent = append(sent, sentKey(req))
		if sentKey(req) != valid {
			return respond(404, nil, `{"Code":"InvalidAccessKeyId.NotFound"}`), nil
		}
		return respond(200, nil, onePage), nil
	})
	client := sendingThrough(t, transport, WithCredentials(standardChain(here.reader)))
	list := func() {
		t.Helper()
		if _, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil {
			t.Error(err)
		}
	}
	list()
	here.cli(t, accessKey("me", "new"))
	list() // the old one is still valid
	valid = "new"
	list()
	list()
	if diff := cmp.Diff([]string{"old", "old", "old", "new", "new"}, sent); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestAHangingFetchIsGivenUpAndTheNextAttemptAsksAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		var fetches atomic.Int32
		provider := FromCredential(fakeCredential{fetch: func() (*credentials.CredentialModel, error) {
			if fetches.Add(1) == 1 {
				<-release
			}
			return &credentials.CredentialModel{AccessKeyId: Ptr("LTAI1"), AccessKeySecret: Ptr("hunter22")}, nil
		}})
		client, s := scripted(t, []answer{ok()}, WithCredentials(provider), WithRetry(RetryPolicy{AttemptTimeout: time.Second}))
		start := time.Now()
		page, err := client.ListImage(t.Context(), ListImageRequest{})
		if err != nil || page.Attempts != 2 || len(s.sent) != 1 || time.Since(start) != 1100*ms {
			t.Errorf("got %v, %v after %v and %d requests; want success after 1.1s and 1", page, err, time.Since(start), len(s.sent))
		}
	})
}

// A provider asked without a client and without a deadline does not hang.
func TestAHangingFetchIsGivenUpWithoutADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		provider := FromCredential(fakeCredential{fetch: func() (*credentials.CredentialModel, error) { <-release; return nil, nil }})
		start := time.Now()
		_, err := provider.Credentials(context.Background())
		if !errors.Is(err, ErrAttemptTimeout) || errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 30*time.Second {
			t.Errorf("got %v after %v, want ErrAttemptTimeout after 30s", err, time.Since(start))
		}
	})
}

func TestAProviderThatIgnoresItsContextDoesNotHoldUpTheCall(t *testing.T) {
	t.Parallel()
	type ending struct {
		after time.Duration
		is    error
		not   error
	}
	for name, test := range map[string]struct {
		ignores  bool          // its ctx
		deadline time.Duration // of the call's ctx; 0: none
		call     func(*Client, context.Context) error
		ending
	}{
		"a provider that heeds it": {false, 0, list, ending{2*time.Second + 100*ms, ErrAttemptTimeout, context.DeadlineExceeded}},
		"the attempt ends":         {true, 0, list, ending{2*time.Second + 100*ms, ErrAttemptTimeout, context.DeadlineExceeded}},
		"ctx ends":                 {true, 500 * ms, list, ending{500 * ms, context.DeadlineExceeded, ErrAttemptTimeout}},
		"a signed URL, heeded":     {false, 0, signURL, ending{time.Second, ErrAttemptTimeout, context.DeadlineExceeded}},
		"a signed URL":             {true, 0, signURL, ending{time.Second, ErrAttemptTimeout, context.DeadlineExceeded}},
		"a signed URL and ctx":     {true, 500 * ms, signURL, ending{500 * ms, context.DeadlineExceeded, ErrAttemptTimeout}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				provider := CredentialsFunc(func(ctx context.Context) (Credentials, error) {
					if !test.ignores {
						<-ctx.Done()
						return Credentials{}, ctx.Err()
					}
					<-release
					return Credentials{}, nil
				})
				client := sendingThrough(t, NothingSent(t), WithCredentials(provider),
					WithRetry(RetryPolicy{MaxAttempts: 2, AttemptTimeout: time.Second}))
				ctx := t.Context()
				if test.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				start := time.Now()
				err := test.call(client, ctx)
				if !errors.Is(err, test.is) || errors.Is(err, test.not) || time.Since(start) != test.after {
					t.Errorf("got %v after %v; want %v and not %v, after %v", err, time.Since(start), test.is, test.not, test.after)
				}
			})
		})
	}
}

func list(c *Client, ctx context.Context) error {
	_, err := c.ListImage(ctx, ListImageRequest{})
	return err
}

func signURL(c *Client, ctx context.Context) error {
	_, err := c.SignedURL(ctx, ListImageRequest{})
	return err
}

func TestAPanicOfAProviderReachesTheCaller(t *testing.T) {
	t.Parallel()
	client := sendingThrough(t, NothingSent(t), WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) { panic("boom") })))
	defer func() {
		if got := recover(); got != "boom" {
			t.Errorf("recovered %v, want boom", got)
		}
	}()
	t.Errorf("the call returned %v", list(client, t.Context()))
}

func TestOneNetworkFailureOfAProviderIsRetried(t *testing.T) {
	t.Parallel()
	lost := &url.Error{Op: "Get", URL: "http://vault/", Err: &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}}
	for name, test := range map[string]struct {
		err     error
		retried bool
	}{
		"of the caller's own":   {lost, true},
		"a timeout of its own":  {context.DeadlineExceeded, true},
		"not a network failure": {errors.New("vault sealed"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				provider := CredentialsFunc(func(context.Context) (Credentials, error) {
					if asked++; asked == 1 {
						return Credentials{}, test.err
					}
					return Credentials{AccessKeyID: "LTAI1", AccessKeySecret: "hunter22"}, nil
				})
				client, _ := scripted(t, []answer{ok()}, WithCredentials(provider))
				if err := list(client, t.Context()); (err == nil) != test.retried || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want success %t", err, test.retried)
				}
			})
		})
	}
}
