//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package demo

import "os"

// terminalColumns returns false: terminals are not known here.
func terminalColumns(*os.File) (columns int, isTerminal bool) { return 0, false }
