// Package envelope reads the body of a refusal, in every form that the
// platform's services, gateways and proxies use, even if only its beginning
// arrived.
//
// It reads JSON and XML, in UTF-8 and UTF-16. Names of members match in any
// letter case, with or without underscores and hyphens. A refusal may be wrapped
// in one more object. The package reads as much as possible of text that is
// invalid, breaks off or is followed by something else. The same bytes always
// have the same result.
package envelope

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Success is the value of a body's member Success.
type Success uint8

// Absent means that there is no such member, or that it is neither true nor
// false.
const (
	Absent Success = iota
	True
	False
)

// Envelope holds the known members of a refusal.
type Envelope struct {
	Code, Message, RequestID, HostID, Recommend string

	Success      Success
	AccessDenied []Member // nil if there is no such member
}

// Names of the members, most reliable first.
var (
	codeNames    = []string{"Code", "ErrorCode", "ErrCode", "DynamicCode"}
	messageNames = []string{"Message", "ErrorMessage", "ErrorMsg", "ErrMessage", "ErrMsg", "DynamicMessage", "Msg", "Error"}
	errorNames   = []string{"ErrorMessage", "ErrorMsg", "ErrMessage", "ErrMsg", "DynamicMessage", "Error"} // not of a success
)

const (
	deniedName  = "AccessDeniedDetail"
	wrapperName = "Error"
)

// Read reads the envelope of a body. It is empty for a body that is neither JSON
// nor XML.
func Read(body []byte) Envelope { return Of(Parse(body)) }

// Of returns the envelope that a document's members hold.
func Of(members []Member) Envelope {
	e := direct(members)
	if e.Code != "" {
		return e
	}
	if wrapped, found := inside(members); found {
		wrapped.complete(e)
		return wrapped
	}
	return e
}

// direct reads the members themselves, without the members inside them.
func direct(members []Member) Envelope {
	e := Envelope{
		Code:      strings.TrimSpace(text(members, codeNames, false)),
		Message:   text(members, messageNames, true),
		RequestID: Text(members, "RequestId"),
		HostID:    Text(members, "HostId"),
		Recommend: Text(members, "Recommend"),
	}
	e.Success = SuccessOf(Text(members, "Success"))
	if denied, found := Find(members, deniedName); found && denied.Kind == Object {
		e.AccessDenied = append([]Member{}, denied.Members...)
	}
	return e
}

// SuccessOf returns the meaning of a member Success with the given text. Only
// true and 1 mean success. Failure has more words, because it must not be missed.
func SuccessOf(text string) Success {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1":
		return True
	case "false", "0", "0.0", "no", "n", "f", "fail", "failed", "failure", "error":
		return False
	}
	return Absent
}

// Failed reports whether a member that only refusals use says that the request
// failed, apart from Code and Success: the text of an error, an HTTP status of
// at least 400, or the reason why access was denied.
func Failed(members []Member) bool {
	if status, err := strconv.Atoi(strings.TrimSpace(Text(members, "HttpStatusCode"))); err == nil && status >= 400 {
		return true
	}
	for _, m := range members {
		switch {
		case SameName(m.Name, deniedName):
			if m.Kind == Object && len(m.Members) > 0 {
				return true
			}
		case isWrapper(m):
			if isErrorText(text(m.Members, messageNames, true)) {
				return true
			}
		case slices.ContainsFunc(errorNames, func(name string) bool { return SameName(m.Name, name) }):
			if isErrorText(m.Text) {
				return true
			}
		}
	}
	return false
}

// isErrorText reports whether the text of an error describes one. A success can
// have such a member too.
func isErrorText(text string) bool {
	switch text = strings.ToLower(strings.TrimSpace(text)); text {
	case "", "0", "false", "null", "nil", "none", "ok", "no error":
		return false
	}
	return !strings.HasPrefix(text, "success") && !strings.Contains(text, "成功")
}

