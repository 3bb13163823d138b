package wirejson

import (
	"strconv"
	"strings"
)

// maxPath bounds a path; what is deeper is cut.
const maxPath = 256

// Path tells which value lies at offset in text, as "Data[3].AppList[1].AppName":
// the one that begins there, or that could not be read because of what is
// there. It reads the text anew, so that nobody pays for paths until something
// fails.
func Path(text []byte, offset int) string {
	w := walker{offset: offset}
	w.Reset(text)
	w.value()
	path := strings.TrimPrefix(string(w.path), ".")
	if len(path) > maxPath {
		path = strings.ToValidUTF8(path[:maxPath], "") + "…"
	}
	return path
}

// walker reads a text up to an offset and knows the path to where it is.
type walker struct {
	Scanner
	offset int
	path   []byte
}

// value reads a value and reports false where the walk ends: at the offset, or
// because the text is at fault. The path then stays as it is.
func (w *walker) value() bool {
	kind := w.Peek()
	if w.pos >= w.offset {
		return false
	}
	outside := len(w.path)
	switch kind {
	case Object:
		for name, more := w.Object(); more; name, more = w.NextMember() {
			w.path = append(append(w.path, '.'), name...)
			if !w.value() {
				return false
			}
			w.path = w.path[:outside]
		}
	case Array:
		i := 0
		for more := w.Array(); more; more = w.NextItem() {
			w.path = append(strconv.AppendInt(append(w.path, '['), int64(i), 10), ']')
			if !w.value() {
				return false
			}
			w.path = w.path[:outside]
			i++
		}
	default:
		w.Skip()
	}
	return w.err == nil
}
