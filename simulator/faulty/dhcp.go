package faulty

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// dhcpFault is what a fault changes of DHCP; the zero value is a server that is right.
type dhcpFault struct {
	change   func(m *dhcpText, r dhcpRequest) // each reply
	url      func(s *Server, phone device.MAC, right string) string
	option66 func(right string) []byte // its value; nil: the text

	answers   func(r dhcpRequest, times int) bool // which messages are answered, and which time of a transaction; nil: all
	fresh     bool                                // each DISCOVER is offered another address
	same      bool                                // everybody is offered the same address
	grants    bool                                // whatever a phone claims is its
	refuses   func(r dhcpRequest) bool            // what gets a NAK in the place of an ACK
	silentNAK bool                                // no NAK is ever sent
	anyServer bool                                // the choice of another server is not looked at
	pings     time.Duration                       // how long an address is pinged before it is offered, and nobody else heard
	dies      bool                                // nothing more is answered after what is not DHCP
}

// The types of DHCP messages (RFC 2132 §9.6).
const (
	dhcpDiscover = 1
	dhcpOffer    = 2
	dhcpRequests = 3
	dhcpACK      = 5
	dhcpNAK      = 6
	dhcpRelease  = 7
)

// dhcpRequest is a message of a phone.
type dhcpRequest struct {
	raw       []byte
	kind      byte
	phone     device.MAC
	xid       uint32
	client    netip.Addr // ciaddr
	requested netip.Addr // option 50
	server    netip.Addr // option 54
}

// dhcpText is a reply in the making.
type dhcpText struct {
	kind    byte
	head    []byte // up to the options
	options []dhcpLine
	noEnd   bool
}

type dhcpLine struct {
	code  byte
	value []byte
}

func (m *dhcpText) set(code byte, value []byte) {
	for i := range m.options {
		if m.options[i].code == code {
			m.options[i].value = value
			return
		}
	}
	m.options = append(m.options, dhcpLine{code, value})
}

func (m *dhcpText) drop(code byte) {
	for i := range m.options {
		if m.options[i].code == code {
			m.options = append(m.options[:i:i], m.options[i+1:]...)
			return
		}
	}
}

func (m *dhcpText) bytes() []byte {
	b := bytes.Clone(m.head)
	for _, o := range m.options {
		b = append(append(b, o.code, byte(len(o.value))), o.value...)
	}
	if !m.noEnd {
		b = append(b, 255)
	}
	return b
}

// dhcpServer is the server's state, for one goroutine but for the socket.
type dhcpServer struct {
	conn net.PacketConn
	id   netip.Addr
	by   map[device.MAC]netip.Addr // addresses that are offered or leased
	of   map[netip.Addr]device.MAC
	next netip.Addr
	seen map[uint64]int // how often a transaction's DISCOVER or REQUEST came
	dead bool
}

// dhcpNet is where addresses come from (TEST-NET-2, RFC 5737).
var dhcpNet = netip.MustParsePrefix("198.51.100.0/24")

