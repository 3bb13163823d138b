package main

import (
	"encoding/csv"
	"encoding/json"
	"io"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// sink is a form of output. All of them write each image at once; the table
// first waits for the images of the first page, to learn its columns' widths.
type sink interface {
	write(image appstreaming.Image) error
	close() error
}

func (o *options) sink(s *demo.Session, images *counter) sink {
	switch o.output {
	case "json":
		return &jsonSink{w: s.Stdout}
	case "jsonl", "ndjson":
		return &linesSink{w: s.Stdout}
	case "csv":
		columns := o.columns
		if columns == nil {
			columns = allColumns
		}
		return &csvSink{out: s.Stdout, w: csv.NewWriter(s.Stdout), columns: columns, raw: o.raw, bom: o.bom}
	}
	return newTable(s.Stdout, s.Columns(s.Stdout), o.columns, func() int { return int(images.first.Load()) })
}

// jsonSink writes one array, image by image.
type jsonSink struct {
	w     io.Writer
	begun bool
}

func (s *jsonSink) write(image appstreaming.Image) error {
	lead := "[\n"
	if s.begun {
		lead = ",\n"
	}
	s.begun = true
	text, err := json.Marshal(image)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.w, lead+string(text))
	return err
}

func (s *jsonSink) close() error {
	end := "\n]\n"
	if !s.begun {
		end = "[]\n"
	}
	_, err := io.WriteString(s.w, end)
	return err
}

// linesSink writes one image per line.
type linesSink struct{ w io.Writer }

func (s *linesSink) write(image appstreaming.Image) error {
	text, err := json.Marshal(image)
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(text, '\n'))
	return err
}

func (s *linesSink) close() error { return nil }
