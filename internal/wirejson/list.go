package wirejson

import "reflect"

// usualItems is the length that most lists do not exceed.
const usualItems = 8

// List collects the items of a list whose length is known only at its end. A
// list of usual length is collected in scratch memory, which is used again, and
// copied once. The items of a longer one are counted first. A List must not be
// copied after its first use.
type List[T any] struct {
	// Usual is how many items the scratch memory holds, if more than 8.
	Usual int

	// Limit bounds the items of all longer lists of a text together. 0 means that
	// only the memory for items limits them.
	Limit int

	room     [usualItems]T
	scratch  []T // room, or more memory if Usual says so
	items    []T
	itemSize int  // in bytes; 0 before the first item
	counted  int  // items of longer lists so far
	given    bool // an array was read, perhaps an empty one
	full     bool // there is no memory for the rest of its items
}

// Reset forgets the list and resets the counts.
func (l *List[T]) Reset() {
	l.Drop()
	l.counted = 0
}

// Drop forgets the list. If it has items, [Reader.Store] comes first.
func (l *List[T]) Drop() {
	if !l.long() {
		clear(l.items)
	}
	l.items, l.given, l.full = l.scratch, false, false
}

// Len returns how many items [List.TakeInto] needs room for.
func (l *List[T]) Len() int {
	if l.long() {
		return 0
	}
	return len(l.items)
}

// long reports whether the items have memory of their own.
func (l *List[T]) long() bool { return cap(l.items) > cap(l.scratch) }

// Take empties the list and returns its items: nil if no array was read.
func (l *List[T]) Take() []T {
	if !l.given {
		return nil
	}
	items := make([]T, l.Len())
	return l.TakeInto(&items)
}

// TakeInto is Take with memory from room. It removes from room what it uses.
func (l *List[T]) TakeInto(room *[]T) []T {
	items := l.items
	switch {
	case !l.given:
		return nil
	case !l.long():
		n := copy(*room, items)
		items = (*room)[:n:n]
		*room = (*room)[n:]
	}
	l.Drop()
	return items
}

// ReadObjects reads an array of objects. An item that does not fit completely has
// the values that could be read.
func ReadObjects[T any](r *Reader, l *List[T], schema Schema[T]) Fit {
	return ReadList(r, l, func(item *T) bool { return readItem(r, item, schema) })
}

// Item reads text into an item of an array. Unlike elsewhere, null is invalid
// here.
func (r *Reader) Item(item *string) bool { return r.Peek() != Null && r.Text(item) == Fits }

// ReadList reads an array. It calls read for each item. read reports whether the
// item fits, and reads it completely or not at all. null means no list.
//
// If the items need more memory than there is, the list does not fit, and has
// only some of its items.
func ReadList[T any](r *Reader, l *List[T], read func(item *T) bool) Fit {
	if l.given { // the member is given twice; the later list counts
		r.Store()
		l.Drop()
	}
	switch r.Peek() {
	case Array:
	case Null:
		r.Null()
		return Fits
	default:
		return Misfit
	}
	l.given = true
	fit := Fits
	for more := r.Array(); more; more = r.NextItem() {
		r.Peek()
		value := r.pos
		item := l.next(r)
		if item == nil || !read(item) {
			fit = Misfit
			r.skipFrom(value)
		}
	}
	if !l.long() && l.Limit == 0 && !r.items.charge(len(l.items), l.itemSize) {
		r.Store()
		l.Drop()
		return Misfit
	}
	return fit
}

// next returns the place for another item, the one that comes next in r. It
// returns nil if there is no memory for it.
func (l *List[T]) next(r *Reader) *T {
	if len(l.items) == cap(l.items) && !l.grow(r) {
		return nil
	}
	l.items = l.items[:len(l.items)+1]
	return &l.items[len(l.items)-1]
}

// grow makes room for the item that comes next in r, and for all after it. It
// reports false if there is no memory for them.
func (l *List[T]) grow(r *Reader) bool {
	if l.scratch == nil {
		l.itemSize = int(reflect.TypeFor[T]().Size())
		l.scratch = l.room[:0]
		if l.Usual > usualItems {
			l.scratch = make([]T, 0, l.Usual)
		}
		l.items = l.scratch
		return true
	}
	if l.full {
		return false
	}
	count := len(l.items) + r.remaining()
	if l.Limit > 0 {
		l.counted += count
		l.full = l.counted > l.Limit
	} else {
		l.full = !r.items.charge(count, l.itemSize)
	}
	if l.full || r.Err() != nil {
		return false
	}
	r.Store() // the fields are about to move
	items := make([]T, len(l.items), count)
	copy(items, l.items)
	clear(l.items)
	l.items = items
	return true
}
