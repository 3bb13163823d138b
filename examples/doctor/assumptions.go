package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming"
)

// assumption is one thing the library takes for granted although no document
// says so. docs/assumptions.md explains each under its identifier.
type assumption struct {
	id    string
	claim string
	check func(*evidence) (verdict, string)
}

// judge holds every assumption against the evidence.
func judge(e *evidence) []finding {
	findings := make([]finding, len(assumptions))
	for i, a := range assumptions {
		v, seen := a.check(e)
		findings[i] = finding{ID: a.id, Checked: a.claim, Verdict: v, Seen: seen}
		if v == fails {
			findings[i].Do = "see docs/assumptions.md#" + a.id + ", and open an issue with this report"
		}
	}
	return findings
}

// assumptions in the order of docs/assumptions.md.
var assumptions = []assumption{
	{"default-page-number", "without PageNumber the service sends page 1", func(e *evidence) (verdict, string) {
		return given(e.plain, func(p *appstreaming.ListImageResponse) (verdict, string) {
			return holdsIf(p.PageNumber == 1, "PageNumber %d", p.PageNumber)
		})
	}},
	{"default-page-size", "without PageSize a page holds 10 images", func(e *evidence) (verdict, string) {
		return given(e.plain, func(p *appstreaming.ListImageResponse) (verdict, string) {
			return holdsIf(p.PageSize == 10 && len(p.Images) == min(10, p.Count), "PageSize %d, %d images of %d", p.PageSize, len(p.Images), p.Count)
		})
	}},
	{"page-size-limit", "a page never holds more than 100 images", checkOversize},
	{"page-size-echo", "the response repeats the PageSize that was asked for", func(e *evidence) (verdict, string) {
		return given(e.small, func(p *appstreaming.ListImageResponse) (verdict, string) {
			return holdsIf(p.PageSize == 3 && len(p.Images) == min(3, p.Count), "asked for 3: PageSize %d, %d images", p.PageSize, len(p.Images))
		})
	}},
	{"page-number-echo", "the response repeats the PageNumber that was asked for", func(e *evidence) (verdict, string) {
		return given(e.pastEnd, func(p *appstreaming.ListImageResponse) (verdict, string) {
			return holdsIf(p.PageNumber == e.beyond, "asked for %d: PageNumber %d", e.beyond, p.PageNumber)
		})
	}},
	{"past-the-end", "a page past the end is a success without images", func(e *evidence) (verdict, string) {
		if e.rejects(e.pastEnd) {
			return fails, "refused: " + brief(e.pastEnd.err)
		}
		return given(e.pastEnd, func(p *appstreaming.ListImageResponse) (verdict, string) {
			return holdsIf(len(p.Images) == 0, "%d images", len(p.Images))
		})
	}},
	{"count-all", "Count is the number of images over all pages", func(e *evidence) (verdict, string) { return checkCount(e.first) }},
	{"count-filtered", "Count is the number of images that match, not of all", checkFiltered},
	{"order-stable", "two listings have the same order", checkOrder},
	{"ids-unique", "no version of an image is listed twice", checkUnique},
	{"one-row-per-image", "an image is listed once, not once per version", checkRows},
	{"latest-version", "every image names its latest version", func(e *evidence) (verdict, string) {
		return each(e, "without LatestVersionId", func(i appstreaming.Image) bool { return i.LatestVersionID != "" })
	}},
	{"image-id-exact", "ImageId matches the whole identifier", checkImageID},
	{"image-name-part", "ImageName matches a part of the name", func(e *evidence) (verdict, string) {
		return given(e.byName, func(p *appstreaming.ListImageResponse) (verdict, string) {
			return holdsIf(p.Count > 0, "asked for the middle of %s: %d images", e.names.replace("name", e.sample.ImageName), p.Count)
		})
	}},
	{"biz-type-default", "without BizType the listing holds at least the images of BizType 1", func(e *evidence) (verdict, string) {
		return given(e.byType, func(p *appstreaming.ListImageResponse) (verdict, string) {
			return given(e.plain, func(all *appstreaming.ListImageResponse) (verdict, string) {
				return holdsIf(all.Count >= p.Count, "Count %d without, %d with BizType 1", all.Count, p.Count)
			})
		})
	}},
	{"empty-result", "a listing without matches is a success with Count 0", func(e *evidence) (verdict, string) {
		if e.rejects(e.nothing) {
			return fails, "refused: " + brief(e.nothing.err)
		}
		return given(e.nothing, func(p *appstreaming.ListImageResponse) (verdict, string) {
			data := string(e.nothing.members()["Data"])
			return holdsIf(p.Count == 0 && len(p.Images) == 0, "Count %d, %d images, Data is %s", p.Count, len(p.Images), shape(data))
		})
	}},
	{"query-tags", "TagList is read from the query under ACS3", func(e *evidence) (verdict, string) { return checkQuery(e, e.byTag) }},
	{"query-distro", "Distro is read from the query under ACS3", func(e *evidence) (verdict, string) { return checkQuery(e, e.byDistro) }},
	{"both-signatures", "both signatures list the same images", func(e *evidence) (verdict, string) {
		return given(e.rpc, func(p *appstreaming.ListImageResponse) (verdict, string) {
			return given(e.plain, func(q *appstreaming.ListImageResponse) (verdict, string) {
				return holdsIf(p.Count == q.Count && slices.Equal(identities(p.Images), identities(q.Images)), "Count %d and %d", q.Count, p.Count)
			})
		})
	}},
	{"timestamp-layout", "times look like 2006-01-02 15:04:05", func(e *evidence) (verdict, string) {
		return each(e, "with a time of another layout", func(i appstreaming.Image) bool {
			_, err1 := i.Created.In(time.UTC)
			_, err2 := i.Modified.In(time.UTC)
			return (i.Created == "" || err1 == nil) && (i.Modified == "" || err2 == nil)
		})
	}},
	{"timestamp-zone", "times are of UTC or of China (UTC+8)", checkZone},
	{"known-elements", "the response has no element this version does not know", checkElements},
	{"known-values", "enumerations have the documented values only", checkValues},
	{"element-types", "every element has its documented type", checkTypes},
	{"plain-numbers", "numbers are sent as numbers, not as text", checkNumbers},
	{"success-member", "a page says Success true", func(e *evidence) (verdict, string) {
		return checkMember(e, "Success", func(text string) bool { return text == "true" })
	}},
	{"code-member", "a page has the Code \"200\"", func(e *evidence) (verdict, string) {
		return checkMember(e, "Code", func(text string) bool { return text == `"200"` })
	}},
	{"gzip", "the service compresses when asked to", func(e *evidence) (verdict, string) {
		return given(e.first[0], func(p *appstreaming.ListImageResponse) (verdict, string) {
			encoding := p.Header.Get("Content-Encoding")
			return holdsIf(encoding == "gzip", "Content-Encoding %q", encoding)
		})
	}},
	{"keep-alive", "a connection survives a pause of 8 seconds", func(e *evidence) (verdict, string) {
		return given(e.idle, func(*appstreaming.ListImageResponse) (verdict, string) {
			seen := "the connection was closed"
			if e.idle.exchange.reused {
				seen = "the connection was used again"
			}
			return holdsIf(e.idle.exchange.reused, "%s after %v", seen, e.pause)
		})
	}},
	{"no-hint-unasked", "a success carries no delay to wait for", checkHints},
	{"request-id", "header and body name the same request identifier", func(e *evidence) (verdict, string) {
		return given(e.plain, func(p *appstreaming.ListImageResponse) (verdict, string) {
			header := p.Header.Get("X-Acs-Request-Id")
			var body string
			_ = json.Unmarshal(e.plain.members()["RequestId"], &body) // empty when it is not text
			return holdsIf(header != "" && header == body, "header %s, body %s", present(header), present(body))
		})
	}},
	{"date-header", "every response has a Date, by which clocks are corrected", func(e *evidence) (verdict, string) {
		return given(e.plain, func(p *appstreaming.ListImageResponse) (verdict, string) {
			_, err := http.ParseTime(p.Header.Get("Date"))
			return holdsIf(err == nil, "Date %q", p.Header.Get("Date"))
		})
	}},
	{"bad-parameter", "a parameter that is not valid is refused with HTTP 400 and a code", func(e *evidence) (verdict, string) {
		return checkRefusal(e, e.refused, func(err *appstreaming.APIError) bool {
			return err.StatusCode == http.StatusBadRequest && err.Code != ""
		})
	}},
	{"used-nonce", "a repeated nonce is refused as SignatureNonceUsed", checkNonce},
	{"bad-signature", "a wrong signature is refused with a code of its own", func(e *evidence) (verdict, string) {
		if !e.usedNonce.asked {
			return skipped, "not asked for: -probe-refusals"
		}
		return checkRefusal(e, e.badSecret, func(err *appstreaming.APIError) bool {
			return errors.Is(err, appstreaming.CodeSignatureDoesNotMatch) || errors.Is(err, appstreaming.CodeIncompleteSignature)
		})
	}},
}

