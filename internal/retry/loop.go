// Package retry repeats the attempts of a call. It has the loop itself, the
// budget that limits retries, the clock that is corrected from the service's
// responses, the delays that the service requests, and those of a backoff. It
// does not know the service's errors: the caller decides what is retried.
package retry

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Call is one call as the loop sees it.
type Call interface {
	// Send makes one attempt and keeps its result.
	Send(ctx context.Context)
	// Next reports whether another attempt follows, and after which wait.
	Next() (wait time.Duration, again bool)
}

// Run makes attempts until Next says stop, maxAttempts have been made, or ctx
// ends during a wait. It makes at least one.
//
// go-retryablehttp counts, waits and watches ctx. The loop gives it a request
// without a body or a query, and an answer without content. Everything an
// attempt sends and receives stays with the call, so every attempt can have its
// own signature, and no secret reaches the loop's errors.
func Run(ctx context.Context, maxAttempts int, call Call) {
	l := loop{call: call}
	l.http.Transport = &l
	l.client = retryablehttp.Client{
		HTTPClient: &l.http,
		RetryMax:   maxAttempts - 1,
		CheckRetry: l.CheckRetry,
		Backoff:    l.Backoff,
		// The default handler puts the request into the error's text.
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	placeholder := &http.Request{Method: http.MethodGet, URL: placeholderURL, Header: placeholderHeader}
	l.request.Request = placeholder.WithContext(ctx)
	resp, err := l.client.Do(&l.request)
	if err == nil {
		resp.Body.Close()
	}
}

// The loop's request is never sent. Nothing writes to these two.
var (
	placeholderURL    = &url.URL{Scheme: "http", Host: "attempt.invalid", Path: "/"}
	placeholderHeader = http.Header{}
)

// loop is the state of one Run. It is the transport that go-retryablehttp uses.
// It has no CloseIdleConnections method: go-retryablehttp would call it after
// every failed call and close the connections of all other calls.
type loop struct {
	call     Call
	wait     time.Duration // before the next attempt
	http     http.Client
	client   retryablehttp.Client
	request  retryablehttp.Request
	response http.Response
}

// RoundTrip makes one attempt.
func (l *loop) RoundTrip(req *http.Request) (*http.Response, error) {
	l.call.Send(req.Context())
	l.response = http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: req}
	return &l.response, nil
}

// CheckRetry asks the call what follows the attempt.
func (l *loop) CheckRetry(context.Context, *http.Response, error) (again bool, err error) {
	l.wait, again = l.call.Next()
	return again, nil
}

// Backoff returns the wait that the call asked for.
func (l *loop) Backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return l.wait }
