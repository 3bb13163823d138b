package simulation

// Trouble is a fault of an attempt.
type Trouble int

// The troubles. Those before LastPassing pass: a client that retries gets its
// page.
const (
	None Trouble = iota

	Refused         // the connection is refused
	Reset           // the connection ends before the first byte
	CutHeader       // it ends inside the header
	CutBody         // it ends inside the body
	CutChunk        // it ends inside a chunk
	Hang            // no answer
	HangBody        // half of the body, then nothing
	Late            // an answer after the attempt's time
	NotHTTP         // bytes that are not HTTP
	BadGateway      // a proxy's page
	Unavailable     // HTTP 503, sometimes with Retry-After
	InternalError   // HTTP 400 with a code that is retried
	BusyPage        // HTTP 200 with Success false and a code that is retried
	RequestTimeout  // HTTP 408 without a code
	NonceUsed       // a code that is retried
	CutRefusal      // HTTP 403 that ends before its code
	QuotingBusy     // HTTP 500 that quotes the request and its secrets
	Throttled       // HTTP 400 Throttling.User, sometimes with a delay
	ThrottledStatus // HTTP 429 without a body
	ThrottledPage   // HTTP 200 with Success false and Throttling.User
	CutThrottled    // HTTP 403 that ends after the code Throttling.User
	Drip            // a page in small parts: a success
	CloseAfter      // a page, and the connection ends unannounced: a success
	QuotingPage     // a page whose Message and headers quote the request: a success
	LostPage        // a page without images, in the first pass only

	LastPassing

	Forbidden   // HTTP 403
	LongDelay   // HTTP 503, come back in an hour
	NotJSON     // HTTP 200 with a login page
	Empty       // HTTP 200 without a body
	Hello       // HTTP 200 with an object that is not a page
	CutJSON     // HTTP 200 with half a page, complete by its length
	Redirect    // HTTP 302
	Switch      // HTTP 101, then nothing
	BadKey      // HTTP 400 SignatureDoesNotMatch that quotes what was signed
	AlwaysEmpty // a page without images in every pass
	FirstPage   // page 1 in place of the page asked for

	lastTrouble
)

// Place is an attempt as chance sees it.
type Place struct {
	Activity, Pass, Page, Attempt int
	Alone                         bool // asks for one image
}

func (p Place) parts(subject int) []int {
	alone := 0
	if p.Alone {
		alone = 1
	}
	return []int{subject, p.Activity, p.Pass, p.Page, p.Attempt, alone}
}

// The subjects of chance.
const (
	ofTrouble = iota
	ofDelay
	ofPage // the same in every pass
)

// Subjects begins the subjects of other packages.
const Subjects = 100

// trouble returns what happens to an attempt.
func (s *Service) trouble(p Place) Trouble {
	plan := &s.plan
	if s.calm || plan.SafeAttempts > 0 && p.Attempt > plan.SafeAttempts {
		return None
	}
	if len(plan.Lasting) > 0 {
		if chance := plan.Seed.Draw(ofPage, p.Page); chance.Float64() < plan.LastingShare {
			return plan.Lasting[chance.IntN(len(plan.Lasting))]
		}
	}
	chance := plan.Seed.Draw(p.parts(ofTrouble)...)
	if chance.Float64() >= plan.Share || len(plan.Troubles) == 0 {
		return None
	}
	trouble := plan.Troubles[chance.IntN(len(plan.Troubles))]
	if trouble == LostPage && p.Pass > 1 {
		return None
	}
	return trouble
}

// Passing returns the troubles that pass.
func Passing() []Trouble { return troubles(None+1, LastPassing) }

// Others returns the troubles that end a call at once.
func Others() []Trouble { return troubles(LastPassing+1, lastTrouble) }

func troubles(from, to Trouble) []Trouble {
	all := make([]Trouble, 0, to-from)
	for t := from; t < to; t++ {
		all = append(all, t)
	}
	return all
}
