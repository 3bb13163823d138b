package appstreaming_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// FuzzSignThenVerify has the double verify what the client signs, both ways,
// with code that has nothing in common: it accepts every request that
// validates, and reads the very parameters that were meant.
func FuzzSignThenVerify(f *testing.F) {
	f.Add("imgc-1", "设计 云", "Ubuntu 22.04 64位", "env", "a+b/c=d&e%20*~", "secret/+=~", 3)
	f.Add("", " ", "'\"<>", "团队", "", "x", 11)
	f.Add("a", "😀", "\u00a0", "k", "\u200b", "`!@#$%^&*()", 0)
	f.Fuzz(func(t *testing.T, id, name, distro, key, value, secret string, items int) {
		req := appstreaming.ListImageRequest{ImageID: id, ImageName: name, Distro: distro}
		for range items % 20 {
			req.Features = append(req.Features, appstreaming.Feature(key))
			req.Tags = append(req.Tags, appstreaming.Tag{Key: key, Value: value})
		}
		if req.Validate() != nil || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || secret == "" {
			return // refused before anything is sent, as other tests show
		}
		service := appstreamingtest.New()
		defer service.Close()
		service.AddCredentials(appstreaming.Credentials{AccessKeyID: "LTAI-fuzz", AccessKeySecret: secret})
		var params []map[string]string
		for _, signature := range signatures {
			client, err := appstreaming.New("cn-shanghai", appstreaming.WithSignature(signature), appstreaming.WithRetry(appstreaming.RetryPolicy{MaxAttempts: 1}),
				appstreaming.WithCredentials(appstreaming.StaticCredentials("LTAI-fuzz", secret, "")),
				appstreaming.WithHTTPClient(appstreaming.HandledBy(service).Client()))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.ListImage(t.Context(), req); err != nil {
				t.Fatalf("%v: %v", signature, err)
			}
			params = append(params, service.Requests()[len(params)].Params)
		}
		if diff := cmp.Diff(params[0], params[1]); diff != "" || params[0]["ImageName"] != name || params[0]["Distro"] != distro {
			t.Fatalf("name %q, distribution %q; the two signatures' parameters differ by:\n%s", params[0]["ImageName"], params[0]["Distro"], diff)
		}
	})
}
