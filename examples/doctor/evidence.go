package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming"
)

// maxPages bounds one pass over the inventory; larger ones are checked as far
// as that.
const maxPages = 6

// reply is the result of one call.
type reply struct {
	page     *appstreaming.ListImageResponse
	err      error
	exchange exchange // the last of the call
}

// ok reports whether there is a page. A reply that was never asked for has
// none.
func (r reply) ok() bool { return r.page != nil }

// members are the top-level members of the page as received.
func (r reply) members() map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if r.ok() {
		_ = json.Unmarshal(r.page.Raw, &m) // it has been decoded before: it is JSON
	}
	return m
}

// evidence is everything the assumptions are judged by.
type evidence struct {
	now time.Time

	plain     reply   // no parameter at all
	rpc       reply   // the same with the other signature
	first     []reply // one pass with 100 images a page
	second    []reply // another
	small     reply   // PageSize 3
	pastEnd   reply   // a page after the last
	beyond    int     // its number
	oversize  reply   // PageSize 101
	available []reply // Status AVAILABLE
	byID      reply   // the identifier of one image
	byPartID  reply   // a part of it
	partID    string  // that part
	byName    reply   // a part of its name
	nothing   reply   // a name no image has
	byTag     reply   // a tag no image has, sent in the query
	byDistro  reply   // a Distro no image has, sent in the query
	byType    reply   // BizType 1
	refused   reply   // a parameter that is not valid
	idle      reply   // after a pause
	pause     time.Duration
	usedNonce refusal
	badSecret reply

	sample appstreaming.Image // the image that filters are tried on
	names  *names

	inside []member // of the objects inside images; see inner
}

// rejects reports whether the service refused what a request asks. A request that
// came too often, or at a time when the service did not work, shows nothing: the
// service works if it answered the last request of the run.
func (e *evidence) rejects(r reply) bool {
	switch {
	case apiError(r.err) == nil || errors.Is(r.err, appstreaming.ErrThrottled):
		return false
	case isTemporary(r.err):
		return e.idle.ok()
	}
	return true
}

// refusal is the answer to a request that bypassed the client.
type refusal struct {
	asked  bool
	status int
	body   []byte
	err    error
}

// investigator asks the service.
type investigator struct {
	client    *appstreaming.Client
	other     *appstreaming.Client   // the same with the other signature
	signature appstreaming.Signature // of client
	record    *recorder
	names     *names
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
	pause     time.Duration // before the request that checks idle connections
	patience  time.Duration // for each step of the set-up
	retry     appstreaming.RetryPolicy
	probe     bool // also send requests that must be refused
}

func (v *investigator) ask(ctx context.Context, req appstreaming.ListImageRequest, opts ...appstreaming.Option) reply {
	return v.askBy(ctx, v.client, req, opts...)
}

func (v *investigator) askBy(
	ctx context.Context, c *appstreaming.Client, req appstreaming.ListImageRequest, opts ...appstreaming.Option,
) reply {
	page, err := c.ListImage(ctx, req, append(opts, appstreaming.WithRawResponse())...)
	return reply{page, err, v.record.last()}
}

// pass lists the images that req selects, a page after the other, until no more
// can follow. It does not believe Count: after a full page it asks for another
// one. A page that comes again ends the pass and is left out.
func (v *investigator) pass(ctx context.Context, req appstreaming.ListImageRequest) []reply {
	var pages []reply
	rows := 0
	req.PageSize = appstreaming.MaxPageSize
	for req.PageNumber = 1; req.PageNumber <= maxPages; req.PageNumber++ {
		r := v.ask(ctx, req)
		if len(pages) > 0 && r.ok() && len(r.page.Images) > 0 &&
			slices.Equal(identities(r.page.Images), identities(pages[len(pages)-1].page.Images)) {
			break
		}
		pages = append(pages, r)
		if !r.ok() || len(r.page.Images) == 0 {
			break
		}
		rows += len(r.page.Images)
		if rows >= r.page.Count && len(r.page.Images) < req.PageSize {
			break
		}
	}
	return pages
}

