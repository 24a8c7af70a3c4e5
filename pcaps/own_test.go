package pcaps

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/wire"
)

// The capture that a simulated phone writes of itself ends when it has nothing more to do: what is not in it did not
// happen. One that was broken off says when, and so does a capture of others: no more is known of what came then.
func TestCaptureSaysItsEnd(t *testing.T) {
	at := time.Now()
	rrq := tftp.AppendRRQ(nil, passBoot, "octet")
	own := func(end func(*wire.Capture) error) []byte {
		var out bytes.Buffer
		c, err := wire.NewCapture(&out, net.HardwareAddr(device.DefaultMAC[:]))
		if err != nil {
			t.Fatal(err)
		}
		c.Datagram(at, true, wire.Datagram{From: testPhone, To: testServer, Payload: rrq})
		if err := end(c); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	others := func(silence time.Duration, received uint64) []byte {
		var out bytes.Buffer
		w, err := pcapgo.NewNgWriter(&out, layers.LinkTypeEthernet)
		if err != nil {
			t.Fatal(err)
		}
		frame := layersOf(t, &layers.Ethernet{SrcMAC: device.DefaultMAC[:], DstMAC: []byte{2, 0, 0, 0, 0, 1}, EthernetType: layers.EthernetTypeIPv4},
			gopacket.Payload(packetOf(t, testPhone, testServer, rrq)))
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(frame), Length: len(frame)}, frame); err != nil {
			t.Fatal(err)
		}
		stats := pcapgo.NgInterfaceStatistics{LastUpdate: at, EndTime: at.Add(silence), PacketsReceived: received}
		if err := w.WriteInterfaceStats(0, stats); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	got, disguised := make(map[string]Cause), make(map[string]Cause)
	for name, b := range map[string][]byte{
		"the phone's own": own((*wire.Capture).Complete), "the phone's own, broken off": own((*wire.Capture).Close),
		"of others, at once": others(time.Second, 1), "of others, a minute later": others(time.Minute, 1),
		"a part of others'": others(time.Minute, 7),
	} {
		got[name] = Diagnose(read(t, b).Phones[0])[0].Cause
		out, _, err := Anonymize(name, bytes.NewReader(b), AnonymizeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		disguised[name] = Diagnose(read(t, out).Phones[0])[0].Cause
	}
	if diff := cmp.Diff(got, disguised); diff != "" {
		t.Errorf("made anonymous (-was +is)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]Cause{
		"the phone's own": NoAnswer, "the phone's own, broken off": Incomplete,
		"of others, at once": Incomplete, "of others, a minute later": NoAnswer, "a part of others'": Incomplete,
	}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
