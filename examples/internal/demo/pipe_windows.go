package demo

import (
	"errors"
	"syscall"
)

// errNoData is ERROR_NO_DATA: the reader of the pipe is closing it.
const errNoData = syscall.Errno(232)

// isClosedPipe reports whether nobody reads what is written any more.
func isClosedPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ERROR_BROKEN_PIPE) || errors.Is(err, errNoData)
}
