package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/wuying-go/appstreaming"
)

func apiError(err error) *appstreaming.APIError {
	var apiErr *appstreaming.APIError
	errors.As(err, &apiErr)
	return apiErr
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
		return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", apiErr.StatusCode, clip(string(apiErr.Code))))
	case errors.As(err, &decodeErr):
		return fmt.Sprintf("HTTP %d, not a page: %s", decodeErr.StatusCode, clip(decodeErr.Reason))
	case errors.As(err, &transportErr):
		return "no response: " + clip(transportErr.Err.Error())
	case errors.As(err, &credentialsErr):
		return "no credentials"
	}
	return clip(err.Error())
}

// maxText bounds text of the service in the report.
const maxText = 120

// clip shortens text and keeps it to one line of printable characters.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return text
}

func present(text string) string {
	if text == "" {
		return "absent"
	}
	return "present"
}

// names replaces what identifies an account's resources, so that a report can
// be published. The same text always gets the same replacement.
type names struct {
	real bool // leave them
	seen map[string]string
}

func (n *names) replace(kind, text string) string {
	if n.real || text == "" {
		return clip(text)
	}
	if n.seen == nil {
		n.seen = map[string]string{}
	}
	if n.seen[text] == "" {
		n.seen[text] = fmt.Sprintf("%s-%d", kind, len(n.seen)+1)
	}
	return n.seen[text]
}
