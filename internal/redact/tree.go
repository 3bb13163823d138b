package redact

import "iter"

// maxTree limits the errors of a tree that are examined.
const maxTree = 1000

// tree yields an error and all errors that it wraps.
func tree(err error) iter.Seq[error] {
	return func(yield func(error) bool) {
		rest := []error{err}
		for n := 0; len(rest) > 0 && n < maxTree; n++ {
			next := rest[0]
			rest = rest[1:]
			if next == nil {
				continue
			}
			if !yield(next) {
				return
			}
			switch wrapper := next.(type) {
			case interface{ Unwrap() error }:
				rest = append(rest, wrapper.Unwrap())
			case interface{ Unwrap() []error }:
				rest = append(rest, wrapper.Unwrap()...)
			}
		}
	}
}

// find returns the first error of a type in a tree, or that type's zero value.
func find[E error](err error) (found E) {
	for each := range tree(err) {
		if e, ok := each.(E); ok {
			return e
		}
	}
	return found
}
