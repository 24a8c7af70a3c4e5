package server

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
)

var dhcpMAC = device.MAC{0x00, 0x21, 0xf2, 0x00, 0x00, 0x01}

// dhcpClient is a relay agent on loopback that the library wrote, not we.
type dhcpClient struct {
	t      *testing.T
	server *DHCP
	conn   net.PacketConn
}

func startDHCP(t *testing.T, o DHCPOptions) *dhcpClient {
	t.Helper()
	d, err := ListenDHCP(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &dhcpClient{t, d, conn}
}

func (c *dhcpClient) send(m *dhcpv4.DHCPv4) {
	c.t.Helper()
	m.GatewayIPAddr = net.IPv4(127, 0, 0, 1)
	if _, err := c.conn.WriteTo(m.ToBytes(), net.UDPAddrFromAddrPort(c.server.Addr())); err != nil {
		c.t.Fatal(err)
	}
}

func (c *dhcpClient) receive() *dhcpv4.DHCPv4 {
	c.t.Helper()
	buffer := make([]byte, 2048)
	if err := c.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	n, _, err := c.conn.ReadFrom(buffer)
	if err != nil {
		c.t.Fatal(err)
	}
	m, err := dhcpv4.FromBytes(buffer[:n])
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (c *dhcpClient) discover(mac device.MAC) *dhcpv4.DHCPv4 {
	c.t.Helper()
	m, err := dhcpv4.NewDiscovery(mac[:])
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(m)
	return c.receive()
}

func (c *dhcpClient) request(offer *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
	c.t.Helper()
	m, err := dhcpv4.NewRequestFromOffer(offer)
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(m)
	return c.receive()
}

func TestDHCPLease(t *testing.T) {
	c := startDHCP(t, DHCPOptions{Pool: netip.MustParsePrefix("10.9.0.0/24"), Lease: 90 * time.Second,
		Option66: func(m device.MAC) string { return "tftp://10.9.0.1/" + m.String() + "/" },
		Options:  map[int][]byte{3: {10, 9, 0, 1}}})
	offer := c.discover(dhcpMAC)
	ack := c.request(offer)
	for _, m := range []*dhcpv4.DHCPv4{offer, ack} {
		got := []string{m.YourIPAddr.String(), string(m.Options.Get(dhcpv4.OptionTFTPServerName)), m.IPAddressLeaseTime(0).String(),
			m.SubnetMask().String(), m.Router()[0].String(), m.ServerIdentifier().String()}
		want := []string{"10.9.0.1", "tftp://10.9.0.1/0021f2000001/", "1m30s", "ffffff00", "10.9.0.1", "127.0.0.1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", m.MessageType(), diff)
		}
	}
	renewal, err := dhcpv4.NewRenewFromAck(ack)
	if err != nil {
		t.Fatal(err)
	}
	c.send(renewal)
	if m := c.receive(); m.MessageType() != dhcpv4.MessageTypeAck || !m.YourIPAddr.Equal(ack.YourIPAddr) {
		t.Errorf("renewal: %s", m.Summary())
	}
}

// A small pool: each phone its own address, none for the last, one again after a release.
func TestDHCPPoolRunsOut(t *testing.T) {
	c := startDHCP(t, DHCPOptions{Pool: netip.MustParsePrefix("10.9.0.0/30")})
	first := c.request(c.discover(dhcpMAC))
	second := c.discover(dhcpMAC.Add(1))
	if first.YourIPAddr.Equal(second.YourIPAddr) {
		t.Errorf("two phones got %s", first.YourIPAddr)
	}
	third, err := dhcpv4.NewDiscovery(net.HardwareAddr{2, 0, 0, 0, 0, 3})
	if err != nil {
		t.Fatal(err)
	}
	c.send(third)
	release, err := dhcpv4.NewReleaseFromACK(first)
	if err != nil {
		t.Fatal(err)
	}
	c.send(release)
	if again := c.discover(device.MAC{2, 0, 0, 0, 0, 3}); !again.YourIPAddr.Equal(first.YourIPAddr) {
		t.Errorf("offered %s, want %s, which was given back", again.YourIPAddr, first.YourIPAddr)
	}
	var details []string
	for _, m := range c.server.History() {
		details = append(details, m.Type.String()+" "+m.Answer.String()+" "+m.Detail)
	}
	want := []string{
		"DISCOVER OFFER ", "REQUEST ACK ", "DISCOVER OFFER ",
		"DISCOVER unknown (0) the pool is empty", "RELEASE unknown (0) ", "DISCOVER OFFER ",
	}
	if diff := cmp.Diff(want, details); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

func TestDHCPRefusals(t *testing.T) {
	c := startDHCP(t, DHCPOptions{})
	offer := c.discover(dhcpMAC)
	offer.YourIPAddr = net.IPv4(192, 0, 2, 77)
	if m := c.request(offer); m.MessageType() != dhcpv4.MessageTypeNak {
		t.Errorf("asked for another address than the offered one: %s, want NAK", m.MessageType())
	}
	// INIT-REBOOT of a stranger: silence. What comes next is the answer to the DISCOVER.
	reboot, err := dhcpv4.New(dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest), dhcpv4.WithHwAddr(net.HardwareAddr{2, 0, 0, 0, 0, 9}),
		dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.IPv4(192, 0, 2, 9))))
	if err != nil {
		t.Fatal(err)
	}
	c.send(reboot)
	if m := c.discover(dhcpMAC); m.MessageType() != dhcpv4.MessageTypeOffer {
		t.Errorf("got %s, want OFFER: a stranger's INIT-REBOOT gets no answer", m.MessageType())
	}
}

