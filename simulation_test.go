package appstreaming

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"

	"github.com/wuying-go/appstreaming/internal/simulation"
)

var (
	simulationRuns = flag.Int("simulation.runs", 0, "runs of the simulation; 0: 500, and 25 under the race detector")
	simulationSeed = flag.Uint64("simulation.seed", 1, "seed of the first run")
)

// Each run of the simulation is a few activities of one client at once: listing
// in every way, snapshots, waits. The service throttles, its inventory changes,
// its keys rotate and its clock jumps; the network breaks; callers give up. Time
// is virtual. simulation_check_test.go has what must hold.
//
// A run that fails names its seed: -simulation.seed=N -simulation.runs=1 repeats
// it.
func TestSimulation(t *testing.T) {
	t.Parallel()
	runs := *simulationRuns
	if runs == 0 {
		runs = 500
		if UnderRaceDetector() {
			runs = 25
		}
	}
	var next atomic.Int64
	var total simulationTotals
	began := time.Now()
	t.Run("runs", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				for !t.Failed() {
					run := next.Add(1) - 1
					if run >= int64(runs) {
						return
					}
					simulate(t, *simulationSeed+uint64(run), &total)
				}
			})
		}
	})
	t.Logf("seeds from %d, %v: %v", *simulationSeed, time.Since(began).Round(time.Millisecond), &total)
	total.check(t)
}

// A seed meets the same troubles again, and ends the same way at the same moment.
func TestASimulationRepeatsItself(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		var total simulationTotals
		first, second := simulate(t, seed, &total), simulate(t, seed, &total)
		if first != second {
			t.Fatalf("seed %d went otherwise when repeated:\n%s\n\nand then:\n%s", seed, first, second)
		}
	}
}

// simulate makes the run of a seed in a bubble. It returns what happened.
func simulate(t *testing.T, seed uint64, total *simulationTotals) (trace string) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("seed %d: %v", seed, p)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		s := newSimulated(t, simulation.Seed(seed))
		s.run()
		s.check()
		total.add(s)
		trace = s.trace()
	})
	return trace
}

// The subjects of chance.
const (
	ofPlan = simulation.Subjects + iota
	ofActivity
	ofJitter
	ofPacer
	ofProvider
	ofSource
	ofLimiter
)

// simulated is a run.
type simulated struct {
	t         *testing.T
	seed      simulation.Seed
	network   simulation.Network
	transport *http.Transport
	service   *simulation.Service
	client    *Client
	plan      simulationPlan

	mu         sync.Mutex
	calls      []*simulatedCall
	activities []*activity
	texts      []string // that must show no secret
	problems   []string
}

// simulationPlan describes a run's client.
type simulationPlan struct {
	service    simulation.Plan
	survivable bool // nothing happens that a client cannot ride out
	policy     RetryPolicy
	pacing     bool
	signature  Signature
	prefetch   int
	maxConns   int
	provider   int
	limiter    time.Duration // longest delay of an attempt by the limiter
	size       int           // PageSize
	waited     []string      // images that WaitForImages waits for
}

// pick returns one of the choices.
func pick[T any](chance *rand.Rand, choices ...T) T { return choices[chance.IntN(len(choices))] }

// without returns the troubles except one.
func without(troubles []simulation.Trouble, left simulation.Trouble) []simulation.Trouble {
	return slices.DeleteFunc(slices.Clone(troubles), func(t simulation.Trouble) bool { return t == left })
}

