package appstreaming

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecodePage compares the decoder with a plain one. Both accept the same
// bodies and return the same values.
func FuzzDecodePage(f *testing.F) {
	f.Add(readPage(f, "documented-example.json"))
	page := readPage(f, "page-10.json")
	second := strings.Index(string(page), `,{"AliUid"`)
	f.Add([]byte(string(page[:second]) + "]}"))
	for _, body := range seedBodies() {
		f.Add([]byte(body))
	}
	f.Fuzz(checkAgainstPlain)
}

func checkAgainstPlain(t *testing.T, body []byte) {
	t.Helper()
	sent := string(body)
	body = []byte(sent) // the fuzzing engine's own must not be changed
	want, wantOK, path, accepted := plainDecodePage(body)
	got, said, err := decodePage(body)
	if string(body) != sent {
		t.Fatalf("%.300q: the body was changed", sent)
	}
	clear(body) // the result must not depend on it
	if (err == nil) != accepted {
		t.Fatalf("%.300q: error %v, want acceptance %t", sent, err, accepted)
	}
	if err != nil {
		if err.Offset < 0 || err.Offset > int64(len(sent)) || err.Reason == "" || path != "" && err.Path != path {
			t.Fatalf("%.300q: error %+v, want one at %q", sent, err, path)
		}
		return
	}
	if ok := said.success; ok != wantOK {
		t.Fatalf("%.300q: success %d, want %d", sent, ok, wantOK)
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%.300q: (-want +got)\n%s", sent, cmp.Diff(want, got))
	}
	checkRoundTrip(t, got)
}

// plainDecodePage has the same rules as the decoder. It uses encoding/json and
// the models' tags, and is simple instead of fast. It reports whether the body is
// a page, and where, if only its shape is wrong.
func plainDecodePage(body []byte) (page ListImageResponse, ok success, path string, accepted bool) {
	members, isObject := plainMembers(body)
	if !isObject || !utf8.Valid(body) {
		return page, ok, "", false
	}

	if raw, found := members["Success"]; found && string(raw) != "null" {
		var value bool
		if plainValue(reflect.ValueOf(&value).Elem(), raw) {
			delete(members, "Success")
			if ok = successFalse; value {
				ok = successTrue
			}
		}
	} else {
		delete(members, "Success")
	}

	if raw, found := members["Data"]; found && string(raw) != "null" {
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return page, ok, "Data", false
		}
		if len(items) > maxImages {
			return page, ok, "Data", false
		}
		page.Images = make([]Image, len(items))
		for i, item := range items {
			fields, isObject := plainMembers(item)
			if !isObject {
				return page, ok, "Data[" + strconv.Itoa(i) + "]", false
			}
			page.Images[i].Extra = plainObject(reflect.ValueOf(&page.Images[i]).Elem(), fields)
		}
	}
	delete(members, "Data")

	images := page.Images
	page.Extra = plainObject(reflect.ValueOf(&page).Elem(), members)
	page.Images = images
	return page, ok, "", true
}

// plainMembers returns the members of an object, the last of each name.
func plainMembers(raw []byte) (members map[string]json.RawMessage, isObject bool) {
	err := json.Unmarshal(raw, &members)
	return members, err == nil && members != nil
}

// plainObject sets the fields of object by their tags and returns the members
// that are unknown or do not fit.
func plainObject(object reflect.Value, members map[string]json.RawMessage) (extra map[string]json.RawMessage) {
	for i := range object.NumField() {
		name := object.Type().Field(i).Tag.Get("json")
		if raw, found := members[name]; found && name != "-" && plainValue(object.Field(i), raw) {
			delete(members, name)
		}
	}
	if len(members) == 0 {
		return nil
	}
	return members
}

var plainInteger = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// plainValue sets field and reports whether raw fits it.
func plainValue(field reflect.Value, raw json.RawMessage) (fits bool) {
	if string(raw) == "null" {
		return true
	}
	if field.Kind() == reflect.Slice {
		return plainList(field, raw)
	}

	if raw[0] == '{' || raw[0] == '[' {
		return false
	}
	text := string(raw)
	if raw[0] == '"' && json.Unmarshal(raw, &text) != nil {
		return false
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
		return true
	case reflect.Int, reflect.Int32, reflect.Int64:
		value, err := strconv.ParseInt(text, 10, field.Type().Bits())
		if err != nil || !plainInteger.MatchString(text) {
			return false
		}
		field.SetInt(value)
		return true
	case reflect.Bool:
		lower := strings.ToLower(text)
		field.SetBool(lower == "true" || lower == "1")
		return lower == "true" || lower == "1" || lower == "false" || lower == "0"
	}
	panic("no rule for " + field.Type().String())
}

func plainList(field reflect.Value, raw json.RawMessage) (fits bool) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return false
	}
	fits = true
	field.Set(reflect.MakeSlice(field.Type(), len(items), len(items)))
	for i, raw := range items {
		item := field.Index(i)
		if item.Kind() == reflect.Struct {
			members, isObject := plainMembers(raw)
			fits = isObject && plainObject(item, members) == nil && fits
		} else {
			fits = string(raw) != "null" && plainValue(item, raw) && fits
		}
	}
	return fits
}
