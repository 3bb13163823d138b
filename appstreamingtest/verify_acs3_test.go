package appstreamingtest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
)

func TestACS3RequestsInOrderAreAccepted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*draft){
		"plain":                     func(*draft) {},
		"GET":                       func(d *draft) { d.method = http.MethodGet },
		"form and query":            func(d *draft) { d.form.Set("ImageName", "渲染 +*~"); d.query.Set("Distro", "a b*'") },
		"everything in the query":   func(d *draft) { d.query.Set("PageSize", "3") },
		"a header of the SDK's own": func(d *draft) { d.header.Set("x-acs-credentials-provider", "static_ak") },
		"a header with two values":  func(d *draft) { d.header["X-Acs-Test"] = []string{"https", " http "} },
		"15 minutes old":            func(d *draft) { d.date = d.date.Add(-15 * time.Minute) },
		"15 minutes early":          func(d *draft) { d.date = d.date.Add(15 * time.Minute) },
		"an unknown parameter":      func(d *draft) { d.form.Set("RegionId", "cn-shanghai") },
		"a parameter without value": func(d *draft) { d.query.Set("Distro", "") },
		"a charset in the content type": func(d *draft) {
			d.header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
			d.form.Set("PageSize", "1")
		},
		"an STS key with its token": func(d *draft) {
			d.keyID, d.secret = STSAccessKeyID, STSAccessKeySecret
			d.header.Set("x-acs-security-token", SecurityToken)
			d.header.Set("x-acs-accesskey-id", STSAccessKeyID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDraft()
			change(d)
			wantAnswer(t, quietServer(t), d.acs3(), 200, "200")
		})
	}
}