func newPlan(seed simulation.Seed) simulationPlan {
	chance := seed.Draw(ofPlan)
	p := simulationPlan{
		survivable: chance.IntN(3) == 0,
		pacing:     chance.IntN(4) > 0,
		signature:  pick(chance, SignatureACS3, SignatureRPC),
		prefetch:   pick(chance, 0, 0, 1, 3, 8, 16),
		maxConns:   pick(chance, 0, 0, 2, 64),
		provider:   chance.IntN(4),
		limiter:    pick(chance, time.Millisecond, 100*time.Millisecond),
		size:       pick(chance, 1, 2, 3, 5, 10, 20),
		policy: RetryPolicy{
			MaxAttempts:      pick(chance, 0, 1, 2, 3, 5, 7),
			BaseDelay:        pick(chance, 0, time.Millisecond, time.Second),
			MaxDelay:         pick(chance, 0, 2*time.Second, 40*time.Second),
			AttemptTimeout:   pick(chance, 0, 3*time.Second, 10*time.Second),
			Budget:           pick(chance, 0, -1, 10, 60),
			ThrottlePatience: pick(chance, 0, 0, -1, 5*time.Second),
		},
	}
	plan := &p.service
	plan.Seed = seed
	plan.Share = pick(chance, 0, .1, .3, .6)
	plan.Cap = pick(chance, 0, 0, 0, max(1, p.size/2))
	plan.Troubles = simulation.Passing()
	if !p.survivable && chance.IntN(2) == 0 {
		plan.Troubles = append(plan.Troubles, simulation.Others()...)
	}
	if chance.IntN(3) == 0 { // one kind of trouble only
		plan.Troubles = []simulation.Trouble{pick(chance, plan.Troubles...)}
	}
	if chance.IntN(2) == 0 {
		plan.Limit = &simulation.Limit{Rate: pick(chance, 2., 5, 20), Burst: pick(chance, 1., 5, 20), Hint: chance.IntN(4)}
	}
	plan.Late = p.policy.attemptTimeout() + time.Second
	if p.provider > 0 {
		plan.Keys = simulation.Keys{Period: pick(chance, 0, 10*time.Second, time.Minute), Overlap: time.Second}
	}
	if chance.IntN(3) == 0 {
		plan.Skews = []simulation.Skew{{From: 0, Ahead: pick(chance, -time.Hour, time.Hour, 10*time.Minute)}}
		if chance.IntN(2) == 0 {
			from := time.Duration(chance.Int64N(int64(10 * time.Second)))
			plan.Skews = append(plan.Skews, simulation.Skew{From: from, Ahead: pick(chance, 0, -2*time.Hour)})
		}
	}
	p.fillInventory(chance)
	if p.survivable {
		p.makeSurvivable(chance)
	} else if chance.IntN(3) == 0 {
		plan.Lasting, plan.LastingShare = without(plan.Troubles, simulation.LostPage), .1
	}
	if plan.Cap > 0 { // a single small page and then an empty one is a listing's end
		plan.Troubles, plan.Lasting = without(plan.Troubles, simulation.AlwaysEmpty), without(plan.Lasting, simulation.AlwaysEmpty)
	}
	return p
}

// makeSurvivable leaves the client enough attempts for every page.
func (p *simulationPlan) makeSurvivable(chance *rand.Rand) {
	p.policy.MaxAttempts = 4 + chance.IntN(4)
	p.policy.Budget, p.policy.ThrottlePatience = -1, 10*time.Minute
	p.pacing = true
	p.policy.MaxDelay = pick(chance, 0, 5*time.Second)
	if p.service.Keys.Period > 0 {
		p.service.Keys = simulation.Keys{Period: time.Hour, Overlap: time.Minute}
	}
	p.service.Skews = p.service.Skews[:min(1, len(p.service.Skews))]
	p.service.SafeAttempts = p.policy.MaxAttempts - 3 // one to correct the clock, one to renew the key, one to succeed
}

