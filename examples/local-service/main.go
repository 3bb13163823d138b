// Program local-service runs the service double as a server, for programs in any language; Ctrl-C ends it.
// Try: go run ./examples/local-service -addr 127.0.0.1:8080 -images 237 -fail code=Throttling.User,times=3
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func main() { program().Main() }

func program() *demo.Program {
	var c config
	return &demo.Program{
		Name:    "local-service",
		About:   "Serves ListImage on this machine, as a double for tests. It verifies signatures and fails on demand. Ctrl-C ends it.",
		Notes:   faultUsage,
		Offline: true,
		Flags:   c.flags,
		Check:   c.check,
		Run:     func(ctx context.Context, s *demo.Session) error { return serve(ctx, &c, s.Stdout) },
	}
}

// serve serves until ctx ends.
func serve(ctx context.Context, cfg *config, stdout io.Writer) error {
	listener, err := net.ListenTCP("tcp", cfg.listen)
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
	double.Close() // ends responses that hang or wait
	if closeErr := server.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		<-failed //nolint:errcheck // it ended because it was asked to
		fmt.Fprintln(stdout, "local-service: ended")
	}
	return err
}

// reachableURL returns the URL at which programs on this machine reach a listener.
func reachableURL(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", tcp.Port)
	}
	return "http://" + addr.String()
}
