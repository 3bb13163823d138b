package appstreaming

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// once makes one attempt a call.
func once() Option { return WithRetry(RetryPolicy{MaxAttempts: 1}) }

// hurried makes attempts without waiting between them.
func hurried(attempts int) Option {
	return func(c *config) error {
		c.jitter = func(time.Duration) time.Duration { return 0 }
		return errors.Join(WithPacing(false)(c), WithRetry(RetryPolicy{MaxAttempts: attempts})(c))
	}
}

func TestASuccessShowsThatItIsOne(t *testing.T) {
	t.Parallel()
	const images = `"Data":[{"ImageId":"imgc-1"}]`
	pages := map[string]struct {
		body   string
		images int
	}{
		"documented":                    {`{"Success":true,"Code":"200",` + images + `}`, 1},
		"only Success":                  {`{"Success":true}`, 0},
		"Success in words":              {`{"Success":"True","Data":null}`, 0},
		"only Code":                     {`{"Code":"200"}`, 0},
		"a number as Code":              {`{"Code":200,"Data":[]}`, 0},
		"Code OK":                       {`{"Code":"ok"}`, 0},
		"Code successful":               {`{"Code":"Successful","Data":[]}`, 0},
		"Code SUCCESS":                  {`{"Code":"SUCCESS"}`, 0},
		"Code of zeros":                 {`{"Code":"00000",` + images + `}`, 1},
		"Code 0":                        {`{"Code":0}`, 0},
		"only Data":                     {`{` + images + `}`, 1},
		"only an empty Data":            {`{"Data":[]}`, 0},
		"Count 0":                       {`{"Count":0,"Data":null}`, 0},
		"Count 0 in words, no Data":     {`{"Count":"0"}`, 0},
		"images and a code":             {`{"Code":"PartialResult",` + images + `}`, 1},
		"images and Success and a code": {`{"Success":true,"Code":"PartialResult",` + images + `}`, 1},
		"images and a refusal's names":  {`{"code":"X","errorCode":"Y","success":false,` + images + `}`, 1},
		"empty names of a refusal":      {`{"errorCode":"","errorMsg":null,"error":null,"Data":[]}`, 0},
		"a refusal's name that is good": {`{"errorCode":"0","code":"OK","Data":[]}`, 0},
		"an unknown object":             {`{"Success":true,"Data":null,"Trace":{"Data":"x","List":[1]},"data":[]}`, 0},
		"Success and lower-case code":   {`{"Success":true,"code":"X","Data":[]}`, 0},
		"Success with spaces":           {`{"Success":" True "}`, 0},
		"Code with spaces":              {`{"Code":" 200\n","Data":null}`, 0},
		"Code of a fraction":            {`{"Code":200.0}`, 0},
		"zeros and a fraction":          {`{"Code":"0.00","Data":[]}`, 0},
		"a blank Code":                  {`{"Code":" ","Data":[]}`, 0},
		"errors that are none": {
			`{"error":false,"errorMsg":"success","ErrorMessage":" OK","errMsg":"操作成功","HttpStatusCode":200,"errors":[],"Data":[]}`, 0,
		},
		"no denial":                 {`{"AccessDeniedDetail":{},"Data":[]}`, 0},
		"images and other refusals": {`{"HttpStatusCode":403,"errorMsg":"x","Success":"perhaps",` + images + `}`, 1},
		"Success and a status":      {`{"Success":true,"HttpStatusCode":403,"Data":[]}`, 0},
	}
	for name, test := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, script := scripted(t, []answer{{status: 200, body: test.body}}, hurried(2))
			page, err := client.ListImage(t.Context(), ListImageRequest{})
			if err != nil || len(page.Images) != test.images || len(script.sent) != 1 {
				t.Errorf("%s: got %v and %v after %d requests, want %d images", test.body, page, err, len(script.sent), test.images)
			}
		})
	}
}

