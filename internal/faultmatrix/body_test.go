package faultmatrix_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// Answers that arrive completely but are odd or invalid.
func TestFaultMatrixOfBodies(t *testing.T) {
	t.Parallel()
	const html = "<!doctype html><title>Maintenance</title>"
	packed := http.Header{"Content-Encoding": {"gzip"}}
	rows := []faultRow{
		{name: "200 with a page of HTML", fault: Fault{Body: html}, want: garbled("", html)},
		{name: "200 with an empty body", fault: Fault{Status: 200}, want: garbled("", "")},
		{name: "204", fault: Fault{Status: 204}, want: garbled("", "")},
		{name: "200 with null", fault: Fault{Body: "null"}, want: garbled("", "null")},
		{name: "200 with an empty object", fault: Fault{Body: `{}`}, want: garbled("", `{}`)},
		{name: "200 with another object", fault: Fault{Body: `{"hello":"world"}`}, want: garbled("", `{"hello"`)},
		{
			name:  "200 with a page inside an object",
			fault: Fault{Body: `{"Response":{"Success":true,"Data":[{"ImageId":"i"}]}}`}, want: garbled("Response", `{"Resp`),
		},
		{name: "200 with data for Data", fault: Fault{Body: `{"Success":true,"data":[{"ImageId":"i"}]}`}, want: garbled("data", `{"Succ`)},
		{name: "200 with a list", fault: Fault{Body: "[]"}, want: garbled("", "[]")},
		{name: "truncated JSON of the right length", fault: Fault{Break: appstreamingtest.BreakTruncate}, want: garbled("*", `{"PageSize":4`)},
		{
			name:  "truncated JSON in chunks",
			fault: Fault{Chunked: true, Break: appstreamingtest.BreakTruncate, After: 7}, want: garbled("*", `{"PageS`),
		},
		{name: "bytes after the JSON value", fault: Fault{Body: `{"Success":true,"Data":[]} {}`}, want: garbled("", `{"Success"`)},
		{name: "invalid UTF-8 in a name", fault: member("ImageName", "\"\xff\""), want: garbled("Data[0].ImageName", `{"PageSize"`)},
		{name: "Data is an object", fault: topLevel("Data", `{}`), want: garbled("Data", `{"PageSize"`)},
		{name: "Data is text", fault: topLevel("Data", `"[]"`), want: garbled("Data", `{"PageSize"`)},
		{name: "an image that is none", fault: topLevel("Data", `[{},5]`), want: garbled("Data[1]", `{"PageSize"`)},

		{name: "gzip", fault: Fault{Gzip: true}},
		{name: "gzip in chunks", fault: Fault{Gzip: true, Chunked: true}},
		{name: "gzip cut short", fault: Fault{Gzip: true, Break: appstreamingtest.BreakShort}, want: broken(io.ErrUnexpectedEOF)},
		{
			name:  "gzip cut short of the right length",
			fault: Fault{Gzip: true, Break: appstreamingtest.BreakTruncate}, want: broken(io.ErrUnexpectedEOF),
		},
		{
			name:  "gzip cut in its header",
			fault: Fault{Gzip: true, Break: appstreamingtest.BreakTruncate, After: 5}, want: broken(io.ErrUnexpectedEOF),
		},
		{
			name:  "gzip of no bytes at all",
			fault: Fault{Gzip: true, Break: appstreamingtest.BreakTruncate, After: -1}, want: broken(io.ErrUnexpectedEOF),
		},
		{name: "gzip that is none", fault: Fault{Body: `{"Success":true}`, Header: packed}, want: broken(nil)},

		{name: "a body over the limit", fault: Fault{Padding: 1 << 20}, opts: limited(), want: tooLarge()},
		{name: "a chunked body over the limit", fault: Fault{Padding: 1 << 20, Chunked: true}, opts: limited(), want: tooLarge()},
		{name: "a gzip bomb", fault: Fault{Padding: 8 << 20, Gzip: true}, opts: limited(), want: tooLarge()},
		{name: "a body padded within the limit", fault: Fault{Padding: 100 << 10}, opts: limited()},
	}
	runMatrix(t, rows)
}