func TestACS3RequestsOutOfOrderAreRefused(t *testing.T) {
	t.Parallel()
	authorization := func(change func(string) string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", change(r.Header.Get("Authorization"))) }
	}
	for name, test := range map[string]struct {
		before func(*draft)
		after  func(*http.Request)
		status int
		code   string
	}{
		"wrong secret": {before: func(d *draft) { d.secret = "other" }, status: 400, code: "SignatureDoesNotMatch"},
		"unknown key": {
			before: func(d *draft) { d.keyID = "nobody" },
			status: 404, code: "InvalidAccessKeyId.NotFound",
		},
		"upper-case signature": {after: authorization(upperSignature), status: 400, code: "SignatureDoesNotMatch"},
		"other method than signed": {
			after:  func(r *http.Request) { r.Method = http.MethodGet },
			status: 400, code: "SignatureDoesNotMatch",
		},
		"other host than signed": {
			after:  func(r *http.Request) { r.Host = "elsewhere" },
			status: 400, code: "SignatureDoesNotMatch",
		},
		"query added after signing": {
			after:  func(r *http.Request) { r.URL.RawQuery = "Distro=x" },
			status: 400, code: "SignatureDoesNotMatch",
		},
		"wrong body hash, signed": {
			before: func(d *draft) { d.header.Set("x-acs-content-sha256", payloadHash([]byte("x"))) },
			status: 400, code: "SignatureDoesNotMatch",
		},
		"unsigned x-acs header": {
			before: func(d *draft) { d.header.Set("x-acs-extra", "1"); d.unsigned = []string{"x-acs-extra"} },
			status: 400, code: "IncompleteSignature",
		},
		"x-acs header added": {
			after:  func(r *http.Request) { r.Header.Set("x-acs-extra", "1") },
			status: 400, code: "IncompleteSignature",
		},
		"signed header removed": {
			before: func(d *draft) { d.header.Set("x-acs-extra", "1") },
			after:  func(r *http.Request) { r.Header.Del("x-acs-extra") },
			status: 400, code: "IncompleteSignature",
		},
		"content type unsigned": {
			before: func(d *draft) { d.unsigned = []string{"content-type"} },
			status: 400, code: "IncompleteSignature",
		},
		"host unsigned": {
			after:  authorization(func(a string) string { return strings.Replace(a, "content-type;host;", "content-type;", 1) }),
			status: 400, code: "IncompleteSignature",
		},
		"signed headers out of order": {
			after:  authorization(func(a string) string { return strings.Replace(a, "content-type;host;", "host;content-type;", 1) }),
			status: 400, code: "IncompleteSignature",
		},
		"signed header named twice": {
			after:  authorization(func(a string) string { return strings.Replace(a, ";host;", ";host;host;", 1) }),
			status: 400, code: "IncompleteSignature",
		},
		"signed header in upper case": {
			after:  authorization(func(a string) string { return strings.Replace(a, "content-type", "Content-Type", 1) }),
			status: 400, code: "IncompleteSignature",
		},
		"no credential": {
			after:  authorization(func(a string) string { return strings.Replace(a, "Credential", "Key", 1) }),
			status: 400, code: "IncompleteSignature",
		},
		"no signed headers": {
			after:  authorization(func(a string) string { return strings.Replace(a, "SignedHeaders", "Headers", 1) }),
			status: 400, code: "IncompleteSignature",
		},
		"no signature": {
			after:  authorization(func(a string) string { a, _, _ = strings.Cut(a, ",Signature="); return a }),
			status: 400, code: "IncompleteSignature",
		},
		"empty signature": {
			after:  authorization(func(a string) string { a, _, _ = strings.Cut(a, "Signature="); return a + "Signature=" }),
			status: 400, code: "IncompleteSignature",
		},
		"blank after the comma": {
			after:  authorization(func(a string) string { return strings.Replace(a, ",Signature", ", Signature", 1) }),
			status: 400, code: "IncompleteSignature",
		},
		"two authorizations": {
			after:  func(r *http.Request) { r.Header.Add("Authorization", "ACS3-HMAC-SHA256 x") },
			status: 400, code: "IncompleteSignature",
		},
		"another algorithm": {
			after:  authorization(func(a string) string { return strings.Replace(a, "SHA256", "SM3", 1) }),
			status: 400, code: "InvalidSignatureMethod",
		},
		"basic authorization": {
			after:  func(r *http.Request) { r.SetBasicAuth("a", "b") },
			status: 400, code: "InvalidSignatureMethod",
		},
		"no authorization at all": {
			after:  func(r *http.Request) { r.Header.Del("Authorization") },
			status: 400, code: "MissingAccessKeyId",
		},
		"no date": {
			after:  func(r *http.Request) { r.Header.Del("x-acs-date") },
			status: 400, code: "MissingTimestamp",
		},
		"no nonce": {
			after:  func(r *http.Request) { r.Header.Del("x-acs-signature-nonce") },
			status: 400, code: "MissingSignatureNonce",
		},
		"no action": {
			after:  func(r *http.Request) { r.Header.Del("x-acs-action") },
			status: 400, code: "MissingAction",
		},
		"no version": {
			after:  func(r *http.Request) { r.Header.Del("x-acs-version") },
			status: 400, code: "MissingVersion",
		},
		"no body hash": {
			after:  func(r *http.Request) { r.Header.Del("x-acs-content-sha256") },
			status: 400, code: "MissingParameter",
		},
		"no content type with a body": {
			before: func(d *draft) { d.form.Set("PageSize", "1") },
			after:  func(r *http.Request) { r.Header.Del("content-type") },
			status: 400, code: "MissingParameter",
		},
		"two dates": {
			after:  func(r *http.Request) { r.Header.Add("x-acs-date", "2026-05-01T12:00:00Z") },
			status: 400, code: "InvalidParameter",
		},
		"date over 15 minutes old": {
			before: func(d *draft) { d.date = d.date.Add(-15*time.Minute - time.Second) },
			status: 400, code: "InvalidTimeStamp.Expired",
		},
		"date over 15 minutes ahead": {
			before: func(d *draft) { d.date = d.date.Add(15*time.Minute + time.Second) },
			status: 400, code: "InvalidTimeStamp.Expired",
		},
		"date with fractions": {
			before: func(d *draft) { d.header.Set("x-acs-date", "2026-05-01T12:00:00.5Z") },
			status: 400, code: "InvalidTimeStamp.Format",
		},
		"date of another form": {
			before: func(d *draft) { d.header.Set("x-acs-date", "Fri, 01 May 2026 12:00:00 GMT") },
			status: 400, code: "InvalidTimeStamp.Format",
		},
		"another action": {
			before: func(d *draft) { d.header.Set("x-acs-action", "ListImages") },
			status: 404, code: "InvalidApi.NotFound",
		},
		"another version": {
			before: func(d *draft) { d.header.Set("x-acs-version", "2021-09-02") },
			status: 400, code: "InvalidVersion",
		},
		"another path": {before: func(d *draft) { d.path = "/images" }, status: 404, code: "InvalidApi.NotFound"},
		"DELETE": {
			before: func(d *draft) { d.method = http.MethodDelete },
			status: 400, code: "UnsupportedHTTPMethod",
		},
		"a parameter twice in the query": {
			before: func(d *draft) { d.query["Distro"] = []string{"a", "b"} },
			status: 400, code: "InvalidParameter",
		},
		"a parameter in query and form": {
			before: func(d *draft) { d.query.Set("Distro", "a"); d.form.Set("Distro", "a") },
			status: 400, code: "InvalidParameter",
		},
		"a JSON body": {
			before: func(d *draft) { d.form.Set("a", "b"); d.header.Set("content-type", "application/json") },
			status: 400, code: "InvalidParameter",
		},
		"a query that is no query": {
			after:  func(r *http.Request) { r.URL.RawQuery = "a=%zz" },
			status: 400, code: "InvalidParameter",
		},
		"key header of another key": {
			before: func(d *draft) { d.header.Set("x-acs-accesskey-id", "other") },
			status: 400, code: "IncompleteSignature",
		},
		"STS key without token": {
			before: func(d *draft) { d.keyID, d.secret = STSAccessKeyID, STSAccessKeySecret },
			status: 400, code: "MissingSecurityToken",
		},
		"STS key with another token": {before: func(d *draft) {
			d.keyID, d.secret = STSAccessKeyID, STSAccessKeySecret
			d.header.Set("x-acs-security-token", "x")
		}, status: 400, code: "InvalidSecurityToken.MismatchWithAccessKey"},
		"plain key with a token": {
			before: func(d *draft) { d.header.Set("x-acs-security-token", SecurityToken) },
			status: 400, code: "InvalidSecurityToken.MismatchWithAccessKey",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDraft()
			if test.before != nil {
				test.before(d)
			}
			r := d.acs3()
			if test.after != nil {
				test.after(r)
			}
			wantAnswer(t, quietServer(t), r, test.status, test.code)
		})
	}
}

