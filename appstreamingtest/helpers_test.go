package appstreamingtest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// capture is a request captured from one of the vendor's clients.
type capture struct {
	Case        string `json:"case"`
	Scheme      string `json:"scheme"`
	Client      string `json:"client"`
	Credentials struct {
		Type            string `json:"type"`
		AccessKeyID     string `json:"access_key_id"`
		AccessKeySecret string `json:"access_key_secret"`
		SecurityToken   string `json:"security_token"`
		BearerToken     string `json:"bearer_token"`
	} `json:"credentials"`
	Params  map[string]json.RawMessage `json:"params"`
	Request struct {
		Method  string      `json:"method"`
		Target  string      `json:"target"`
		Headers [][2]string `json:"headers"`
		Body    string      `json:"body"`
	} `json:"request"`
}

func (c *capture) name() string { return c.Case + "/" + c.Credentials.Type }

func (c *capture) credentials() appstreaming.Credentials {
	return appstreaming.Credentials{
		AccessKeyID: c.Credentials.AccessKeyID, AccessKeySecret: c.Credentials.AccessKeySecret,
		SecurityToken: c.Credentials.SecurityToken, BearerToken: c.Credentials.BearerToken,
	}
}

// header finds a header's place.
func (c *capture) header(name string) *string {
	for i := range c.Request.Headers {
		if strings.EqualFold(c.Request.Headers[i][0], name) {
			return &c.Request.Headers[i][1]
		}
	}
	return nil
}

// clone makes a copy that can be changed.
func (c *capture) clone() *capture {
	copied := *c
	copied.Request.Headers = append([][2]string(nil), c.Request.Headers...)
	return &copied
}

// raw is the request byte for byte.
func (c *capture) raw() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", c.Request.Method, c.Request.Target)
	for _, h := range c.Request.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n" + c.Request.Body)
	return b.Bytes()
}

// captures reads one file of captured requests.
func captures(t *testing.T, file string) []*capture {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "conformance", file))
	if err != nil {
		t.Fatal(err)
	}
	var all []*capture
	for dec := json.NewDecoder(bytes.NewReader(data)); dec.More(); {
		c := new(capture)
		if err := dec.Decode(c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

var captureFiles = []string{"official-go-sdk-acs3.jsonl", "official-go-sdk-rpc.jsonl", "official-node-pop-core-rpc-get.jsonl"}

// captureTime lies in the time window of all captured requests.
func captureTime() time.Time { return time.Date(2026, 11, 23, 20, 49, 30, 0, time.UTC) }

// response is an HTTP response, read to its end.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (r *response) json(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(r.body, &object); err != nil {
		t.Fatalf("body %.200q: %v", r.body, err)
	}
	return object
}

func (r *response) code(t *testing.T) string {
	t.Helper()
	if bytes.HasPrefix(r.body, []byte("<")) {
		_, rest, _ := strings.Cut(string(r.body), "<Code>")
		code, _, _ := strings.Cut(rest, "</Code>")
		return code
	}
	code, _ := r.json(t)["Code"].(string)
	return code
}

// exchangeRaw sends bytes over a connection of its own.
func exchangeRaw(t *testing.T, s *appstreamingtest.Server, raw []byte) *response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return exchangeOn(t, conn, bufio.NewReader(conn), raw)
}

func exchangeOn(t *testing.T, conn net.Conn, in *bufio.Reader, raw []byte) *response {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(raw); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &response{resp.StatusCode, resp.Header, body}
}

func itoa(n int) string { return strconv.Itoa(n) }
