package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// service answers pages of one image under a limit. It decides half a latency
// after a request comes, and answers half a latency later.
type service struct {
	gatekeeper
	pages   int
	latency time.Duration
	hints   bool
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PostFormValue("PageNumber"))
	if err != nil {
		number = 1
	}
	time.Sleep(s.latency / 2)
	wait := s.ask()
	time.Sleep(s.latency - s.latency/2)
	w.Header().Set("Content-Type", "application/json")
	if wait == 0 {
		fmt.Fprintf(w, `{"Success":true,"Code":"200","RequestId":"R-%d","Count":%d,"PageNumber":%d,"PageSize":1,"Data":[{"ImageId":"imgc-%d"}]}`,
			number, s.pages, number, number)
		return
	}
	if s.hints {
		// From the answer on, rounded up.
		left := max(0, wait-(s.latency-s.latency/2))
		w.Header().Set("X-Acs-Retry-After", strconv.FormatInt(int64((left+time.Millisecond-1)/time.Millisecond), 10))
	}
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"Code":"Throttling.User","Message":"Request was denied due to user flow control.","RequestId":"R-%d"}`, number)
}

func (s *service) serve() *httptest.Server { return httptest.NewServer(s) }
