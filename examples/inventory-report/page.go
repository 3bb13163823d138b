package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"time"

	"github.com/wuying-go/appstreaming"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// page holds the values of the template. Everything about the images is in Data,
// which the page's script draws.
type page struct {
	Source      string
	Time        string
	Unstable    bool // the inventory changed while it was listed
	Shortened   bool // there are more than FullDetails images
	FullDetails int

	Style, Data, Script template.HTML
	Policy              string
}

// render writes the page. Its policy allows a browser to run the page's own
// script and style, and to load nothing.
func render(w io.Writer, s *appstreaming.Snapshot, source string, now time.Time) error {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return err
	}
	// Marshal escapes <, > and &, so no text can end the script element.
	images, err := json.Marshal(newData(s.Images))
	if err != nil {
		return err
	}
	return t.Execute(w, page{
		Source:      source,
		Time:        now.Format("2006-01-02 15:04 MST"),
		Unstable:    !s.Stable,
		Shortened:   len(s.Images) > fullDetails,
		FullDetails: fullDetails,
		Style:       template.HTML("<style>" + pageCSS + "</style>"), //nolint:gosec // our own text
		Data: template.HTML(`<script type="application/json" id="data">` + //nolint:gosec // escaped by Marshal
			string(images) + "</script>"),
		Script: template.HTML("<script>" + pageJS + "</script>"), //nolint:gosec // our own text
		Policy: "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + hash(pageCSS) +
			"; script-src " + hash(pageJS),
	})
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
