package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// issuer issues a key.
type issuer func(context.Context) (issued, error)

// keySource returns what issues the keys: the file, else an STS of the built-in
// service, whose current token revoke ends. It returns nil for the standard
// chain.
func keySource(s *demo.Session, file string) (issue issuer, revoke func()) {
	switch {
	case file != "":
		return fromFile(file), nil
	case s.Service == nil:
		return nil, nil
	}
	sts := &localSTS{service: s.Service}
	return sts.issue, func() { s.Service.ExpireToken(sts.token()) }
}

// localSTS issues keys that a built-in service accepts, each valid for an hour.
// It serves one caller at a time, which rotating ensures.
type localSTS struct {
	service *appstreamingtest.Server
	issues  int
}

func (s *localSTS) token() string { return fmt.Sprintf("demo-token-%d", s.issues) }

func (s *localSTS) issue(context.Context) (issued, error) {
	s.issues++
	key := issued{
		Credentials: appstreaming.Credentials{
			AccessKeyID:     fmt.Sprintf("STS.demo-%d", s.issues),
			AccessKeySecret: fmt.Sprintf("demo-secret-%d", s.issues),
			SecurityToken:   s.token(),
		},
		expires: time.Now().Add(time.Hour),
	}
	s.service.AddCredentials(key.Credentials)
	return key, nil
}

// fromFile reads what "aliyun sts AssumeRole" printed, again for every key. Its
// errors contain nothing of the file's text.
func fromFile(path string) issuer {
	return func(context.Context) (issued, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return issued{}, err
		}
		var answer struct {
			Credentials struct {
				AccessKeyID     string `json:"AccessKeyId"`
				AccessKeySecret string
				SecurityToken   string
				Expiration      time.Time
			}
		}
		if err := json.Unmarshal(text, &answer); err != nil || answer.Credentials.AccessKeyID == "" {
			return issued{}, errors.New(path + " does not hold what \"aliyun sts AssumeRole\" prints")
		}
		key := answer.Credentials
		return issued{
			Credentials: appstreaming.Credentials{
				AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken,
			},
			expires: key.Expiration,
		}, nil
	}
}
