package appstreaming

import (
	"context"
	"errors"
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
	same := func(a, b Credentials) bool { return a == b }
	return &credentialGate{gate: singleflight.New(freshFor, same, open)}
}

func (g *credentialGate) Credentials(ctx context.Context) (Credentials, error) {
	found, err := g.gate.Get(ctx, defaultAttemptTimeout)
	if errors.Is(err, singleflight.ErrGivenUp) {
		err = ErrAttemptTimeout
	}
	return found, err
}

// expire makes the next call ask the source again if it shares what was
// refused.
func (g *credentialGate) expire(refused Credentials) { g.gate.Refuse(refused, time.Now()) }
