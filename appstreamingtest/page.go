package appstreamingtest

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/wuying-go/appstreaming"
)

// marshal encodes as JSON. Like the service, it does not escape <, > and &.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// page appends the response to a valid request.
func (s *Server) page(dst []byte, x *exchange, set *settings) ([]byte, *refusal) {
	stock := s.stock.snapshot()
	sel, refused := x.selection(stock)
	if refused != nil {
		return dst, refused
	}
	var images []*entry
	var total int
	if set.habit != nil {
		images, total = set.habit.page(s, sel)
	} else {
		images, total = set.listing.page(sel, stock)
	}
	encoded := make([][]byte, len(images))
	for i, e := range images {
		var err error
		if encoded[i], err = s.stock.wire.form(e); err != nil {
			return dst, refuse(http.StatusInternalServerError, appstreaming.CodeInternalError,
				"The image %s cannot be encoded: %v.", e.image.ImageID, err)
		}
	}
	return appendPage(dst, x, sel, encoded, total), nil
}

// page returns the images of a page and Count, negative when it is absent. It
// sets the page number and size of sel to those of the response.
func (l *Listing) page(sel *selection, stock []*entry) (images []*entry, total int) {
	if l.MaxPageSize > 0 {
		sel.pageSize = min(sel.pageSize, l.MaxPageSize)
	}
	if l.IgnorePageNumber {
		sel.pageNumber = 1
	}
	echoedSize := sel.pageSize
	if l.SilentPageSize > 0 {
		sel.pageSize = min(sel.pageSize, l.SilentPageSize)
	}
	images, total = sel.matching(stock)
	sel.pageSize = echoedSize
	images = images[:max(0, len(images)-max(0, l.ShortBy))]
	if slices.Contains(l.EmptyPages, sel.pageNumber) {
		images = nil
	}
	return images, l.count(total)
}

// count returns the Count of a response, or a negative number for none.
func (l *Listing) count(honest int) int {
	switch {
	case l.OmitCount:
		return -1
	case l.Count != nil:
		return max(0, *l.Count)
	}
	if l.CountDelta > math.MaxInt-honest {
		return math.MaxInt
	}
	return max(0, honest+l.CountDelta)
}

// appendPage writes the members in the order of the product's documentation.
func appendPage(dst []byte, x *exchange, sel *selection, images [][]byte, count int) []byte {
	size := 200
	for _, image := range images {
		size += len(image) + 1
	}
	dst = slices.Grow(dst, size)
	dst = append(dst, '{')
	if sel.pageSize > 0 {
		dst = append(dst, `"PageSize":`...)
		dst = strconv.AppendInt(dst, int64(sel.pageSize), 10)
		dst = append(dst, ',')
	}
	dst = append(dst, `"PageNumber":`...)
	dst = strconv.AppendInt(dst, int64(sel.pageNumber), 10)
	dst = append(dst, `,"Data":[`...)
	for i, image := range images {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, image...)
	}
	dst = append(dst, ']')
	if count >= 0 {
		dst = append(dst, `,"Count":`...)
		dst = strconv.AppendInt(dst, int64(count), 10)
	}
	dst = append(dst, `,"Success":true,"Code":"200","Message":"success","RequestId":"`...)
	dst = append(dst, x.requestID...)
	return append(dst, `"}`...)
}

// envelope is the body of an error.
type envelope struct {
	RequestID string          `json:"RequestId"`
	HostID    string          `json:"HostId"`
	Code      string          `json:"Code"`
	Message   string          `json:"Message"`
	Recommend string          `json:"Recommend,omitempty"`
	Success   *bool           `json:"Success,omitempty"` // false in a failure with status 200
	Denied    *deniedEnvelope `json:"AccessDeniedDetail,omitempty"`
}

type deniedEnvelope struct {
	AuthAction               string
	AuthPrincipalType        string
	AuthPrincipalOwnerID     string `json:"AuthPrincipalOwnerId"`
	AuthPrincipalDisplayName string
	NoPermissionType         string
	PolicyType               string
	EncodedDiagnosticMessage string
}

// errorBody returns the JSON body of a refusal.
func (x *exchange) errorBody(ref *refusal) []byte {
	body := envelope{
		RequestID: x.requestID,
		HostID:    x.r.Host,
		Code:      string(ref.code),
		Message:   ref.message,
		Recommend: "https://api.aliyun.com/troubleshoot?q=" + escape(string(ref.code)) +
			"&product=appstream-center&requestId=" + x.requestID,
	}
	if ref.status == http.StatusOK {
		body.Success = new(bool)
	}
	if d := ref.denied; d != nil {
		body.Denied = (*deniedEnvelope)(d)
	}
	encoded, err := marshal(body)
	if err != nil { // text and a bool always encode
		return nil
	}
	return encoded
}
