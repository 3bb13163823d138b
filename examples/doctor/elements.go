package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/wuying-go/appstreaming"
)

// knownMembers are the wire names of a type's fields.
func knownMembers(t reflect.Type) map[string]reflect.Type {
	names := map[string]reflect.Type{}
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("json"); name != "-" {
			names[name] = t.Field(i).Type
		}
	}
	return names
}

var (
	pageMembers  = knownMembers(reflect.TypeFor[appstreaming.ListImageResponse]())
	imageMembers = knownMembers(reflect.TypeFor[appstreaming.Image]())
)

// extras counts the names in Extra, of pages and images, for which keep is true.
func extras(e *evidence, keep func(name string, known bool) bool) map[string]int {
	names := map[string]int{}
	note := func(extra map[string]json.RawMessage, known map[string]reflect.Type) {
		for name := range extra {
			if _, isKnown := known[name]; keep(name, isKnown) {
				names[name]++
			}
		}
	}
	for _, r := range e.first {
		if !r.ok() {
			continue
		}
		note(r.page.Extra, pageMembers)
		for _, image := range r.page.Images {
			note(image.Extra, imageMembers)
		}
	}
	return names
}

// member is a member of an object inside an image, such as a tag's Key.
type member struct {
	name  string // with the name of the list, such as "TagList.Key"
	value json.RawMessage
	known reflect.Type // nil: this version does not know it
}

// inner lists the members of the objects inside the images of the first pass.
// The client keeps only those it knows, so they are read from the bodies.
func inner(e *evidence) []member {
	if e.inside != nil {
		return e.inside
	}
	all := []member{}
	for _, r := range e.first {
		var images []map[string]json.RawMessage
		_ = json.Unmarshal(r.members()["Data"], &images) // the other check reports what does not fit
		for _, image := range images {
			for list, t := range imageMembers {
				if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct {
					all = append(all, membersOf(list, image[list], knownMembers(t.Elem()))...)
				}
			}
		}
	}
	e.inside = all
	return all
}

// membersOf lists the members of the objects in a list.
func membersOf(list string, text json.RawMessage, known map[string]reflect.Type) []member {
	var all []member
	var objects []map[string]json.RawMessage
	_ = json.Unmarshal(text, &objects)
	for _, object := range objects {
		for name, value := range object {
			all = append(all, member{list + "." + name, value, known[name]})
		}
	}
	return all
}

func checkElements(e *evidence) (verdict, string) {
	return given(e.first[0], func(*appstreaming.ListImageResponse) (verdict, string) {
		unknown := extras(e, func(_ string, known bool) bool { return !known })
		for _, m := range inner(e) {
			if m.known == nil {
				unknown[m.name]++
			}
		}
		return none("unknown: ", unknown)
	})
}

func checkTypes(e *evidence) (verdict, string) {
	return given(e.first[0], func(*appstreaming.ListImageResponse) (verdict, string) {
		others := extras(e, func(_ string, known bool) bool { return known })
		for _, m := range inner(e) {
			if m.known != nil && (m.value[0] == '{' || m.value[0] == '[') { // all of them are scalars
				others[m.name]++
			}
		}
		return none("of another type: ", others)
	})
}

// maxCounted bounds the names in one line of the report.
const maxCounted = 10

// none holds when nothing was counted.
func none(what string, counts map[string]int) (verdict, string) {
	if len(counts) == 0 {
		return holds, "none"
	}
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if len(texts) == maxCounted {
			texts = append(texts, fmt.Sprintf("and %d more", len(counts)-maxCounted))
			break
		}
		texts = append(texts, fmt.Sprintf("%s (%d)", clip(name), counts[name]))
	}
	return fails, what + strings.Join(texts, ", ")
}

func checkValues(e *evidence) (verdict, string) {
	images := listed(e.first)
	if len(images) == 0 {
		return missing(e.first[0])
	}
	odd := map[string]int{}
	for _, i := range images {
		note(odd, "Status", i.Status)
		note(odd, "ImageType", i.ImageType)
		note(odd, "OsType", i.OSType)
		note(odd, "ProductType", i.ProductType)
		note(odd, "ProtocolType", i.ProtocolType)
		note(odd, "PlatformName", i.PlatformName)
		note(odd, "SessionType", i.SessionType)
		note(odd, "ImageCreateMode", i.ImageCreateMode)
		note(odd, "Language", i.Language)
		for _, feature := range i.Features {
			note(odd, "FeatureList", feature)
		}
		for _, language := range i.SupportedLanguages {
			note(odd, "SupportedLanguageList", language)
		}
	}
	return none("undocumented: ", odd)
}

// note counts a value that is set and not documented.
func note[T interface {
	~string
	Values() []T
}](odd map[string]int, element string, value T) {
	if value != "" && !slices.Contains(value.Values(), value) {
		odd[element+" "+string(value)]++
	}
}

// checkNumbers looks for known integers that are sent as text.
func checkNumbers(e *evidence) (verdict, string) {
	return given(e.first[0], func(*appstreaming.ListImageResponse) (verdict, string) {
		texts := map[string]int{}
		look := func(members map[string]json.RawMessage, known map[string]reflect.Type) {
			for name, value := range members {
				if t, isKnown := known[name]; isKnown && t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64 && value[0] == '"' {
					texts[name]++
				}
			}
		}
		for _, r := range e.first {
			members := r.members()
			look(members, pageMembers)
			var images []map[string]json.RawMessage
			if json.Unmarshal(members["Data"], &images) == nil {
				for _, image := range images {
					look(image, imageMembers)
				}
			}
		}
		for _, m := range inner(e) {
			if m.known != nil && m.known.Kind() == reflect.Int && m.value[0] == '"' {
				texts[m.name]++
			}
		}
		return none("as text: ", texts)
	})
}

// memberNames lists the members of a JSON object, without their values.
func memberNames(body []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return "unknown, as it is not JSON"
	}
	return strings.Join(slices.Sorted(maps.Keys(members)), " ")
}

// shape says what kind of JSON value a text is.
func shape(text string) string {
	switch {
	case text == "":
		return "absent"
	case text == "null":
		return "null"
	case text[0] == '[':
		return "an array"
	}
	return "of another type"
}
