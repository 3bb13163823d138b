//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package demo

import "os"

// terminalColumns returns 0: the width is unknown here.
func terminalColumns(*os.File) int { return 0 }
