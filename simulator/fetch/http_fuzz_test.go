package fetch

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/wire"
)

// Whatever a server sends and then hangs up, a fetch ends, within its limits and with
// words that a terminal can show; kit looks at those.
func FuzzHTTPAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na=b", "HTTP/1.0 200\r\n\r\nx", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://server/again\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: //\x1b[2J/\r\n\r\n",
		"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/3\r\n\r\nab", "ICY 200 OK\r\n\r\n", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		synctest.Test(t, func(t *testing.T) {
			m := new(wire.Memory)
			m.AddHost("server", scriptedHost)
			m.HandleTCP(netip.AddrPortFrom(scriptedHost, 80), func(c net.Conn) {
				defer c.Close()
				_, _ = c.Read(make([]byte, 4096))
				_, _ = c.Write([]byte(answer))
			})
			k := &kit{Options: Options{Network: m, Behaviour: device.Behaviour{MaxRedirects: 3, PassTime: time.Minute}}}
			const limit = 100
			res, _ := k.request(t, Request{URL: withUser(t, "http://server/x.cfg"), Name: "x.cfg", Limit: limit})
			if res != nil && (res.Bytes > limit || int64(len(res.Body)) != res.Bytes) {
				t.Errorf("%d bytes, of which %d are there; want %d at most", res.Bytes, len(res.Body), limit)
			}
			for _, e := range k.events.Events() {
				if strings.ContainsAny(e.Detail+e.URL+e.Name, "\x1b\r\n") {
					t.Errorf("a terminal would obey %+v", e)
				}
			}
		})
	})
}
