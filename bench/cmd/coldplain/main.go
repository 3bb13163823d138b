// Command coldplain lists one page with net/http and encoding/json and says so,
// to measure how long that takes from the start of the process.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/wuying-go/appstreaming/bench/internal/peers/plain"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: coldplain http://host:port")
		os.Exit(2)
	}
	if _, err := plain.New(os.Args[1]).List(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "coldplain:", err)
		os.Exit(1)
	}
	fmt.Println("listed")
}
