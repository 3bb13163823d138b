// Program list-images lists cloud desktop and cloud app images: of the account in the environment, or of a
// built-in service when there is none. Try: go run ./examples/list-images -os-type Windows -o csv
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
