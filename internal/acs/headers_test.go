package acs

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestBothSpellingsOfEveryHeaderAgree(t *testing.T) {
	t.Parallel()
	names := []HeaderName{
		ContentType, Host, AccessKeyID, Action, BearerToken, ContentSHA256, Date, RetryAttempts, SecurityToken, Nonce, Version,
	}
	for _, name := range names {
		if name.Sent != http.CanonicalHeaderKey(name.Signed) || name.Signed != strings.ToLower(name.Sent) {
			t.Errorf("%q and %q are not spellings of one name", name.Signed, name.Sent)
		}
	}
	if !slices.IsSortedFunc(names, func(a, b HeaderName) int { return strings.Compare(a.Signed, b.Signed) }) {
		t.Errorf("not sorted: %v", names)
	}
}

func TestHeadersAreJoinedForTheSignature(t *testing.T) {
	t.Parallel()
	headers := []Header{Host.With("example.com"), Action.With("ListImage"), Version.With("")}
	if got, want := string(AppendHeaders([]byte(">"), headers)), ">host:example.com\nx-acs-action:ListImage\nx-acs-version:\n"; got != want {
		t.Errorf("headers %q, want %q", got, want)
	}
	if got, want := string(AppendHeaderNames([]byte(">"), headers)), ">host;x-acs-action;x-acs-version"; got != want {
		t.Errorf("names %q, want %q", got, want)
	}
	if got := string(AppendHeaderNames(nil, nil)) + string(AppendHeaders(nil, nil)); got != "" {
		t.Errorf("no headers make %q", got)
	}
}
