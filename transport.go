package appstreaming

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// attempter is one call's attempts, as the loop sees them.
type attempter interface {
	// attempt makes one HTTP request and keeps what comes of it.
	attempt(ctx context.Context)
	// next tells whether another attempt follows the one just made, and after
	// what wait.
	next() (wait time.Duration, again bool)
}

// runAttempts is the attempt loop. It returns when next says so, when attempts
// have been made most times, or as soon as ctx ends.
//
// go-retryablehttp counts, waits and watches ctx. It is shown one bodiless
// request whose URL has no query, and an answer without content: everything
// worth knowing about an attempt, secrets included, stays with the attempter.
// That also keeps each attempt's signature its own, and out of the loop's
// errors.
func runAttempts(ctx context.Context, hc *http.Client, target url.URL, most int, a attempter) {
	l := attemptLoop{attempter: a, target: target}
	l.http = http.Client{Transport: &l, Timeout: hc.Timeout}
	l.loop = retryablehttp.Client{
		HTTPClient: &l.http,
		RetryMax:   most - 1,
		CheckRetry: l.checkRetry,
		Backoff:    shortestWait,
		// The default one puts the request into an error's text.
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	blank := &http.Request{Method: http.MethodGet, URL: &l.target, Header: noHeader, Host: target.Host}
	l.request.Request = blank.WithContext(ctx)
	resp, err := l.loop.Do(&l.request)
	if err == nil {
		resp.Body.Close()
	}
}

// attemptLoop is what one call of runAttempts needs, in one piece. As a
// transport it has no CloseIdleConnections, which go-retryablehttp calls after
// every failure and would empty the pool for all callers.
type attemptLoop struct {
	attempter
	target   url.URL
	http     http.Client
	loop     retryablehttp.Client
	request  retryablehttp.Request
	response http.Response
}

func (l *attemptLoop) RoundTrip(req *http.Request) (*http.Response, error) {
	l.attempt(req.Context())
	l.response = http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: req}
	return &l.response, nil
}

func (l *attemptLoop) checkRetry(context.Context, *http.Response, error) (again bool, err error) {
	l.loop.RetryWaitMin, again = l.next()
	return again, nil
}

// shortestWait is the wait that checkRetry has left in RetryWaitMin.
func shortestWait(shortest, _ time.Duration, _ int, _ *http.Response) time.Duration {
	return shortest
}

// noHeader is the header of requests that are never sent. It is never written
// to.
var noHeader = http.Header{}

// newTransport is the transport of a client that was given none.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{
			Timeout:   5 * time.Second,
			KeepAlive: 30 * time.Second,
		}).DialContext,
		ForceAttemptHTTP2:   true,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		// Every connection is kept for the next page. The bound keeps a burst of
		// calls from dialling one each while others are about to be free.
		MaxIdleConnsPerHost: MaxPrefetch,
		MaxConnsPerHost:     MaxPrefetch,
		// Alibaba Cloud's gateways drop idle connections after about ten seconds;
		// a request sent into that moment fails.
		IdleConnTimeout:        8 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		DisableCompression:     true, // body.go decompresses, within its bound
	}
}
