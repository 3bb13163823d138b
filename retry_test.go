package appstreaming

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

func TestDefaultRetryableFollowsStatusAndCode(t *testing.T) {
	t.Parallel()
	api := func(status int, code Code) error { return &APIError{StatusCode: status, Code: code} }
	broken := func(err error) error { return &TransportError{Err: err} }
	tests := map[string]struct {
		err  error
		want bool
	}{
		"nil":                       {nil, false},
		"400 Throttling":            {api(400, "Throttling"), true},
		"400 Throttling.User":       {api(400, "Throttling.User"), true},
		"400 Throttling.Api":        {api(400, "Throttling.Api"), true},
		"400 Rejected.Throttling":   {api(400, "Rejected.Throttling"), true},
		"400 InternalError":         {api(400, "InternalError"), true},
		"400 SystemBusy":            {api(400, "SystemBusy"), true},
		"400 ServiceBusy":           {api(400, "ServiceBusy"), true},
		"400 SignatureNonceUsed":    {api(400, "SignatureNonceUsed"), true},
		"503 ServiceUnavailable":    {api(503, "ServiceUnavailable"), true},
		"400 ServiceUnavailableNow": {api(400, "ServiceUnavailableTemporary"), true},
		"200 Throttling":            {api(200, "Throttling"), true},
		"429":                       {api(429, ""), true},
		"408":                       {api(408, ""), true},
		"502":                       {api(502, ""), true},
		"400":                       {api(400, ""), false},
		"302":                       {api(302, ""), false},
		"400 InvalidBizType":        {api(400, "InvalidBizType"), false},
		"403 Forbidden":             {api(403, "Forbidden.NoPermission"), false},
		"404 unknown key":           {api(404, "InvalidAccessKeyId.NotFound"), false},
		"400 bad signature":         {api(400, "SignatureDoesNotMatch"), false},
		"400 clock":                 {api(400, "InvalidTimeStamp.Expired"), false},
		"400 token":                 {api(400, "InvalidSecurityToken.Expired"), false},
		"broken connection":         {broken(io.ErrUnexpectedEOF), true},
		"attempt timeout":           {broken(ErrAttemptTimeout), true},
		"cancelled":                 {broken(context.Canceled), false},
		"unknown authority":         {broken(x509.UnknownAuthorityError{}), false},
		"wrong host":                {broken(x509.HostnameError{Certificate: new(x509.Certificate)}), false},
		"expired certificate":       {broken(x509.CertificateInvalidError{}), false},
		"decode":                    {&DecodeError{}, false},
		"parameter":                 {&ParamError{}, false},
		"too large":                 {ErrResponseTooLarge, false},
		"wrapped":                   {fmt.Errorf("list: %w", api(503, "")), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := DefaultRetryable(test.err); got != test.want {
				t.Errorf("DefaultRetryable(%v) = %v, want %v", test.err, got, test.want)
			}
		})
	}
}

func TestDelayBoundDoublesUpToMaxDelay(t *testing.T) {
	t.Parallel()
	throttled := &APIError{StatusCode: 400, Code: CodeThrottlingUser}
	broken := &TransportError{Err: io.ErrUnexpectedEOF}
	tests := map[string]struct {
		policy  RetryPolicy
		attempt int
		err     error
		want    time.Duration
	}{
		"first":            {RetryPolicy{}, 1, broken, 100 * time.Millisecond},
		"third":            {RetryPolicy{}, 3, broken, 400 * time.Millisecond},
		"first throttled":  {RetryPolicy{}, 1, throttled, time.Second},
		"second throttled": {RetryPolicy{}, 2, throttled, 2 * time.Second},
		"capped":           {RetryPolicy{}, 30, broken, 20 * time.Second},
		"far beyond":       {RetryPolicy{}, 1 << 30, throttled, 20 * time.Second},
		"own base":         {RetryPolicy{BaseDelay: time.Millisecond}, 2, throttled, 2 * time.Millisecond},
		"own cap":          {RetryPolicy{MaxDelay: 50 * time.Millisecond}, 1, broken, 50 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.policy.delayBound(test.attempt, test.err); got != test.want {
				t.Errorf("bound %v, want %v", got, test.want)
			}
		})
	}
}

func TestFullJitterStaysInItsBoundAndVaries(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 100 {
		wait := fullJitter(time.Second)
		if wait < 0 || wait >= time.Second {
			t.Fatalf("jitter of 1s is %v", wait)
		}
		seen[wait] = true
	}
	if len(seen) < 50 {
		t.Errorf("100 waits took %d values, want many", len(seen))
	}
	if got := fullJitter(0); got != 0 {
		t.Errorf("jitter of nothing is %v", got)
	}
}

