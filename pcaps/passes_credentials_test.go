package pcaps

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/trace"
)

const (
	basic     = "Authorization: Basic dTpw\r\n"
	digest    = "Authorization: Digest username=\"u\"\r\n"
	challenge = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\nContent-Length: 0\r\n\r\n"
	staleOne  = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"2\", stale=TRUE\r\nContent-Length: 0\r\n\r\n"
	noFile    = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
	aFile     = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nk=v\n"
)

// ask writes a request for a file of the phone's, and its answer.
func (c *tcpConn) ask(end, header, answer string) {
	c.phone("GET /0021f2000001"+end+" HTTP/1.1\r\nHost: h\r\n"+header+"\r\n", 0)
	c.serve(answer, 0)
	c.w.at = c.w.at.Add(time.Minute)
}

// A request with the credentials that a server asked for is no new pass, also where they
// are refused for their age; one with credentials of its own accord is as good as one
// without.
func TestPassesWithCredentials(t *testing.T) {
	for what, test := range map[string]struct {
		draw   func(c *tcpConn)
		passes []uint64 // of the requests
		failed bool
	}{
		"asked for": {func(c *tcpConn) {
			c.ask(".boot", "", challenge)
			c.ask(".boot", digest, noFile)
			c.ask(".cfg", digest, aFile)
		}, []uint64{1, 1, 1}, false},
		"unasked, twice": {func(c *tcpConn) {
			for range 2 {
				c.ask(".boot", basic, noFile)
				c.ask(".cfg", basic, aFile)
			}
		}, []uint64{1, 1, 2, 2}, false},
		"asked for once, and known at the next pass": {func(c *tcpConn) {
			c.ask(".boot", "", challenge)
			c.ask(".boot", digest, noFile)
			c.ask(".cfg", digest, aFile)
			c.ask(".boot", digest, noFile)
		}, []uint64{1, 1, 1, 2}, false},
		"too old": {func(c *tcpConn) {
			c.ask(".boot", digest, noFile)
			c.ask(".cfg", digest, staleOne)
			c.ask(".cfg", digest, aFile)
			c.ask(".boot", digest, staleOne)
			c.ask(".boot", digest, noFile)
		}, []uint64{1, 1, 1, 2, 2}, false},
		"wrong, twice": {func(c *tcpConn) {
			c.ask(".boot", basic, challenge)
			c.ask(".boot", basic, challenge)
		}, []uint64{1, 2}, true},
	} {
		w := newWriter(t, layers.LinkTypeEthernet)
		test.draw(w.dial(netip.AddrPortFrom(testPhone.Addr(), 40001), netip.MustParseAddrPort("192.0.2.1:80")))
		var got []uint64
		failed := false
		for _, e := range read(t, w.out.Bytes()).Phones[0].Events {
			if e.Kind == trace.FetchRequest {
				got = append(got, e.Pass)
			}
			failed = failed || e.Kind == trace.FetchFailed
		}
		if !slices.Equal(got, test.passes) || failed != test.failed {
			t.Errorf("%s: passes %v, want %v; failed: %t", what, got, test.passes, failed)
		}
	}
}