func TestAFailureIsNotAnEmptyPage(t *testing.T) {
	t.Parallel()
	refusals := map[string]struct {
		body    string
		code    Code
		message string
		retried bool
	}{
		"lower case": {
			`{"code":"Throttling.User","message":"slow down","success":false}`, "Throttling.User", "slow down", true,
		},
		"capitals": {
			`{"CODE":"Throttling.User","MESSAGE":"slow down","SUCCESS":"FALSE"}`, "Throttling.User", "slow down", true,
		},
		"errorCode":                     {`{"errorCode":"X","errorMsg":"y"}`, "X", "y", false},
		"errCode":                       {`{"errCode":"X","errMsg":"y"}`, "X", "y", false},
		"ErrorMessage":                  {`{"ErrorCode":"X","ErrorMessage":"y"}`, "X", "y", false},
		"DynamicCode":                   {`{"DynamicCode":"X","DynamicMessage":"y"}`, "X", "y", false},
		"error":                         {`{"error":{"code":"X","message":"y"}}`, "X", "y", false},
		"wrapped":                       {`{"Response":{"Code":"SystemBusy","Message":"y"}}`, "SystemBusy", "y", true},
		"Success and a code":            {`{"Success":true,"Code":"Throttling.User","Data":null}`, "Throttling.User", "", true},
		"Success and a code, no Data":   {`{"Success":true,"Code":"X"}`, "X", "", false},
		"Success false":                 {`{"Success":false}`, "", "", false},
		"Success false and images":      {`{"Success":false,"Code":"X","Data":[{"ImageId":"i"}]}`, "X", "", false},
		"Success 0 and a good code":     {`{"Success":0,"Code":"200","Data":[]}`, "200", "", false},
		"a code and empty Data":         {`{"Code":"Throttling.User","Data":[]}`, "Throttling.User", "", true},
		"success false and empty Data":  {`{"success":false,"Data":[]}`, "", "", false},
		"success false and Count 0":     {`{"success":false,"Count":0,"Data":null}`, "", "", false},
		"errorCode and empty Data":      {`{"errorCode":"X","Data":[]}`, "X", "", false},
		"a code and Count 0":            {`{"code":"X","Count":0}`, "X", "", false},
		"a wrapped code and empty Data": {`{"Data":[],"error":{"code":"X"}}`, "X", "", false},
		"Data of another type":          {`{"Success":false,"Code":"X","Data":{}}`, "X", "", false},
		"a code and Data of no type":    {`{"Code":"X","Data":"y"}`, "X", "", false},
		"lower case, Data of no type":   {`{"code":"X","Data":{}}`, "X", "", false},
		"a code of a number":            {`{"Code":404}`, "404", "", false},
		"zeros and more":                {`{"Code":"0001"}`, "0001", "", false},
		"a fraction":                    {`{"Code":200.5}`, "200.5", "", false},
		"Success no":                    {`{"Success":"no","Data":[]}`, "", "", false},
		"Success false with a space":    {`{"Success":"false ","Code":"200","Data":[]}`, "200", "", false},
		"Success 0.0":                   {`{"Success":0.0,"Data":[]}`, "", "", false},
		"success failed":                {`{"success":"FAILED","Data":[]}`, "", "", false},
		"a list of errors": {
			`{"Data":[],"errors":[{"code":"Throttling.User","message":"slow down"}]}`, "Throttling.User", "slow down", true,
		},
		"only errorMsg":           {`{"errorMsg":"y"}`, "", "y", false},
		"errorMsg and empty Data": {`{"errorMsg":"y","Data":[]}`, "", "y", false},
		"error and Count 0":       {`{"error":"y","Count":0,"Data":null}`, "", "y", false},
		"an error without code":   {`{"error":{"message":"y"},"Data":[]}`, "", "y", false},
		"HttpStatusCode":          {`{"HttpStatusCode":500,"Message":"y","Data":[]}`, "", "y", false},
		"httpStatusCode in words": {`{"httpStatusCode":"403","Data":[]}`, "", "", false},
		"a denial and empty Data": {`{"AccessDeniedDetail":{"AuthAction":"a:b"},"Data":[]}`, "", "", false},
		"in UTF-16":               {utf16Text(`{"Code":"Throttling.User","Message":"慢"}`), "Throttling.User", "慢", true},
		"followed by junk":        {`{"Code":"Throttling.User","Message":"slow down"}}`, "Throttling.User", "slow down", true},
		"with NaN":                {`{"Code":"Throttling.User","Message":"slow down","Time":NaN}`, "Throttling.User", "slow down", true},
		"cut":                     {`{"Code":"Throttling.User","Message":"slow`, "Throttling.User", "slow", true},
		"XML": {
			`<Error><Code>Throttling.User</Code><Message>slow down</Message></Error>`, "Throttling.User", "slow down", true,
		},
	}
	for name, test := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, script := scripted(t, []answer{{status: 200, body: test.body}}, hurried(2))
			page, err := client.ListImage(t.Context(), ListImageRequest{})
			var apiErr *APIError
			if !errors.As(err, &apiErr) {
				t.Fatalf("%s: got %v and %T %v, want an *APIError", test.body, page, err, err)
			}
			retried := len(script.sent) == 2
			if apiErr.Code != test.code || apiErr.Message != test.message || apiErr.StatusCode != 200 || retried != test.retried {
				t.Errorf("%s: got %v, retried %v, want %v", test.body, err, retried, test)
			}
		})
	}
}

