package envelope

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestRefusalsAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	whole := Envelope{Code: "Throttling.User", Message: "slow down", RequestID: "R-1", HostID: "h", Recommend: "u"}
	coded := Envelope{Code: "Throttling.User"}
	worded := Envelope{Code: "Throttling.User", Message: "slow down"}
	for name, test := range map[string]struct {
		body string
		want Envelope
	}{
		"documented":    {`{"RequestId":"R-1","HostId":"h","Code":"Throttling.User","Message":"slow down","Recommend":"u"}`, whole},
		"in lower case": {`{"requestid":"R-1","hostid":"h","code":"Throttling.User","message":"slow down","recommend":"u"}`, whole},
		"in camel case": {`{"requestId":"R-1","hostId":"h","code":"Throttling.User","message":"slow down","recommend":"u"}`, whole},
		"in capitals":   {`{"REQUESTID":"R-1","HOSTID":"h","CODE":"Throttling.User","MESSAGE":"slow down","RECOMMEND":"u"}`, whole},
		"in snake case": {
			`{"request_id":"R-1","host_id":"h","error_code":"Throttling.User","error_message":"slow down","recommend":"u"}`, whole,
		},
		"in kebab case": {
			`{"request-id":"R-1","-host-id-":"h","error--code":"Throttling.User","error-msg":"slow down","recommend":"u"}`, whole,
		},
		"with a byte order mark":  {"\xef\xbb\xbf \r\n\t" + `{"Code":"Throttling.User"}`, coded},
		"ErrorCode":               {`{"ErrorCode":"Throttling.User","ErrorMessage":"slow down"}`, worded},
		"errorMsg":                {`{"errorCode":"Throttling.User","errorMsg":"slow down"}`, worded},
		"errMsg":                  {`{"errCode":"Throttling.User","errMsg":"slow down"}`, worded},
		"errMessage and msg":      {`{"errCode":"Throttling.User","msg":"x","errMessage":"slow down"}`, worded},
		"msg":                     {`{"errCode":"Throttling.User","msg":"slow down"}`, worded},
		"an error in words":       {`{"status":500,"error":"slow down"}`, Envelope{Message: "slow down"}},
		"DynamicCode":             {`{"DynamicCode":"Throttling.User","DynamicMessage":"slow down"}`, worded},
		"Code before DynamicCode": {`{"DynamicCode":"x","DynamicMessage":"y","Code":"Throttling.User","Message":"slow down"}`, worded},
		"an empty Code":           {`{"Code":"","errorCode":"Throttling.User"}`, coded},
		"a Code of null":          {`{"Code":null,"errorCode":"Throttling.User"}`, coded},
		"a Code of another type":  {`{"Code":{"a":1},"Message":["m"],"errorCode":"Throttling.User"}`, coded},
		"a numeric Code":          {`{"Code":-404.5e1}`, Envelope{Code: "-404.5e1"}},
		"a Code with spaces":      {`{"Code":" Throttling.User\n"}`, coded},
		"a Code given twice":      {`{"Code":"x","Code":"Throttling.User"}`, coded},
		"in two letter cases":     {`{"Code":"Throttling.User","code":"x","CODE":"y"}`, coded},
		"in two others":           {`{"code":"x","CODE":"Throttling.User"}`, coded},
		"another name":            {`{"Codes":"x","Cod":"y","":"z","_":"v","xCode":"w"}`, Envelope{}},
		"Success false":           {`{"success":"False"}`, Envelope{Success: False}},
		"Success 0":               {`{"SUCCESS":0}`, Envelope{Success: False}},
		"Success true":            {`{"Success":true}`, Envelope{Success: True}},
		"Success 1":               {`{"Success":"1"}`, Envelope{Success: True}},
		"Success with spaces":     {`{"Success":" TRUE\n"}`, Envelope{Success: True}},
		"Success no":              {`{"Success":"No"}`, Envelope{Success: False}},
		"Success failed":          {`{"Success":"FAILED"}`, Envelope{Success: False}},
		"another Success":         {`{"Success":"perhaps"}`, Envelope{}},
		"wrapped":                 {`{"error":{"code":"Throttling.User","message":"slow down"}}`, worded},
		"wrapped under any name":  {`{"a":1,"Response":{"Code":"Throttling.User","Message":"slow down"}}`, worded},
		"Error before others":     {`{"Data":{"Code":"x"},"Error":{"Code":"Throttling.User"},"Other":{"Code":"y"}}`, coded},
		"the first of others":     {`{"A":{"Code":"Throttling.User"},"B":{"Code":"y"}}`, coded},
		"half wrapped": {
			`{"RequestId":"R-1","HostId":"h","Recommend":"u","Message":"slow down","x":{"Code":"Throttling.User"}}`, whole,
		},
		"wrapped with its own": {
			`{"RequestId":"x","Message":"y","Success":false,"x":{"Code":"c","Message":"m","RequestId":"r"}}`,
			Envelope{Code: "c", Message: "m", RequestID: "r", Success: False},
		},
		"wrapped failure":          {`{"x":{"Code":"c","Success":false}}`, Envelope{Code: "c", Success: False}},
		"wrapped message":          {`{"x":{"y":1},"error":{"message":"slow down"}}`, Envelope{Message: "slow down"}},
		"code before a wrapped":    {`{"Code":"Throttling.User","error":{"Code":"x","Message":"y"}}`, coded},
		"wrapped twice":            {`{"x":{"error":{"code":"Throttling.User"}}}`, Envelope{}},
		"a list of errors":         {`{"errors":[{"code":"Throttling.User","message":"slow down"},{"code":"x"}]}`, worded},
		"a list called Error":      {`{"Error":[ {"code":"Throttling.User"}],"x":{"Code":"y"}}`, coded},
		"a list of other things":   {`{"Items":[{"Code":"x"}],"errors":["y"],"Error":[]}`, Envelope{}},
		"a list of errors, cut":    {`{"errors":[{"code":"Throttling.User","message":"slow down`, worded},
		"in UTF-16":                {"\xff\xfe" + wide(`{"Code":"Throttling.User"}`), coded},
		"in UTF-16, no mark":       {wide(`{"Code":"Throttling.User"}`), coded},
		"in UTF-16, high first":    {"\xfe\xff\x00" + wide(`{"Code":"Throttling.User"}`), coded},
		"in UTF-16, all without":   {"\x00" + wide(`{"Code":"Throttling.User"}`), coded},
		"XML in UTF-16":            {wide(`<?xml version="1.0" encoding="UTF-16"?><Error><Code>Throttling.User</Code></Error>`), coded},
		"a mark of UTF-16 alone":   {"\xff\xfe", Envelope{}},
		"in an array":              {` [ {"Code":"Throttling.User"}, {"Code":"x"}]`, coded},
		"an array of other things": {`[1]`, Envelope{}},
		"denied": {
			`{"Code":"c","AccessDeniedDetail":{"AuthAction":"a:b"}}`,
			Envelope{Code: "c", AccessDenied: []Member{{Name: "AuthAction", Text: "a:b"}}},
		},
		"denied, wrapped": {
			`{"accessDeniedDetail":{"Code":"x"},"e":{"Code":"c"}}`, Envelope{Code: "c", AccessDenied: []Member{{Name: "Code", Text: "x"}}},
		},
		"denied, inside":         {`{"e":{"Code":"c","AccessDeniedDetail":{}}}`, Envelope{Code: "c", AccessDenied: []Member{}}},
		"denied of another type": {`{"Code":"c","AccessDeniedDetail":"x"}`, Envelope{Code: "c"}},

		"behind junk":               {`)]}', {"Code":"Throttling.User","Message":"slow down"}`, worded},
		"behind a callback":         {`callback({"Code":"Throttling.User"})`, coded},
		"behind words":              {"upstream answered:\n{\"Code\":\"Throttling.User\"", coded},
		"in a text":                 {`"{\"Code\":\"x\"}"`, Envelope{}},
		"behind HTML":               {`<html>{"Code":"x"}</html>`, Envelope{}},
		"followed by junk":          {`{"Code":"Throttling.User","Message":"slow down"} junk }{"Code":"x"}`, worded},
		"with NaN":                  {`{"Time":NaN,"Code":"Throttling.User","Message":"slow down"}`, worded},
		"with words":                {`{"a":undefined,"b":-Infinity,"Code":"Throttling.User","c":'x',"Message":"slow down",}`, worded},
		"with a missing comma":      {`{"a":1 "Code":"Throttling.User" "Message":"slow down"}`, worded},
		"with commas":               {`{,,"Code":"Throttling.User",,"Message":"slow down",}`, worded},
		"with quotes in quotes":     {`{"Message":"slow down" they "say"!","Code":"Throttling.User"}`, worded},
		"with names without values": {`{"a" "Code":"Throttling.User","b","c":,"d":}`, coded},
		"with a stray bracket":      {`{"a":],"Code":"Throttling.User"}`, coded},
		"after nested values":       {`{"a":{"b":[{"c":"}\"]"},[1]],"Code":"x"},"d":[[],{"Code":"y"}],"Code":"Throttling.User"}`, coded},
		"after deep values":         {`{"a":{"b":{"c":{"d":{"Code":"x"}}}},"Code":"Throttling.User"}`, coded},
		"with line breaks in text": {
			"{\"Message\":\"slow\ndown\",\"Code\":\"Throttling.User\"}", Envelope{Code: "Throttling.User", Message: "slow\ndown"},
		},
		"with odd escapes": {
			`{"Message":"\x\u12zz\ud83d\u0041\ud83d\ude00\"\\\/\b\f\n\r\t\u00e9\ud83d"}`,
			Envelope{Message: "\\x\\u12zz\ufffdA😀\"\\/\b\f\n\r\té\ufffd"},
		},
		"with an escape too short": {`{"Message":"a\u12"}`, Envelope{Message: `a\u12`}},
		"with invalid UTF-8":       {"{\"Message\":\"a\xffb\xc3\"}", Envelope{Message: "a\ufffdb\ufffd"}},
		"a word of invalid UTF-8":  {"{\"Code\":a\xffb}", Envelope{Code: "a\ufffdb"}},

		"cut after the code":         {`{"Code":"Throttling.User","Message":"slow down`, worded},
		"cut in the code":            {`{"Message":"slow down","Code":"Thrott`, Envelope{Message: "slow down"}},
		"cut in a numeric code":      {`{"Message":"slow down","Code":40`, Envelope{Message: "slow down"}},
		"cut in the identifier":      {`{"Code":"Throttling.User","RequestId":"R-`, coded},
		"cut in an escape":           {`{"Message":"slow down\`, Envelope{Message: "slow down"}},
		"cut after an escape":        {`{"Message":"slow down\u00e9`, Envelope{Message: "slow downé"}},
		"cut after a pair":           {`{"Message":"slow down\ud83d\ude00`, Envelope{Message: "slow down😀"}},
		"cut in a Unicode escape":    {`{"Message":"slow down\u00`, Envelope{Message: "slow down"}},
		"cut in a character":         {"{\"Message\":\"slow down\xe4\xbd", Envelope{Message: "slow down"}},
		"cut in a name":              {`{"Code":"Throttling.User","Mess`, coded},
		"cut before a value":         {`{"Code":"Throttling.User","Message":`, coded},
		"cut before a value's start": {`{"Code":"Throttling.User","Message": `, coded},
		"cut in a nested value":      {`{"Code":"Throttling.User","a":{"b":[{"`, coded},
		"cut in a wrapped refusal":   {`{"error":{"Code":"Throttling.User","Message":"slow down`, worded},
		"cut at once":                {`{`, Envelope{}},

		"XML": {
			`<?xml version="1.0" encoding="UTF-8"?><Error><RequestId>R-1</RequestId><HostId>h</HostId><Code>Thro` +
				`ttling.User</Code><Message>slow down</Message><Recommend>u</Recommend></Error>`,
			whole,
		},
		"XML in lower case": {
			`<error><requestid>R-1</requestid><hostid>h</hostid><code>Throttling.User</code><message>slow down</` +
				`message><recommend>u</recommend></error>`,
			whole,
		},
		"XML with spaces": {
			"<?xml version='1.1'?>\n<Error>\n\t<Code>\n Throttling.User </Code>\n\t<Message>slow <![CDATA[down]]></Message>\n</Error>\n", worded,
		},
		"XML with a DTD": {
			`<!DOCTYPE Error [<!ENTITY x "y">]><Error><Code>Throttling.User</Code><Message>slow down</Message></Error>`, worded,
		},
		"XML with a namespace": {`<a:Error xmlns:a="urn:x"><a:Code>Throttling.User</a:Code></a:Error>`, coded},
		"XML with escapes": {
			`<Error><Message>&lt;a&gt; &amp; &#39;b&#x27; &nbsp;</Message></Error>`, Envelope{Message: `<a> & 'b' &nbsp;`},
		},
		"XML with an encoding": {`<?xml version="1.0" encoding="utf8"?><Error><Message>é</Message></Error>`, Envelope{Message: "é"}},
		"XML with controls": {
			"<Error><Code>Throttling.User</Code><Message>a\x00b\x1f\ufffe\uffff\xff</Message></Error>",
			Envelope{Code: "Throttling.User", Message: "a\ufffdb\ufffd\ufffd\ufffd\ufffd"},
		},
		"XML in GBK": {
			"<?xml version=\"1.0\" encoding='GBK'?><Error><Code>Throttling.User</Code><RequestId>R</RequestId><M" +
				"essage>\xc8\xa8\xcf\xde:x</Message></Error>",
			Envelope{Code: "Throttling.User", RequestID: "R", Message: "\ufffd\ufffd\ufffd\ufffd:x"},
		},
		"XML in GBK, as UTF-8 has it": {
			"<?xml version='1.0' encoding=\"gbk\"?><Error><Message>\xc2\x80x</Message></Error>", Envelope{Message: "\ufffd\ufffdx"},
		},
		"XML in GBK, undeclared": {
			"<Error><Code>Throttling.User</Code><Message>\xce\xde</Message></Error>", Envelope{Code: "Throttling.User", Message: "\ufffd\ufffd"},
		},
		"XML, wrapped": {
			`<Response><RequestId>R-1</RequestId><Error><Code>Throttling.User</Code><Message>slow down</Message></Error></Response>`,
			Envelope{Code: "Throttling.User", Message: "slow down", RequestID: "R-1"},
		},
		"XML with a detail": {
			`<Error><Code>c</Code><AccessDeniedDetail><AuthAction>a:b</AuthAction></AccessDeniedDetail></Error>`,
			Envelope{Code: "c", AccessDenied: []Member{{Name: "AuthAction", Text: "a:b"}}},
		},
		"XML, mixed":                  {`<Error>text<Code>Throttling.User</Code>text<a>b<c>d</c>e</a></Error>`, coded},
		"XML, elements empty":         {`<Error><Code/><Message></Message><errcode>Throttling.User</errcode></Error>`, coded},
		"XML cut in a message":        {`<Error><Code>Throttling.User</Code><Message>slow down`, worded},
		"XML cut in a code":           {`<Error><Message>slow down</Message><Code>Thrott`, Envelope{Message: "slow down"}},
		"XML cut in a tag":            {`<Error><Code>Throttling.User</Cod`, Envelope{}},
		"XML followed by junk":        {`<Error><Code>Throttling.User</Code></Error></x></y>junk<Error><Code>x</Code>`, coded},
		"XML, tags that do not match": {`<Error><Code>Throttling.User</code></Error>`, coded},
		"HTML":                        {`<html><code>x</code></html>`, Envelope{}},
		"HTML in capitals":            {`<!DOCTYPE html><HTML><Code>x</Code></HTML>`, Envelope{}},
		"not XML":                     {`<`, Envelope{}},

		"empty": {"", Envelope{}}, "spaces": {" \n", Envelope{}}, "null": {"null", Envelope{}}, "text": {"slow down", Envelope{}},
		"an empty object": {"{}", Envelope{}},
	} {
		if diff := cmp.Diff(test.want, Read([]byte(test.body))); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, test.body, diff)
		}
	}
}

