package appstreaming

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming/internal/profile"
)

// place is the environment and the home directory of one test.
type place struct {
	home        string
	environment map[string]string
	now         time.Time
}

// somewhere returns a place with that environment, given as name, value, ...
// It has no metadata service.
func somewhere(t *testing.T, environment ...string) *place {
	t.Helper()
	p := &place{home: t.TempDir(), environment: map[string]string{"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}, now: time.Now()}
	for i := 0; i < len(environment); i += 2 {
		p.environment[environment[i]] = environment[i+1]
	}
	return p
}

func (p *place) reader() profile.Reader {
	return profile.Reader{
		Home:   p.home,
		Getenv: func(name string) string { return p.environment[name] },
		Now:    func() time.Time { return p.now },
	}
}

// write writes a file below the home directory and returns its path.
func (p *place) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.home, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// cli writes the file of the CLI with these profiles, the first one current.
func (p *place) cli(t *testing.T, profiles ...map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"current": profiles[0]["name"], "profiles": profiles, "meta_path": "kept as it is"})
	if err != nil {
		t.Fatal(err)
	}
	return p.write(t, ".aliyun/config.json", string(text))
}

func accessKey(name, id string) map[string]any {
	return map[string]any{"name": name, "mode": "AK", "access_key_id": id, "access_key_secret": "hunter22"}
}

