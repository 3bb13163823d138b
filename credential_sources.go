package appstreaming

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming/internal/profile"
	"github.com/wuying-go/appstreaming/internal/singleflight"
)

// surroundings are the process's environment and home directory.
func surroundings() profile.Reader {
	home, _ := os.UserHomeDir() // "" on an error
	return profile.Reader{Getenv: os.Getenv, Home: home, Now: time.Now}
}

// source is one of the places credentials come from.
type source struct {
	name  string
	fetch singleflight.Source[Credentials]
}

// notSetUp is the error of a source that nobody set up.
type notSetUp string

func (e notSetUp) Error() string { return string(e) }

func defaultChain() *credentialGate { return standardChain(surroundings) }

// standardChain provides the credentials of the standard chain of
// credentials-go: those of the first source that has any.
func standardChain(here func() profile.Reader) *credentialGate {
	return newCredentialGate(func() singleflight.Source[Credentials] { return firstOf(standardSources(here())) })
}

// namedProfile provides the credentials of a profile in the CLI's file.
func namedProfile(here func() profile.Reader, name string) *credentialGate {
	return newCredentialGate(func() singleflight.Source[Credentials] {
		return firstOf([]source{{"CLI profile", fromProfile(here(), name)}})
	})
}

// firstOf returns a source that asks each of the given ones, in order, and
// stays with the first that has credentials.
func firstOf(sources []source) singleflight.Source[Credentials] {
	var chosen *source
	return func() (Credentials, error) {
		if chosen != nil {
			found, err := chosen.fetch()
			if err != nil {
				err = noneFound(sourceFailure{chosen.name, err})
			}
			return found, err
		}
		var failures []sourceFailure
		for i := range sources {
			found, err := sources[i].fetch()
			if err == nil {
				chosen = &sources[i]
				return found, nil
			}
			failures = append(failures, sourceFailure{sources[i].name, err})
		}
		return Credentials{}, noneFound(failures...)
	}
}

// noneFound returns the error of sources without credentials. It has the code
// and the request identifier of the first source that refused.
func noneFound(failures ...sourceFailure) *CredentialsError {
	e := &CredentialsError{Err: &sourcesError{failures}}
	for _, failure := range failures {
		if refusal, ok := as[*CredentialsError](failure.err); ok && (refusal.Code != "" || refusal.RequestID != "") {
			e.Code, e.RequestID = refusal.Code, refusal.RequestID
			break
		}
	}
	return e
}

// standardSources are the sources of the standard chain, in its order.
func standardSources(here profile.Reader) []source {
	return []source{
		{"environment", fromEnvironment(here)},
		{"OIDC", fromOIDC(here)},
		{"CLI profile", fromProfile(here, "")},
		{"profile file", fromProfileFile(here)},
		{"ECS metadata", fromMetadata(here)},
		{"credentials URI", fromURI(here)},
	}
}

func fromEnvironment(here profile.Reader) singleflight.Source[Credentials] {
	const id, secret = "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
	const session = "ALIBABA_CLOUD_SECURITY_TOKEN"
	return func() (Credentials, error) {
		found := Credentials{
			AccessKeyID:     here.Getenv(id),
			AccessKeySecret: here.Getenv(secret),
			SecurityToken:   here.Getenv(session),
		}
		switch {
		case found.AccessKeyID == "" && found.AccessKeySecret == "" && found.SecurityToken != "":
			return Credentials{}, fmt.Errorf("%s is set, but %s and %s are not", session, id, secret)
		case found.AccessKeyID == "" && found.AccessKeySecret == "":
			return Credentials{}, notSetUp(id + " is not set")
		case found.AccessKeyID == "":
			return Credentials{}, errors.New(secret + " is set, but " + id + " is not")
		case found.AccessKeySecret == "":
			return Credentials{}, errors.New(id + " is set, but " + secret + " is not")
		}
		return found, nil
	}
}

func fromOIDC(here profile.Reader) singleflight.Source[Credentials] {
	const role, provider, token, file = "ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
		"ALIBABA_CLOUD_OIDC_TOKEN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE"
	return opened(func() (singleflight.Source[Credentials], error) {
		hasToken := here.Getenv(token) != "" || here.Getenv(file) != ""
		switch {
		case here.Getenv(provider) == "" && !hasToken: // other sources use the role too
			return nil, notSetUp(provider + " is not set")
		case here.Getenv(provider) == "":
			return nil, errors.New("the token is set, but " + provider + " is not")
		case !hasToken:
			return nil, errors.New(provider + " is set, but " + file + " is not")
		case here.Getenv(role) == "":
			return nil, errors.New(provider + " is set, but " + role + " is not")
		}
		return oidcSource(here.Getenv(role), here.Getenv(provider), here.Getenv(token), here.Getenv(file))
	})
}

