package simulation

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is a response before it travels.
type answer struct {
	status  int
	header  []string // names and values
	body    []byte
	trouble Trouble
}

func (a *answer) with(name, value string) *answer {
	a.header = append(a.header, name, value)
	return a
}

func refusal(status int, code, message string) *answer {
	return &answer{status: status, body: fmt.Appendf(nil, `{"RequestId":"R-%s","Code":%q,"Message":%q}`, code, code, message)}
}

// answer decides how the service answers a request that arrives now.
func (s *Service) answer(q *request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.Now()
	trouble := s.trouble(q.Place)
	a := s.respond(q, at, trouble)
	s.note(q.Place, trouble, strconv.Itoa(a.status))
	return a.with("Date", s.clock(at).UTC().Format(http.TimeFormat))
}

func (s *Service) respond(q *request, at time.Duration, trouble Trouble) *answer {
	chance := s.plan.Seed.Draw(q.parts(ofTrouble)...)
	if delay := s.throttle(at); delay > 0 {
		a := refusal(http.StatusBadRequest, "Throttling.User", "too many requests")
		switch s.plan.Limit.Hint {
		case 1:
			a.with("X-Acs-Retry-After", strconv.FormatInt(delay.Milliseconds()+1, 10))
		case 2:
			a.with("Retry-After", strconv.Itoa(int(delay.Seconds())+1))
		case 3:
			a.with("X-Ratelimit-User-Api", fmt.Sprintf("Limit:10,Remain:0,TimeLeft:%d", delay.Milliseconds()+1))
		}
		return a
	}
	if skew := s.clock(at).Sub(q.date); skew.Abs() > 15*time.Minute {
		return refusal(http.StatusBadRequest, "InvalidTimeStamp.Expired", "the time is off")
	}
	if !s.plan.Keys.good(q.keyID, q.token, at) {
		if chance.IntN(4) == 0 {
			return refusal(http.StatusNotFound, "InvalidAccessKeyId.NotFound", "no key "+q.quote)
		}
		return refusal(http.StatusBadRequest, "InvalidSecurityToken.Expired", "the token expired: "+q.token)
	}
	var a *answer
	switch trouble {
	case BadGateway:
		page := "<html><h1>Bad Gateway</h1></html>"
		if chance.IntN(4) == 0 { // more than a client wants to read
			page += strings.Repeat(" ", 100<<10)
		}
		a = &answer{status: http.StatusBadGateway, body: []byte(page)}
	case Unavailable:
		a = refusal(http.StatusServiceUnavailable, "ServiceUnavailable", "come back")
		if n := chance.IntN(4); n > 0 {
			a.with("Retry-After", strconv.Itoa(n))
		}
	case InternalError:
		a = refusal(http.StatusBadRequest, "InternalError.Backend", "oops")
	case BusyPage:
		a = &answer{status: http.StatusOK, body: []byte(`{"Success":false,"Code":"SystemBusy","Message":"busy","Data":[]}`)}
	case RequestTimeout:
		a = &answer{status: http.StatusRequestTimeout}
	case NonceUsed:
		a = refusal(http.StatusBadRequest, "SignatureNonceUsed", "used "+q.nonce)
	case CutRefusal:
		a = &answer{status: http.StatusForbidden, body: []byte(`{"RequestId":"R-1","Message":"` + q.quote + `","Co`)}
	case QuotingBusy:
		a = refusal(http.StatusInternalServerError, "SystemBusy", q.quote).with("X-Acs-Request-Id", q.signature)
	case Throttled:
		a = refusal(http.StatusBadRequest, "Throttling.User", "slow down")
		if n := chance.IntN(4); n > 0 {
			a.with("X-Acs-Retry-After", strconv.Itoa(n*400))
		}
	case ThrottledStatus:
		a = &answer{status: http.StatusTooManyRequests}
	case ThrottledPage:
		a = &answer{status: http.StatusOK, body: []byte(`{"success":false,"code":"Throttling.User","message":"slow down"}`)}
	case CutThrottled:
		a = &answer{status: http.StatusForbidden, body: []byte(`{"Code":"Throttling.User","Message":"slo`)}
	case Forbidden:
		a = refusal(http.StatusForbidden, "Forbidden.NoPermission", "no")
	case LongDelay:
		a = refusal(http.StatusServiceUnavailable, "ServiceUnavailable", "in an hour").with("Retry-After", "3600")
	case NotJSON:
		a = &answer{status: http.StatusOK, body: []byte("<html>Please log in. " + q.quote + "</html>")}
	case Empty:
		a = &answer{status: http.StatusOK}
	case Hello:
		a = &answer{status: http.StatusOK, body: []byte(`{"hello":"` + q.token + `"}`)}
	case Redirect:
		a = (&answer{status: http.StatusFound}).with("Location", "http://elsewhere.invalid/?"+q.quote)
	case BadKey:
		a = refusal(http.StatusBadRequest, "SignatureDoesNotMatch", "server string to sign is:"+q.quote)
	default:
		a = s.page(q, at, trouble)
	}
	a.trouble = trouble
	return a
}

// page is the page asked for, as the service sees the inventory now.
func (s *Service) page(q *request, at time.Duration, trouble Trouble) *answer {
	listed := s.plan.Inventory.At(at, q.imageID)
	size, number := q.size, q.Page
	if limit := s.plan.Cap; limit > 0 && !s.calm {
		size = min(size, limit)
	}
	if trouble == FirstPage {
		number = 1
	}
	from := min((number-1)*size, len(listed))
	images := listed[from:min(from+size, len(listed))]
	if trouble == LostPage || trouble == AlwaysEmpty {
		images = nil
	}
	message := "success"
	if trouble == QuotingPage {
		message = q.quote
	}
	b := fmt.Appendf(make([]byte, 0, 200+200*len(images)),
		`{"RequestId":"R-%d-%d","Success":true,"Code":"200","Message":%q,"Count":%d,"PageNumber":%d,"PageSize":%d,"Data":[`,
		q.Activity, q.Page, message, len(listed), q.Page, q.size)
	for i, image := range images {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"ImageId":"`...)
		b = append(b, image.ID...)
		b = append(b, `","ImageName":"name of `...)
		b = append(b, image.ID...)
		b = append(b, `","VersionId":"`...)
		b = append(b, image.Version...)
		b = append(b, `","LatestVersionId":"`...)
		b = append(b, image.Version...)
		b = append(b, `","Status":"`...)
		b = append(b, image.Status(at)...)
		b = append(b, `"}`...)
	}
	b = append(b, "]}"...)
	s.served++
	if q.imageID == "" {
		s.sights = append(s.sights, Sight{q.Activity, at, len(listed)})
	}
	a := &answer{status: http.StatusOK, body: b}
	switch trouble {
	case QuotingPage:
		a.with("X-Quote", q.quote).with("X-Acs-Request-Id", q.token)
	case CutJSON:
		a.body = b[:len(b)/2]
	}
	return a
}
