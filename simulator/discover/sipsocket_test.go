package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/wire"
)

// counting is a network that counts its sockets.
type counting struct {
	*wire.Memory
	mu      sync.Mutex
	sockets int
}

func (c *counting) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sockets++
	return c.Memory.ListenPacket(ctx, network, address)
}

// open opens a shared socket for the length of a test.
func open(t *testing.T, o SIPSocketOptions) *SIPSocket {
	t.Helper()
	s, err := ListenSIP(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// responding answers each SUBSCRIBE, the phone's own MAC in the URL, and shows each to see.
func responding(see func(string)) *wire.Memory {
	m := new(wire.Memory)
	m.HandleUDP(group, func(d wire.Datagram, send func(wire.Datagram)) {
		sub, err := parseSIP(d.Payload)
		if err != nil {
			panic(err) // the phone's own message
		}
		see(string(d.Payload))
		url := "tftp://h/" + strings.TrimPrefix(sub.uri, "sip:MAC")[:12]
		body := strings.ReplaceAll(goodNotify, "tftp://192.0.2.183/", url)
		body = strings.ReplaceAll(body, "Content-Length: 19", fmt.Sprintf("Content-Length: %d", len(url)))
		for _, text := range []string{ok200, body} {
			send(wire.Datagram{From: responder, To: d.From, Payload: []byte(fill(sub, text))})
		}
	})
	m.HandleUDP(responder, func(wire.Datagram, func(wire.Datagram)) {})
	return m
}

// A thousand phones that search at once from one socket: each is told what is its own.
func TestSharedSearches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &counting{Memory: responding(func(string) {})}
		s := open(t, SIPSocketOptions{Network: n})
		first := device.Identity{}.WithDefaults().MAC
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				mac := first.Add(uint64(i))
				offer, err := PnP{Network: n, Socket: s}.Find(t.Context(), device.Identity{MAC: mac})
				if err != nil || offer.URL != "tftp://h/"+mac.String() {
					t.Errorf("%s is told %q, %v", mac, offer.URL, err)
				}
			})
		}
		all.Wait()
		if n.sockets != 1 || len(s.open) != 0 || s.Foreign() != 0 {
			t.Errorf("%d sockets, %d searches left, %d messages for nobody", n.sockets, len(s.open), s.Foreign())
		}
	})
}

// What a phone sends from a shared socket is what it sends from its own.
func TestSharedBytes(t *testing.T) {
	var seen []string
	synctest.Test(t, func(t *testing.T) {
		m := responding(func(text string) { seen = append(seen, text) })
		shared := PnP{Network: m, Socket: open(t, SIPSocketOptions{Network: m})}
		for _, p := range []PnP{{Network: m}, shared} {
			if _, err := p.Find(t.Context(), device.Identity{}); err != nil {
				t.Error(err)
			}
		}
	})
	if len(seen) != 2 {
		t.Fatalf("%d SUBSCRIBEs, want one each", len(seen))
	}
	for i, text := range seen { // what is chance, or the socket's
		m, err := parseSIP([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		callID, _ := m.header("call-id")
		via, _ := m.header("via")
		contact, _ := m.header("contact")
		at := contact[strings.IndexByte(contact, '@')+1 : len(contact)-1]
		seen[i] = strings.NewReplacer(callID, "C", via[strings.Index(via, "branch="):], "B", m.tag("from"), "T", at, "A").Replace(text)
	}
	if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
		t.Error("(-own +shared):\n", diff)
	}
}

// Silence takes as long, and sends as often, as from a socket of the phone's own.
func TestSharedSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(wire.Memory)
		_, events, err := find(t.Context(), t, PnP{Network: m, Socket: open(t, SIPSocketOptions{Network: m})})
		if !errors.Is(err, ErrNothing) {
			t.Errorf("%v, want ErrNothing", err)
		}
		if diff := cmp.Diff([]time.Duration{0, 500 * ms, 1500 * ms, 3500 * ms}, sendTimes(events)); diff != "" {
			t.Error("SUBSCRIBEs left at (-want +got):\n", diff)
		}
	})
}

// What belongs to no search goes elsewhere; a NOTIFY that nobody waits for is refused, so that its
// sender stops.
func TestSharedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(wire.Memory)
		send := func(s *SIPSocket, text string) string {
			conn, err := m.ListenPacket(t.Context(), "udp4", ":0")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.WriteTo([]byte(text), net.UDPAddrFromAddrPort(s.Local())); err != nil {
				t.Error(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			buffer := make([]byte, maxDatagram)
			n, _, _ := conn.ReadFrom(buffer)
			status, _, _ := strings.Cut(string(buffer[:n]), "\r\n")
			return status
		}
		const notify = "NOTIFY sip:bob@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: 7\r\nCSeq: 1 NOTIFY\r\n\r\n"
		plain := open(t, SIPSocketOptions{Network: m})
		heard := ""
		other := open(t, SIPSocketOptions{Network: m, Other: func(raw []byte, from netip.AddrPort) ([]byte, netip.AddrPort) {
			heard = string(raw)
			return []byte("SIP/2.0 200 OK\r\n"), from
		}})
		answers := []string{send(plain, notify), send(plain, "noise"), send(other, notify)}
		if diff := cmp.Diff([]string{"SIP/2.0 481 Subscription Does Not Exist", "", "SIP/2.0 200 OK"}, answers); diff != "" {
			t.Error("answers (-want +got):\n", diff)
		}
		if heard != notify || plain.Foreign() != 1 {
			t.Errorf("heard %q elsewhere, %d for nobody", heard, plain.Foreign())
		}
	})
}

// A socket that is closed ends the searches behind it, as one that breaks.
func TestSharedClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(wire.Memory)
		s := open(t, SIPSocketOptions{Network: m})
		time.AfterFunc(time.Second, func() { s.Close() })
		p := PnP{Network: m, Socket: s}
		for _, want := range []string{"the UDP socket broke", "the shared SIP socket is closed"} {
			_, err := p.Find(t.Context(), device.Identity{})
			if !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		}
	})
}

func TestListenSIPErrors(t *testing.T) {
	if _, err := ListenSIP(t.Context(), SIPSocketOptions{Listen: "127.0.0.1:nowhere"}); err == nil {
		t.Error("no error for a port that is none")
	}
	_, err := PnP{Socket: &SIPSocket{local: netip.MustParseAddrPort("0.0.0.0:1"), network: new(mutedNetwork)},
		Network: new(wire.Memory)}.Find(t.Context(), device.Identity{})
	if err == nil || !strings.Contains(err.Error(), "no route to 224.0.1.75:5060") {
		t.Errorf("%v, want no route", err)
	}
}

// mutedNetwork cannot tell where it sends from.
type mutedNetwork struct{ wire.Network }

// The quick look finds the Call-ID that reading the whole message finds.
func FuzzCallID(f *testing.F) {
	for _, seed := range []string{goodNotify, ok200, "\r\n\r\nNOTIFY sip:x SIP/2.0\ni : a b\n\ncall-id: body", "SIP/2.0 200 OK\r\nCALL-ID:x\r\n\r\n", "NOTIFY sip:x SIP/2.0\r\n\r\ni: x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := callIDOf(raw)
		m, err := parseSIP(raw)
		if err != nil || strings.Contains(string(raw), "\n ") || strings.Contains(string(raw), "\n\t") {
			return // folded headers are for the whole reading
		}
		if want, _ := m.header("call-id"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
