package appstreaming

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/wuying-go/appstreaming/internal/acs"
)

// mask stands for a secret in anything that is shown.
const mask = "***"

// redactor masks an attempt's secrets in what comes back from the service, the
// network or the caller's transport: a refused signature is answered with the
// text that was to be signed, tokens included.
type redactor struct{ replacer *strings.Replacer }

// minSecret is the shortest secret worth masking: masking a single letter
// would leave no text to read.
const minSecret = 4

func newRedactor(secrets ...string) redactor {
	var pairs []string
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		// As it is, as a URL has it, and as a signed URL's canonical form has it.
		once := string(acs.AppendEscaped(nil, secret))
		twice := string(acs.AppendEscaped(nil, once))
		pairs = append(pairs, secret, mask, once, mask, twice, mask)
	}
	return redactor{strings.NewReplacer(pairs...)}
}

func (r redactor) text(s string) string { return r.replacer.Replace(s) }

// body masks a response's bytes. A secret that JSON escapes hide from the mask
// takes the whole body with it.
func (r redactor) body(b []byte) []byte {
	masked := []byte(r.text(string(b)))
	if plain := unescapeJSON(masked); r.text(plain) != plain {
		return []byte("(withheld: the response repeats a secret)")
	}
	return masked
}

// unescapeJSON resolves the escapes of JSON strings wherever they stand.
func unescapeJSON(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	quoted := bytes.ReplaceAll(b, []byte(`"`), []byte(`\"`))
	quoted = bytes.ReplaceAll(quoted, []byte(`\\"`), []byte(`\"`))
	var plain string
	if json.Unmarshal(append(append([]byte{'"'}, quoted...), '"'), &plain) == nil {
		return plain
	}
	return string(b)
}

// err makes an error of the transport safe to wrap: URLs lose their query, and
// one whose text still shows a secret is reduced to its masked text.
func (r redactor) err(err error) error {
	if urlErr, ok := as[*url.Error](err); ok {
		// Anything wrapped around it has the URL in its text too.
		err = &url.Error{Op: urlErr.Op, URL: stripQuery(urlErr.URL), Err: r.err(urlErr.Err)}
	}
	if text := err.Error(); r.text(text) != text {
		return errors.New(r.text(text))
	}
	return err
}

func stripQuery(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "(URL not shown)"
	}
	return u.Scheme + "://" + u.Host + u.Path
}
