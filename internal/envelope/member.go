package envelope

// Kind is the kind of a value.
type Kind uint8

// The kinds of values.
const (
	String  Kind = iota // a JSON string, or an XML element without others inside
	Literal             // a number, true, false, or any other word
	Object              // a JSON object, or an XML element with others inside
	Array               // a JSON array
)

// Member is a member of an object.
type Member struct {
	Name    string
	Kind    Kind
	Text    string   // of a String or Literal; empty for null
	Members []Member // of an Object, or of the first item of an Array of errors
	Empty   bool     // an Array without items
	Cut     bool     // the body ends before the value does
}

// maxDepth limits the objects around a member.
const maxDepth = 3

// SameName compares names without regard to letter case, underscores and
// hyphens.
func SameName(a, b string) bool {
	for {
		a, b = trimSeparators(a), trimSeparators(b)
		if a == "" || b == "" {
			return a == b
		}
		if lower(a[0]) != lower(b[0]) {
			return false
		}
		a, b = a[1:], b[1:]
	}
}

func trimSeparators(name string) string {
	for name != "" && (name[0] == '_' || name[0] == '-') {
		name = name[1:]
	}
	return name
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
