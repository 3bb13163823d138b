package appstreamingtest

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
)

func TestRPCRequestsInOrderAreAccepted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*draft){
		"POST":                           func(*draft) {},
		"GET":                            func(d *draft) { d.method = http.MethodGet },
		"query and form":                 func(d *draft) { d.query.Set("ImageName", "渲染 +*~"); d.form.Set("Distro", "a b*'") },
		"json in lower case":             func(d *draft) { d.query.Set("Format", "json") },
		"an empty signature type":        func(d *draft) { d.query.Set("SignatureType", "") },
		"a region":                       func(d *draft) { d.query.Set("RegionId", "cn-shanghai") },
		"x-acs headers, which none sign": func(d *draft) { d.header.Set("x-acs-action", "ListImage") },
		"15 minutes old":                 func(d *draft) { d.date = d.date.Add(-15 * time.Minute) },
		"an STS key with its token": func(d *draft) {
			d.keyID, d.secret = STSAccessKeyID, STSAccessKeySecret
			d.query.Set("SecurityToken", SecurityToken)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDraft()
			change(d)
			wantAnswer(t, quietServer(t), d.rpc(), 200, "200")
		})
	}
}

func TestRPCRequestsMayHaveAllParametersInTheForm(t *testing.T) {
	t.Parallel()
	d := newDraft()
	d.rpc()
	d.form, d.query = d.query, nil
	wantAnswer(t, quietServer(t), d.request(), 200, "200")
}

func TestRPCRequestsOutOfOrderAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before func(*draft)
		after  func(*http.Request)
		status int
		code   string
	}{
		"wrong secret": {before: func(d *draft) { d.secret = "other" }, status: 400, code: "SignatureDoesNotMatch"},
		"unknown key":  {before: func(d *draft) { d.keyID = "nobody" }, status: 404, code: "InvalidAccessKeyId.NotFound"},
		"other method than signed": {
			after:  func(r *http.Request) { r.Method = http.MethodGet },
			status: 400, code: "SignatureDoesNotMatch",
		},
		"parameter added": {
			after:  func(r *http.Request) { r.URL.RawQuery += "&Distro=x" },
			status: 400, code: "SignatureDoesNotMatch",
		},
		"parameter twice": {
			after:  func(r *http.Request) { r.URL.RawQuery += "&Action=ListImage" },
			status: 400, code: "InvalidParameter",
		},
		"parameter in both": {
			before: func(d *draft) { d.query.Set("Distro", "a"); d.form.Set("Distro", "a") },
			status: 400, code: "InvalidParameter",
		},
		"no signature": {before: func(d *draft) { d.query.Set("Signature", "-") }, status: 400, code: "MissingSignature"},
		"no key": {
			before: func(d *draft) { d.query.Set("AccessKeyId", "-") },
			status: 400, code: "MissingAccessKeyId",
		},
		"neither key nor signature": {
			before: func(d *draft) { d.query.Set("AccessKeyId", "-"); d.query.Set("Signature", "-") },
			status: 400, code: "MissingAccessKeyId",
		},
		"no timestamp": {before: func(d *draft) { d.query.Set("Timestamp", "-") }, status: 400, code: "MissingTimestamp"},
		"no nonce": {
			before: func(d *draft) { d.query.Set("SignatureNonce", "-") },
			status: 400, code: "MissingSignatureNonce",
		},
		"no action":  {before: func(d *draft) { d.query.Set("Action", "-") }, status: 400, code: "MissingAction"},
		"no version": {before: func(d *draft) { d.query.Set("Version", "-") }, status: 400, code: "MissingVersion"},
		"no method": {
			before: func(d *draft) { d.query.Set("SignatureMethod", "-") },
			status: 400, code: "MissingSignatureMethod",
		},
		"no signature version": {
			before: func(d *draft) { d.query.Set("SignatureVersion", "-") },
			status: 400, code: "MissingSignatureVersion",
		},
		"another method": {
			before: func(d *draft) { d.query.Set("SignatureMethod", "HMAC-SHA256") },
			status: 400, code: "InvalidSignatureMethod",
		},
		"another signature version": {
			before: func(d *draft) { d.query.Set("SignatureVersion", "2.0") },
			status: 400, code: "InvalidParameter.SignatureVersion",
		},
		"another action": {
			before: func(d *draft) { d.query.Set("Action", "DeleteImage") },
			status: 404, code: "InvalidApi.NotFound",
		},
		"another version": {
			before: func(d *draft) { d.query.Set("Version", "2014-05-26") },
			status: 400, code: "InvalidVersion",
		},
		"date over 15 minutes old": {
			before: func(d *draft) { d.date = d.date.Add(-16 * time.Minute) },
			status: 400, code: "InvalidTimeStamp.Expired",
		},
		"date of another form": {
			before: func(d *draft) { d.query.Set("Timestamp", "2026-05-01 12:00:00") },
			status: 400, code: "InvalidTimeStamp.Format",
		},
		"STS key without token": {
			before: func(d *draft) { d.keyID, d.secret = STSAccessKeyID, STSAccessKeySecret },
			status: 400, code: "MissingSecurityToken",
		},
		"plain key with a token": {
			before: func(d *draft) { d.query.Set("SecurityToken", SecurityToken) },
			status: 400, code: "InvalidSecurityToken.MismatchWithAccessKey",
		},
		"bearer token without type": {
			before: func(d *draft) { d.query.Set("BearerToken", BearerToken) },
			status: 400, code: "InvalidParameter.SignatureType",
		},
		"bearer token not known": {
			before: func(d *draft) { d.query.Set("BearerToken", "x"); d.query.Set("SignatureType", "BEARERTOKEN") },
			status: 400, code: "InvalidSecurityToken.Malformed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDraft()
			if test.before != nil {
				test.before(d)
			}
			r := d.rpc()
			if test.after != nil {
				test.after(r)
			}
			wantAnswer(t, quietServer(t), r, test.status, test.code)
		})
	}
}

