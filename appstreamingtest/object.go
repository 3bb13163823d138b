package appstreamingtest

import (
	"bytes"
	"encoding/json"
	"slices"
)

// member is a member of a JSON object with the text of its value.
type member struct {
	name  string
	value json.RawMessage
}

// splitObject returns the members of a JSON object in order.
func splitObject(object []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var members []member
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		text, _ := name.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		members = append(members, member{text, value})
	}
	return members, nil
}

// joinObject makes an object of members. Their values need not be JSON.
func joinObject(members []member) []byte {
	b := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := marshal(m.name)
		if err != nil { // text always encodes
			continue
		}
		b = append(append(append(b, name...), ':'), m.value...)
	}
	return append(b, '}')
}

// overrideMembers returns the object with members replaced, or removed if the new
// value is nil. It adds new members at the end, sorted by name.
func overrideMembers(object []byte, overrides map[string]json.RawMessage) []byte {
	members, err := splitObject(object)
	if err != nil {
		return object
	}
	var kept []member
	for _, m := range members {
		value, found := overrides[m.name]
		switch {
		case !found:
			kept = append(kept, m)
		case value != nil:
			kept = append(kept, member{m.name, value})
		}
	}
	var added []member
	for name, value := range overrides {
		if value != nil && !slices.ContainsFunc(members, func(m member) bool { return m.name == name }) {
			added = append(added, member{name, value})
		}
	}
	slices.SortFunc(added, func(a, b member) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	return joinObject(append(kept, added...))
}
