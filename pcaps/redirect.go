package pcaps

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"syscall"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// redirect is a network in which the servers of a capture are one server on this
// machine. The phone sees their own addresses; nothing leaves the machine, and a host
// that the capture does not show refuses.
type redirect struct {
	local   map[netip.AddrPort]netip.AddrPort // a captured server's port to ours
	hosts   map[netip.Addr]bool
	names   map[string]netip.Addr // host names in the capture's URLs
	network wire.Network
	answers *answers // of one pass, beside what the local server answers; nil: none
}

// answering is the same network for one pass.
func (r *redirect) answering(a *answers) *redirect {
	one := *r
	one.answers = a
	return &one
}

// newRedirect leads the servers that phones asked to the local one's protocols.
func newRedirect(phones []*Phone, urls map[string]*url.URL) *redirect {
	r := &redirect{local: make(map[netip.AddrPort]netip.AddrPort), hosts: make(map[netip.Addr]bool), names: make(map[string]netip.Addr)}
	r.network = wire.Shared()
	for _, p := range phones {
		for _, e := range p.Events {
			u, err := url.Parse(e.URL)
			if err != nil || e.Kind != trace.FetchRequest || !e.Peer.IsValid() {
				continue
			}
			r.hosts[e.Peer.Addr()] = true
			if !hostOf(u).IsValid() {
				r.names[u.Hostname()] = e.Peer.Addr()
			}
			if to := urls[u.Scheme]; to != nil {
				if at, err := netip.ParseAddrPort(to.Host); err == nil {
					r.local[e.Peer] = at
				}
			}
		}
	}
	return r
}

// holdPorts takes the ports that servers of the capture had on this machine's own addresses, until the returned function
// is called: an FTP data connection to one of them would be led to where the files are asked for.
func holdPorts(ctx context.Context, phones []*Phone) func() {
	held := make(map[netip.AddrPort]net.Listener)
	for _, p := range phones {
		for _, e := range p.Events {
			if e.Kind != trace.FetchRequest || !e.Peer.Addr().IsLoopback() || held[e.Peer] != nil || len(held) == mostHeldPorts {
				continue
			}
			if l, err := new(net.ListenConfig).Listen(ctx, "tcp", e.Peer.String()); err == nil { // otherwise somebody else has it
				held[e.Peer] = l
			}
		}
	}
	return func() {
		for _, l := range held {
			_ = l.Close()
		}
	}
}

const mostHeldPorts = 100

// lead returns where a packet for an address goes; false: nowhere.
func (r *redirect) lead(to netip.AddrPort) (netip.AddrPort, bool) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if at, ok := r.local[to]; ok {
		return at, true
	}
	// A TFTP transfer's and an FTP data connection's port is the local server's own.
	if r.hosts[to.Addr()] || to.Addr().IsLoopback() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), to.Port()), true
	}
	return to, false
}

// LookupHost implements wire.Network: names are those of the capture.
func (r *redirect) LookupHost(_ context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if a, ok := r.names[host]; ok {
		return []netip.Addr{a}, nil
	}
	return nil, &net.DNSError{Err: "the capture does not tell its address", Name: host, IsNotFound: true}
}

// DialContext implements wire.Network.
func (r *redirect) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	all, err := r.LookupHost(ctx, host)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	asked := netip.AddrPortFrom(all[0], uint16(n))
	to, ok := r.lead(asked)
	if !ok || r.answers.closes(asked) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(asked), Err: syscall.ECONNREFUSED}
	}
	conn, err := r.network.DialContext(ctx, network, to.String())
	if err != nil {
		return nil, err
	}
	return &ledConn{conn, net.TCPAddrFromAddrPort(asked)}, nil
}

// ledConn looks as if it led to where it was asked for.
type ledConn struct {
	net.Conn
	remote net.Addr
}

// RemoteAddr implements net.Conn.
func (c *ledConn) RemoteAddr() net.Addr { return c.remote }

// ListenPacket implements wire.Network.
func (r *redirect) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	conn, err := r.network.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &ledSocket{PacketConn: conn, r: r, back: make(map[netip.AddrPort]netip.AddrPort)}, nil
}

// ledSocket sends datagrams to the local server, and lets answers come from where they
// were expected.
type ledSocket struct {
	net.PacketConn
	r    *redirect
	mu   sync.Mutex
	host netip.Addr // asked last
	back map[netip.AddrPort]netip.AddrPort
}

// maxBack bounds the ports that one socket remembers.
const maxBack = 256

// WriteTo implements net.PacketConn.
func (s *ledSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	u, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, fmt.Errorf("write to %s: not a UDP address", to)
	}
	asked := u.AddrPort()
	asked = netip.AddrPortFrom(asked.Addr().Unmap(), asked.Port())
	at, ok := s.r.lead(asked)
	if !ok {
		return len(b), nil // as a packet that gets lost
	}
	s.mu.Lock()
	if s.host = asked.Addr(); len(s.back) < maxBack {
		s.back[at] = asked
	}
	s.mu.Unlock()
	if s.r.answers.swallows(b) {
		return len(b), nil
	}
	if refusal := s.r.answers.refusal(b); refusal != nil {
		return len(b), refuse(context.Background(), s.LocalAddr(), refusal)
	}
	return s.PacketConn.WriteTo(b, net.UDPAddrFromAddrPort(at))
}

// ReadFrom implements net.PacketConn.
func (s *ledSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.PacketConn.ReadFrom(b)
	u, ok := from.(*net.UDPAddr)
	if err != nil || !ok {
		return n, from, err
	}
	at := netip.AddrPortFrom(u.AddrPort().Addr().Unmap(), u.AddrPort().Port())
	s.mu.Lock()
	defer s.mu.Unlock()
	if asked, ok := s.back[at]; ok {
		return n, net.UDPAddrFromAddrPort(asked), nil
	}
	if s.host.IsValid() {
		at = netip.AddrPortFrom(s.host, at.Port())
	}
	return n, net.UDPAddrFromAddrPort(at), nil
}
