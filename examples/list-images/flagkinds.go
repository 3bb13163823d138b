package main

import (
	"flag"
	"fmt"
	"strings"
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
	fs.Func(name, usage, set)
	fs.flagOf[field] = name
	fs.listed(name)
}

func text(fs *flagSet, name, field string, dst *string, usage string) {
	fs.add(name, field, usage, func(s string) error { *dst = s; return nil })
}

func texts(fs *flagSet, name, field string, dst *[]string, usage string) {
	fs.add(name, field, usage, func(s string) error { *dst = strings.Split(s, ","); return nil })
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
	fmt.Fprintf(&b, "Usage: %s [flags]\n\nLists cloud desktop and cloud app images. Without credentials in the environment it lists\nthose of a built-in service. Exit codes: 0, 1 for a failed call, 2 for bad flags.\n", program)
	for _, g := range fs.groups {
		fmt.Fprintf(&b, "\n%s:\n", g.title)
		for _, name := range g.names {
			f := fs.Lookup(name)
			kind, usage := flag.UnquoteUsage(f)
			if kind != "" {
				name += " " + kind
			}
			if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "false" {
				usage += " (default " + f.DefValue + ")"
			}
			fmt.Fprintf(&b, "  -%-30s %s\n", name, usage)
		}
	}
	return b.String()
}
