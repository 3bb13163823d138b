package demo

import (
	"os"
	"syscall"
	"unsafe"
)

// terminalColumns reports whether a file is a console, and its width.
func terminalColumns(file *os.File) (columns int, isTerminal bool) {
	var info struct {
		width, height            int16
		cursorX, cursorY         int16
		attributes               uint16
		left, top, right, bottom int16
		maxWidth, maxHeight      int16
	}
	ask := syscall.NewLazyDLL("kernel32.dll").NewProc("GetConsoleScreenBufferInfo")
	if ask.Find() != nil {
		return 0, false
	}
	if ok, _, _ := ask.Call(file.Fd(), uintptr(unsafe.Pointer(&info))); ok == 0 {
		return 0, false
	}
	return int(info.right-info.left) + 1, true
}
