package appstreaming

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wuying-go/appstreaming/internal/simulation"
)

// tolerance is virtual time. Steps that take no time may take that long.
const tolerance = time.Millisecond

// checkCall checks a ListImage call that has just ended.
func (s *simulated) checkCall(ctx context.Context, call *simulatedCall, page *ListImageResponse) {
	problem := func(format string, args ...any) {
		s.failf("call %+v: %s; attempts %+v; error %v", call.place, fmt.Sprintf(format, args...), call.attempts, call.err)
	}
	s.showError(call.err)
	if page != nil {
		s.show(page.Message + page.RequestID + fmt.Sprint(page.Header))
	}
	policy, made := call.policy, len(call.attempts)
	switch {
	case (page == nil) == (call.err == nil):
		problem("page %v", page)
	case page != nil && page.Attempts != made:
		problem("the page says %d attempts", page.Attempts)
	case call.err != nil:
		s.checkError(ctx, call.err, problem)
		if n, ok := attemptsOf(call.err); ok && n != made {
			problem("the error says %d attempts of %d", n, made)
		}
	}
	patient := s.plan.pacing && policy.throttlePatience() > 0 // a listing may be: it counts throttled attempts otherwise
	if made > policy.maxAttempts() && !patient {
		problem("%d attempts", made)
	}
	spent := policy.attemptTimeout() // by asking the provider for another key
	for i, a := range call.attempts {
		spent += a.Waited + a.Duration + a.RetryIn
		switch paced := s.plan.pacing && isThrottled(a.Err); {
		case a.Number != i+1:
			problem("attempt %d is number %d", i+1, a.Number)
		case a.Duration > policy.attemptTimeout()+tolerance:
			problem("an attempt took %v", a.Duration)
		case !paced && a.RetryIn > policy.maxDelay():
			problem("a wait of %v", a.RetryIn)
		case !a.Retry && i+1 < made:
			problem("attempt %d was not the last", i+1)
		case a.Retry && i+1 == made && ctx.Err() == nil:
			problem("no attempt followed, although one was announced")
		}
	}
	if took := call.ended - call.began; took > spent+tolerance && ctx.Err() == nil {
		problem("the call took %v, its attempts and waits %v", took, spent)
	}
	if patience := policy.throttlePatience(); call.ended-call.began > max(0, patience)+longestCall(policy) {
		problem("the call took %v", call.ended-call.began)
	}
}

// longestCall is a generous bound of a call that the service does not throttle.
func longestCall(p RetryPolicy) time.Duration {
	return time.Duration(p.maxAttempts()+1)*(p.attemptTimeout()+p.maxDelay()) + 5*time.Minute
}

func attemptsOf(err error) (int, bool) {
	if e, ok := as[*APIError](err); ok {
		return e.Attempts, true
	}
	if e, ok := as[*TransportError](err); ok {
		return e.Attempts, true
	}
	if e, ok := as[*CredentialsError](err); ok {
		return e.Attempts, true
	}
	if e, ok := as[*DecodeError](err); ok {
		return e.Attempts, true
	}
	return 0, false
}

// checkError checks that an error has a type of the package, or is the caller's
// own ending with its cause.
func (s *simulated) checkError(ctx context.Context, err error, problem func(string, ...any)) {
	canceled, late := errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded)
	switch {
	case ctx.Err() == nil && (canceled || late):
		problem("it looks like the end of a context that is alive")
	case ctx.Err() != nil && !(errors.Is(err, ctx.Err()) && errors.Is(err, context.Cause(ctx))):
		problem("it does not match %v and %v", ctx.Err(), context.Cause(ctx))
	case canceled && late:
		problem("it matches Canceled and DeadlineExceeded")
	case ctx.Err() == nil && !isTyped(err):
		problem("%T has no type of the package", err)
	}
}

