package redact

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"reflect"
)

// ContextErrors returns an error like err that does not match the errors of
// package context. A timeout of the network matches context.DeadlineExceeded, and
// would look like the end of a ctx that has not ended.
//
// [errors.As] finds what it finds in err. Errors of packages net, net/url and os
// that match an error of a context are copied without it.
func ContextErrors(err error) error {
	if !isOfContext(err) {
		return err
	}
	plain := notOfContext{err}
	var timeout net.Error
	if errors.As(err, &timeout) {
		return netError{plain, timeout}
	}
	return plain
}

func isOfContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// notOfContext has no Unwrap method, because errors.Is would follow it.
type notOfContext struct{ err error }

func (e notOfContext) Error() string { return e.err.Error() }

func (e notOfContext) Is(target error) bool {
	return target != context.Canceled && target != context.DeadlineExceeded && errors.Is(e.err, target)
}

func (e notOfContext) As(target any) bool {
	if !errors.As(e.err, target) {
		return false
	}
	value := reflect.ValueOf(target).Elem()
	if found, ok := reflect.TypeAssert[error](value); ok && isOfContext(found) {
		if safe := reflect.ValueOf(withoutContext(found)); safe.Type().AssignableTo(value.Type()) {
			value.Set(safe)
		}
	}
	return true
}

// netError is a notOfContext that is a net.Error, as the error inside is.
type netError struct {
	notOfContext
	timeout net.Error
}

func (e netError) Timeout() bool { return e.timeout.Timeout() }

// Temporary is a part of net.Error.
func (e netError) Temporary() bool { return e.timeout.Temporary() } //nolint:staticcheck // deprecated, but net.Error needs it

// withoutContext returns a copy of an error of a known type that does not match
// the errors of a context.
func withoutContext(err error) error {
	switch e := err.(type) {
	case *net.OpError:
		c := *e
		c.Err = ContextErrors(e.Err)
		return &c
	case *net.DNSError:
		c := *e
		c.UnwrapErr = ContextErrors(e.UnwrapErr)
		return &c
	case *url.Error:
		return &url.Error{Op: e.Op, URL: e.URL, Err: ContextErrors(e.Err)}
	case *fs.PathError:
		return &fs.PathError{Op: e.Op, Path: e.Path, Err: ContextErrors(e.Err)}
	case *os.SyscallError:
		return &os.SyscallError{Syscall: e.Syscall, Err: ContextErrors(e.Err)}
	}
	return ContextErrors(err)
}
