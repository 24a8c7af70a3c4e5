package pcaps

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/trace"
)

const (
	snappedFound   = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 2000\r\n\r\n"
	snappedMissing = "HTTP/1.1 404 Not Found\r\nServer: x\r\nX-Pad: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nContent-Length: 9\r\n\r\nnot there"
	snappedAsks    = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"p\", nonce=\"0123456789abcdef\", qop=\"auth\"\r\n" +
		"Content-Length: 0\r\n\r\n"
)

// Where frames are cut, and others lost or out of order, no answer is given to another request, and nobody is blamed
// for what the capture lacks.
func TestSnappedAndLost(t *testing.T) {
	own, common := ask("GET /0021f2000001.cfg", ""), ask("GET /y000000000000.cfg", "")
	body := strings.Repeat("a=b\n", 300)
	for _, test := range []struct {
		name string
		snap int
		talk func(w *writer, c *tcpConn)
		want []string
	}{
		{"the port is used again, from a lower sequence number", 96, func(w *writer, c *tcpConn) {
			c.phone(own, 0)
			c.serve(snappedMissing, 0)
			c.hangup()
			w.at = w.at.Add(20 * time.Second)
			again := w.joined(c.client, c.server)
			again.seq[true], again.seq[false] = 900, 0xf0000000
			again.segment(true, "", true, false)
			again.segment(false, "", true, false)
			again.phone(common, 0)
			again.serve(snappedFound, 0)
			again.serve(body, 1400)
		}, []string{"fetch.missing 0021f2000001.cfg", "fetch.done y000000000000.cfg"}},
		{"the answer's head is lost, the next is another's", 96, func(_ *writer, c *tcpConn) {
			c.phone(own, 0)
			c.lost = true
			c.serve(snappedFound, 0)
			c.lost = false
			c.serve(body, 0)
			c.phone(common, 0)
			c.serve(snappedMissing, 0)
		}, []string{"fetch.failed 0021f2000001.cfg", "fetch.missing y000000000000.cfg"}},
		{"all of the answer is lost, and was acknowledged", 96, func(_ *writer, c *tcpConn) {
			c.phone(own, 0)
			c.lost = true
			c.serve(snappedFound, 0)
			c.lost = false
			c.phone(common, 0)
			c.serve(snappedMissing, 0)
		}, []string{"fetch.failed 0021f2000001.cfg", "fetch.missing y000000000000.cfg"}},
		{"the answer's head comes last", 96, func(_ *writer, c *tcpConn) {
			c.phone(own, 0)
			head := c.seq[false]
			c.seq[false] += uint32(len(snappedFound))
			c.serve(body, 1200)
			c.seq[false] = head
			c.serve(snappedFound, 0)
			c.seq[false] += uint32(len(body))
		}, []string{"fetch.failed 0021f2000001.cfg"}},
		{"credentials are beyond the snap length", 256, func(_ *writer, c *tcpConn) {
			c.phone(own, 0)
			c.serve(snappedAsks, 0)
			c.phone(ask("GET /0021f2000001.cfg", "Accept: */*\r\nAuthorization: Digest "+strings.Repeat("x", 300)+"\r\n"), 0)
			c.serve(snappedAsks, 0)
		}, []string{"fetch.reply 0021f2000001.cfg", "fetch.reply 0021f2000001.cfg"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			w.snap = test.snap
			c := w.dial(testPhone, netip.MustParseAddrPort("192.0.2.1:80"))
			test.talk(w, c)
			c.hangup()
			w.at = w.at.Add(time.Minute)
			w.ethernet(etherIPv4, packetOf(t, netip.MustParseAddrPort("192.0.2.99:1234"), netip.MustParseAddrPort("192.0.2.98:9"), []byte("x")))
			p := read(t, w.out.Bytes()).Phones[0]
			var told []string
			for _, e := range p.Events {
				if e.Kind != "fetch.request" {
					told = append(told, fmt.Sprintf("%s %s", e.Kind, e.Name))
				}
			}
			if diff := cmp.Diff(test.want, told); diff != "" {
				t.Error(diff)
			}
			for _, d := range Diagnose(p) {
				if d.Side == ByServer || d.Cause == NoAnswer || d.Cause == LoginRefused {
					t.Errorf("%s (%s): %s", d.Cause, d.Side, d.Text)
				}
			}
		})
	}
}

// A server that hangs up without a word has not answered: its FIN, which counts as a byte (RFC 9293 §3.4), is none of
// an answer that the capture lacks.
func TestSnappedUnanswered(t *testing.T) {
	w := newWriter(t, layers.LinkTypeEthernet)
	w.snap = 96
	c := w.dial(testPhone, netip.MustParseAddrPort("192.0.2.1:80"))
	c.phone(ask("GET /0021f2000001.cfg", ""), 0)
	c.segment(false, "", false, true)
	c.segment(true, "", false, true)
	events := read(t, w.out.Bytes()).Phones[0].Events
	if e := events[len(events)-1]; e.Kind != trace.FetchFailed || e.Fault != trace.NoAnswer {
		t.Errorf("%s %s %q", e.Kind, e.Fault, e.Detail)
	}
}
