package main

import (
	"context"
	"errors"
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
	turn  chan struct{} // holds one token: for the field below and for issuing
	kept  *issued
}

func newRotating(issue issuer) *rotating {
	r := &rotating{issue: issue, turn: make(chan struct{}, 1)}
	r.turn <- struct{}{}
	return r
}

// options make a client use the keys.
func (r *rotating) options() []appstreaming.Option {
	return []appstreaming.Option{appstreaming.WithCredentials(r), appstreaming.WithObserver(r.observe)}
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
	if r.kept == nil || !r.kept.expires.IsZero() && time.Until(r.kept.expires) < renewBefore {
		key, err := r.issue(ctx)
		if err != nil {
			return appstreaming.Credentials{}, err
		}
		r.kept = &key
	}
	return r.kept.Credentials, nil
}

// observe drops the key when the service has refused its token. It runs before
// the client's one retry, so that retry gets another key.
func (r *rotating) observe(ctx context.Context, a appstreaming.Attempt) {
	if !errors.Is(a.Err, appstreaming.CodeInvalidSecurityToken) {
		return
	}
	select {
	case <-r.turn:
		r.kept = nil
		r.turn <- struct{}{}
	case <-ctx.Done():
	}
}

// accessKeyID returns the identifier of the key, which is not secret.
func (r *rotating) accessKeyID() string {
	<-r.turn
	defer func() { r.turn <- struct{}{} }()
	if r.kept == nil {
		return "none"
	}
	return r.kept.AccessKeyID
}
