package appstreamingtest

import (
	"context"

	"github.com/wuying-go/appstreaming"
)

// Client returns a client of the server with the key [AccessKeyID]. The options
// are applied last, so they can change everything, including credentials. A
// client of a server that does not listen reaches it through memory, as with
// [Server.HTTPClient].
//
// An invalid option fails the test of a server made by [NewServer] or
// [NewTLSServer]. Otherwise every call of the client returns the option's error
// and sends nothing.
func (s *Server) Client(opts ...appstreaming.Option) *appstreaming.Client {
	if s.tb != nil {
		s.tb.Helper()
	}
	base := []appstreaming.Option{
		appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(AccessKeyID, AccessKeySecret, "")),
	}
	switch url := s.URL(); {
	case url == "":
		base = append(base, appstreaming.WithEndpoint(pipeURL), appstreaming.WithHTTPClient(s.HTTPClient()))
	case s.certificate != nil:
		base = append(base, appstreaming.WithEndpoint(url), appstreaming.WithHTTPClient(s.trustingClient()))
	default:
		base = append(base, appstreaming.WithEndpoint(url))
	}
	client, err := appstreaming.New(appstreaming.RegionShanghai, append(base, opts...)...)
	if err == nil {
		return client
	}
	if s.tb != nil {
		s.tb.Fatalf("appstreamingtest: %v", err)
	}
	return failingClient(err)
}

// failingClient returns a client whose calls return err.
func failingClient(err error) *appstreaming.Client {
	fail := func(context.Context) (appstreaming.Credentials, error) { return appstreaming.Credentials{}, err }
	client, newErr := appstreaming.New(appstreaming.RegionShanghai, appstreaming.WithCredentials(appstreaming.CredentialsFunc(fail)))
	if newErr != nil {
		return new(appstreaming.Client) // its calls return ErrUninitialized
	}
	return client
}
