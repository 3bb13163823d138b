package appstreaming

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestDefaultRetryableFollowsStatusAndCode(t *testing.T) {
	t.Parallel()
	api := func(status int, code Code) error { return &APIError{StatusCode: status, Code: code} }
	broken := func(err error) error { return &TransportError{Err: err} }
	noKey := func(err error) error { return &CredentialsError{Err: err} }
	tests := map[string]struct {
		err  error
		want bool
	}{
		"nil":                 {nil, false},
		"429":                 {api(429, ""), true},
		"408":                 {api(408, ""), true},
		"502":                 {api(502, ""), true},
		"101":                 {api(101, ""), false},
		"302":                 {api(302, ""), false},
		"400":                 {api(400, ""), false},
		"400 InvalidBizType":  {api(400, "InvalidBizType"), false},
		"403 Forbidden":       {api(403, "Forbidden.NoPermission"), false},
		"404 unknown key":     {api(404, "InvalidAccessKeyId.NotFound"), false},
		"400 bad signature":   {api(400, "SignatureDoesNotMatch"), false},
		"400 clock":           {api(400, "InvalidTimeStamp.Expired"), false},
		"400 token":           {api(400, "InvalidSecurityToken.Expired"), false},
		"a prefix, no family": {api(400, "ServiceUnavailableTemporary"), false},
		"a suffix, no family": {api(400, "MyTimeout"), false},

		"broken connection":   {broken(io.ErrUnexpectedEOF), true},
		"attempt timeout":     {broken(ErrAttemptTimeout), true},
		"canceled":            {broken(context.Canceled), false},
		"past the deadline":   {broken(context.DeadlineExceeded), false},
		"ended after refusal": {fmt.Errorf("%w; before that: %w", context.Canceled, api(503, "")), false},
		"unknown authority":   {broken(x509.UnknownAuthorityError{}), false},
		"wrong host":          {broken(x509.HostnameError{Certificate: new(x509.Certificate)}), false},
		"expired certificate": {broken(x509.CertificateInvalidError{}), false},
		"unverified":          {broken(&tls.CertificateVerificationError{Err: io.EOF}), false},
		"no TLS spoken":       {broken(tls.RecordHeaderError{}), false},

		"provider without connection": {noKey(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), true},
		"provider without address":    {noKey(&net.DNSError{Name: "sts.example.com"}), true},
		"provider cut short":          {noKey(fmt.Errorf("reading: %w", io.ErrUnexpectedEOF)), true},
		"provider closed upon":        {noKey(&url.Error{Op: "Get", URL: "https://sts.example.com", Err: io.EOF}), true},
		"provider reset":              {noKey(fmt.Errorf("reading: %w", syscall.ECONNRESET)), true},
		"slow provider":               {noKey(ErrAttemptTimeout), true},
		"provider's timeout":          {noKey(fmt.Errorf("asking: %w", os.ErrDeadlineExceeded)), true},
		"provider's certificate":      {noKey(&net.OpError{Op: "dial", Err: x509.UnknownAuthorityError{}}), false},
		"provider's file":             {noKey(&os.PathError{Op: "open", Path: "credentials", Err: syscall.ENOENT}), false},
		"provider's refusal":          {noKey(errors.New("no such role")), false},
		"no credentials":              {noKey(ErrNoCredentials), false},

		"decode":    {&DecodeError{}, false},
		"parameter": {&ParamError{}, false},
		"too large": {ErrResponseTooLarge, false},
		"wrapped":   {fmt.Errorf("list: %w", api(503, "")), true},
	}
	for _, family := range []Code{
		"Throttling", "Rejected.Throttling", "ThrottlingException", "TooManyRequests", "FlowControl", "ServiceUnavailable", "InternalError",
		"SystemError", "SystemBusy", "ServiceBusy", "Timeout", "RequestTimeout", "SignatureNonceUsed",
	} {
		for _, code := range []Code{family, family + ".Some", Code(strings.ToLower(string(family))), Code(strings.ToUpper(string(family)))} {
			for _, status := range []int{200, 400, 403, 404, 500} {
				tests[fmt.Sprintf("%d %s", status, code)] = struct {
					err  error
					want bool
				}{api(status, code), true}
			}
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := DefaultRetryable(test.err); got != test.want {
				t.Errorf("DefaultRetryable(%v) = %v, want %v", test.err, got, test.want)
			}
		})
	}
}

func TestDelayBoundDoublesUpToMaxDelay(t *testing.T) {
	t.Parallel()
	throttled := &APIError{StatusCode: 400, Code: CodeThrottlingUser}
	broken := &TransportError{Err: io.ErrUnexpectedEOF}
	tests := map[string]struct {
		policy  RetryPolicy
		attempt int
		err     error
		want    time.Duration
	}{
		"first":            {RetryPolicy{}, 1, broken, 100 * time.Millisecond},
		"third":            {RetryPolicy{}, 3, broken, 400 * time.Millisecond},
		"first throttled":  {RetryPolicy{}, 1, throttled, time.Second},
		"second throttled": {RetryPolicy{}, 2, throttled, 2 * time.Second},
		"capped":           {RetryPolicy{}, 30, broken, 20 * time.Second},
		"far beyond":       {RetryPolicy{}, 1 << 30, throttled, 20 * time.Second},
		"own base":         {RetryPolicy{BaseDelay: time.Millisecond}, 2, throttled, 2 * time.Millisecond},
		"own cap":          {RetryPolicy{MaxDelay: 50 * time.Millisecond}, 1, broken, 50 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.policy.delayBound(test.attempt, test.err); got != test.want {
				t.Errorf("bound %v, want %v", got, test.want)
			}
		})
	}
}

func TestCodesMatchThemselvesAndTheirFamily(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code   Code
		target error
		want   bool
	}{
		"itself":             {"Throttling.User", CodeThrottlingUser, true},
		"family":             {"Throttling.User", CodeThrottling, true},
		"family of itself":   {"Throttling", CodeThrottling, true},
		"sibling":            {"Throttling.User", CodeThrottlingAPI, false},
		"only a prefix":      {"ThrottlingX", CodeThrottling, false},
		"not the other way":  {"Throttling", CodeThrottlingUser, false},
		"forbidden":          {"Forbidden.NoPermission", CodeForbidden, true},
		"empty target":       {"Throttling", Code(""), false},
		"empty code":         {"", CodeThrottling, false},
		"another error type": {"Throttling", io.EOF, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := fmt.Errorf("wrapped: %w", &APIError{Code: test.code})
			if got := errors.Is(err, test.target); got != test.want {
				t.Errorf("errors.Is(%q, %q) = %v, want %v", test.code, test.target, got, test.want)
			}
		})
	}
}
