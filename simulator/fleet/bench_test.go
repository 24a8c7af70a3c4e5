package fleet

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/testbed"
)

// rounds is of which the medians are reported.
const rounds = 5

// newDuel is a duel for so many passes a round.
func newDuel(b *testing.B, server, tree string, passes int) duel {
	return duel{Server: server, Tree: tree, Rounds: rounds, Passes: passes, Expect: trees[tree].expect(b)}
}

// BenchmarkTFTP: whole passes over TFTP beside a loop that sends and takes the same packets and does nothing
// else: against a responder in this process, whose CPU both sides pay for, and against dnsmasq in a namespace.
func BenchmarkTFTP(b *testing.B) {
	for _, c := range []struct {
		tree   string
		passes int
	}{{"small", 2500}, {"fip14g", 200}} {
		b.Run(c.tree+"/in-process", func(b *testing.B) {
			at := responder(b, trees[c.tree].files(b, phones(b, c.passes)))
			for b.Loop() {
				f, err := newDuel(b, "tftp://"+at.String()+"/", c.tree, c.passes).run()
				if err != nil {
					b.Fatal(err)
				}
				f.report(b)
			}
		})
		b.Run(c.tree+"/dnsmasq", func(b *testing.B) { besideServer(b, testbed.Dnsmasq, 0, c.tree, c.passes) })
	}
}

// BenchmarkWeb: whole passes of five files beside a loop of net/http, both with one connection a phone; over
// HTTPS each with a full handshake. The connections of all rounds are fewer than half of the ports, each of
// which rests for a minute: to find a free one among few takes the system long. What other programs get out of the same server is printed beside it.
func BenchmarkWeb(b *testing.B) {
	b.Run("http/nginx", func(b *testing.B) { besideServer(b, testbed.Nginx, 0, "small", 1000, "hey", "wrk") })
	b.Run("https/nginx", func(b *testing.B) { besideServer(b, testbed.Nginx, 1, "small", 600) })
}

// besideServer runs a duel at one way in to a real server.
func besideServer(b *testing.B, server testbed.Server, way int, tree string, passes int, others ...string) {
	tb := testbed.New(b, server.Needs)
	s := tb.Start(server, tb.Publish(trees[tree].files(b, phones(b, passes))))
	d := newDuel(b, s.Endpoints[way].URL.String(), tree, passes)
	d.CA = string(s.CA.PEM)
	for b.Loop() {
		d.runIn(b, tb.Phone.Command).report(b)
	}
	for _, name := range others {
		b.Log(otherLoad(b, tb, name, d.Server+device.CommonCfg))
	}
}

// otherLoads are programs that ask for one URL over and over, and where they tell how often a second.
var otherLoads = map[string]struct {
	args []string
	rate *regexp.Regexp
}{
	"hey": {[]string{"-c", "32", "-z", "3s"}, regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)},
	"wrk": {[]string{"-c", "32", "-t", "2", "-d", "3s"}, regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)},
}

// otherLoad says how many requests a second a program makes on connections that it keeps.
func otherLoad(b *testing.B, tb *testbed.Testbed, name, at string) string {
	if missing := testbed.Missing(testbed.Needs{name}); missing != "" {
		return missing
	}
	o := otherLoads[name]
	out, err := tb.Phone.Command(b.Context(), name, append(o.args, at)...).CombinedOutput()
	found := o.rate.FindSubmatch(out)
	if err != nil || found == nil {
		b.Fatalf("%s: %v\n%s", name, err, out)
	}
	return name + ": " + string(found[1]) + " requests a second, connections kept"
}

// BenchmarkPhones: passes a second and memory, by the number of phones: the heap at the end of a run, less
// what it was before, so what phones at rest hold and what was measured.
func BenchmarkPhones(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			specs := phones(b, n)
			at := responder(b, tree(specs))
			o := Options{Phones: specs, Servers: []string{"tftp://" + at.String() + "/"}, InFlight: duelWorkers, Expect: expect(b, expectTree), Seed: 1}
			for b.Loop() {
				var rates, heap []float64
				for range rounds {
					before := inUse()
					r, err := Run(b.Context(), o)
					if err != nil || r.Provisioned != uint64(n) {
						b.Fatalf("%v: %d of %d were provisioned", err, r.Provisioned, n)
					}
					rates, heap = append(rates, r.Rate), append(heap, (float64(r.Health.HeapBytes)-float64(before))/1e6)
				}
				b.ReportMetric(0, "ns/op") // says nothing here
				b.ReportMetric(median(rates), "passes/s")
				b.ReportMetric(median(heap), "MB")
				b.Logf("%d phones: %s passes a second, %s MB", n, spread(rates, 0), spread(heap, 1))
			}
		})
	}
}
