package stub

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const pageFile = "../../../testdata/conformance/pages/page-10.json"

func TestMain(m *testing.M) {
	ChildMain()
	os.Exit(m.Run())
}

func TestChildAnswersWithTheFileUntilItIsClosed(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []Config{{Body: pageFile}, {Body: pageFile, Gzip: true}} {
		child, err := Start(config)
		if err != nil {
			t.Fatal(err)
		}
		resp, body := post(t, child.URL, nil)
		if diff := cmp.Diff(string(want), body); diff != "" {
			t.Error(diff)
		}
		if resp.Uncompressed != config.Gzip {
			t.Errorf("gzip = %v, want %v", resp.Uncompressed, config.Gzip)
		}
		if !config.Gzip && resp.ContentLength != int64(len(want)) {
			t.Errorf("Content-Length = %d, want %d", resp.ContentLength, len(want))
		}
		if err := child.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if _, err := http.Get(child.URL); err == nil {
			t.Error("the service answers after it was closed")
		}
	}
}

func TestChildThatCannotStartIsAnError(t *testing.T) {
	t.Parallel()
	if child, err := Start(Config{Body: "no-such-file.json"}); err == nil {
		child.Close()
		t.Error("no error")
	}
}

func TestEmptyPageIsServedWithoutABody(t *testing.T) {
	t.Parallel()
	handler, err := Config{}.handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	if _, body := post(t, server.URL, nil); !json.Valid([]byte(body)) || body != EmptyPage {
		t.Errorf("body = %s, want %s", body, EmptyPage)
	}
}

func TestListingNumbersItsPagesAndImages(t *testing.T) {
	t.Parallel()
	handler, err := Config{Body: pageFile, Pages: 3}.handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	type listed struct {
		Count, PageNumber, PageSize int
		Data                        []struct {
			ImageID string `json:"ImageId"`
		}
	}
	seen := map[string]bool{}
	for number := 1; number <= 3; number++ {
		_, body := post(t, server.URL, url.Values{"PageNumber": {string(rune('0' + number))}, "PageSize": {"10"}})
		var page listed
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		if page.Count != 30 || page.PageNumber != number || page.PageSize != 10 || len(page.Data) != 10 {
			t.Errorf("page %d: Count, PageNumber, PageSize, images = %d, %d, %d, %d",
				number, page.Count, page.PageNumber, page.PageSize, len(page.Data))
		}
		for _, image := range page.Data {
			seen[image.ImageID] = true
		}
	}
	if len(seen) != 30 {
		t.Errorf("%d different images, want 30", len(seen))
	}

	_, body := post(t, server.URL, url.Values{"PageNumber": {"4"}, "PageSize": {"10"}})
	var beyond listed
	if err := json.Unmarshal([]byte(body), &beyond); err != nil || len(beyond.Data) != 0 {
		t.Errorf("page beyond the end: %d images, %v", len(beyond.Data), err)
	}
}

func TestListingRefusesAnotherPageSize(t *testing.T) {
	t.Parallel()
	handler, err := Config{Body: pageFile, Pages: 3}.handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, form := range []url.Values{nil, {"PageNumber": {"1"}, "PageSize": {"7"}}, {"PageNumber": {"0"}, "PageSize": {"10"}}} {
		if resp, _ := post(t, server.URL, form); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%v: status %d, want 400", form, resp.StatusCode)
		}
	}
}

func TestLatencyDelaysTheAnswer(t *testing.T) {
	t.Parallel()
	const latency = 20 * time.Millisecond
	handler := delayed(http.NotFoundHandler(), latency)
	start := time.Now()
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
	if took := time.Since(start); took < latency {
		t.Errorf("answered after %v, want at least %v", took, latency)
	}
}

func post(t *testing.T, target string, form url.Values) (*http.Response, string) {
	t.Helper()
	resp, err := http.Post(target, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}
