package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// formats holds the values of -o.
var formats = map[string]func(io.Writer, *report) error{"table": writeTable, "json": writeJSON, "markdown": writeMarkdown}

func writeTable(w io.Writer, r *report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s, appstreaming %s, %s, %s\n", r.Service, r.Time, r.Version, r.GoVersion, r.Platform)
	for _, part := range r.parts() {
		fmt.Fprintf(&b, "\n%s\n", part.title)
		for _, f := range part.findings {
			fmt.Fprintf(&b, "  %-9s  %-20s %s\n", f.Verdict, f.ID, f.Checked)
			if f.Seen != "" {
				fmt.Fprintf(&b, "  %-9s  %-20s   seen: %s\n", "", "", f.Seen)
			}
			if f.Do != "" {
				fmt.Fprintf(&b, "  %-9s  %-20s   do:   %s\n", "", "", f.Do)
			}
		}
	}
	fmt.Fprintf(&b, "\n%s\n", r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func writeJSON(w io.Writer, r *report) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

func writeMarkdown(w io.Writer, r *report) error {
	var b strings.Builder
	cell := strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", "@", "&#64;", "`", "\\`", "\n", " ").Replace // @ would notify people
	fmt.Fprintf(&b, "`doctor` on %s: %s, appstreaming %s, %s, %s\n", r.Time, cell(r.Service), r.Version, r.GoVersion, r.Platform)
	for _, part := range r.parts() {
		fmt.Fprintf(&b, "\n**%s**\n\n| | | checked | seen | do |\n| --- | --- | --- | --- | --- |\n", part.title)
		for _, f := range part.findings {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", f.Verdict, f.ID, cell(f.Checked), cell(f.Seen), cell(f.Do))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

type part struct {
	title    string
	findings []finding
}

func (r *report) parts() []part {
	parts := []part{{"Set-up", r.SetUp}, {"Assumptions", r.Assumptions}}
	if len(r.Assumptions) == 0 { // they are checked when the set-up works
		return parts[:1]
	}
	return parts
}

func (r *report) summary() string {
	all := append(append([]finding{}, r.SetUp...), r.Assumptions...)
	text := fmt.Sprintf("%d requests. %d checks: %d ok, %d fail, %d unchecked, %d skipped.",
		r.Requests, len(all), count(all, holds), count(all, fails), count(all, unchecked), count(all, skipped))
	switch code := r.exitCode(); {
	case !r.works:
		return text + " The set-up does not work."
	case code == exitSetUpFailed:
		return text + " The set-up works, but has a fault."
	case code == exitAssumption:
		return text + " The set-up works; an assumption does not hold."
	}
	return text + " The set-up works; every assumption that was checked holds."
}
