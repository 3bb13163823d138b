package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// config holds the values of the flags.
type config struct {
	addr       string
	anyAddress bool
	seed       string
	count      int
	latency    time.Duration
	gzip       bool
	rate       float64
	faults     []fault

	listen *net.TCPAddr         // addr, resolved
	images []appstreaming.Image // of the seed, or samples
}

// double returns the double that the flags describe.
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

func (c *config) flags(f *demo.Flags) {
	c.addr, c.count = "127.0.0.1:8080", 237
	f.Group("Service")
	f.Text("addr", &c.addr, "`address` to listen on; port 0 takes a free one (default "+c.addr+")")
	f.Toggle("any-address", &c.anyAddress, "let -addr be an address other machines reach; it serves plain http with published keys")
	f.Text("seed", &c.seed, "JSON `file` of the images to hold: an array of them in wire form, or a whole ListImage response")
	f.Count("images", &c.count, 0, math.MaxInt32, "`number` of sample images to hold when there is no -seed (default 237)")
	f.Group("Faults")
	f.Duration("latency", &c.latency, "delay every response by this `duration`")
	f.Toggle("gzip", &c.gzip, "compress responses for clients that accept it")
	f.Value("rate", "refuse requests beyond this `number` a second with Throttling.User; 0: no limit (default)", func(s string) error {
		rate, err := strconv.ParseFloat(s, 64)
		if err != nil || !(rate >= 0) { // NaN too
			return errors.New("must be a number that is not negative")
		}
		c.rate = rate
		return nil
	})
	f.Value("fail", "a `fault`, such as code=Throttling.User,times=3; may be repeated", c.addFault)
	f.Value("fail-every", "refuse every `n`th request with ServiceUnavailable; short for -fail every=n,code=ServiceUnavailable",
		func(n string) error { return c.addFault("code=ServiceUnavailable,every=" + n) })
}

func (c *config) addFault(text string) error {
	f, err := parseFault(text)
	c.faults = append(c.faults, f)
	return err
}

// check reads the seed and resolves the address.
func (c *config) check(demo.Env) (err error) {
	if c.listen, err = resolve(c.addr, c.anyAddress); err != nil {
		return err
	}
	if c.seed == "" {
		c.images = appstreamingtest.SampleImages(c.count)
		return nil
	}
	c.images, err = readSeed(c.seed)
	return err
}

// resolve returns the address of -addr. It must be on the loopback interface
// unless any address is allowed.
func resolve(addr string, anyAddress bool) (*net.TCPAddr, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %q: %w", addr, err)
	}
	if !anyAddress && !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("-addr %q is not on loopback: other machines could reach it; add -any-address to allow that", addr)
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
		var members map[string]json.RawMessage
		var page appstreaming.ListImageResponse
		err = errors.Join(json.Unmarshal(text, &members), json.Unmarshal(text, &page))
		if _, isPage := members["Data"]; err == nil && !isPage {
			err = errors.New("a response without Data holds no images")
		}
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
