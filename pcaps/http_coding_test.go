package pcaps

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"
)

// What a client asked to be compressed is what it got, unpacked; what a server compresses
// of its own accord no phone can read, and that is the server's fault. What cannot be
// unpacked says why.
func TestContentCoding(t *testing.T) {
	body := strings.Repeat("lang.gui=French\n", 40)
	var zipped, deflated bytes.Buffer
	for _, w := range []io.WriteCloser{gzip.NewWriter(&zipped), zlib.NewWriter(&deflated)} {
		_, _ = io.WriteString(w, body)
		_ = w.Close()
	}
	for _, test := range []struct{ accept, coding, body, want, partial string }{
		{"gzip", "gzip", zipped.String(), body, ""},
		{"br;q=1, GZIP ; q=0.5", "x-gzip", zipped.String(), body, ""},
		{"*", "deflate", deflated.String(), body, ""},
		{"deflate", "deflate", deflated.String(), body, ""},
		{"gzip", "", body, body, ""},
		{"", "gzip", zipped.String(), zipped.String(), ""},
		{"gzip;q=0.0, *", "gzip", zipped.String(), zipped.String(), ""},
		{"identity", "gzip", zipped.String(), zipped.String(), ""},
		{"br", "br", "x", "", "it is compressed (br), as the client asked, and not unpacked here"},
		{"gzip", "gzip", zipped.String()[:40], "", "it is compressed (gzip), and broken: unexpected EOF"},
		{"gzip", "gzip", string(bomb()), "", fmt.Sprintf("unpacked it is more than %d bytes, which is more than is kept of one file", maxBody)},
	} {
		w := newWriter(t, layers.LinkTypeEthernet)
		c := w.dial(netip.AddrPortFrom(testPhone.Addr(), 40001), netip.MustParseAddrPort("192.0.2.1:80"))
		c.phone(ask("GET /"+passCfg, "Accept-Encoding: "+test.accept+"\r\n"), 0)
		c.serve(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", test.coding, len(test.body), test.body), 1200)
		p := read(t, w.out.Bytes()).Phones[0]
		if f := p.Files[0]; string(f.Body) != test.want || f.Partial != test.partial || int(f.Bytes) != len(test.body) {
			t.Errorf("%q asked for, %q came: %d bytes %.40q, %q", test.accept, test.coding, f.Bytes, f.Body, f.Partial)
		}
		blamed := Diagnose(p)[0].Side == ByServer
		if asked := test.want != test.body || test.coding == ""; blamed == asked {
			t.Errorf("%q asked for, %q came: %+v", test.accept, test.coding, Diagnose(p)[0])
		}
	}
}

// bomb is a little that becomes much.
func bomb() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(make([]byte, 2*maxBody))
	_ = z.Close()
	return b.Bytes()
}
