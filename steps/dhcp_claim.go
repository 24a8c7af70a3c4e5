package steps

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/insomniacslk/dhcp/dhcpv4"
)

// itRenews renews as a phone does at half of its lease.
func itRenews(ctx context.Context) error {
	w := of(ctx)
	t := w.talks.dhcp
	m, err := renewal(t)
	if err != nil {
		return harness("%v", err)
	}
	return w.claim(ctx, t.mac, m)
}

// renewal is a REQUEST of state RENEWING: the address in ciaddr, options 50 and 54 not
// there (RFC 2131 §4.3.2).
func renewal(t *dhcpTalk) (*dhcpv4.DHCPv4, error) {
	return dhcpv4.New(dhcpv4.WithHwAddr(net.HardwareAddr(t.mac[:])), dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest),
		dhcpv4.WithClientIP(addrAt(t.ack(), bootpYiaddr).AsSlice()), identified(t.mac), wants66)
}

// identified adds the client identifier, which is the same in all of a phone's messages
// (RFC 2131 §4.2).
func identified(mac device.MAC) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptClientIdentifier(append([]byte{1}, mac[:]...)))
}

func wants66(m *dhcpv4.DHCPv4) {
	m.UpdateOption(dhcpv4.OptParameterRequestList(dhcpv4.OptionSubnetMask, dhcpv4.OptionTFTPServerName))
}

// silence is how long a message that needs no answer is waited for.
const silence = 1200 * time.Millisecond

