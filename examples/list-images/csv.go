package main

import (
	"encoding/csv"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/wuying-go/appstreaming"
)

// csvSink writes a header and one record per image.
type csvSink struct {
	out     io.Writer
	w       *csv.Writer
	columns []column
	raw     bool // write values unchanged
	bom     bool
	begun   bool
}

func (s *csvSink) write(image appstreaming.Image) error {
	if err := s.begin(); err != nil {
		return err
	}
	record := make([]string, len(s.columns))
	for n, c := range s.columns {
		value := c.value(&image)
		record[n] = text(value)
		if !s.raw {
			record[n] = harmless(record[n], isJSON(value))
		}
	}
	if err := s.w.Write(record); err != nil {
		return err
	}
	s.w.Flush() // readers get each image as soon as it is there
	return s.w.Error()
}

func (s *csvSink) close() error {
	if err := s.begin(); err != nil {
		return err
	}
	s.w.Flush()
	return s.w.Error()
}

func (s *csvSink) begin() error {
	if s.begun {
		return nil
	}
	s.begun = true
	if s.bom {
		if _, err := io.WriteString(s.out, "\ufeff"); err != nil {
			return err
		}
	}
	var names []string
	for _, c := range s.columns {
		names = append(names, c.name)
	}
	return s.w.Write(names)
}

// A formula begins with one of = + - @, or in some spreadsheets their wide or
// small forms. Blanks and invisible characters before it do not help: some
// programs remove them.
const (
	blank = `\s\p{Z}\p{Cf}`
	sign  = `[=+\-@＝＋－＠﹦﹢﹣﹫]`
)

var (
	beginsFormula   = regexp.MustCompile(`^(\p{Cc}|[` + blank + `]*` + sign + `)`)
	afterASemicolon = regexp.MustCompile(`;(["'` + blank + `]*` + sign + `)`)
)

// harmless returns a value that a spreadsheet shows and does not calculate.
//
// A spreadsheet takes a value that begins with = + - or @ for a formula, also
// after a tab or a carriage return. A ' makes it text. Where the list separator
// is a semicolon, a semicolon in a value begins another cell, so the same holds
// behind it; JSON has an escape for the semicolon, which keeps the value.
// Control characters are left out, line breaks and tabs become spaces.
func harmless(value string, isJSON bool) string {
	cleaned := strings.Map(func(r rune) rune {
		switch {
		case !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, value)
	if beginsFormula.MatchString(value) || beginsFormula.MatchString(cleaned) {
		cleaned = "'" + cleaned
	}
	if isJSON {
		return afterASemicolon.ReplaceAllString(cleaned, `\u003b$1`)
	}
	return afterASemicolon.ReplaceAllString(cleaned, `;'$1`)
}
