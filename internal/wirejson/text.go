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

	recurring struct{ from, to int } // the text that Recurring collected last
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

// Word is [Reader.Text] for a text that is often one of a few. known returns the
// text without new memory, or "" if it is not one of them.
func (r *Reader) Word(field *string, known func([]byte) string) Fit {
	raw, escaped, fit := r.scalar(field)
	if len(raw) == 0 {
		return fit
	}
	if word := known(raw); word != "" && !escaped {
		*field = word
		return fit
	}
	r.put(field, raw, escaped)
	return fit
}

// Recurring is [Reader.Text] for a text that often equals the one that Recurring
// read before. Both fields then share its memory.
func (r *Reader) Recurring(field *string) Fit {
	raw, escaped, fit := r.scalar(field)
	if len(raw) == 0 {
		return fit
	}
	t := &r.texts
	if last := t.recurring; !escaped && t.waiting < sharers && string(raw) == string(t.buffer[last.from:last.to]) {
		t.place(field, last.from, last.to)
		return fit
	}
	r.put(field, raw, escaped)
	if t.waiting > 0 {
		newest := &t.fields[t.waiting-1]
		t.recurring.from, t.recurring.to = newest.from, newest.to
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
	t.place(field, from, t.used)
}

// place notes that a part of the buffer belongs in field.
func (t *texts) place(field *string, from, to int) {
	*field = placeholder
	t.fields[t.waiting] = placement{field, from, to}
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
	t.empty()
}

// empty makes room for other text.
func (t *texts) empty() {
	t.used, t.waiting = 0, 0
	t.recurring.from, t.recurring.to = 0, 0
}

// forget drops the text collected, and the fields that it was for.
func (t *texts) forget() {
	t.empty()
	clear(t.fields[:])
}
