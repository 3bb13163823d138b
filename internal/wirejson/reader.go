package wirejson

import (
	"bytes"
	"encoding/json"
)

// Reader reads one JSON text into the fields of structs.
//
// The texts of many fields become one string, and the fields are parts of it; see
// [Reader.Store]. All other memory of the result is allocated in its exact size.
// The memory for the items of lists and for Extra is limited to a multiple of the
// text's size.
//
// A Reader can be used again after [Reader.Reset]. Its own memory has a fixed
// size, regardless of the texts that it has read.
type Reader struct {
	Scanner
	misfit  *SyntaxError
	items   account  // memory for the items of lists
	extras  account  // memory for Extra
	misfits [][]byte // scratch of readItem: members whose value does not fit
	texts   texts
}

// Extra holds the members of an object that have no field, or whose value does
// not fit their field.
type Extra = map[string]json.RawMessage

// Fit is the result of reading a member's value into its field.
type Fit uint8

// The results of reading a member.
const (
	Unknown Fit = iota // there is no such member; its value was not read
	Misfit             // the value does not fit the field
	Fits
)

// A Schema reads the value of the member name into its field of v. The value
// comes next in r. If it returns [Unknown] or [Misfit], it has read the value
// completely or not at all.
type Schema[T any] func(r *Reader, v *T, name []byte) Fit

const (
	// A text may take memoryFloor bytes of memory and memoryFactor times its own
	// size for the items of lists, and as much again for Extra. An ordinary page
	// of images takes less than its own size altogether.
	memoryFloor  = 256 << 10
	memoryFactor = 4

	// The memory of an Extra: the map with its first members, and each member.
	extraSize       = 352
	extraMemberSize = 192
)

// Reset makes r read text from its beginning. It drops the state of the previous
// text.
func (r *Reader) Reset(text []byte) {
	r.Scanner.Reset(text)
	r.misfit = nil
	r.items = memoryFloor + memoryFactor*account(len(text))
	r.extras = r.items
	r.texts.forget()
}

// account is the number of bytes that a text may still use for one purpose.
type account int64

// charge takes n times size bytes. It reports false if that many are not left.
func (a *account) charge(n, size int) bool {
	taken := account(n) * account(size)
	if taken > *a {
		return false
	}
	*a -= taken
	return true
}

// ChargeItems takes n bytes of the memory for the items of lists. It reports
// false if that many are not left.
func (r *Reader) ChargeItems(n int) bool { return r.items.charge(n, 1) }

// Err returns the first failure, or nil. A syntax error comes before a value that
// the caller or r has refused.
func (r *Reader) Err() *SyntaxError {
	if r.err != nil {
		return r.err
	}
	return r.misfit
}

// Refuse records a failure at a value that is valid JSON. Only the first one is
// kept, and reading continues.
func (r *Reader) Refuse(offset int, reason string) {
	if r.misfit == nil {
		r.misfit = &SyntaxError{Offset: offset, Reason: reason}
	}
}

// RefuseKind refuses the value that comes next, which is not of the kind
// wanted.
func (r *Reader) RefuseKind(wanted Kind) {
	kind := r.Peek()
	if r.misfit == nil && kind != Missing {
		r.Refuse(r.pos, kind.String()+" instead of "+wanted.String())
	}
}

// Forgive drops the failure that [Reader.Refuse] has recorded.
func (r *Reader) Forgive() { r.misfit = nil }

// ReadObject reads an object, member by member. Members that do not fit go to
// extra as received. If a member is given twice, the last one counts.
func ReadObject[T any](r *Reader, v *T, schema Schema[T], extra *Extra) {
	for name, more := r.Object(); more; name, more = r.NextMember() {
		value := r.pos
		if schema(r, v, name) != Fits {
			r.settle(extra, name, r.skipFrom(value))
		} else if *extra != nil {
			r.settle(extra, name, nil)
		}
	}
}

// skipFrom goes back to a value that does not fit, and skips and returns it.
func (r *Reader) skipFrom(value int) []byte {
	r.rewind(value)
	return r.Skip()
}

// settle keeps a value that does not fit in extra. A nil value fits, and
// replaces an earlier one that did not.
func (r *Reader) settle(extra *Extra, name, raw []byte) {
	_, found := (*extra)[string(name)]
	if raw == nil { // it fits, or the text is invalid
		delete(*extra, string(name))
		if len(*extra) == 0 {
			*extra = nil
		}
		return
	}
	cost := 0
	if *extra == nil {
		cost += extraSize
	}
	if !found {
		cost += extraMemberSize
	}
	if !r.extras.charge(1, cost) {
		r.Refuse(r.pos-len(raw), "too many unknown members")
		return
	}
	if *extra == nil {
		*extra = make(Extra, 1)
	}
	(*extra)[string(name)] = bytes.Clone(raw)
}

// readItem reads an object that has no Extra. It reports whether all members
// fit.
func readItem[T any](r *Reader, item *T, schema Schema[T]) bool {
	if r.Peek() != Object {
		return false
	}
	unknown, misfits := false, r.misfits[:0]
	for name, more := r.Object(); more; name, more = r.NextMember() {
		value := r.pos
		fit := schema(r, item, name)
		if fit == Fits && len(misfits) == 0 {
			continue
		}
		if fit != Fits {
			r.skipFrom(value)
		}
		if fit == Unknown {
			unknown = true
			continue
		}
		// If a member is given twice, the last one counts. The schema bounds how many
		// names there are.
		n := 0
		for n < len(misfits) && !bytes.Equal(misfits[n], name) {
			n++
		}
		if n < len(misfits) {
			misfits = append(misfits[:n], misfits[n+1:]...)
		}
		if fit == Misfit {
			misfits = append(misfits, name)
		}
	}
	fits := !unknown && len(misfits) == 0
	clear(misfits[:cap(misfits)]) // they are parts of the text
	r.misfits = misfits
	return fits
}
