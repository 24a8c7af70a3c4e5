package fetch

import (
	"net"
	"net/netip"
	"time"
)

// tftpSocket is the socket of one transfer. On the operating system's own sockets it
// reads and writes without allocation.
type tftpSocket struct {
	conn net.PacketConn
	udp  udpConn // conn, where it is one
}

// udpConn is what *net.UDPConn has beside a net.PacketConn.
type udpConn interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
}

func newTFTPSocket(conn net.PacketConn) tftpSocket {
	udp, _ := conn.(udpConn)
	return tftpSocket{conn: conn, udp: udp}
}

func (s tftpSocket) read(b []byte) (int, netip.AddrPort, error) {
	if s.udp != nil {
		n, from, err := s.udp.ReadFromUDPAddrPort(b)
		return n, unmap(from), err
	}
	n, from, err := s.conn.ReadFrom(b)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	return n, peerOf(from), nil
}

func (s tftpSocket) write(b []byte, to netip.AddrPort) error {
	if s.udp != nil {
		_, err := s.udp.WriteToUDPAddrPort(b, to)
		return err
	}
	_, err := s.conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
	return err
}

// interrupt makes a read that is under way, and each one after it, end at once.
func (s tftpSocket) interrupt() {
	_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // fails on a closed socket only, whose reads end anyway
}