// isWrapper reports whether a member is an object called Error, or a list of
// errors.
func isWrapper(m Member) bool {
	return (m.Kind == Object || m.Kind == Array) && isWrapperName(m.Name)
}

func isWrapperName(name string) bool {
	return SameName(name, wrapperName) || SameName(name, wrapperName+"s")
}

// inside returns the envelope that one of the members holds: the one called
// Error, or the first that has a code, or the first that has a message.
func inside(members []Member) (Envelope, bool) {
	var best Envelope
	for _, needed := range []func(Envelope) bool{
		func(e Envelope) bool { return e.Code != "" },
		func(e Envelope) bool { return e.Message != "" },
	} {
		found := false
		for _, m := range members {
			if m.Kind != Object && !isWrapper(m) || SameName(m.Name, deniedName) {
				continue
			}
			if e := direct(m.Members); needed(e) && (!found || isWrapper(m)) {
				best, found = e, true
			}
		}
		if found {
			return best, true
		}
	}
	return Envelope{}, false
}

// complete fills the empty fields of e from the envelope around it.
func (e *Envelope) complete(outer Envelope) {
	for _, field := range []struct {
		own   *string
		outer string
	}{{&e.Message, outer.Message}, {&e.RequestID, outer.RequestID}, {&e.HostID, outer.HostID}, {&e.Recommend, outer.Recommend}} {
		if *field.own == "" {
			*field.own = field.outer
		}
	}
	if outer.Success != Absent {
		e.Success = outer.Success
	}
	if e.AccessDenied == nil {
		e.AccessDenied = outer.AccessDenied
	}
}

// Text returns the text of the member with a name, in any letter case.
func Text(members []Member, name string) string { return text(members, []string{name}, false) }

// text returns the text of the first of the names that has one. If cut is set,
// text that breaks off counts too. If several members have a name, one in the
// exact letter case counts first, and then the last one.
func text(members []Member, names []string, cut bool) string {
	for _, name := range names {
		found, exact := "", false
		for _, m := range members {
			if m.Text != "" && (cut || !m.Cut) && SameName(m.Name, name) && (m.Name == name || !exact) {
				found, exact = m.Text, m.Name == name
			}
		}
		if found != "" {
			return found
		}
	}
	return ""
}

// Find returns the last member with a name, in any letter case.
func Find(members []Member, name string) (found Member, ok bool) {
	for _, m := range members {
		if SameName(m.Name, name) {
			found, ok = m, true
		}
	}
	return found, ok
}

// Parse returns the members of the object in a body, which is JSON or XML in
// UTF-8 or UTF-16. If the body is an array, Parse reads its first item. Of other
// text it reads the first JSON object in it.
func Parse(body []byte) []Member {
	body = bytes.TrimSpace(bytes.TrimPrefix(fromUTF16(body), []byte("\xef\xbb\xbf")))
	switch {
	case bytes.HasPrefix(body, []byte("{")):
		return parseJSON(body)
	case bytes.HasPrefix(body, []byte("[")):
		return parseJSON(bytes.TrimSpace(body[1:]))
	case bytes.HasPrefix(body, []byte("<")):
		return parseXML(body)
	}
	if start := bytes.IndexByte(body, '{'); start > 0 {
		return parseJSON(body[start:]) // behind other text
	}
	return nil
}

// fromUTF16 converts a body in UTF-16 to UTF-8. It recognizes UTF-16 by its byte
// order mark, or by an ASCII character at the beginning.
func fromUTF16(body []byte) []byte {
	var first, second byte
	if len(body) > 1 {
		first, second = body[0], body[1]
	}
	little := first == 0xff && second == 0xfe || first != 0 && second == 0
	big := first == 0xfe && second == 0xff || first == 0 && second != 0
	if !little && !big {
		return body
	}
	var order binary.ByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	var units []uint16
	for ; len(body) > 1; body = body[2:] {
		units = append(units, order.Uint16(body))
	}
	return []byte(string(utf16.Decode(units)))
}
