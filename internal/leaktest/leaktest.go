// Package leaktest finds goroutines that outlive tests. Each of them holds a
// connection, a page or a timer that a caller would lose.
package leaktest

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs a package's tests and exits. It fails the run when a goroutine is
// left over. Call it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if transport, ok := http.DefaultTransport.(*http.Transport); ok {
		transport.CloseIdleConnections() // some tests send through it
	}
	if left := Settle(10 * time.Second); len(left) > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d goroutines outlive the tests:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// Settle waits for all other goroutines to end, because a closed connection
// takes a moment to notice. It returns the stacks of those that do not end.
func Settle(patience time.Duration) []string {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		left := Others()
		if len(left) == 0 || time.Now().After(end) {
			return left
		}
	}
}

// Others returns the stacks of all goroutines except the caller's and those
// that the runtime keeps for signals, which fuzzing starts.
func Others() []string {
	buffer := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			buffer = buffer[:n]
			break
		}
		buffer = make([]byte, 2*len(buffer))
	}
	var others []string
	for i, stack := range strings.Split(strings.TrimSpace(string(buffer)), "\n\n") {
		if i > 0 && !strings.Contains(stack, "os/signal.loop") {
			others = append(others, stack)
		}
	}
	return others
}
