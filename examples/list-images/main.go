// Program list-images lists cloud desktop and cloud app images as a table, JSON, JSON lines or CSV.
// Try: go run ./examples/list-images -os-type Windows -o csv
package main

import (
	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

const sampleImages = 237

func main() { program().Main() }

func program() *demo.Program {
	var o options
	return &demo.Program{
		Name:    "list-images",
		About:   "Lists cloud desktop and cloud app images as a table, JSON, JSON lines or CSV.",
		Exits:   "; images listed before a failure are written",
		Samples: func() []appstreaming.Image { return appstreamingtest.SampleImages(sampleImages) },
		Flags:   o.flags,
		Check:   o.check,
		Run:     o.run,
	}
}