func fromProfile(here profile.Reader, name string) singleflight.Source[Credentials] {
	return opened(func() (singleflight.Source[Credentials], error) {
		found, err := here.Read(name)
		if errors.Is(err, profile.ErrAbsent) {
			return nil, notSetUp(err.Error())
		}
		if err != nil {
			return nil, err
		}
		return profileSource(found, here)
	})
}

func fromProfileFile(here profile.Reader) singleflight.Source[Credentials] {
	path := here.Getenv("ALIBABA_CLOUD_CREDENTIALS_FILE")
	if path == "" && here.Home != "" {
		path = filepath.Join(here.Home, ".alibabacloud", "credentials")
	}
	name := here.Getenv("ALIBABA_CLOUD_PROFILE")
	if name == "" {
		name = "default"
	}
	return opened(func() (singleflight.Source[Credentials], error) {
		if path == "" {
			return nil, notSetUp("there is no home directory, and ALIBABA_CLOUD_CREDENTIALS_FILE is not set")
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, notSetUp(path + " does not exist")
		}
		fetch, err := profileFileSource(name)
		return describing(fetch, fmt.Sprintf("profile %q in %s", name, path)), err
	})
}

func fromMetadata(here profile.Reader) singleflight.Source[Credentials] {
	return opened(func() (singleflight.Source[Credentials], error) {
		if strings.EqualFold(here.Getenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED"), "true") {
			return nil, notSetUp("disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED")
		}
		role := here.Getenv("ALIBABA_CLOUD_ECS_METADATA")
		fetch, err := metadataSource(role)
		if role != "" || err != nil {
			return fetch, err
		}
		return func() (Credentials, error) {
			found, err := fetch()
			if err != nil {
				// Most machines have no metadata service, so this is not a failure.
				err = notSetUp("no usable response: " + causeOf(err).Error())
			}
			return found, err
		}, nil
	})
}

func fromURI(here profile.Reader) singleflight.Source[Credentials] {
	return opened(func() (singleflight.Source[Credentials], error) {
		uri := here.Getenv("ALIBABA_CLOUD_CREDENTIALS_URI")
		if uri == "" {
			return nil, notSetUp("ALIBABA_CLOUD_CREDENTIALS_URI is not set")
		}
		fetch, err := uriSource(uri)
		return describing(fetch, "ALIBABA_CLOUD_CREDENTIALS_URI"), err
	})
}

// opened returns a source that is opened when it is asked first.
func opened(open func() (singleflight.Source[Credentials], error)) singleflight.Source[Credentials] {
	var fetch singleflight.Source[Credentials]
	return func() (found Credentials, err error) {
		if fetch == nil {
			if fetch, err = open(); err != nil {
				fetch = nil
				return Credentials{}, err
			}
		}
		return fetch()
	}
}

// describing puts a text in front of a source's errors.
func describing(fetch singleflight.Source[Credentials], text string) singleflight.Source[Credentials] {
	return func() (Credentials, error) {
		found, err := fetch()
		if refusal, ok := as[*CredentialsError](err); ok {
			err = &CredentialsError{Code: refusal.Code, RequestID: refusal.RequestID, Err: fmt.Errorf("%s: %w", text, refusal.Err)}
		} else if err != nil {
			err = fmt.Errorf("%s: %w", text, err)
		}
		return found, err
	}
}

// causeOf returns an error without the words that begin a *CredentialsError.
func causeOf(err error) error {
	wrapper, ok := as[*CredentialsError](err)
	if !ok {
		return err
	}
	if wrapper.RequestID != "" {
		return fmt.Errorf("%w (request id %s)", wrapper.Err, wrapper.RequestID)
	}
	return wrapper.Err
}

// sourcesError is the failure of every source that was asked.
type sourcesError struct{ failures []sourceFailure }

type sourceFailure struct {
	source string
	err    error
}

// Error names each source and what it lacks.
func (e *sourcesError) Error() string {
	if len(e.failures) == 1 {
		return fmt.Sprintf("no credentials from the source %q: %v", e.failures[0].source, causeOf(e.failures[0].err))
	}
	var texts []string
	for _, failure := range e.failures {
		texts = append(texts, fmt.Sprintf("%s (%v)", failure.source, causeOf(failure.err)))
	}
	return "no credentials in any source: " + strings.Join(texts, ", ")
}

// Unwrap returns the failures of the sources that somebody set up, and the
// sentinels that match.
func (e *sourcesError) Unwrap() []error {
	all := []error{ErrNoCredentials}
	for _, failure := range e.failures {
		if _, ok := as[notSetUp](failure.err); !ok {
			all = append(all, ErrCredentialsSource, failure.err)
		}
	}
	return all
}
