package demo

import (
	"io"
	"os"
	"strings"
	"unicode"
)

// IsTerminal reports whether w is a terminal, or at least a character device.
func IsTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && file.Name() != os.DevNull
}

// Clean keeps text of the service's, such as names and messages that strangers
// wrote, from steering the terminal: white space becomes a space, other control
// characters and marks that turn the direction of writing are dropped.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		}
		return r
	}, s)
}
