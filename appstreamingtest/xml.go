package appstreamingtest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
)

// toXML converts a JSON object to the service's XML. Members become elements, and
// an array becomes a repeated element.
func toXML(root string, object []byte) []byte {
	b := bytes.NewBufferString("<?xml version='1.0' encoding='UTF-8'?>")
	writeXML(b, root, object)
	return b.Bytes()
}

func writeXML(b *bytes.Buffer, name string, value json.RawMessage) {
	value = bytes.TrimSpace(value)
	if len(value) > 0 && value[0] == '[' {
		var items []json.RawMessage
		if json.Unmarshal(value, &items) == nil {
			for _, item := range items {
				writeXML(b, name, item)
			}
			return
		}
	}
	b.WriteString("<" + name + ">")
	defer b.WriteString("</" + name + ">")
	switch {
	case len(value) == 0 || string(value) == "null":
	case value[0] == '{':
		members, err := splitObject(value)
		if err != nil {
			return
		}
		for _, m := range members {
			writeXML(b, m.name, m.value)
		}
	case value[0] == '"':
		var text string
		if json.Unmarshal(value, &text) == nil {
			_ = xml.EscapeText(b, []byte(text)) // writing to a buffer does not fail
		}
	default:
		b.Write(value)
	}
}
