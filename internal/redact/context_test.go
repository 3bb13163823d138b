package redact_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"reflect"
	"testing"

	"github.com/wuying-go/appstreaming/internal/redact"
)

func TestContextErrorsDoNotMatchAnyLonger(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]error{
		"canceled":          context.Canceled,
		"deadline exceeded": context.DeadlineExceeded,
		"wrapped":           fmt.Errorf("stopped: %w", context.Canceled),
		"deep inside":       &net.OpError{Op: "dial", Err: fmt.Errorf("%w: %w", io.EOF, context.DeadlineExceeded)},
		"both":              errors.Join(context.Canceled, context.DeadlineExceeded),
	} {
		err := redact.ContextErrors(cause)
		for _, wrapped := range []error{err, fmt.Errorf("sending: %w", err)} {
			if errors.Is(wrapped, context.Canceled) || errors.Is(wrapped, context.DeadlineExceeded) {
				t.Errorf("%s: %v matches an error of a context", name, wrapped)
			}
		}
		if err.Error() != cause.Error() {
			t.Errorf("%s: the text is %q, want %q", name, err, cause)
		}
	}
}

// ownError is an error of a caller.
type ownError struct{ error }

func (e ownError) Unwrap() error { return e.error }

// timedOut is a timeout, as the errors of package net are.
type timedOut struct{ error }

func (e timedOut) Unwrap() error { return e.error }
func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }

func TestWhatIsFoundInsideDoesNotMatchEither(t *testing.T) {
	t.Parallel()
	timeout := fmt.Errorf("%w: %w", io.EOF, context.DeadlineExceeded)
	for name, cause := range map[string]error{
		"*net.OpError":     &net.OpError{Op: "dial", Err: timeout},
		"*net.DNSError":    &net.DNSError{Err: "x", UnwrapErr: timeout},
		"*url.Error":       &url.Error{Op: "Get", URL: "u", Err: timeout},
		"*fs.PathError":    &fs.PathError{Op: "open", Path: "p", Err: timeout},
		"*os.SyscallError": os.NewSyscallError("read", timeout),
		"a timeout":        &net.OpError{Op: "dial", Err: timedOut{timeout}},
		"nested":           &url.Error{Op: "Get", URL: "u", Err: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", timeout)}},
		"wrapped":          fmt.Errorf("sending: %w", &net.OpError{Op: "dial", Err: ownError{timeout}}),
	} {
		err := redact.ContextErrors(cause)
		found := 0
		for _, target := range []any{
			new(*net.OpError), new(*net.DNSError), new(*url.Error), new(*fs.PathError), new(*os.SyscallError), new(net.Error),
			new(interface{ Timeout() bool }), new(error),
		} {
			if !errors.As(err, target) {
				continue
			}
			found++
			part, ok := reflect.TypeAssert[error](reflect.ValueOf(target).Elem())
			if !ok || errors.Is(part, context.DeadlineExceeded) || !errors.Is(part, io.EOF) {
				t.Errorf("%s: %T %v matches an error of a context, or does not match what its cause matches", name, part, part)
			}
		}
		var network, original net.Error
		if found < 3 || !errors.As(err, &network) || !errors.As(cause, &original) || network.Timeout() != original.Timeout() {
			t.Errorf("%s: found %d errors of known types in %v, or it is no timeout where its cause is one", name, found, err)
		}
	}
	if network := net.Error(nil); errors.As(redact.ContextErrors(context.Canceled), &network) {
		t.Errorf("%v is an error of the network", network)
	}
	var own ownError
	if err := redact.ContextErrors(ownError{timeout}); !errors.As(err, &own) {
		t.Errorf("%v is not found as the caller's own error", err)
	}
}

func TestContextErrorsKeepsEverythingElse(t *testing.T) {
	t.Parallel()
	cause := &net.OpError{Op: "dial", Err: fmt.Errorf("%w: %w", io.EOF, context.DeadlineExceeded)}
	err := redact.ContextErrors(cause)
	var opErr *net.OpError
	var pathErr *os.PathError
	if !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		!errors.As(err, &opErr) || opErr.Op != "dial" || errors.As(err, &pathErr) {
		t.Errorf("%v does not match as its cause does", err)
	}
	if other := io.ErrNoProgress; redact.ContextErrors(other) != other || redact.ContextErrors(nil) != nil {
		t.Error("an error of another kind is not returned as it is")
	}
}
