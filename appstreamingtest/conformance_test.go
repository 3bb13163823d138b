package appstreamingtest_test

import (
	"bufio"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// outcome is the answer to a captured request: nearly all are accepted.
func outcome(c *capture) (status int, code string) {
	switch c.Case {
	case "int-negative":
		return 400, "InvalidParameter.PageNumber"
	case "int-max":
		return 400, "InvalidParameter.PageSize"
	}
	return 200, "200"
}

func serverFor(t *testing.T, captured []*capture) *appstreamingtest.Server {
	s := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(3)...)
	s.SetClock(captureTime)
	for _, c := range captured {
		s.AddCredentials(c.credentials())
	}
	return s
}

func TestEveryCapturedRequestIsAcceptedByteForByte(t *testing.T) {
	t.Parallel()
	for _, file := range captureFiles {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			captured := captures(t, file)
			if len(captured) < 80 {
				t.Fatalf("%d captures, want 80 and more", len(captured))
			}
			s := serverFor(t, captured)
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			for _, c := range captured {
				resp := exchangeOn(t, conn, in, c.raw())
				status, code := outcome(c)
				if resp.status != status || resp.code(t) != code {
					t.Errorf("%s: HTTP %d %.300s, want %d %s", c.name(), resp.status, resp.body, status, code)
				}
			}
			for _, c := range captured { // the nonces are used up
				if resp := exchangeOn(t, conn, in, c.raw()); resp.code(t) != "SignatureNonceUsed" {
					t.Errorf("%s again: HTTP %d %.300s, want SignatureNonceUsed", c.name(), resp.status, resp.body)
				}
			}
			if accepted, _ := s.Connections(); accepted != 1 {
				t.Errorf("%d connections, want 1", accepted)
			}
		})
	}
}

// tamper changes one byte of text at an index to another one of its kind, hex
// digits to hex digits.
func tamper(text string, at int) string {
	b := []byte(text)
	switch b[at] {
	case '1', 'a', 'A':
		b[at]++
	default:
		b[at] = '1'
	}
	return string(b)
}

// tamperings are changes of one byte each that no signed request survives.
func tamperings(c *capture) map[string]*capture {
	changed := make(map[string]*capture)
	if authorization := c.header("Authorization"); authorization != nil {
		m := c.clone()
		value := m.header("Authorization")
		*value = tamper(*value, len(*value)-1)
		changed["signature"] = m
	}
	if before, after, found := strings.Cut(c.Request.Target, "&Signature="); found {
		m := c.clone()
		m.Request.Target = before + "&Signature=" + tamper(after, 0)
		changed["signature"] = m
	}
	bearerRPC := c.Credentials.Type == "bearer" && strings.Contains(c.Request.Target, "BearerToken")
	if c.Request.Body != "" && !bearerRPC { // nothing protects the body there
		m := c.clone()
		m.Request.Body = tamper(m.Request.Body, len(m.Request.Body)-1)
		changed["body"] = m
	}
	if c.Credentials.Type != "bearer" { // a token protects itself only
		for _, name := range []string{"Distro", "TagList.1.Value", "TagList.1.Key", "FeatureList.1", "PageSize", "ImageName"} {
			before, after, found := strings.Cut(c.Request.Target, name+"=")
			if found && after != "" && after[0] != '&' {
				at := 0
				if after[0] == '%' {
					at = 2
				}
				m := c.clone()
				m.Request.Target = before + name + "=" + tamper(after, at)
				changed["query "+name] = m
			}
		}
	}
	for _, name := range []string{"x-acs-date", "x-acs-signature-nonce", "x-acs-security-token", "x-acs-credentials-provider", "Host"} {
		if c.header(name) == nil || c.header("Authorization") == nil {
			continue
		}
		m := c.clone()
		value := m.header(name)
		*value = tamper(*value, len(*value)-2)
		changed["header "+name] = m
	}
	if token := c.header("x-acs-bearer-token"); token != nil {
		m := c.clone()
		value := m.header("x-acs-bearer-token")
		*value = tamper(*value, 0)
		changed["bearer token"] = m
	}
	if before, after, found := strings.Cut(c.Request.Target, "BearerToken="); found {
		m := c.clone()
		m.Request.Target = before + "BearerToken=" + tamper(after, 0)
		changed["bearer token"] = m
	}
	return changed
}

func TestNoCapturedRequestSurvivesAChangedByte(t *testing.T) {
	t.Parallel()
	for _, file := range captureFiles {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			captured := captures(t, file)
			s := serverFor(t, captured)
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			kinds := make(map[string]int)
			for _, c := range captured {
				for kind, m := range tamperings(c) {
					kinds[kind]++
					want := "SignatureDoesNotMatch"
					if kind == "bearer token" {
						want = "InvalidSecurityToken.Malformed"
					}
					resp := exchangeOn(t, conn, in, m.raw())
					if resp.status != 400 || resp.code(t) != want {
						t.Errorf("%s, %s changed: HTTP %d %.300s, want %s", c.name(), kind, resp.status, resp.body, want)
					}
				}
			}
			for kind, at := range map[string]int{"signature": 78, "query Distro": 14} {
				if kinds[kind] < at {
					t.Errorf("%d requests with %s changed, want %d and more", kinds[kind], kind, at)
				}
			}
			for _, r := range s.Requests() {
				if r.Status != 400 {
					t.Errorf("recorded %v", r)
				}
			}
		})
	}
}

func TestCapturedParametersAreRecordedAsSent(t *testing.T) {
	t.Parallel()
	for _, file := range captureFiles {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			captured := captures(t, file)
			s := serverFor(t, captured)
			for _, c := range captured {
				s.ForgetRequests()
				exchangeRaw(t, s, c.raw())
				requests := s.Requests()
				if len(requests) != 1 {
					t.Fatalf("%s: %d requests recorded", c.name(), len(requests))
				}
				got := requests[0]
				if diff := cmp.Diff(sentParams(t, c), got.Params); diff != "" {
					t.Errorf("%s: parameters (-sent +recorded):\n%s", c.name(), diff)
				}
				wantScheme := map[string]string{
					"ACS3-HMAC-SHA256": appstreamingtest.SchemeACS3,
					"RPC-V1-HMAC-SHA1": appstreamingtest.SchemeRPC,
					"BEARER":           appstreamingtest.SchemeBearer,
				}[c.Scheme]
				if c.Credentials.Type == "bearer" {
					wantScheme = appstreamingtest.SchemeBearer
				}
				if got.Scheme != wantScheme || got.AccessKeyID != c.Credentials.AccessKeyID || got.Method != c.Request.Method ||
					got.Attempt != 1 || got.Nonce == "" {
					t.Errorf("%s: recorded %+v", c.name(), got)
				}
			}
		})
	}
}

// sentParams reads the operation's parameters off a captured request.
func sentParams(t *testing.T, c *capture) map[string]string {
	t.Helper()
	_, query, _ := strings.Cut(c.Request.Target, "?")
	sent := make(map[string]string)
	for _, text := range []string{query, c.Request.Body} {
		values, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range values {
			sent[name] = value[0]
		}
	}
	for name := range strings.FieldsSeq("AccessKeyId Action BearerToken Format SecurityToken Signature SignatureMethod " +
		"SignatureNonce SignatureType SignatureVersion Timestamp Version") {
		delete(sent, name)
	}
	return sent
}
