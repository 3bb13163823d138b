package appstreamingtest

import (
	"context"

	"github.com/wuying-go/appstreaming"
)

// Client makes a client of the server with the key [AccessKeyID]. The options
// are applied last, so that they can change everything, credentials included. A
// server that does not listen is reached through memory, as with
// [Server.HTTPClient].
//
// An option that cannot be used fails the test of a server made by [NewServer];
// otherwise every call of the client returned fails with that error, without
// sending anything.
func (s *Server) Client(opts ...appstreaming.Option) *appstreaming.Client {
	if s.tb != nil {
		s.tb.Helper()
	}
	base := []appstreaming.Option{
		appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(AccessKeyID, AccessKeySecret, "")),
	}
	if url := s.URL(); url != "" {
		base = append(base, appstreaming.WithEndpoint(url))
	} else {
		base = append(base, appstreaming.WithEndpoint(pipeURL), appstreaming.WithHTTPClient(s.HTTPClient()))
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

// failingClient makes a client whose calls fail with err.
func failingClient(err error) *appstreaming.Client {
	fail := func(context.Context) (appstreaming.Credentials, error) { return appstreaming.Credentials{}, err }
	client, newErr := appstreaming.New(appstreaming.RegionShanghai, appstreaming.WithCredentials(appstreaming.CredentialsFunc(fail)))
	if newErr != nil {
		return new(appstreaming.Client) // its calls fail with ErrUninitialized
	}
	return client
}
