// Package plot draws line charts as small SVG files that read well on light
// and dark pages.
package plot

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// A Chart has one horizontal position per label, evenly spaced.
type Chart struct {
	Title, XLabel, YLabel string
	Labels                []string // along the horizontal axis
	Series                []Series
}

// A Series is a line: one value per label.
type Series struct {
	Name   string
	Values []float64
	Dashed bool // for what is not measured, such as an ideal
}

// The drawing's measures, in pixels.
const (
	width, height       = 720, 420
	left, right         = 64, 150 // room for the axis' numbers, and for the lines' names
	top, bottom         = 48, 56
	plotRight, plotBase = width - right, height - bottom
	lineHeight          = 16
)

// style has middle tones that stand out from white and from black, and
// stronger text where the page's theme is known.
const style = `text{font:13px system-ui,sans-serif;fill:#6e7781}
.title{font-weight:600;font-size:15px}
.grid{stroke:#8b949e;stroke-opacity:.3}
.axis{stroke:#8b949e}
.line{fill:none;stroke-width:2.5;stroke-linejoin:round}
.dashed{fill:none;stroke-width:1.5;stroke-dasharray:5 5}
.c0{stroke:#3b82f6;color:#3b82f6}.c1{stroke:#e07b00;color:#e07b00}.c2{stroke:#16a070;color:#16a070}.c3{stroke:#c45cc4;color:#c45cc4}
.ideal{stroke:#8b949e;color:#8b949e}
.mark{fill:currentColor;stroke:none}
@media (prefers-color-scheme:dark){text{fill:#c9d1d9}}`

// colours is how many line colours style has.
const colours = 4

// WriteSVG draws the chart. It is an error to draw nothing, or a series whose
// length is not that of the labels.
func (c Chart) WriteSVG(w io.Writer) error {
	largest := 0.0
	for _, s := range c.Series {
		if len(s.Values) != len(c.Labels) {
			return fmt.Errorf("series %q has %d values for %d labels", s.Name, len(s.Values), len(c.Labels))
		}
		for _, v := range s.Values {
			if v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("series %q has the value %v", s.Name, v)
			}
			largest = max(largest, v)
		}
	}
	if largest == 0 || len(c.Labels) < 2 {
		return fmt.Errorf("chart %q has nothing to draw", c.Title)
	}
	d := drawing{chart: c, step: niceStep(largest)}
	d.limit = d.step * math.Ceil(largest/d.step)
	d.frame()
	d.lines()
	d.printf("</svg>")
	_, err := io.WriteString(w, d.out.String())
	return err
}

// niceStep returns 1, 2 or 5 times a power of ten, so that about eight steps
// reach the largest value.
func niceStep(largest float64) float64 {
	rough := largest / 8
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, factor := range []float64{1, 2, 5} {
		if rough <= factor*power {
			return factor * power
		}
	}
	return 10 * power
}

type drawing struct {
	chart       Chart
	step, limit float64 // of the vertical axis
	out         strings.Builder
}

func (d *drawing) x(i int) float64 {
	return left + (plotRight-left)*(float64(i)+0.5)/float64(len(d.chart.Labels))
}

func (d *drawing) y(v float64) float64 { return plotBase - (plotBase-top)*v/d.limit }

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.out, format+"\n", args...) }

func (d *drawing) text(x, y float64, attributes, text string) {
	d.printf(`<text x="%.1f" y="%.1f" %s>%s</text>`, x, y, attributes, html.EscapeString(text))
}

// frame draws everything except the lines.
func (d *drawing) frame() {
	c := d.chart
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`,
		width, height, width, height, html.EscapeString(c.Title))
	d.printf("<style>%s</style>", style)
	d.text(left, 24, `class="title"`, c.Title)
	for n := 0; float64(n)*d.step <= d.limit*1.001; n++ {
		value := float64(n) * d.step
		d.printf(`<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, left, plotRight, d.y(value), d.y(value))
		d.text(left-8, d.y(value)+4, `text-anchor="end"`, fmt.Sprintf("%g", math.Round(value*1e6)/1e6))
	}
	d.printf(`<line class="axis" x1="%d" x2="%d" y1="%d" y2="%d"/>`, left, plotRight, plotBase, plotBase)
	for i, label := range c.Labels {
		d.text(d.x(i), plotBase+20, `text-anchor="middle"`, label)
	}
	d.text((left+plotRight)/2, height-14, `text-anchor="middle"`, c.XLabel)
	d.text(0, 0, fmt.Sprintf(`text-anchor="middle" transform="translate(18 %d) rotate(-90)"`, (top+plotBase)/2), c.YLabel)
}

// lines draws each series, its name at the line's end.
func (d *drawing) lines() {
	names := d.namePositions()
	colour := 0
	for n, s := range d.chart.Series {
		class, line := "ideal", "dashed"
		if !s.Dashed {
			class, line = fmt.Sprintf("c%d", colour%colours), "line"
		}
		var points []string
		for i, v := range s.Values {
			points = append(points, fmt.Sprintf("%.1f,%.1f", d.x(i), d.y(v)))
		}
		d.printf(`<polyline class="%s %s" points="%s"/>`, line, class, strings.Join(points, " "))
		if !s.Dashed {
			for i, v := range s.Values {
				d.mark(colour, class, d.x(i), d.y(v))
			}
			colour++
		}
		end := d.x(len(s.Values) - 1)
		d.printf(`<line class="grid" x1="%.1f" x2="%d" y1="%.1f" y2="%.1f"/>`, end+6, plotRight+6, d.y(s.Values[len(s.Values)-1]), names[n])
		d.text(plotRight+10, names[n]+4, "", s.Name)
	}
}

// mark draws a point. The shapes differ, for readers who do not see the colours.
func (d *drawing) mark(shape int, class string, x, y float64) {
	switch shape % colours {
	case 0:
		d.printf(`<circle class="%s mark" cx="%.1f" cy="%.1f" r="4.5"/>`, class, x, y)
	case 1:
		d.printf(`<rect class="%s mark" x="%.1f" y="%.1f" width="8" height="8"/>`, class, x-4, y-4)
	case 2:
		d.printf(`<path class="%s mark" d="M%.1f %.1fl5.5 9.5h-11z"/>`, class, x, y-6)
	default:
		d.printf(`<path class="%s mark" d="M%.1f %.1fl5.5 5.5l-5.5 5.5l-5.5 -5.5z"/>`, class, x, y-5.5)
	}
}