func TestTheErrorOfTheStandardChainNamesWhatEachSourceLacks(t *testing.T) {
	noHome := somewhere(t)
	noHome.home = ""
	_, err := standardChain(noHome.reader).Credentials(t.Context())
	for _, variable := range []string{"ALIBABA_CLOUD_CONFIG_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"} {
		if want := "there is no home directory, and " + variable + " is not set"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for name, test := range map[string]struct {
		environment []string
		cli, ini    string // the text of the file; "": there is none
		want        string
		setUp       bool // a source is set up and failed
	}{
		"nothing": {
			want: "no credentials in any source: environment (ALIBABA_CLOUD_ACCESS_KEY_ID is not set), " +
				"OIDC (ALIBABA_CLOUD_OIDC_PROVIDER_ARN is not set), CLI profile (HOME/.aliyun/config.json does not exist), " +
				"profile file (HOME/.alibabacloud/credentials does not exist), " +
				"ECS metadata (disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED), " +
				"credentials URI (ALIBABA_CLOUD_CREDENTIALS_URI is not set)",
		},
		"no secret": {
			environment: []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI1"},
			want:        "environment (ALIBABA_CLOUD_ACCESS_KEY_ID is set, but ALIBABA_CLOUD_ACCESS_KEY_SECRET is not)", setUp: true,
		},
		"no identifier": {
			environment: []string{"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "hunter22"},
			want:        "environment (ALIBABA_CLOUD_ACCESS_KEY_SECRET is set, but ALIBABA_CLOUD_ACCESS_KEY_ID is not)", setUp: true,
		},
		"a token only": {
			environment: []string{"ALIBABA_CLOUD_SECURITY_TOKEN", "hunter22"}, setUp: true,
			want: "environment (ALIBABA_CLOUD_SECURITY_TOKEN is set, but ALIBABA_CLOUD_ACCESS_KEY_ID and " +
				"ALIBABA_CLOUD_ACCESS_KEY_SECRET are not)",
		},
		"a role only": {
			environment: []string{"ALIBABA_CLOUD_ROLE_ARN", "arn"}, want: "OIDC (ALIBABA_CLOUD_OIDC_PROVIDER_ARN is not set)",
		},
		"OIDC without token": {
			environment: []string{"ALIBABA_CLOUD_ROLE_ARN", "arn", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "p"},
			want:        "OIDC (ALIBABA_CLOUD_OIDC_PROVIDER_ARN is set, but ALIBABA_CLOUD_OIDC_TOKEN_FILE is not)", setUp: true,
		},
		"OIDC without role": {
			environment: []string{"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "p", "ALIBABA_CLOUD_OIDC_TOKEN", "hunter22"},
			want:        "OIDC (ALIBABA_CLOUD_OIDC_PROVIDER_ARN is set, but ALIBABA_CLOUD_ROLE_ARN is not)", setUp: true,
		},
		"OIDC without provider": {
			environment: []string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE", "f"},
			want:        "OIDC (the token is set, but ALIBABA_CLOUD_OIDC_PROVIDER_ARN is not)", setUp: true,
		},
		"OIDC with a token file that is not there": {
			environment: []string{
				"ALIBABA_CLOUD_ROLE_ARN", "arn", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "p", "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/nowhere/token",
			},
			want: "OIDC (cannot read /nowhere/token: ", setUp: true,
		},
		"a mistyped profile": {
			environment: []string{"ALIBABA_CLOUD_PROFILE", "prod"}, cli: `{"current":"default","profiles":[{"name":"default"}]}`,
			ini: "[default]\ntype = access_key\naccess_key_id = LTAI1\naccess_key_secret = hunter22\n",
			want: `CLI profile (HOME/.aliyun/config.json: there is no profile "prod"), profile file (profile "prod" in ` +
				`HOME/.alibabacloud/credentials: the file has no profile of that name)`,
			setUp: true,
		},
		"disabled profiles": {
			environment: []string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true"}, cli: `{`,
			want: "CLI profile (disabled by ALIBABA_CLOUD_CLI_PROFILE_DISABLED)",
		},
		"a malformed file": {
			cli:  `{"profiles":[{"access_key_secret":"hunter22"`,
			want: "CLI profile (HOME/.aliyun/config.json is not a file of the CLI: invalid JSON at byte 44)", setUp: true,
		},
		"an empty profile": {
			cli:  `{"current":"default","profiles":[{"name":"default","mode":"AK"}]}`,
			want: `CLI profile (HOME/.aliyun/config.json: profile "default" has no access key)`,
		},
		"too short a session": {
			cli: `{"current":"me","profiles":[{"name":"me","mode":"RamRoleArn","access_key_id":"LTAI1","access_key_secret":"hunter22",` +
				`"ram_role_arn":"arn","expired_seconds":60}]}`,
			want: "CLI profile (the duration of the session is less than 900 s)", setUp: true,
		},
		"a mode nobody supports": {
			cli:  `{"current":"me","profiles":[{"name":"me","mode":"RsaKeyPair"}]}`,
			want: `CLI profile (HOME/.aliyun/config.json: profile "me" has mode "RsaKeyPair", which is not supported;`, setUp: true,
		},
		"an expired login": {
			cli: `{"current":"sso","profiles":[{"name":"sso","mode":"CloudSSO","access_token":"hunter22",` +
				`"cloud_sso_access_token_expire":1700000000}]}`,
			want: `CLI profile (HOME/.aliyun/config.json: profile "sso" had a login that expired at 2023-11-14T22:13:20Z: ` +
				`log in with "aliyun configure --mode CloudSSO --profile sso")`,
			setUp: true,
		},
		"a role of the metadata service, which is disabled": {
			cli:  `{"current":"ecs","profiles":[{"name":"ecs","mode":"EcsRamRole"}]}`,
			want: "CLI profile (disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED)", setUp: true,
		},
		"a profile file without a type": {
			ini:  "[default]\naccess_key_secret = hunter22\n",
			want: `profile file (profile "default" in HOME/.alibabacloud/credentials: the profile has no type)`, setUp: true,
		},
		"a profile file with a bad type": {
			ini: "[default]\ntype = hunter22\n", want: "the type of the profile is not supported", setUp: true,
		},
		"a profile file without a secret": {
			ini: "[default]\ntype = access_key\naccess_key_id = LTAI1\n", want: "the profile lacks a setting that its type needs", setUp: true,
		},
		"a URI nobody serves": {
			environment: []string{"ALIBABA_CLOUD_CREDENTIALS_URI", "http://127.0.0.1:1/hunter22"},
			want:        "credentials URI (ALIBABA_CLOUD_CREDENTIALS_URI: no response from 127.0.0.1:1: dial tcp 127.0.0.1:1: ", setUp: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			here := somewhere(t, test.environment...)
			if test.cli != "" {
				here.write(t, ".aliyun/config.json", test.cli)
			}
			if test.ini != "" {
				// credentials-go looks for this file itself.
				t.Setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", here.write(t, ".alibabacloud/credentials", test.ini))
			}
			t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
			client := sendingThrough(t, NothingSent(t), WithCredentials(standardChain(here.reader)), WithRetry(RetryPolicy{MaxAttempts: 1}))
			_, err := client.ListImage(t.Context(), ListImageRequest{})
			var credentialsErr *CredentialsError
			if !errors.As(err, &credentialsErr) || !errors.Is(err, ErrNoCredentials) || errors.Is(err, ErrCredentialsSource) != test.setUp {
				t.Fatalf("got %v, want a *CredentialsError that is ErrNoCredentials; ErrCredentialsSource: %t", err, test.setUp)
			}
			want := strings.ReplaceAll(test.want, "HOME", filepath.ToSlash(here.home))
			if text := filepath.ToSlash(err.Error()); !strings.Contains(text, want) || strings.Contains(text, "hunter22") {
				t.Errorf("got  %s\nwant %s\nand no secret", text, want)
			}
		})
	}
}

func TestTheStandardChainAsksItsSourcesInOrderAndStaysWithTheFirst(t *testing.T) {
	ini := "[default]\ntype = access_key\naccess_key_id = ini\naccess_key_secret = hunter22\n"
	uri := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"AccessKeyId":"uri","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2099-01-01T00:00:00Z"}`)
	}))
	defer uri.Close()
	here := somewhere(t, "ALIBABA_CLOUD_CREDENTIALS_URI", uri.URL)
	first := firstOf(standardSources(here.reader()))
	for _, step := range []struct {
		want  Credentials
		setUp func()
	}{
		{Credentials{AccessKeyID: "uri", AccessKeySecret: "s", SecurityToken: "t"}, func() {}},
		{Credentials{AccessKeyID: "ini", AccessKeySecret: "hunter22"}, func() {
			// credentials-go looks for this file itself.
			t.Setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", here.write(t, ".alibabacloud/credentials", ini))
		}},
		{Credentials{AccessKeyID: "cli", AccessKeySecret: "hunter22"}, func() { here.cli(t, accessKey("me", "cli")) }},
		{Credentials{AccessKeyID: "env", AccessKeySecret: "s", SecurityToken: "t"}, func() {
			here.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"] = "env"
			here.environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "s"
			here.environment["ALIBABA_CLOUD_SECURITY_TOKEN"] = "t"
		}},
	} {
		step.setUp()
		if got, err := firstOf(standardSources(here.reader()))(); err != nil || got != step.want {
			t.Errorf("got %v, %v; want %v", got, err, step.want)
		}
		if got, err := first(); err != nil || got.AccessKeyID != "uri" {
			t.Errorf("a chain that has found the URI now provides %v, %v", got, err)
		}
	}
}

func TestAfterAFailureAllSourcesAreAskedAgain(t *testing.T) {
	t.Parallel()
	here := somewhere(t, "ALIBABA_CLOUD_ACCESS_KEY_ID", "env", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s")
	chain := standardChain(here.reader)
	ask := func() (string, error) {
		found, err := chain.Credentials(t.Context())
		chain.InvalidateCredentials(t.Context(), found) // do not wait until it is stale
		return found.AccessKeyID, err
	}
	if id, err := ask(); id != "env" || err != nil {
		t.Errorf("got %q, %v; want env", id, err)
	}
	clear(here.environment)
	here.environment["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"
	if _, err := ask(); !errors.Is(err, ErrNoCredentials) || errors.Is(err, ErrCredentialsSource) {
		t.Errorf("got %v, want ErrNoCredentials", err)
	}
	here.cli(t, accessKey("me", "cli"))
	if id, err := ask(); id != "cli" || err != nil {
		t.Errorf("got %q, %v; want cli", id, err)
	}
}

func TestASourceThatFailsLaterIsNamed(t *testing.T) {
	t.Parallel()
	here := somewhere(t, "ALIBABA_CLOUD_ACCESS_KEY_ID", "env", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s")
	fetch := firstOf(standardSources(here.reader()))
	if _, err := fetch(); err != nil {
		t.Fatal(err)
	}
	delete(here.environment, "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
	_, err := fetch()
	const want = `appstreaming: credentials: no credentials from the source "environment": ` +
		"ALIBABA_CLOUD_ACCESS_KEY_ID is set, but ALIBABA_CLOUD_ACCESS_KEY_SECRET is not"
	if err == nil || err.Error() != want || !errors.Is(err, ErrCredentialsSource) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// The client does not run the command of an External profile. credentials-go
// would run it, print its output and rewrite the CLI's file.
func TestAnExternalProfileRunsNothingAndWritesNothing(t *testing.T) {
	here := somewhere(t)
	marker := filepath.Join(here.home, "ran")
	external := map[string]any{
		"name": "external", "mode": "External",
		"process_command": fmt.Sprintf(`sh -c "touch %s; echo hello; echo '{\"mode\":\"AK\",\"access_key_id\":\"hunter22\"}'"`, marker),
	}
	chained := map[string]any{"name": "chained", "mode": "ChainableRamRoleArn", "source_profile": "external", "ram_role_arn": "arn"}
	path := here.cli(t, external, chained)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = writer
	defer func() { os.Stdout = stdout }()
	for name, provider := range map[string]CredentialsProvider{
		"chain": standardChain(here.reader), "profile": namedProfile(here.reader, "external"), "chained": namedProfile(here.reader, "chained"),
	} {
		_, err := provider.Credentials(t.Context())
		if err == nil || !strings.Contains(err.Error(), `profile "external" has mode External, which runs a program`) ||
			!errors.Is(err, ErrCredentialsSource) {
			t.Errorf("%s: got %v, want an error that names the mode", name, err)
		}
	}
	os.Stdout = stdout
	writer.Close()
	if printed, _ := io.ReadAll(reader); len(printed) > 0 {
		t.Errorf("stdout has %q", printed)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Errorf("the CLI's file has changed (-before +after):\n%s", cmp.Diff(string(before), string(after)))
	}
	if _, err := os.Stat(marker); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the command ran (%v)", err)
	}
}

func TestAProfileProvidesItsSavedKey(t *testing.T) {
	t.Parallel()
	here := somewhere(t)
	oauth := map[string]any{
		"name": "oauth", "mode": "OAuth", "access_key_id": "first", "access_key_secret": "hunter22", "sts_token": "t1",
		"sts_expiration": here.now.Unix() + 60,
	}
	here.cli(t, accessKey("ak", "LTAI1"), oauth, map[string]any{
		"name": "sts", "mode": "StsToken", "access_key_id": "STS.1", "access_key_secret": "hunter22", "sts_token": "token",
	})
	for name, want := range map[string]Credentials{
		"ak":    {AccessKeyID: "LTAI1", AccessKeySecret: "hunter22"},
		"sts":   {AccessKeyID: "STS.1", AccessKeySecret: "hunter22", SecurityToken: "token"},
		"oauth": {AccessKeyID: "first", AccessKeySecret: "hunter22", SecurityToken: "t1"},
	} {
		got, err := namedProfile(here.reader, name).Credentials(t.Context())
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, want)
		}
	}
}

// The CLI saves another key when the user logs in again.
func TestTheKeyOfAnOAuthLoginIsReadAgainAfterItsExpiry(t *testing.T) {
	t.Parallel()
	here := somewhere(t)
	login := func(id string) {
		here.cli(t, map[string]any{
			"name": "me", "mode": "OAuth", "access_key_id": id, "access_key_secret": "hunter22", "sts_token": "hunter22",
			"oauth_refresh_token": "hunter22", "sts_expiration": here.now.Unix() + 60,
		})
	}
	login("first")
	fetch := fromProfile(here.reader(), "")
	check := func(id, fault string) {
		t.Helper()
		got, err := fetch()
		if got.AccessKeyID != id || (err == nil) != (fault == "") || err != nil && !strings.Contains(err.Error(), fault) {
			t.Errorf("got %v, %v; want %q, %q", got, err, id, fault)
		}
	}
	check("first", "")
	here.now = here.now.Add(59 * time.Second)
	login("unnoticed")
	check("first", "")
	here.now = here.now.Add(time.Second)
	check("unnoticed", "")
	here.now = here.now.Add(time.Minute)
	check("", `log in with "aliyun configure --mode OAuth --profile me"`)
	login("second")
	check("second", "")
	here.now = here.now.Add(time.Minute)
	here.cli(t, accessKey("me", "LTAI1"))
	check("", `profile "me" has changed to mode AK`)
}

func TestAProfileIsFoundByItsNameOnly(t *testing.T) {
	t.Parallel()
	here := somewhere(t, "ALIBABA_CLOUD_ACCESS_KEY_ID", "env", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s", "ALIBABA_CLOUD_PROFILE", "other")
	here.cli(t, accessKey("current", "a"), accessKey("other", "b"), accessKey("named", "c"))
	if got, err := namedProfile(here.reader, "named").Credentials(t.Context()); err != nil || got.AccessKeyID != "c" {
		t.Errorf("got %v, %v; want the key of the named profile", got, err)
	}
	_, err := namedProfile(here.reader, "typo").Credentials(t.Context())
	if err == nil || !strings.Contains(err.Error(), `there is no profile "typo"`) {
		t.Errorf("got %v, want an error that names the profile", err)
	}
	if _, err := New("cn-shanghai", WithProfile("")); !errors.As(err, new(*OptionError)) {
		t.Errorf("got %v, want an *OptionError", err)
	}
}

// serveSTS serves STS until the test ends: requests of credentials-go arrive at
// handler. The test must not be parallel.
func serveSTS(t *testing.T, handler http.HandlerFunc) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	transport := http.DefaultTransport.(*http.Transport) // credentials-go copies it
	proxy := transport.Proxy
	transport.Proxy = nil
	transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != "sts.aliyuncs.com:443" {
			return nil, errors.New("an unexpected host")
		}
		trusted := x509.NewCertPool()
		trusted.AddCert(server.Certificate())
		dialer := tls.Dialer{Config: &tls.Config{RootCAs: trusted, ServerName: "example.com"}}
		return dialer.DialContext(ctx, network, server.Listener.Addr().String())
	}
	t.Cleanup(func() {
		transport.Proxy, transport.DialTLSContext = proxy, nil
		server.Close()
	})
}

const temporaryKey = `{"Credentials":{"AccessKeyId":"STS.1","AccessKeySecret":"s3cr3t","SecurityToken":"t0ken",` +
	`"Expiration":"2099-01-01T00:00:00Z"}}`

func TestAProfileWithARoleGetsItsKeyFromSTS(t *testing.T) {
	var requests []string
	serveSTS(t, func(w http.ResponseWriter, r *http.Request) {
		var parts []string
		for _, name := range []string{"AccessKeyId", "SecurityToken", "RoleArn", "RoleSessionName"} {
			parts = append(parts, r.FormValue(name))
		}
		requests = append(requests, strings.Join(parts, " "))
		io.WriteString(w, temporaryKey)
	})
	here := somewhere(t)
	role := func(name, mode, source string) map[string]any {
		return map[string]any{
			"name": name, "mode": mode, "source_profile": source, "ram_role_arn": "arn-" + name, "ram_session_name": "me",
			"access_key_id": "LTAI1", "access_key_secret": "hunter22", "sts_token": "not for a role",
		}
	}
	here.cli(t, role("role", "RamRoleArn", ""), role("chain", "ChainableRamRoleArn", "oauth"), map[string]any{
		"name": "oauth", "mode": "OAuth", "access_key_id": "STS.oauth", "access_key_secret": "hunter22", "sts_token": "token",
		"sts_expiration": here.now.Unix() + 60,
	})
	want := Credentials{AccessKeyID: "STS.1", AccessKeySecret: "s3cr3t", SecurityToken: "t0ken"}
	for _, name := range []string{"role", "chain"} {
		fetch := fromProfile(here.reader(), name)
		for range 2 { // the second time from memory
			if got, err := fetch(); err != nil || got != want {
				t.Errorf("%s: got %v, %v; want %v", name, got, err, want)
			}
		}
	}
	if diff := cmp.Diff([]string{"LTAI1  arn-role me", "STS.oauth token arn-chain me"}, requests); diff != "" {
		t.Errorf("requests to STS (-want +got):\n%s", diff)
	}
}

// assumedRole returns a provider that asks STS for the key of a role.
func assumedRole(t *testing.T, endpoint string) CredentialsProvider {
	t.Helper()
	credential, err := credentials.NewCredential(new(credentials.Config).SetType("ram_role_arn").SetAccessKeyId("LTAI-canary").
		SetAccessKeySecret("hunter22").SetSecurityToken("hunter22-token").SetRoleArn("arn").SetRoleSessionName("me").SetSTSEndpoint(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	return FromCredential(credential)
}

func TestARefusalOfSTSIsNamedByCodeAndRequestIdentifier(t *testing.T) {
	const requestID = "6894B13B-6D71-4EF5-88FA-F32781734A7F"
	serveSTS(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"RequestId":%q,"Code":"EntityNotExist.Role","Message":"you sent %s"}`, requestID, r.URL.RawQuery)
	})
	client := sendingThrough(t, NothingSent(t), WithCredentials(assumedRole(t, "sts.aliyuncs.com")))
	_, err := client.ListImage(t.Context(), ListImageRequest{})
	const want = "appstreaming: credentials: the source refused the request: EntityNotExist.Role " +
		"(request id " + requestID + "; 1 attempt; not retryable)"
	var credentialsErr *CredentialsError
	if err == nil || err.Error() != want || !errors.As(err, &credentialsErr) || credentialsErr.RequestID != requestID {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if !errors.Is(err, Code("EntityNotExist")) || errors.Is(err, Code("EntityNotExist.User")) || errors.Is(err, ErrNotAuthorized) {
		t.Errorf("%v does not match its code and family only", err)
	}
	if denied := error(&CredentialsError{Code: "NoPermission", Err: err}); !errors.Is(denied, ErrNotAuthorized) || DefaultRetryable(denied) {
		t.Errorf("%v is not ErrNotAuthorized, or is retried", denied)
	}
}

