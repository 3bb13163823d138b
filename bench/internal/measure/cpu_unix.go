//go:build unix

package measure

import (
	"syscall"
	"time"
)

// cpuTime is the user and system time of this process so far; child processes
// are not counted.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0 // cannot fail for RUSAGE_SELF and a valid pointer
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
