package pcaps

import (
	"bytes"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// discovery is a message of Neighbor Discovery in an IPv6 packet.
func discovery(t *testing.T, from, to string, kind byte, message gopacket.SerializableLayer) []byte {
	ip := ip6(netip.AddrPortFrom(netip.MustParseAddr(from), 0), netip.AddrPortFrom(netip.MustParseAddr(to), 0), layers.IPProtocolICMPv6)
	ip.HopLimit = 255
	head := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}
	_ = head.SetNetworkLayerForChecksum(ip)
	return layersOf(t, ip, head, message)
}

func option6(kind layers.ICMPv6Opt, data ...[]byte) layers.ICMPv6Option {
	return layers.ICMPv6Option{Type: kind, Data: bytes.Join(data, nil)}
}

// Neighbor Discovery says the same of the new addresses as it said of the old: whose address is whose, which
// router is there, which prefix and which name server. Nothing in it is malformed, and none of the old is left.
func TestAnonymizeNeighbors(t *testing.T) {
	const phone, router, name = "fe80::5c49:39ff:fea7:d2bc", "fe80::221:f2ff:fe0a:b0c", "2001:db8::1"
	bytesOf := func(a string) []byte { return netip.MustParseAddr(a).AsSlice() }
	w := newWriter(t, layers.LinkTypeEthernet)
	mac := option6(layers.ICMPv6OptSourceAddress, w.mac[:])
	prefix := option6(layers.ICMPv6OptPrefixInfo, []byte{64, 0xc0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0}, bytesOf("2001:db8::"))
	names := option6(layers.ICMPv6Opt(ndpNameServers), []byte{0, 0, 0, 0, 1, 0}, bytesOf(name))
	mtu := option6(layers.ICMPv6OptMTU, []byte{0, 0, 0, 0, 5, 220})
	nonce := option6(layers.ICMPv6Opt(14), []byte("secret"))
	for _, packet := range [][]byte{
		discovery(t, phone, "ff02::2", 133, &layers.ICMPv6RouterSolicitation{Options: layers.ICMPv6Options{mac}}),
		discovery(t, router, "ff02::1", 134, &layers.ICMPv6RouterAdvertisement{HopLimit: 64, Options: layers.ICMPv6Options{mtu, prefix, names}}),
		discovery(t, phone, "ff02::1:ff00:1", 135, &layers.ICMPv6NeighborSolicitation{TargetAddress: bytesOf(name), Options: layers.ICMPv6Options{mac, nonce}}),
		discovery(t, name, phone, 136, &layers.ICMPv6NeighborAdvertisement{TargetAddress: bytesOf(name)}),
		discovery(t, router, phone, 137, &layers.ICMPv6Redirect{TargetAddress: bytesOf(router), DestinationAddress: bytesOf(name),
			Options: layers.ICMPv6Options{option6(layers.ICMPv6OptRedirectedHeader, make([]byte, 6), []byte("a quoted packet!"))}}),
	} {
		w.ethernet(etherIPv6, packet)
	}
	out, _ := anonymized(t, w.out.Bytes(), "x")
	for _, old := range [][]byte{w.mac[:], bytesOf(phone), bytesOf(router), bytesOf(name), []byte("secret"), []byte("a quoted")} {
		if bytes.Contains(out, old) {
			t.Errorf("%q is left", old)
		}
	}
	result, err := hold("the result", bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	var all []gopacket.Packet
	for _, h := range result.frames {
		all = append(all, gopacket.NewPacket(h.data, layers.LayerTypeEthernet, gopacket.Default))
	}
	source := func(i int) []byte { return all[i].NetworkLayer().NetworkFlow().Src().Raw() }
	advertised := all[1].Layer(layers.LayerTypeICMPv6RouterAdvertisement).(*layers.ICMPv6RouterAdvertisement)
	solicited := all[2].Layer(layers.LayerTypeICMPv6NeighborSolicitation).(*layers.ICMPv6NeighborSolicitation)
	told := all[3].Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement)
	led := all[4].Layer(layers.LayerTypeICMPv6Redirect).(*layers.ICMPv6Redirect)
	for what, pair := range map[string][2][]byte{
		"the phone's MAC":          {valueOf(t, solicited.Options, layers.ICMPv6OptSourceAddress), all[2].LinkLayer().LinkFlow().Src().Raw()},
		"the target":               {solicited.TargetAddress, source(3)},
		"the target that answered": {told.TargetAddress, source(3)},
		"the better router":        {led.TargetAddress, source(1)},
		"where it leads":           {led.DestinationAddress, source(3)},
		"the name server":          {valueOf(t, advertised.Options, ndpNameServers)[6:], source(3)},
		"the prefix":               {valueOf(t, advertised.Options, layers.ICMPv6OptPrefixInfo)[14:22], source(3)[:8]},
		"the MTU":                  {valueOf(t, advertised.Options, layers.ICMPv6OptMTU)[2:], {0, 0, 5, 220}},
	} {
		if !bytes.Equal(pair[0], pair[1]) {
			t.Errorf("%s: %x, want %x", what, pair[0], pair[1])
		}
	}
	notMalformed(t, out)
}

// valueOf is what an option holds.
func valueOf(t *testing.T, all layers.ICMPv6Options, kind layers.ICMPv6Opt) []byte {
	t.Helper()
	for _, o := range all {
		if o.Type == kind {
			return o.Data
		}
	}
	t.Fatalf("no option %v in %v", kind, all)
	return nil
}

// notMalformed asks tshark.
func notMalformed(t *testing.T, b []byte) {
	t.Helper()
	needTshark(t)
	file := filepath.Join(t.TempDir(), "a.pcapng")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "tshark", "-r", file,
		"-Y", "_ws.malformed || icmpv6.checksum.status == 0").Output()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
