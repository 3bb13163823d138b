package wirejson

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// thing is the struct of these tests.
type thing struct {
	Name, Other string
	Big         int64
	Small       int32
	Flag        bool
	Parts       []part1
	Words       []string
	Extra       Extra

	parts List[part1]
	words List[string]
}

type part1 struct {
	Key, Value string
	Size       int
}

func thingMember(r *Reader, v *thing, name []byte) Fit {
	switch string(name) {
	case "name":
		return r.Text(&v.Name)
	case "other":
		return r.Text(&v.Other)
	case "big":
		return ReadInteger(r, &v.Big)
	case "small":
		return ReadInteger(r, &v.Small)
	case "flag":
		return r.Boolean(&v.Flag)
	case "parts":
		return ReadObjects(r, &v.parts, partMember)
	case "words":
		return ReadList(r, &v.words, r.Item)
	}
	return Unknown
}

func partMember(r *Reader, v *part1, name []byte) Fit {
	switch string(name) {
	case "key":
		return r.Text(&v.Key)
	case "value":
		return r.Text(&v.Value)
	case "size":
		return ReadInteger(r, &v.Size)
	}
	return Unknown
}

// read reads a thing with r, which may have read others.
func (v *thing) read(r *Reader, text string) *SyntaxError {
	body := []byte(text)
	r.Reset(body)
	if r.Peek() != Object {
		r.RefuseKind(Object)
		return r.Err()
	}
	ReadObject(r, v, thingMember, &v.Extra)
	r.End()
	r.Store()
	v.Parts, v.Words = v.parts.Take(), v.words.Take()
	clear(body) // the result must not depend on it
	return r.Err()
}

// readThing reads a thing and drops the lists' scratch, for comparisons.
func readThing(t *testing.T, text string) thing {
	t.Helper()
	var v thing
	if err := v.read(new(Reader), text); err != nil {
		t.Fatalf("%.100s: %v", text, err)
	}
	v.parts, v.words = List[part1]{}, List[string]{}
	return v
}

var unexported = cmp.AllowUnexported(thing{}, List[part1]{}, List[string]{})