// wide returns ASCII text in UTF-16, low bytes first.
func wide(text string) string { return strings.Join(strings.Split(text, ""), "\x00") + "\x00" }

func TestOtherMembersShowThatARequestFailed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{}`: false, `{"Message":"failed","Msg":"x"}`: false, `{"x":{"error":"y"}}`: false,
		`{"HttpStatusCode":400}`: true, `{"http_status_code":" 503 "}`: true, `{"HttpStatusCode":399}`: false, `{"HttpStatusCode":"x"}`: false,
		`{"AccessDeniedDetail":{"a":1}}`: true, `{"AccessDeniedDetail":{}}`: false, `{"accessDeniedDetail":"x"}`: false,
		`{"ErrorMessage":"x"}`: true, `{"errMsg":"x"}`: true, `{"DynamicMessage":"x"}`: true, `{"error":true}`: true,
		`{"ErrorMessage":" "}`: false, `{"errMsg":"OK"}`: false, `{"error":null}`: false, `{"error":0}`: false,
		`{"errorMsg":"Successful."}`: false,
		`{"errorMsg":"调用成功"}`:        false, `{"error":{}}`: false, `{"error":{"message":"x"}}`: true, `{"error":{"msg":"ok"}}`: false,
		`{"errors":[{"message":"x"}]}`: true, `{"errors":[]}`: false, `{"errors":"x"}`: false,
	} {
		if got := Failed(Parse([]byte(body))); got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
}

func TestMembersKeepWhatTheyAre(t *testing.T) {
	t.Parallel()
	got := Parse([]byte(`{"a":"x","b":1,"c":null,"d":[ ],"e":[1],"f":{"g":{"h":{"i":{}}}},"j":["`))
	want := []Member{
		{Name: "a", Text: "x"}, {Name: "b", Kind: Literal, Text: "1"}, {Name: "c", Kind: Literal}, {Name: "d", Kind: Array, Empty: true},
		{Name: "e", Kind: Array},
		{Name: "f", Kind: Object, Members: []Member{{Name: "g", Kind: Object, Members: []Member{{Name: "h", Kind: Object}}}}},
		{Name: "j", Kind: Array, Cut: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, want := range map[string]bool{"A": true, "a_": true, "aa": false, "": false} {
		if _, got := Find(got, name); got != want {
			t.Errorf("%q is found: %v, want %v", name, got, want)
		}
	}
	if got := Text(got, "B"); got != "1" {
		t.Errorf("got %q, want 1", got)
	}
}

func TestNamesMatchInAnyLetterCase(t *testing.T) {
	t.Parallel()
	for names, want := range map[[2]string]bool{
		{"AZ", "az"}: true, {"_a-Z_", "A_z"}: true, {"", "--"}: true,
		{"az", "ay"}: false, {"a", "ab"}: false, {"[", "{"}: false, {"@", "`"}: false,
	} {
		if got := SameName(names[0], names[1]); got != want {
			t.Errorf("%q is %q: %v, want %v", names[0], names[1], got, want)
		}
	}
}

func TestACutBodyIsReadUpToEveryByte(t *testing.T) {
	t.Parallel()
	const code = `{"RequestId":"R-1","Code":"Throttling.User"`
	const body = code + `,"Message":"\u00e9 \"slow\" 设计 \ud83d\ude00","AccessDeniedDetail":{"AuthAction":"a:b","x":[1,{}]}} junk`
	message := "é \"slow\" 设计 😀"
	for end := range len(body) + 1 {
		got := Read([]byte(body[:end]))
		if (got.Code == "Throttling.User") != (end >= len(code)) || got.Code != "" && got.RequestID != "R-1" {
			t.Errorf("%s: got %+v", body[:end], got)
		}
		if !strings.HasPrefix(message, got.Message) {
			t.Errorf("%s: got message %q", body[:end], got.Message)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"RequestId":"R","HostId":"h","Code":"Forbidden.NoPermission","Message":"denied",` +
			`"Recommend":"u","AccessDeniedDetail":{"AuthAction":"a:b","PolicyType":5}}`,
		`{"requestid":"R","code":"X","message":null,"accessDeniedDetail":[]}`, `{"Code":{"a":1},"code":"x"}`, "\ufeff {}", "", "null", "[1]",
		`{"Code":"\ud83d\u0041\ud83d\ude00\uD800"}`, `{"Code":-1.5e3,"Message":true}`, "{\"Code\":\"a\xff\"}",
		`{"a":[{"b":"]"}],"Code":"x"} junk`, `{"Code":NaN`,
		`<Error><RequestId>R</RequestId><Code>X</Code><Message>m</Message></Error>`, `<Error><Code>`,
		"<?xml encoding=\"GBK\"?><E><Code>\xc8\xa8</Code>", "\x00\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := Read(body)
		if diff := cmp.Diff(got, Read(body)); diff != "" {
			t.Fatalf("two readings differ:\n%s", diff)
		}
		for _, text := range []string{got.Code, got.Message, got.RequestID, got.HostID, got.Recommend} {
			if !utf8.ValidString(text) || len(text) > 3*len(body) {
				t.Fatalf("read %q", text)
			}
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &members) != nil {
			return
		}
		for name, got := range map[string]string{
			"Code": got.Code, "Message": got.Message, "RequestId": got.RequestID, "HostId": got.HostID, "Recommend": got.Recommend,
		} {
			want := string(members[name])
			if strings.HasPrefix(want, "{") || strings.HasPrefix(want, "[") || want == "null" {
				continue
			}
			if strings.HasPrefix(want, `"`) {
				if err := json.Unmarshal(members[name], &want); err != nil {
					t.Fatal(err)
				}
			}
			if name == "Code" {
				want = strings.TrimSpace(want)
			}
			if want != "" && got != want {
				t.Fatalf("%s is read as %q, want %q", name, got, want)
			}
		}
	})
}

func TestALongBodyIsReadQuickly(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{
		`{`, `{"a":`, `[`, `{"a":{x}`, `"a":{x}`, `"`, `\`, `x`, `}`, `,"`, `,"a":1`, `"a":[`, `<a>`, `<a`, `</a>`, `<![CDATA[x]]>`,
		`<a>x</a>`, `&amp;`, `&`, `<!`, `<?`, `]>`,
	} {
		for _, start := range []string{`{`, `<a>`, `{"a":{`, `{"Message":"`} {
			body := []byte(start + strings.Repeat(unit, 64<<10/len(unit)))
			began := time.Now()
			Read(body)
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("64 KiB of %s after %s take %v", unit, start, took)
			}
		}
	}
}

func TestMembersAreReadToALimitedDepth(t *testing.T) {
	t.Parallel()
	for kind, nest := range map[string][2]string{"objects": {`{"errors":`, `}`}, "lists": {`{"errors":[`, `]}`}} {
		deep := strings.Repeat(nest[0], 9) + "{}" + strings.Repeat(nest[1], 9)
		levels := 0
		for members := Parse([]byte(deep)); len(members) > 0; members = members[0].Members {
			levels++
		}
		if levels != maxDepth {
			t.Errorf("%s: %d levels, want %d", kind, levels, maxDepth)
		}
	}
}
