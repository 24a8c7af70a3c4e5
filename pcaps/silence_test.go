package pcaps

import (
	"bytes"
	"net/netip"
	"path"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// A capture that goes on for minutes or hours after a pass tells of its phone what one tells that ends there. The guide's figure
// of PnP ends at a request: that nobody answered it is what the silence tells.
func TestSilenceAfterwards(t *testing.T) {
	library(t, func(t *testing.T, capture []byte) {
		if path.Base(t.Name()) == "guide_pnp" {
			return
		}
		short := read(t, capture)
		for _, later := range []time.Duration{5 * time.Minute, 5*time.Minute + time.Second, time.Hour, 24 * time.Hour} {
			long := read(t, append(bytes.Clone(capture), others(t, ending(short).Add(later))...))
			if len(short.Phones) == 0 || len(long.Phones) != len(short.Phones) {
				t.Fatalf("%d phones, and %d", len(short.Phones), len(long.Phones))
			}
			for i, p := range short.Phones {
				if diff := cmp.Diff(p.Like(), long.Phones[i].Like()); diff != "" {
					t.Errorf("%v later: options (-short +long):\n%s", later, diff)
				}
				if diff := cmp.Diff(Diagnose(p), Diagnose(long.Phones[i]), cmpopts.IgnoreUnexported(Diagnosis{})); diff != "" {
					t.Errorf("%v later: diagnoses (-short +long):\n%s", later, diff)
				}
			}
		}
	})
}

// ending is when the last was heard of a capture's phones.
func ending(c *Capture) (last time.Time) {
	for _, p := range c.Phones {
		for _, e := range p.Events {
			if e.At.After(last) {
				last = e.At
			}
		}
	}
	return last
}

// others is a section of a pcapng with one frame of a time, of hosts that are no phone's.
func others(t *testing.T, at time.Time) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := pcapgo.NewNgWriter(&out, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	frame := layersOf(t, &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 9}, DstMAC: []byte{2, 0, 0, 0, 0, 8}, EthernetType: layers.EthernetTypeIPv4},
		ip4(netip.MustParseAddrPort("198.51.100.1:9"), netip.MustParseAddrPort("198.51.100.2:9"), layers.IPProtocolUDP), gopacket.Payload("of no use"))
	if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(frame), Length: len(frame)}, frame); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
