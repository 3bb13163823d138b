package demo

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// pty returns a terminal of that many columns.
func pty(t *testing.T, columns uint16) *os.File {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	t.Cleanup(func() { control.Close() })
	ask := func(request uintptr, value unsafe.Pointer) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, control.Fd(), request, uintptr(value)); errno != 0 {
			t.Fatal(errno)
		}
	}
	var number, locked int32
	size := struct{ rows, columns, x, y uint16 }{rows: 24, columns: columns}
	ask(syscall.TIOCGPTN, unsafe.Pointer(&number))
	ask(syscall.TIOCSPTLCK, unsafe.Pointer(&locked))
	ask(syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("terminals cannot be opened here: ", err)
	}
	t.Cleanup(func() { terminal.Close() })
	return terminal
}

func TestTheWidthIsThatOfTheTerminal(t *testing.T) {
	t.Setenv("COLUMNS", "")
	for columns, want := range map[uint16]int{80: 80, 120: 120, 0: 80} {
		terminal := pty(t, columns)
		if got := Columns(terminal); got != want || !IsTerminal(terminal) {
			t.Errorf("a terminal of %d columns has %d, want %d", columns, got, want)
		}
	}
}

// Standard output that goes to the null device is a character device of another
// name.
func TestTheNullDeviceIsNoTerminalUnderAnyName(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile("/dev/./null", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if IsTerminal(null) {
		t.Error("it counts as a terminal")
	}
}
