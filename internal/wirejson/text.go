package wirejson

const (
	// sharedSize bounds the string that fields share. A field keeps the whole
	// string in memory, so the bound limits what a single kept field costs. The
	// text of an image takes about 2 KiB.
	sharedSize = 16 << 10

	// Longer texts are strings of their own.
	maxShared = 2 << 10

	// sharers bounds how many fields share a string.
	sharers = 256
)

// texts collects the text of fields. It becomes one string: one allocation for
// many fields. Until then, each field has a placeholder.
type texts struct {
	buffer  [sharedSize]byte
	used    int // bytes of buffer
	fields  [sharers]placement
	waiting int // how many of fields
}

// placement says which part of the buffer belongs in a field.
type placement struct {
	field    *string
	from, to int
}

// placeholder is in fields whose text is not stored yet.
const placeholder = "not stored yet"

// Text reads text into field: a string, or a number or a boolean as written.
// null means the empty text.
func (r *Reader) Text(field *string) Fit {
	raw, escaped, fit := r.scalar(field)
	if len(raw) > 0 {
		r.put(field, raw, escaped)
	}
	return fit
}

// scalar reads the value that is to be stored in field, and empties the field.
// It returns the value's text.
func (r *Reader) scalar(field *string) (raw []byte, escaped bool, fit Fit) {
	if *field != "" {
		r.Store() // the member is given twice; the later text must be stored last
		*field = ""
	}
	switch r.Peek() {
	case String:
		raw, escaped = r.String()
	case Number:
		raw = r.Number()
	case Bool:
		raw = r.Bool()
	case Null:
		r.Null()
	default:
		return nil, false, Misfit
	}
	return raw, escaped, Fits
}

// put collects a text, which is not empty, for field.
func (r *Reader) put(field *string, raw []byte, escaped bool) {
	if len(raw) > maxShared {
		if escaped {
			raw = unescaped(raw)
		}
		*field = string(raw)
		return
	}
	t := &r.texts
	if t.used+len(raw) > sharedSize || t.waiting == sharers {
		r.Store()
	}
	from := t.used
	if escaped {
		t.used = len(Unescape(t.buffer[:from], raw)) // never longer than raw
	} else {
		t.used += copy(t.buffer[from:], raw)
	}
	*field = placeholder
	t.fields[t.waiting] = placement{field, from, t.used}
	t.waiting++
}

// Store makes a string of the text collected so far and stores its parts in
// their fields. Call it before fields move, and after the last one.
func (r *Reader) Store() {
	t := &r.texts
	if t.waiting == 0 {
		return
	}
	text := string(t.buffer[:t.used])
	for i := range t.waiting {
		p := &t.fields[i]
		*p.field = text[p.from:p.to]
	}
	t.used, t.waiting = 0, 0
}

// forget drops the text collected, and the fields that it was for.
func (t *texts) forget() {
	t.used, t.waiting = 0, 0
	clear(t.fields[:])
}
