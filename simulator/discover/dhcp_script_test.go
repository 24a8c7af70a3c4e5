package discover

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

var (
	dhcpPhone  = device.Identity{MAC: device.MAC{0x00, 0x21, 0xf2, 0x22, 0xb0, 0x1d}}
	dhcpServer = netip.MustParseAddrPort("192.168.50.92:67")
	dhcpLeased = netip.MustParseAddr("192.168.50.4")
)

// sent is one message of the phone: when, what, where to.
type sent struct {
	At  time.Duration // since the bubble began
	Msg *dhcpv4.DHCPv4
	To  Target
}

// scriptedDHCP is a Transport whose other side is a function of the test's.
type scriptedDHCP struct {
	transactions
	answer func(s sent, say func(Packet))
	start  time.Time
	mu     sync.Mutex
	sent   []sent
}

func newScriptedDHCP(answer func(s sent, say func(Packet))) *scriptedDHCP {
	return &scriptedDHCP{answer: answer, start: time.Now()}
}

func (s *scriptedDHCP) Begin(xid uint32, mac device.MAC) (Transaction, error) {
	in, err := s.begin(xid, mac)
	return &scriptedTransaction{s, xid, in}, err
}

type scriptedTransaction struct {
	*scriptedDHCP
	xid uint32
	in  *inbox
}

func (t *scriptedTransaction) Send(message []byte, to Target) error {
	m, err := dhcpv4.FromBytes(message)
	if err != nil {
		return err
	}
	one := sent{At: time.Since(t.start), Msg: m, To: to}
	t.mu.Lock()
	t.sent = append(t.sent, one)
	t.mu.Unlock()
	t.answer(one, t.deliver)
	return nil
}

func (t *scriptedTransaction) Replies() <-chan Packet { return t.in.packets }
func (t *scriptedTransaction) Close()                 { t.end(t.xid) }

// times are when each message of a kind was sent.
func (s *scriptedDHCP) times(kind dhcpv4.MessageType) []time.Duration {
	var times []time.Duration
	for _, one := range s.sent {
		if one.Msg.MessageType() == kind {
			times = append(times, one.At)
		}
	}
	return times
}

// reply is a server's answer to m, as the library writes it.
func reply(m *dhcpv4.DHCPv4, kind dhcpv4.MessageType, change ...dhcpv4.Modifier) Packet {
	r, err := dhcpv4.NewReplyFromRequest(m, append([]dhcpv4.Modifier{
		dhcpv4.WithMessageType(kind), dhcpv4.WithYourIP(dhcpLeased.AsSlice()),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(dhcpServer.Addr().AsSlice())),
		dhcpv4.WithOption(dhcpv4.OptSubnetMask(net.CIDRMask(24, 32))),
	}, change...)...)
	if err != nil {
		panic(err)
	}
	return Packet{Message: r.ToBytes(), From: dhcpServer}
}

func option66(text string) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptTFTPServerName(text))
}

// obliging answers as a server does, with these further options.
func obliging(change ...dhcpv4.Modifier) func(s sent, say func(Packet)) {
	return func(s sent, say func(Packet)) {
		switch s.Msg.MessageType() {
		case dhcpv4.MessageTypeDiscover:
			say(reply(s.Msg, dhcpv4.MessageTypeOffer, change...))
		case dhcpv4.MessageTypeRequest:
			say(reply(s.Msg, dhcpv4.MessageTypeAck, change...))
		default: // a RELEASE is not answered
		}
	}
}

func silent(sent, func(Packet)) {}

func kinds(r *trace.Recorder) string {
	var words []string
	for _, e := range r.Events() {
		words = append(words, strings.TrimPrefix(string(e.Kind), "dhcp."))
	}
	return strings.Join(words, " ")
}