// given judges a page, when there is one.
func given(r reply, check func(*appstreaming.ListImageResponse) (verdict, string)) (verdict, string) {
	if !r.ok() {
		return missing(r)
	}
	return check(r.page)
}

func missing(r reply) (verdict, string) {
	if r.err != nil {
		return unchecked, "the request failed: " + brief(r.err)
	}
	return unchecked, "no image to check it on"
}

func holdsIf(ok bool, format string, args ...any) (verdict, string) {
	if ok {
		return holds, fmt.Sprintf(format, args...)
	}
	return fails, fmt.Sprintf(format, args...)
}

// each judges every image of the first pass.
func each(e *evidence, fault string, ok func(appstreaming.Image) bool) (verdict, string) {
	images := listed(e.first)
	if len(images) == 0 {
		return missing(e.first[0])
	}
	bad := 0
	for _, image := range images {
		if !ok(image) {
			bad++
		}
	}
	return holdsIf(bad == 0, "%d of %d images %s", bad, len(images), fault)
}

func checkOversize(e *evidence) (verdict, string) {
	if e.rejects(e.oversize) {
		return holds, "PageSize 101 is refused: " + brief(e.oversize.err)
	}
	return given(e.oversize, func(p *appstreaming.ListImageResponse) (verdict, string) {
		return holdsIf(len(p.Images) <= appstreaming.MaxPageSize, "PageSize 101 is answered with %d images", len(p.Images))
	})
}