// fillInventory decides which images there are, and how they change.
func (p *simulationPlan) fillInventory(chance *rand.Rand) {
	v := &p.service.Inventory
	total := pick(chance, 0, 1, p.size, 2*p.size+1, 3*p.size, chance.IntN(60))
	versions := pick(chance, 1, 1, 1, 2)
	for i := range total {
		v.Add(simulation.Image{ID: "imgc-" + strconv.Itoa(i/versions), Version: strconv.Itoa(i % versions), Gone: simulation.Never}, false)
	}
	moment := func() time.Duration {
		return 1 + time.Duration(chance.Int64N(int64(pick(chance, time.Second, 20*time.Second))))
	}
	for i := range pick(chance, 0, 1, 2) {
		image := simulation.Image{
			ID: "imgc-waited-" + strconv.Itoa(i), Version: "1", Created: pick(chance, 0, moment()), Gone: simulation.Never,
			Ready: moment(), Failed: chance.IntN(4) == 0,
		}
		if chance.IntN(4) == 0 {
			image.Gone = image.Created + moment()
		}
		p.waited = append(p.waited, image.ID)
		v.Add(image, chance.IntN(2) == 0)
	}
	switch chance.IntN(5) {
	case 0: // images are created
		for i := range 1 + chance.IntN(20) {
			v.Add(simulation.Image{ID: "imgc-new-" + strconv.Itoa(i), Version: "1", Created: moment(), Gone: simulation.Never}, chance.IntN(2) == 0)
		}
	case 1: // images are deleted
		for i := range min(total, 1+chance.IntN(20)) {
			v.Images[i*total/20%total].Gone = moment()
		}
	case 2: // both
		for i := range 1 + chance.IntN(10) {
			v.Add(simulation.Image{ID: "imgc-new-" + strconv.Itoa(i), Version: "1", Created: moment(), Gone: simulation.Never}, chance.IntN(2) == 0)
			if total > 0 {
				v.Images[chance.IntN(total)].Gone = moment()
			}
		}
	}
}

func newSimulated(t *testing.T, seed simulation.Seed) *simulated {
	plan := newPlan(seed)
	s := &simulated{t: t, seed: seed, plan: plan, service: simulation.New(plan.service)}
	s.network = simulation.Network{Service: s.service, Place: placeOf}
	s.transport = s.network.Transport(plan.maxConns)
	opts := []Option{
		WithEndpoint("http://simulated.invalid"), WithPlainHTTP(),
		WithHTTPClient(&http.Client{Transport: s.transport}),
		WithCredentials(s.provider()),
		WithSignature(plan.signature), WithRetry(plan.policy), WithPacing(plan.pacing), WithPrefetch(plan.prefetch),
		WithObserver(s.observe), WithMiddleware(s.intercept),
		WithLogger(slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		WithRateLimit(spreading{seed, plan.limiter}),
		s.determined,
	}
	client, err := New(RegionShanghai, opts...)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	s.client = client
	if seed%2 == 0 { // as a client that made its transport itself
		client.shared.owned = s.transport
	}
	var drawn int
	client.shared.gate.Chance = func() float64 { // the gate holds its lock
		drawn++
		return seed.Draw(ofPacer, drawn).Float64()
	}
	return s
}

// determined is an option that takes chance from the seed.
func (s *simulated) determined(c *config) error {
	var nonces atomic.Int64
	c.nonce = func() string { return "nonce-" + strconv.FormatInt(nonces.Add(1), 10) }
	c.jitter = func(bound time.Duration) time.Duration {
		if bound <= 0 {
			return 0
		}
		return time.Duration(s.seed.Draw(ofJitter, int(s.service.Now())).Int64N(int64(bound)))
	}
	return nil
}

// spreading is a Limiter. It delays every attempt a little, so that no two leave
// at the same moment, when chance alone would decide which one is first.
type spreading struct {
	seed  simulation.Seed
	bound time.Duration
}

func (l spreading) Wait(ctx context.Context) error {
	place, _ := placeOf(ctx)
	chance := l.seed.Draw(ofLimiter, place.Activity, place.Pass, place.Page, place.Attempt)
	timer := time.NewTimer(1 + time.Duration(chance.Int64N(int64(l.bound))))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// simulatedCall is a ListImage call.
type simulatedCall struct {
	place    simulation.Place
	policy   RetryPolicy
	began    time.Duration
	ended    time.Duration
	err      error
	returned bool
	attempts []Attempt
	asked    int // times the provider was asked
}

type callKey struct{}

func callIn(ctx context.Context) *simulatedCall {
	call, _ := ctx.Value(callKey{}).(*simulatedCall)
	return call
}

// placeOf returns the place of the attempt that ctx belongs to.
func placeOf(ctx context.Context) (simulation.Place, bool) {
	call := callIn(ctx)
	if call == nil {
		return simulation.Place{}, false
	}
	place := call.place
	place.Attempt = len(call.attempts) + 1
	return place, true
}

type activityKey struct{}

// intercept is the middleware that records calls.
func (s *simulated) intercept(next Handler) Handler {
	return func(ctx context.Context, req ListImageRequest) (*ListImageResponse, error) {
		number, _ := ctx.Value(activityKey{}).(int)
		call := &simulatedCall{
			place:  s.service.Begin(number, max(1, req.PageNumber), req.ImageID != ""),
			policy: s.activities[number-1].policy,
			began:  s.service.Now(),
		}
		s.mu.Lock()
		s.calls = append(s.calls, call)
		s.mu.Unlock()
		page, err := next(context.WithValue(ctx, callKey{}, call), req)
		call.ended, call.err, call.returned = s.service.Now(), err, true
		s.checkCall(ctx, call, page)
		return page, err
	}
}

// observe records attempts. It runs on the goroutine of the call.
func (s *simulated) observe(ctx context.Context, a Attempt) {
	call := callIn(ctx)
	call.attempts = append(call.attempts, a)
	s.show(fmt.Sprintf("%+v", a))
	s.showError(a.Err)
}

// Write receives the log.
func (s *simulated) Write(line []byte) (int, error) {
	s.show(string(line))
	return len(line), nil
}

func (s *simulated) show(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, text)
}

func (s *simulated) failf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// provider returns the client's source of credentials. It fails as the plan
// says, by page and attempt.
func (s *simulated) provider() CredentialsProvider {
	switch s.plan.provider {
	case 0:
		key := s.service.KeyAt(0)
		return StaticCredentials(key.ID, key.Secret, key.Token)
	case 1:
		return CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			if err := s.providerTrouble(ctx); err != nil {
				return Credentials{}, err
			}
			return s.currentKey(), nil
		})
	case 2:
		return &keeper{s: s}
	}
	return FromCredential(&simulatedSource{s: s})
}

