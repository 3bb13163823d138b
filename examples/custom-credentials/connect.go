package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// connection is a client and the keys it uses.
type connection struct {
	client *appstreaming.Client
	keys   *rotating
	stop   func()
	revoke func() // ends the token in use; nil with the real service
}

// connect takes keys from the file, else from the environment, and else from an
// STS of its own beside a built-in service.
func connect(file, region string, getenv func(string) string, stderr io.Writer) (*connection, error) {
	issue := fromEnvironment(getenv)
	switch {
	case file != "":
		issue = fromFile(file)
	case !demo.HasCredentials(getenv):
		if _, err := appstreaming.New(demo.Region(getenv, region)); err != nil {
			return nil, err // a wrong region is wrong although nothing depends on it yet
		}
		return connectLocal(stderr)
	}
	keys := newRotating(issue)
	client, stop, err := demo.Connect(getenv, stderr, region, true, nil, append(keys.options(), appstreaming.WithApplication(program, ""))...)
	return &connection{client: client, keys: keys, stop: stop}, err
}

func connectLocal(stderr io.Writer) (*connection, error) {
	var sts localSTS
	keys := newRotating(sts.issue)
	client, service, err := demo.Local(stderr, appstreamingtest.SampleImages(237), keys.options()...)
	if err != nil {
		return nil, err
	}
	sts.service = service
	return &connection{
		client: client,
		keys:   keys,
		stop:   func() { client.CloseIdleConnections(); service.Close() },
		revoke: func() { service.ExpireToken(sts.token()) },
	}, nil
}

// localSTS issues keys that a service double accepts, each valid for an hour.
// One caller at a time, as rotating sees to.
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

// fromEnvironment gives the environment's key, which does not change.
func fromEnvironment(getenv func(string) string) func(context.Context) (issued, error) {
	return func(context.Context) (issued, error) {
		return issued{Credentials: appstreaming.Credentials{
			AccessKeyID:     getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"),
			AccessKeySecret: getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
			SecurityToken:   getenv("ALIBABA_CLOUD_SECURITY_TOKEN"),
		}}, nil
	}
}

// fromFile reads what "aliyun sts AssumeRole" printed, anew for every issue.
// Its errors hold nothing of the file's text.
func fromFile(path string) func(context.Context) (issued, error) {
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
			Credentials: appstreaming.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken},
			expires:     key.Expiration,
		}, nil
	}
}
