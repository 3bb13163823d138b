package main

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// keptRequests bounds what the double remembers; it must exceed the number of
// requests that are answered at the same time.
const keptRequests = 256

// logged writes a line for every request after its answer. Parameters are
// counted and not shown, and headers are left out: nothing secret gets in.
func logged(double *appstreamingtest.Server, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		// Deferred, for breaking a connection is a panic that net/http expects.
		defer func() {
			attrs := []slog.Attr{slog.String("method", r.Method)}
			if req, found := lastFrom(double.Requests(), r.RemoteAddr); found {
				attrs = append(attrs, slog.String("scheme", req.Scheme), slog.Int("params", len(req.Params)),
					slog.Int("attempt", req.Attempt), slog.Int("status", req.Status), slog.String("code", string(req.Code)))
			}
			attrs = append(attrs, slog.Duration("took", time.Since(start).Round(10*time.Microsecond)))
			logger.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
		}()
		double.ServeHTTP(w, r)
	})
}

// lastFrom finds the latest request of a connection, which carries one at a
// time.
func lastFrom(requests []appstreamingtest.Request, remoteAddr string) (appstreamingtest.Request, bool) {
	for _, request := range slices.Backward(requests) {
		if request.RemoteAddr == remoteAddr {
			return request, true
		}
	}
	return appstreamingtest.Request{}, false
}
