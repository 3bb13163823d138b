package appstreamingtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/wuying-go/appstreaming"
)

// StartTLS is [Start] with TLS. The server speaks HTTP/2 and HTTP/1.1, and its
// certificate is [Server.Certificate]. The clients that [Server.Client] returns
// trust it.
func StartTLS(images ...appstreaming.Image) (*Server, error) {
	certificate, err := newCertificate()
	if err != nil {
		return nil, err
	}
	return start(certificate, images)
}

// NewTLSServer is [StartTLS] for tests. It closes the server when the test ends.
// If it cannot listen, the test fails.
func NewTLSServer(tb testing.TB, images ...appstreaming.Image) *Server {
	tb.Helper()
	certificate, err := newCertificate()
	if err != nil {
		tb.Fatalf("appstreamingtest: %v", err)
		return nil
	}
	return started(tb, certificate, images)
}

func newCertificate() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "appstreamingtest"},
		NotBefore:             time.Now().Add(-24 * time.Hour),
		NotAfter:              time.Now().AddDate(50, 0, 0), // tests may set their clock
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost", "example.com"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// trustingClient returns an HTTP client that trusts the server's certificate.
func (s *Server) trustingClient() *http.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.transport == nil {
		roots := x509.NewCertPool()
		roots.AddCert(s.certificate.Leaf)
		s.transport = &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2: true,
		}
	}
	return &http.Client{Transport: s.transport}
}