func upperSignature(a string) string {
	before, signature, _ := strings.Cut(a, ",Signature=")
	return before + ",Signature=" + strings.ToUpper(signature)
}

func TestAMismatchTellsWhatTheServerSigned(t *testing.T) {
	t.Parallel()
	d := newDraft()
	d.keyID, d.secret = STSAccessKeyID, "wrong"
	d.header.Set("x-acs-security-token", SecurityToken)
	d.query = url.Values{"Distro": {"Ubuntu 22"}}
	message, _ := wantAnswer(t, quietServer(t), d.acs3(), 400, "SignatureDoesNotMatch")["Message"].(string)
	for _, part := range []string{"ACS3-HMAC-SHA256\n", "POST\n/\nDistro=Ubuntu%2022\n", "x-acs-security-token:" + SecurityToken + "\n"} {
		if !strings.Contains(message, part) {
			t.Errorf("the message lacks %q:\n%s", part, message)
		}
	}

	d = newDraft()
	d.secret = "wrong"
	message, _ = wantAnswer(t, quietServer(t), d.rpc(), 400, "SignatureDoesNotMatch")["Message"].(string)
	if want := "POST&%2F&AccessKeyId%3D" + AccessKeyID; !strings.Contains(message, want) {
		t.Errorf("the message lacks %q:\n%s", want, message)
	}
}