// member is the first image with a member replaced, or without it where the
// value is empty; topLevel is the same at the top of the answer.
func member(name, value string) Fault {
	return Fault{ImageMembers: replaced(name, value)}
}

func topLevel(name, value string) Fault {
	return Fault{Members: replaced(name, value)}
}

func replaced(name, value string) map[string]json.RawMessage {
	if value == "" {
		return map[string]json.RawMessage{name: nil}
	}
	return map[string]json.RawMessage{name: json.RawMessage(value)}
}

// limited leaves room for a page and some padding.
func limited() []appstreaming.Option {
	return []appstreaming.Option{appstreaming.WithMaxResponseBytes(200 << 10)}
}

func tooLarge() verdict {
	return verdict{err: func(t *testing.T, err error, request appstreamingtest.Request) {
		t.Helper()
		if !errors.Is(err, appstreaming.ErrResponseTooLarge) {
			t.Fatalf("got %v, want ErrResponseTooLarge", err)
		}
		if text := err.Error(); !strings.Contains(text, "204800 bytes") || !strings.Contains(text, request.RequestID) {
			t.Errorf("%q does not name limit and request id", text)
		}
	}}
}

// garbled expects a *DecodeError at a path, "*" for any.
func garbled(path, body string) verdict {
	return verdict{err: func(t *testing.T, err error, request appstreamingtest.Request) {
		t.Helper()
		var got *appstreaming.DecodeError
		if !errors.As(err, &got) {
			t.Fatalf("got %T %v, want a *DecodeError", err, err)
		}
		at := path
		if at == "*" {
			at = got.Path
		}
		type fields struct {
			Operation, Path, RequestID string
			StatusCode, Attempts       int
		}
		want := fields{"ListImage", at, request.RequestID, request.Status, 1}
		if diff := cmp.Diff(want, fields{got.Operation, got.Path, got.RequestID, got.StatusCode, got.Attempts}); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if got.Reason == "" || got.Offset < 0 || !strings.HasPrefix(string(got.Body), body) || !strings.Contains(err.Error(), request.RequestID) {
			t.Errorf("%v with body %.80q, want a reason, an offset, the request id and a body that begins %q", err, got.Body, body)
		}
	}}
}

