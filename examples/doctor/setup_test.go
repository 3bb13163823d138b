package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
	"github.com/wuying-go/appstreaming/appstreamingtest"
	"github.com/wuying-go/appstreaming/examples/internal/demo"
)

// silent listens and never answers.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String()
}

func answering(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// through examines the real endpoint through a proxy.
func through(t *testing.T, proxy string, patience time.Duration) outcome {
	t.Helper()
	at, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	transport := newTransport()
	transport.Proxy = http.ProxyURL(at)
	return examine(t, &doctor{transport: transport, patience: patience}, longTerm, "-live")
}

// certified examines a service whose certificate is trusted, for that name and
// until that time.
func certified(t *testing.T, name string, until time.Time) outcome {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(name); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(appstreamingtest.New())
	server.Config.ErrorLog = quiet
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := newTransport()
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AddCert(certificate)
	return examine(t, &doctor{transport: transport}, longTerm, "-endpoint", server.URL)
}

func TestFaultsOfTheSetUpAreNamed(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) *appstreamingtest.Server {
		return appstreamingtest.NewServer(t, appstreamingtest.SampleImages(20)...)
	}
	for name, test := range map[string]struct {
		id, seen, do string
		run          func(t *testing.T) outcome
	}{
		"no credentials": {"credentials", "no credentials", "ALIBABA_CLOUD_ACCESS_KEY_ID", func(t *testing.T) outcome {
			return examine(t, new(doctor), nil, "-live")
		}},
		"expired token": {"acs3", "InvalidSecurityToken.Expired", "get a new STS token", func(t *testing.T) outcome {
			s := start(t)
			s.ExpireToken(appstreamingtest.SecurityToken)
			sts := appstreaming.StaticCredentials(
				appstreamingtest.STSAccessKeyID, appstreamingtest.STSAccessKeySecret, appstreamingtest.SecurityToken)
			return examine(t, new(doctor), sts, "-endpoint", s.URL())
		}},
		"wrong clock": {"clock", "-40m", "set the clock", func(t *testing.T) outcome {
			s := start(t)
			s.SetClock(func() time.Time { return time.Now().Add(40*time.Minute + 30*time.Second) })
			return examine(t, new(doctor), longTerm, "-endpoint", s.URL())
		}},
		"refused connection": {"connect", "refused", "firewalls", func(t *testing.T) outcome {
			closed := httptest.NewServer(nil)
			closed.Close()
			return examine(t, new(doctor), longTerm, "-endpoint", closed.URL)
		}},
		"untrusted certificate": {"tls", "certificate", "SSL_CERT_FILE", func(t *testing.T) outcome {
			s := httptest.NewUnstartedServer(appstreamingtest.New())
			s.Config.ErrorLog = quiet
			s.StartTLS()
			t.Cleanup(s.Close)
			return examine(t, new(doctor), longTerm, "-endpoint", s.URL)
		}},
		"unknown host": {"dns", "no such host", "check the region", func(t *testing.T) outcome {
			return examine(t, new(doctor), longTerm, "-endpoint", "https://appstream-center.invalid")
		}},
		"denied permission": {"permission", "HTTP 403 Forbidden.NoPermission", policy, func(t *testing.T) outcome {
			s := start(t)
			s.Fail(-1, appstreamingtest.Fault{Code: appstreaming.CodeForbiddenNoPermission})
			return examine(t, new(doctor), longTerm, "-endpoint", s.URL())
		}},
		"wrong secret": {"rpc", "SignatureDoesNotMatch", "check the secret", func(t *testing.T) outcome {
			return examine(t, new(doctor), appstreaming.StaticCredentials(appstreamingtest.AccessKeyID, "another", ""), "-endpoint", start(t).URL())
		}},
		"page of HTML": {"http", "HTTP 200, not a page", "-endpoint", func(t *testing.T) outcome {
			return examine(t, new(doctor), longTerm, "-endpoint", answering(t, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte("<html>log in</html>"))
			}))
		}},
		"no such page": {"http", "HTTP 404", "-endpoint", func(t *testing.T) outcome {
			return examine(t, new(doctor), longTerm, "-endpoint", answering(t, http.NotFound))
		}},
		"redirect": {"http", "HTTP 302", "proxies", func(t *testing.T) outcome {
			return examine(t, new(doctor), longTerm, "-endpoint", answering(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/login", http.StatusFound)
			}))
		}},
		"gateway without service": {"http", "HTTP 502", "try again later", func(t *testing.T) outcome {
			return examine(t, new(doctor), longTerm, "-endpoint", answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadGateway)
			}))
		}},
		"unknown operation": {"acs3", "InvalidAction.NotFound", "docs/errors.md", func(t *testing.T) outcome {
			s := start(t)
			s.Fail(-1, appstreamingtest.Fault{Code: "InvalidAction.NotFound", Status: 404})
			return examine(t, new(doctor), longTerm, "-endpoint", s.URL())
		}},
		"service that hangs": {"http", "not answered within 500ms", "no response comes", func(t *testing.T) outcome {
			return examine(t, &doctor{patience: 500 * time.Millisecond}, longTerm, "-endpoint", "http://"+silent(t))
		}},
		"handshake that hangs": {"tls", "not answered within 500ms", "TLS handshake is not answered", func(t *testing.T) outcome {
			return examine(t, &doctor{patience: 500 * time.Millisecond}, longTerm, "-endpoint", "https://"+silent(t))
		}},
		"handshake refused": {"tls", "protocol version", "TLS 1.2", func(t *testing.T) outcome {
			s := httptest.NewUnstartedServer(appstreamingtest.New())
			s.Config.ErrorLog = quiet
			s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11}
			s.StartTLS()
			t.Cleanup(s.Close)
			return examine(t, new(doctor), longTerm, "-endpoint", s.URL)
		}},
		"no TLS": {"tls", "does not look like a TLS handshake", "without TLS", func(t *testing.T) outcome {
			return examine(t, new(doctor), longTerm, "-endpoint", strings.Replace(answering(t, http.NotFound), "http:", "https:", 1))
		}},
		"TLS where http is expected": {"http", "HTTP 400", "-endpoint", func(t *testing.T) outcome {
			s := httptest.NewUnstartedServer(appstreamingtest.New())
			s.Config.ErrorLog = quiet
			s.StartTLS()
			t.Cleanup(s.Close)
			return examine(t, new(doctor), longTerm, "-endpoint", strings.Replace(s.URL, "https:", "http:", 1))
		}},
		"expired certificate": {"tls", "expired", "clock", func(t *testing.T) outcome {
			return certified(t, "127.0.0.1", time.Now().Add(-time.Hour))
		}},
		"certificate of tomorrow": {"tls", "not yet valid", "clock", func(t *testing.T) outcome {
			return certified(t, "127.0.0.1", time.Now().Add(100*time.Hour))
		}},
		"certificate for another name": {"tls", "127.0.0.1", "another name", func(t *testing.T) outcome {
			return certified(t, "example.com", time.Now().Add(time.Hour))
		}},
		"proxy without gateway": {"proxy", "refuses: 502", "NO_PROXY", func(t *testing.T) outcome {
			return through(t, answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }), patience)
		}},
		"proxy that is not there": {"proxy", "refused", "HTTPS_PROXY", func(t *testing.T) outcome {
			closed := httptest.NewServer(nil)
			closed.Close()
			return through(t, closed.URL, patience)
		}},
		"SOCKS proxy that is not there": {"proxy", "refused", "HTTPS_PROXY", func(t *testing.T) outcome {
			closed := httptest.NewServer(nil)
			closed.Close()
			return through(t, strings.Replace(closed.URL, "http:", "socks5:", 1), patience)
		}},
		"proxy of an unknown name": {"proxy", "proxy.invalid", "HTTPS_PROXY", func(t *testing.T) outcome {
			return through(t, "http://user:password@proxy.invalid:3128", patience)
		}},
		"proxy that hangs": {"proxy", "not answered within 500ms", "HTTPS_PROXY", func(t *testing.T) outcome {
			return through(t, "http://"+silent(t), 500*time.Millisecond)
		}},
		"SOCKS proxy that hangs": {"proxy", "not answered within 500ms", "HTTPS_PROXY", func(t *testing.T) outcome {
			return through(t, "socks5://"+silent(t), 500*time.Millisecond)
		}},
		"proxy that refuses": {"proxy", "refuses: 407", "NO_PROXY", func(t *testing.T) outcome {
			return through(t, answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }), patience)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := test.run(t)
			f := o.find(t, test.id)
			if f.Verdict != fails || !strings.Contains(f.Seen, test.seen) || !strings.Contains(f.Do, test.do) {
				t.Errorf("%+v, want a failure with %q and %q", f, test.seen, test.do)
			}
			if o.code != exitSetUpFailed {
				t.Errorf("exit %d, want %d", o.code, exitSetUpFailed)
			}
			for _, other := range o.report.SetUp {
				if other.Verdict == fails && other.ID != test.id && apiErrorSides[other.ID] != test.id {
					t.Errorf("%+v fails too", other)
				}
			}
			if strings.Contains(o.stdout+o.stderr, "password") && !strings.Contains(test.do, "NO_PROXY") {
				t.Errorf("the report holds a password: %s", o.stdout)
			}
		})
	}
}

