//go:build !windows

package demo

import (
	"errors"
	"syscall"
)

// isClosedPipe reports whether nobody reads what is written any more.
func isClosedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