// utf16Text returns a text in UTF-16 with a byte order mark.
func utf16Text(text string) string {
	var encoded []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		encoded = binary.LittleEndian.AppendUint16(encoded, unit)
	}
	return string(encoded)
}

func TestWhatIsNeitherPageNorRefusalIsADecodeError(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, path, reason string }{
		"an empty object":               {`{}`, "", "found no members"},
		"another object":                {`{"hello":"world"}`, "", `found "hello"`},
		"many members":                  {`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}`, "", `found "a", "b", "c", "d", "e" and others`},
		"a long name":                   {`{"` + strings.Repeat("é", 300) + `":1}`, "", "é…"},
		"Count alone":                   {`{"Count":5}`, "", `found "Count"`},
		"Count 0 of another type":       {`{"Count":false,"Data":null}`, "", `found "Count", "Data"`},
		"Data null alone":               {`{"Data":null}`, "", `found "Data"`},
		"an empty Code":                 {`{"Code":"","Message":"success"}`, "", `found "Code", "Message"`},
		"a good code in lower case":     {`{"code":"200","success":true,"count":0}`, "", `found "code"`},
		"a page in lower case":          {`{"code":"200","success":true,"data":[{"imageId":"i"}]}`, "data", `found "data" instead of Data`},
		"Success and a lower-case page": {`{"Success":true,"data":[{"imageId":"i"}]}`, "data", `found "data" instead of Data`},
		"a page wrapped": {
			`{"Response":{"Success":true,"Code":"200","Data":[{"ImageId":"i"}]}}`, "Response", `found a page inside "Response"`,
		},
		"a page wrapped in body": {`{"statusCode":200,"body":{"Data":[]}}`, "body", `found a page inside "body"`},
		"Success and a page wrapped": {
			`{"Success":true,"Code":"200","Result":{"Data":[{"ImageId":"i"}]}}`, "Result", `found a page inside "Result"`,
		},
		"a page inside Data": {
			`{"Success":true,"Data":{"Success":true,"Data":[{"ImageId":"i"}]}}`, "Data", "an object instead of an array",
		},
		"Code of a list":             {`{"Code":["Throttling.User"],"Data":[]}`, "Code", "Code is not text"},
		"Code of an object":          {`{"Code":{"a":1},"Count":0}`, "Code", "Code is not text"},
		"Data of items that are not": {`{"Success":true,"Code":"X","Data":["a"]}`, "Data[0]", "a string instead of an object"},
		"an array":                   {`[{"Success":true}]`, "", "an array instead of an object"},
		"an array of a refusal's":    {`[]`, "", "an array instead of an object"},
		"null":                       {`null`, "", "null instead of an object"},
		"nothing":                    {``, "", "empty body"},
		"HTML":                       {`<html><body>Code</body></html>`, "", ""},
		"HTML with a code":           {`<!doctype html><html><code>X</code></html>`, "", ""},
		"a failed page cut":          {`{"Success":false,"Code":"X","Data":[{"ImageId":"i"}`, "Data", ""},
		"a failed page and junk":     {`{"Success":false,"Data":[]}]`, "", ""},
		"a good page and junk":       {`{"Success":true,"Code":"200","Data":[]}]`, "", ""},
		"a refused page and junk":    {`{"Data":[{"ImageId":"i"}],"Success":false,"Code":"Throttling.User"}]`, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, script := scripted(t, []answer{{status: 200, body: test.body}}, hurried(2))
			page, err := client.ListImage(t.Context(), ListImageRequest{})
			var decodeErr *DecodeError
			if !errors.As(err, &decodeErr) {
				t.Fatalf("%s: got %v and %T %v, want a *DecodeError", test.body, page, err, err)
			}
			if decodeErr.Path != test.path || !strings.Contains(decodeErr.Reason, test.reason) ||
				decodeErr.StatusCode != 200 || len(script.sent) != 1 {
				t.Errorf("%s: got %v after %d requests, want one, %q and %q", test.body, err, len(script.sent), test.path, test.reason)
			}
			if string(decodeErr.Body) != test.body {
				t.Errorf("%s: the error keeps %q", test.body, decodeErr.Body)
			}
		})
	}
}

