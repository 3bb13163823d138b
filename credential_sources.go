package appstreaming

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// noCredentials tells which sources were tried and what each lacked, from the
// environment rather than from the chain's own error: that can hold a
// configuration file's text, secrets included.
func noCredentials() error {
	state := func(variable string) string {
		if os.Getenv(variable) == "" {
			return variable + " is not set"
		}
		return variable + " is set, but gave none"
	}
	file := func(variable string, fallback ...string) string {
		path := os.Getenv(variable)
		if path == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return "no home directory"
			}
			path = filepath.Join(append([]string{home}, fallback...)...)
		}
		if _, err := os.Stat(path); err != nil {
			return path + " cannot be read"
		}
		return path + " gave none"
	}
	metadata := "no usable answer"
	if strings.EqualFold(os.Getenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED"), "true") {
		metadata = "disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED"
	}
	return fmt.Errorf("%w in any source: environment (%s), OIDC (%s), CLI profile (%s), profile file (%s), ECS metadata (%s), credentials URI (%s)",
		ErrNoCredentials,
		state("ALIBABA_CLOUD_ACCESS_KEY_ID"),
		state("ALIBABA_CLOUD_ROLE_ARN"),
		file("ALIBABA_CLOUD_CONFIG_FILE", ".aliyun", "config.json"),
		file("ALIBABA_CLOUD_CREDENTIALS_FILE", ".alibabacloud", "credentials"),
		metadata,
		state("ALIBABA_CLOUD_CREDENTIALS_URI"))
}
