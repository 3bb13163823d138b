package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/wuying-go/appstreaming"
)

func apiError(err error) *appstreaming.APIError {
	var apiErr *appstreaming.APIError
	errors.As(err, &apiErr)
	return apiErr
}

// isTemporary reports whether the service, or a gateway before it, did not work.
func isTemporary(err error) bool {
	for _, code := range []appstreaming.Code{
		appstreaming.CodeInternalError, appstreaming.CodeServiceUnavailable, appstreaming.CodeSystemBusy,
		appstreaming.CodeServiceBusy, appstreaming.CodeSystemError, appstreaming.CodeTimeout, appstreaming.CodeRequestTimeout,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	apiErr := apiError(err)
	return apiErr != nil && apiErr.StatusCode >= http.StatusInternalServerError
}

// brief describes a failure without the service's own words, which may hold
// names and account identifiers.
func brief(err error) string {
	var transportErr *appstreaming.TransportError
	var decodeErr *appstreaming.DecodeError
	var credentialsErr *appstreaming.CredentialsError
	switch apiErr := apiError(err); {
	case errors.Is(err, errTooManyRequests):
		return errTooManyRequests.Error()
	case apiErr != nil:
		return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", apiErr.StatusCode, codeText(apiErr.Code)))
	case errors.As(err, &decodeErr):
		return fmt.Sprintf("HTTP %d, not a page: %s", decodeErr.StatusCode, clip(decodeErr.Reason))
	case errors.As(err, &transportErr):
		return "no response: " + clip(transportErr.Err.Error())
	case errors.As(err, &credentialsErr):
		return "no credentials"
	case errors.Is(err, context.DeadlineExceeded):
		return "the time was over (context deadline exceeded)"
	}
	return clip(err.Error())
}

// codeText returns a code, unless it is a sentence of the service.
func codeText(code appstreaming.Code) string {
	unfit := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	}
	if strings.IndexFunc(string(code), unfit) >= 0 {
		return "with a Code that is not one"
	}
	return clip(string(code))
}

// maxText bounds text of the service in the report.
const maxText = 120

// clip shortens text and keeps it to one line of printable characters.
func clip(text string) string {
	text = printable(text)
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return text
}

// printable keeps text to one line without characters that control a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
}

func present(text string) string {
	if text == "" {
		return "absent"
	}
	return "present"
}
