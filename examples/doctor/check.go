package main

// verdict is the result of a check.
type verdict string

const (
	holds     verdict = "ok"
	fails     verdict = "fails"
	unchecked verdict = "unchecked" // nothing to check it on, or the request for it failed
	skipped   verdict = "skipped"   // not asked for
)

// finding is one line of the report: what was checked, what was seen, and what
// to do about it.
type finding struct {
	ID      string  `json:"id"`
	Checked string  `json:"checked"`
	Verdict verdict `json:"verdict"`
	Seen    string  `json:"seen"`
	Do      string  `json:"do,omitempty"`
}

// report is the outcome of a run.
type report struct {
	Version     string    `json:"version"` // of the library
	GoVersion   string    `json:"go"`
	Platform    string    `json:"platform"`
	Service     string    `json:"service"` // the endpoint, or the built-in service
	Signature   string    `json:"signature"`
	Time        string    `json:"time"`
	Requests    int       `json:"requests"`
	SetUp       []finding `json:"setUp"`
	Assumptions []finding `json:"assumptions"`

	works bool // a page came
}

// Exit codes besides those of all programs.
const (
	exitHolds       = 0
	exitAssumption  = 1 // an assumption does not hold; the library may still work
	exitSetUpFailed = 2
)

func (r *report) exitCode() int {
	switch {
	case !r.works || count(r.SetUp, fails) > 0:
		return exitSetUpFailed
	case count(r.Assumptions, fails) > 0:
		return exitAssumption
	}
	return exitHolds
}

func count(findings []finding, v verdict) int {
	n := 0
	for _, f := range findings {
		if f.Verdict == v {
			n++
		}
	}
	return n
}
