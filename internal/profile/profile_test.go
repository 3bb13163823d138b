package profile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// now is when the tests read profiles.
var now = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// reader returns a reader of a file with that text. Pairs of names and values
// are its environment.
func reader(t *testing.T, text string, environment ...string) Reader {
	t.Helper()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".aliyun"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".aliyun", "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Reader{
		Home: home,
		Now:  func() time.Time { return now },
		Getenv: func(name string) string {
			for i := 0; i < len(environment); i += 2 {
				if environment[i] == name {
					return environment[i+1]
				}
			}
			return ""
		},
	}
}

// file holds a profile of every kind. Its secrets are canaries: no error may
// show them. The login of sso and of oauth ends a second after now.
const file = `{"current":"ak","profiles":[null,{"name":7},{"name":"odd","expired_seconds":"canary"},
{"name":"ak","mode":"AK","access_key_id":"id","access_key_secret":"canary"},
{"name":"new","mode":"AK"},
{"name":"half","mode":"AK","access_key_id":"id"},
{"name":"sts","mode":"StsToken","access_key_id":"id","access_key_secret":"canary","sts_token":"canary-token"},
{"name":"token","mode":"StsToken","access_key_id":"id","access_key_secret":"canary"},
{"name":"role","mode":"RamRoleArn","access_key_id":"id","access_key_secret":"canary","ram_role_arn":"arn","ram_session_name":"me",
 "expired_seconds":900,"policy":"{}","external_id":"x","sts_region":"cn-hangzhou","enable_vpc":true},
{"name":"bare role","mode":"RamRoleArn","access_key_id":"id","access_key_secret":"canary"},
{"name":"chain","mode":"ChainableRamRoleArn","source_profile":"ak","ram_role_arn":"arn"},
{"name":"bare chain","mode":"ChainableRamRoleArn"},
{"name":"long chain","mode":"ChainableRamRoleArn","source_profile":"chain","ram_role_arn":"arn"},
{"name":"loop","mode":"ChainableRamRoleArn","source_profile":"pool","ram_role_arn":"arn"},
{"name":"pool","mode":"ChainableRamRoleArn","source_profile":"loop","ram_role_arn":"arn"},
{"name":"torn","mode":"ChainableRamRoleArn","source_profile":"nowhere","ram_role_arn":"arn"},
{"name":"run","mode":"ChainableRamRoleArn","source_profile":"external","ram_role_arn":"arn"},
{"name":"ecs","mode":"EcsRamRole","ram_role_name":"r"},
{"name":"oidc","mode":"OIDC","oidc_provider_arn":"p","oidc_token_file":"f","ram_role_arn":"arn"},
{"name":"oidc text","mode":"OIDC","oidc_provider_arn":"p","oidc_token":"canary","ram_role_arn":"arn"},
{"name":"bare oidc","mode":"OIDC"},
{"name":"sso","mode":"CloudSSO","cloud_sso_sign_in_url":"u","cloud_sso_account_id":"a","cloud_sso_access_config":"c",
 "access_token":"canary","cloud_sso_access_token_expire":1782907201},
{"name":"bare sso","mode":"CloudSSO","access_token":"canary","cloud_sso_access_token_expire":1782907201},
{"name":"old sso","mode":"CloudSSO","cloud_sso_sign_in_url":"u","access_token":"canary","cloud_sso_access_token_expire":1782907200},
{"name":"no sso","mode":"CloudSSO","cloud_sso_access_token_expire":1782907201},
{"name":"oauth","mode":"OAuth","access_key_id":"id","access_key_secret":"canary","sts_token":"canary","sts_expiration":1782907201},
{"name":"old oauth","mode":"OAuth","access_key_id":"id","access_key_secret":"canary","sts_token":"canary","sts_expiration":1782907200},
{"name":"no oauth","mode":"OAuth","oauth_refresh_token":"canary"},
{"name":"no oauth id","mode":"OAuth","access_key_secret":"canary","sts_token":"canary","sts_expiration":1782907201},
{"name":"no oauth secret","mode":"OAuth","access_key_id":"id","sts_token":"canary","sts_expiration":1782907201},
{"name":"no oauth token","mode":"OAuth","access_key_id":"id","access_key_secret":"canary","sts_expiration":1782907201},
{"name":"external","mode":"External","process_command":"canary"},
{"name":"odd mode","mode":"a-mode-that-nobody-has-heard-of-in-all-these-years"},
{"name":"long mode","mode":"a-mode-that-nobody-has-heard-of-in-40-ye"},
{"name":"no mode"}]}`

