//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package demo

import (
	"os"
	"syscall"
	"unsafe"
)

// terminalColumns reports whether a file is a terminal, and its width; 0 means
// unknown.
func terminalColumns(file *os.File) (columns int, isTerminal bool) {
	raw, err := file.SyscallConn()
	if err != nil {
		return 0, false
	}
	var size struct{ rows, columns, _, _ uint16 }
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	})
	if err != nil || errno != 0 {
		return 0, false
	}
	return int(size.columns), true
}
