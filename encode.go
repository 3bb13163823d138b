package appstreaming

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/wuying-go/appstreaming/internal/wirejson"
)

// MarshalJSON returns the wire form: every documented member, with null for nil
// lists. Platform becomes a number if its text is one, and null if it is empty.
// The members in Extra are added. They replace members with the same names.
func (i Image) MarshalJSON() ([]byte, error) {
	type fields Image // without MarshalJSON
	platform := any(i.Platform)
	switch {
	case i.Platform == "":
		platform = nil
	case wirejson.IsNumber(i.Platform):
		platform = json.Number(i.Platform)
	}
	return marshal(struct {
		fields
		Platform any
	}{fields(i), platform}, i.Extra)
}

// UnmarshalJSON reads the wire form as the client does, and replaces the whole
// image. null leaves it unchanged.
func (i *Image) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	image, err := decodeImage(text)
	if err != nil {
		return unmarshalError("an image", err)
	}
	*i = image
	return nil
}

// MarshalJSON returns the wire form of a successful call: every documented
// member, including Success, and the members in Extra, which replace members
// with the same names. Attempts, Header and Raw are not part of it.
func (r ListImageResponse) MarshalJSON() ([]byte, error) {
	type fields ListImageResponse // without MarshalJSON
	return marshal(struct {
		fields
		Success bool
	}{fields(r), true}, r.Extra)
}

// UnmarshalJSON reads the wire form as the client does, and replaces every
// field that is part of it. Success has no field: false is kept in Extra. null
// leaves the response unchanged.
func (r *ListImageResponse) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	page, said, err := decodePage(text)
	if err != nil {
		return unmarshalError("a page of images", err)
	}
	if said.success == successFalse {
		if page.Extra == nil {
			page.Extra = make(map[string]json.RawMessage, 1)
		}
		page.Extra["Success"] = json.RawMessage("false")
	}
	page.Attempts, page.Header, page.Raw = r.Attempts, r.Header, r.Raw
	*r = page
	return nil
}

func unmarshalError(what string, err *DecodeError) error {
	if err.Path != "" {
		what += " at " + err.Path
	}
	return wrapf("appstreaming: cannot unmarshal %s (byte %d): %s", what, err.Offset, err.Reason)
}

// marshal writes fields, a struct, with the members of extra merged into it.
func marshal(fields any, extra map[string]json.RawMessage) ([]byte, error) {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if value := extra[name]; value != nil && !wirejson.Valid(value) {
			return nil, fmt.Errorf("appstreaming: Extra[%q] is not JSON in UTF-8", name)
		}
	}
	text, err := encode(fields)
	if err != nil || len(extra) == 0 {
		return text, err
	}
	members := make(map[string]json.RawMessage)
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	maps.Copy(members, extra)
	return encode(members)
}

// encode is json.Marshal without HTML escapes. The caller's encoder adds them
// if it is set to.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