func (s *simulated) currentKey() Credentials { return asCredentials(s.service.KeyAt(s.service.Now())) }

func asCredentials(key simulation.Key) Credentials {
	return Credentials{AccessKeyID: key.ID, AccessKeySecret: key.Secret, SecurityToken: key.Token}
}

var errNoNetwork = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// providerTrouble takes time, fails or hangs.
func (s *simulated) providerTrouble(ctx context.Context) error {
	call := callIn(ctx)
	place := call.place
	s.mu.Lock() // a provider that was given up may still run
	call.asked++
	asked := call.asked
	s.mu.Unlock()
	safe := s.plan.service.SafeAttempts
	if s.service.IsCalm() || safe > 0 && asked > safe {
		return nil
	}
	chance := s.seed.Draw(ofProvider, place.Activity, place.Pass, place.Page, asked)
	if chance.Float64() >= s.plan.service.Share/2 {
		return nil
	}
	switch kind := chance.IntN(6); {
	case kind == 0:
		return fmt.Errorf("asking for a key: %w", errNoNetwork)
	case kind == 1:
		time.Sleep(s.plan.policy.attemptTimeout() + time.Second) // even if ctx has ended
	case kind == 2:
		<-ctx.Done()
		return ctx.Err()
	case kind == 3 && !s.plan.survivable:
		return errors.New("no key today")
	case kind == 4 && !s.plan.survivable:
		return fmt.Errorf("none: %w", ErrNoCredentials)
	default:
		time.Sleep(time.Duration(chance.Int64N(int64(time.Second))))
	}
	return nil
}

// keeper keeps a key until the client says that it was refused.
type keeper struct {
	s    *simulated
	mu   sync.Mutex
	kept Credentials
}

