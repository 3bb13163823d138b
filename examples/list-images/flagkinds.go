package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// group begins a part of the usage.
func (fs *flagSet) group(title string) { fs.groups = append(fs.groups, group{title: title}) }

// listed names flags of the current part of the usage.
func (fs *flagSet) listed(names ...string) {
	last := &fs.groups[len(fs.groups)-1]
	last.names = append(last.names, names...)
}

// add defines a flag for a field of the request.
func (fs *flagSet) add(name, field, usage string, set func(string) error) {
	fs.flagOf[field] = name
	fs.value(name, usage, set)
}

// value defines a flag that takes a value. An empty one is refused: it comes
// from an unset variable of a script, and would select everything.
func (fs *flagSet) value(name, usage string, set func(string) error) {
	fs.Func(name, usage, func(s string) error {
		if s == "" {
			return errors.New("must not be empty; leave the flag out instead")
		}
		return set(s)
	})
	fs.listed(name)
}

func (fs *flagSet) word(name string, dst *string, usage string) {
	fs.value(name, usage, func(s string) error { *dst = s; return nil })
}

// count defines a flag for a number from low to high.
func (fs *flagSet) count(name string, dst *int, low, high int, usage string) {
	rule := fmt.Sprintf("a number from %d", low)
	if high < math.MaxInt32 {
		rule += fmt.Sprintf(" to %d", high)
	}
	fs.value(name, usage, func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return errors.New("must be " + rule)
		}
		*dst = n
		return nil
	})
}

func (fs *flagSet) toggle(name string, dst *bool, usage string) {
	fs.BoolFunc(name, usage, func(s string) error {
		on, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("must be true or false")
		}
		*dst = on
		return nil
	})
	fs.listed(name)
}

// explained adds to the flag package's errors what is allowed.
func (fs *flagSet) explained(err error) error {
	text := err.Error()
	if name, found := strings.CutPrefix(text, "flag provided but not defined: -"); found {
		var names []string
		for _, g := range fs.groups {
			names = append(names, g.names...)
		}
		if near := demo.Nearest(name, names); near != "" && len(name) > 2 {
			return fmt.Errorf("-%s: no such flag; did you mean -%s?", name, near)
		}
		return fmt.Errorf("-%s: no such flag", name)
	}
	if name, found := strings.CutPrefix(text, "flag needs an argument: -"); found {
		_, usage := flag.UnquoteUsage(fs.Lookup(name))
		return fmt.Errorf("-%s: needs a value: %s", name, usage)
	}
	return err
}

func text(fs *flagSet, name, field string, dst *string, usage string) {
	fs.add(name, field, usage, func(s string) error { *dst = s; return nil })
}

func texts(fs *flagSet, name, field string, dst *[]string, usage string) {
	fs.add(name, field, usage, func(s string) error {
		*dst = append(*dst, strings.Split(s, ",")...)
		return nil
	})
}

// valued is an enumeration of the library's.
type valued[T any] interface {
	~string
	Values() []T
}

func enum[T valued[T]](fs *flagSet, name, field string, dst *T) {
	fs.add(name, field, strings.Join(allowed[T](), ", "), func(s string) error { *dst = T(s); return nil })
	fs.enums = append(fs.enums, func() error { return fs.checkValue(name, string(*dst), allowed[T]()) })
}

func enums[T valued[T]](fs *flagSet, name, field string, dst *[]T) {
	fs.add(name, field, "comma-separated: "+strings.Join(allowed[T](), ", "), func(s string) error {
		for item := range strings.SplitSeq(s, ",") {
			*dst = append(*dst, T(item))
		}
		return nil
	})
	fs.enums = append(fs.enums, func() error {
		for _, item := range *dst {
			if err := fs.checkValue(name, string(item), allowed[T]()); err != nil {
				return err
			}
		}
		return nil
	})
}

func allowed[T valued[T]]() []string {
	var none T
	var values []string
	for _, v := range none.Values() {
		values = append(values, string(v))
	}
	return values
}

// checkValue refuses values that are not documented. The service may know
// more of them; -any-value sends them.
func (fs *flagSet) checkValue(name, value string, allowed []string) error {
	if fs.anyValue || value == "" {
		return nil
	}
	if err := oneOf("-"+name, value, allowed...); err != nil {
		return fmt.Errorf("%w (-any-value sends others)", err)
	}
	return nil
}

func usage() string {
	var o options
	var signature string
	fs := define(&o, &signature)
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s [flags]\n\nLists cloud desktop and cloud app images. Without credentials in the environment it lists\nthose of a built-in service. Ctrl-C stops at once.\n\nExit codes: 0; 1 for a failed or interrupted call: what was listed until then is written; 2 for bad flags.\n", program)
	for _, g := range fs.groups {
		fmt.Fprintf(&b, "\n%s:\n", g.title)
		for _, name := range g.names {
			f := fs.Lookup(name)
			kind, usage := flag.UnquoteUsage(f)
			if kind != "" {
				name += " " + kind
			}
			fmt.Fprintf(&b, "  -%-30s %s\n", name, wrapped(usage))
		}
	}
	return b.String()
}

// wrapped breaks a flag's usage into lines, the further ones indented.
func wrapped(usage string) string {
	const width, indent = 68, 34
	var b strings.Builder
	at := 0
	for word := range strings.FieldsSeq(usage) {
		switch {
		case at > 0 && at+1+len(word) > width:
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
