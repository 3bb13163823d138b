package appstreaming

import (
	"context"
	"net/http"
)

// SignedURL returns the request as one URL, signed under the RPC scheme
// whatever [WithSignature] says, for a GET with curl or a look by eye. The
// service accepts it once, for 15 minutes, and until then it is a secret. It
// asks the credentials provider and sends nothing.
//
// It returns a [*ParamError], an [*OptionError] or a [*CredentialsError].
func (c *Client) SignedURL(ctx context.Context, req ListImageRequest, opts ...Option) (string, error) {
	cfg, err := c.callConfig(opts)
	if err != nil {
		return "", err
	}
	if err := req.Validate(); err != nil {
		return "", err
	}
	found, err := cfg.credentials.Credentials(ctx)
	if err != nil {
		return "", asCredentialsError(err)
	}
	if found, err = found.checked(); err != nil {
		return "", err
	}
	var prepared preparedRequest
	prepared.prepare(cfg, &req)
	query, _ := prepared.rpcQuery(http.MethodGet, stamp{
		credentials: found,
		nonce:       cfg.nonce(),
		time:        c.shared.clock.now(cfg.now()),
	})
	signed := cfg.endpoint.url(query)
	return signed.String(), nil
}