func TestRefusalsAreReadAtEveryStatus(t *testing.T) {
	t.Parallel()
	const long = 70 << 10
	filler := strings.Repeat("设计-é", long/8)
	denied := &AccessDeniedDetail{AuthAction: "appstreaming:ListImage", PolicyType: "AccountLevelIdentityBasedPolicy"}
	tests := map[string]struct {
		body string
		want APIError // code, message, request id and detail
	}{
		"a long message": {
			`{"Code":"Throttling.User","RequestId":"R-1","Message":"` + filler + `"}`,
			APIError{Code: "Throttling.User", RequestID: "R-1", Message: filler},
		},
		"a long message that is first and short enough": {
			`{"Message":"` + filler[:60<<10] + `","Code":"Throttling.User","RequestId":"R-1","Recommend":"` + filler + `"}`,
			APIError{Code: "Throttling.User", RequestID: "R-1", Message: filler[:60<<10]},
		},
		"a long message in XML": {
			`<Error><RequestId>R-1</RequestId><Code>Throttling.User</Code><Message>` + filler + `</Message></Error>`,
			APIError{Code: "Throttling.User", RequestID: "R-1", Message: filler},
		},
		"JSON and junk": {`{"Code":"X","Message":"m","RequestId":"R-1"}<html>`, APIError{Code: "X", Message: "m", RequestID: "R-1"}},
		"JSON with NaN": {`{"Load":NaN,"Code":"X","Message":"m"}`, APIError{Code: "X", Message: "m"}},
		"JSON cut":      {`{"Code":"X","RequestId":"R-1","Message":"m`, APIError{Code: "X", Message: "m", RequestID: "R-1"}},
		"JSON wrapped":  {`{"RequestId":"R-1","error":{"code":"X","message":"m"}}`, APIError{Code: "X", Message: "m", RequestID: "R-1"}},
		"XML with a detail": {
			`<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>R-1</RequestId><Code>Forbidden.NoPermission</Code><Message>m</Message>
				<AccessDeniedDetail><AuthAction>appstreaming:ListImage</AuthAction>
				<PolicyType>AccountLevelIdentityBasedPolicy</PolicyType></AccessDeniedDetail></Error>`,
			APIError{Code: "Forbidden.NoPermission", Message: "m", RequestID: "R-1", AccessDenied: denied},
		},
		"XML in lower case": {
			`<error><requestid>R-1</requestid><code>X</code><message>m</message></error>`, APIError{Code: "X", Message: "m", RequestID: "R-1"},
		},
		"XML in GBK": {
			"<?xml version=\"1.0\" encoding=\"GBK\"?>" +
				"<Error><RequestId>R-1</RequestId><Code>X</Code><Message>\xce\xde\xc8\xa8\xcf\xde</Message></Error>",
			APIError{Code: "X", Message: strings.Repeat("\ufffd", 6), RequestID: "R-1"},
		},
	}
	for name, test := range tests {
		for _, status := range []int{200, 302, 400, 403, 418, 500} {
			t.Run(fmt.Sprintf("%s/%d", name, status), func(t *testing.T) {
				t.Parallel()
				client, _ := scripted(t, []answer{{status: status, body: test.body}}, once())
				_, err := client.ListImage(t.Context(), ListImageRequest{})
				var apiErr *APIError
				if !errors.As(err, &apiErr) {
					t.Fatalf("got %T %v, want an *APIError", err, err)
				}
				got := APIError{Code: apiErr.Code, Message: apiErr.Message, RequestID: apiErr.RequestID, AccessDenied: apiErr.AccessDenied}
				if cut := len(test.body) > maxErrorBody && len(got.Message) > 60<<10; cut && strings.HasPrefix(test.want.Message, got.Message) {
					got.Message = test.want.Message
				}
				if diff := cmp.Diff(test.want, got); diff != "" || apiErr.StatusCode != status {
					t.Errorf("HTTP %d (-want +got):\n%s", apiErr.StatusCode, diff)
				}
				if want := test.body[:min(len(test.body), keptBody)]; string(apiErr.Body) != want {
					t.Errorf("the error keeps %.40q, %d bytes, want the first %d", apiErr.Body, len(apiErr.Body), len(want))
				}
				if len(err.Error()) > maxShownText+1000 {
					t.Errorf("the error's text has %d bytes", len(err.Error()))
				}
			})
		}
	}
}

