// Package sourceerror describes errors of a source of credentials without
// quoting them. Such an error can hold a signed URL, a response with keys, or
// the text of a configuration file.
package sourceerror

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// Description holds the facts about an error that are safe to show.
type Description struct {
	// Text says what happened, in one line.
	Text string
	// Code and RequestID are those of a refused request, if the error names them.
	Code, RequestID string
	// Network is the failure of the network or of TLS, if the error itself has
	// none of a known type. nil: it has one, or there was none.
	Network error
	// Exhausted reports that a chain of sources has no credentials at all.
	Exhausted bool
}

// unknown is the text for errors without any fact that is safe to show.
const unknown = "the source failed; its error is not shown because it can hold secrets"

// Describe describes an error.
func Describe(err error) Description {
	text := err.Error()
	exhausted := strings.Contains(text, "unable to get credentials from any of the providers in the chain")
	if exhausted {
		text = withoutMetadataService(text)
	}
	if code := group(codePattern, text); code != "" && !strings.EqualFold(code, "success") {
		return Description{Text: "the source refused the request: " + code, Code: code, RequestID: group(requestIDPattern, text)}
	}
	if status := group(statusPattern, text); status != "" {
		return Description{Text: "the source answered with HTTP " + status, RequestID: group(requestIDPattern, text)}
	}
	if failure, ok := typedFailure(err); ok {
		return failure.description()
	}
	if file := (*fs.PathError)(nil); errors.As(err, &file) {
		return Description{Text: "cannot read " + file.Path + ": " + file.Err.Error()}
	}
	if failure, ok := writtenFailure(text); ok {
		return failure.description()
	}
	if exhausted {
		return Description{Text: "no source of the chain has credentials", Exhausted: true}
	}
	lower := strings.ToLower(text)
	for _, known := range phrases {
		if strings.Contains(lower, known.in) {
			return Description{Text: known.out}
		}
	}
	return Description{Text: unknown}
}

// withoutMetadataService drops the text of a chain about the metadata service of
// ECS. Most machines have none, so its failure is no cause.
func withoutMetadataService(text string) string {
	parts := strings.Split(text, ", ")
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return strings.Contains(part, "100.100.100.200") }), ", ")
}

// phrases holds texts of credentials-go, in lower case, and their meanings. The
// first that matches counts.
var phrases = [...]struct{ in, out string }{
	{"session duration should", "the duration of the session is less than 900 s"},
	{"imds credentials is disabled", "disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED"},
	{"can not load section", "the file has no profile of that name"},
	{"can not find credential type", "the profile has no type"},
	{"failed to get value", "the profile lacks a setting that its type needs"},
	{"value can't be empty", "a setting of the profile is empty"},
	{"failed to get credential", "the type of the profile is not supported"},
	{"can not open file", "the file cannot be read"},
	{"can not open privatekeyfile", "the file of the private key cannot be read"},

	{"json.unmarshal fail", notJSON},
	{"json unmarshal fail", notJSON},
	{"code is not success", "the source reports a failure without a code"},
	{"fail to get credentials", noKey},
	{"credentials is empty", noKey},
	{"sessionaccesskey is empty", noKey},
	{": accesskeyid: ", noKey},
	{": sessionaccesskeyid: ", noKey},
	{"refresh credentials from ", noKey},
	{"get credentials from ", refused},
	{"refresh session token failed: ", refused},
	{"get session token failed: ", refused},
	{"get session token from sso failed: ", refused},
}

const (
	notJSON = "the response of the source is not JSON"
	noKey   = "the response of the source holds no key"
	refused = "the source refused the request without a code"
)

// Codes have letters and dots only, so the pattern matches no key and no token.
var (
	codePattern      = regexp.MustCompile(`(?i)"(?:error)?code"\s*:\s*"([a-z]{2,40}(?:\.[a-z]{2,40}){0,4})"`)
	requestIDPattern = regexp.MustCompile(`(?i)"requestid"\s*:\s*"([0-9a-z_-]{1,64})"`)
	statusPattern    = regexp.MustCompile(`(?:httpStatus: |status code: |security-credentials/\S* )([1-5][0-9]{2})\b`)
)

// group returns what the pattern's first group matches.
func group(pattern *regexp.Regexp, text string) string {
	if match := pattern.FindStringSubmatch(text); match != nil {
		return match[1]
	}
	return ""
}
