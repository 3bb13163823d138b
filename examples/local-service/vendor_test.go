package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
)

// job and outcome are the input and the output of vendor-clients/jobs.js.
type job struct {
	Endpoint        string         `json:"endpoint"`
	AccessKeyID     string         `json:"accessKeyId"`
	AccessKeySecret string         `json:"accessKeySecret"`
	SecurityToken   string         `json:"securityToken,omitempty"`
	Variant         string         `json:"variant"`
	Params          map[string]any `json:"params"`
}

type outcome struct {
	Pages  int                  `json:"pages"`
	Code   string               `json:"code"`
	Images []appstreaming.Image `json:"images"`
}

// vendorJobs returns listings and their expected results. The sixth page, which
// only the last listing requests, is throttled.
func vendorJobs(url, variant string) (jobs []job, want []outcome) {
	all := appstreamingtest.SampleImages(237)
	base := job{
		Endpoint: url, Variant: variant,
		AccessKeyID: appstreamingtest.AccessKeyID, AccessKeySecret: appstreamingtest.AccessKeySecret,
	}
	add := func(params map[string]any, result outcome, change func(*job)) {
		j := base
		j.Params = params
		if change != nil {
			change(&j)
		}
		jobs, want = append(jobs, j), append(want, result)
	}
	type object = map[string]any

	add(object{"PageSize": 50}, outcome{Pages: 5, Images: all}, nil)

	selected := slices.DeleteFunc(slices.Clone(all), func(i appstreaming.Image) bool {
		return !strings.Contains(i.ImageName, "开发云镜像") ||
			!slices.Contains(i.Tags, appstreaming.Tag{Key: "成本中心", Value: "CC-1025"}) ||
			i.PlatformName != appstreaming.PlatformNameUbuntu && i.PlatformName != appstreaming.PlatformNameWindows11
	})
	add(object{
		"ImageName":        "开发云镜像",
		"TagList":          []object{{"Key": "成本中心", "Value": "CC-1025"}, {"Key": "team", "Value": "研发"}},
		"PlatformNameList": []string{"Ubuntu", "Windows 11"},
		"PageSize":         3,
	}, outcome{Pages: (len(selected) + 2) / 3, Images: selected}, nil)

	add(object{"ImageName": "无 !'()*~+-_.&=%/?#:,;@\"\\|`^{}[]<>€😀"}, outcome{Pages: 1, Images: []appstreaming.Image{}}, nil)

	add(object{"PageSize": 100, "Status": "AVAILABLE", "OsType": "Android", "ProductType": "CloudApp", "ImageId": all[6].ImageID},
		outcome{Pages: 1, Images: all[6:7]}, func(j *job) {
			j.AccessKeyID, j.AccessKeySecret = appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret
			j.SecurityToken = appstreamingtest.SecurityToken
		})

	refused := func(code string) outcome { return outcome{Code: code, Images: []appstreaming.Image{}} }
	add(object{}, refused("SignatureDoesNotMatch"), func(j *job) { j.AccessKeySecret = "wrong" })
	add(object{}, refused("InvalidAccessKeyId.NotFound"), func(j *job) { j.AccessKeyID = "nobody" })
	add(object{"PageSize": 101}, refused("InvalidParameter.PageSize"), nil)
	add(object{"PageSize": 40}, outcome{Pages: 5, Code: "Throttling.User", Images: all[:200]}, nil) // page 6 fails
	return jobs, want
}

func TestTheVendorsNodeClientsWork(t *testing.T) {
	dir := installVendorClients(t)
	for _, test := range []struct{ script, variant, method, scheme string }{
		{"pop-core.js", "GET", "GET", appstreamingtest.SchemeRPC},
		{"pop-core.js", "POST", "POST", appstreamingtest.SchemeRPC},
		{"openapi-client.js", "ACS3 GET", "GET", appstreamingtest.SchemeACS3},
		{"openapi-client.js", "ACS3 POST", "POST", appstreamingtest.SchemeACS3},
		{"openapi-client.js", "ACS3 form", "POST", appstreamingtest.SchemeACS3},
		{"openapi-client.js", "RPC POST", "POST", appstreamingtest.SchemeRPC},
	} {
		t.Run(test.script+" "+test.variant, func(t *testing.T) {
			s := startService(t, "-fail", "code=Throttling.User,page=6")
			jobs, want := vendorJobs(s.url, test.variant)
			requests := 0
			for _, o := range want {
				requests += o.Pages
				if o.Code != "" {
					requests++
				}
			}
			got := runVendorClient(t, dir, test.script, jobs)
			stdout, _ := s.stop()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			signed := fmt.Sprintf("method=%s scheme=%s ", test.method, test.scheme)
			if n := strings.Count(stdout, "msg=request "+signed); n != requests {
				t.Errorf("%d requests were logged with %q, want %d:\n%s", n, signed, requests, stdout)
			}
			t.Logf("%d requests, each with %s", requests, signed)
		})
	}
}

// nodeTests is the environment variable that allows tests to run npm, which
// downloads packages.
const nodeTests = "APPSTREAMING_NODE_TESTS"

// installVendorClients puts the scripts and the packages they need into a
// directory of the test.
func installVendorClients(t *testing.T) string {
	t.Helper()
	if os.Getenv(nodeTests) == "" {
		t.Skip(nodeTests + " is not set: npm is not run")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("vendor-clients")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000")
	npm.Dir = dir
	npm.WaitDelay = time.Second // npm's children may hold its output open
	if output, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, output)
	}
	return dir
}

func runVendorClient(t *testing.T, dir, script string, jobs []job) []outcome {
	t.Helper()
	input, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	node := exec.CommandContext(ctx, "node", filepath.Join(dir, script))
	// Without the user's proxy and credentials it reaches loopback alone.
	node.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	node.Dir, node.Stdin, node.Stdout, node.Stderr = dir, bytes.NewReader(input), &stdout, &stderr
	if err := node.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, stderr.String())
	}
	var outcomes []outcome
	if err := json.Unmarshal(stdout.Bytes(), &outcomes); err != nil {
		t.Fatalf("%s printed %q: %v", script, stdout.String(), err)
	}
	return outcomes
}
