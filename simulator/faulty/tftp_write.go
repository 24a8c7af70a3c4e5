package faulty

import (
	"net"
	"net/netip"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// mostWritten bounds a file that a client writes, in bytes.
const mostWritten = 1 << 20

// receive takes a file from a client, and serves it from then on.
func (s *tftpService) receive(from netip.AddrPort, name string) {
	conn, err := new(net.ListenConfig).ListenPacket(s.ctx, "udp", tftpAt)
	if err != nil {
		return
	}
	s.hold(conn)
	defer s.drop(conn)
	to := net.UDPAddrFromAddrPort(from)
	var body []byte
	for block := uint16(0); len(body) < mostWritten; {
		if _, err := conn.WriteTo(tftp.AppendAck(nil, block), to); err != nil {
			return
		}
		if conn.SetReadDeadline(time.Now().Add(tftpResend*tftpSends)) != nil {
			return
		}
		buf := make([]byte, tftp.HeaderSize+tftp.DefaultBlksize)
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		p, err := tftp.Parse(buf[:n])
		if err != nil || p.Op != tftp.DATA {
			return
		}
		if p.Block != block+1 {
			continue
		}
		block++
		body = append(body, p.Data...)
		if len(p.Data) < tftp.DefaultBlksize {
			s.written.swap(name, body)
			_, _ = conn.WriteTo(tftp.AppendAck(nil, block), to) // it may be lost
			return
		}
	}
}
