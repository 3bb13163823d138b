// Program doctor checks your set-up and what this library assumes about the service, and prints a report for an issue.
// Try: go run ./examples/doctor, and with credentials go run ./examples/doctor -live -o markdown
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func main() { new(doctor).program().Main() }

// doctor holds the settings of the flags and the tests.
type doctor struct {
	format string
	probe  bool
	real   bool          // names in the report
	pause  time.Duration // before the request that checks idle connections

	patience time.Duration            // 0: the constant of that name
	retry    appstreaming.RetryPolicy // of all requests

	transport *http.Transport       // nil: a new one
	options   []appstreaming.Option // for the clients
	now       func() time.Time
}

func (d *doctor) program() *demo.Program {
	return &demo.Program{
		Name: "doctor",
		About: "Checks whether this machine can list images and whether the service behaves as the library assumes " +
			"(docs/assumptions.md). Sends at most 40 requests, reads only.",
		Exits:   "; also 1 when an assumption does not hold, and 2 when the set-up does not work",
		Timeout: 3 * time.Minute,
		Samples: func() []appstreaming.Image { return appstreamingtest.SampleImages(237) },
		Flags:   d.flags,
		Run:     d.run,
	}
}

func (d *doctor) flags(f *demo.Flags) {
	f.Group("Report")
	d.format = "table"
	f.OneOf("o", &d.format, "`format`: table, json or markdown (default table)", "table", "json", "markdown")
	f.Toggle("with-names", &d.real, "show names and identifiers of your account; otherwise they are replaced")
	f.Group("Checks")
	f.Toggle("probe-refusals", &d.probe,
		"also send requests the service must refuse: a repeated nonce, a wrong signature; they can trip an account's risk controls")
	if d.pause == 0 {
		d.pause = 8 * time.Second
	}
	f.Duration("idle", &d.pause, "`duration` of the pause before the check of idle connections (default 8s)")
}

// run makes the report. An error is one of writing it, or says that something
// does not hold.
func (d *doctor) run(ctx context.Context, s *demo.Session) error {
	if d.now == nil {
		d.now = time.Now
	}
	v, err := d.investigator(s)
	if err != nil {
		return err
	}
	setting, err := d.setting(s, v)
	if err != nil {
		return err
	}
	r := &report{
		Version: appstreaming.Version, GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Service: setting.endpoint.String(), Signature: v.signature.String(), Time: d.now().UTC().Format(time.RFC3339),
		Assumptions: []finding{}, // in JSON a list, not null
	}
	if s.Service != nil {
		r.Service = "the built-in service"
		s.Service.SetGzip(true) // as the platform's gateways do
	}
	var images []appstreaming.Image
	if r.SetUp, r.works = v.setUp(ctx, setting); r.works {
		e := v.gather(ctx)
		r.Assumptions, images = judge(e), slices.Concat(listed(e.first), listed(e.second), listed(e.available))
	}
	v.names.hide(r.SetUp, nil)
	v.names.hide(r.Assumptions, images)
	// When the time is over, the report shows what was found until then.
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	r.Requests = v.record.count()
	if err := formats[d.format](s.Stdout, r); err != nil {
		return err
	}
	if code := r.exitCode(); code != exitHolds {
		return &demo.ExitError{Code: code, Err: errors.New(r.summary()), Hint: "the report names each check and what to do"}
	}
	return nil
}

// investigator derives clients from the session's that record what they send.
func (d *doctor) investigator(s *demo.Session) (*investigator, error) {
	transport := d.transport
	if transport == nil {
		transport = newTransport()
	}
	record := &recorder{next: transport, now: d.now}
	retry := d.retry
	if retry.MaxAttempts == 0 {
		retry.MaxAttempts = 3 // few, because of the bound on requests
	}
	opts := append(d.options, appstreaming.WithRetry(retry), appstreaming.WithHTTPClient(&http.Client{Transport: record}))
	client, err := s.Client.With(opts...)
	if err != nil {
		return nil, err
	}
	primary, secondary := appstreaming.SignatureACS3, appstreaming.SignatureRPC
	if s.Signature == appstreaming.SignatureRPC {
		primary, secondary = secondary, primary
	}
	other, err := client.With(appstreaming.WithSignature(secondary))
	if err != nil {
		return nil, err
	}
	return &investigator{
		client: client, other: other, signature: primary, record: record, names: &names{real: d.real},
		now: d.now, sleep: sleep, pause: d.pause, probe: d.probe,
		patience: cmp.Or(d.patience, patience), retry: retry,
	}, nil
}

func (d *doctor) setting(s *demo.Session, v *investigator) (setting, error) {
	_, text, _ := strings.Cut(s.Client.String(), "(")
	endpoint, err := url.Parse(strings.TrimSuffix(text, ")"))
	if err != nil {
		return setting{}, fmt.Errorf("the client's endpoint: %w", err)
	}
	result := setting{
		source: source(s, d.now()), region: s.Region, endpoint: endpoint, names: v.names, refusal: new(proxyRefusal),
		home: demo.Home(s.Getenv), proxyVariable: cmp.Or(s.Getenv("HTTPS_PROXY"), s.Getenv("https_proxy")),
	}
	if transport, ok := v.record.next.(*http.Transport); ok {
		result.proxy = transport.Proxy
		transport.OnProxyConnectResponse = result.refusal.note
	}
	return result, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