// apiErrorSides are the lines that fail together.
var apiErrorSides = map[string]string{"acs3": "rpc", "rpc": "acs3"}

func TestAServiceThatThrottlesFromTheBeginningIsNotReady(t *testing.T) {
	t.Parallel()
	s := appstreamingtest.NewServer(t)
	s.Fail(-1, appstreamingtest.Fault{Code: appstreaming.CodeThrottlingUser})
	o := examine(t, &doctor{options: []appstreaming.Option{appstreaming.WithPacing(false)}}, longTerm, "-endpoint", s.URL())
	if f := o.find(t, "acs3"); o.code != exitSetUpFailed || f.Verdict != unchecked || !strings.Contains(f.Do, "too many requests") {
		t.Errorf("exit %d, %+v; want 2, an unchecked line and what to do", o.code, f)
	}
}

func TestAReportWithoutAssumptionsHasNoPartForThem(t *testing.T) {
	t.Parallel()
	for format, unwanted := range map[string]string{"table": "Assumptions", "markdown": "Assumptions", "json": "null"} {
		if o := examine(t, new(doctor), nil, "-live", "-o", format); o.code != exitSetUpFailed || strings.Contains(o.stdout, unwanted) {
			t.Errorf("%s: exit %d\n%s", format, o.code, o.stdout)
		}
	}
}