func TestANonceIsGoodOnceWhileItsDateIs(t *testing.T) {
	t.Parallel()
	s := quietServer(t)
	now := draftTime()
	s.SetClock(func() time.Time { return now })
	d := newDraft()
	wantAnswer(t, s, d.acs3(), 200, "200")
	wantAnswer(t, s, d.acs3(), 400, "SignatureNonceUsed")
	wantAnswer(t, s, d.rpc(), 400, "SignatureNonceUsed") // the other way of signing is no way round

	for _, minutes := range []int{1, 14, 29, 31, 44, 61, 95, 300} {
		now = draftTime().Add(time.Duration(minutes) * time.Minute)
		d := newDraft()
		d.date = now.Add(15 * time.Minute)
		wantAnswer(t, s, d.acs3(), 200, "200")
		now = now.Add(30 * time.Minute) // the last moment its date is good
		wantAnswer(t, s, d.acs3(), 400, "SignatureNonceUsed")
	}
}

func TestANonceThatWasRefusedIsNotUsedUp(t *testing.T) {
	t.Parallel()
	s := quietServer(t)
	d := newDraft()
	d.secret = "wrong"
	wantAnswer(t, s, d.acs3(), 400, "SignatureDoesNotMatch")
	d.secret = AccessKeySecret
	wantAnswer(t, s, d.acs3(), 200, "200")
}

func TestKeysCanBeAddedDisabledExpiredAndRemoved(t *testing.T) {
	t.Parallel()
	s := quietServer(t)
	sign := func(id, secret, token string) *http.Request {
		d := newDraft()
		d.keyID, d.secret = id, secret
		if token != "" {
			d.header.Set("x-acs-security-token", token)
		}
		return d.acs3()
	}
	bearer := func(token string) *http.Request {
		d := newDraft()
		d.header.Set("x-acs-bearer-token", token)
		d.query.Set("SignatureType", "BEARERTOKEN")
		r := d.acs3()
		r.Header.Del("Authorization")
		return r
	}

	wantAnswer(t, s, sign("new", "secret", ""), 404, "InvalidAccessKeyId.NotFound")
	s.AddCredentials(appstreaming.Credentials{AccessKeyID: "new", AccessKeySecret: "secret"})
	wantAnswer(t, s, sign("new", "secret", ""), 200, "200")
	s.DisableKey("new")
	wantAnswer(t, s, sign("new", "secret", ""), 400, "InvalidAccessKeyId.Inactive")
	s.AddCredentials(appstreaming.Credentials{AccessKeyID: "new", AccessKeySecret: "rotated", SecurityToken: "token-1"})
	wantAnswer(t, s, sign("new", "secret", "token-1"), 400, "SignatureDoesNotMatch")
	wantAnswer(t, s, sign("new", "rotated", "token-1"), 200, "200")
	s.ExpireToken("token-1")
	wantAnswer(t, s, sign("new", "rotated", "token-1"), 400, "InvalidSecurityToken.Expired")
	s.AddCredentials(appstreaming.Credentials{AccessKeyID: "new", AccessKeySecret: "rotated", SecurityToken: "token-2"})
	wantAnswer(t, s, sign("new", "rotated", "token-1"), 400, "InvalidSecurityToken.MismatchWithAccessKey")
	wantAnswer(t, s, sign("new", "rotated", "token-2"), 200, "200")
	s.RemoveKey("new")
	wantAnswer(t, s, sign("new", "rotated", "token-2"), 404, "InvalidAccessKeyId.NotFound")
	s.DisableKey("new")
	wantAnswer(t, s, sign("new", "rotated", "token-2"), 404, "InvalidAccessKeyId.NotFound")

	wantAnswer(t, s, bearer(BearerToken), 200, "200")
	wantAnswer(t, s, bearer("other"), 400, "InvalidSecurityToken.Malformed")
	s.AddCredentials(appstreaming.Credentials{BearerToken: "other"})
	wantAnswer(t, s, bearer("other"), 200, "200")
	s.ExpireToken("other")
	wantAnswer(t, s, bearer("other"), 400, "InvalidSecurityToken.Expired")
	s.ExpireToken("") // no key's token
	wantAnswer(t, s, sign(AccessKeyID, AccessKeySecret, ""), 200, "200")
}
