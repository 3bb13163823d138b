package appstreaming

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/wuying-go/appstreaming/internal/profile"
	"github.com/wuying-go/appstreaming/internal/redact"
	"github.com/wuying-go/appstreaming/internal/singleflight"
	"github.com/wuying-go/appstreaming/internal/sourceerror"
)

// Credentials sign a request: an access key, an STS key with its token, or a
// bearer token. A bearer token is used instead of the other fields.
//
// Credentials never show a secret when they are printed, logged or marshalled.
// They show the identifier of the access key and which other fields are set.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string // STS only
	BearerToken     string
}

// String returns the masked form.
func (c Credentials) String() string {
	var b strings.Builder
	b.WriteString("Credentials{AccessKeyID:" + printable(c.AccessKeyID))
	for _, secret := range []struct{ name, value string }{
		{"AccessKeySecret", c.AccessKeySecret},
		{"SecurityToken", c.SecurityToken},
		{"BearerToken", c.BearerToken},
	} {
		if secret.value != "" {
			b.WriteString(" " + secret.name + ":***")
		}
	}
	b.WriteString("}")
	return b.String()
}

// Format writes the masked form for every verb.
func (c Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// LogValue returns the masked form.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns the masked form, for JSON and other encodings.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// signing returns the fields that sign a request.
func (c Credentials) signing() Credentials {
	if c.BearerToken != "" {
		return Credentials{BearerToken: c.BearerToken}
	}
	return c
}

// checked returns the credentials ready for signing, or why they are unusable.
func (c Credentials) checked() (Credentials, error) {
	fault := func(format string, args ...any) (Credentials, error) {
		return Credentials{}, &CredentialsError{Err: fmt.Errorf(format, args...)}
	}
	c = c.signing()
	switch {
	case c == (Credentials{}):
		return fault("%w: the provider returned empty credentials", ErrNoCredentials)
	case c.BearerToken == "" && c.AccessKeyID == "":
		return fault("the provider returned an empty AccessKeyID")
	case c.BearerToken == "" && c.AccessKeySecret == "":
		return fault("the provider returned an empty AccessKeySecret")
	}
	if i := strings.IndexFunc(c.AccessKeyID, notInKeyID); i >= 0 {
		return fault("the AccessKeyID holds %s; an access key's identifier has letters, digits, '.', '-' and '_' only",
			nameOf([]rune(c.AccessKeyID[i:])[0]))
	}
	for _, secret := range [...]struct{ name, value string }{
		{"AccessKeySecret", c.AccessKeySecret}, {"SecurityToken", c.SecurityToken}, {"BearerToken", c.BearerToken},
	} {
		if i := strings.IndexFunc(secret.value, notInSecret); i >= 0 {
			return fault("the %s holds %s, which no key has", secret.name, nameOf([]rune(secret.value[i:])[0]))
		}
	}
	return c, nil
}

// notInKeyID reports characters that could end the identifier inside the
// Authorization header, and all others that no identifier has.
func notInKeyID(r rune) bool {
	return !isLetterOrDigit(r) && !strings.ContainsRune(".-_", r)
}

func notInSecret(r rune) bool { return r <= ' ' || r >= 0x7f }

// nameOf names a character for an error's text.
func nameOf(r rune) string {
	switch r {
	case ' ':
		return "a space"
	case '\t':
		return "a tab"
	case '\r', '\n':
		return "a line break"
	}
	return fmt.Sprintf("the character %+q", r)
}

// FromCredential adapts c of aliyun/credentials-go. Concurrent callers share
// one fetch and its result, which serves further callers for a second. Each
// stops waiting when its ctx ends.
//
// A fetch that takes longer than an attempt is abandoned, and the next attempt
// asks c again. The first fetch may still be running then, and credentials-go
// does not support concurrent fetches. Keep [RetryPolicy.AttemptTimeout] above
// the timeouts of c, which are 15 s together by default.
//
// The text of c's errors can hold secrets and is not shown. Errors name the
// code and the request identifier of STS, or the failure of the network or TLS
// and its host. [errors.As] finds copies of *net.OpError, *net.DNSError and the
// errors of crypto/tls and crypto/x509.
//
// credentials-go sends its own requests, to STS for example, with a copy of
// [net/http.DefaultTransport]. A proxy reaches them through HTTPS_PROXY or
// SetProxy of its Config. Further certificate authorities reach them through
// SSL_CERT_FILE, or RootCAs in the TLSClientConfig of that transport.
func FromCredential(c credentials.Credential) CredentialsProvider {
	fetch := func() (Credentials, error) {
		if c == nil {
			return Credentials{}, errors.New("FromCredential was given nil")
		}
		return guarded(func() (Credentials, error) {
			// All parts in one call: single getters can mix two generations of a key.
			model, err := c.GetCredential()
			if err == nil && model == nil {
				err = errNothing
			}
			if err != nil {
				return Credentials{}, err
			}
			return Credentials{
				AccessKeyID:     textOf(model.AccessKeyId),
				AccessKeySecret: textOf(model.AccessKeySecret),
				SecurityToken:   textOf(model.SecurityToken),
				BearerToken:     textOf(model.BearerToken),
			}, nil
		})
	}
	return newCredentialGate(func() singleflight.Source[Credentials] { return fetch })
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// errNothing is the error of a provider that returns neither credentials nor an
// error.
var errNothing = &CredentialsError{Err: errors.New("the source returned neither credentials nor an error")}

// guarded calls a function of credentials-go. It replaces the function's error
// by one that is safe to show, and its panic too.
func guarded(fetch func() (Credentials, error)) (found Credentials, err error) {
	defer func() {
		if recover() != nil {
			found, err = Credentials{}, errors.New("the source failed with a panic; its text is not shown because it can hold secrets")
		}
	}()
	found, err = fetch()
	if err == nil {
		return found, nil
	}
	if safe, ok := err.(*CredentialsError); ok {
		return Credentials{}, safe // of this package
	}
	described := sourceerror.Describe(err)
	if described.Network != nil {
		err = described.Network
	}
	err = redact.Hide(described.Text, err)
	if described.Exhausted {
		err = fmt.Errorf("%w: %w", ErrNoCredentials, err)
	}
	return Credentials{}, &CredentialsError{Code: Code(described.Code), RequestID: described.RequestID, Err: err}
}

// ask asks a provider of credentials-go.
func ask(p providers.CredentialsProvider) (Credentials, error) {
	return guarded(func() (Credentials, error) {
		found, err := p.GetCredentials()
		if err == nil && found == nil {
			err = errNothing
		}
		if err != nil {
			return Credentials{}, err
		}
		return Credentials{AccessKeyID: found.AccessKeyId, AccessKeySecret: found.AccessKeySecret, SecurityToken: found.SecurityToken}, nil
	})
}

// sourceOf returns a source that asks p, unless p could not be built.
func sourceOf(p providers.CredentialsProvider, err error) (singleflight.Source[Credentials], error) {
	if err != nil {
		return nil, err
	}
	return func() (Credentials, error) { return ask(p) }, nil
}

func oidcSource(role, provider, token, file string) (singleflight.Source[Credentials], error) {
	return sourceOf(build(providers.NewOIDCCredentialsProviderBuilder().
		WithRoleArn(role).WithOIDCProviderARN(provider).WithOIDCToken(token).WithOIDCTokenFilePath(file).Build()))
}

func profileSource(p profile.Profile, reader profile.Reader) (singleflight.Source[Credentials], error) {
	return sourceOf(providerOf(p, reader))
}

func profileFileSource(name string) (singleflight.Source[Credentials], error) {
	return sourceOf(build(providers.NewProfileCredentialsProviderBuilder().WithProfileName(name).Build()))
}

func metadataSource(role string) (singleflight.Source[Credentials], error) {
	return sourceOf(build(providers.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(role).Build()))
}

func uriSource(uri string) (singleflight.Source[Credentials], error) {
	return sourceOf(build(providers.NewURLCredentialsProviderBuilder().WithUrl(uri).Build()))
}

// providerOf returns the provider of credentials-go for a profile's mode. It does
// not use CLIProfileCredentialsProvider, which runs the command of a profile of
// mode External, prints that command's output, and rewrites the CLI's file.
func providerOf(p profile.Profile, reader profile.Reader) (providers.CredentialsProvider, error) {
	switch p.Mode {
	case profile.ModeRole, profile.ModeChainableRole:
		var source providers.CredentialsProvider = &savedKey{p, reader}
		if p.Source != nil {
			var err error
			if source, err = providerOf(*p.Source, reader); err != nil {
				return nil, err
			}
		}
		return build(providers.NewRAMRoleARNCredentialsProviderBuilder().WithCredentialsProvider(source).
			WithRoleArn(p.RoleARN).WithRoleSessionName(p.RoleSessionName).WithDurationSeconds(p.DurationSeconds).
			WithStsRegionId(p.STSRegion).WithEnableVpc(p.EnableVPC).WithPolicy(p.Policy).WithExternalId(p.ExternalID).Build())
	case profile.ModeECSRole:
		return build(providers.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(p.RoleName).Build())
	case profile.ModeOIDC:
		return build(providers.NewOIDCCredentialsProviderBuilder().WithOIDCToken(p.OIDCToken).WithOIDCTokenFilePath(p.OIDCTokenFile).
			WithOIDCProviderARN(p.OIDCProviderARN).WithRoleArn(p.RoleARN).WithRoleSessionName(p.RoleSessionName).
			WithDurationSeconds(p.DurationSeconds).WithStsRegionId(p.STSRegion).WithEnableVpc(p.EnableVPC).WithPolicy(p.Policy).Build())
	case profile.ModeCloudSSO:
		return build(providers.NewCloudSSOCredentialsProviderBuilder().WithSignInUrl(p.SignInURL).WithAccountId(p.AccountID).
			WithAccessConfig(p.AccessConfig).WithAccessToken(p.AccessToken).WithAccessTokenExpire(p.AccessTokenExpires).Build())
	}
	return &savedKey{p, reader}, nil
}

// build returns the result of a Build method.
func build[P providers.CredentialsProvider](p P, err error) (providers.CredentialsProvider, error) {
	if err != nil {
		return nil, &CredentialsError{Err: errors.New(sourceerror.Describe(err).Text)}
	}
	return p, nil
}

// savedKey provides the key in a profile. When the key of an OAuth login has
// expired, it reads the profile again, because the CLI may have saved a new key.
type savedKey struct {
	saved  profile.Profile
	reader profile.Reader
}

func (k *savedKey) GetCredentials() (*providers.Credentials, error) {
	if k.saved.Expired(k.reader.Now()) {
		read, err := k.reader.Read(k.saved.Name)
		if err == nil && read.Mode != k.saved.Mode {
			err = fmt.Errorf("profile %q has changed to mode %s", read.Name, read.Mode)
		}
		if err != nil {
			return nil, &CredentialsError{Err: err}
		}
		k.saved = read
	}
	found := providers.Credentials{
		AccessKeyId:     k.saved.AccessKeyID,
		AccessKeySecret: k.saved.AccessKeySecret,
		SecurityToken:   k.saved.SecurityToken,
		ProviderName:    k.GetProviderName(),
	}
	if k.saved.Mode == profile.ModeAccessKey || k.saved.Mode == profile.ModeRole {
		found.SecurityToken = "" // such a profile can hold one of an earlier mode
	}
	return &found, nil
}

func (k *savedKey) GetProviderName() string { return "cli_profile" }