// gather makes every request that the assumptions need.
func (v *investigator) gather(ctx context.Context) *evidence {
	e := &evidence{now: v.serviceTime(), pause: v.pause, names: v.names}
	type request = appstreaming.ListImageRequest
	e.plain = v.ask(ctx, request{})
	e.rpc = v.askBy(ctx, v.other, request{})
	e.first = v.pass(ctx, request{})
	e.small = v.ask(ctx, request{PageNumber: 1, PageSize: 3})
	e.second = v.pass(ctx, request{})
	if last := e.first[len(e.first)-1]; last.ok() {
		e.beyond = max(last.page.Count, len(listed(e.first)))/appstreaming.MaxPageSize + 2
		e.pastEnd = v.ask(ctx, request{PageNumber: e.beyond, PageSize: appstreaming.MaxPageSize})
	}
	e.oversize = v.ask(ctx, request{PageNumber: 1}, appstreaming.WithParam("PageSize", "101"))
	e.available = v.pass(ctx, request{Status: appstreaming.ImageStatusAvailable})
	e.sample = sampleOf(listed(e.first))
	if e.sample.ImageID != "" {
		e.byID = v.ask(ctx, request{ImageID: e.sample.ImageID})
		if e.partID = withoutEnd(e.sample.ImageID); e.partID != "" {
			e.byPartID = v.ask(ctx, request{ImageID: e.partID})
		}
	}
	if part := middle(e.sample.ImageName); part != "" {
		e.byName = v.ask(ctx, request{ImageName: part})
	}
	absent := "doctor-" + rand.Text()
	e.nothing = v.ask(ctx, request{ImageName: absent})
	e.byTag = v.ask(ctx, request{Tags: []appstreaming.Tag{{Key: absent, Value: absent}}})
	e.byDistro = v.ask(ctx, request{Distro: absent})
	e.byType = v.ask(ctx, request{BizType: appstreaming.Ptr(int32(1))})
	e.refused = v.ask(ctx, request{}, appstreaming.WithParam("PageNumber", "not-a-number"))
	if v.sleep(ctx, v.pause) == nil {
		e.idle = v.ask(ctx, request{PageSize: 1})
	}
	if v.probe {
		v.gatherRefusals(ctx, e)
	}
	return e
}

// serviceTime is the time now by the service's clock, as far as it is known.
func (v *investigator) serviceTime() time.Time {
	for _, x := range v.record.all() {
		if date, err := http.ParseTime(x.header.Get("Date")); err == nil {
			return v.now().Add(date.Sub(x.at))
		}
	}
	return v.now()
}

// acs3 and rpc are the clients by how they sign.
func (v *investigator) acs3() *appstreaming.Client {
	if v.signature == appstreaming.SignatureACS3 {
		return v.client
	}
	return v.other
}

func (v *investigator) rpc() *appstreaming.Client {
	if v.signature == appstreaming.SignatureRPC {
		return v.client
	}
	return v.other
}

// get sends a signed URL by itself: the client would sign it again.
func (v *investigator) get(ctx context.Context, signed string) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, signed, nil)
	if err != nil {
		return 0, nil, errors.New("the signed URL is not valid")
	}
	resp, err := v.record.RoundTrip(req)
	switch {
	case errors.Is(err, errTooManyRequests):
		return 0, nil, errTooManyRequests
	case err != nil:
		return 0, nil, errors.New("no response") // its text may have the URL
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return resp.StatusCode, body, err
}

// gatherRefusals sends requests that a service must refuse.
func (v *investigator) gatherRefusals(ctx context.Context, e *evidence) {
	e.usedNonce.asked = true
	signed, err := v.client.SignedURL(ctx, appstreaming.ListImageRequest{PageSize: 1})
	if err == nil {
		_, _, err = v.get(ctx, signed)
	}
	if err == nil {
		e.usedNonce.status, e.usedNonce.body, err = v.get(ctx, signed)
	}
	e.usedNonce.err = err

	id := accessKeyOf(signed)
	if id == "" {
		e.badSecret.err = errors.New("the credentials have no access key")
		return
	}
	wrong := appstreaming.StaticCredentials(id, rand.Text(), "")
	e.badSecret = v.ask(ctx, appstreaming.ListImageRequest{PageSize: 1}, appstreaming.WithCredentials(wrong))
}

// listed are the images of a pass.
func listed(pages []reply) []appstreaming.Image {
	var images []appstreaming.Image
	for _, r := range pages {
		if r.ok() {
			images = append(images, r.page.Images...)
		}
	}
	return images
}

// sampleOf picks an image that filters can be tried on: one with a name of some
// length.
func sampleOf(images []appstreaming.Image) appstreaming.Image {
	for _, image := range images {
		if len(image.ImageID) > 3 && middle(image.ImageName) != "" {
			return image
		}
	}
	if len(images) > 0 {
		return images[0]
	}
	return appstreaming.Image{}
}

// middle is a part of a name that is neither its beginning nor its end.
func middle(name string) string {
	runes := []rune(name)
	if len(runes) < 5 {
		return ""
	}
	return strings.TrimSpace(string(runes[1 : len(runes)-1]))
}

// withoutEnd leaves out the last character.
func withoutEnd(id string) string {
	runes := []rune(id)
	return string(runes[:max(0, len(runes)-1)])
}