func TestMembersGoToTheirFields(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, text string
		want       thing
	}{
		{"nothing", `{}`, thing{}},
		{"text", `{"name":"a","other":"b"}`, thing{Name: "a", Other: "b"}},
		{"text with escapes", `{"name":"\u00e9\n","other":"\u00e9\n"}`, thing{Name: "é\n", Other: "é\n"}},
		{"numbers and booleans as text", `{"name":-1.50e+3,"other":true}`, thing{Name: "-1.50e+3", Other: "true"}},
		{"null as text", `{"name":null}`, thing{}},
		{"no text", `{"name":{ "a" : 1 },"other":[]}`, thing{Extra: Extra{"name": []byte(`{ "a" : 1 }`), "other": []byte(`[]`)}}},
		{"text twice", `{"name":"a","name":"b"}`, thing{Name: "b"}},
		{"text, then null", `{"name":"a","other":"x","name":null}`, thing{Other: "x"}},
		{"text, then no text", `{"name":"a","name":{}}`, thing{Extra: Extra{"name": []byte(`{}`)}}},
		{"no text, then text", `{"name":{},"name":"a"}`, thing{Name: "a"}},
		{"no text twice, then text once", `{"name":{},"other":[],"name":"a"}`, thing{Name: "a", Extra: Extra{"other": []byte(`[]`)}}},
		{"text that looks like an escape", `{"name":"\\u0062","other":"\u0062"}`, thing{Name: `\u0062`, Other: "b"}},
		{"an escape that looks like text", `{"name":"A","other":"\u0041"}`, thing{Name: "A", Other: "A"}},

		{"integers", `{"big":9007199254740993,"small":-5}`, thing{Big: 9007199254740993, Small: -5}},
		{"integers as text", `{"big":"-9223372036854775808","small":"\u0031"}`, thing{Big: math.MinInt64, Small: 1}},
		{"null as integer", `{"big":5,"big":null}`, thing{}},
		{"the largest of 32 bits", `{"small":2147483647}`, thing{Small: math.MaxInt32}},
		{"more than 32 bits", `{"small":2147483648}`, thing{Extra: Extra{"small": []byte(`2147483648`)}}},
		{"no integers", `{"big":1.5,"small":"x"}`, thing{Extra: Extra{"big": []byte(`1.5`), "small": []byte(`"x"`)}}},
		{"other types", `{"big":true,"small":[1]}`, thing{Extra: Extra{"big": []byte(`true`), "small": []byte(`[1]`)}}},

		{"true", `{"flag":true}`, thing{Flag: true}},
		{"true as number", `{"flag":1}`, thing{Flag: true}},
		{"true as text", `{"flag":"tRuE"}`, thing{Flag: true}},
		{"true as text of a number", `{"flag":"\u0031"}`, thing{Flag: true}},
		{"true, then false", `{"flag":true,"flag":false}`, thing{}},
		{"true, then 0", `{"flag":true,"flag":0}`, thing{}},
		{"true, then false as text", `{"flag":true,"flag":"FALSE"}`, thing{}},
		{"true, then null", `{"flag":true,"flag":null}`, thing{}},
		{"no boolean", `{"flag":2}`, thing{Extra: Extra{"flag": []byte(`2`)}}},
		{"no boolean in text", `{"flag":"falſe"}`, thing{Extra: Extra{"flag": []byte(`"falſe"`)}}},
		{"no boolean at all", `{"flag":{}}`, thing{Extra: Extra{"flag": []byte(`{}`)}}},

		{"unknown members", `{"new":[1, 2],"":null}`, thing{Extra: Extra{"new": []byte(`[1, 2]`), "": []byte(`null`)}}},
		{"an unknown member twice", `{"new":1,"new":2}`, thing{Extra: Extra{"new": []byte(`2`)}}},
		{"names with escapes", `{"n\u0061me":"a","n\u0065w":1}`, thing{Name: "a", Extra: Extra{"new": []byte(`1`)}}},

		{"objects", `{"parts":[{"key":"a","size":1},{"value":"b"}]}`, thing{Parts: []part1{{Key: "a", Size: 1}, {Value: "b"}}}},
		{"no objects", `{"parts":[]}`, thing{Parts: []part1{}}},
		{"null as list", `{"parts":null}`, thing{}},
		{"a list, then null", `{"parts":[{}],"parts":null}`, thing{}},
		{"no list", `{"parts":{}}`, thing{Extra: Extra{"parts": []byte(`{}`)}}},
		{"a list twice", `{"parts":[{"key":"a"},{"key":"b"}],"name":"n","parts":[{"value":"c"}]}`,
			thing{Name: "n", Parts: []part1{{Value: "c"}}}},
		{"an item of another type", `{"parts":[{"key":"a"},5,{"key":"b"}]}`,
			thing{Parts: []part1{{Key: "a"}, {}, {Key: "b"}}, Extra: Extra{"parts": []byte(`[{"key":"a"},5,{"key":"b"}]`)}}},
		{"an unknown member in an item", `{"parts":[{"new":1,"key":"a"}]}`,
			thing{Parts: []part1{{Key: "a"}}, Extra: Extra{"parts": []byte(`[{"new":1,"key":"a"}]`)}}},
		{"a misfit in an item", `{"parts":[{"size":{},"key":"a"},{"key":"b"}]}`,
			thing{Parts: []part1{{Key: "a"}, {Key: "b"}}, Extra: Extra{"parts": []byte(`[{"size":{},"key":"a"},{"key":"b"}]`)}}},
		{"misfits in an item that are given again", `{"parts":[{"size":{},"key":[],"size":[],"value":"v","key":"k","size":2}]}`,
			thing{Parts: []part1{{Key: "k", Value: "v", Size: 2}}}},
		{"a misfit in an item that is given again, and another", `{"parts":[{"key":[],"size":{},"key":"k"}]}`,
			thing{Parts: []part1{{Key: "k"}}, Extra: Extra{"parts": []byte(`[{"key":[],"size":{},"key":"k"}]`)}}},
		{"a misfit given again, after an unknown member", `{"parts":[{"new":1,"key":[],"key":"k"}]}`,
			thing{Parts: []part1{{Key: "k"}}, Extra: Extra{"parts": []byte(`[{"new":1,"key":[],"key":"k"}]`)}}},
		{"a value, then a misfit in an item", `{"parts":[{"key":"k","key":[]}]}`,
			thing{Parts: []part1{{}}, Extra: Extra{"parts": []byte(`[{"key":"k","key":[]}]`)}}},
		{"strings", `{"words":["a",5,true,""]}`, thing{Words: []string{"a", "5", "true", ""}}},
		{"null among strings", `{"words":["a",null,"b"]}`,
			thing{Words: []string{"a", "", "b"}, Extra: Extra{"words": []byte(`["a",null,"b"]`)}}},
		{"exactly the usual number", `{"words":["1","2","3","4","5","6","7","8"],"name":"n"}`,
			thing{Name: "n", Words: []string{"1", "2", "3", "4", "5", "6", "7", "8"}}},
		{"one more than usual", `{"words":["1","2","3","4","5","6","7","8","9"],"name":"n"}`,
			thing{Name: "n", Words: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}}},
		{"many, with misfits, then others", `{"words":[1,2,3,4,5,6,7,8,null,{"a":[0]},11],"parts":[{"key":"k"}]}`,
			thing{Words: []string{"1", "2", "3", "4", "5", "6", "7", "8", "", "", "11"}, Parts: []part1{{Key: "k"}},
				Extra: Extra{"words": []byte(`[1,2,3,4,5,6,7,8,null,{"a":[0]},11]`)}}},
		{"many, then few", `{"words":[1,2,3,4,5,6,7,8,9,10],"words":["a"]}`, thing{Words: []string{"a"}}},
		{"few, then many", `{"words":["a"],"words":[1,2,3,4,5,6,7,8,9]}`,
			thing{Words: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, readThing(t, row.text), unexported); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEverySyntaxErrorWithinAThingIsReported(t *testing.T) {
	t.Parallel()
	const text = `{"name":"a\u0041","new":{"a":[1,true,null]},"parts":[{"key":"k","size":5},{"new":"x"}],` +
		`"words":["1","2","3","4","5","6","7","8","9","10"],"flag":"true","big":-7,"small":{},"other":null}`
	r := new(Reader)
	for n := 1; n < len(text); n++ {
		var v thing
		if err := v.read(r, text[:n]); err == nil || err.Offset > n {
			t.Errorf("%s: error %v", text[:n], err)
		}
		v = thing{} // the reader keeps nothing of the last text
		if err := v.read(r, text); err != nil || v.Name != "aA" || len(v.Words) != 10 || v.Words[9] != "10" {
			t.Fatalf("after %s: error %v, %+v", text[:n], err, v)
		}
	}
}

func TestAListTakesTheRoomThatItNeeds(t *testing.T) {
	t.Parallel()
	r, v := new(Reader), new(thing)
	if err := v.read(r, `{"words":["a","b"]}`); err != nil || cap(v.Words) != 2 {
		t.Errorf("error %v, capacity %d, want 2", err, cap(v.Words))
	}
	if err := v.read(r, `{"words":[`+strings.Repeat(`"x",`, 99)+`"y"]}`); err != nil || len(v.Words) != 100 || cap(v.Words) != 100 {
		t.Errorf("error %v, length %d, capacity %d, want 100", err, len(v.Words), cap(v.Words))
	}

	// Two lists share an array.
	var a, b List[string]
	r.Reset([]byte(`["1","2"]`))
	ReadList(r, &a, r.Item)
	r.Store()
	r.Reset([]byte(`["3"]`))
	ReadList(r, &b, r.Item)
	r.Store()
	room := make([]string, a.Len()+b.Len())
	first, second := a.TakeInto(&room), b.TakeInto(&room)
	if len(room) != 0 || cap(first) != 2 || cap(second) != 1 || first[1] != "2" || second[0] != "3" {
		t.Errorf("lists %q, %q, room left %d", first, second, len(room))
	}
	if a.TakeInto(&room) != nil || b.Take() != nil {
		t.Error("a list that was taken has items")
	}

	// A long one needs no room.
	r.Reset([]byte(`[1,2,3,4,5,6,7,8,9]`))
	ReadList(r, &a, r.Item)
	r.Store()
	if n := a.Len(); n != 0 {
		t.Errorf("room for %d items, want none", n)
	}
	if items := a.TakeInto(&room); len(items) != 9 || items[8] != "9" {
		t.Errorf("items %q", items)
	}
}

func TestAListKeepsNothingOfItsItems(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 8, 9, 30} {
		var l List[string]
		r := new(Reader)
		text := `[` + strings.Repeat(`"x",`, n-1) + `"x"]`
		for _, forget := range []func(){func() { l.Take() }, l.Drop, l.Reset, func() { room := make([]string, n); l.TakeInto(&room) }} {
			r.Reset([]byte(text))
			ReadList(r, &l, r.Item)
			r.Store()
			forget()
			if len(l.items) != 0 || cap(l.items) != usualItems || cap(l.scratch) != usualItems {
				t.Errorf("%d items: %d left, capacity %d", n, len(l.items), cap(l.items))
			}
			for _, item := range l.scratch[:cap(l.scratch)] {
				if item != "" {
					t.Errorf("%d items: %q is still there", n, item)
				}
			}
		}
	}
}

