package appstreaming

import (
	"bytes"
	"encoding/json"
	"maps"
)

// MarshalJSON gives the image's wire form: every documented element, and what
// Extra holds in place of those of the same name or beside them.
func (i Image) MarshalJSON() ([]byte, error) {
	type fields Image // without this method
	return marshalWith(i.Extra, struct {
		fields
		Platform platformText
	}{fields(i), platformText(i.Platform)})
}

// UnmarshalJSON reads the wire form as the client does. An error is a
// [*DecodeError].
func (i *Image) UnmarshalJSON(text []byte) error {
	image, err := decodeImage(text)
	if err != nil {
		err.Operation = operation
		return err
	}
	*i = image
	return nil
}

// MarshalJSON gives the page's wire form, with Success, and what Extra holds in
// place of members of the same name or beside them.
func (r ListImageResponse) MarshalJSON() ([]byte, error) {
	type fields ListImageResponse
	return marshalWith(r.Extra, struct {
		fields
		Success bool
	}{fields(r), true})
}

// UnmarshalJSON reads the wire form as the client does, whatever Success says.
// Attempts, Header and Raw are left unset. An error is a [*DecodeError].
func (r *ListImageResponse) UnmarshalJSON(text []byte) error {
	page, _, err := decodePage(text)
	if err != nil {
		err.Operation = operation
		return err
	}
	*r = page
	return nil
}

// marshalWith marshals a value and puts extra members in.
func marshalWith(extra map[string]json.RawMessage, value any) ([]byte, error) {
	text, err := marshalPlain(value)
	if err != nil || len(extra) == 0 {
		return text, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	maps.Copy(members, extra)
	return marshalPlain(members)
}

// marshalPlain leaves '<', '>' and '&' as they are, as the service does.
func marshalPlain(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// platformText is Platform on its way out: documented as a number, seen as
// text, and null when there is none.
type platformText string

func (p platformText) MarshalJSON() ([]byte, error) {
	if p == "" {
		return []byte("null"), nil
	}
	if first := p[0]; (first == '-' || first >= '0' && first <= '9') && json.Valid([]byte(p)) {
		return []byte(p), nil
	}
	return marshalPlain(string(p))
}
