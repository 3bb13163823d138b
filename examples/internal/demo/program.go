// Package demo holds what the example programs share: flags, the connection,
// error messages with hints, exit codes, and text that is safe on a terminal.
package demo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/wuying-go/appstreaming"
)

// Exit codes of the example programs.
const (
	ExitOK     = 0
	ExitFailed = 1 // a call failed, or the program was interrupted
	ExitUsage  = 2 // invalid flags
)

// Program describes one example program. [Program.Main] and [Program.Execute]
// add the flags, the connection and the error handling that all programs share.
type Program struct {
	Name    string
	About   string        // what the program does and prints, for -h
	Exits   string        // exit codes other than 0, 1 and 2, for -h
	Notes   string        // the text after the flags in -h
	Timeout time.Duration // default of -timeout; 0 means no limit

	// Samples returns the images of the built-in service; nil means none.
	Samples func() []appstreaming.Image
	// Flags adds the program's own flags.
	Flags func(*Flags)
	// Check reports flags that do not go together. It runs before the program
	// connects.
	Check func(Env) error
	// Offline is for a program that is not a client: it gets no flags about the
	// connection, and a Session with Env alone.
	Offline bool
	// Live reports whether the program's own flags ask for the real service.
	Live func() bool
	// Run is the program itself.
	Run func(context.Context, *Session) error
}

// Env is the environment a program runs in. Tests pass their own.
type Env struct {
	Getenv         func(string) string
	Stdout, Stderr io.Writer
	// IsTerminal reports whether a stream is a terminal.
	IsTerminal func(io.Writer) bool
	// Columns returns the width of a stream in columns, 0 without limit.
	Columns func(io.Writer) int
	// Credentials replaces the standard chain; nil means the standard chain.
	Credentials appstreaming.CredentialsProvider
}

// CanDraw reports whether a line on w can be overwritten: on a terminal that
// knows how.
func (e Env) CanDraw(w io.Writer) bool { return e.IsTerminal(w) && e.Getenv("TERM") != "dumb" }

// ExitError ends a program with an exit code of its own.
type ExitError struct {
	Code int
	Err  error
	Hint string // advice for the user; empty: the hint that belongs to Err
}

// Error returns the text of Err.
func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }

// Main runs the program as a process. The first Ctrl-C cancels its context, the
// second ends the process at once.
func (p *Program) Main() {
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves, such as head, becomes a write error
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(p.Execute(ctx, Env{
		Getenv: os.Getenv, Stdout: os.Stdout, Stderr: os.Stderr,
		IsTerminal: IsTerminal, Columns: Columns,
	}, os.Args[1:]))
}

// Execute parses the arguments, connects, runs the program, and returns the
// exit code.
func (p *Program) Execute(ctx context.Context, env Env, args []string) int {
	flags := newFlags(p.Name)
	if p.Flags != nil {
		p.Flags(flags)
	}
	way := &connection{timeout: p.Timeout}
	if !p.Offline {
		way.flags(flags)
	}

	err := flags.parse(args)
	if errors.Is(err, flag.ErrHelp) {
		columns := env.Columns(env.Stdout)
		if columns == 0 {
			columns = 100
		}
		_, err := fmt.Fprint(env.Stdout, flags.usage(p, min(columns, 100)))
		return Report(env.Stderr, p.Name, err)
	}
	if err == nil && p.Check != nil {
		err = p.Check(env)
	}
	if err == nil {
		err = way.check()
	}
	switch {
	case err != nil:
		return p.refuse(env, err)
	case p.Offline:
		return Report(env.Stderr, p.Name, p.Run(ctx, &Session{Env: env}))
	}
	if way.live == nil && p.Live != nil && p.Live() {
		live := true
		way.live = &live
	}

	if way.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, way.timeout)
		defer cancel()
	}
	session, err := way.connect(ctx, p, env)
	var optionErr *appstreaming.OptionError
	switch {
	case errors.As(err, &optionErr):
		return p.refuse(env, way.named(optionErr))
	case err != nil:
		return Report(env.Stderr, p.Name, err)
	}
	defer session.close()
	return Report(env.Stderr, p.Name, p.Run(ctx, session))
}

// refuse reports invalid flags.
func (p *Program) refuse(env Env, err error) int {
	fmt.Fprintf(env.Stderr, "%s: %s\n%s -h lists the flags\n", p.Name, Clean(err.Error()), p.Name)
	return ExitUsage
}

// Report writes an error for a person: its text, for a refusal also code,
// message and request id, and a hint. It returns the exit code. A closed
// standard output is not a failure: the reader, such as head, has enough.
func Report(stderr io.Writer, program string, err error) int {
	if err == nil || isClosedPipe(err) && !isTransport(err) {
		return ExitOK
	}
	fmt.Fprintf(stderr, "%s: %s\n", program, Clean(err.Error()))
	var apiErr *appstreaming.APIError
	if errors.As(err, &apiErr) {
		fmt.Fprintf(stderr, "  code:       %s\n  message:    %s\n  request id: %s\n",
			Clean(string(apiErr.Code)), Clean(apiErr.Message), Clean(apiErr.RequestID))
	}
	code, hint := ExitFailed, Hint(err)
	var exitErr *ExitError
	if errors.As(err, &exitErr) {
		code = exitErr.Code
		if exitErr.Hint != "" {
			hint = exitErr.Hint
		}
	}
	if hint != "" {
		fmt.Fprintf(stderr, "  hint:       %s\n", hint)
	}
	return code
}
