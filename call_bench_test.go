package appstreaming

import (
	"context"
	"io"
	"net/http"
	"testing"
)

// answeredWith returns a transport that always answers with the same page.
func answeredWith(body string) TransportFunc {
	return func(*http.Request) (*http.Response, error) { return respond(200, nil, body), nil }
}

const emptyPage = `{"Success":true,"Code":"200","Message":"success","RequestId":"R","Count":0,"PageNumber":1,"PageSize":10,"Data":[]}`

func TestACallStaysWithinItsAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("sync.Pool drops items at random under the race detector")
	}
	hc := answeredWith(emptyPage).Client()
	client, err := New("cn-shanghai", WithHTTPClient(hc), WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	req := typicalRequest()
	ctx := context.Background()
	// Twelve of them are those of http.Client.Do and of the transport here.
	if got := testing.AllocsPerRun(200, func() { client.ListImage(ctx, req) }); got > 72 {
		t.Errorf("a call allocates %v times, want at most 72", got)
	}
}

// BenchmarkCallOverhead sets a call beside the bare http.Client.Do of a request
// signed beforehand, both answered at once with an empty page: the difference
// is what building, signing, the attempt loop, credentials, hooks and decoding
// an empty page cost.
func BenchmarkCallOverhead(b *testing.B) {
	hc := answeredWith(emptyPage).Client()
	client, err := New("cn-shanghai", WithHTTPClient(hc), WithCredentials(StaticCredentials("LTAI1", "hunter22-secret", "")))
	if err != nil {
		b.Fatal(err)
	}
	req := typicalRequest()
	b.Run("bare Do", func(b *testing.B) {
		cfg, s := typicalConfig(SignatureACS3)
		signed, _ := signed(b, &cfg, &req, s)
		b.ReportAllocs()
		for b.Loop() {
			resp, err := hc.Do(signed)
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
	b.Run("ListImage", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.ListImage(context.Background(), req); err != nil {
				b.Fatal(err)
			}
		}
	})
}