func checkCount(pages []reply) (verdict, string) {
	if len(pages) == 0 || !pages[len(pages)-1].ok() {
		if len(pages) == 0 {
			return unchecked, "not listed"
		}
		return missing(pages[len(pages)-1])
	}
	last, images := pages[len(pages)-1].page, len(listed(pages))
	if len(pages) == maxPages && len(last.Images) > 0 && images < last.Count {
		return unchecked, fmt.Sprintf("the first %d of %d images were listed", images, last.Count)
	}
	return holdsIf(last.Count == images, "Count %d, %d listed", last.Count, images)
}

func checkFiltered(e *evidence) (verdict, string) {
	others := 0
	for _, image := range listed(e.available) {
		if image.Status != appstreaming.ImageStatusAvailable {
			others++
		}
	}
	if others > 0 {
		return fails, fmt.Sprintf("asked for AVAILABLE: %d images have another status", others)
	}
	return checkCount(e.available)
}

func identities(images []appstreaming.Image) []string {
	ids := make([]string, len(images))
	for i, image := range images {
		ids[i] = image.ImageID + "\x00" + image.VersionID
	}
	return ids
}

func checkOrder(e *evidence) (verdict, string) {
	a, b := identities(listed(e.first)), identities(listed(e.second))
	if len(a) == 0 || len(b) == 0 {
		return missing(reply{err: cmp.Or(e.first[0].err, e.second[0].err)})
	}
	if len(a) != len(b) {
		return unchecked, fmt.Sprintf("the inventory changed from %d to %d images in between", len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			first := listed(e.first)[i].ImageID
			return fails, fmt.Sprintf("they differ from image %d of %d on, %s", i+1, len(a), e.names.replace("image", first))
		}
	}
	return holds, fmt.Sprintf("%d images twice in the same order", len(a))
}

func checkUnique(e *evidence) (verdict, string) {
	ids := identities(listed(e.first))
	if len(ids) == 0 {
		return missing(e.first[0])
	}
	slices.Sort(ids)
	different := len(slices.Compact(slices.Clone(ids)))
	return holdsIf(different == len(ids), "%d rows, %d different", len(ids), different)
}

func checkRows(e *evidence) (verdict, string) {
	images := listed(e.first)
	if len(images) == 0 {
		return missing(e.first[0])
	}
	seen := map[string]bool{}
	for _, image := range images {
		seen[image.ImageID] = true
	}
	return holdsIf(len(seen) == len(images), "%d rows, %d images", len(images), len(seen))
}

