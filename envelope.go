package appstreaming

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
)

// envelope is the body of a refusal.
type envelope struct {
	Code, Message, RequestID, HostID, Recommend string
	AccessDenied                                *AccessDeniedDetail
}

// decodeEnvelope takes what it can from a body: JSON with the documented
// members, in any letter case as some gateways write them, or the XML form. A
// body of another kind gives an empty envelope.
func decodeEnvelope(body []byte) envelope {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	switch {
	case len(body) == 0:
	case body[0] == '{':
		return decodeJSONEnvelope(body)
	case body[0] == '<':
		return decodeXMLEnvelope(body)
	}
	return envelope{}
}

func decodeJSONEnvelope(body []byte) envelope {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return envelope{}
	}
	e := envelope{
		Code:      textMember(members, "Code"),
		Message:   textMember(members, "Message"),
		RequestID: textMember(members, "RequestId"),
		HostID:    textMember(members, "HostId"),
		Recommend: textMember(members, "Recommend"),
	}
	for name, raw := range members {
		if !strings.EqualFold(name, "AccessDeniedDetail") {
			continue
		}
		var detail map[string]json.RawMessage
		if json.Unmarshal(raw, &detail) != nil || detail == nil {
			continue
		}
		e.AccessDenied = new(AccessDeniedDetail)
		for _, field := range e.AccessDenied.fields() {
			*field.value = textMember(detail, field.name)
		}
	}
	return e
}

// textMember prefers the exact name, then takes it in any letter case.
func textMember(members map[string]json.RawMessage, name string) string {
	if raw, ok := members[name]; ok {
		return rawText(raw)
	}
	for other, raw := range members {
		if strings.EqualFold(other, name) {
			return rawText(raw)
		}
	}
	return ""
}

// rawText is a string's text, or any other value as it stands.
func rawText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text // null too: it leaves the text empty
	}
	return string(raw)
}

func decodeXMLEnvelope(body []byte) envelope {
	var document struct {
		XMLName   xml.Name
		RequestID string `xml:"RequestId"`
		HostID    string `xml:"HostId"`
		Code      string
		Message   string
		Recommend string
	}
	// A page of HTML can pass for XML; its members are not these.
	if xml.Unmarshal(body, &document) != nil || document.XMLName.Local == "html" {
		return envelope{}
	}
	return envelope{
		Code:      document.Code,
		Message:   document.Message,
		RequestID: document.RequestID,
		HostID:    document.HostID,
		Recommend: document.Recommend,
	}
}

// detailField is a member of AccessDeniedDetail under its wire name.
type detailField struct {
	name  string
	value *string
}

func (d *AccessDeniedDetail) fields() []detailField {
	return []detailField{
		{"AuthAction", &d.AuthAction},
		{"AuthPrincipalType", &d.AuthPrincipalType},
		{"AuthPrincipalOwnerId", &d.AuthPrincipalOwnerID},
		{"AuthPrincipalDisplayName", &d.AuthPrincipalDisplayName},
		{"NoPermissionType", &d.NoPermissionType},
		{"PolicyType", &d.PolicyType},
		{"EncodedDiagnosticMessage", &d.EncodedDiagnosticMessage},
	}
}