// Answers with members of other types than documented. Nothing of them is lost.
func TestFaultMatrixOfIllTypedMembers(t *testing.T) {
	t.Parallel()
	var rows []faultRow
	top := func(name, value string, check func(*appstreaming.ListImageResponse) any, want any) {
		rows = append(rows, faultRow{name: name + " is " + orAbsent(value), fault: topLevel(name, value), want: verdict{
			empty: name == "Data",
			page: func(t *testing.T, page *appstreaming.ListImageResponse) {
				t.Helper()
				if diff := cmp.Diff(want, check(page)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			},
		}})
	}
	inImage := func(name, value string, check func(appstreaming.Image) any, want any, extra bool) {
		rows = append(rows, faultRow{name: name + " is " + orAbsent(value), fault: member(name, value), want: verdict{
			image: func(t *testing.T, image appstreaming.Image) {
				t.Helper()
				if diff := cmp.Diff(want, check(image)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				wantExtra := map[string]json.RawMessage(nil)
				if extra {
					wantExtra = map[string]json.RawMessage{name: json.RawMessage(value)}
				}
				if diff := cmp.Diff(wantExtra, image.Extra); diff != "" {
					t.Errorf("Extra (-want +got):\n%s", diff)
				}
			},
		}})
	}

	top("Code", `200`, func(p *appstreaming.ListImageResponse) any { return p.Code }, "200")
	top("Success", `"true"`, func(p *appstreaming.ListImageResponse) any { return len(p.Images) }, matrixPageSize)
	top("Success", `1`, func(p *appstreaming.ListImageResponse) any { return len(p.Images) }, matrixPageSize)
	top("Success", ``, func(p *appstreaming.ListImageResponse) any { return len(p.Images) }, matrixPageSize)
	top("Count", `"10"`, func(p *appstreaming.ListImageResponse) any { return p.Count }, 10)
	top("Data", `null`, func(p *appstreaming.ListImageResponse) any { return len(p.Images) }, 0)
	top("Data", ``, func(p *appstreaming.ListImageResponse) any { return len(p.Images) }, 0)
	top("NextToken", `{"a": [1]}`, func(p *appstreaming.ListImageResponse) any { return string(p.Extra["NextToken"]) }, `{"a": [1]}`)
	top("success", `false`, func(p *appstreaming.ListImageResponse) any { return string(p.Extra["success"]) }, `false`)
	top("DATA", `[]`, func(p *appstreaming.ListImageResponse) any { return string(p.Extra["DATA"]) }, `[]`)
	top("Message", `null`, func(p *appstreaming.ListImageResponse) any { return p.Message }, "")
	top("PageSize", `{}`, func(p *appstreaming.ListImageResponse) any { return string(p.Extra["PageSize"]) }, `{}`)

	platform := func(i appstreaming.Image) any { return i.Platform }
	inImage("Platform", `"Windows"`, platform, "Windows", false)
	inImage("Platform", `2`, platform, "2", false)
	inImage("Platform", `2.5`, platform, "2.5", false)
	imageName := func(i appstreaming.Image) any { return i.ImageName }
	inImage("ImageName", `5`, imageName, "5", false)
	inImage("ImageName", `null`, imageName, "", false)
	inImage("ImageName", `{}`, imageName, "", true)
	inImage("ImageName", ``, imageName, "", false)
	inImage("AliUid", `9007199254740993`, func(i appstreaming.Image) any { return i.AliUID }, int64(1<<53+1), false)
	inImage("AliUid", `"1.5"`, func(i appstreaming.Image) any { return i.AliUID }, int64(0), true)
	inImage("SystemDiskSize", `"80"`, func(i appstreaming.Image) any { return i.SystemDiskSize }, 80, false)
	inImage("OnlineVersion", `"TRUE"`, func(i appstreaming.Image) any { return i.OnlineVersion }, true, false)
	inImage("OnlineVersion", `2`, func(i appstreaming.Image) any { return i.OnlineVersion }, false, true)
	inImage("FeatureList", `null`, func(i appstreaming.Image) any { return len(i.Features) }, 0, false)
	inImage("FeatureList", `["GPU", {"a":1}]`, func(i appstreaming.Image) any { return i.Features }, []appstreaming.Feature{"GPU", ""}, true)
	inImage("TagList", `{"env":"test"}`, func(i appstreaming.Image) any { return len(i.Tags) }, 0, true)
	inImage("imagename", `"wrong case"`, imageName, matrixImages()[matrixPageSize].ImageName, true)
	inImage("Invented", `[null, 1e400]`, func(appstreaming.Image) any { return nil }, nil, true)
	runMatrix(t, rows)
}

func orAbsent(value string) string {
	if value == "" {
		return "absent"
	}
	return value
}

// If Count is higher than the images on the pages, a listing requests pages until
// one is empty.
func TestFaultMatrixOfAnEnormousCount(t *testing.T) {
	t.Parallel()
	enormous := int64(3_000_000_000)
	if int64(int(enormous)) != enormous {
		t.Skip("an int of 32 bits cannot hold it; it is kept in Extra there")
	}
	eachWay(t, func(t *testing.T, w way, signature appstreaming.Signature) {
		service := appstreamingtest.NewServer(t, matrixImages()...)
		service.SetListing(appstreamingtest.Listing{Count: appstreaming.Ptr(int(enormous))})
		client := service.Client(quickly(), appstreaming.WithSignature(signature), appstreaming.WithPrefetch(w.prefetch))
		got := w.start(client)(t.Context())
		checkImages(t, w.wantImages(false), got)
		if got.page2 != nil && int64(got.page2.Count) != enormous {
			t.Errorf("Count %d, want 3000000000", got.page2.Count)
		}
		// Page 4 is empty and ends the listing. With prefetch, more are in flight.
		if requests := service.RequestCount(); requests > 4+4 {
			t.Errorf("%d requests, want at most 8", requests)
		}
	})
}
