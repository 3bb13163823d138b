package simulation

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Plan describes the behavior of a service.
type Plan struct {
	Seed      Seed
	Inventory Inventory
	Cap       int // most images on a page, regardless of PageSize; 0: PageSize

	Troubles     []Trouble
	Share        float64 // of attempts that meet trouble
	SafeAttempts int     // attempts after these meet none; 0: all may
	Lasting      []Trouble
	LastingShare float64       // of pages that meet one of Lasting at every attempt
	Late         time.Duration // of a late answer

	Limit *Limit // nil: none
	Keys  Keys
	Skews []Skew
}

// Skew is the lead of the service's clock from a moment on.
type Skew struct{ From, Ahead time.Duration }

// Limit is a token bucket.
type Limit struct {
	Rate, Burst float64 // requests a second, requests
	Hint        int     // 0: none, 1: x-acs-retry-after, 2: Retry-After, 3: TimeLeft
}

// Keys is how the service's keys follow one another.
type Keys struct {
	Period  time.Duration // after which there is another key; 0: never
	Overlap time.Duration // for which the one before is still good
}

// Key is an STS key. Every secret contains Canary.
type Key struct{ ID, Secret, Token string }

// Canary is a part of every secret.
const Canary = "CANARY"

// Key returns the key of a generation, counted from 0.
func (k Keys) Key(generation int) Key {
	n := strconv.Itoa(generation)
	return Key{"STS.simulated" + n, Canary + "secret/+" + n, Canary + "token+/" + n + "=="}
}

// Generation returns the latest key's generation.
func (k Keys) Generation(at time.Duration) int {
	if k.Period == 0 {
		return 0
	}
	return int(at / k.Period)
}

// good reports whether the service accepts a key at a moment.
func (k Keys) good(id, token string, at time.Duration) bool {
	current := k.Generation(at)
	if key := k.Key(current); key.ID == id && key.Token == token {
		return true
	}
	if current == 0 || at-time.Duration(current)*k.Period >= k.Overlap {
		return false
	}
	key := k.Key(current - 1)
	return key.ID == id && key.Token == token
}

// Sight is a page of the whole inventory as it was served.
type Sight struct {
	Activity int
	At       time.Duration
	Count    int
}

// Service answers requests.
type Service struct {
	plan  Plan
	start time.Time

	mu      sync.Mutex
	calm    bool
	passes  map[Place]int // of places without pass and attempt
	tokens  float64
	filled  time.Duration // when tokens was true
	nonces  map[string]bool
	secrets []string         // signatures
	quotes  map[Place]string // of the attempts before, by place without attempt
	sights  []Sight
	events  []event
	faults  []string
	meets   int
	served  int
}

// New returns a service that starts now.
func New(plan Plan) *Service {
	plan.Inventory.settle()
	s := &Service{plan: plan, start: time.Now(), passes: make(map[Place]int), quotes: make(map[Place]string), nonces: make(map[string]bool)}
	if plan.Limit != nil {
		s.tokens = plan.Limit.Burst
	}
	return s
}

// Inventory returns all images that ever exist.
func (s *Service) Inventory() *Inventory { return &s.plan.Inventory }

// KeyAt returns the latest key of a moment.
func (s *Service) KeyAt(at time.Duration) Key { return s.plan.Keys.Key(s.plan.Keys.Generation(at)) }

// IsCalm reports whether Calm was called.
func (s *Service) IsCalm() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calm
}

// Now returns the time since the start.
func (s *Service) Now() time.Duration { return time.Since(s.start) }

// Calm ends all troubles, the limit included. The clock is right from now on.
func (s *Service) Calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calm = true
}

// Begin records that a call begins, and returns the place of its first attempt.
func (s *Service) Begin(activity, page int, alone bool) Place {
	s.mu.Lock()
	defer s.mu.Unlock()
	place := Place{Activity: activity, Page: page, Alone: alone}
	s.passes[place]++
	place.Pass, place.Attempt = s.passes[place], 1
	return place
}

// IsRefused reports whether the connection for an attempt is refused.
func (s *Service) IsRefused(p Place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	refused := s.trouble(p) == Refused
	if refused {
		s.note(p, Refused, "refused")
	}
	return refused
}

