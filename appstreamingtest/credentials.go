package appstreamingtest

import (
	"sync"

	"github.com/wuying-go/appstreaming"
)

// The credentials that every server knows from the start. They are test values
// and not valid elsewhere.
const (
	AccessKeyID     = "appstreamingtest-key"
	AccessKeySecret = "appstreamingtest-secret/+=~"

	STSAccessKeyID     = "STS.appstreamingtest-key" // needs SecurityToken too
	STSAccessKeySecret = "appstreamingtest-sts-secret/+=~"
	SecurityToken      = "appstreamingtest-security-token/+=&~"

	BearerToken = "appstreamingtest.bearer-token/+="
)

// keyring holds the credentials that the server knows.
type keyring struct {
	mu      sync.RWMutex
	keys    map[string]accessKey // by AccessKeyID
	bearers map[string]bool      // true: expired
}

type accessKey struct {
	secret, token     string
	disabled, expired bool
}

func (k *keyring) reset() {
	k.keys = map[string]accessKey{
		AccessKeyID:    {secret: AccessKeySecret},
		STSAccessKeyID: {secret: STSAccessKeySecret, token: SecurityToken},
	}
	k.bearers = map[string]bool{BearerToken: false}
}

func (k *keyring) key(id string) (accessKey, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, ok := k.keys[id]
	return key, ok
}

func (k *keyring) bearer(token string) (expired, ok bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	expired, ok = k.bearers[token]
	return expired, ok
}

// AddCredentials makes the server accept c: an access key, an STS key with its
// token, or a bearer token. It replaces a known key, which is then neither
// disabled nor expired.
func (s *Server) AddCredentials(c appstreaming.Credentials) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	if c.AccessKeyID != "" {
		s.keys.keys[c.AccessKeyID] = accessKey{secret: c.AccessKeySecret, token: c.SecurityToken}
	}
	if c.BearerToken != "" {
		s.keys.bearers[c.BearerToken] = false
	}
}

// RemoveKey removes an access key. Requests with it are refused with
// InvalidAccessKeyId.NotFound.
func (s *Server) RemoveKey(accessKeyID string) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	delete(s.keys.keys, accessKeyID)
}

// DisableKey disables an access key. Requests with it are refused with
// InvalidAccessKeyId.Inactive. An unknown key stays unknown.
func (s *Server) DisableKey(accessKeyID string) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	if key, ok := s.keys.keys[accessKeyID]; ok {
		key.disabled = true
		s.keys.keys[accessKeyID] = key
	}
}

// ExpireToken expires a security token or a bearer token. Requests with it are
// refused with InvalidSecurityToken.Expired.
func (s *Server) ExpireToken(token string) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	for id, key := range s.keys.keys {
		if token != "" && key.token == token {
			key.expired = true
			s.keys.keys[id] = key
		}
	}
	if _, ok := s.keys.bearers[token]; ok {
		s.keys.bearers[token] = true
	}
}
