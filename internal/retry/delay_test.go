package retry_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming/internal/retry"
)

func TestHintIsTheLongestDelayTheServiceAsksFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	const inFiveSeconds = "Tue, 24 Nov 2026 08:00:05 GMT"
	tests := map[string]struct {
		header    http.Header
		throttled bool
		want      time.Duration
	}{
		"no header":                  {nil, true, 0},
		"milliseconds":               {http.Header{"X-Acs-Retry-After": {"300"}}, false, 300 * time.Millisecond},
		"milliseconds with spaces":   {http.Header{"X-Acs-Retry-After": {" 300 "}}, false, 300 * time.Millisecond},
		"milliseconds of zero":       {http.Header{"X-Acs-Retry-After": {"0"}}, false, 0},
		"negative":                   {http.Header{"X-Acs-Retry-After": {"-5"}}, false, 0},
		"text":                       {http.Header{"X-Acs-Retry-After": {"soon"}}, false, 0},
		"a fraction":                 {http.Header{"X-Acs-Retry-After": {"1.5"}}, false, 0},
		"empty":                      {http.Header{"X-Acs-Retry-After": {""}}, false, 0},
		"a year":                     {http.Header{"Retry-After": {"31536000"}}, false, retry.MaxHint},
		"a year and a second":        {http.Header{"Retry-After": {"31536001"}}, false, retry.MaxHint},
		"a second less than a year":  {http.Header{"Retry-After": {"31535999"}}, false, retry.MaxHint - time.Second},
		"endless":                    {http.Header{"X-Acs-Retry-After": {"99999999999999999999999"}}, false, retry.MaxHint},
		"seconds":                    {http.Header{"Retry-After": {"3600"}}, false, time.Hour},
		"seconds beyond int64":       {http.Header{"Retry-After": {"18446744073709551615"}}, false, retry.MaxHint},
		"a date and no Date":         {http.Header{"Retry-After": {inFiveSeconds}}, false, 5 * time.Second},
		"a date and an invalid Date": {http.Header{"Retry-After": {inFiveSeconds}, "Date": {"now"}}, false, 5 * time.Second},
		"a date by the service's clock": {
			http.Header{"Retry-After": {inFiveSeconds}, "Date": {"Tue, 24 Nov 2026 08:00:03 GMT"}}, false, 2 * time.Second,
		},
		"a date, the local clock behind": {
			http.Header{"Retry-After": {"Tue, 24 Nov 2026 08:10:01 GMT"}, "Date": {"Tue, 24 Nov 2026 08:10:00 GMT"}}, false, time.Second,
		},
		"a date in the form of RFC 850": {http.Header{"Retry-After": {"Tuesday, 24-Nov-26 08:00:05 GMT"}}, false, 5 * time.Second},
		"a date in the form of asctime": {http.Header{"Retry-After": {"Tue Nov 24 08:00:05 2026"}}, false, 5 * time.Second},
		"a date in the past":            {http.Header{"Retry-After": {"Tue, 24 Nov 2026 07:00:00 GMT"}}, false, 0},
		"a date centuries away":         {http.Header{"Retry-After": {"Tue, 24 Nov 2926 07:00:00 GMT"}}, false, retry.MaxHint},

		"time left, nothing remains": {
			http.Header{"X-Ratelimit-User-Api": {"Limit:100,Remain:0,TimeLeft:1500,Reset:1"}}, false, 1500 * time.Millisecond,
		},
		"time left, some remain": {http.Header{"X-Ratelimit-User-Api": {"Limit:100,Remain:99,TimeLeft:60000"}}, false, 0},
		"time left, ten remain":  {http.Header{"X-Ratelimit-User-Api": {"Limit:100,Remain:10,TimeLeft:60000"}}, false, 0},
		"time left, throttled, some remain": {
			http.Header{"X-Ratelimit-User-Api": {"Limit:100,Remain:99,TimeLeft:700"}}, true, 700 * time.Millisecond,
		},
		"time left alone":              {http.Header{"X-Ratelimit-User-Api": {"TimeLeft:700"}}, false, 0},
		"time left alone, throttled":   {http.Header{"X-Ratelimit-User-Api": {"TimeLeft:700"}}, true, 700 * time.Millisecond},
		"nothing remains, stated last": {http.Header{"X-Ratelimit-User": {"timeleft: 20, remain: 0"}}, false, 20 * time.Millisecond},
		"time left without a number":   {http.Header{"X-Ratelimit-User": {"TimeLeft,Remain:0"}}, true, 0},
		"of the user, throttled":       {http.Header{"X-Ratelimit-User": {"Limit:100, TimeLeft: 20"}}, true, 20 * time.Millisecond},
		"one of two counts": {http.Header{
			"X-Ratelimit-User-Api": {"Remain:0,TimeLeft:500"},
			"X-Ratelimit-User":     {"Remain:9,TimeLeft:60000"},
		}, false, 500 * time.Millisecond},

		"less than nothing remains": {http.Header{"X-Ratelimit-User": {"Remain:-1,TimeLeft:20"}}, false, 20 * time.Millisecond},
		"given twice, milliseconds": {http.Header{"X-Acs-Retry-After": {"soon", "300", "20"}}, false, 300 * time.Millisecond},
		"given twice, seconds":      {http.Header{"Retry-After": {"1", inFiveSeconds}}, false, 5 * time.Second},
		"given twice, what is left": {http.Header{"X-Ratelimit-User": {"TimeLeft:1", "TimeLeft:20"}}, true, 20 * time.Millisecond},
		"longest of all": {http.Header{
			"X-Acs-Retry-After": {"100"}, "Retry-After": {"3"}, "X-Ratelimit-User-Api": {"TimeLeft:700"}, "X-Ratelimit-User": {"TimeLeft:900"},
		}, true, 3 * time.Second},
		"longest is time left": {http.Header{
			"X-Acs-Retry-After": {"100"}, "X-Ratelimit-User-Api": {"TimeLeft:700"}, "X-Ratelimit-User": {"TimeLeft:900"},
		}, true, 900 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := retry.Hint(test.header, test.throttled, now); got != test.want {
				t.Errorf("hint %v, want %v", got, test.want)
			}
		})
	}
}