func TestTheFirstBytesOfALongErrorPageAreKept(t *testing.T) {
	t.Parallel()
	page := "<html>" + strings.Repeat("x", 70<<10) + "</html>"
	for limit, want := range map[int64]int{defaultMaxResponseBytes: keptBody, 10: 10, 1: 1, math.MaxInt64: keptBody} {
		client, _ := scripted(t, []answer{{status: 502, body: page}}, once(), WithMaxResponseBytes(limit))
		_, err := client.ListImage(t.Context(), ListImageRequest{})
		var apiErr *APIError
		if !errors.As(err, &apiErr) || string(apiErr.Body) != page[:want] {
			t.Errorf("limit %d: got %v, want %d bytes of the body", limit, err, want)
		}
	}
}

func TestABodyOfAnyLimitIsRead(t *testing.T) {
	t.Parallel()
	client, _ := scripted(t, []answer{ok()}, WithMaxResponseBytes(math.MaxInt64))
	if page, err := client.ListImage(t.Context(), ListImageRequest{}); err != nil || len(page.Images) != 1 {
		t.Errorf("got %v, %v", page, err)
	}
	client, _ = scripted(t, []answer{ok()}, WithMaxResponseBytes(int64(len(onePage))-1))
	if page, err := client.ListImage(t.Context(), ListImageRequest{}); !errors.Is(err, ErrResponseTooLarge) {
		t.Errorf("got %v, %v; want ErrResponseTooLarge", page, err)
	}
}

