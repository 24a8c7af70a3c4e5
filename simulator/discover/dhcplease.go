package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// ErrLeaseEnded is a lease that is over, because its server refused to renew it or because
// nobody did until it expired. The phone must stop using the address and begin with
// DISCOVER again (RFC 2131 §4.4.5).
var ErrLeaseEnded = errors.New("the lease has ended")

// renewPause is the shortest time between two REQUESTs of a renewal: "down to a
// minimum of 60 seconds" (RFC 2131 §4.4.5).
const renewPause = time.Minute

func newLease(ack dhcpReply) *Lease {
	l := &Lease{Options: make(map[int][]byte, len(ack.options))}
	l.take(ack)
	return l
}

// take fills l from an ACK.
func (l *Lease) take(ack dhcpReply) {
	l.Granted = time.Now()
	l.Address = prefixOf(ack.address, ack.options[dhcpv4.OptionSubnetMask.Code()])
	if ack.server.IsValid() {
		l.Server = ack.server
	} else if !l.Server.IsValid() {
		l.Server = ack.from.Addr()
	}
	l.ServerMAC = ack.fromMAC
	l.Routers = addrList(ack.options[dhcpv4.OptionRouter.Code()])
	l.DNS = addrList(ack.options[dhcpv4.OptionDomainNameServer.Code()])
	l.Time, l.T1, l.T2 = leaseTimes(ack.options)
	clear(l.Options)
	for code, value := range ack.options {
		l.Options[int(code)] = value
	}
}

// prefixOf joins an address with its subnet mask; without a usable one it stands alone.
func prefixOf(a netip.Addr, mask []byte) netip.Prefix {
	bits := 32
	if ones, size := net.IPMask(mask).Size(); size == 32 {
		bits = ones
	}
	return netip.PrefixFrom(a, bits)
}

func addrList(value []byte) []netip.Addr {
	var list []netip.Addr
	for ; len(value) >= 4; value = value[4:] {
		if a := addrOf(value[:4]); a.IsValid() {
			list = append(list, a)
		}
	}
	return list
}

func leaseText(d time.Duration) string {
	if d == 0 {
		return "ever"
	}
	return d.String()
}

// Maintain keeps l alive: it renews at T1, and again, until ctx ends, which is its
// error, or the lease does: ErrLeaseEnded. l is not to be used by others meanwhile.
func (d DHCP) Maintain(ctx context.Context, id device.Identity, l *Lease) error {
	for {
		if l.Time == 0 { // never ends, never needs renewing
			<-ctx.Done()
			return ctx.Err()
		}
		if err := sleep(ctx, time.Until(l.Granted.Add(l.T1))); err != nil {
			return err
		}
		if err := d.Renew(ctx, id, l); err != nil {
			return err
		}
	}
}

// Renew asks for l again, now: its own server until T2 (RENEWING), then any server
// until it expires (REBINDING; RFC 2131 §4.4.5). On success l holds the new times and
// options. A lost message is sent again after half of the time that is left. Its error
// is ErrLeaseEnded, the context's, or that of a setting.
func (d DHCP) Renew(ctx context.Context, id device.Identity, l *Lease) error {
	a, err := d.newAsk(id)
	if err != nil {
		return err
	}
	if a.xid, a.tx, err = begin(a.transport, a.mac); err != nil {
		return err
	}
	defer a.tx.Close()
	start, rebindAt, end := time.Now(), l.Granted.Add(l.T2), l.Granted.Add(l.Time)
	if l.Time == 0 {
		rebindAt, end = start.Add(a.wait), start.Add(2*a.wait)
	}
	for attempt := 1; time.Now().Before(end); attempt++ {
		limit, rebinding := rebindAt, false
		if !time.Now().Before(rebindAt) {
			limit, rebinding = end, true
		}
		wait := max(time.Until(limit)/2, min(renewPause, time.Until(limit)))
		done, err := a.renewOnce(ctx, l, attempt, time.Since(start), wait, rebinding)
		if done || err != nil {
			return err
		}
	}
	if l.Time == 0 {
		return fmt.Errorf("%w to the renewal of %s, whose lease never ends", ErrNothing, l.Address.Addr())
	}
	hold(a.transport, a.mac, netip.Addr{})
	return fmt.Errorf("%w: %s expired, nobody renewed it", ErrLeaseEnded, l.Address.Addr())
}

// renewOnce sends one REQUEST of RENEWING or REBINDING: the address in ciaddr, options
// 50 and 54 MUST NOT be there (RFC 2131 table 4). A network that is down for a while
// counts as a lost message.
func (a *ask) renewOnce(ctx context.Context, l *Lease, attempt int, secs, wait time.Duration, rebinding bool) (bool, error) {
	to, how := Target{Client: l.Address.Addr(), Server: l.Server, ServerMAC: l.ServerMAC}, "with "+l.Server.String()
	if rebinding {
		to, how = Target{Client: l.Address.Addr()}, "with any server"
	}
	m := dhcpMessage{kind: dhcpv4.MessageTypeRequest, xid: a.xid, mac: a.mac, secs: secs, client: l.Address.Addr()}
	event := trace.Event{Kind: trace.DHCPRenew, Attempt: attempt, Detail: fmt.Sprintf("%s %s, %s", l.Address.Addr(), how, a.transaction())}
	if err := a.send(m, to, event); errors.Is(err, errTransportClosed) {
		return false, err
	} else if err != nil {
		a.trace.Record(trace.Event{Kind: trace.DHCPIgnored, Fault: trace.LocalFailure, Detail: err.Error()})
	}
	return collect(ctx, a.tx, wait, func(p Packet) (bool, error) {
		r, ok := a.read(p, nil)
		switch {
		case !ok:
		case !rebinding && r.server.IsValid() && r.server != l.Server:
			a.ignore(p, fmt.Sprintf("%s from %s: the lease is %s's", r.kind, r.server, l.Server))
		case r.kind == dhcpv4.MessageTypeNak:
			a.trace.Record(trace.Event{Kind: trace.DHCPNak, Peer: r.from, Detail: nakDetail(r)})
			hold(a.transport, a.mac, netip.Addr{})
			return false, fmt.Errorf("%w: %s refused to renew %s: %s", ErrLeaseEnded, r.from, l.Address.Addr(), nakDetail(r))
		case r.kind != dhcpv4.MessageTypeAck || r.address != l.Address.Addr():
			a.ignore(p, fmt.Sprintf("%s for %s while renewing %s", r.kind, r.address, l.Address.Addr()))
		default:
			l.take(r)
			a.record(trace.DHCPAck, r, fmt.Sprintf("%s for %s", l.Address.Addr(), leaseText(l.Time)))
			return true, nil
		}
		return false, nil
	})
}

// Release gives l back. No server answers that (RFC 2131 §4.4.6), so its only errors
// are of sending.
func (d DHCP) Release(ctx context.Context, id device.Identity, l *Lease) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a, err := d.newAsk(id)
	if err != nil {
		return err
	}
	if a.xid, a.tx, err = begin(a.transport, a.mac); err != nil {
		return err
	}
	defer a.tx.Close()
	defer hold(a.transport, a.mac, netip.Addr{})
	m := dhcpMessage{kind: dhcpv4.MessageTypeRelease, xid: a.xid, mac: a.mac, client: l.Address.Addr(), server: l.Server}
	return a.send(m, Target{Client: l.Address.Addr(), Server: l.Server, ServerMAC: l.ServerMAC},
		trace.Event{Kind: trace.DHCPRelease, Peer: netip.AddrPortFrom(l.Server, dhcpServerPort), Detail: l.Address.Addr().String()})
}
