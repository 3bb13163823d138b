package appstreaming_test

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails the whole run when a goroutine outlives it: each one is a
// connection, a page or a timer that some caller would lose for good.
func TestMain(m *testing.M) {
	code := m.Run()
	if transport, ok := http.DefaultTransport.(*http.Transport); ok {
		transport.CloseIdleConnections() // some tests send through it
	}
	if left := settledGoroutines(10 * time.Second); len(left) > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d goroutines outlive the tests:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// settledGoroutines waits for goroutines to end and returns the stacks of those
// that do not. A connection that was closed takes a moment to notice.
func settledGoroutines(patience time.Duration) []string {
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		left := otherGoroutines()
		if len(left) == 0 || time.Now().After(end) {
			return left
		}
	}
}

// otherGoroutines returns the stacks of all goroutines but the caller's and
// those that the runtime keeps for signals, which go test's fuzzing starts.
func otherGoroutines() []string {
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
