package measure

import (
	"syscall"
	"time"
)

// cpuTime is the user and system time of this process so far; child processes
// are not counted. Windows counts in units of about 15 ms.
func cpuTime() time.Duration {
	process, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0
	}
	var created, ended, system, user syscall.Filetime
	if err := syscall.GetProcessTimes(process, &created, &ended, &system, &user); err != nil {
		return 0
	}
	return ticks(system) + ticks(user)
}

func ticks(t syscall.Filetime) time.Duration {
	const tick = 100 * time.Nanosecond
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * tick
}
