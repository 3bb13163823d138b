// Program custom-credentials signs with STS keys from a callback, which renews them before they expire and when one is refused.
// Try: go run ./examples/custom-credentials, or: aliyun sts AssumeRole ... > sts.json; go run ./examples/custom-credentials -file sts.json
package main

import (
	"context"
	"fmt"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

func main() { program().Main() }

func program() *demo.Program {
	var file string
	return &demo.Program{
		Name:    "custom-credentials",
		About:   "Lists twice with STS keys from a callback, and prints which key that took.",
		Samples: func() []appstreaming.Image { return appstreamingtest.SampleImages(237) },
		Flags: func(f *demo.Flags) {
			f.Group("Credentials")
			f.Text("file", &file, "`path` of a file with the output of \"aliyun sts AssumeRole\", which another program keeps up to date")
		},
		Live: func() bool { return file != "" },
		Run: func(ctx context.Context, s *demo.Session) error {
			issue, revoke := keySource(s, file)
			if issue == nil {
				fmt.Fprintln(s.Stderr, "Without -file the keys come from the standard chain, which renews them itself.")
				return twice(ctx, s, nil, nil)
			}
			return twice(ctx, s, newRotating(issue), revoke)
		},
	}
}

// twice lists two times, the way a long-running program would, and prints which
// key that took. Between the calls it calls revoke, if there is one.
func twice(ctx context.Context, s *demo.Session, keys *rotating, revoke func()) error {
	client := s.Client
	if keys != nil {
		var err error
		if client, err = s.Client.With(appstreaming.WithCredentials(keys)); err != nil {
			return err
		}
	}
	for call := 1; call <= 2; call++ {
		page, err := client.ListImage(ctx, appstreaming.ListImageRequest{})
		if err != nil {
			return err
		}
		key := "of the standard chain"
		if keys != nil {
			key = keys.accessKeyID()
		}
		if _, err := fmt.Fprintf(s.Stdout, "call %d: %d images, attempts: %d, key: %s\n", call, page.Count, page.Attempts, key); err != nil {
			return err
		}
		if call == 1 && revoke != nil {
			revoke()
			fmt.Fprintln(s.Stdout, "now the service lets the token expire, long before its time")
		}
	}
	return nil
}
