package retry_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming/internal/retry"
)

func TestClockLearnsOnlyFromADateFarFromWhatWasSigned(t *testing.T) {
	t.Parallel()
	local := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return local.Add(d).Format(http.TimeFormat) }
	ahead := local.Add(20 * time.Minute)
	tests := map[string]struct {
		before, signed time.Duration // the correction so far and the time signed with, relative to the local clock
		date           string
		want           bool
		after          time.Duration
	}{
		"equal":                         {0, 0, at(0), false, 0},
		"four minutes ahead":            {0, 0, at(4 * time.Minute), false, 0},
		"four minutes behind":           {0, 0, at(-4 * time.Minute), false, 0},
		"a second more than that":       {0, 0, at(4*time.Minute + time.Second), true, 4*time.Minute + time.Second},
		"twenty minutes ahead":          {0, 0, at(20 * time.Minute), true, 20 * time.Minute},
		"twenty minutes behind":         {0, 0, at(-20 * time.Minute), true, -20 * time.Minute},
		"forty minutes ahead":           {0, 0, at(40 * time.Minute), true, 40 * time.Minute},
		"the form of RFC 850":           {0, 0, ahead.Format("Monday, 02-Jan-06 15:04:05 GMT"), true, 20 * time.Minute},
		"the form of asctime":           {0, 0, ahead.Format(time.ANSIC), true, 20 * time.Minute},
		"spaces around it":              {0, 0, " " + at(20*time.Minute) + " ", true, 20 * time.Minute},
		"heals when clocks agree again": {20 * time.Minute, 20 * time.Minute, at(0), true, 0},
		"a slow answer":                 {20 * time.Minute, 18 * time.Minute, at(20 * time.Minute), false, 20 * time.Minute},
		"no date":                       {0, 0, "", false, 0},
		"no such date":                  {0, 0, "yesterday", false, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c retry.Clock
			if test.before != 0 && !c.Correct(local, local, at(test.before)) {
				t.Fatal("the first correction is refused")
			}
			if got := c.Correct(local.Add(test.signed), local, test.date); got != test.want {
				t.Errorf("Correct reports %v, want %v", got, test.want)
			}
			if got := c.Now(local).Sub(local); got != test.after {
				t.Errorf("corrected by %v, want %v", got, test.after)
			}
		})
	}
}