// startDHCP listens for what relay agents send.
func (s *Server) startDHCP() error {
	conn, err := new(net.ListenConfig).ListenPacket(s.ctx, "udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.dhcp.conn, s.dhcp.id = conn, netip.MustParseAddr("127.0.0.1")
	s.dhcp.by, s.dhcp.of, s.dhcp.seen = make(map[device.MAC]netip.Addr), make(map[netip.Addr]device.MAC), make(map[uint64]int)
	s.dhcp.next = dhcpNet.Addr().Next()
	s.hold(conn)
	s.run(s.serveDHCP)
	return nil
}

// DHCPRelay returns where a relay agent asks: host:port; empty where there is no DHCP.
func (s *Server) DHCPRelay() string {
	if s.dhcp.conn == nil {
		return ""
	}
	return s.dhcp.conn.LocalAddr().String()
}

func (s *Server) serveDHCP() {
	buf := make([]byte, 1<<16)
	for s.ctx.Err() == nil {
		n, from, err := s.dhcp.conn.ReadFrom(buf)
		if err != nil {
			continue // the socket is closed, or one datagram came back
		}
		r, ok := readDHCP(buf[:n])
		if !ok {
			s.dhcp.dead = s.dhcp.dead || s.behaviour.dhcp.dies
		}
		if !ok || s.dhcp.dead {
			continue
		}
		if reply := s.answerDHCP(r); reply != nil {
			_, _ = s.dhcp.conn.WriteTo(reply, from) // to the relay agent's own port (RFC 8357); a lost one is asked for again
		}
	}
}

// readDHCP reads what a relay agent passes on; false for anything else.
func readDHCP(raw []byte) (r dhcpRequest, ok bool) {
	const cookie, options = 236, 240
	if len(raw) < options || raw[0] != 1 || raw[2] != 6 || !bytes.Equal(raw[cookie:options], []byte{99, 130, 83, 99}) {
		return r, false
	}
	r.raw, r.xid = bytes.Clone(raw[:options]), binary.BigEndian.Uint32(raw[4:])
	copy(r.phone[:], raw[28:])
	r.client = netip.AddrFrom4([4]byte(raw[12:]))
	for i := options; i < len(raw) && raw[i] != 255; {
		if raw[i] == 0 {
			i++
			continue
		}
		if i+1 >= len(raw) || i+2+int(raw[i+1]) > len(raw) {
			return r, false
		}
		code, value := raw[i], raw[i+2:i+2+int(raw[i+1])]
		switch {
		case code == 53 && len(value) == 1:
			r.kind = value[0]
		case code == 50 && len(value) == 4:
			r.requested = netip.AddrFrom4([4]byte(value))
		case code == 54 && len(value) == 4:
			r.server = netip.AddrFrom4([4]byte(value))
		}
		i += 2 + len(value)
	}
	return r, r.kind != 0
}

// answerDHCP decides on a message (RFC 2131 §4.3); nil: no answer.
func (s *Server) answerDHCP(r dhcpRequest) []byte {
	f, d := &s.behaviour.dhcp, &s.dhcp
	key := uint64(r.xid)<<8 | uint64(r.kind)
	d.seen[key]++
	if f.answers != nil && !f.answers(r, d.seen[key]) {
		return nil
	}
	switch r.kind {
	case dhcpDiscover:
		select {
		case <-time.After(f.pings):
		case <-s.ctx.Done():
		}
		return s.replyDHCP(r, dhcpOffer, d.offer(r.phone, f))
	case dhcpRequests:
		return s.decideDHCP(r)
	case dhcpRelease:
		d.release(r.phone)
	}
	return nil
}

// decideDHCP decides on a REQUEST (RFC 2131 §4.3.2).
func (s *Server) decideDHCP(r dhcpRequest) []byte {
	f, d := &s.behaviour.dhcp, &s.dhcp
	wanted := r.requested
	if !wanted.IsValid() {
		wanted = r.client
	}
	has, known := d.by[r.phone]
	switch {
	case r.server.IsValid() && r.server != d.id && !f.anyServer:
		return nil
	case f.refuses != nil && f.refuses(r):
	case f.grants, f.anyServer && r.server != d.id && r.server.IsValid(), known && has == wanted:
		return s.replyDHCP(r, dhcpACK, wanted)
	case !known && !r.server.IsValid() && r.requested.IsValid():
		return nil // "it MUST remain silent"
	}
	if f.silentNAK {
		return nil
	}
	return s.replyDHCP(r, dhcpNAK, netip.Addr{})
}

// offer is the address for a phone: the one that it has, or a fresh one.
func (d *dhcpServer) offer(phone device.MAC, f *dhcpFault) netip.Addr {
	if a, ok := d.by[phone]; ok && !f.fresh {
		return a
	}
	if f.same {
		d.by[phone] = dhcpNet.Addr().Next()
		return d.by[phone]
	}
	for range 254 {
		a := d.next
		if d.next = a.Next(); !dhcpNet.Contains(d.next.Next()) {
			d.next = dhcpNet.Addr().Next()
		}
		if _, taken := d.of[a]; !taken {
			delete(d.of, d.by[phone])
			d.by[phone], d.of[a] = a, phone
			return a
		}
	}
	return netip.Addr{}
}

func (d *dhcpServer) release(phone device.MAC) {
	delete(d.of, d.by[phone])
	delete(d.by, phone)
}

// replyDHCP builds a reply (RFC 2131 §4.3.1, table 3).
func (s *Server) replyDHCP(r dhcpRequest, kind byte, addr netip.Addr) []byte {
	f := &s.behaviour.dhcp
	m := &dhcpText{kind: kind, head: bytes.Clone(r.raw)}
	m.head[0], m.head[3] = 2, 0 // a reply, no hops
	copy(m.head[8:10], []byte{0, 0})
	m.set(53, []byte{kind})
	m.set(54, s.dhcp.id.AsSlice())
	if kind != dhcpNAK {
		copy(m.head[16:20], addr.AsSlice())
		m.set(51, seconds(3600))
		m.set(58, seconds(1800))
		m.set(59, seconds(3150))
		m.set(1, []byte{255, 255, 255, 0})
		m.set(66, s.option66(r.phone))
	}
	if f.change != nil {
		f.change(m, r)
	}
	return m.bytes()
}

// option66 is the value of option 66 for a phone.
func (s *Server) option66(phone device.MAC) []byte {
	s.pnp.mu.Lock()
	text := s.urlFor(phone)
	s.pnp.mu.Unlock()
	if f := &s.behaviour.dhcp; f.url != nil {
		text = f.url(s, phone, text)
	}
	if f := &s.behaviour.dhcp; f.option66 != nil {
		return f.option66(text)
	}
	return []byte(text)
}

func seconds(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
