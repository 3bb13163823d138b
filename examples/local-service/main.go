// Local-service is the service double as a server of its own, for programs in any language; Ctrl-C ends it.
// Try: go run ./examples/local-service -addr 127.0.0.1:8080 -images 237 -fail code=Throttling.User,times=3
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run serves until ctx ends. It returns the exit code: 0 when ctx ended it, 1
// when serving failed, 2 when the arguments cannot be used.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "local-service:", err)
		return 2
	}
	if err := serve(ctx, cfg, stdout); err != nil {
		fmt.Fprintln(stderr, "local-service:", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, cfg *config, stdout io.Writer) error {
	listener, err := net.ListenTCP("tcp", cfg.addr)
	if err != nil {
		return err
	}
	double := cfg.double()
	server := &http.Server{
		Handler:           logged(double, slog.New(slog.NewTextHandler(stdout, nil))),
		ReadHeaderTimeout: 30 * time.Second,
	}
	if err := greet(ctx, stdout, reachableURL(listener.Addr()), double); err != nil {
		return errors.Join(err, listener.Close())
	}

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	double.Close() // ends the answers that hang or wait
	if closeErr := server.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		<-failed //nolint:errcheck // it ended because it was asked to
		fmt.Fprintln(stdout, "local-service: ended")
	}
	return err
}

// reachableURL is where programs on this machine reach a listener.
func reachableURL(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", tcp.Port)
	}
	return "http://" + addr.String()
}
