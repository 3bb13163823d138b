package envelope

import (
	"bytes"
	"encoding/xml"
	"regexp"
	"strings"
	"unicode/utf8"
)

// parseXML returns the elements inside the root element, as far as they can be
// read. It returns none for a page of HTML, which can look like XML.
func parseXML(body []byte) []Member {
	decoder := xml.NewDecoder(bytes.NewReader(readable(body)))
	decoder.Strict = false
	root := Member{Cut: true}
	open := []*Member{&root} // the document, and the elements that are open
	for {
		token, err := decoder.RawToken()
		if err != nil {
			break
		}
		inner := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			inner.Kind, inner.Text = Object, ""
			inner.Members = append(inner.Members, Member{Name: token.Name.Local, Cut: true})
			open = append(open, &inner.Members[len(inner.Members)-1])
		case xml.EndElement:
			if len(open) > 1 {
				inner.Cut = false
				inner.Text = strings.TrimSpace(inner.Text)
				open = open[:len(open)-1]
			}
		case xml.CharData:
			if inner.Kind == String {
				inner.Text += string(token)
			}
		}
	}
	if len(root.Members) == 0 || strings.EqualFold(root.Members[0].Name, "html") {
		return nil
	}
	return root.Members[0].Members
}

// declaration is an XML declaration. It names the encoding.
var declaration = regexp.MustCompile(`^<\?xml(?:[^>]*\sencoding\s*=\s*["\']([A-Za-z0-9._-]+)["\'])?[^>]*>`)

// readable converts an XML document to text that a decoder accepts: UTF-8 without
// a declaration and without control characters. If the document has another
// encoding, only ASCII is kept. All other bytes become U+FFFD.
func readable(body []byte) []byte {
	foreign := false
	if declared := declaration.FindSubmatch(body); declared != nil {
		encoding := string(declared[1])
		foreign = encoding != "" && !strings.EqualFold(encoding, "utf-8") && !strings.EqualFold(encoding, "utf8")
		body = body[len(declared[0]):]
	}
	out := make([]byte, 0, len(body))
	for len(body) > 0 {
		char, length := utf8.DecodeRune(body)
		if foreign {
			length = 1
		}
		if foreign && char >= utf8.RuneSelf || !isXMLCharacter(char) {
			char = utf8.RuneError
		}
		out = utf8.AppendRune(out, char)
		body = body[length:]
	}
	return out
}

func isXMLCharacter(char rune) bool {
	return char >= ' ' && char != 0xfffe && char != 0xffff || char == '\t' || char == '\n' || char == '\r'
}
