package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

const faultUsage = `A fault is a list of name=value, separated by commas; values cannot contain commas:
  code         error code of the service, such as Throttling.User
  status       HTTP status; with a code, instead of the usual one
  message      text of the error
  body         the whole response, instead of a code; body=@file reads it from a file, for JSON
  retry-after  seconds the response asks to wait
  delay        duration before the response, such as 2s
  break        how the connection fails: reset, close, garbage, hang, truncate, short,
               reset-body, hang-body or idle
  after        bytes of the body before it breaks (default half of them)
  page         only for requests of this page
  times        how many requests fail (default 1); -1 for all of them
  every        one of this many requests fails, without end unless times is given
`

// fault is an argument of -fail.
type fault struct {
	appstreamingtest.Fault
	times int
	every int
}

var breaks = map[string]appstreamingtest.Break{
	"reset": appstreamingtest.BreakReset, "close": appstreamingtest.BreakClose,
	"garbage": appstreamingtest.BreakGarbage, "hang": appstreamingtest.BreakHang,
	"truncate": appstreamingtest.BreakTruncate, "short": appstreamingtest.BreakShort,
	"reset-body": appstreamingtest.BreakResetBody, "hang-body": appstreamingtest.BreakHangBody,
	"idle": appstreamingtest.BreakIdle,
}

// parseFault reads a fault as faultUsage describes it.
func parseFault(text string) (fault, error) {
	var f fault
	given := map[string]bool{}
	for setting := range strings.SplitSeq(text, ",") {
		name, value, found := strings.Cut(setting, "=")
		if !found {
			return f, fmt.Errorf("%q is not of the form name=value; values cannot contain commas, but the file of body=@file can", setting)
		}
		name = strings.TrimSpace(name)
		if given[name] {
			return f, fmt.Errorf("%s is given twice; repeat -fail for another fault", name)
		}
		given[name] = true
		if value == "" && name != "body" && name != "message" { // an unset variable of a script
			return f, fmt.Errorf("%s must not be empty", name)
		}
		if err := f.set(name, value); err != nil {
			return f, fmt.Errorf("%s: %w", setting, err)
		}
	}
	if f.every > 0 {
		var asked atomic.Int64
		every := int64(f.every)
		f.When = func(appstreamingtest.Request) bool { return asked.Add(1)%every == 0 }
	}
	switch {
	case f.times == 0 && f.every > 0:
		f.times = -1
	case f.times == 0:
		f.times = 1
	}
	return f, nil
}

// set sets what a name of faultUsage stands for.
func (f *fault) set(name, value string) (err error) {
	switch name {
	case "code":
		f.Code = appstreaming.Code(value)
	case "status":
		f.Status, err = number(value, 200, 599)
	case "message":
		f.Message = value
	case "body":
		f.Body, err = body(value)
	case "retry-after":
		_, err = number(value, 0, 1<<20)
		f.Header = http.Header{"Retry-After": {value}}
	case "delay":
		f.Delay, err = time.ParseDuration(value)
		if err != nil || f.Delay < 0 {
			err = errors.New("must be a duration with its unit, such as 500ms or 2s")
		}
	case "break":
		var found bool
		if f.Break, found = breaks[value]; !found {
			err = fmt.Errorf("must be one of %s", strings.Join(slices.Sorted(maps.Keys(breaks)), ", "))
		}
	case "after":
		var after int
		after, err = number(value, -1, 1<<30)
		f.After = int64(after)
	case "page":
		f.Page, err = number(value, 1, 1<<30)
	case "times":
		f.times, err = number(value, -1, 1<<30)
		if f.times == 0 && err == nil {
			err = errors.New("must be -1, for all requests, or at least 1")
		}
	case "every":
		f.every, err = number(value, 1, 1<<30)
	default:
		err = errors.New("no such setting")
	}
	return err
}

// body returns the text of a body: the value, or with @ the file it names.
func body(value string) (string, error) {
	name, isFile := strings.CutPrefix(value, "@")
	if !isFile {
		return value, nil
	}
	text, err := os.ReadFile(name)
	return string(text), err
}

func number(text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("must be a whole number from %d to %d", least, most)
	}
	return n, nil
}