func TestScratchMemoryHoldsTheUsualNumberOfItems(t *testing.T) {
	t.Parallel()
	for usual, want := range map[int]int{0: 8, 7: 8, 8: 8, 9: 9, 100: 100} {
		l := List[int]{Usual: usual}
		r := new(Reader)
		r.Reset([]byte(`[1]`))
		ReadList(r, &l, func(item *int) bool { return ReadInteger(r, item) == Fits })
		if got := cap(l.scratch); got != want {
			t.Errorf("%d items for the usual %d, want %d", got, usual, want)
		}
	}
}

func TestALimitBoundsTheItemsOfLongerLists(t *testing.T) {
	t.Parallel()
	list := func(n int) string { return `[` + strings.Repeat(`1,`, n-1) + `1]` }
	for _, row := range []struct {
		name  string
		texts []string // one after the other
		want  []Fit
	}{
		{"as many as the limit", []string{list(20)}, []Fit{Fits}},
		{"one more", []string{list(21)}, []Fit{Misfit}},
		{"many more", []string{list(1000)}, []Fit{Misfit}},
		{"short ones", []string{list(8), list(8), list(8), list(8)}, []Fit{Fits, Fits, Fits, Fits}},
		{"together more", []string{list(10), list(10), list(10)}, []Fit{Fits, Fits, Misfit}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			l := List[int]{Limit: 20}
			r := new(Reader)
			read := func(item *int) bool { return ReadInteger(r, item) == Fits }
			r.Reset([]byte(`[` + strings.Join(row.texts, `,`) + `]`))
			r.Array()
			for i, want := range row.want {
				if got := ReadList(r, &l, read); got != want {
					t.Errorf("list %d: %d, want %d", i, got, want)
				}
				l.Drop()
				r.NextItem()
			}
			r.End()
			if err := r.Err(); err != nil {
				t.Error(err)
			}
			l.Reset()
			r.Reset([]byte(list(20)))
			if ReadList(r, &l, read) != Fits || len(l.Take()) != 20 {
				t.Error("a list does not fit after Reset")
			}
		})
	}
}

