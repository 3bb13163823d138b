package wirejson

import (
	"strconv"
	"strings"
)

// maxPath bounds a path. Longer paths are cut.
const maxPath = 256

// Path returns the path of the value at offset in text, for example
// "Data[3].AppList[1].AppName": the value that begins there, or the one that is
// invalid because of the byte there. It reads the text again, so reading without
// failures does not pay for paths.
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

// walker reads a text up to an offset. path is the path to where it is.
type walker struct {
	Scanner
	offset int
	path   []byte
}

// value reads a value. It reports false where the walk ends: at the offset, or
// at a syntax error. The path then stays as it is.
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
