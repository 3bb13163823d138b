package appstreamingtest

import (
	"math"
	"time"
)

// settings holds the values of the Set methods. Server.mu guards it.
type settings struct {
	clock     func() time.Time
	latency   time.Duration
	gzip      bool
	listing   Listing
	habit     *habitual // nil: none
	onRequest func(Request)
}

func (s *Server) current() settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// SetClock makes the server take the time from now: for the time window of
// requests, for nonces, and for the Date header of responses. It does not affect
// waits. now must be safe for concurrent use. Default, and nil: [time.Now].
func (s *Server) SetClock(now func() time.Time) {
	if now == nil {
		now = time.Now
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.clock = now
}

// SetLatency delays the response to every correctly signed request by d.
// Default: 0.
func (s *Server) SetLatency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.latency = max(d, 0)
}

// SetGzip compresses responses for clients that accept it. Default: off, because
// on one machine compressing takes longer than sending.
func (s *Server) SetGzip(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.gzip = on
}

// SetRateLimit limits correctly signed requests to perSecond, with a burst of one
// second's requests. Further requests are refused with Throttling.User, HTTP 400,
// and the milliseconds to wait in x-acs-retry-after. Default, and 0: no limit.
func (s *Server) SetRateLimit(perSecond float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bucket = bucket{rate: perSecond, tokens: math.Max(1, perSecond)}
}

// OnRequest calls f for every correctly signed request, before the response. f
// may use all methods of the server except Close, for example to change the
// inventory during a listing. The request has no status yet. f must be safe for
// concurrent use. Default, and nil: no call.
func (s *Server) OnRequest(f func(Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.onRequest = f
}

// Listing changes how the server lists. The zero value lists correctly.
type Listing struct {
	IgnorePageNumber bool  // every page is page 1 and echoes 1
	EmptyPages       []int // these pages are empty
	ShortBy          int   // every page lacks that many images at its end
	MaxPageSize      int   // pages hold at most this many images and echo this size; 0: no limit
	SilentPageSize   int   // pages hold at most this many images but echo the size asked for; 0: no limit
	CountDelta       int   // added to Count, which never becomes negative
	Count            *int  // value of Count; replaces CountDelta
	OmitCount        bool  // Count is absent
}

// SetListing sets how the server lists from now on. Default: the zero [Listing],
// which lists correctly.
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

// maxThrottled is the longest wait that a refusal asks for.
const maxThrottled = 8760 * time.Hour

// throttle takes a token, or returns the time until there is one.
func (s *Server) throttle() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.bucket
	if !(b.rate > 0) || math.IsInf(b.rate, 1) { // NaN is no limit
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
	return time.Duration(math.Min((1-b.tokens)/b.rate*float64(time.Second), float64(maxThrottled)))
}
