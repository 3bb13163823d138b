// Program list-images lists cloud desktop and cloud app images: of the account in the environment, or of a
// built-in service when there is none. Try: go run ./examples/list-images -os-type Windows -o csv
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader that goes, as head does, is an error of a write then
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process the hard way
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr, demo.IsTerminal))
}
