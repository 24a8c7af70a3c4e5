package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// segmentSize is the payload of one recorded TCP segment, as on Ethernet.
const segmentSize = 1460

// tappedConn records a TCP connection as the segments that would carry it: handshake,
// data in both directions, and how it ended.
type tappedConn struct {
	net.Conn
	out           *Capture
	local, remote netip.AddrPort

	mu            sync.Mutex
	sent, got     uint32 // next sequence number of each side
	ourFIN, ended bool   // we closed; the other side closed or reset
}

// firstSequence is the initial sequence number of both sides, so that relative and
// absolute numbers are easy to tell apart.
const firstSequence = 1000

func newTappedConn(conn net.Conn, out *Capture, start time.Time) *tappedConn {
	c := &tappedConn{
		Conn: conn, out: out,
		local: addrPort(conn.LocalAddr()), remote: addrPort(conn.RemoteAddr()),
		sent: firstSequence, got: firstSequence,
	}
	now := time.Now()
	c.record(start, true, &layers.TCP{SYN: true}, nil)
	c.sent++
	c.record(now, false, &layers.TCP{SYN: true, ACK: true}, nil)
	c.got++
	c.record(now, true, &layers.TCP{ACK: true}, nil)
	return c
}

// Read implements net.Conn.
func (c *tappedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.came(b[:n], err)
	return n, err
}

// came records what a read brought.
func (c *tappedConn) came(b []byte, err error) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.data(now, false, b)
	switch {
	case c.ended || err == nil:
	case errors.Is(err, io.EOF):
		c.record(now, false, &layers.TCP{FIN: true, ACK: true}, nil)
		c.got++
		c.ended = true
		c.record(now, true, &layers.TCP{ACK: true}, nil)
	case errors.Is(err, syscall.ECONNRESET):
		c.record(now, false, &layers.TCP{RST: true, ACK: true}, nil)
		c.ended = true
	}
}

// Write implements net.Conn.
func (c *tappedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.data(time.Now(), true, b)
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// Close implements net.Conn.
func (c *tappedConn) Close() error {
	c.mu.Lock()
	if !c.ourFIN {
		c.ourFIN = true
		now := time.Now()
		c.record(now, true, &layers.TCP{FIN: true, ACK: true}, nil)
		c.sent++
		if !c.ended {
			c.record(now, false, &layers.TCP{FIN: true, ACK: true}, nil)
			c.got++
			c.record(now, true, &layers.TCP{ACK: true}, nil)
		}
	}
	c.mu.Unlock()
	return c.Conn.Close()
}

// data records b in segments; c.mu is held.
func (c *tappedConn) data(at time.Time, ours bool, b []byte) {
	next := &c.got
	if ours {
		next = &c.sent
	}
	for len(b) > 0 {
		n := min(len(b), segmentSize)
		c.record(at, ours, &layers.TCP{PSH: n == len(b), ACK: true}, b[:n])
		*next += uint32(n)
		b = b[n:]
	}
}

// record writes one segment, completing its ports, numbers and window.
func (c *tappedConn) record(at time.Time, ours bool, tcp *layers.TCP, payload []byte) {
	from, to := c.remote, c.local
	tcp.Seq, tcp.Ack, tcp.Window = c.got, c.sent, 65535
	if ours {
		from, to = c.local, c.remote
		tcp.Seq, tcp.Ack = c.sent, c.got
	}
	if !tcp.ACK {
		tcp.Ack = 0
	}
	tcp.SrcPort, tcp.DstPort = layers.TCPPort(from.Port()), layers.TCPPort(to.Port())
	c.out.segment(at, ours, from.Addr(), to.Addr(), tcp, payload)
}

// recordRefusal records a connection that did not come about: a SYN, and the RST
// where there was one.
func (t *Tap) recordRefusal(ctx context.Context, start time.Time, address string, cause error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return
	}
	addrs, err := t.LookupHost(ctx, host)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || len(addrs) == 0 {
		return // a name that does not resolve sends no SYN
	}
	remote := netip.AddrPortFrom(addrs[0], uint16(number))
	c := &tappedConn{out: t.Capture, local: t.source(netip.AddrPort{}, remote), remote: remote, sent: firstSequence}
	c.record(start, true, &layers.TCP{SYN: true}, nil)
	if errors.Is(cause, syscall.ECONNREFUSED) {
		c.sent++
		c.record(time.Now(), false, &layers.TCP{RST: true, ACK: true}, nil)
	}
}
