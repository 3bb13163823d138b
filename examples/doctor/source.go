package main

import (
	"fmt"
	"time"

	"github.com/wuying-go/appstreaming/examples/internal/demo"
	"github.com/wuying-go/appstreaming/internal/profile"
)

// source names the source that the standard chain takes credentials from, in
// the order of that chain.
func source(s *demo.Session, now time.Time) string {
	env := s.Getenv
	switch {
	case s.Service != nil:
		return "the built-in service"
	case s.Profile != "":
		return describe(s, s.Profile, now)
	case env("ALIBABA_CLOUD_ACCESS_KEY_ID") != "" && env("ALIBABA_CLOUD_ACCESS_KEY_SECRET") != "":
		return "environment variables"
	case env("ALIBABA_CLOUD_ROLE_ARN") != "" && env("ALIBABA_CLOUD_OIDC_TOKEN_FILE") != "":
		return "OIDC, by ALIBABA_CLOUD_ROLE_ARN"
	}
	if text := describe(s, "", now); text != "" {
		return text
	}
	if env("ALIBABA_CLOUD_CREDENTIALS_URI") != "" {
		return "the profile file, ECS metadata or ALIBABA_CLOUD_CREDENTIALS_URI"
	}
	return "the profile file or ECS metadata"
}

// describe says what a profile of the CLI is; it is empty when there is none.
func describe(s *demo.Session, name string, now time.Time) string {
	p, err := reader(s, now).Read(name)
	if err != nil {
		return ""
	}
	text := fmt.Sprintf("profile %q of the CLI, mode %s", p.Name, p.Mode)
	switch {
	case p.Mode == profile.ModeOAuth:
		text += ", expires " + time.Unix(p.STSExpires, 0).UTC().Format(time.RFC3339)
	case p.AccessTokenExpires != 0:
		text += ", login expires " + time.Unix(p.AccessTokenExpires, 0).UTC().Format(time.RFC3339)
	}
	return text
}

func reader(s *demo.Session, now time.Time) profile.Reader {
	return profile.Reader{Getenv: s.Getenv, Home: demo.Home(s.Getenv), Now: func() time.Time { return now }}
}