func TestTheHomeDirectoryIsNotInTheReport(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	env := demo.Isolated(&stdout, &stderr)
	home := t.TempDir()
	env.Getenv = func(name string) string { return map[string]string{"HOME": home}[name] }
	env.Credentials = appstreaming.CredentialsFunc(func(context.Context) (appstreaming.Credentials, error) {
		return appstreaming.Credentials{}, errors.New(home + "/.aliyun/config.json of acs:ram::1426098341234567:role/alice does not work")
	})
	code := new(doctor).program().Execute(t.Context(), env, []string{"-live"})
	if code != exitSetUpFailed || strings.Contains(stdout.String(), home) || strings.Contains(stdout.String(), "alice") {
		t.Errorf("exit %d\n%s", code, stdout.String())
	}
}

// net/http ignores a proxy's address that it cannot read, and connects directly.
func TestAProxyThatIsIgnoredIsNamed(t *testing.T) {
	t.Parallel()
	service := appstreamingtest.NewServer(t)
	for value, want := range map[string]verdict{
		"": holds, "proxy:3128": holds, "http://user:password@proxy:3128": holds, "socks5://proxy": holds,
		"http://user:password%zz@proxy": fails,
	} {
		var stdout, stderr bytes.Buffer
		env := demo.Isolated(&stdout, &stderr)
		env.Getenv = func(name string) string { return map[string]string{"HTTPS_PROXY": value}[name] }
		env.Credentials = longTerm
		d := &doctor{pause: time.Millisecond}
		code := d.program().Execute(t.Context(), env, []string{"-endpoint", service.URL(), "-o", "json"})
		var r report
		if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		f := outcome{report: r}.find(t, "proxy")
		if f.Verdict != want || (code == exitSetUpFailed) != (want == fails) || strings.Contains(stdout.String(), "password") {
			t.Errorf("%s: exit %d, %+v", value, code, f)
		}
	}
}
