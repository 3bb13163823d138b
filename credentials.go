package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aliyun/credentials-go/credentials"

	"github.com/wuying-go/appstreaming/internal/singleflight"
)

// Credentials is what a request is signed with: an access key, an STS key with
// its token, or a bearer token, which is used instead of the others when it is
// set.
//
// Printed by any verb of package fmt that takes a struct, logged or marshalled
// it shows the access key's identifier and which of the rest are set, never
// their text.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string // STS only
	BearerToken     string
}

// String returns the masked form.
func (c Credentials) String() string {
	var b strings.Builder
	b.WriteString("Credentials{AccessKeyID:" + c.AccessKeyID)
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

// Format writes the masked form whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// LogValue returns the masked form.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns the masked form, for JSON and other encodings.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// checked returns the credentials ready for signing, or why they are unusable.
func (c Credentials) checked() (Credentials, error) {
	if c.BearerToken != "" {
		c = Credentials{BearerToken: c.BearerToken}
	} else {
		switch {
		case c == (Credentials{}):
			return c, &CredentialsError{Err: fmt.Errorf("%w: the provider returned empty ones", ErrNoCredentials)}
		case c.AccessKeyID == "":
			return c, &CredentialsError{Err: errors.New("the provider returned an empty AccessKeyID")}
		case c.AccessKeySecret == "":
			return c, &CredentialsError{Err: errors.New("the provider returned an empty AccessKeySecret")}
		}
	}
	for _, part := range []struct{ name, value string }{
		{"AccessKeyID", c.AccessKeyID},
		{"AccessKeySecret", c.AccessKeySecret},
		{"SecurityToken", c.SecurityToken},
		{"BearerToken", c.BearerToken},
	} {
		if strings.ContainsFunc(part.value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return c, &CredentialsError{Err: fmt.Errorf("%s holds a space, a line break or another character no key has", part.name)}
		}
	}
	return c, nil
}

// CredentialsProvider gives the credentials of an attempt. It is asked before
// every one, from many goroutines at once, so that it should keep what it
// fetched for as long as that is valid.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// CredentialsFunc is a function that is a [CredentialsProvider]. It must be
// safe for concurrent use.
type CredentialsFunc func(context.Context) (Credentials, error)

// Credentials calls f.
func (f CredentialsFunc) Credentials(ctx context.Context) (Credentials, error) {
	if f == nil {
		return Credentials{}, errors.New("the CredentialsFunc is nil")
	}
	return f(ctx)
}

// StaticCredentials gives the same access key always; token is for STS keys
// and otherwise empty. For a bearer token use a [CredentialsFunc].
func StaticCredentials(id, secret, token string) CredentialsProvider {
	kept := Credentials{AccessKeyID: id, AccessKeySecret: secret, SecurityToken: token}
	// A closure rather than a struct: printing one shows an address only.
	return CredentialsFunc(func(context.Context) (Credentials, error) { return kept, nil })
}

// FromCredential gives what c of aliyun/credentials-go gives, made safe for
// concurrent use: one caller fetches, those who come meanwhile share the
// result, and each stops waiting when its ctx ends. Errors do not carry c's
// own text, for that may hold secrets.
func FromCredential(c credentials.Credential) CredentialsProvider {
	fetch := func() (Credentials, error) {
		if c == nil {
			return Credentials{}, errors.New("FromCredential was given nil")
		}
		found, ok := fetchCredential(c)
		if !ok {
			return Credentials{}, errors.New("the given credential could not be had from its source (its own error may hold secrets and is not shown)")
		}
		return found, nil
	}
	return newCredentialGate(func() singleflight.Source[Credentials] { return fetch })
}

// defaultChain is the standard chain of credentials-go. After a failure that
// chain asks its last source only, so each failure makes the gate open another.
func defaultChain() CredentialsProvider {
	return newCredentialGate(func() singleflight.Source[Credentials] {
		chain, err := credentials.NewCredential(nil)
		return func() (Credentials, error) {
			if err != nil {
				return Credentials{}, noCredentials()
			}
			found, ok := fetchCredential(chain)
			if !ok {
				return Credentials{}, noCredentials()
			}
			return found, nil
		}
	})
}

// fetchCredential takes all parts in one call: single getters can mix two
// generations of a key. It survives a panic in the provider, which would
// otherwise end the process from a goroutine nobody can guard.
func fetchCredential(c credentials.Credential) (found Credentials, ok bool) {
	defer func() {
		if recover() != nil {
			found, ok = Credentials{}, false
		}
	}()
	model, err := c.GetCredential()
	if err != nil || model == nil {
		return Credentials{}, false
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return Credentials{
		AccessKeyID:     text(model.AccessKeyId),
		AccessKeySecret: text(model.AccessKeySecret),
		SecurityToken:   text(model.SecurityToken),
		BearerToken:     text(model.BearerToken),
	}, true
}