func TestDHCPOddities(t *testing.T) {
	const url = "tftp://10.0.0.1/"
	option66 := func(device.MAC) string { return url }
	t.Run("padding", func(t *testing.T) {
		c := startDHCP(t, DHCPOptions{Option66: option66, Oddities: []DHCPOddity{PadNUL, PadSpace}})
		got := string(c.discover(dhcpMAC).Options.Get(dhcpv4.OptionTFTPServerName))
		if want := "  " + url + "  "; strings.TrimRight(got, "\x00") != want || len(got) != 32 {
			t.Errorf("option 66 is %q, want %q and NULs up to 32 bytes", got, want)
		}
	})
	t.Run("overload", func(t *testing.T) {
		c := startDHCP(t, DHCPOptions{Option66: option66, Oddities: []DHCPOddity{Overload}})
		m := c.discover(dhcpMAC)
		if m.Options.Has(dhcpv4.OptionTFTPServerName) || !strings.HasPrefix(m.ServerHostName, "B\x10"+url+"\xff") {
			t.Errorf("sname is %q and the options %v, want option 66 in sname alone", m.ServerHostName, m.Options)
		}
		if diff := cmp.Diff([]byte{2}, m.Options.Get(dhcpv4.OptionOptionOverload)); diff != "" {
			t.Errorf("option 52: %s", diff)
		}
	})
	t.Run("twice", func(t *testing.T) {
		c := startDHCP(t, DHCPOptions{Oddities: []DHCPOddity{AnswerTwice}})
		first := c.discover(dhcpMAC)
		if second := c.receive(); second.TransactionID != first.TransactionID {
			t.Errorf("the second answer is to %s, want %s", second.TransactionID, first.TransactionID)
		}
	})
	t.Run("NAK first", func(t *testing.T) {
		c := startDHCP(t, DHCPOptions{Oddities: []DHCPOddity{NAKFirst}})
		offer := c.discover(dhcpMAC)
		for _, want := range []dhcpv4.MessageType{dhcpv4.MessageTypeNak, dhcpv4.MessageTypeAck} {
			if m := c.request(offer); m.MessageType() != want {
				t.Errorf("got %s, want %s", m.MessageType(), want)
			}
		}
	})
}

func TestDHCPOptionsRefused(t *testing.T) {
	for name, o := range map[string]DHCPOptions{
		"no oddity of DHCP is called": {Oddities: []DHCPOddity{"polite"}},
		"needs a pool":                {Interface: "lo"},
		"want an IPv4 subnet":         {Pool: netip.MustParsePrefix("2001:db8::/64")},
		"want 1 s or more":            {Lease: time.Millisecond},
		"interface fipsim-none":       {Interface: "fipsim-none", Pool: netip.MustParsePrefix("10.9.0.0/24")},
	} {
		if _, err := ListenDHCP(context.Background(), o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: error %v, want one with %q", o, err, name)
		}
	}
}

// Whatever comes, the server lives on.
func FuzzDHCPRequest(f *testing.F) {
	m, err := dhcpv4.NewDiscovery(dhcpMAC[:])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.ToBytes())
	f.Add([]byte{1})
	d, err := ListenDHCP(context.Background(), DHCPOptions{Pool: netip.MustParsePrefix("10.9.0.0/28")})
	if err != nil {
		f.Fatal(err)
	}
	if err := d.Close(); err != nil { // nothing is to be sent to whom the fuzzer names
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		d.handle(datagram, netip.MustParseAddrPort("127.0.0.1:67"))
		if len(d.pool.by) > 14 {
			t.Errorf("%d leases out of a pool of 14", len(d.pool.by))
		}
	})
}