func (k *keeper) Credentials(ctx context.Context) (Credentials, error) {
	if err := k.s.providerTrouble(ctx); err != nil {
		return Credentials{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == (Credentials{}) {
		k.kept = k.s.currentKey()
	}
	return k.kept, nil
}

func (k *keeper) InvalidateCredentials(_ context.Context, refused Credentials) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == refused {
		k.kept = Credentials{}
	}
}

// simulatedSource is a source of credentials-go. It knows no page: its troubles
// follow from the moment.
type simulatedSource struct {
	credentials.Credential

	s *simulated
}

func (k *simulatedSource) GetCredential() (*credentials.CredentialModel, error) {
	chance := k.s.seed.Draw(ofSource, int(k.s.service.Now()))
	time.Sleep(time.Duration(chance.Int64N(int64(50 * time.Millisecond))))
	if !k.s.plan.survivable && !k.s.service.IsCalm() && chance.Float64() < k.s.plan.service.Share/2 {
		switch chance.IntN(3) {
		case 0:
			return nil, errNoNetwork
		case 1:
			time.Sleep(2 * k.s.plan.policy.attemptTimeout())
		default:
			return nil, errors.New("refused, with the token " + k.s.currentKey().SecurityToken)
		}
	}
	key := k.s.currentKey()
	return &credentials.CredentialModel{
		AccessKeyId: &key.AccessKeyID, AccessKeySecret: &key.AccessKeySecret, SecurityToken: &key.SecurityToken,
	}, nil
}

// activity is the work of one caller.
type activity struct {
	number  int
	kind    string
	request ListImageRequest
	policy  RetryPolicy
	breaks  int           // images after which the caller leaves the range; 0: never
	endsAt  time.Duration // when the caller gives up, or Never
	cause   error         // the caller's; nil: none

	began, ended time.Duration
	ctx          context.Context
	images       []Image
	err          error
	errs         []error // of a caller that goes on after errors
	snapshot     *Snapshot
	left         bool
	silent       bool // images are missing that one pass cannot know of
	unlucky      bool // it failed because the inventory changed
	done         bool
}

// settling is how long a run waits before it checks that the client still works:
// longer than anything still in flight takes.
const settling = 2 * time.Minute

var errGaveUp = errors.New("the caller gave up")

// run does the activities, and then checks that the client still works.
func (s *simulated) run() {
	chance := s.seed.Draw(ofActivity)
	kinds := []string{"images", "images", "images", "pages", "pager", "snapshot", "wait", "get", "single"}
	var starts []func()
	for i := range pick(chance, 1, 1, 2, 3) {
		a := &activity{number: i + 1, kind: pick(chance, kinds...), endsAt: simulation.Never}
		a.request, a.policy = ListImageRequest{PageSize: s.plan.size}, s.plan.policy
		if a.kind == "wait" && len(s.plan.waited) == 0 {
			a.kind = "images"
		}
		if chance.IntN(8) == 0 {
			a.breaks = 1 + chance.IntN(2*s.plan.size)
		}
		begin := time.Duration(chance.Int64N(int64(pick(chance, time.Second, 5*time.Second))))
		patience := pick(chance, time.Second, 10*time.Second, time.Minute)
		ending := chance.IntN(10)
		a.endsAt = begin + 1 + time.Duration(chance.Int64N(int64(patience)))
		if a.kind == "wait" && ending > 3 && !s.plan.survivable {
			// A service that always refuses with a requested delay keeps a wait going.
			ending, a.endsAt = 1, begin+20*time.Minute
		}
		s.activities = append(s.activities, a)
		starts = append(starts, func() {
			time.Sleep(begin)
			ctx, cancel := s.contextOf(a, ending)
			defer cancel()
			s.perform(ctx, a)
		})
	}
	var running sync.WaitGroup
	for _, start := range starts { // after the list of activities is complete, because calls read it
		running.Go(start)
	}
	running.Wait()

	s.service.Calm()
	time.Sleep(settling)
	probe := &activity{
		number: len(s.activities) + 1, kind: "images", endsAt: simulation.Never, request: ListImageRequest{PageSize: s.plan.size},
		policy: RetryPolicy{Budget: -1}, // of the plan's budget nothing may be left
	}
	s.activities = append(s.activities, probe)
	s.perform(context.Background(), probe)
	if probe.err != nil {
		s.failf("when all is well again: %v", probe.err)
	}
	s.transport.CloseIdleConnections()
}

// contextOf returns the context of an activity.
func (s *simulated) contextOf(a *activity, ending int) (context.Context, context.CancelFunc) {
	ctx := context.Background()
	at := time.Now().Add(a.endsAt - s.service.Now())
	switch ending {
	case 0:
		a.cause = errGaveUp
		return context.WithDeadlineCause(ctx, at, errGaveUp)
	case 1:
		return context.WithDeadline(ctx, at)
	case 2:
		a.cause = errGaveUp
		ctx, cancel := context.WithCancelCause(ctx)
		timer := time.AfterFunc(time.Until(at), func() { cancel(errGaveUp) })
		return ctx, func() { timer.Stop(); cancel(nil) }
	case 3:
		ctx, cancel := context.WithCancel(ctx)
		timer := time.AfterFunc(time.Until(at), cancel)
		return ctx, func() { timer.Stop(); cancel() }
	}
	a.endsAt = simulation.Never
	return ctx, func() {}
}

// perform runs an activity.
func (s *simulated) perform(ctx context.Context, a *activity) {
	a.ctx = context.WithValue(ctx, activityKey{}, a.number)
	a.began = s.service.Now()
	opts := []Option{WithApplication("activity", strconv.Itoa(a.number)), WithRetry(a.policy)}
	switch a.kind {
	case "images":
		for image, err := range s.client.Images(a.ctx, a.request, opts...) {
			if a.err = err; err != nil {
				break
			}
			a.images = append(a.images, image)
			if a.left = len(a.images) == a.breaks; a.left {
				break
			}
		}
	case "pages":
		for page, err := range s.client.Pages(a.ctx, a.request, opts...) {
			if a.err = err; err != nil {
				break
			}
			a.images = append(a.images, page.Images...)
		}
	case "pager":
		s.page(a, opts)
	case "snapshot":
		a.snapshot, a.err = s.client.Snapshot(a.ctx, a.request, SnapshotOptions{}, opts...)
		if a.snapshot != nil {
			a.images = a.snapshot.Images
		}
	case "wait":
		a.images, a.err = s.client.WaitForImages(a.ctx, s.plan.waited, WaitOptions{Grace: 30 * time.Second}, opts...)
	case "get":
		image, err := s.client.GetImage(a.ctx, "imgc-0", opts...)
		if a.err = err; err == nil {
			a.images = append(a.images, image)
		}
	case "single":
		page, err := s.client.ListImage(a.ctx, a.request, opts...)
		if a.err = err; err == nil {
			a.images = page.Images
		}
	}
	a.ended, a.done = s.service.Now(), true
	s.checkEnd(a)
}

// page lists with a pager that goes on after an error.
func (s *simulated) page(a *activity, opts []Option) {
	pager := NewPager(s.client, a.request, opts...)
	ctx, cancel := context.WithCancel(a.ctx) // ends the requests that a pager left behind has in flight
	defer cancel()
	for pager.More() {
		page, err := pager.Next(ctx)
		if err != nil {
			a.errs = append(a.errs, err)
			if a.err = err; len(a.errs) > 3 || a.ctx.Err() != nil {
				return
			}
			continue
		}
		a.images, a.err = append(a.images, page.Images...), nil
	}
}

// trace is everything that happened, in an order that does not depend on chance.
func (s *simulated) trace() string {
	var b strings.Builder
	for _, line := range s.service.Trace() {
		fmt.Fprintln(&b, line)
	}
	for _, a := range s.activities {
		fmt.Fprintf(&b, "activity %d, %s: from %v to %v: %d images, %v, %v\n", a.number, a.kind, a.began, a.ended, len(a.images), a.errs, a.err)
	}
	return b.String()
}
