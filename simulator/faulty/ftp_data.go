package faulty

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// passive opens a port for the data connection, and returns the reply that names it.
func (s *ftpSession) passive(word string) string {
	f := &s.service.fault
	if word == "EPSV" && f.noEPSV || word == "PASV" && f.noPASV {
		return "500 unknown command"
	}
	s.closeData()
	l, err := new(net.ListenConfig).Listen(s.service.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "425 no port is free"
	}
	s.data = l
	s.service.hold(l)
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return "425 no port"
	}
	port := at.Port
	if f.deadEnd {
		_ = l.Close() // that is the fault
	}
	if word == "EPSV" {
		return fmt.Sprintf("229 extended passive mode (|||%d|)", port)
	}
	host := "127.0.0.1"
	if f.dataTo != "" {
		host = f.dataTo
	}
	high, low := port>>8, port&0xff
	if f.swaps {
		high, low = low, high
	}
	return fmt.Sprintf("227 passive mode (%s,%d,%d)", strings.ReplaceAll(host, ".", ","), high, low)
}

// closeData ends the listening for a data connection.
func (s *ftpSession) closeData() {
	if s.data != nil {
		s.service.drop(s.data)
		s.data = nil
	}
}

// send sends a body over the data connection, and returns the reply that ends it.
func (s *ftpSession) send(body []byte) string {
	defer s.closeData()
	if l, ok := s.data.(*net.TCPListener); ok {
		_ = l.SetDeadline(time.Now().Add(ftpData)) // a listener that is closed tells so below
	}
	conn, err := s.data.Accept()
	if err != nil {
		return "425 no data connection came"
	}
	s.service.hold(conn)
	defer s.service.drop(conn)
	f := &s.service.fault
	if tcp, ok := conn.(*net.TCPConn); ok && f.endsOnAbort {
		_ = tcp.SetWriteBuffer(8 << 10) // else the system would take the whole file
	}
	if f.send != nil {
		f.send(conn, body)
		return "226 done"
	}
	for rest := body; len(rest) > 0; {
		if conn.SetWriteDeadline(time.Now().Add(ftpData)) != nil {
			break
		}
		n, err := conn.Write(rest[:min(len(rest), 64<<10)])
		if err != nil {
			return "426 the data connection ended"
		}
		rest = rest[n:]
	}
	if f.hold {
		s.wait(conn)
	}
	return "226 done"
}

// wait waits until the client or the server ends a connection.
func (s *ftpSession) wait(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(ftpIdle)) // else the read tells
	_, _ = conn.Read(make([]byte, 1))
}
