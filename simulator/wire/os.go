package wire

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// OS is the operating system's network. The zero value lets the system choose
// addresses and interfaces.
type OS struct {
	Local    netip.Addr    // source address of everything; invalid: the system's choice
	Resolver *net.Resolver // nil: net.DefaultResolver

	Interface    string // multicast leaves here, from this interface's address; empty: by the routing table
	MulticastTTL int    // of multicast datagrams; 0: the system's default, which is 1

	DialLimit time.Duration // for one TCP connection to open; 0: 10 s, as the phone's TFTP side waits
}

// defaultDialLimit is what the phone's fetches allow for connecting: its TFTP timings
// are those of a 10 s connect timeout.
const defaultDialLimit = 10 * time.Second

// ListenPacket implements Network. Where address names no host, the socket is bound
// to o.Local.
func (o OS) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", address, err)
	}
	conn, err := o.listen(ctx, network, host, port)
	if err != nil {
		return nil, err
	}
	if err := o.setMulticast(conn); err != nil {
		_ = conn.Close() // what matters is why it is of no use
		return nil, err
	}
	return conn, nil
}

// listen binds a socket. What needs no resolver goes past it: a phone opens a socket for
// every file.
func (o OS) listen(ctx context.Context, network, host, port string) (net.PacketConn, error) {
	n, err := strconv.ParseUint(port, 10, 16)
	if host != "" || err != nil || network != "udp4" || o.Local.IsValid() && !o.Local.Is4() {
		if host == "" && o.Local.IsValid() {
			host = o.Local.String()
		}
		return new(net.ListenConfig).ListenPacket(ctx, network, net.JoinHostPort(host, port))
	}
	at := net.UDPAddr{Port: int(n)}
	if o.Local.IsValid() {
		at.IP = o.Local.AsSlice()
	}
	conn, err := net.ListenUDP(network, &at)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// DialContext implements Network.
func (o OS) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: o.DialLimit, Resolver: o.Resolver}
	if d.Timeout == 0 {
		d.Timeout = defaultDialLimit
	}
	if o.Local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(o.Local, 0))
	}
	return d.DialContext(ctx, network, address)
}

// LookupHost implements Network; IPv4 addresses come first, as the phone speaks IPv4.
func (o OS) LookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	r := o.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	found, err := r.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var four, six []netip.Addr
	for _, a := range found {
		if a = a.Unmap(); a.Is4() {
			four = append(four, a)
		} else {
			six = append(six, a)
		}
	}
	return append(four, six...), nil
}

// SourceFor tells from which address a packet to peer would leave. It sends nothing.
func (o OS) SourceFor(peer netip.AddrPort) (netip.Addr, bool) {
	if o.Local.IsValid() {
		return o.Local, true
	}
	if o.Interface != "" && peer.Addr().IsMulticast() {
		own, err := InterfacePrefix(o.Interface)
		return own.Addr(), err == nil
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(peer))
	if err != nil {
		return netip.Addr{}, false
	}
	defer func() { _ = conn.Close() }()
	return addrPort(conn.LocalAddr()).Addr(), true
}
