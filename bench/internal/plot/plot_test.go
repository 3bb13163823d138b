package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var sample = Chart{
	Title:  "Faster & faster",
	XLabel: "window", YLabel: "times",
	Labels: []string{"0", "2", "4"},
	Series: []Series{
		{Name: "20 ms", Values: []float64{1, 2, 3.9}},
		{Name: "100 ms <far>", Values: []float64{1, 2, 4}},
		{Name: "ideal", Values: []float64{1, 2, 4}, Dashed: true},
	},
}

func TestChartIsWellFormedAndNamesEverything(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := sample.WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	var texts []string
	lines := 0
	for decoder := xml.NewDecoder(strings.NewReader(out.String())); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.CharData:
			texts = append(texts, string(token))
		case xml.StartElement:
			if token.Name.Local == "polyline" {
				lines++
			}
		}
	}
	all := strings.Join(texts, "|")
	for _, want := range []string{"Faster & faster", "window", "times", "20 ms", "100 ms <far>", "ideal"} {
		if !strings.Contains(all, want) {
			t.Errorf("the chart does not say %q", want)
		}
	}
	if lines != len(sample.Series) {
		t.Errorf("%d lines, want %d", lines, len(sample.Series))
	}
}

func TestNamesDoNotOverlapAndStayInTheFrame(t *testing.T) {
	t.Parallel()
	d := drawing{chart: Chart{Labels: []string{"a", "b"}, Series: []Series{
		{Values: []float64{1, 0}}, {Values: []float64{1, 0.01}}, {Values: []float64{1, 0}}, {Values: []float64{1, 9}},
	}}, step: 1, limit: 10}
	positions := d.namePositions()
	for i, a := range positions {
		if a > plotBase || a < top {
			t.Errorf("name %d at %.1f is outside the frame", i, a)
		}
		for j, b := range positions[:i] {
			if math.Abs(a-b) < lineHeight-0.01 {
				t.Errorf("names %d and %d overlap, at %.1f and %.1f", i, j, a, b)
			}
		}
	}
}

func TestStepsAreRoundNumbers(t *testing.T) {
	t.Parallel()
	var got []string
	for _, largest := range []float64{0.9, 4, 7, 16, 35, 100} {
		got = append(got, strconv.FormatFloat(niceStep(largest), 'g', 6, 64))
	}
	if diff := cmp.Diff([]string{"0.2", "0.5", "1", "2", "5", "20"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestChartThatCannotBeDrawnIsAnError(t *testing.T) {
	t.Parallel()
	for name, chart := range map[string]Chart{
		"nothing":       {},
		"wrong length":  {Labels: []string{"a", "b"}, Series: []Series{{Values: []float64{1}}}},
		"not a number":  {Labels: []string{"a", "b"}, Series: []Series{{Values: []float64{1, math.NaN()}}}},
		"all are zero":  {Labels: []string{"a", "b"}, Series: []Series{{Values: []float64{0, 0}}}},
		"negative":      {Labels: []string{"a", "b"}, Series: []Series{{Values: []float64{1, -1}}}},
		"only one mark": {Labels: []string{"a"}, Series: []Series{{Values: []float64{1}}}},
	} {
		if err := chart.WriteSVG(io.Discard); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