func TestRPCAnswersInXMLUnlessAskedForJSON(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"-", "XML", "xml"} {
		d := newDraft()
		d.query.Set("Format", format)
		d.query.Set("PageSize", "2")
		w := send(quietServer(t), d.rpc())
		if got := w.Header().Get("Content-Type"); w.Code != 200 || got != "text/xml;charset=utf-8" {
			t.Errorf("Format %s: HTTP %d %s", format, w.Code, got)
		}
		var page struct {
			XMLName   xml.Name `xml:"ListImageResponse"`
			RequestID string   `xml:"RequestId"`
			Count     int
			Success   bool
			Data      []struct {
				ImageID     string `xml:"ImageId"`
				ImageName   string
				Description string
				FeatureList []appstreaming.Feature
				TagList     []struct{ Key, Value string }
			}
		}
		if err := xml.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		images := SampleImages(2)
		if page.Count != 30 || !page.Success || len(page.Data) != 2 || page.RequestID == "" {
			t.Fatalf("page %+v", page)
		}
		for i, got := range page.Data {
			want := images[i]
			if got.ImageID != want.ImageID || got.ImageName != want.ImageName || got.Description != want.Description ||
				!slices.Equal(got.FeatureList, want.Features) || len(got.TagList) != len(want.Tags) || got.TagList[2].Key != want.Tags[2].Key {
				t.Errorf("image %d: %+v", i, got)
			}
		}
	}

	d := newDraft()
	d.query.Set("Format", "-")
	d.secret = "wrong"
	w := send(quietServer(t), d.rpc())
	var refusal struct {
		XMLName       xml.Name `xml:"Error"`
		RequestID     string   `xml:"RequestId"`
		HostID        string   `xml:"HostId"`
		Code, Message string
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &refusal); err != nil {
		t.Fatal(err)
	}
	if w.Code != 400 || refusal.Code != "SignatureDoesNotMatch" || refusal.HostID != "example.com" ||
		refusal.RequestID != w.Header().Get("x-acs-request-id") {
		t.Errorf("HTTP %d %+v", w.Code, refusal)
	}
	if !strings.Contains(refusal.Message, "POST&%2F&AccessKeyId%3D") {
		t.Errorf("message %q", refusal.Message)
	}
}

func TestAnotherFormatIsRefused(t *testing.T) {
	t.Parallel()
	d := newDraft()
	d.query.Set("Format", "YAML")
	w := send(quietServer(t), d.rpc())
	if w.Code != 400 || !strings.Contains(w.Body.String(), "<Code>InvalidParameter.Format</Code>") {
		t.Errorf("HTTP %d %s", w.Code, w.Body)
	}
}
