package redact

import (
	"context"
	"errors"
)

// ContextErrors returns an error like err that does not match the errors of
// package context. A timeout of the network matches context.DeadlineExceeded, and
// would look like the end of a ctx that has not ended.
func ContextErrors(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return notOfContext{err}
	}
	return err
}

// notOfContext has no Unwrap method, because errors.Is would follow it.
type notOfContext struct{ err error }

func (e notOfContext) Error() string { return e.err.Error() }

func (e notOfContext) Is(target error) bool {
	return target != context.Canceled && target != context.DeadlineExceeded && errors.Is(e.err, target)
}

func (e notOfContext) As(target any) bool { return errors.As(e.err, target) }