func TestProfilesOfEverySupportedModeAreRead(t *testing.T) {
	t.Parallel()
	ak := Profile{Name: "ak", Mode: "AK", AccessKeyID: "id", AccessKeySecret: "canary"}
	chain := Profile{Name: "chain", Mode: "ChainableRamRoleArn", SourceProfile: "ak", RoleARN: "arn", Source: &ak}
	for _, want := range []Profile{
		ak,
		{Name: "sts", Mode: "StsToken", AccessKeyID: "id", AccessKeySecret: "canary", SecurityToken: "canary-token"},
		{
			Name: "role", Mode: "RamRoleArn", AccessKeyID: "id", AccessKeySecret: "canary", RoleARN: "arn", RoleSessionName: "me",
			DurationSeconds: 900, Policy: "{}", ExternalID: "x", STSRegion: "cn-hangzhou", EnableVPC: true,
		},
		chain,
		{Name: "long chain", Mode: "ChainableRamRoleArn", SourceProfile: "chain", RoleARN: "arn", Source: &chain},
		{Name: "ecs", Mode: "EcsRamRole", RoleName: "r"},
		{Name: "oidc", Mode: "OIDC", OIDCProviderARN: "p", OIDCTokenFile: "f", RoleARN: "arn"},
		{Name: "oidc text", Mode: "OIDC", OIDCProviderARN: "p", OIDCToken: "canary", RoleARN: "arn"},
		{
			Name: "sso", Mode: "CloudSSO", SignInURL: "u", AccountID: "a", AccessConfig: "c", AccessToken: "canary",
			AccessTokenExpires: now.Unix() + 1,
		},
		{Name: "oauth", Mode: "OAuth", AccessKeyID: "id", AccessKeySecret: "canary", SecurityToken: "canary", STSExpires: now.Unix() + 1},
	} {
		t.Run(want.Name, func(t *testing.T) {
			t.Parallel()
			got, err := reader(t, file).Read(want.Name)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestProfilesThatCannotBeUsedAreDescribedWithoutTheirSecrets(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"new":        `profile "new" has no access key`,
		"half":       `profile "half" of mode AK lacks access_key_secret`,
		"token":      `profile "token" of mode StsToken lacks sts_token`,
		"bare role":  `profile "bare role" of mode RamRoleArn lacks ram_role_arn`,
		"bare chain": `profile "bare chain" of mode ChainableRamRoleArn lacks source_profile, ram_role_arn`,
		"bare oidc":  `profile "bare oidc" of mode OIDC lacks oidc_provider_arn, oidc_token_file, ram_role_arn`,
		"bare sso":   `profile "bare sso" of mode CloudSSO lacks cloud_sso_sign_in_url, cloud_sso_account_id, cloud_sso_access_config`,
		"loop":       `source of profile "loop": source of profile "pool": profile "loop" is its own source`,
		"torn":       `source of profile "torn": there is no profile "nowhere"`,
		"run":        `source of profile "run": profile "external" has mode External, which runs a program`,
		"external":   `profile "external" has mode External, which runs a program`,
		"old sso": `profile "old sso" had a login that expired at 2026-07-01T12:00:00Z: ` +
			`log in with "aliyun configure --mode CloudSSO --profile old sso"`,
		"no sso": `profile "no sso" had a login that expired at 2026-07-01T12:00:01Z`,
		"old oauth": `profile "old oauth" had a login that expired at 2026-07-01T12:00:00Z: ` +
			`log in with "aliyun configure --mode OAuth --profile old oauth"`,
		"no oauth":        `profile "no oauth" is not logged in: log in with`,
		"no oauth id":     `log in with`,
		"no oauth secret": `log in with`,
		"no oauth token":  `log in with`,
		"odd mode": `profile "odd mode" has mode "a-mode-that-nobody-has-heard-of-in-all-t...", ` +
			`which is not supported; supported modes: AK, StsToken,`,
		"long mode": `has mode "a-mode-that-nobody-has-heard-of-in-40-ye", which`,
		"no mode":   `profile "no mode" has mode "", which is not supported`,
		"odd":       `profile "odd" is not valid: expired_seconds has the wrong type`,
		"typo":      `there is no profile "typo"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := reader(t, file)
			_, err := r.Read(name)
			if err == nil || !strings.HasPrefix(err.Error(), r.Path()+": ") || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v, want %s: ... %s", err, r.Path(), want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("%q shows a secret", err)
			}
			if got := errors.Is(err, ErrAbsent); got != (name == "new") {
				t.Errorf("errors.Is(%v, ErrAbsent) is %t", err, got)
			}
		})
	}
}

func TestTheProfileIsChosenByNameThenEnvironmentThenFile(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, environment, want string }{
		{"sts", "ecs", "sts"}, {"", "ecs", "ecs"}, {"", "", "ak"},
	} {
		got, err := reader(t, file, "ALIBABA_CLOUD_PROFILE", test.environment).Read(test.name)
		if err != nil || got.Name != test.want {
			t.Errorf("Read(%q) with ALIBABA_CLOUD_PROFILE %q: got %q, %v; want %q", test.name, test.environment, got.Name, err, test.want)
		}
	}
	r := reader(t, `{"profiles":[{"name":"","mode":"EcsRamRole"}]}`)
	if _, err := r.Read(""); err == nil || !strings.Contains(err.Error(), "names no current profile, and ALIBABA_CLOUD_PROFILE is not set") {
		t.Errorf("got %v, want an error that there is no current profile", err)
	}
}

func TestSettingsAProfileLacksComeFromTheEnvironment(t *testing.T) {
	t.Parallel()
	environment := []string{
		"ALIBABA_CLOUD_ROLE_ARN", "other arn", "ALIBABA_CLOUD_ROLE_SESSION_NAME", "other name", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "other p",
		"ALIBABA_CLOUD_OIDC_TOKEN", "other token", "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "other file",
	}
	for _, want := range []Profile{
		{
			Name: "bare role", Mode: "RamRoleArn", AccessKeyID: "id", AccessKeySecret: "canary",
			RoleARN: "other arn", RoleSessionName: "other name",
		},
		{
			Name: "bare oidc", Mode: "OIDC", OIDCProviderARN: "other p", OIDCToken: "other token", OIDCTokenFile: "other file",
			RoleARN: "other arn",
		},
		{
			Name: "oidc", Mode: "OIDC", OIDCProviderARN: "p", OIDCToken: "other token", OIDCTokenFile: "f",
			RoleARN: "arn",
		},
	} {
		got, err := reader(t, file, environment...).Read(want.Name)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: error %v (-want +got):\n%s", want.Name, err, diff)
		}
	}
}

func TestFilesThatCannotBeUsedAreDescribedWithoutTheirText(t *testing.T) {
	t.Parallel()
	large := `{"current":"ak","profiles":[{"name":"ak","mode":"EcsRamRole"}]` + strings.Repeat(" ", maxFile-63) + "}"
	for name, test := range map[string]struct {
		text, want string
		usable     bool
	}{
		"cut off":            {`{"profiles":[{"access_key_secret":"canary"`, "is not a file of the CLI: invalid JSON at byte 42", false},
		"empty":              {``, "is not a file of the CLI: invalid JSON at byte 0", false},
		"another type":       {`"canary"`, "is not a file of the CLI: invalid JSON", false},
		"a member's type":    {`{"current":["canary"]}`, "is not a file of the CLI: current has the wrong type", false},
		"no profiles":        {`{"current":"ak"}`, `: there is no profile "ak"`, false},
		"byte order mark":    {"\ufeff" + file, "", true},
		"as large as may be": {large, "", true},
		"too large":          {large + " ", "is larger than 4194304 bytes", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := reader(t, test.text).Read("")
			switch {
			case test.usable:
				if err != nil {
					t.Errorf("got %v, want a profile", err)
				}
			case err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrAbsent):
				t.Errorf("got %v, want %q", err, test.want)
			case strings.Contains(err.Error(), "canary"):
				t.Errorf("%q shows a secret", err)
			}
		})
	}
}

func TestTheFileIsInTheHomeDirectoryOrWhereTheEnvironmentSays(t *testing.T) {
	t.Parallel()
	elsewhere := reader(t, file).Path()
	directory := filepath.Dir(elsewhere)
	for name, test := range map[string]struct {
		home        string
		environment []string
		want        string // of the error; "": none
		absent      bool
	}{
		"where the environment says": {"/nowhere", []string{"ALIBABA_CLOUD_CONFIG_FILE", elsewhere}, "", false},
		"no file":                    {directory, nil, filepath.Join(directory, ".aliyun", "config.json") + " does not exist", true},
		"no home":                    {"", nil, "there is no home directory, and ALIBABA_CLOUD_CONFIG_FILE is not set", true},
		"a directory":                {"", []string{"ALIBABA_CLOUD_CONFIG_FILE", directory}, directory + " cannot be read", false},
		"disabled": {
			directory, []string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "True"},
			"disabled by ALIBABA_CLOUD_CLI_PROFILE_DISABLED", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := reader(t, file, test.environment...)
			r.Home = test.home
			_, err := r.Read("ak")
			if test.want == "" {
				if err != nil {
					t.Errorf("got %v, want a profile", err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || errors.Is(err, ErrAbsent) != test.absent {
				t.Errorf("got %v, want %s; absent: %t", err, test.want, test.absent)
			}
		})
	}
}

func TestOnlyAnOAuthKeyExpires(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		profile Profile
		want    bool
	}{
		{Profile{Mode: ModeOAuth, STSExpires: now.Unix() + 1}, false},
		{Profile{Mode: ModeOAuth, STSExpires: now.Unix()}, true},
		{Profile{Mode: ModeAccessKey}, false},
	} {
		if got := test.profile.Expired(now); got != test.want {
			t.Errorf("%+v: expired is %t, want %t", test.profile, got, test.want)
		}
	}
}
