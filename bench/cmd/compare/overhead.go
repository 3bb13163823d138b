package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/wuying-go/appstreaming"

	"github.com/wuying-go/appstreaming/bench/internal/measure"
	"github.com/wuying-go/appstreaming/bench/internal/peers"
	"github.com/wuying-go/appstreaming/bench/internal/peers/ours"
	"github.com/wuying-go/appstreaming/bench/internal/peers/plain"
	"github.com/wuying-go/appstreaming/bench/internal/report"
	"github.com/wuying-go/appstreaming/bench/internal/stub"
)

// overhead is the cost of ListImage above a bare http.Client.Do of a request
// signed beforehand, on a page with nothing to decode. It includes building
// and signing, and so bounds from above what attempts, credentials and hooks
// add.
type overhead struct{ loopback, memory pair }

// pair holds ListImage, the bare call, and the medians of their differences.
type pair struct{ ours, bare, added measure.Sample }

// measureOverhead measures over loopback, which is what counts, and with a
// transport that answers from memory, which is undisturbed by the network.
func measureOverhead(s settings) (overhead, error) {
	child, err := stub.Start(stub.Config{})
	if err != nil {
		return overhead{}, err
	}
	defer child.Close()

	var all [4]peers.Peer
	memory := &http.Client{Transport: stub.Memory{}}
	for i, newPeer := range []func() (peers.Peer, error){
		func() (peers.Peer, error) { return ours.New(child.URL) },
		func() (peers.Peer, error) { return plain.NewRaw(child.URL) },
		func() (peers.Peer, error) { return ours.New(child.URL, appstreaming.WithHTTPClient(memory)) },
		func() (peers.Peer, error) { return plain.NewRawOver(memory.Transport, child.URL) },
	} {
		if all[i], err = newPeer(); err != nil {
			return overhead{}, err
		}
	}
	var variants []measure.Variant
	for _, peer := range all {
		variants = append(variants, variant(peer, peers.Page{Bytes: len(stub.EmptyPage)}))
	}
	plan := s.plan
	plan.Rounds = 2 * plan.Rounds // because the differences are microseconds
	samples, err := plan.Run(variants)
	if err != nil {
		return overhead{}, err
	}
	newPair := func(ours, bare []measure.Sample) pair {
		return pair{measure.Medians(ours), measure.Medians(bare), measure.Medians(measure.Differences(ours, bare))}
	}
	return overhead{newPair(samples[0], samples[1]), newPair(samples[2], samples[3])}, nil
}

func printOverhead(out io.Writer, o overhead) {
	fmt.Fprintf(out, "A page with nothing to decode, %d bytes, against http.Client.Do of a request signed beforehand. "+
		"The difference includes building and signing:\n\n", len(stub.EmptyPage))
	row := func(name string, s measure.Sample) []string {
		return []string{name, report.Duration(s.Wall), report.Duration(s.CPU), report.Bytes(s.Bytes), fmt.Sprintf("%.0f", s.Allocs)}
	}
	report.Table(out, []string{"call", "time", "CPU", "allocated", "allocations"}, [][]string{
		row("ListImage over loopback", o.loopback.ours),
		row("http.Client.Do over loopback", o.loopback.bare),
		row("difference", o.loopback.added),
		row("ListImage, answered from memory", o.memory.ours),
		row("http.Client.Do, answered from memory", o.memory.bare),
		row("difference", o.memory.added),
	})
}