// broken is an answer whose body breaks off, or hangs until it is closed.
type broken struct {
	status int
	header http.Header
	body   string
	hangs  bool
	err    error
}

func (b broken) respond(*http.Request) (*http.Response, error) {
	end, closer := iotest.ErrReader(b.err), io.Closer(http.NoBody)
	if b.hangs {
		r, w := io.Pipe()
		end, closer = r, w
	}
	resp := respond(b.status, b.header.Clone(), "")
	resp.ContentLength = -1
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(strings.NewReader(b.body), end), closer}
	return resp, nil
}

func TestARefusalThatBreaksOffIsReadAsFarAsItArrived(t *testing.T) {
	t.Parallel()
	hint := http.Header{"X-Acs-Retry-After": {"300"}, "X-Acs-Request-Id": {"R-H"}}
	reset := errors.New("connection reset")
	for name, test := range map[string]struct {
		answer  broken
		want    APIError
		retried bool
	}{
		"after a code that is retried": {
			broken{status: 403, header: hint, body: `{"Code":"Throttling.User","Mess`}, APIError{Code: "Throttling.User"}, true,
		},
		"after a code that is not": {
			broken{status: 403, header: hint, body: `{"Code":"NoPermission","Message":"x`}, APIError{Code: "NoPermission", Message: "x"}, false,
		},
		"before its code": {broken{status: 403, header: hint, body: `{"Message":"x","Code":"Thr`}, APIError{Message: "x"}, true},
		"at once":         {broken{status: 404, header: hint}, APIError{}, true},
	} {
		for _, hangs := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/hangs=%v", name, hangs), func(t *testing.T) {
				t.Parallel()
				test := test
				synctest.Test(t, func(t *testing.T) {
					test.answer.hangs, test.answer.err = hangs, reset
					sent := 0
					client := sendingThrough(t, func(req *http.Request) (*http.Response, error) {
						sent++
						return test.answer.respond(req)
					}, WithRetry(RetryPolicy{MaxAttempts: 2}))
					start := time.Now()
					_, err := client.ListImage(t.Context(), ListImageRequest{})
					var got *APIError
					if !errors.As(err, &got) {
						t.Fatalf("got %T %v, want an *APIError", err, err)
					}
					cause := reset
					if hangs {
						cause = ErrAttemptTimeout
					}
					if !errors.Is(err, cause) || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "broke off after") {
						t.Errorf("%v does not wrap %v", err, cause)
					}
					if got.Code != test.want.Code || got.Message != test.want.Message || got.StatusCode != test.answer.status ||
						got.RequestID != "R-H" || string(got.Body) != test.answer.body || got.RetryAfter != 300*time.Millisecond {
						t.Errorf("got %#v", got)
					}
					if retried := sent == 2; retried != test.retried {
						t.Errorf("%d requests, want a retry: %v", sent, test.retried)
					}
					if waited := time.Since(start); test.retried && waited < 300*time.Millisecond {
						t.Errorf("the retry follows after %v, the service asked for 300 ms", waited)
					}
				})
			})
		}
	}
}

func TestAHintIsObeyedWhateverItCameWith(t *testing.T) {
	t.Parallel()
	hint := http.Header{"X-Acs-Retry-After": {"5000"}}
	for name, first := range map[string]TransportFunc{
		"a refusal in a 200": func(*http.Request) (*http.Response, error) {
			return respond(200, hint.Clone(), `{"success":false,"code":"Throttling.User"}`), nil
		},
		"a page that breaks off": broken{status: 200, header: hint, body: `{"Success":true`, err: io.ErrUnexpectedEOF}.respond,
		"a page that is no JSON": func(*http.Request) (*http.Response, error) { return respond(200, hint.Clone(), `<html>`), nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked []time.Duration
				sent := 0
				client := sendingThrough(t, func(req *http.Request) (*http.Response, error) {
					if sent++; sent == 1 {
						return first(req)
					}
					return respond(200, nil, onePage), nil
				}, WithRetry(RetryPolicy{Retryable: func(err error) bool {
					asked = append(asked, requestedDelay(err))
					return true
				}}))
				start := time.Now()
				page, err := client.ListImage(t.Context(), ListImageRequest{})
				if len(asked) != 1 || asked[0] != 5*time.Second {
					t.Errorf("the errors say %v, want 5 s", asked)
				}
				if waited := time.Since(start); err != nil || page.Attempts != 2 || waited < 5*time.Second || waited > 6*time.Second {
					t.Errorf("got %v, %v after %v; want a page after 5 to 6 s", page, err, waited)
				}
			})
		})
	}
}

