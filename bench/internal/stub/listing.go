package stub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
)

// idDigits is how many last characters of an image's identifier are replaced
// by its number in the listing.
const idDigits = 7

// A Listing answers with as many pages as wanted, made of one page's images:
// each image gets an identifier of its own, and each page its number.
type Listing struct {
	pages   int
	size    int    // images a page has
	data    []byte // the page's array of images
	digits  []int  // where in data the changing part of each identifier begins
	buffers sync.Pool
}

// NewListing makes a listing of pages from the body of one.
func NewListing(body []byte, pages int) (*Listing, error) {
	var page struct{ Data json.RawMessage }
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	var images []struct {
		ImageID string `json:"ImageId"`
	}
	if err := json.Unmarshal(page.Data, &images); err != nil {
		return nil, fmt.Errorf("read page's images: %w", err)
	}
	l := &Listing{pages: pages, size: len(images), data: page.Data}
	at := 0
	for _, image := range images {
		member := `"ImageId":"` + image.ImageID + `"`
		begin := bytes.Index(l.data[at:], []byte(member))
		if begin < 0 || len(image.ImageID) < idDigits {
			return nil, fmt.Errorf("image identifier %q is not at the expected place", image.ImageID)
		}
		at += begin + len(member)
		l.digits = append(l.digits, at-1-idDigits)
	}
	l.buffers.New = func() any { return new([]byte) }
	return l, nil
}

// ServeHTTP answers with the page of the form's PageNumber. Pages are of one
// size: a request for another one is an error.
func (l *Listing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PostFormValue("PageNumber"))
	if err != nil || number < 1 || r.PostFormValue("PageSize") != strconv.Itoa(l.size) {
		http.Error(w, fmt.Sprintf("need PageNumber and a PageSize of %d", l.size), http.StatusBadRequest)
		return
	}
	buffer := l.buffers.Get().(*[]byte)
	defer l.buffers.Put(buffer)
	*buffer = l.appendPage((*buffer)[:0], number)
	answer(w, *buffer)
}

func (l *Listing) appendPage(dst []byte, number int) []byte {
	dst = fmt.Appendf(dst, `{"Code":"200","Count":%d,"Data":`, l.pages*l.size)
	if number > l.pages {
		dst = append(dst, "[]"...)
	} else {
		start := len(dst)
		dst = append(dst, l.data...)
		for i, at := range l.digits {
			image := strconv.Itoa((number-1)*l.size + i)
			field := dst[start+at : start+at+idDigits]
			for j := range field {
				field[j] = '0'
			}
			copy(field[idDigits-len(image):], image)
		}
	}
	return fmt.Appendf(dst, `,"Message":"success","PageNumber":%d,"PageSize":%d,`+
		`"RequestId":"8737D130-BFD0-5D51-96F6-C08EB1139A25","Success":true}`, number, l.size)
}
