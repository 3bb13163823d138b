package stub

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// childCommand is the first argument that makes a program serve instead of
// doing its own work.
const childCommand = "serve-stub"

// Config says what a service answers.
type Config struct {
	Body    string        // file with the response body of every request; "": the empty page
	Gzip    bool          // compress where the client accepts it
	Pages   int           // over 0: that many different pages, by PageNumber, made of Body's images
	Latency time.Duration // before every answer
}

func (c Config) handler() (http.Handler, error) {
	body := []byte(EmptyPage)
	if c.Body != "" {
		var err error
		if body, err = os.ReadFile(c.Body); err != nil {
			return nil, err
		}
	}
	if c.Pages > 0 {
		listing, err := NewListing(body, c.Pages)
		return delayed(listing, c.Latency), err
	}
	fixed, err := newFixed(body, c.Gzip)
	return delayed(fixed, c.Latency), err
}

// ChildMain serves and never returns if this process was started by [Start].
// It is to be called first thing in main.
func ChildMain() {
	if len(os.Args) < 2 || os.Args[1] != childCommand {
		return
	}
	if err := serve(os.Args[2:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "stub service:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve answers on a free loopback port, whose URL it writes to out, until in
// ends: a child whose parent has died ends too.
func serve(args []string, in io.Reader, out io.Writer) error {
	var config Config
	flags := flag.NewFlagSet(childCommand, flag.ContinueOnError)
	flags.StringVar(&config.Body, "body", "", "")
	flags.BoolVar(&config.Gzip, "gzip", false, "")
	flags.IntVar(&config.Pages, "pages", 0, "")
	flags.DurationVar(&config.Latency, "latency", 0, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	handler, err := config.handler()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		server.Close()
	}()
	fmt.Fprintf(out, "http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// A Child is a service in a process of its own, so that its CPU time and
// memory are not the measuring process's.
type Child struct {
	URL     string
	command *exec.Cmd
	stdin   io.Closer
}

// Start runs this program's executable again as a service.
func Start(config Config) (*Child, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(executable, childCommand,
		"-body", config.Body,
		fmt.Sprintf("-gzip=%t", config.Gzip),
		"-pages", fmt.Sprint(config.Pages),
		"-latency", config.Latency.String())
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start stub service: %w", err)
	}
	child := &Child{command: command, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("stub service did not start: %w", errors.Join(err, child.Close()))
	}
	child.URL = strings.TrimSpace(line)
	return child, nil
}

// Close ends the service.
func (c *Child) Close() error {
	c.stdin.Close()
	return c.command.Wait()
}