func (s *Service) note(p Place, t Trouble, result string) {
	if t != None {
		s.meets++
	}
	s.events = append(s.events, event{s.Now(), p, t, result})
}

// event is the outcome of an attempt.
type event struct {
	at      time.Duration
	place   Place
	trouble Trouble
	result  string
}

func (e event) String() string {
	return fmt.Sprintf("%14v %+v: trouble %d: %s", e.at, e.place, e.trouble, e.result)
}

// Trace describes all attempts that were noticed, in order of time.
func (s *Service) Trace() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortStableFunc(s.events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	lines := make([]string, len(s.events))
	for i, e := range s.events {
		lines[i] = e.String()
	}
	return lines
}

// Report holds the observations of a service.
type Report struct {
	Sights     []Sight
	Signatures []string
	Faults     []string // requests that a correct client never makes
	Troubles   int
	Pages      int
}

// Report returns what the service saw so far.
func (s *Service) Report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Report{s.sights, s.secrets, s.faults, s.meets, s.served}
}

// request is a request as it arrives.
type request struct {
	Place
	size      int
	imageID   string
	keyID     string
	token     string
	nonce     string
	date      time.Time
	signature string
	quote     string // the text of the request and of the attempt before, secrets included
}

var activityTag = regexp.MustCompile(`activity/(\d+)`)

// read takes a request apart.
func (s *Service) read(r *http.Request) (request, error) {
	if err := r.ParseForm(); err != nil {
		return request{}, err
	}
	q := request{
		imageID:   r.Form.Get("ImageId"),
		keyID:     r.Form.Get("AccessKeyId"),
		token:     r.Form.Get("SecurityToken"),
		nonce:     r.Form.Get("SignatureNonce"),
		signature: r.Form.Get("Signature"),
		quote:     r.URL.RawQuery,
	}
	date := r.Form.Get("Timestamp")
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		_, rest, _ := strings.Cut(authorization, "Credential=")
		q.keyID, _, _ = strings.Cut(rest, ",")
		_, q.signature, _ = strings.Cut(authorization, "Signature=")
		q.token, q.nonce = r.Header.Get("X-Acs-Security-Token"), r.Header.Get("X-Acs-Signature-Nonce")
		date = r.Header.Get("X-Acs-Date")
		q.quote = authorization + " " + q.token + " " + url.QueryEscape(q.token)
	}
	var err error
	if q.date, err = time.Parse(time.RFC3339, date); err != nil {
		return q, err
	}
	number := func(text string, otherwise int) int {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
		return otherwise
	}
	q.Page, q.size = number(r.Form.Get("PageNumber"), 1), number(r.Form.Get("PageSize"), 10)
	q.Attempt = number(r.Header.Get("X-Acs-Retry-Attempts"), 0) + 1
	q.Alone = q.imageID != ""
	if tag := activityTag.FindStringSubmatch(r.UserAgent()); tag != nil {
		q.Activity = number(tag[1], 0)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q.Pass = s.passes[Place{Activity: q.Activity, Page: q.Page, Alone: q.Alone}]
	if s.nonces[q.nonce] || q.nonce == "" {
		s.faults = append(s.faults, fmt.Sprintf("%+v: nonce %q used before", q.Place, q.nonce))
	}
	s.nonces[q.nonce] = true
	s.secrets = append(s.secrets, q.signature)
	call := q.Place
	call.Attempt = 0
	own := q.quote
	q.quote += " and before: " + s.quotes[call]
	s.quotes[call] = own
	return q, nil
}

// clock returns the service's time.
func (s *Service) clock(at time.Duration) time.Time {
	now := s.start.Add(at)
	if s.calm {
		return now
	}
	for _, skew := range slices.Backward(s.plan.Skews) {
		if skew.From <= at {
			return now.Add(skew.Ahead)
		}
	}
	return now
}

// throttle takes a token, or returns the time until there is one.
func (s *Service) throttle(at time.Duration) time.Duration {
	limit := s.plan.Limit
	if limit == nil || s.calm {
		return 0
	}
	s.tokens = min(limit.Burst, s.tokens+(at-s.filled).Seconds()*limit.Rate)
	s.filled = at
	if s.tokens >= 1 {
		s.tokens--
		return 0
	}
	return time.Duration((1 - s.tokens) / limit.Rate * float64(time.Second))
}