func TestBoundDoublesUpToItsLimit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		base, limit time.Duration
		attempt     int
		want        time.Duration
	}{
		"first":                       {100, 2000, 1, 100},
		"second":                      {100, 2000, 2, 200},
		"third":                       {100, 2000, 3, 400},
		"just the limit":              {100, 400, 3, 400},
		"the limit is reached":        {100, 300, 3, 300},
		"an attempt before the first": {100, 300, 0, 100},
		"63 doublings":                {1, math.MaxInt64, 64, math.MaxInt64},
		"62 doublings":                {1, math.MaxInt64, 63, 1 << 62},
		"stays at the limit":          {100, 400, 9, 400},
		"an attempt far beyond":       {100, 2000, 1 << 30, 2000},
		"a base over the limit":       {100, 50, 1, 50},
		"no base":                     {0, 50, 3, 0},
		"no overflow":                 {math.MaxInt64/2 + 1, math.MaxInt64, 2, math.MaxInt64},
		"the largest without loss":    {math.MaxInt64 / 2, math.MaxInt64, 2, math.MaxInt64 - 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := retry.Bound(test.base, test.limit, test.attempt); got != test.want {
				t.Errorf("bound %d, want %d", got, test.want)
			}
		})
	}
}

func TestJitterStaysInItsBoundAndVaries(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 100 {
		wait := retry.Jitter(time.Second)
		if wait < 0 || wait >= time.Second {
			t.Fatalf("a jitter of 1s is %v", wait)
		}
		seen[wait] = true
	}
	if len(seen) < 50 {
		t.Errorf("100 waits took %d values, want many", len(seen))
	}
	for _, bound := range []time.Duration{0, -1, 1} {
		if got := retry.Jitter(bound); got != 0 {
			t.Errorf("a jitter of %v is %v, want 0", bound, got)
		}
	}
}
