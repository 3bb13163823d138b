// Package profile reads profiles of the Alibaba Cloud CLI. It never writes to
// the CLI's file and starts no program.
package profile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrAbsent matches errors that mean that nobody set up a profile: the file
// does not exist, profiles are disabled, or the profile has no key yet.
var ErrAbsent = errors.New("no profile")

// absent is an error that matches ErrAbsent.
type absent string

func (a absent) Error() string { return string(a) }

func (a absent) Is(target error) bool { return target == ErrAbsent }

// The modes of profiles that can be used.
const (
	ModeAccessKey     = "AK"
	ModeSTS           = "StsToken"
	ModeRole          = "RamRoleArn"
	ModeChainableRole = "ChainableRamRoleArn"
	ModeECSRole       = "EcsRamRole"
	ModeOIDC          = "OIDC"
	ModeCloudSSO      = "CloudSSO"
	ModeOAuth         = "OAuth"

	modeExternal = "External"
)

// Profile is a profile that can be used: it is complete, and its login has not
// expired.
type Profile struct {
	Name            string `json:"name"`
	Mode            string `json:"mode"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	SecurityToken   string `json:"sts_token"`
	STSExpires      int64  `json:"sts_expiration"` // Unix time, of ModeOAuth

	RoleARN         string `json:"ram_role_arn"`
	RoleSessionName string `json:"ram_session_name"`
	RoleName        string `json:"ram_role_name"` // of ModeECSRole
	DurationSeconds int    `json:"expired_seconds"`
	Policy          string `json:"policy"`
	ExternalID      string `json:"external_id"`
	STSRegion       string `json:"sts_region"`
	EnableVPC       bool   `json:"enable_vpc"`

	OIDCProviderARN string `json:"oidc_provider_arn"`
	OIDCToken       string `json:"oidc_token"`
	OIDCTokenFile   string `json:"oidc_token_file"`

	SignInURL          string `json:"cloud_sso_sign_in_url"`
	AccountID          string `json:"cloud_sso_account_id"`
	AccessConfig       string `json:"cloud_sso_access_config"`
	AccessToken        string `json:"access_token"`
	AccessTokenExpires int64  `json:"cloud_sso_access_token_expire"` // Unix time

	SourceProfile string   `json:"source_profile"`
	Source        *Profile `json:"-"` // of ModeChainableRole
}

// Expired reports whether the key saved in a profile of ModeOAuth has expired.
func (p *Profile) Expired(now time.Time) bool {
	return p.Mode == ModeOAuth && now.Unix() >= p.STSExpires
}

// fault returns an error that names the profile.
func (p *Profile) fault(format string, args ...any) error {
	return fmt.Errorf("profile %q "+format, append([]any{p.Name}, args...)...)
}

// check returns why the profile cannot be used.
func (p *Profile) check(now time.Time) error {
	switch p.Mode {
	case ModeAccessKey:
		if p.AccessKeyID == "" && p.AccessKeySecret == "" {
			return p.fault("%w", absent("has no access key"))
		}
		return p.lacks("access_key_id", p.AccessKeyID, "access_key_secret", p.AccessKeySecret)
	case ModeSTS:
		return p.lacks("access_key_id", p.AccessKeyID, "access_key_secret", p.AccessKeySecret, "sts_token", p.SecurityToken)
	case ModeRole:
		return p.lacks("access_key_id", p.AccessKeyID, "access_key_secret", p.AccessKeySecret, "ram_role_arn", p.RoleARN)
	case ModeChainableRole:
		return p.lacks("source_profile", p.SourceProfile, "ram_role_arn", p.RoleARN)
	case ModeECSRole:
		return nil
	case ModeOIDC:
		return p.lacks("oidc_provider_arn", p.OIDCProviderARN, "oidc_token_file", p.OIDCToken+p.OIDCTokenFile, "ram_role_arn", p.RoleARN)
	case ModeCloudSSO:
		if now.Unix() >= p.AccessTokenExpires || p.AccessToken == "" {
			return p.loginAgain(p.AccessTokenExpires)
		}
		return p.lacks("cloud_sso_sign_in_url", p.SignInURL, "cloud_sso_account_id", p.AccountID, "cloud_sso_access_config", p.AccessConfig)
	case ModeOAuth:
		if p.Expired(now) || p.AccessKeyID == "" || p.AccessKeySecret == "" || p.SecurityToken == "" {
			return p.loginAgain(p.STSExpires)
		}
		return nil
	case modeExternal:
		return p.fault("has mode External, which runs a program: this package does not run it; pass its output with WithCredentials")
	}
	return p.fault("has mode %q, which is not supported; supported modes: %s", clip(p.Mode), strings.Join(supported, ", "))
}

var supported = []string{ModeAccessKey, ModeSTS, ModeRole, ModeChainableRole, ModeECSRole, ModeOIDC, ModeCloudSSO, ModeOAuth}

// lacks returns an error that names the empty settings of pairs of names and
// values.
func (p *Profile) lacks(pairs ...string) error {
	var empty []string
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] == "" {
			empty = append(empty, pair[0])
		}
	}
	if len(empty) == 0 {
		return nil
	}
	return p.fault("of mode %s lacks %s", p.Mode, strings.Join(empty, ", "))
}

// loginAgain returns the error of a login that has ended.
func (p *Profile) loginAgain(expired int64) error {
	when := "is not logged in"
	if expired > 0 {
		when = "had a login that expired at " + time.Unix(expired, 0).UTC().Format(time.RFC3339)
	}
	return p.fault("%s: log in with \"aliyun configure --mode %s --profile %s\"", when, p.Mode, p.Name)
}

// clip shortens text of the file for an error.
func clip(text string) string {
	const most = 40
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}
