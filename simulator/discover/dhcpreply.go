package discover

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
)

// dhcpReply is a server's message, read.
type dhcpReply struct {
	kind    dhcpv4.MessageType
	address netip.Addr     // yiaddr: what the phone is offered
	server  netip.Addr     // option 54; invalid: it had none
	from    netip.AddrPort // who sent it
	fromMAC device.MAC     // from which Ethernet address; zero where that isn't known
	options dhcpv4.Options // with those of overloaded file and sname fields
}

// errForeign is a message that is for somebody else, or no DHCP reply at all.
var errForeign = errors.New("not a DHCP reply for this phone")

// replyKey reads only what tells whose reply this is: cheap enough for a flood of
// foreign traffic. It returns false for what is no BOOTREPLY for an Ethernet address.
func replyKey(p []byte) (xid uint32, mac device.MAC, ok bool) {
	if len(p) < bootpOptions || p[0] != byte(dhcpv4.OpcodeBootReply) || p[1] != 1 || p[2] != 6 {
		return 0, mac, false
	}
	copy(mac[:], p[bootpChaddr:])
	return binary.BigEndian.Uint32(p[4:]), mac, true
}

// parseReply reads a DHCP message that a server sent. A message that lacks its End
// option is forgiven; its error says what else is wrong with it.
func parseReply(p []byte) (dhcpReply, error) {
	if _, _, ok := replyKey(p); !ok {
		return dhcpReply{}, errForeign
	}
	m, err := readEnded(p)
	if err != nil {
		return dhcpReply{}, err
	}
	if err := readOverload(p, m.Options); err != nil {
		return dhcpReply{}, err
	}
	r := dhcpReply{options: m.Options, address: addrOf(m.YourIPAddr), kind: m.MessageType()}
	r.server = optionAddr(r.options, dhcpv4.OptionServerIdentifier)
	if r.kind == dhcpv4.MessageTypeNone {
		return r, errors.New("no option 53: a BOOTP reply, not DHCP")
	}
	return r, nil
}

// readOverload adds the options that stand in the file and sname fields: "If the
// options in the options field include the option overload option, the 'file' field
// MUST be interpreted next, and then 'sname'" (RFC 2131 §4.1). Without option 52 the
// two fields are boot file and server names, which this phone never asks for.
func readOverload(p []byte, options dhcpv4.Options) error {
	value := options[dhcpv4.OptionOptionOverload.Code()]
	if len(value) == 0 {
		return nil
	}
	if len(value) != 1 || value[0] < 1 || value[0] > 3 {
		return fmt.Errorf("option 52 is %x: want 1, 2 or 3", value)
	}
	if value[0]&1 != 0 {
		if err := options.FromBytes(p[bootpFile:bootpCookie]); err != nil {
			return fmt.Errorf("malformed options in the file field: %w", err)
		}
	}
	if value[0]&2 != 0 {
		if err := options.FromBytes(p[bootpSname:bootpFile]); err != nil {
			return fmt.Errorf("malformed options in the sname field: %w", err)
		}
	}
	return nil
}

// addrOf returns an IPv4 address; invalid for nothing and for 0.0.0.0.
func addrOf(ip []byte) netip.Addr {
	a, ok := netip.AddrFromSlice(ip)
	if a = a.Unmap(); !ok || !a.Is4() || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}

// optionAddr returns the first address of an option; invalid where there is none.
func optionAddr(o dhcpv4.Options, code dhcpv4.OptionCode) netip.Addr {
	value := o[code.Code()]
	if len(value) < 4 {
		return netip.Addr{}
	}
	return addrOf(value[:4])
}

// infinite is the lease time that never ends (RFC 2131 §3.3).
const infinite = 0xffffffff

// Lease times where the server says none, and the shortest that the phone lives by;
// both are udhcpc's.
const (
	defaultLease  = time.Hour
	shortestLease = 16 * time.Second
)

// leaseTimes reads options 51, 58 and 59. "T1 defaults to (0.5 * duration_of_lease).
// T2 defaults to (0.875 * duration_of_lease)" (RFC 2131 §4.4.5), also where the
// server's own are not in that order. 0, 0, 0 is a lease that never ends.
func leaseTimes(o dhcpv4.Options) (lease, t1, t2 time.Duration) {
	seconds, ok := optionSeconds(o, dhcpv4.OptionIPAddressLeaseTime)
	if ok && seconds == infinite {
		return 0, 0, 0
	}
	lease = defaultLease
	if ok {
		lease = max(time.Duration(seconds)*time.Second, shortestLease)
	}
	t1, t2 = lease/2, lease/8*7
	one, okOne := optionSeconds(o, dhcpv4.OptionRenewTimeValue)
	two, okTwo := optionSeconds(o, dhcpv4.OptionRebindingTimeValue)
	if okOne {
		t1 = time.Duration(one) * time.Second
	}
	if okTwo {
		t2 = time.Duration(two) * time.Second
	}
	if t1 <= 0 || t1 >= t2 || t2 >= lease {
		t1, t2 = lease/2, lease/8*7
	}
	return lease, t1, t2
}

func optionSeconds(o dhcpv4.Options, code dhcpv4.OptionCode) (uint32, bool) {
	value := o[code.Code()]
	if len(value) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(value), true
}
