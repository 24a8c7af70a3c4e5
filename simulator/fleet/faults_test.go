package fleet

import (
	"flag"
	"net/netip"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
)

var (
	faultPhones  = flag.Int("fault-phones", 0, "how many phones meet each fault; 0: as many as are quick")
	updateFaults = flag.Bool("update-faults", false, "write the table of faults under load in docs/trust.md anew")
)

// sitePhones is how many phones of a row meet its fault, where nobody says.
const sitePhones = 40

// meeting is how many phones meet a fault: own, unless -fault-phones says how many.
func meeting(own int) int {
	if *faultPhones > 0 {
		return *faultPhones
	}
	return own
}

// manyAddresses is what a DHCP server has for a fleet.
var manyAddresses = netip.MustParsePrefix("10.128.0.0/12")

// faults are the rows of the table.
var faults = []fault{
	{name: "20% of packets lost", cable: testbed.Cable{Loss: 0.2}}, // the first to begin, as it takes longest
	{name: "5% of packets lost", cable: testbed.Cable{Loss: 0.05}},
	{name: "1% of packets lost", cable: testbed.Cable{Loss: 0.01}},
	{name: "20% of packets twice", cable: testbed.Cable{Duplicate: 0.2}},
	{name: "25% of packets out of order", cable: testbed.Cable{Reorder: 0.25}},
	{name: "packets 200 ms ± 100 late", cable: testbed.Cable{Delay: 200 * time.Millisecond, Jitter: 100 * time.Millisecond}},
	{name: "server killed and started again", does: restarts},
	{name: "server moves to another address", does: moves},
	{name: "name does not resolve for a while", does: nameless, named: true},
	{name: "name does not resolve", does: namelessForGood, named: true, lasts: true},
	{name: "server gone", does: gone, lasts: true},
}

// ways are the columns: protocols, and ways of discovery.
var ways = []string{"tftp", "ftp", "http", "https", "pnp", "dhcp"}

// Each fault of network and server, over each protocol: which phones are provisioned, that each that meant to start
// is accounted for, that nothing is left of them, and that the verdict is right.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("phones that lost a packet wait for seconds: a minute or two")
	}
	t.Parallel()
	table := new(faultTable)
	if *updateFaults {
		t.Cleanup(func() { table.write(t, meeting(sitePhones)) })
	}
	for _, c := range cells() {
		t.Run(cellName(c.fault.name, c.way), func(t *testing.T) {
			t.Parallel()
			specs := phones(t, meeting(sitePhones))
			s := newSite(t, c.way, c.fault, specs)
			r := s.load.run(t, s.tb, s.midway...)
			accounted(t, r, len(specs))
			s.happened(c.fault, r)
			table.add(c.fault.name, c.way, r)
		})
	}
}

// cell is a fault met over a protocol, or a way of discovery.
type cell struct {
	fault fault
	way   string
}

// cells are all that there are.
func cells() (all []cell) {
	for _, f := range faults {
		for _, way := range ways {
			if f.named && (way == "pnp" || way == "dhcp") {
				continue // they name an address
			}
			all = append(all, cell{f, way})
		}
	}
	return all
}

// cellName is that of a cell's test.
func cellName(fault, way string) string { return fault + "/" + way }

// accounted asserts that no phone and no pass is lost.
func accounted(t *testing.T, r *Report, n int) {
	t.Helper()
	sum := func(counts map[trace.Code]uint64) (all uint64) {
		for _, c := range counts {
			all += c
		}
		return all
	}
	var outcomes uint64
	for _, c := range r.Outcomes {
		outcomes += c
	}
	if r.Meant != uint64(n) || r.Shed != 0 || r.Passes != r.OK+r.Failed+r.Wrong || r.Passes != outcomes || sum(r.Errors) != r.Failed {
		t.Errorf("%d starts, %d shed; %d passes, %d ok, %d failed, %d wrong, by outcome %v, by error %v",
			r.Meant, r.Shed, r.Passes, r.OK, r.Failed, r.Wrong, r.Outcomes, r.Errors)
	}
}

// A phone whose pass failed when the run was over already would have come again: it was given up, and is told as that.
func TestGivenUpWhenOver(t *testing.T) {
	for name, c := range map[string]struct {
		pacer Pacer
		want  int
	}{"avalanche": {Avalanche{}, 1}, "storm": {Storm{}, 0}} {
		d := &dispatcher{run: &run{members: []member{{busy: true, started: true}}}, pacer: c.pacer, over: true}
		d.ended(result{state: stateFailed})
		d.forget()
		if d.unserved != c.want {
			t.Errorf("%s: %d given up, want %d", name, d.unserved, c.want)
		}
	}
}

// happened asserts that the fault was there, and what became of the phones.
func (s *site) happened(f fault, r *Report) {
	t, n := s.t, s.load.Phones
	t.Helper()
	c := s.tb.CableCounts()
	for what, does := range map[string][2]float64{
		"lost": {f.cable.Loss, float64(c.Lost)}, "twice": {f.cable.Duplicate, float64(c.Duplicated)}, "out of order": {f.cable.Reorder, float64(c.Reordered)},
	} {
		if want := does[0] * float64(c.Frames); does[1] < want/2 || does[1] > 2*want+5 {
			t.Errorf("%.0f of %d frames %s, want about %.0f", does[1], c.Frames, what, want)
		}
	}
	word := r.Judgement.Word
	if f.lasts {
		if r.Provisioned != 0 || r.Failed != uint64(n) || word == Holds {
			t.Errorf("%d provisioned, %d failed: %s", r.Provisioned, r.Failed, word)
		}
		return
	}
	allServed(t, r, n)
	if word == Fails || word == Invalid && r.Health.LagP99 < MostLag && r.Health.DispatchP99 < MostLag {
		t.Errorf("%s: %q", word, r.Judgement.Why)
	}
	if f.does != nil && r.Failed+r.Resends+r.Searches == 0 {
		t.Error("no phone noticed")
	}
}
