// Command coldours lists one page with this repository's client and says so,
// to measure how long that takes from the start of the process.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/wuying-go/appstreaming/bench/internal/peers/ours"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: coldours http://host:port")
		os.Exit(2)
	}
	peer, err := ours.New(os.Args[1])
	if err == nil {
		_, err = peer.List(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "coldours:", err)
		os.Exit(1)
	}
	fmt.Println("listed")
}
