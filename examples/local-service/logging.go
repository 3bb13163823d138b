package main

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// keptRequests is how many requests the double remembers. It must exceed the
// number of requests in flight.
const keptRequests = 256

// logged writes a line for every request after its response. It counts the
// parameters and shows neither them nor headers, so no secret is logged.
func logged(double *appstreamingtest.Server, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		// Deferred, because the double breaks a connection with a panic that net/http expects.
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

// lastFrom returns the latest request of a connection, which carries one at a
// time.
func lastFrom(requests []appstreamingtest.Request, remoteAddr string) (appstreamingtest.Request, bool) {
	for _, request := range slices.Backward(requests) {
		if request.RemoteAddr == remoteAddr {
			return request, true
		}
	}
	return appstreamingtest.Request{}, false
}
