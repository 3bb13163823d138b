package appstreamingtest

import (
	"math"
	"time"
)

// settings is what the Set methods set; guarded by Server.mu.
type settings struct {
	clock     func() time.Time
	latency   time.Duration
	gzip      bool
	listing   Listing
	onRequest func(Request)
}

func (s *Server) current() settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// SetClock takes the time from now, which is called concurrently: for the time
// window of requests, the nonces remembered, and the Date header of responses.
// nil stands for [time.Now], the default. Waits are not affected.
func (s *Server) SetClock(now func() time.Time) {
	if now == nil {
		now = time.Now
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.clock = now
}

// SetLatency delays the answer to every request by d, as distance and work
// would. Default: none.
func (s *Server) SetLatency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.latency = max(d, 0)
}

// SetGzip compresses responses for clients that accept it. Default: off, for it
// takes the server longer than sending does on one machine.
func (s *Server) SetGzip(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.gzip = on
}

// SetRateLimit answers requests beyond perSecond, with a burst of one second's
// worth, with Throttling.User, HTTP 400, and the milliseconds to wait in
// x-acs-retry-after. Zero and less lift the limit, which is the default.
func (s *Server) SetRateLimit(perSecond float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bucket = bucket{rate: perSecond, tokens: math.Max(1, perSecond)}
}

// OnRequest calls f for every request that is signed correctly, before it is
// answered; f sees no status, and may use the server's methods but Close: it is
// the place to change the inventory while a listing runs. It is called
// concurrently when requests are. nil, the default, calls nothing.
func (s *Server) OnRequest(f func(Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.onRequest = f
}

// Listing bends how the server lists, to see what a client makes of it. The
// zero value lists honestly.
type Listing struct {
	IgnorePageNumber bool  // every page is the first, and says so
	EmptyPages       []int // these pages are empty
	ShortBy          int   // every page lacks that many of its last images
	MaxPageSize      int   // larger pages are cut down to this, and echo it; 0: none are
	CountDelta       int   // added to Count, which does not go below 0
	Count            *int  // Count, whatever is there; wins over CountDelta
	OmitCount        bool  // Count is absent
}

// SetListing sets how the server lists from now on.
func (s *Server) SetListing(l Listing) {
	l.EmptyPages = append([]int(nil), l.EmptyPages...)
	if l.Count != nil {
		count := *l.Count
		l.Count = &count
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.listing = l
}

// bucket is a token bucket.
type bucket struct {
	rate, tokens float64
	last         time.Time
}

// throttle takes a token, or tells how long it takes until there is one.
func (s *Server) throttle() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.bucket
	if b.rate <= 0 {
		return 0
	}
	now := time.Now()
	if !b.last.IsZero() {
		b.tokens = math.Min(math.Max(1, b.rate), b.tokens+now.Sub(b.last).Seconds()*b.rate)
	}
	b.last = now
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) / b.rate * float64(time.Second))
}
