package fleet

import (
	"fmt"
	"regexp"
	"slices"
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
// HTTPS each with a full handshake. What other programs get out of the same server is printed beside it.
func BenchmarkWeb(b *testing.B) {
	b.Run("http/nginx", func(b *testing.B) { besideServer(b, testbed.Nginx, 0, "small", 5000, "hey", "wrk") })
	b.Run("https/nginx", func(b *testing.B) { besideServer(b, testbed.Nginx, 1, "small", 1500, "hey", "wrk") })
}

// besideServer runs a duel at one way in to a real server.
func besideServer(b *testing.B, server testbed.Server, way int, tree string, passes int, others ...string) {
	tb := testbed.New(b, server.Needs)
	s := tb.Start(server, tb.Publish(trees[tree].files(b, phones(b, passes))))
	d := newDuel(b, s.Endpoints[way].URL.String(), tree, passes)
	d.CA = string(s.CA.PEM)
	freePorts(b, tb)
	for b.Loop() {
		d.runIn(b, tb.Phone.Command).report(b)
	}
	for _, name := range others {
		b.Log(otherLoad(b, tb, name, false, d.Server+device.CommonCfg))
		b.Log(otherLoad(b, tb, name, true, d.Server+device.CommonCfg))
	}
}

// freePorts lets ports of connections that were closed be used again at once: each rests for a minute otherwise,
// and the more of them do, the longer a connection takes, on either side.
func freePorts(b *testing.B, tb *testbed.Testbed) {
	out, err := tb.Phone.Command(b.Context(), "sh", "-c", "echo 1000 >/proc/sys/net/ipv4/tcp_max_tw_buckets").CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
}

// otherLoads are programs that ask for one URL over and over, on connections that they keep or on a new one for
// each request, and where they tell how often a second.
var otherLoads = map[string]struct {
	args, anew []string
	rate       *regexp.Regexp
}{
	"hey": {[]string{"-c", "32", "-z", "3s"}, []string{"-disable-keepalive"}, regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)},
	"wrk": {[]string{"-c", "32", "-t", "2", "-d", "3s"}, []string{"-H", "Connection: close"}, regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)},
}

// otherLoad says how many requests a second a program makes.
func otherLoad(b *testing.B, tb *testbed.Testbed, name string, anew bool, at string) string {
	if missing := testbed.Missing(testbed.Needs{name}); missing != "" {
		return missing
	}
	o, how := otherLoads[name], "connections kept"
	args := slices.Clone(o.args)
	if anew {
		args, how = append(args, o.anew...), "a connection each"
	}
	out, err := tb.Phone.Command(b.Context(), name, append(args, at)...).CombinedOutput()
	found := o.rate.FindSubmatch(out)
	if err != nil || found == nil {
		b.Fatalf("%s: %v\n%s", name, err, out)
	}
	return fmt.Sprintf("%s: %s requests a second, %s", name, found[1], how)
}

// BenchmarkPhones: passes a second and memory, by the number of phones: the heap at the end of a run, less
// what it was before, so what phones at rest hold and what was measured. Of a hundred thousand there are three
// runs, so that it all ends in a few minutes.
func BenchmarkPhones(b *testing.B) {
	for _, c := range []struct{ phones, rounds int }{{1000, rounds}, {10_000, rounds}, {100_000, 3}} {
		b.Run(fmt.Sprint(c.phones), func(b *testing.B) {
			specs := phones(b, c.phones)
			at := responder(b, tree(specs))
			o := Options{Phones: specs, Servers: []string{"tftp://" + at.String() + "/"}, InFlight: duelWorkers, Expect: expect(b, expectTree), Seed: 1}
			for b.Loop() {
				var rates, heap []float64
				for range c.rounds {
					before := inUse()
					r, err := Run(b.Context(), o)
					if err != nil || r.Provisioned != uint64(c.phones) {
						b.Fatalf("%v: %d of %d were provisioned", err, r.Provisioned, c.phones)
					}
					rates, heap = append(rates, r.Rate), append(heap, (float64(r.Health.HeapBytes)-float64(before))/1e6)
				}
				b.ReportMetric(0, "ns/op") // says nothing here
				b.ReportMetric(median(rates), "passes/s")
				b.ReportMetric(median(heap), "MB")
				b.Logf("%d phones: %s passes a second, %s MB", c.phones, spread(rates, 0), spread(heap, 1))
			}
		})
	}
}
