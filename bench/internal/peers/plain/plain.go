// Package plain holds the clients one writes without an SDK: net/http with
// encoding/json, and net/http alone.
package plain

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/wuying-go/appstreaming/bench/internal/peers"
)

// New returns a client of net/http and encoding/json: it builds and signs the
// request plainly, reads the body with io.ReadAll, and decodes it into
// [Response].
func New(endpoint string) peers.Peer {
	client := &http.Client{Transport: newTransport()}
	return peers.Peer{
		Name: "net/http + encoding/json",
		List: func(ctx context.Context) (peers.Page, error) {
			req, err := newRequest(ctx, endpoint, peers.Typical())
			if err != nil {
				return peers.Page{}, err
			}
			body, err := roundTrip(client, req)
			if err != nil {
				return peers.Page{}, err
			}
			return Decode(body)
		},
	}
}

// Decode reads a body with encoding/json into [Response].
func Decode(body []byte) (peers.Page, error) {
	var response Response
	if err := json.Unmarshal(body, &response); err != nil {
		return peers.Page{}, fmt.Errorf("decode page: %w", err)
	}
	page := peers.Page{Images: len(response.Data)}
	if page.Images > 0 {
		page.LastID = response.Data[page.Images-1].ImageID
	}
	return page, nil
}

// newTransport has a connection pool of its own, so that no client inherits
// connections of another.
func newTransport() http.RoundTripper {
	return &http.Transport{Proxy: http.ProxyFromEnvironment}
}

// newRequest builds and signs a request.
func newRequest(ctx context.Context, endpoint string, q peers.Query) (*http.Request, error) {
	query, form := url.Values{}, url.Values{}
	query.Set("Distro", q.Distro)
	query.Set("TagList.1.Key", q.TagKey)
	query.Set("TagList.1.Value", q.TagValue)
	form.Set("Status", q.Status)
	form.Set("ImageType", q.ImageType)
	form.Set("OsType", q.OSType)
	form.Set("ProductType", q.ProductType)
	form.Set("LanguageType", q.Language)
	for i, feature := range q.Features {
		form.Set("FeatureList."+strconv.Itoa(i+1), feature)
	}
	for i, region := range q.Regions {
		form.Set("BizRegionIdList."+strconv.Itoa(i+1), region)
	}
	form.Set("PageNumber", strconv.Itoa(q.PageNumber))
	form.Set("PageSize", strconv.Itoa(q.PageSize))

	body := encode(form)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/?"+encode(query), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	stamp(req, body)
	return req, nil
}

func roundTrip(client *http.Client, req *http.Request) ([]byte, error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", resp.Status)
	}
	return body, nil
}
