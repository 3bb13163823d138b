package main

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
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

// page is what the template shows.
type page struct {
	Source    string
	Time      string
	Unstable  bool // the inventory changed while it was listed
	Images    int
	Available int
	Regions   int
	DiskTiB   float64
	Charts    []chart
	Rows      []row

	Style, Script template.HTML
	Policy        string
}

// chart counts images by a facet, a word that is also the name of the rows'
// attribute it filters by.
type chart struct {
	Title, Facet string
	Bars         []bar
}

type bar struct {
	Value string
	Count int
	Share float64 // of all images, in percent
	Kind  string  // of a status, for its colour
}

type row struct {
	ID, Name, Status, Kind, OS, Platform, Product, Type string
	Regions                                             []string
	DiskGiB                                             int
	Modified                                            string
}

func newPage(s *appstreaming.Snapshot, source string, now time.Time) page {
	p := page{Source: source, Time: now.Format("2006-01-02 15:04 MST"), Unstable: !s.Stable, Images: len(s.Images)}
	var disk int
	for _, image := range s.Images {
		r := row{
			ID:       image.ImageID,
			Name:     image.ImageName,
			Status:   known(string(image.Status)),
			Kind:     kind(image.Status),
			OS:       known(string(image.OSType)),
			Platform: cmp.Or(string(image.PlatformName), string(image.OSType)),
			Product:  known(string(image.ProductType)),
			Type:     string(image.ImageType),
			Regions:  regions(image),
			DiskGiB:  image.SystemDiskSize + image.DataDiskSize,
			Modified: string(image.Modified),
		}
		if image.Status == appstreaming.ImageStatusAvailable {
			p.Available++
		}
		disk += r.DiskGiB
		p.Rows = append(p.Rows, r)
	}
	p.DiskTiB = float64(disk) / 1024
	p.Charts = []chart{
		p.chart("Status", "status", func(r row) []string { return []string{r.Status} }),
		p.chart("Operating system", "os", func(r row) []string { return []string{r.OS} }),
		p.chart("Product", "product", func(r row) []string { return []string{r.Product} }),
		p.chart("Region", "region", func(r row) []string { return r.Regions }),
	}
	for _, b := range p.Charts[3].Bars {
		if b.Value != nowhere {
			p.Regions++
		}
	}
	for i, b := range p.Charts[0].Bars {
		p.Charts[0].Bars[i].Kind = kind(appstreaming.ImageStatus(b.Value))
	}
	return p
}

const (
	unknown = "not told"
	nowhere = "no region"
)

func known(value string) string { return cmp.Or(value, unknown) }

// kind sorts states, those not documented included, into few that have a
// colour.
func kind(status appstreaming.ImageStatus) string {
	switch {
	case status == appstreaming.ImageStatusAvailable:
		return "good"
	case strings.HasSuffix(string(status), "FAILED"):
		return "bad"
	case status == appstreaming.ImageStatusInit || status == appstreaming.ImageStatusCreating:
		return "busy"
	}
	return "other"
}

// regions are those an image is deployed to, by either of the lists that tell.
func regions(image appstreaming.Image) []string {
	all := slices.Clone(image.ImageRegions)
	for _, d := range image.RegionDistributions {
		all = append(all, d.RegionID)
	}
	slices.Sort(all)
	all = slices.DeleteFunc(slices.Compact(all), func(r string) bool { return r == "" })
	if len(all) == 0 {
		return []string{nowhere}
	}
	return all
}

// chart counts the rows by their values, the most frequent first.
func (p *page) chart(title, facet string, values func(row) []string) chart {
	counts := map[string]int{}
	for _, r := range p.Rows {
		for _, v := range values(r) {
			counts[v]++
		}
	}
	c := chart{Title: title, Facet: facet}
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		c.Bars = append(c.Bars, bar{Value: value, Count: counts[value]})
	}
	slices.SortStableFunc(c.Bars, func(a, b bar) int { return b.Count - a.Count })
	for i := range c.Bars {
		c.Bars[i].Share = 100 * float64(c.Bars[i].Count) / float64(len(p.Rows))
	}
	return c
}

// render writes the page. Its policy lets a browser run the page's own script
// and style, and load nothing.
func render(w io.Writer, p page) error {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return err
	}
	p.Style = template.HTML("<style>" + pageCSS + "</style>")   //nolint:gosec // the program's own text
	p.Script = template.HTML("<script>" + pageJS + "</script>") //nolint:gosec // the program's own text
	p.Policy = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + hash(pageCSS) + "; script-src " + hash(pageJS)
	return t.Execute(w, p)
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
