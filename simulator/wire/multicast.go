package wire

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
)

// setMulticast makes a socket send multicast through o.Interface with o.MulticastTTL.
func (o OS) setMulticast(conn net.PacketConn) error {
	if o.Interface == "" && o.MulticastTTL == 0 {
		return nil
	}
	socket := ipv4.NewPacketConn(conn)
	if o.Interface != "" {
		iface, err := net.InterfaceByName(o.Interface)
		if err != nil {
			return fmt.Errorf("interface %s: %w", o.Interface, err)
		}
		if err := socket.SetMulticastInterface(iface); err != nil {
			return fmt.Errorf("multicast through interface %s: %w", o.Interface, err)
		}
	}
	if o.MulticastTTL != 0 {
		if err := socket.SetMulticastTTL(o.MulticastTTL); err != nil {
			return fmt.Errorf("multicast TTL %d: %w", o.MulticastTTL, err)
		}
	}
	return nil
}

// SourceFor tells from which address n would send to peer, and sends nothing. It
// returns false where n cannot tell, or has no way to peer.
func SourceFor(n Network, peer netip.AddrPort) (netip.Addr, bool) {
	if s, ok := n.(sourcer); ok {
		return s.SourceFor(peer)
	}
	return netip.Addr{}, false
}

// SourceFor tells from which address a packet to peer would leave: as Next has it.
func (t *Tap) SourceFor(peer netip.AddrPort) (netip.Addr, bool) { return SourceFor(t.next(), peer) }
