package discover

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"time"
)

// pnpConn is where one search sends, and hears what belongs to it: a socket of its own,
// or its place behind a SIPSocket.
type pnpConn interface {
	send(b []byte, to netip.AddrPort) error
	// read returns the next datagram, which stays the caller's. Its error is
	// os.ErrDeadlineExceeded when until is over, and any when ctx ends.
	read(ctx context.Context, until time.Time) (raw []byte, from netip.AddrPort, err error)
	Close() error
}

// ownSocket is the socket of one search.
type ownSocket struct {
	net.PacketConn
	buf []byte
}

func (o *ownSocket) send(b []byte, to netip.AddrPort) error { return sendTo(o.PacketConn, b, to) }

// sendTo sends a datagram.
func sendTo(conn net.PacketConn, b []byte, to netip.AddrPort) error {
	var err error
	if udp, ok := conn.(interface {
		WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	}); ok {
		_, err = udp.WriteToUDPAddrPort(b, to) // which makes no address for each datagram
	} else {
		_, err = conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
	}
	return err
}

// readFrom reads a datagram; IPv4 addresses are in their short form.
func readFrom(conn net.PacketConn, b []byte) (int, netip.AddrPort, error) {
	if udp, ok := conn.(interface {
		ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	}); ok {
		n, from, err := udp.ReadFromUDPAddrPort(b)
		return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
	}
	n, from, err := conn.ReadFrom(b)
	return n, addrPortOf(from), err
}

func (o *ownSocket) read(ctx context.Context, until time.Time) ([]byte, netip.AddrPort, error) {
	if o.buf == nil {
		o.buf = make([]byte, maxDatagram+1)
	}
	// In this order, so that a context that ends in between is seen.
	if err := o.SetReadDeadline(until); err != nil {
		return nil, netip.AddrPort{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = o.SetReadDeadline(time.Unix(1, 0)) }) // releases the read
	defer stop()
	n, from, err := readFrom(o.PacketConn, o.buf)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	return bytes.Clone(o.buf[:n]), from, nil
}
