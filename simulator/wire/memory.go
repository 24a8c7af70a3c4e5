package wire

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Memory is a scripted network: nothing leaves the process, and every wait is on a
// channel or a timer, so that hours pass in milliseconds in a testing/synctest
// bubble. Peers are functions. The zero value is a network where nobody answers.
type Memory struct {
	Local   netip.Addr    // the phone's own address; invalid: 192.0.2.1
	Latency time.Duration // for a datagram to cross, one way

	mu    sync.Mutex
	hosts map[string][]netip.Addr
	udp   map[netip.AddrPort]UDPPeer
	tcp   map[netip.AddrPort]TCPPeer
	conns map[netip.AddrPort]*memorySocket
	next  uint16
	last  time.Time // when the latest datagram arrives
}

// UDPPeer is a scripted host's side of UDP: it is called for each datagram that
// reaches its address, and may answer through send, now or later, from any address.
// Without Latency it runs inside the sender's WriteTo.
type UDPPeer func(d Datagram, send func(Datagram))

// TCPPeer is a scripted host's side of one TCP connection, in a goroutine of its own.
type TCPPeer func(conn net.Conn)

// firstEphemeral is the lowest port that Memory gives out (RFC 6335 §6).
const firstEphemeral = 49152

// HandleUDP makes a peer of p at address at; nil takes it away. A peer at a multicast
// address hears what is sent to the group.
func (m *Memory) HandleUDP(at netip.AddrPort, p UDPPeer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.udp == nil {
		m.udp = make(map[netip.AddrPort]UDPPeer)
	}
	m.udp[at] = p
}

// HandleTCP makes a peer of p at address at; nil takes it away.
func (m *Memory) HandleTCP(at netip.AddrPort, p TCPPeer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tcp == nil {
		m.tcp = make(map[netip.AddrPort]TCPPeer)
	}
	m.tcp[at] = p
}

// AddHost gives a name addresses; none takes it away.
func (m *Memory) AddHost(name string, addrs ...netip.Addr) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hosts == nil {
		m.hosts = make(map[string][]netip.Addr)
	}
	m.hosts[name] = addrs
}

// LookupHost implements Network.
func (m *Memory) LookupHost(_ context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if found := m.hosts[host]; len(found) > 0 {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// ListenPacket implements Network. The socket's address is m.Local and a port that
// no other socket ever had.
func (m *Memory) ListenPacket(_ context.Context, network, address string) (net.PacketConn, error) {
	_, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	local := netip.AddrPortFrom(m.local(), uint16(port))
	if port == 0 {
		local = netip.AddrPortFrom(m.local(), m.ephemeral())
	}
	if m.conns[local] != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: syscall.EADDRINUSE}
	}
	if m.conns == nil {
		m.conns = make(map[netip.AddrPort]*memorySocket)
	}
	s := &memorySocket{queue: newQueue(), net: m, local: local}
	m.conns[local] = s
	return s, nil
}

// DialContext implements Network; where no peer is, the connection is refused.
func (m *Memory) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	addrs, err := m.LookupHost(ctx, host)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	remote := netip.AddrPortFrom(addrs[0], uint16(port))
	peer := m.tcp[remote]
	if peer == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(remote), Err: syscall.ECONNREFUSED}
	}
	local := netip.AddrPortFrom(m.local(), m.ephemeral())
	ours, theirs := net.Pipe()
	go peer(memoryConn{theirs, remote, local})
	return memoryConn{ours, local, remote}, nil
}

func (m *Memory) local() netip.Addr {
	if m.Local.IsValid() {
		return m.Local
	}
	return netip.AddrFrom4([4]byte{192, 0, 2, 1})
}

// ephemeral returns a fresh port; m.mu is held.
func (m *Memory) ephemeral() uint16 {
	if m.next < firstEphemeral {
		m.next = firstEphemeral
	}
	port := m.next
	m.next++
	return port
}

// send carries d to a peer or to a socket of the phone, after the latency and never
// before a datagram that was sent earlier.
func (m *Memory) send(d Datagram) {
	d.Payload = append([]byte(nil), d.Payload...)
	if m.Latency == 0 {
		m.deliver(d)
		return
	}
	m.mu.Lock()
	arrival := time.Now().Add(m.Latency)
	if !arrival.After(m.last) {
		arrival = m.last.Add(1)
	}
	m.last = arrival
	m.mu.Unlock()
	time.AfterFunc(time.Until(arrival), func() { m.deliver(d) })
}

func (m *Memory) deliver(d Datagram) {
	m.mu.Lock()
	peer, socket := m.udp[d.To], m.conns[d.To]
	m.mu.Unlock()
	switch {
	case peer != nil:
		peer(d, m.send)
	case socket != nil:
		socket.put(d)
	}
}

// memorySocket is a net.PacketConn of Memory.
type memorySocket struct {
	*queue
	net   *Memory
	local netip.AddrPort
}

// WriteTo implements net.PacketConn.
func (s *memorySocket) WriteTo(b []byte, to net.Addr) (int, error) {
	select {
	case <-s.closed:
		return 0, net.ErrClosed
	default:
	}
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, fmt.Errorf("write to %v: not a UDP address", to)
	}
	s.net.send(Datagram{From: s.local, To: unmap(addr.AddrPort()), Payload: b})
	return len(b), nil
}

// LocalAddr implements net.PacketConn.
func (s *memorySocket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.local) }

// SetDeadline implements net.PacketConn; writing never waits.
func (s *memorySocket) SetDeadline(t time.Time) error { return s.SetReadDeadline(t) }

// SetWriteDeadline implements net.PacketConn; writing never waits.
func (s *memorySocket) SetWriteDeadline(time.Time) error { return nil }

// Close implements net.PacketConn.
func (s *memorySocket) Close() error {
	s.net.mu.Lock()
	delete(s.net.conns, s.local)
	s.net.mu.Unlock()
	return s.queue.Close()
}

// memoryConn is a net.Pipe with addresses.
type memoryConn struct {
	net.Conn
	local, remote netip.AddrPort
}

// LocalAddr implements net.Conn.
func (c memoryConn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.local) }

// RemoteAddr implements net.Conn.
func (c memoryConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

// unmap makes an IPv4 address of an IPv4-mapped IPv6 one.
func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
