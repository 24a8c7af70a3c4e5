package fetch

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/wire"
)

// tftpNames are URLs and the name that libcurl asks for; TestTFTPLikeCurl compares both
// with curl itself.
var tftpNames = []struct{ path, name, mode string }{
	{"/0021f2000001.boot", "0021f2000001.boot", "octet"},
	{"/HTTP%20Directory/sip.cfg", "HTTP Directory/sip.cfg", "octet"},
	{"/%C3%A4.cfg", "ä.cfg", "octet"},
	{"//abs.cfg", "/abs.cfg", "octet"},
	{"/a//b", "a//b", "octet"},
	{"/a/../b", "b", "octet"},
	{"/a/./b", "a/b", "octet"},
	{"/a%2Fb", "a/b", "octet"},
	{"/a?x=1", "a", "octet"},
	{"/a%3Fx=1", "a?x=1", "octet"},
	{"/a%0Ab", "a\nb", "octet"},
	{"/a#fragment", "a", "octet"},
	{"/a;mode=netascii", "a", "netascii"},
	{"/a;mode=octet", "a", "octet"},
}

func TestTFTPName(t *testing.T) {
	for _, c := range tftpNames {
		u, err := url.Parse("tftp://192.0.2.10" + c.path)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			s := tftpScript{replies: [][]tftpReply{{errorOf(1, "")}}}
			_, _, err := s.get(t.Context(), device.Behaviour{}, Request{URL: u})
			if !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
			p, err := tftp.Parse([]byte(s.got[0].bytes))
			if err != nil || p.Filename != c.name || p.Mode != c.mode {
				t.Errorf("%s asks for %s (%v), want %q in mode %s", c.path, p.String(), err, c.name, c.mode)
			}
		})
	}
}

func TestTFTPBadURL(t *testing.T) {
	for text, want := range map[string]string{
		"tftp://192.0.2.10/":                                     "the URL names no file",
		"tftp://192.0.2.10":                                      "the URL names no file",
		"tftp:///name":                                           "the URL names no host",
		"tftp://192.0.2.10:0/name":                               "port 0 is not a number from 1 to 65535",
		"tftp://192.0.2.10:70000/name":                           "port 70000 is not a number from 1 to 65535",
		"tftp://192.0.2.10/a%00b":                                "the file name holds a NUL (%00), which TFTP can't carry",
		"tftp://192.0.2.10/" + strings.Repeat("a", 474):          "the file name makes a request of 513 bytes, more than the 512 of RFC 2347",
		"tftp://u:secret@192.0.2.10/" + strings.Repeat("a", 600): "the file name makes a request of 639 bytes, more than the 512 of RFC 2347",
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var s tftpScript
		_, _, err = s.get(t.Context(), device.Behaviour{}, Request{URL: u})
		if e := asFailure(t, err); !errors.Is(err, ErrBadURL) || e.Detail != want || strings.Contains(e.Error(), "secret") {
			t.Errorf("%.30s: %s %q, want %q", text, e.Code, e.Detail, want)
		}
		if len(s.got) != 0 {
			t.Errorf("%.30s: a packet left", text)
		}
	}
}

func TestTFTPHosts(t *testing.T) {
	six := netip.MustParseAddr("2001:db8::10")
	m := new(wire.Memory)
	m.AddHost("four.example", tftpHost, six)
	m.AddHost("six.example", six)
	for _, at := range []netip.AddrPort{netip.AddrPortFrom(tftpHost, 69), netip.AddrPortFrom(six, 1069)} {
		m.HandleUDP(at, func(d wire.Datagram, send func(wire.Datagram)) {
			if d.To != at {
				return // the ACK
			}
			send(wire.Datagram{From: at, To: d.From, Payload: tftp.AppendData(nil, 1, []byte(at.String()))})
		})
	}
	var families []string
	f := newTFTP(Options{Network: familyNetwork{m, &families}})
	for host, want := range map[string]string{
		"four.example":        "192.0.2.10:69",
		"six.example:1069":    "[2001:db8::10]:1069",
		"[2001:db8::10]:1069": "[2001:db8::10]:1069",
		"[::ffff:192.0.2.10]": "192.0.2.10:69",
		"192.0.2.10:69":       "192.0.2.10:69",
	} {
		families = families[:0]
		res, err := f.Fetch(t.Context(), Request{URL: &url.URL{Scheme: "tftp", Host: host, Path: "/n"}})
		if err != nil || string(res.Body) != want {
			t.Errorf("%s: %v, %v; want an answer of %s", host, res, err, want)
		}
		family := "udp4 :0"
		if strings.HasPrefix(want, "[") {
			family = "udp6 :0"
		}
		if len(families) != 1 || families[0] != family {
			t.Errorf("%s: sockets %q, want one of %q", host, families, family)
		}
	}
	_, err := f.Fetch(t.Context(), Request{URL: &url.URL{Scheme: "tftp", Host: "unknown.example", Path: "/n"}})
	if e := asFailure(t, err); !errors.Is(err, ErrUnknownHost) || e.Detail != "no host is called unknown.example" {
		t.Errorf("error %+v", e)
	}
}

// familyNetwork notes what sockets are asked for.
type familyNetwork struct {
	*wire.Memory
	asked *[]string
}

func (n familyNetwork) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	*n.asked = append(*n.asked, network+" "+address)
	return n.Memory.ListenPacket(ctx, network, address)
}

type failingWriter struct{ n int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, errors.New("the disk\nis full")
	}
	return len(p), nil
}

// The body goes to Request.Body as it comes; where that fails, the server is told.
func TestTFTPBodyWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var body strings.Builder
		s := tftpScript{replies: [][]tftpReply{{full(1)}, {block(2, "y")}}}
		res, _, err := s.get(t.Context(), device.Behaviour{}, Request{Body: &body})
		if err != nil || res.Body != nil || res.Bytes != 513 || body.String() != x512+"y" {
			t.Errorf("%v %v, body of %d bytes; want 513 in the writer", res, err, body.Len())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := tftpScript{replies: [][]tftpReply{{full(1)}, {full(2)}}}
		_, _, err := s.get(t.Context(), device.Behaviour{}, Request{Body: &failingWriter{600}})
		if e := asFailure(t, err); !errors.Is(err, ErrLocal) || e.Detail != "the body can't be kept: the disk is full" {
			t.Errorf("error %+v", e)
		}
		if seen := s.seen(); seen[len(seen)-1] != `5000 ERROR 3 "Disk full or allocation exceeded"` {
			t.Errorf("packets %q", seen)
		}
	})
}