func TestMemoryForItemsIsAMultipleOfTheText(t *testing.T) {
	t.Parallel()
	size := int(reflect.TypeFor[part1]().Size())
	for _, row := range []struct {
		name, item string
		n          int
		fits       bool
	}{
		{"few", `{}`, 100, true},
		{"as many as the floor allows", `{}`, memoryFloor / size, true},
		{"many more", `{}`, 20_000, false},
		{"many that say something", `{"key":"a key"}`, 20_000, true},
	} {
		text := `{"parts":[` + strings.Repeat(row.item+`,`, row.n-1) + row.item + `],"name":"n"}`
		var v thing
		if err := v.read(new(Reader), text); err != nil {
			t.Fatal(err)
		}
		_, extra := v.Extra["parts"]
		if row.fits != !extra || row.fits && len(v.Parts) != row.n || len(v.Parts) > row.n || v.Name != "n" {
			t.Errorf("%s: %d items, want %d: %t; in Extra %t; name %q", row.name, len(v.Parts), row.n, row.fits, extra, v.Name)
		}
	}
}

func TestMemoryForItemsIsThatOfAllListsTogether(t *testing.T) {
	t.Parallel()
	r := new(Reader)
	r.Reset(nil)
	if r.ChargeItems(memoryFloor+1) || !r.ChargeItems(memoryFloor-1) || r.ChargeItems(2) || !r.ChargeItems(1) || r.ChargeItems(1) {
		t.Error("the memory of an empty text is not its floor")
	}
	if !r.ChargeItems(0) {
		t.Error("nothing cannot be charged")
	}
	text := []byte(`[[1,2],[3,4,5,6,7,8,9,10,11]]`)
	r.Reset(text)
	if r.ChargeItems(memoryFloor+memoryFactor*len(text)+1) || !r.ChargeItems(memoryFloor+memoryFactor*len(text)) {
		t.Errorf("the memory of a text is not %d bytes and %d times its size", memoryFloor, memoryFactor)
	}
	var l List[int]
	r.Array()
	for i := range 2 {
		if fit := ReadList(r, &l, func(item *int) bool { return ReadInteger(r, item) == Fits }); fit != Misfit {
			t.Errorf("list %d fits without memory", i)
		}
		if items := l.Take(); i == 0 && items != nil || i == 1 && len(items) > usualItems {
			t.Errorf("list %d has items %v without memory", i, items)
		}
		r.NextItem()
	}
	r.End()
	if err := r.Err(); err != nil {
		t.Error(err)
	}

	// The size of the items is charged.
	for _, n := range []int{3, 9} {
		text := []byte(`[` + strings.Repeat(`1,`, n-1) + `1]`)
		r.Reset(text)
		left := r.items
		ReadList(r, &l, func(item *int) bool { return ReadInteger(r, item) == Fits })
		if got := left - r.items; got != account(8*n) {
			t.Errorf("%d items of 8 bytes: charged %d", n, got)
		}
		l.Drop()
	}
}

