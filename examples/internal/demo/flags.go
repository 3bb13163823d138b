package demo

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Flags are the flags of a program, in groups for its usage. Unlike package
// flag it refuses empty values: they come from an unset variable of a script,
// and would select everything.
type Flags struct {
	set    *flag.FlagSet
	groups []flagGroup
}

type flagGroup struct {
	title string
	names []string
}

func newFlags(program string) *Flags {
	f := &Flags{set: flag.NewFlagSet(program, flag.ContinueOnError)}
	f.set.SetOutput(io.Discard) // Execute prints errors, once
	f.set.Usage = func() {}
	return f
}

// Group begins a group of flags.
func (f *Flags) Group(title string) { f.groups = append(f.groups, flagGroup{title: title}) }

// Value defines a flag that hands its value to set. A name in back quotes in
// usage names the value.
func (f *Flags) Value(name, usage string, set func(string) error) {
	f.value(name, usage, func(s string) error {
		if s == "" {
			return errors.New("must not be empty; leave the flag out instead")
		}
		return set(s)
	})
}

// value defines a flag; set may be a boolean.
func (f *Flags) value(name, usage string, set any) {
	switch set := set.(type) {
	case func(string) error:
		f.set.Func(name, usage, set)
	case boolean:
		f.set.BoolFunc(name, usage, set.parse)
	}
	if len(f.groups) == 0 {
		f.Group("Flags")
	}
	last := &f.groups[len(f.groups)-1]
	last.names = append(last.names, name)
}

// boolean is called with the value of a flag that needs none.
type boolean func(on bool)

func (set boolean) parse(s string) error {
	on, err := strconv.ParseBool(s)
	if err != nil {
		return errors.New("must be true or false")
	}
	set(on)
	return nil
}

// Text defines a flag for a text.
func (f *Flags) Text(name string, dst *string, usage string) {
	f.Value(name, usage, func(s string) error { *dst = s; return nil })
}

// OneOf defines a flag for one of a few words.
func (f *Flags) OneOf(name string, dst *string, usage string, allowed ...string) {
	f.Value(name, usage, func(s string) error {
		*dst = s
		return OneOf(s, allowed...)
	})
}

// Toggle defines a flag that is on or off.
func (f *Flags) Toggle(name string, dst *bool, usage string) {
	f.value(name, usage, boolean(func(on bool) { *dst = on }))
}

// Count defines a flag for a whole number from low to high.
func (f *Flags) Count(name string, dst *int, low, high int, usage string) {
	rule := fmt.Sprintf("must be a number from %d", low)
	if high < math.MaxInt32 {
		rule += fmt.Sprintf(" to %d", high)
	}
	f.Value(name, usage, func(s string) error {
		n, err := strconv.Atoi(s)
		switch {
		case errors.Is(err, strconv.ErrRange) || n > high:
			return fmt.Errorf("must be a number from %d to %d", low, high)
		case err != nil || n < low:
			return errors.New(rule)
		}
		*dst = n
		return nil
	})
}

// Duration defines a flag for a duration that is not negative.
func (f *Flags) Duration(name string, dst *time.Duration, usage string) {
	f.Value(name, usage, func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return errors.New("must be a duration with its unit, such as 500ms, 30s or 2m")
		}
		*dst = d
		return nil
	})
}

// OneOf returns an error that names the allowed values if value is none of
// them.
func OneOf(value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	meant := ""
	if near := Nearest(value, allowed); near != "" {
		meant = fmt.Sprintf("did you mean %q? ", near)
	}
	return fmt.Errorf("unknown value %q; %sallowed are: %s", value, meant, strings.Join(allowed, ", "))
}

func (f *Flags) parse(args []string) error {
	err := f.set.Parse(args)
	if err == nil && f.set.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: everything is given by flags", f.set.Arg(0))
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return f.explained(err)
}

// explained rewrites the errors of package flag and adds what is allowed.
func (f *Flags) explained(err error) error {
	text := err.Error()
	if name, found := strings.CutPrefix(text, "flag provided but not defined: -"); found {
		var names []string
		for _, g := range f.groups {
			names = append(names, g.names...)
		}
		if near := Nearest(name, names); near != "" && len(name) > 2 {
			return fmt.Errorf("-%s: no such flag; did you mean -%s?", name, near)
		}
		return fmt.Errorf("-%s: no such flag", name)
	}
	if name, found := strings.CutPrefix(text, "flag needs an argument: -"); found {
		_, usage := flag.UnquoteUsage(f.set.Lookup(name))
		return fmt.Errorf("-%s: needs a value: %s", name, usage)
	}
	return err
}

// usage returns the text of -h, in lines of at most that many columns.
func (f *Flags) usage(p *Program, columns int) string {
	columns = max(columns, 60)
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s [flags]\n", p.Name)
	paragraphs := []string{p.About}
	if !p.Offline {
		paragraphs = append(paragraphs,
			"Any credentials of the standard Alibaba Cloud chain reach the real service. If no source has any, "+
				"the program uses a built-in service with sample images. Ctrl-C stops at once.",
			"Exit codes: 0; 1 for a failed or interrupted call; 2 for invalid flags"+p.Exits+".")
	}
	for _, paragraph := range paragraphs {
		fmt.Fprintf(&b, "\n%s\n", wrapped(paragraph, 0, columns))
	}
	for _, g := range f.groups {
		fmt.Fprintf(&b, "\n%s:\n", g.title)
		for _, name := range g.names {
			kind, usage := flag.UnquoteUsage(f.set.Lookup(name))
			if kind != "" {
				name += " " + kind
			}
			fmt.Fprintf(&b, "  -%-*s %s\n", usageIndent-4, name, wrapped(usage, usageIndent, columns))
		}
	}
	if p.Notes != "" {
		fmt.Fprintf(&b, "\n%s", p.Notes)
	}
	return b.String()
}

const usageIndent = 34 // of the flags' descriptions

// wrapped breaks a text into lines, with further lines indented.
func wrapped(text string, indent, columns int) string {
	var b strings.Builder
	at := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case at > 0 && indent+at+1+len(word) > columns:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = 0
		case at > 0:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}
