package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wuying-go/appstreaming/internal/redact"
	"github.com/wuying-go/appstreaming/internal/singleflight"
)

// CredentialsProvider provides the credentials of an attempt. It is asked
// before every attempt, from many goroutines at once, so a provider should keep
// what it fetched while that is valid.
//
// The attempt's timeout and the caller's cancellation reach the provider
// through ctx. A call returns when ctx ends even if the provider does not. A
// provider that fails because of the network, or is too slow, is asked again.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// CredentialsInvalidator is an optional interface of a [CredentialsProvider].
// A client calls InvalidateCredentials when the service refused a key or a
// token, before it asks the provider again. The provider should then drop
// refused, if it still has it, and fetch other credentials when it is asked.
// The method must return at once and be safe for concurrent use.
//
// The providers of this package implement it if they can fetch again. Inside
// another provider they also learn of the refusal from ctx, if that provider
// passes on the ctx that it receives.
type CredentialsInvalidator interface {
	InvalidateCredentials(ctx context.Context, refused Credentials)
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

// StaticCredentials always provides the same access key. token is for STS keys,
// and empty otherwise. For a bearer token use a [CredentialsFunc]. A call reports
// an empty id or secret, and characters that no key has, as a
// [*CredentialsError].
func StaticCredentials(id, secret, token string) CredentialsProvider {
	kept := Credentials{AccessKeyID: id, AccessKeySecret: secret, SecurityToken: token}
	return fixedCredentials(func() Credentials { return kept })
}

// fixedCredentials is a function because package fmt shows only its address.
type fixedCredentials func() Credentials

func (f fixedCredentials) Credentials(context.Context) (Credentials, error) { return f(), nil }

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

// refusedCredentials holds the credentials that the service refused, and when.
type refusedCredentials struct {
	credentials Credentials
	at          time.Time
}

// inquiry is the context that a provider receives. It carries the facts that the
// gates of this package need about the attempt, through any wrapper.
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

// provide asks p for the credentials of an attempt and checks them. caller is
// the context of the call, and ctx the one of the attempt, which ends after
// timeout. The error matches an error of package context only if caller ended.
func provide(ctx, caller context.Context, p CredentialsProvider, timeout time.Duration, refused *refusedCredentials) (Credentials, error) {
	found, err := askProvider(ctx, p, timeout, refused)
	switch {
	case caller.Err() != nil, ctx.Err() != nil && hasEnded(caller):
		if err == nil || err == context.Cause(ctx) || errors.Is(err, context.Cause(caller)) {
			err = ctxError(caller)
		} else {
			err = withoutOthersContext(caller, err)
		}
	case ctx.Err() != nil && (err == nil || errors.Is(err, ErrAttemptTimeout)):
		err = fmt.Errorf("%w: the provider did not answer within %v", ErrAttemptTimeout, timeout)
	case ctx.Err() != nil:
		err = wrapf("%w: the provider did not answer within %v (%v)", ErrAttemptTimeout, timeout, err)
	case err == nil:
		return found.checked()
	default:
		err = redact.ContextErrors(err)
	}
	return Credentials{}, asCredentialsError(err)
}

func asCredentialsError(err error) error {
	if _, ok := err.(*CredentialsError); ok {
		return err
	}
	wrapped := &CredentialsError{Err: err}
	if inner, ok := as[*CredentialsError](err); ok {
		wrapped.Code, wrapped.RequestID = inner.Code, inner.RequestID
	}
	return wrapped
}

// credentialsFor provides the credentials for a signed URL.
func (c *config) credentialsFor(caller context.Context) (Credentials, error) {
	timeout := c.retry.attemptTimeout()
	ctx, cancel := context.WithTimeoutCause(caller, timeout, ErrAttemptTimeout)
	defer cancel()
	return provide(ctx, caller, c.credentials, timeout, nil)
}
