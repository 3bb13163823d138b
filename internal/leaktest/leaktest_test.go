package leaktest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming/internal/leaktest"
)

func TestAGoroutineThatWaitsIsSeenUntilItEnds(t *testing.T) {
	seen := func(stacks []string) bool {
		return strings.Contains(strings.Join(stacks, "\n"), "leaktest_test.linger")
	}
	if seen(leaktest.Others()) {
		t.Fatal("it is seen before it began")
	}
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go linger(begun, end, ended)
	<-begun
	if !seen(leaktest.Others()) || !seen(leaktest.Settle(time.Millisecond)) {
		t.Error("a goroutine that waits is not seen")
	}
	close(end)
	<-ended
	for try := 0; seen(leaktest.Others()); try++ {
		if try > 1000 {
			t.Fatal("it is seen after it ended")
		}
		time.Sleep(time.Millisecond)
	}
}

func linger(begun, end, ended chan struct{}) {
	close(begun)
	<-end
	close(ended)
}