func isTyped(err error) bool {
	if _, ok := attemptsOf(err); ok {
		return true
	}
	for _, known := range []error{
		ErrIncomplete, ErrPageLoop, ErrUnstable, ErrImageFailed, ErrImageGone, ErrImageNotListed, ErrImageNotFound, ErrAmbiguousName,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// showError shows every text that an error holds.
func (s *simulated) showError(err error) {
	if err == nil {
		return
	}
	s.show(fmt.Sprintf("%v %+v", err, err))
	if e, ok := as[*APIError](err); ok {
		s.show(fmt.Sprintf("%s %s %s %s %s", e.Message, e.RequestID, e.Recommend, e.HostID, e.Body))
	}
	if e, ok := as[*DecodeError](err); ok {
		s.show(fmt.Sprintf("%s %s %s %s", e.Path, e.Reason, e.RequestID, e.Body))
	}
}

// checkEnd checks an activity that has just ended.
func (s *simulated) checkEnd(a *activity) {
	problem := func(format string, args ...any) {
		s.failf("activity %d, %s, from %v to %v, %d images, error %v: %s",
			a.number, a.kind, a.began, a.ended, len(a.images), a.err, fmt.Sprintf(format, args...))
	}
	s.showError(a.err)
	if a.ended > a.endsAt+tolerance {
		problem("it went on although the caller had given up at %v", a.endsAt)
	}
	for _, err := range append(a.errs, a.err) {
		if err != nil && (err == a.err || a.ctx.Err() == nil) {
			s.checkError(a.ctx, err, problem)
		}
	}
	if a.kind == "images" || a.kind == "snapshot" || a.kind == "pages" || a.kind == "pager" {
		s.checkImages(a, problem)
	}
	if s.plan.survivable && a.err != nil && a.endsAt == simulation.Never {
		s.checkSurvivor(a, problem)
	}
	if a.kind == "wait" && a.ctx.Err() == nil {
		s.checkWait(a, problem)
	}
}

// changedDuring reports whether the inventory changed during an activity.
func (s *simulated) changedDuring(a *activity) bool {
	return s.service.Inventory().ChangedIn(a.began, a.ended) > 0
}

// checkImages checks what a listing delivered.
func (s *simulated) checkImages(a *activity, problem func(string, ...any)) {
	inventory := s.service.Inventory()
	got := make(map[imageVersion]bool, len(a.images))
	for i := range a.images {
		image := &a.images[i]
		id := imageVersion{image.ImageID, image.VersionID}
		if got[id] && (a.kind == "images" || a.kind == "snapshot" || !s.changedDuring(a)) {
			problem("image %v comes twice", id)
		}
		got[id] = true
		if image.ImageName != "name of "+image.ImageID {
			problem("image %v is named %q", id, image.ImageName)
		}
	}
	if a.err != nil || a.left || (a.kind == "pages" || a.kind == "pager") && s.changedDuring(a) {
		return
	}
	for i := range inventory.Images {
		image := &inventory.Images[i]
		if image.ListedThroughout(a.began, a.ended) && !got[imageVersion{image.ID, image.Version}] {
			if s.hiddenFrom(a) {
				a.silent = true
				continue
			}
			problem("image %s %s is missing", image.ID, image.Version)
			return
		}
	}
	if !s.changedDuring(a) && !slices.EqualFunc(inventory.At(a.began, ""), a.images, func(want *simulation.Image, got Image) bool {
		return want.ID == got.ImageID && want.Version == got.VersionID
	}) {
		problem("the images are not in the service's order")
	}
	if a.kind == "snapshot" && !a.silent {
		s.checkSnapshot(a, got, problem)
	}
}

type imageVersion struct{ id, version string }

// checkSnapshot checks that a snapshot is the inventory of one moment.
func (s *simulated) checkSnapshot(a *activity, got map[imageVersion]bool, problem func(string, ...any)) {
	inventory := s.service.Inventory()
	for _, at := range append([]time.Duration{a.began}, inventory.Changes...) {
		listed := inventory.At(at, "")
		if at >= a.began && at <= a.ended && len(listed) == len(got) &&
			!slices.ContainsFunc(listed, func(i *simulation.Image) bool { return !got[imageVersion{i.ID, i.Version}] }) {
			return
		}
	}
	problem("it is not the inventory of any moment")
}

// hiddenFrom reports whether changes can have canceled out in Count between two
// pages that the activity saw, or made page 1 look like another page.
func (s *simulated) hiddenFrom(a *activity) bool {
	inventory := s.service.Inventory()
	if s.changedDuring(a) && slices.Contains(s.plan.service.Troubles, simulation.FirstPage) {
		return true
	}
	var sights []simulation.Sight
	for _, sight := range s.service.Report().Sights {
		if sight.Activity == a.number {
			sights = append(sights, sight)
		}
	}
	for i, first := range sights {
		for _, second := range sights[i+1:] {
			if first.Count == second.Count && inventory.ChangedIn(first.At, second.At) > 0 {
				return true
			}
		}
	}
	return false
}

// checkSurvivor checks an error of a run in which a client can ride out
// everything.
func (s *simulated) checkSurvivor(a *activity, problem func(string, ...any)) {
	changed := s.changedDuring(a)
	switch {
	case a.kind == "single": // it has no patience when it is throttled
		return
	case a.kind == "wait":
		for _, image := range s.service.Inventory().Images {
			if slices.Contains(s.plan.waited, image.ID) && (image.Failed || image.Gone < simulation.Never) {
				return
			}
		}
	case a.kind == "get" && errors.Is(a.err, ErrAmbiguousName), a.kind == "get" && errors.Is(a.err, ErrImageNotFound):
		for _, image := range s.service.Inventory().Images {
			if image.ID == "imgc-0" && image.ListedThroughout(a.began, a.ended) {
				problem("there was such an image")
			}
		}
		return
	case changed && (errors.Is(a.err, ErrIncomplete) || errors.Is(a.err, ErrPageLoop) || errors.Is(a.err, ErrUnstable)):
		a.unlucky = true
		return
	}
	problem("a client can ride this out")
}

// checkWait checks the result of a wait.
func (s *simulated) checkWait(a *activity, problem func(string, ...any)) {
	lost := slices.Contains(s.plan.service.Troubles, simulation.LostPage) || slices.Contains(s.plan.service.Troubles, simulation.AlwaysEmpty)
	var failed, gone bool
	for _, image := range s.service.Inventory().Images {
		if !slices.Contains(s.plan.waited, image.ID) {
			continue
		}
		failed = failed || image.Failed && image.Ready <= a.ended
		gone = gone || image.Gone <= a.ended
		if a.err == nil && (image.Failed || image.Ready > a.ended) {
			problem("image %s is not ready", image.ID)
		}
	}
	switch {
	case errors.Is(a.err, ErrImageFailed) && !failed, errors.Is(a.err, ErrImageGone) && !gone && !lost:
		problem("that did not happen")
	}
}

// check checks what is left when a run is over.
func (s *simulated) check() {
	synctest.Wait()
	open := s.network.Open()
	if open > 0 {
		s.failf("%d connections are open", open)
	}
	for _, a := range s.activities {
		if !a.done {
			s.failf("activity %d, %s, has not ended", a.number, a.kind)
		}
	}
	s.checkBudget()
	s.checkSecrets()
	report := s.service.Report()
	s.problems = append(s.problems, report.Faults...)
	if len(s.problems) > 0 {
		const most = 5
		s.t.Errorf("seed %d (repeat it with -run 'TestSimulation$' -simulation.seed=%d -simulation.runs=1): %d problems\n%s\n\n%s",
			s.seed, s.seed,
			len(s.problems), strings.Join(s.problems[:min(most, len(s.problems))], "\n"), s.describe())
	}
}

// describe returns the plan and what happened.
func (s *simulated) describe() string {
	plan := s.plan
	var images strings.Builder
	for _, image := range plan.service.Inventory.Images {
		fmt.Fprintf(&images, "%+v\n", image)
	}
	plan.service.Inventory = simulation.Inventory{}
	trace := s.trace()
	const most = 8000
	if len(trace) > most {
		trace = trace[:most] + "..."
	}
	return fmt.Sprintf("%+v\n%s\n%s", plan, images.String(), trace)
}

// checkBudget checks that no retry token was lost or made. What calls that
// failed have spent is gone, but every call that succeeded adds one.
func (s *simulated) checkBudget() {
	taken := s.client.shared.budget.Taken()
	var spent, successes int64
	for _, call := range s.calls {
		if !call.returned {
			s.failf("call %+v has not ended", call.place)
		}
		if call.policy.budget() < 0 {
			continue // it neither takes tokens nor adds any
		}
		if call.err == nil {
			successes++
			continue
		}
		for _, a := range call.attempts[:max(0, len(call.attempts)-1)] {
			if !(s.plan.pacing && isThrottled(a.Err)) {
				spent += 5
			}
		}
	}
	if taken > spent || taken < spent-successes || taken < 0 {
		s.failf("%d tokens are taken; failed calls took %d, and %d calls succeeded", taken, spent, successes)
	}
}

// checkSecrets checks that no text shows a secret.
func (s *simulated) checkSecrets() {
	s.show(s.client.String() + fmt.Sprintf("%+v", s.client))
	all := strings.Join(s.texts, "\n")
	look := func(secret string) {
		if before, _, found := strings.Cut(all, secret); found {
			from := strings.LastIndexByte(before, '\n') + 1
			s.failf("a text shows %q: %.2000s", secret, all[from:])
		}
	}
	look(simulation.Canary)
	for _, signature := range s.service.Report().Signatures {
		if signature == "" {
			continue
		}
		look(signature)
		if escaped := url.QueryEscape(signature); escaped != signature {
			look(escaped)
		}
	}
}

// simulationTotals counts what the runs went through.
type simulationTotals struct {
	runs, activities, calls, attempts, troubles, pages atomic.Int64
	complete, failed, ended, silent, unlucky           atomic.Int64
}

func (n *simulationTotals) add(s *simulated) {
	report := s.service.Report()
	n.runs.Add(1)
	n.troubles.Add(int64(report.Troubles))
	n.pages.Add(int64(report.Pages))
	n.calls.Add(int64(len(s.calls)))
	for _, call := range s.calls {
		n.attempts.Add(int64(len(call.attempts)))
	}
	for _, a := range s.activities {
		n.activities.Add(1)
		switch {
		case a.silent:
			n.silent.Add(1)
		case a.unlucky:
			n.unlucky.Add(1)
		case a.err == nil:
			n.complete.Add(1)
		case a.ctx.Err() != nil:
			n.ended.Add(1)
		default:
			n.failed.Add(1)
		}
	}
}

func (n *simulationTotals) String() string {
	return fmt.Sprintf("%d runs of %d activities, %d calls, %d attempts, %d troubles, %d pages; %d activities succeeded, %d failed, "+
		"%d were ended by the caller, %d missed images because changes canceled out in Count, %d failed because of changes",
		n.runs.Load(), n.activities.Load(), n.calls.Load(), n.attempts.Load(), n.troubles.Load(), n.pages.Load(),
		n.complete.Load(), n.failed.Load(), n.ended.Load(), n.silent.Load(), n.unlucky.Load())
}

// check checks that enough went wrong to show anything, and that what cannot be
// known in one pass is rare.
func (n *simulationTotals) check(t *testing.T) {
	t.Helper()
	runs := n.runs.Load()
	if runs < 100 {
		return
	}
	if n.troubles.Load() < runs || n.failed.Load() < runs/10 || n.complete.Load() < runs || n.ended.Load() < runs/20 {
		t.Error("too little went wrong to show anything")
	}
	if n.silent.Load() > runs/20 || n.unlucky.Load() > runs/20 {
		t.Error("too many listings went wrong because the inventory changed")
	}
}
