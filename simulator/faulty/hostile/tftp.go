package hostile

import (
	"encoding/binary"
	"net"
	"time"
)

// RFC 1350 §5.
const (
	opData  = 3
	opError = 5
)

var tftpAttacks = []Attack{
	{
		Name: "tftp-endless-file", Scheme: "tftp", Does: "sends block after block, round the block numbers and on",
		packet: func(_ *Server, c net.PacketConn, to net.Addr) {
			answer := make([]byte, 2048)
			for block := uint16(1); ; block++ {
				send(c, to, data(block, 512))
				_ = c.SetReadDeadline(time.Now().Add(time.Minute)) // of a socket that is open
				if n, _, err := c.ReadFrom(answer); err != nil || n > 1 && answer[1] == opError {
					return
				}
			}
		},
	},
	{
		Name: "tftp-flood", Scheme: "tftp", Does: "sends the first block without end, and waits for nobody",
		packet: func(s *Server, c net.PacketConn, to net.Addr) {
			for s.pause(time.Millisecond) {
				send(c, to, data(1, 512))
			}
		},
	},
	{
		Name: "tftp-oack-flood", Scheme: "tftp", Does: "agrees to options again and again",
		packet: func(s *Server, c net.PacketConn, to net.Addr) {
			for s.pause(time.Millisecond) {
				send(c, to, "\x00\x06blksize\x00512\x00tsize\x0099999999999999999999\x00")
			}
		},
	},
	{
		Name: "tftp-huge-block", Scheme: "tftp", Does: "sends more in a block than was agreed",
		packet: func(_ *Server, c net.PacketConn, to net.Addr) { send(c, to, data(1, 65000)) },
	},
	{
		Name: "tftp-many-ports", Scheme: "tftp", Does: "sends each block from another port",
		packet: func(s *Server, c net.PacketConn, to net.Addr) {
			for range 200 {
				other, err := new(net.ListenConfig).ListenPacket(s.ctx, "udp", s.host()+":0")
				if err != nil {
					return
				}
				send(other, to, data(1, 512))
				_ = other.Close() // a datagram that is sent is sent
			}
			<-s.ctx.Done()
		},
	},
	{
		Name: "tftp-escapes", Scheme: "tftp", Does: "has terminal escape sequences and HTML in an error message that does not end",
		packet: func(_ *Server, c net.PacketConn, to net.Addr) { send(c, to, "\x00\x05\x00\x00"+Evil) },
	},
	{
		Name: "tftp-garbage", Scheme: "tftp", Does: "answers with packets of no kind, cut off at every length",
		packet: func(s *Server, c net.PacketConn, to net.Addr) {
			const packet = "\x00\x06blksize\x00512\x00"
			for n := 0; s.pause(time.Millisecond); n++ {
				send(c, to, packet[:n%len(packet)])
			}
		},
	},
	{
		Name: "tftp-silence", Scheme: "tftp", Does: "says nothing",
		packet: func(*Server, net.PacketConn, net.Addr) {},
	},
}

// data is a DATA packet with size bytes of settings.
func data(block uint16, size int) string {
	b := make([]byte, 4, 4+size)
	binary.BigEndian.PutUint16(b, opData)
	binary.BigEndian.PutUint16(b[2:], block)
	for len(b) < cap(b) {
		b = append(b, "a=b\n"[len(b)%4])
	}
	return string(b)
}

// send sends a datagram. What can't be sent is no attack.
func send(c net.PacketConn, to net.Addr, packet string) { _, _ = c.WriteTo([]byte(packet), to) }