func TestTooManyUnknownMembersAreRefused(t *testing.T) {
	t.Parallel()
	text := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"name":"n"`)
		for i := range n {
			fmt.Fprintf(&b, `,"%d":[]`, i)
		}
		return b.String() + `}`
	}
	for _, n := range []int{1, 1000} {
		if v := readThing(t, text(n)); len(v.Extra) != n {
			t.Errorf("%d members of %d", len(v.Extra), n)
		}
	}
	var v thing
	r := new(Reader)
	err := v.read(r, text(10_000))
	if err == nil || err.Reason != "too many unknown members" {
		t.Fatalf("error %v", err)
	}
	if got, want := Path([]byte(text(10_000)), err.Offset), fmt.Sprint(len(v.Extra)); got != want {
		t.Errorf("the error is at %q, want %q", got, want)
	}
	// The reader keeps as much as there is memory for.
	spent := memoryFloor + memoryFactor*len(text(10_000)) - int(r.extras)
	if want := extraSize + extraMemberSize*len(v.Extra); spent != want || int(r.extras) >= extraMemberSize {
		t.Errorf("%d bytes for %d members, want %d; %d left", spent, len(v.Extra), want, r.extras)
	}
	// The last of a name that is there already needs none.
	if v := readThing(t, `{"a":0`+strings.Repeat(`,"a":1`, 5000)+`}`); string(v.Extra["a"]) != "1" {
		t.Errorf("Extra %s", v.Extra)
	}
}

func TestRefusalsComeAfterSyntaxErrors(t *testing.T) {
	t.Parallel()
	r := new(Reader)
	r.Reset([]byte(` 5 x`))
	r.RefuseKind(Array)
	r.RefuseKind(Object)
	r.Refuse(0, "another")
	if err := r.Err(); err == nil || *err != (SyntaxError{1, "a number instead of an array"}) {
		t.Errorf("error %v", err)
	}
	r.Forgive()
	if err := r.Err(); err != nil {
		t.Errorf("error %v after it was forgiven", err)
	}
	r.Refuse(7, "other")
	r.Number()
	r.End()
	if err := r.Err(); err == nil || err.Offset != 3 {
		t.Errorf("error %v, want the one of the syntax", err)
	}
	r.RefuseKind(Object)
	r.Reset([]byte(` `))
	r.RefuseKind(Object) // there is nothing
	if err := r.Err(); err != nil {
		t.Errorf("error %v, want none after Reset", err)
	}
}

func TestTextIsSharedByFewFieldsAndNotMuchOfIt(t *testing.T) {
	t.Parallel()
	r := new(Reader)
	fields := make([]string, 3*sharers)
	read := func(text string) {
		t.Helper()
		r.Reset([]byte(text))
		r.Array()
		for i := range fields {
			fields[i] = ""
			if r.Text(&fields[i]) != Fits {
				t.Fatal("no text")
			}
			if r.texts.used > sharedSize || r.texts.waiting > sharers {
				t.Fatalf("%d bytes wait for %d fields", r.texts.used, r.texts.waiting)
			}
			r.NextItem()
		}
		r.Store()
		var want []string
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, fields); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if r.texts.used != 0 || r.texts.waiting != 0 {
			t.Error("text is left after Store")
		}
		r.Reset(nil)
		if r.texts.fields != [sharers]placement{} {
			t.Error("fields are left after Reset")
		}
	}
	for _, size := range []int{1, 2, 60, 64, 100, maxShared - 1, maxShared, maxShared + 1, 2 * maxShared} {
		for _, escape := range []string{"", `\n`} {
			texts := make([]string, len(fields))
			for i := range texts {
				texts[i] = strings.Repeat("x", size-1) + string(rune('a'+i%26)) + escape
			}
			read(`["` + strings.Join(texts, `","`) + `"]`)
		}
	}
}

func TestOnlyShortTextsAreShared(t *testing.T) {
	t.Parallel()
	var field string
	r := new(Reader)
	put := func(n int) int {
		field = ""
		r.put(&field, []byte(strings.Repeat("x", n)), false)
		return r.texts.waiting
	}
	r.Reset([]byte(`""`))
	if fit := r.Text(&field); fit != Fits || r.texts.waiting != 0 {
		t.Errorf("the empty text: %d, and %d fields wait", fit, r.texts.waiting)
	}
	if n := put(maxShared + 1); n != 0 || len(field) != maxShared+1 {
		t.Errorf("a long text waits with %d fields, length %d", n, len(field))
	}
	for i := range sharedSize / maxShared {
		if n := put(maxShared); n != i+1 {
			t.Errorf("%d fields wait, want %d", n, i+1)
		}
	}
	if n := put(1); n != 1 {
		t.Errorf("%d fields wait after one more than there is room for, want 1", n)
	}
	for range sharers - 1 {
		put(1)
	}
	if n := r.texts.waiting; n != sharers {
		t.Errorf("%d fields wait, want %d", n, sharers)
	}
	if n := put(1); n != 1 {
		t.Errorf("%d fields wait after one more than there may be, want 1", n)
	}
}

func TestReadingAThingAllocatesLittle(t *testing.T) {
	text := []byte(`{"name":"a","other":"b","big":"5","flag":"TRUE","parts":[{"key":"a","value":"c"},{"key":"d"}],"words":["x","y"]}`)
	r, v := new(Reader), new(thing)
	if allocs := testing.AllocsPerRun(100, func() {
		r.Reset(text)
		ReadObject(r, v, thingMember, &v.Extra)
		r.Store()
		v.Parts, v.Words = v.parts.Take(), v.words.Take()
	}); allocs > 3+1 { // the text, two lists; and the earlier text, as v has it already
		t.Errorf("%v allocations", allocs)
	}
}

func TestKnownWordsTakeNoMemoryAndOthersDo(t *testing.T) {
	t.Parallel()
	known := func(raw []byte) string {
		if string(raw) == "AVAILABLE" {
			return "AVAILABLE"
		}
		return ""
	}
	for text, want := range map[string]string{
		`"AVAILABLE"`: "AVAILABLE", `"available"`: "available", `"\u0041VAILABLE"`: "AVAILABLE", `"\u0041"`: "A",
		`""`: "", `null`: "", `1`: "1",
	} {
		var r Reader
		r.Reset([]byte(text))
		field := ""
		if fit := r.Word(&field, known); fit != Fits {
			t.Errorf("%s: %v, want Fits", text, fit)
		}
		collected := r.texts.waiting > 0
		r.Store()
		if field != want {
			t.Errorf("%s: %q, want %q", text, field, want)
		}
		if wanted := want != "" && text != `"AVAILABLE"`; collected != wanted {
			t.Errorf("%s: collected %v, want %v", text, collected, wanted)
		}
	}
}

func TestARecurringTextIsCollectedOnce(t *testing.T) {
	t.Parallel()
	var r Reader
	r.Reset([]byte(`["v-1","v-1","v-2","\u0076-2","v-2",""]`))
	got := make([]string, 6)
	i := 0
	var used []int
	for more := r.Array(); more; more = r.NextItem() {
		if fit := r.Recurring(&got[i]); fit != Fits {
			t.Fatalf("item %d: %v, want Fits", i, fit)
		}
		used = append(used, r.texts.used)
		i++
	}
	r.Store()
	if diff := cmp.Diff([]string{"v-1", "v-1", "v-2", "v-2", "v-2", ""}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{3, 3, 6, 9, 9, 9}, used); diff != "" {
		t.Errorf("bytes collected (-want +got):\n%s", diff)
	}
	r.Reset([]byte(`["v-2"]`))
	r.Array()
	field := ""
	if r.Recurring(&field); r.texts.used != 3 {
		t.Errorf("%d bytes collected after Store, want 3", r.texts.used)
	}
	r.Reset([]byte(`1`))
	if fit := r.Recurring(new(string)); fit != Fits {
		t.Errorf("a number: %v, want Fits", fit)
	}
}

func TestARecurringTextFindsNoRoomAmongTooManyFields(t *testing.T) {
	t.Parallel()
	var r Reader
	r.Reset([]byte("[" + strings.Repeat(`"v-1",`, 2*sharers) + `"v-1"]`))
	got := make([]string, 2*sharers+1)
	i := 0
	for more := r.Array(); more; more = r.NextItem() {
		r.Recurring(&got[i])
		i++
	}
	r.Store()
	for i, text := range got {
		if text != "v-1" {
			t.Fatalf("item %d is %q", i, text)
		}
	}
}

func TestALongRecurringTextIsAStringOfItsOwn(t *testing.T) {
	t.Parallel()
	var r Reader
	long := strings.Repeat("v", maxShared+1)
	r.Reset([]byte(`["` + long + `","` + long + `"]`))
	got := make([]string, 2)
	i := 0
	for more := r.Array(); more; more = r.NextItem() {
		r.Recurring(&got[i])
		i++
	}
	if diff := cmp.Diff([]string{long, long}, got); diff != "" || r.texts.waiting != 0 {
		t.Errorf("%d texts collected, want none (-want +got):\n%s", r.texts.waiting, diff)
	}
}
