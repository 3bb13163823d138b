package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/wuying-go/appstreaming"
)

// isConfigured reports whether the environment names a source of credentials or
// one of the two files is there.
func isConfigured(getenv func(string) string) bool {
	for _, name := range []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN",
		"ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
		"ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_ECS_METADATA", "ALIBABA_CLOUD_PROFILE",
		"ALIBABA_CLOUD_CREDENTIALS_FILE",
	} {
		if getenv(name) != "" {
			return true
		}
	}
	home := Home(getenv)
	cliDisabled := strings.EqualFold(getenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED"), "true")
	return !cliDisabled && (getenv("ALIBABA_CLOUD_CONFIG_FILE") != "" || hasText(home, ".aliyun", "config.json")) ||
		hasText(home, ".alibabacloud", "credentials")
}

// Home returns the home directory; it is empty when there is none.
func Home(getenv func(string) string) string {
	if home := getenv("HOME"); home != "" {
		return home
	}
	return getenv("USERPROFILE")
}

// hasText reports whether a file below home is there and not empty. One that
// cannot be looked at counts as there.
func hasText(home string, path ...string) bool {
	if home == "" {
		return false
	}
	info, err := os.Stat(filepath.Join(append([]string{home}, path...)...))
	if err != nil {
		return !os.IsNotExist(err)
	}
	return info.Size() > 0
}

// Isolated returns an environment for tests: no variables, no terminal, and
// credentials in no source.
func Isolated(stdout, stderr io.Writer) Env {
	return Env{
		Getenv: func(string) string { return "" },
		Stdout: stdout, Stderr: stderr,
		IsTerminal: func(io.Writer) bool { return false },
		Columns:    func(io.Writer) int { return 0 },
		Credentials: appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
			return appstreaming.Credentials{}, fmt.Errorf("%w in any source", appstreaming.ErrNoCredentials)
		}),
	}
}