// A source of the standard chain that STS refuses reports the refusal as a
// credential of credentials-go does, in any place of the chain.
func TestARefusalOfSTSIsFoundBehindEverySource(t *testing.T) {
	serveSTS(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"RequestId":"R-STS","Code":"NoPermission","Message":"no"}`)
	})
	role := map[string]any{
		"name": "role", "mode": "RamRoleArn", "ram_role_arn": "arn", "access_key_id": "LTAI1", "access_key_secret": "hunter22",
	}
	const ini = "[default]\nenable=true\ntype=ram_role_arn\naccess_key_id=LTAI1\naccess_key_secret=hunter22\n" +
		"role_arn=arn\nrole_session_name=me\n"
	inCLI, inFile := somewhere(t), somewhere(t)
	inCLI.cli(t, role)
	file := inFile.write(t, ".alibabacloud/credentials", ini)
	for name, provider := range map[string]CredentialsProvider{
		"a named profile":   namedProfile(inCLI.reader, "role"),
		"the CLI's profile": standardChain(inCLI.reader),
		"the profile file":  standardChain(inFile.reader),
		"a wrapping provider": CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			found, err := namedProfile(inCLI.reader, "role").Credentials(ctx)
			return found, fmt.Errorf("vault: %w", err)
		}),
	} {
		t.Setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", file) // credentials-go reads it too
		_, err := sendingThrough(t, NothingSent(t), WithCredentials(provider)).ListImage(t.Context(), ListImageRequest{})
		var credentialsErr *CredentialsError
		if !errors.As(err, &credentialsErr) || credentialsErr.Code != "NoPermission" || credentialsErr.RequestID != "R-STS" ||
			!errors.Is(err, ErrNotAuthorized) || !errors.Is(err, ErrCredentialsSource) {
			t.Errorf("%s: %+v of %v; want the refusal's code and request identifier", name, credentialsErr, err)
		}
		if strings.Count(err.Error(), "R-STS") != 1 {
			t.Errorf("%s: %v; want the request identifier once", name, err)
		}
	}
}

func TestOneTemporaryRefusalOfSTSIsRetried(t *testing.T) {
	var code atomic.Value
	serveSTS(t, func(w http.ResponseWriter, _ *http.Request) {
		if refusal := code.Swap(""); refusal != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, `{"Code":%q}`, refusal)
			return
		}
		io.WriteString(w, temporaryKey)
	})
	here := somewhere(t)
	here.cli(t, map[string]any{
		"name": "role", "mode": "RamRoleArn", "ram_role_arn": "arn", "access_key_id": "LTAI1", "access_key_secret": "hunter22",
	})
	for _, refusal := range []string{"ServiceUnavailable", "Throttling.User"} {
		code.Store(refusal)
		client, script := scripted(t, []answer{ok()}, WithCredentials(standardChain(here.reader)), WithRetry(RetryPolicy{BaseDelay: 1}))
		page, err := client.ListImage(t.Context(), ListImageRequest{})
		if err != nil || page.Attempts != 2 || len(script.sent) != 1 {
			t.Errorf("%s: got %v, want success after 2 attempts", refusal, err)
		}
	}
}

func TestOneNetworkFailureOfSTSIsRetried(t *testing.T) {
	var asked atomic.Int32
	serveSTS(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, temporaryKey)
	})
	client, script := scripted(t, []answer{ok()}, WithCredentials(assumedRole(t, "sts.aliyuncs.com")), WithRetry(RetryPolicy{BaseDelay: 1}))
	page, err := client.ListImage(t.Context(), ListImageRequest{})
	if err != nil || page.Attempts != 2 || len(script.sent) != 1 || asked.Load() != 2 {
		t.Errorf("got %v after %d requests to STS and %d to the service, want success after 2 and 1", err, asked.Load(), len(script.sent))
	}
}

func TestTheProxyOfACredentialReachesSTS(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	credential, err := credentials.NewCredential(new(credentials.Config).SetType("ram_role_arn").SetAccessKeyId("LTAI1").
		SetAccessKeySecret("hunter22").SetRoleArn("arn").SetRoleSessionName("me").SetSTSEndpoint("sts.example.com").SetProxy(proxy.URL))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromCredential(credential).Credentials(t.Context()); err == nil {
		t.Error("credentials came through a proxy that refuses")
	}
	if got := <-asked; got != "CONNECT sts.example.com:443" {
		t.Errorf("the proxy was asked for %s", got)
	}
}

func TestAFailureOfTheNetworkToSTSIsOfferedAsACopy(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer untrusted.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for name, test := range map[string]struct {
		endpoint, text string
		as             any
		retried        bool
	}{
		"refused": {closed.Addr().String(), "dial tcp " + closed.Addr().String() + ": ", new(*net.OpError), true},
		"certificate": {
			untrusted.Listener.Addr().String(), "x509: certificate signed by unknown authority", new(*tls.CertificateVerificationError), false,
		},
		"authority":    {untrusted.Listener.Addr().String(), "unknown authority", new(x509.UnknownAuthorityError), false},
		"no TLS there": {plain.Listener.Addr().String(), "http: server gave HTTP response to HTTPS client", new(*CredentialsError), false},
	} {
		t.Run(name, func(t *testing.T) {
			client := sendingThrough(t, NothingSent(t), WithCredentials(assumedRole(t, test.endpoint)),
				WithRetry(RetryPolicy{MaxAttempts: 2, BaseDelay: 1}))
			_, err := client.ListImage(t.Context(), ListImageRequest{})
			var credentialsErr *CredentialsError
			if !errors.As(err, &credentialsErr) || !errors.As(err, test.as) || errors.As(err, new(*url.Error)) {
				t.Fatalf("got %#v, want a *CredentialsError with a %T and without a *url.Error", err, test.as)
			}
			wantAttempts := 1
			if test.retried {
				wantAttempts = 2
			}
			if credentialsErr.Attempts != wantAttempts || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
				t.Errorf("got %v after %d attempts, want %d and no error of a context", err, credentialsErr.Attempts, wantAttempts)
			}
			text := fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err))
			if want := "no response from " + test.endpoint + ": "; !strings.Contains(text, want) || !strings.Contains(text, test.text) {
				t.Errorf("got %s, want %s... %s", text, want, test.text)
			}
			if strings.Contains(text, "hunter22") || strings.Contains(text, "Signature") || strings.Contains(text, "canary") {
				t.Errorf("%s shows the request", text)
			}
		})
	}
}
