package main

import (
	"context"
	"sync"
	"time"

	"github.com/wuying-go/appstreaming"
)

// renewBefore is how long before its end a key is renewed.
const renewBefore = 3 * time.Minute

// issued is a key and when it expires; zero means never.
type issued struct {
	appstreaming.Credentials
	expires time.Time
}

// rotating keeps an STS key until it is about to expire or the service refuses
// it, then asks for another. It is safe for concurrent use.
type rotating struct {
	issue issuer
	turn  chan struct{} // holds one token, for the caller that issues a key

	mu   sync.Mutex
	kept *issued
}

var _ appstreaming.CredentialsInvalidator = (*rotating)(nil)

func newRotating(issue issuer) *rotating {
	r := &rotating{issue: issue, turn: make(chan struct{}, 1)}
	r.turn <- struct{}{}
	return r
}

// Credentials returns the key. The client calls it before every attempt, so it
// answers from memory while it can. Callers that come while a key is being
// issued wait for it, at most until their ctx ends; a mutex could not do that.
func (r *rotating) Credentials(ctx context.Context) (appstreaming.Credentials, error) {
	select {
	case <-r.turn:
		defer func() { r.turn <- struct{}{} }()
	case <-ctx.Done():
		return appstreaming.Credentials{}, ctx.Err()
	}
	if key := r.current(); key != nil && (key.expires.IsZero() || time.Until(key.expires) >= renewBefore) {
		return key.Credentials, nil
	}
	key, err := r.issue(ctx)
	if err != nil {
		return appstreaming.Credentials{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = &key
	return key.Credentials, nil
}

// InvalidateCredentials drops the key that the service has refused. The client
// calls it before it asks again, so its one retry gets another key. A newer key
// is kept: the refusal can be of an older one that another call still used.
func (r *rotating) InvalidateCredentials(_ context.Context, refused appstreaming.Credentials) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept != nil && r.kept.Credentials == refused {
		r.kept = nil
	}
}

func (r *rotating) current() *issued {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept
}

// accessKeyID returns the identifier of the key, which is not secret.
func (r *rotating) accessKeyID() string {
	if key := r.current(); key != nil {
		return key.AccessKeyID
	}
	return "none"
}