// claim sends one REQUEST of a phone and listens to what comes. A lost one is no
// matter: it is sent twice.
func (w *world) claim(ctx context.Context, mac device.MAC, m *dhcpv4.DHCPv4) error {
	hub, err := w.dhcpHub(ctx)
	if err != nil {
		return err
	}
	xid := rand.Uint32()
	tx, err := hub.relay.Begin(xid, mac)
	if err != nil {
		return harness("%v", err)
	}
	defer tx.Close()
	m.TransactionID = dhcpv4.TransactionID{byte(xid >> 24), byte(xid >> 16), byte(xid >> 8), byte(xid)}
	const size = 548 // as all messages of a phone
	raw := m.ToBytes()
	raw = append(raw, make([]byte, max(0, size-len(raw)))...)
	w.talks.claimed = nil
	for range 2 {
		sent := trace.Event{At: time.Now(), Phone: mac, Kind: trace.DHCPRequest, Detail: requestWords(m)}
		if m.MessageType() == dhcpv4.MessageTypeDiscover {
			sent.Kind, sent.Detail = trace.DHCPDiscover, ""
		}
		w.talks.events = append(w.talks.events, sent)
		if err := tx.Send(raw, discover.Target{}); err != nil {
			return harness("%v", err)
		}
		select {
		case p, ok := <-tx.Replies():
			if ok {
				w.talks.claimed = p.Message
				kind := map[dhcpv4.MessageType]trace.Kind{
					dhcpv4.MessageTypeOffer: trace.DHCPOffer, dhcpv4.MessageTypeAck: trace.DHCPAck, dhcpv4.MessageTypeNak: trace.DHCPNak,
				}[kindOf(p.Message)]
				w.talks.events = append(w.talks.events, trace.Event{At: time.Now(), Phone: mac, Kind: kind, Peer: p.From})
			}
			return nil
		case <-time.After(silence / 2):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// requestWords says what a REQUEST asks for.
func requestWords(m *dhcpv4.DHCPv4) string {
	if at := m.RequestedIPAddress(); at != nil {
		return at.String()
	}
	return m.ClientIPAddr.String()
}

func itIsRenewed(ctx context.Context) error {
	switch got := of(ctx).talks.claimed; {
	case got == nil:
		return violated("an ACK for the renewal", "no answer came")
	case kindOf(got) != dhcpv4.MessageTypeAck:
		return violated("an ACK for the renewal", "%s came", kindOf(got))
	}
	return nil
}

func renewalHas66(ctx context.Context) error {
	w := of(ctx)
	if w.talks.claimed == nil || kindOf(w.talks.claimed) != dhcpv4.MessageTypeAck {
		return blocked("the address was not renewed (see FIP-DHCP-022)")
	}
	if w.talks.dhcp.lease == nil {
		return blocked("the first ACK had none that can be used (see FIP-DHCP-003)")
	}
	at := w.talks.claimed
	if _, ok := value(at, dhcpv4.OptionTFTPServerName); ok {
		return nil
	}
	if _, overloaded := value(at, dhcpv4.OptionOptionOverload); overloaded {
		return nil
	}
	return violated("option 66 in the ACK of a renewal", "it has none")
}

// reclaim is a REQUEST of state INIT-REBOOT: an address that the phone says it had
// (RFC 2131 §4.3.2).
func reclaim(mac device.MAC, addr netip.Addr) (*dhcpv4.DHCPv4, error) {
	return dhcpv4.New(dhcpv4.WithHwAddr(net.HardwareAddr(mac[:])), dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest),
		dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(addr.AsSlice())), dhcpv4.WithBroadcast(true), identified(mac), wants66)
}

func anotherClaims(ctx context.Context) error {
	w := of(ctx)
	m, err := reclaim(w.other(), addrAt(w.talks.dhcp.ack(), bootpYiaddr))
	if err != nil {
		return harness("%v", err)
	}
	return w.claim(ctx, w.other(), m)
}

func notGivenToOther(ctx context.Context) error {
	w := of(ctx)
	if got := w.talks.claimed; got != nil && kindOf(got) == dhcpv4.MessageTypeAck {
		return violated("no ACK: the address is another phone's", "phone %s is given %s too", w.other(), leaseOf(w.talks.dhcp))
	}
	return nil
}

// foreignNet is of no network that a phone could be on (TEST-NET-3, RFC 5737).
var foreignNet = netip.MustParseAddr("203.0.113.77")

func itClaimsForeign(ctx context.Context) error {
	w := of(ctx)
	m, err := reclaim(w.talks.dhcp.mac, foreignNet)
	if err != nil {
		return harness("%v", err)
	}
	return w.claim(ctx, w.talks.dhcp.mac, m)
}

func itIsRefused(ctx context.Context) error {
	switch got := of(ctx).talks.claimed; {
	case got == nil:
		return violated("a NAK", "no answer came")
	case kindOf(got) != dhcpv4.MessageTypeNak:
		return violated("a NAK", "%s came", kindOf(got))
	}
	return nil
}

// choosesAnother takes what another server offered, for the address that this one
// offered too.
func choosesAnother(ctx context.Context) error {
	w := of(ctx)
	if _, err := w.leasedDHCP(ctx); err != nil {
		return err
	}
	couple, err := w.couple(ctx)
	if err != nil {
		return err
	}
	mac := couple[0]
	discover, err := dhcpv4.NewDiscovery(net.HardwareAddr(mac[:]), identified(mac), wants66)
	if err != nil {
		return harness("%v", err)
	}
	if err := w.claim(ctx, mac, discover); err != nil {
		return err
	}
	offered := w.talks.claimed
	if offered == nil || kindOf(offered) != dhcpv4.MessageTypeOffer {
		return blocked("the phone was offered nothing")
	}
	m, err := reclaim(mac, addrAt(offered, bootpYiaddr))
	if err != nil {
		return harness("%v", err)
	}
	m.UpdateOption(dhcpv4.OptServerIdentifier(foreignNet.AsSlice()))
	return w.claim(ctx, mac, m)
}

func itIsGivenNone(ctx context.Context) error {
	if got := of(ctx).talks.claimed; got != nil && kindOf(got) == dhcpv4.MessageTypeAck {
		return violated("no ACK: the phone chose another server", "an ACK for %s came", addrAt(got, bootpYiaddr))
	}
	return nil
}
