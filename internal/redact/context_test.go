package redact_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
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

func TestContextErrorsKeepsEverythingElse(t *testing.T) {
	t.Parallel()
	cause := &net.OpError{Op: "dial", Err: fmt.Errorf("%w: %w", io.EOF, context.DeadlineExceeded)}
	err := redact.ContextErrors(cause)
	var opErr *net.OpError
	var pathErr *os.PathError
	if !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		!errors.As(err, &opErr) || opErr != cause || errors.As(err, &pathErr) {
		t.Errorf("%v does not match as its cause does", err)
	}
	if other := io.ErrNoProgress; redact.ContextErrors(other) != other || redact.ContextErrors(nil) != nil {
		t.Error("an error of another kind is not returned as it is")
	}
}
