package fleet

import (
	"testing"

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
	}{{"small", 2000}, {"fip14g", 200}} {
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
// HTTPS each with a full handshake.
func BenchmarkWeb(b *testing.B) {
	b.Run("http/nginx", func(b *testing.B) { besideServer(b, testbed.Nginx, 0, "small", 2000) })
	b.Run("https/nginx", func(b *testing.B) { besideServer(b, testbed.Nginx, 1, "small", 500) })
}

// besideServer runs a duel at one way in to a real server.
func besideServer(b *testing.B, server testbed.Server, way int, tree string, passes int) {
	tb := testbed.New(b, server.Needs)
	s := tb.Start(server, tb.Publish(trees[tree].files(b, phones(b, passes))))
	d := newDuel(b, s.Endpoints[way].URL.String(), tree, passes)
	d.CA = string(s.CA.PEM)
	for b.Loop() {
		d.runIn(b, tb.Phone.Command).report(b)
	}
}
