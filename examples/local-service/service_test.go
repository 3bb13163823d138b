package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// service is the program, running in a goroutine on a free port.
type service struct {
	url string
	// stop ends it as Ctrl-C does, and returns what it printed and its exit code.
	stop func() (stdout string, code int)
}

func startService(t *testing.T, args ...string) service {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	var stderr strings.Builder
	code := make(chan int, 1)
	go func() {
		code <- program().Execute(ctx, demo.Isolated(writer, &stderr), append([]string{"-addr", "127.0.0.1:0"}, args...))
		writer.Close()
	}()

	lines := bufio.NewReader(reader)
	first, err := lines.ReadString('\n')
	url, _, found := strings.Cut(strings.TrimPrefix(first, "listening on "), " ")
	if err != nil || !found {
		cancel()
		t.Fatalf("it printed %q first (%v); code %d, stderr %s", first, err, <-code, stderr.String())
	}
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(lines) // a pipe closed by its writer
		rest <- string(text)
	}()
	stop := func() (string, int) {
		cancel()
		printed := <-rest
		return first + printed, <-code
	}
	t.Cleanup(cancel)
	return service{url, stop}
}

// client returns a client the way a Go program makes one.
func (s service) client(t *testing.T, opts ...appstreaming.Option) *appstreaming.Client {
	t.Helper()
	client, err := appstreaming.New(appstreaming.RegionShanghai, append([]appstreaming.Option{
		appstreaming.WithEndpoint(s.url), appstreaming.WithPlainHTTP(),
		appstreaming.WithCredentials(appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, appstreamingtest.AccessKeySecret, "")),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
