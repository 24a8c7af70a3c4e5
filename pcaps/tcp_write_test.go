package pcaps

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// tcpConn is a TCP connection of a capture that a test writes.
type tcpConn struct {
	w              *writer
	client, server netip.AddrPort
	seq            map[bool]uint32 // of the client, of the server
	lost           bool            // what is sent now is not in the capture
}

// dial writes a handshake.
func (w *writer) dial(client, server netip.AddrPort) *tcpConn {
	c := w.joined(client, server)
	c.segment(true, "", true, false)
	c.segment(false, "", true, false)
	c.segment(true, "", false, false)
	return c
}

// joined is a connection whose handshake was before the capture.
func (w *writer) joined(client, server netip.AddrPort) *tcpConn {
	return &tcpConn{w: w, client: client, server: server, seq: map[bool]uint32{true: 1000, false: 0xffffff00}}
}

// segment writes one segment, unless it is lost.
func (c *tcpConn) segment(fromClient bool, data string, syn, fin bool) {
	from, to := c.server, c.client
	if fromClient {
		from, to = c.client, c.server
	}
	tcp := &layers.TCP{SrcPort: layers.TCPPort(from.Port()), DstPort: layers.TCPPort(to.Port()), Seq: c.seq[fromClient],
		Ack: c.seq[!fromClient], ACK: !syn || !fromClient, SYN: syn, FIN: fin, PSH: data != "", Window: 65535}
	if !c.lost {
		if from.Addr().Is6() {
			ip := ip6(from, to, layers.IPProtocolTCP)
			_ = tcp.SetNetworkLayerForChecksum(ip)
			c.w.ethernet(etherIPv6, layersOf(c.w.t, ip, tcp, gopacket.Payload(data)))
		} else {
			ip := ip4(from, to, layers.IPProtocolTCP)
			_ = tcp.SetNetworkLayerForChecksum(ip)
			c.w.ethernet(etherIPv4, layersOf(c.w.t, ip, tcp, gopacket.Payload(data)))
		}
	}
	if c.seq[fromClient] += uint32(len(data)); syn || fin {
		c.seq[fromClient]++
	}
}

// phone sends from the client, in segments of size bytes; 0: in one.
func (c *tcpConn) phone(data string, size int) { c.send(true, data, size) }

// serve sends from the server.
func (c *tcpConn) serve(data string, size int) { c.send(false, data, size) }

func (c *tcpConn) send(fromClient bool, data string, size int) {
	if size == 0 {
		size = max(1, len(data))
	}
	for len(data) > 0 {
		n := min(size, len(data))
		c.segment(fromClient, data[:n], false, false)
		data = data[n:]
	}
}

// hangup ends it from both sides.
func (c *tcpConn) hangup() {
	c.segment(true, "", false, true)
	c.segment(false, "", false, true)
	c.segment(true, "", false, false)
}