func TestASwitchOfProtocolsIsRefusedUnread(t *testing.T) {
	t.Parallel()
	body := &unread{}
	client := sendingThrough(t, func(*http.Request) (*http.Response, error) {
		resp := respond(101, nil, "")
		resp.Body = body
		return resp, nil
	})
	_, err := client.ListImage(t.Context(), ListImageRequest{})
	var apiErr *APIError
	if !errors.As(err, &apiErr) || apiErr.StatusCode != 101 || apiErr.Attempts != 1 || body.read || !body.closed {
		t.Errorf("got %v, body read %v, closed %v", err, body.read, body.closed)
	}
}

type unread struct{ read, closed bool }

func (u *unread) Read([]byte) (int, error) { u.read = true; return 0, io.EOF }
func (u *unread) Close() error             { u.closed = true; return nil }

// FuzzResponse answers a call with any body and status: a page or an error,
// always the same, whose text is one line. A page shows that it is one.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		onePage, `{}`, `{"Success":false,"Code":"X"}`, `{"code":"X","Data":[]}`, `{"errorCode":"X","errorMsg":"y"}`,
		`{"Data":null,"Count":0}`, `{"Code":"00"}`,
		`{"Response":{"Data":[{}]}}`, `{"Success":true,"data":[1]}`, `{"Data":{},"Success":"false"}`, "\ufeff {}", "", "null", "[1]",
		"<html><body>x</body></html>",
		`<Error><RequestId>R</RequestId><Code>X</Code><Message>m</Message></Error>`, `<Error><Code>`, "\x00\xff", `{"Code":NaN`,
		"{\"Message\":\"a\\u2028b\\u202ec\"}",
	} {
		for _, status := range []int{200, 400} {
			f.Add([]byte(seed), status)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		run := func() (*ListImageResponse, error) {
			c := &call{client: &Client{&state{shared: new(shared)}}, cfg: new(config), ctx: t.Context()}
			*c.cfg = defaultConfig()
			c.last.status = status
			return c.read(t.Context(), respond(status, nil, string(body)))
		}
		page, err := run()
		if (page == nil) == (err == nil) {
			t.Fatalf("%q with HTTP %d gives %v and %v", body, status, page, err)
		}
		again, sameErr := run()
		if diff := cmp.Diff(page, again); diff != "" || fmt.Sprint(err) != fmt.Sprint(sameErr) {
			t.Fatalf("%q with HTTP %d gives %v, and then %v:\n%s", body, status, err, sameErr, diff)
		}
		if err != nil {
			if text := err.Error(); strings.ContainsAny(text, "\n\r\x00\u2028\u202e") {
				t.Fatalf("%q is not one line", text)
			}
			return
		}
		var shown struct{ Success, Code, Data, Count any }
		if err := json.Unmarshal(bytes.ToValidUTF8(body, nil), &shown); err != nil {
			t.Fatalf("%q is a page, and not JSON: %v", body, err)
		}
		if shown.Success == nil && shown.Code == nil && shown.Data == nil && shown.Count == nil {
			t.Fatalf("%q is a page, and shows nothing of it", body)
		}
	})
}
