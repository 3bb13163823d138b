package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/wuying-go/appstreaming/bench/internal/measure"
	"github.com/wuying-go/appstreaming/bench/internal/peers"
	"github.com/wuying-go/appstreaming/bench/internal/peers/legacy"
	"github.com/wuying-go/appstreaming/bench/internal/peers/ours"
	"github.com/wuying-go/appstreaming/bench/internal/peers/plain"
	"github.com/wuying-go/appstreaming/bench/internal/peers/vendorcore"
	"github.com/wuying-go/appstreaming/bench/internal/report"
	"github.com/wuying-go/appstreaming/bench/internal/stub"
)

// Positions of the clients in what newPeers returns.
const (
	peerOurs = iota
	peerVendor
	peerLegacy
	peerPlain
	peerRaw
)

// stat is the cost of one client.
type stat struct {
	name string
	measure.Sample
	spread float64 // of the CPU time
}

// newPeers makes the clients to be compared.
func newPeers(endpoint string) ([]peers.Peer, error) {
	var all []peers.Peer
	for _, newPeer := range []func(string) (peers.Peer, error){
		func(endpoint string) (peers.Peer, error) { return ours.New(endpoint) },
		vendorcore.New,
		legacy.New,
		func(endpoint string) (peers.Peer, error) { return plain.New(endpoint), nil },
		plain.NewRaw,
	} {
		peer, err := newPeer(endpoint)
		if err != nil {
			return nil, err
		}
		all = append(all, peer)
	}
	return all, nil
}

// comparePages measures every client on the page in a file.
func comparePages(s settings, file string) ([]stat, error) {
	sent, err := expectation(file)
	if err != nil {
		return nil, err
	}
	child, err := stub.Start(stub.Config{Body: file, Gzip: s.gzip})
	if err != nil {
		return nil, err
	}
	defer child.Close()
	all, err := newPeers(child.URL)
	if err != nil {
		return nil, err
	}
	var variants []measure.Variant
	for _, peer := range all {
		variants = append(variants, variant(peer, sent))
	}
	return runPlan(s.plan, variants)
}

func runPlan(plan measure.Plan, variants []measure.Variant) ([]stat, error) {
	samples, err := plan.Run(variants)
	if err != nil {
		return nil, err
	}
	var stats []stat
	for i, v := range variants {
		stats = append(stats, stat{v.Name, measure.Medians(samples[i]), measure.Spread(samples[i])})
	}
	return stats, nil
}

// variant makes a client measurable: every page it returns is checked.
func variant(peer peers.Peer, sent peers.Page) measure.Variant {
	ctx := context.Background()
	return measure.Variant{Name: peer.Name, Call: func() error {
		page, err := peer.List(ctx)
		if err != nil {
			return err
		}
		return peer.Check(page, sent)
	}}
}

// expectation reads from the file what clients should find.
func expectation(file string) (peers.Page, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return peers.Page{}, err
	}
	var page struct {
		Data []struct {
			ImageID string `json:"ImageId"`
		}
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return peers.Page{}, fmt.Errorf("%s: %w", file, err)
	}
	if len(page.Data) == 0 {
		return peers.Page{}, fmt.Errorf("%s: no images", file)
	}
	return peers.Page{Images: len(page.Data), LastID: page.Data[len(page.Data)-1].ImageID, Bytes: len(body)}, nil
}

func printPages(out io.Writer, images int, bytes int64, stats []stat) {
	fmt.Fprintf(out, "A page of %d images, %d bytes:\n\n", images, bytes)
	base := stats[peerOurs]
	var rows [][]string
	for _, s := range stats {
		rows = append(rows, []string{
			s.name,
			report.Duration(s.Wall), report.Duration(s.CPU), report.Bytes(s.Bytes), fmt.Sprintf("%.0f", s.Allocs),
			report.Times(s.Wall / base.Wall), report.Times(s.CPU / base.CPU),
			report.Times(s.Bytes / base.Bytes), report.Times(s.Allocs / base.Allocs),
			fmt.Sprintf("%.0f%%", 100*s.spread),
		})
	}
	report.Table(out, []string{
		"client", "time", "CPU", "allocated", "allocations",
		"time/ours", "CPU/ours", "allocated/ours", "allocations/ours", "CPU spread",
	}, rows)
}
