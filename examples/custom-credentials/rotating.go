package main

import (
	"context"
	"errors"
	"time"

	"github.com/wuying-go/appstreaming"
)

// renewBefore is how long before its end a key is given up.
const renewBefore = 3 * time.Minute

// issued is a key with the time it ends; zero: it does not.
type issued struct {
	appstreaming.Credentials
	expires time.Time
}

// rotating keeps an STS key until it is about to expire or the service refuses
// it, and then asks for another. It is safe for concurrent use.
type rotating struct {
	issue func(context.Context) (issued, error)
	turn  chan struct{} // holds one token: for the fields below, and for issuing
	kept  *issued
}

func newRotating(issue func(context.Context) (issued, error)) *rotating {
	r := &rotating{issue: issue, turn: make(chan struct{}, 1)}
	r.turn <- struct{}{}
	return r
}

// options make a client use the keys.
func (r *rotating) options() []appstreaming.Option {
	return []appstreaming.Option{appstreaming.WithCredentials(r), appstreaming.WithObserver(r.observe)}
}

// Credentials is asked before every attempt, so that it answers from memory
// while it can. Who comes while a key is being issued waits for it, but not
// longer than its ctx: a mutex would not let go.
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

// observe forgets the key when the service has refused its token. That comes
// before the client's one retry, which so gets another key.
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

// accessKeyID tells which key is kept. It is no secret; the rest is.
func (r *rotating) accessKeyID() string {
	<-r.turn
	defer func() { r.turn <- struct{}{} }()
	if r.kept == nil {
		return "none"
	}
	return r.kept.AccessKeyID
}
