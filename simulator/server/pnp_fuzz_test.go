package server

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/wire"
)

// FuzzPnP feeds the responder with whatever may come: what it sends has the form of SIP,
// whatever it copies, and goes only to the address that the packet came from.
func FuzzPnP(f *testing.F) {
	f.Add("SUBSCRIBE sip:MAC0021f2000001@224.0.1.75 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:40000;branch=z9hG4bKa\n" +
		"From: <sip:MAC0021f2000001@224.0.1.75>;tag=a\nTo: <sip:MAC0021f2000001@224.0.1.75>\nCall-ID: a\nCSeq: 1 SUBSCRIBE\n" +
		"Contact: <sip:MAC0021f2000001@192.0.2.1:40000>\nEvent: ua-profile\nExpires: 0\n\n")
	f.Add("OPTIONS sip:192.0.2.2 SIP/2.0\nv: SIP/2.0/UDP 192.0.2.1;rport\nf: <sip:a>\nt: <sip:b>\ni: a\nCSeq: 1 OPTIONS\n\n")
	f.Add("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKa\n\n")
	f.Add("\x00")
	phone := netip.MustParseAddrPort("192.0.2.50:40000")
	f.Fuzz(func(t *testing.T, text string) {
		out := new(keep)
		p, err := ListenPnP(t.Context(), PnPOptions{Listen: ":5060", Network: out, URL: device.MAC.CfgName})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		p.receive([]byte(strings.ReplaceAll(text, "\n", "\r\n")), phone)
		for _, d := range out.sent {
			if d.To.Addr() != phone.Addr() {
				t.Errorf("sent to %s, the packet came from %s", d.To, phone)
			}
			head, _, ended := strings.Cut(string(d.Payload), "\r\n\r\n")
			lines := strings.Split(head, "\r\n")
			if !ended || !strings.HasPrefix(lines[0], "SIP/2.0 ") && !strings.HasPrefix(lines[0], "NOTIFY ") {
				t.Errorf("sent what is no SIP message: %q", d.Payload)
			}
			for _, line := range lines[1:] { // a copied value must not make lines of its own
				if name, _, ok := strings.Cut(line, ": "); !ok || strings.ContainsAny(name, " \t") {
					t.Errorf("sent a header line %q", line)
				}
			}
		}
	})
}

// keep is a network whose only socket keeps what is sent.
type keep struct {
	wire.Memory
	net.PacketConn
	sent []wire.Datagram
}

func (k *keep) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	conn, err := k.Memory.ListenPacket(ctx, network, address)
	k.PacketConn = conn
	return k, err
}

func (k *keep) WriteTo(b []byte, to net.Addr) (int, error) {
	k.sent = append(k.sent, wire.Datagram{To: addrPort(to), Payload: b})
	return len(b), nil
}