func checkImageID(e *evidence) (verdict, string) {
	return given(e.byID, func(p *appstreaming.ListImageResponse) (verdict, string) {
		others := 0
		for _, image := range p.Images {
			if image.ImageID != e.sample.ImageID {
				others++
			}
		}
		if e.partID != "" && !e.byPartID.ok() && !e.rejects(e.byPartID) {
			return missing(e.byPartID)
		}
		partial := 0
		if e.byPartID.ok() {
			for _, image := range e.byPartID.page.Images {
				if image.ImageID != e.partID { // the part may be another image's identifier
					partial++
				}
			}
		}
		return holdsIf(len(p.Images) > 0 && others == 0 && partial == 0,
			"all of %s: %d rows, %d of other images; a part of it: %d rows",
			e.names.replace("image", e.sample.ImageID), len(p.Images), others, partial)
	})
}

// checkQuery looks at a listing filtered by something no image has. A service
// that does not read the query lists everything.
func checkQuery(e *evidence, filtered reply) (verdict, string) {
	if e.rejects(filtered) {
		return holds, "refused, so it was read: " + brief(filtered.err)
	}
	return given(filtered, func(p *appstreaming.ListImageResponse) (verdict, string) {
		if !e.plain.ok() || e.plain.page.Count == 0 {
			return unchecked, "no image to check it on"
		}
		return holdsIf(p.Count == 0, "a value no image has selects %d of %d images", p.Count, e.plain.page.Count)
	})
}

// china is the zone of the platform's home.
var china = time.FixedZone("UTC+8", 8*60*60)

func checkZone(e *evidence) (verdict, string) {
	var newest time.Time
	for _, image := range listed(e.first) {
		for _, text := range []appstreaming.Timestamp{image.Created, image.Modified} {
			if at, err := text.In(time.UTC); err == nil && at.After(newest) {
				newest = at
			}
		}
	}
	if newest.IsZero() {
		return unchecked, "no time to check it on"
	}
	const slack = 5 * time.Minute // clocks differ
	inChina := time.Date(newest.Year(), newest.Month(), newest.Day(), newest.Hour(), newest.Minute(), newest.Second(), 0, china)
	switch latest := e.now.Add(slack); {
	case !newest.After(latest):
		return holds, "the newest time fits both zones"
	case !inChina.After(latest):
		return holds, "the newest time fits UTC+8 only"
	}
	return fails, "the newest time is in the future in both zones"
}

func checkMember(e *evidence, name string, ok func(string) bool) (verdict, string) {
	return given(e.plain, func(*appstreaming.ListImageResponse) (verdict, string) {
		text, found := e.plain.members()[name]
		if !found {
			return fails, "absent"
		}
		return holdsIf(ok(string(text)), "%s", clip(string(text)))
	})
}

func checkHints(e *evidence) (verdict, string) {
	return given(e.plain, func(p *appstreaming.ListImageResponse) (verdict, string) {
		var seen []string
		hint := false
		for _, name := range []string{"X-Acs-Retry-After", "Retry-After", "X-Ratelimit-User-Api", "X-Ratelimit-User"} {
			if value := p.Header.Get(name); value != "" {
				seen = append(seen, name+": "+clip(value))
				hint = hint || !strings.HasPrefix(name, "X-Ratelimit")
			}
		}
		if len(seen) == 0 {
			seen = append(seen, "no rate header")
		}
		return holdsIf(!hint, "%s", strings.Join(seen, ", "))
	})
}

func checkRefusal(e *evidence, r reply, ok func(*appstreaming.APIError) bool) (verdict, string) {
	if r.ok() {
		return fails, "accepted"
	}
	if !e.rejects(r) {
		return missing(r)
	}
	apiErr := apiError(r.err)
	return holdsIf(ok(apiErr), "%s, members %s", brief(apiErr), memberNames(apiErr.Body))
}

func checkNonce(e *evidence) (verdict, string) {
	switch r := e.usedNonce; {
	case !r.asked:
		return skipped, "not asked for: -probe-refusals"
	case r.err != nil:
		return unchecked, "the request failed: " + brief(r.err)
	default:
		var body struct{ Code appstreaming.Code }
		_ = json.Unmarshal(r.body, &body) // without a code it is another refusal
		return holdsIf(body.Code == appstreaming.CodeSignatureNonceUsed,
			"HTTP %d %s, members %s", r.status, codeText(body.Code), memberNames(r.body))
	}
}
