package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxFile bounds the bytes read of the CLI's file.
const maxFile = 4 << 20

// Reader reads profiles from the CLI's file.
type Reader struct {
	Getenv func(string) string // such as os.Getenv
	Home   string              // the home directory; "" if there is none
	Now    func() time.Time
}

// Path returns the path of the CLI's file: the environment variable
// ALIBABA_CLOUD_CONFIG_FILE, or .aliyun/config.json in the home directory.
func (r Reader) Path() string {
	if path := r.Getenv("ALIBABA_CLOUD_CONFIG_FILE"); path != "" {
		return path
	}
	if r.Home == "" {
		return ""
	}
	return filepath.Join(r.Home, ".aliyun", "config.json")
}

// Read returns the profile of that name, or why it cannot be used. For the
// empty name it takes the environment variable ALIBABA_CLOUD_PROFILE, and if that
// is empty the profile that the file calls current.
//
// The error names the file, the profile and the problem. It contains no other
// text of the file, because that can be secret.
func (r Reader) Read(name string) (Profile, error) {
	if strings.EqualFold(r.Getenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED"), "true") {
		return Profile{}, absent("disabled by ALIBABA_CLOUD_CLI_PROFILE_DISABLED")
	}
	path := r.Path()
	if path == "" {
		return Profile{}, absent("there is no home directory, and ALIBABA_CLOUD_CONFIG_FILE is not set")
	}
	file, err := load(path)
	if err != nil {
		return Profile{}, fmt.Errorf("%s %w", path, err)
	}
	name = firstOf(name, r.Getenv("ALIBABA_CLOUD_PROFILE"), file.Current)
	if name == "" {
		return Profile{}, fmt.Errorf("%s names no current profile, and ALIBABA_CLOUD_PROFILE is not set", path)
	}
	found, err := r.find(file, name, nil)
	if err != nil {
		return Profile{}, fmt.Errorf("%s: %w", path, err)
	}
	return found, nil
}

// find returns the profile of that name with its sources. users holds the
// profiles that use it as their source.
func (r Reader) find(file *contents, name string, users []string) (Profile, error) {
	if slices.Contains(users, name) {
		return Profile{}, fmt.Errorf("profile %q is its own source", name)
	}
	found, err := file.profile(name)
	if err != nil {
		return Profile{}, err
	}
	found.RoleARN = firstOf(found.RoleARN, r.Getenv("ALIBABA_CLOUD_ROLE_ARN"))
	switch found.Mode {
	case ModeRole, ModeChainableRole:
		found.RoleSessionName = firstOf(found.RoleSessionName, r.Getenv("ALIBABA_CLOUD_ROLE_SESSION_NAME"))
	case ModeOIDC:
		found.OIDCProviderARN = firstOf(found.OIDCProviderARN, r.Getenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN"))
		found.OIDCToken = firstOf(found.OIDCToken, r.Getenv("ALIBABA_CLOUD_OIDC_TOKEN"))
		found.OIDCTokenFile = firstOf(found.OIDCTokenFile, r.Getenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE"))
	}
	if err := found.check(r.Now()); err != nil || found.Mode != ModeChainableRole {
		return found, err
	}
	source, err := r.find(file, found.SourceProfile, append(users, name))
	if err != nil {
		return Profile{}, fmt.Errorf("source of profile %q: %w", name, err)
	}
	found.Source = &source
	return found, nil
}

// contents is the CLI's file. A profile is decoded only when it is used, so a
// fault in another profile does no harm.
type contents struct {
	Current  string            `json:"current"`
	Profiles []json.RawMessage `json:"profiles"`
}

// load reads the file. The error continues a sentence that begins with the
// file's path.
func load(path string) (*contents, error) {
	opened, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, absent("does not exist")
	}
	if err != nil {
		return nil, cannotRead(err)
	}
	defer opened.Close()
	text, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	if err != nil {
		return nil, cannotRead(err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("is larger than %d bytes", maxFile)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // editors on Windows write it
	file := new(contents)
	if err := json.Unmarshal(text, file); err != nil {
		return nil, fmt.Errorf("is not a file of the CLI: %s", describe(err))
	}
	return file, nil
}

// profile returns the profile of that name.
func (c *contents) profile(name string) (Profile, error) {
	for _, text := range c.Profiles {
		var named struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(text, &named) != nil || named.Name != name {
			continue
		}
		var found Profile
		if err := json.Unmarshal(text, &found); err != nil {
			return Profile{}, fmt.Errorf("profile %q is not valid: %s", name, describe(err))
		}
		return found, nil
	}
	return Profile{}, fmt.Errorf("there is no profile %q", name)
}

// cannotRead names the cause without the path, which the error already names.
func cannotRead(err error) error {
	if pathErr, ok := err.(*fs.PathError); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// describe describes invalid JSON without quoting it.
func describe(err error) string {
	switch err := err.(type) {
	case *json.SyntaxError:
		return fmt.Sprintf("invalid JSON at byte %d", err.Offset)
	case *json.UnmarshalTypeError:
		if err.Field != "" {
			return fmt.Sprintf("%s has the wrong type", err.Field)
		}
	}
	return "invalid JSON"
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