func TestRetryHintTakesTheLongestWaitTheServiceNames(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"none":                  {http.Header{}, 0},
		"milliseconds":          {http.Header{"X-Acs-Retry-After": {"300"}}, 300 * time.Millisecond},
		"milliseconds of zero":  {http.Header{"X-Acs-Retry-After": {"0"}}, 0},
		"negative":              {http.Header{"X-Acs-Retry-After": {"-5"}}, 0},
		"text":                  {http.Header{"X-Acs-Retry-After": {"soon"}}, 0},
		"empty":                 {http.Header{"X-Acs-Retry-After": {""}}, 0},
		"endless":               {http.Header{"X-Acs-Retry-After": {"99999999999999999999999"}}, maxHint},
		"seconds":               {http.Header{"Retry-After": {"3600"}}, time.Hour},
		"seconds beyond int64":  {http.Header{"Retry-After": {"18446744073709551615"}}, maxHint},
		"date":                  {http.Header{"Retry-After": {"Tue, 24 Nov 2026 08:00:05 GMT"}}, 5 * time.Second},
		"date in the past":      {http.Header{"Retry-After": {"Tue, 24 Nov 2026 07:00:00 GMT"}}, 0},
		"time left of the API":  {http.Header{"X-Ratelimit-User-Api": {"Limit:100,Remain:0,TimeLeft:1500,Reset:1"}}, 1500 * time.Millisecond},
		"time left of the user": {http.Header{"X-Ratelimit-User": {"Limit:100, TimeLeft: 20"}}, 20 * time.Millisecond},
		"longest": {http.Header{
			"X-Acs-Retry-After":    {"100"},
			"X-Ratelimit-User-Api": {"TimeLeft:700"},
			"X-Ratelimit-User":     {"TimeLeft:900"},
		}, 900 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := retryHint(test.header, now); got != test.want {
				t.Errorf("hint %v, want %v", got, test.want)
			}
		})
	}
}

func TestClockLearnsOnlyFromADateFarFromWhatWasSigned(t *testing.T) {
	t.Parallel()
	local := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return local.Add(d).Format(http.TimeFormat) }
	tests := map[string]struct {
		offset, signed time.Duration // the correction so far, and the time signed with, against the local clock
		date           string
		want           bool
		after          time.Duration
	}{
		"equal":                         {0, 0, at(0), false, 0},
		"four minutes":                  {0, 0, at(4 * time.Minute), false, 0},
		"twenty minutes ahead":          {0, 0, at(20 * time.Minute), true, 20 * time.Minute},
		"twenty minutes behind":         {0, 0, at(-20 * time.Minute), true, -20 * time.Minute},
		"heals when clocks agree again": {20 * time.Minute, 20 * time.Minute, at(0), true, 0},
		"no date":                       {0, 0, "", false, 0},
		"no such date":                  {0, 0, "yesterday", false, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c clock
			c.offset.Store(int64(test.offset))
			if got := c.correct(local.Add(test.signed), local, test.date); got != test.want {
				t.Errorf("correct reports %v, want %v", got, test.want)
			}
			if got := c.now(local).Sub(local); got != test.after {
				t.Errorf("corrected by %v, want %v", got, test.after)
			}
		})
	}
}

func TestBudgetIsSpentByRetriesAndRestoredBySuccess(t *testing.T) {
	t.Parallel()
	var b budget
	for i := range 2 {
		if !b.take(10) {
			t.Fatalf("retry %d refused within the budget", i+1)
		}
	}
	if b.take(10) {
		t.Fatal("a third retry was allowed with ten tokens")
	}
	if !b.take(15) {
		t.Fatal("a larger budget must allow it")
	}
	b.give(5 + 5)
	if !b.take(10) {
		t.Fatal("given tokens back, a retry must be allowed")
	}
	b.give(1000)
	if got := b.spent.Load(); got != 0 {
		t.Errorf("%d tokens spent after giving back more than were taken", got)
	}
	if !b.take(-1) {
		t.Error("a negative budget has no limit")
	}
}

func TestCodesMatchThemselvesAndTheirFamily(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code   Code
		target error
		want   bool
	}{
		"itself":             {"Throttling.User", CodeThrottlingUser, true},
		"family":             {"Throttling.User", CodeThrottling, true},
		"family of itself":   {"Throttling", CodeThrottling, true},
		"sibling":            {"Throttling.User", CodeThrottlingAPI, false},
		"only a prefix":      {"ThrottlingX", CodeThrottling, false},
		"not the other way":  {"Throttling", CodeThrottlingUser, false},
		"forbidden":          {"Forbidden.NoPermission", CodeForbidden, true},
		"empty target":       {"Throttling", Code(""), false},
		"empty code":         {"", CodeThrottling, false},
		"another error type": {"Throttling", io.EOF, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := fmt.Errorf("wrapped: %w", &APIError{Code: test.code})
			if got := errors.Is(err, test.target); got != test.want {
				t.Errorf("errors.Is(%q, %q) = %v, want %v", test.code, test.target, got, test.want)
			}
		})
	}
}
