package appstreaming_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
)

// A service, or somebody in between, can put anything into the places that
// errors and the log take a request's identifier from.
func TestNoSecretShowsInAnIdentifierOrAPath(t *testing.T) {
	t.Parallel()
	const secret, token = "c4nary-secret", "c4nary-token/+="
	for name, answer := range map[string]struct {
		header, body string
	}{
		"identifier of a body that cannot be decoded": {"", `{"RequestId":"` + token + `\n` + secret + `","Data":{}}`},
		"name of a member that cannot be decoded":     {"", `{"Data":[{"` + token + secret + `":` + "\"\xff\"" + `}]}`},
		"header of a body that cannot be decoded":     {token + " " + secret, `{"Data":{}}`},
		"header of a body that is too large":          {token + " " + secret, strings.Repeat(" ", 2000)},
		"identifier of a page":                        {"", `{"RequestId":"` + token + `\n` + secret + `","Success":true,"Data":[{"ImageId":"a"}],"Count":300}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if answer.header != "" {
					w.Header().Set("X-Acs-Request-Id", answer.header)
				}
				io.WriteString(w, answer.body)
			}))
			defer service.Close()
			var log bytes.Buffer
			var out strings.Builder
			client, err := appstreaming.New("cn-shanghai", appstreaming.WithEndpoint(service.URL), appstreaming.WithPlainHTTP(),
				appstreaming.WithCredentials(appstreaming.StaticCredentials("STS.canary", secret, token)), appstreaming.WithMaxResponseBytes(1000),
				appstreaming.WithRetry(appstreaming.RetryPolicy{BaseDelay: time.Millisecond}),
				appstreaming.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
				appstreaming.WithObserver(func(_ context.Context, a appstreaming.Attempt) { out.WriteString(printed(a)) }))
			if err != nil {
				t.Fatal(err)
			}
			defer client.CloseIdleConnections()
			_, err = appstreaming.Collect(client.Pages(t.Context(), appstreaming.ListImageRequest{}))
			if err == nil {
				t.Fatal("the listing ended well, so that the test shows nothing")
			}
			for _, e := range unwrapped(err) {
				out.WriteString(printed(e))
			}
			var decodeErr *appstreaming.DecodeError
			if errors.As(err, &decodeErr) {
				out.Write(decodeErr.Body)
			}
			assertNoSecret(t, out.String()+log.String(), []string{secret, token})
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q is not one line", err)
			}
		})
	}
}
