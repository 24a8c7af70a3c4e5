package server

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
)

// serve answers until the socket is closed. Errors of one datagram, such as a refusal
// that came back, do not end it.
func (d *DHCP) serve() {
	const most, pause = 100, 10 * time.Millisecond
	buffer := make([]byte, 64<<10)
	for failed := 0; failed < most; {
		n, from, err := d.conn.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			failed++
			time.Sleep(pause)
			continue
		}
		failed = 0
		d.handle(buffer[:n], addrPort(from))
	}
}

// handle answers one datagram; what is no DHCP request of an Ethernet phone is passed
// over, as it is no business of this server.
func (d *DHCP) handle(datagram []byte, from netip.AddrPort) {
	request, err := dhcpv4.FromBytes(datagram)
	if err != nil || request.OpCode != dhcpv4.OpcodeBootRequest || len(request.ClientHWAddr) != 6 {
		return
	}
	m := DHCPMessage{At: time.Now(), Peer: from, MAC: device.MAC(request.ClientHWAddr),
		Type: request.MessageType(), Vendor: request.ClassIdentifier()}
	d.decide(request, &m)
	d.record(&m, func() error {
		if m.Answer == dhcpv4.MessageTypeNone {
			return nil
		}
		return d.answer(request, m)
	})
}

// decide fills in the answer to a request.
func (d *DHCP) decide(request *dhcpv4.DHCPv4, m *DHCPMessage) {
	switch m.Type {
	case dhcpv4.MessageTypeDiscover:
		addr, ok := d.pool.offer(m.MAC, m.At)
		if !ok {
			m.Detail = "the pool is empty"
			return
		}
		m.Answer, m.Address = dhcpv4.MessageTypeOffer, addr
	case dhcpv4.MessageTypeRequest:
		d.decideRequest(request, m)
	case dhcpv4.MessageTypeRelease:
		m.Address = four(request.ClientIPAddr)
		if !d.pool.release(m.MAC, m.Address) {
			m.Detail = "released an address that it does not hold"
		}
	case dhcpv4.MessageTypeDecline:
		d.pool.forget(m.MAC)
		m.Detail = "declined: somebody uses the address"
	case dhcpv4.MessageTypeInform:
		m.Answer = dhcpv4.MessageTypeAck
	default:
		m.Detail = "no message that a server answers"
	}
}

// decideRequest tells the client's states apart by RFC 2131 §4.3.2: SELECTING has
// option 54; INIT-REBOOT option 50 alone; RENEWING and REBINDING only ciaddr.
func (d *DHCP) decideRequest(request *dhcpv4.DHCPv4, m *DHCPMessage) {
	selected := four(request.ServerIdentifier())
	m.Address = four(request.RequestedIPAddress())
	reboot := !selected.IsValid() && m.Address.IsValid()
	if !m.Address.IsValid() {
		m.Address = four(request.ClientIPAddr)
	}
	switch {
	case selected.IsValid() && selected != d.id:
		if d.pool.knows(m.MAC) {
			d.pool.release(m.MAC, d.pool.by[m.MAC].addr)
		}
		m.Detail = "chose " + selected.String()
	case reboot && !d.pool.knows(m.MAC): // "it MUST remain silent"
		m.Detail = "unknown here"
	case d.odd(NAKFirst) && !d.refused[m.MAC] && len(d.refused) < historyLimit:
		d.refused[m.MAC] = true
		m.Answer, m.Detail = dhcpv4.MessageTypeNak, "refused once"
	case !d.pool.grant(m.MAC, m.Address, m.At):
		m.Answer, m.Detail = dhcpv4.MessageTypeNak, "not this phone's address"
	default:
		m.Answer = dhcpv4.MessageTypeAck
	}
}

// answer builds the reply and sends it, twice where that oddity is asked for.
func (d *DHCP) answer(request *dhcpv4.DHCPv4, m DHCPMessage) error {
	reply, err := dhcpv4.NewReplyFromRequest(request,
		dhcpv4.WithMessageType(m.Answer),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(d.id.AsSlice())),
		dhcpv4.WithOptionCopied(request, dhcpv4.OptionClientIdentifier)) // RFC 6842 §3
	if err != nil {
		return err
	}
	if m.Answer == dhcpv4.MessageTypeNak {
		reply.UpdateOption(dhcpv4.OptMessage(m.Detail))
		reply.SetBroadcast() // or its relay agent would send it to an address that is refused (RFC 2131 §4.3.2)
	} else {
		d.fill(reply, m)
	}
	to := d.target(request, reply, m.Peer)
	raw := reply.ToBytes()
	for range d.copies() {
		if _, err := d.conn.WriteTo(raw, net.UDPAddrFromAddrPort(to)); err != nil {
			return err
		}
	}
	return nil
}

func (d *DHCP) copies() int {
	if d.odd(AnswerTwice) {
		return 2
	}
	return 1
}

// fill adds the lease and the options to an OFFER or an ACK.
func (d *DHCP) fill(reply *dhcpv4.DHCPv4, m DHCPMessage) {
	for code, value := range d.options.Options {
		reply.UpdateOption(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(code), value))
	}
	reply.UpdateOption(dhcpv4.OptSubnetMask(net.CIDRMask(d.bits, 32)))
	if m.Type != dhcpv4.MessageTypeInform { // an INFORM leases nothing (RFC 2131 §4.3.5)
		reply.YourIPAddr = m.Address.AsSlice()
		seconds := binary.BigEndian.AppendUint32(nil, uint32(d.options.Lease/time.Second))
		reply.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionIPAddressLeaseTime, seconds))
	}
	value := d.option66(m.MAC)
	if len(value) == 0 {
		return
	}
	const room = 63 - 3 // of the sname field, less code, length and End
	if d.odd(Overload) && len(value) <= room {
		field := append([]byte{dhcpv4.OptionTFTPServerName.Code(), byte(len(value))}, value...)
		reply.ServerHostName = string(append(field, dhcpv4.OptionEnd.Code()))
		reply.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionOptionOverload, []byte{2}))
		return
	}
	reply.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionTFTPServerName, value))
}

// target is where the answer goes (RFC 2131 §4.1): to the relay agent, at the port
// that it asked from (RFC 8357; for all others that port is 67); to an address that
// the phone has; else to all of the link.
func (d *DHCP) target(request, reply *dhcpv4.DHCPv4, from netip.AddrPort) netip.AddrPort {
	const client = 68
	if relay := four(request.GatewayIPAddr); relay.IsValid() {
		return netip.AddrPortFrom(relay, from.Port())
	}
	if has := four(request.ClientIPAddr); has.IsValid() && reply.MessageType() != dhcpv4.MessageTypeNak {
		return netip.AddrPortFrom(has, client)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), client)
}

// four is an IPv4 address; invalid for none and 0.0.0.0.
func four(ip net.IP) netip.Addr {
	a, ok := netip.AddrFromSlice(ip.To4())
	if !ok || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}
