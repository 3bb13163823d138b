package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wuying-go/appstreaming/internal/singleflight"
)

// freshFor is how long a fetched result serves later callers. It saves them the
// wait, and is short next to the three minutes before expiry at which
// credentials-go refreshes.
const freshFor = time.Second

// credentialGate makes a source of credentials safe for concurrent use.
type credentialGate struct {
	gate *singleflight.Gate[Credentials]
}

func newCredentialGate(open func() singleflight.Source[Credentials]) *credentialGate {
	same := func(a, b Credentials) bool { return a.signing() == b.signing() }
	return &credentialGate{singleflight.New(freshFor, same, open)}
}

// Credentials returns the shared result, or waits for the fetch in flight.
func (g *credentialGate) Credentials(ctx context.Context) (Credentials, error) {
	patience := defaultAttemptTimeout
	if asked, ok := ctx.Value(inquiryKey{}).(*inquiry); ok {
		patience = asked.patience
		if asked.refused != nil {
			g.gate.Refuse(asked.refused.credentials, asked.refused.at)
		}
	}
	return g.get(ctx, patience)
}

func (g *credentialGate) get(ctx context.Context, patience time.Duration) (Credentials, error) {
	found, err := g.gate.Get(ctx, patience)
	if errors.Is(err, singleflight.ErrGivenUp) {
		err = fmt.Errorf("%w: the source of credentials did not answer within %v", ErrAttemptTimeout, patience)
	}
	return found, err
}

// InvalidateCredentials makes the next call ask the source again, if refused is
// what callers share.
func (g *credentialGate) InvalidateCredentials(_ context.Context, refused Credentials) {
	g.gate.Refuse(refused, time.Now())
}

// refusedCredentials are what the service refused, and when.
type refusedCredentials struct {
	credentials Credentials
	at          time.Time
}

// inquiry is the context a provider is asked with. It tells the gates of this
// package, behind any wrapper, what they need to know of the attempt.
type inquiry struct {
	context.Context
	patience time.Duration       // an attempt's time
	refused  *refusedCredentials // in the same call; nil: none
}

type inquiryKey struct{}

func (q *inquiry) Value(key any) any {
	if key == (inquiryKey{}) {
		return q
	}
	return q.Context.Value(key)
}

// askProvider asks p for credentials, and returns ctx's cause as soon as ctx
// ends. Providers that may ignore ctx are asked on a goroutine of their own.
func askProvider(ctx context.Context, p CredentialsProvider, patience time.Duration, refused *refusedCredentials) (Credentials, error) {
	switch p := p.(type) {
	case fixedCredentials:
		return p(), nil
	case *credentialGate:
		return p.get(ctx, patience)
	}
	asked := &inquiry{ctx, patience, refused}
	return singleflight.Do(ctx, func() (Credentials, error) { return p.Credentials(asked) })
}

// credentialsFor provides the credentials for a signed URL.
func (c *config) credentialsFor(ctx context.Context) (Credentials, error) {
	timeout := c.retry.attemptTimeout()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, ErrAttemptTimeout)
	defer cancel()
	found, err := askProvider(ctx, c.credentials, timeout, nil)
	if err != nil {
		return Credentials{}, asCredentialsError(err)
	}
	return found.checked()
}
