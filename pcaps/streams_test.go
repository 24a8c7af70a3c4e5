package pcaps

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// opening is a segment that opens a connection, or asks for a file in it.
func opening(client netip.AddrPort, at time.Time, frame int, ask string) packet {
	b := make([]byte, 20, 20+len(ask))
	binary.BigEndian.PutUint16(b, client.Port())
	binary.BigEndian.PutUint16(b[2:], 80)
	binary.BigEndian.PutUint32(b[4:], 100)
	b[12], b[13] = 5<<4, 2
	if ask != "" {
		binary.BigEndian.PutUint32(b[4:], 101)
		b[13] = 0x18
	}
	return packet{frame: frame, at: at, from: client.Addr(), to: netip.MustParseAddr("192.0.2.1"), protocol: layers.IPProtocolTCP,
		payload: append(b, ask...)}
}

// Connections that nobody ever ends are given up: when nothing was heard of them for
// long, and all of them when there are too many. A capture of any length is read in
// bounded memory.
func TestManyStreams(t *testing.T) {
	w := newTCPWatch(newRoster())
	at := time.Unix(1_700_000_000, 0)
	flow := func(i int) {
		client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 40000)
		w.take(opening(client, at, 2*i+1, ""))
		w.take(opening(client, at, 2*i+2, "GET /0021f2000001.cfg HTTP/1.1\r\n"))
	}
	n, step := 3*maxFlows, 20_000
	if testing.Short() {
		n = maxFlows + step
	}
	for i := range n {
		if flow(i); i%step == 0 {
			w.sweep(at)
		}
		if w.flows > maxFlows+step {
			t.Fatalf("%d connections are open after %d", w.flows, i)
		}
	}
	for i := range 100 {
		flow(i)
	}
	w.sweep(at.Add(flowIdle + time.Second))
	if w.flows != 0 {
		t.Errorf("%d connections are open though nothing was heard of them", w.flows)
	}
}

// What a key log may hold, and what secrets a pcapng may hold, has bounds, and nothing in
// either makes the readers panic.
func FuzzSecrets(f *testing.F) {
	f.Add("CLIENT_RANDOM "+strings.Repeat("0a", 32)+" "+strings.Repeat("0b", 48), 3)
	f.Add("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x1c\x00\x00\x00"+
		"\x0a\x00\x00\x00\x18\x00\x00\x00\x4b\x53\x4c\x54\x04\x00\x00\x00abcd\x18\x00\x00\x00", 5)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		if k, _, err := ReadKeyLog("fuzz", strings.NewReader(text)); err == nil && k.count == 0 {
			t.Error("a key log without a secret")
		}
		given := 0
		s := newSecretsReader(strings.NewReader(text), func(b []byte) { given += len(b) })
		part := make([]byte, 1+cut&0xff)
		for {
			if _, err := s.Read(part); err != nil {
				break
			}
		}
		if given > len(text) {
			t.Errorf("%d bytes of secrets in %d", given, len(text))
		}
	})
}
