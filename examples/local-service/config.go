package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// config is what the arguments say.
type config struct {
	addr    *net.TCPAddr
	images  []appstreaming.Image
	latency time.Duration
	gzip    bool
	rate    float64
	faults  []fault
}

// double makes the double that is asked for.
func (c *config) double() *appstreamingtest.Server {
	s := appstreamingtest.New(c.images...)
	s.KeepRequests(keptRequests)
	s.SetLatency(c.latency)
	s.SetGzip(c.gzip)
	s.SetRateLimit(c.rate)
	for _, f := range c.faults {
		s.Fail(f.times, f.Fault)
	}
	return s
}

// parse reads the arguments. Usage goes to stderr, errors are returned.
func parse(args []string, stderr io.Writer) (*config, error) {
	cfg := new(config)
	flags := flag.NewFlagSet("local-service", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are printed once, by run
	flags.Usage = func() {
		flags.SetOutput(stderr)
		fmt.Fprintln(stderr, "Usage: local-service [flags]")
		flags.PrintDefaults()
		fmt.Fprint(stderr, faultUsage)
	}
	addr := flags.String("addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	anyAddress := flags.Bool("any-address", false, "let -addr be an address other machines reach; what is served is plain http with published keys")
	seed := flags.String("seed", "", "JSON `file` of the images to hold: an array of them in wire form, or a whole ListImage response")
	images := flags.Int("images", 237, "`number` of sample images to hold when there is no -seed")
	flags.DurationVar(&cfg.latency, "latency", 0, "delay every answer by this `duration`")
	flags.BoolVar(&cfg.gzip, "gzip", false, "compress responses for clients that accept it")
	flags.Float64Var(&cfg.rate, "rate", 0, "refuse requests beyond this `number` a second with Throttling.User; 0: no limit")
	flags.Func("fail", "a `fault`, as code=Throttling.User,times=3; may be repeated", func(text string) error {
		f, err := parseFault(text)
		cfg.faults = append(cfg.faults, f)
		return err
	})
	flags.Func("fail-every", "refuse every `n`th request with ServiceUnavailable; short for -fail every=n,code=ServiceUnavailable", func(text string) error {
		f, err := parseFault("code=ServiceUnavailable,every=" + text)
		cfg.faults = append(cfg.faults, f)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case *images < 0:
		return nil, fmt.Errorf("-images %d: must not be negative", *images)
	case cfg.latency < 0:
		return nil, fmt.Errorf("-latency %v: must not be negative", cfg.latency)
	case !(cfg.rate >= 0): // NaN too
		return nil, fmt.Errorf("-rate %v: must not be negative", cfg.rate)
	}

	var err error
	if cfg.addr, err = resolve(*addr, *anyAddress); err != nil {
		return nil, err
	}
	if *seed == "" {
		cfg.images = appstreamingtest.SampleImages(*images)
		return cfg, nil
	}
	cfg.images, err = readSeed(*seed)
	return cfg, err
}

// resolve turns -addr into an address of the loopback interface, unless any will
// do.
func resolve(addr string, anyAddress bool) (*net.TCPAddr, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %q: %w", addr, err)
	}
	if !anyAddress && !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("-addr %q is not on loopback: other machines would reach it; give -any-address if that is meant", addr)
	}
	return tcp, nil
}

// readSeed reads images in wire form: an array of them, or a page that was saved.
func readSeed(name string) ([]appstreaming.Image, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("-seed: %w", err)
	}
	var images []appstreaming.Image
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		var page appstreaming.ListImageResponse
		err = json.Unmarshal(text, &page)
		images = page.Images
	} else {
		err = json.Unmarshal(text, &images)
	}
	if err != nil {
		return nil, fmt.Errorf("-seed %s: %w", name, err)
	}
	for i, image := range images {
		if image.ImageID == "" {
			return nil, fmt.Errorf("-seed %s: image %d has no ImageId", name, i)
		}
	}
	return images, nil
}
