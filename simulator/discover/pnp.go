package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// PnPGroup is where a phone's SUBSCRIBE goes (Guide, "Plug and Play (PnP) Server":
// "the broadcast address 224.0.1.75"); the group is sip.mcast.net of RFC 3261 §10.2.6.
const PnPGroup = pnpHost + ":5060"

// defaultSIPPort is the port of a SIP address that names none (RFC 3261 §19.1.2).
const defaultSIPPort = 5060

// PnP finds the server by SIP PnP: the phone subscribes to ua-profile at the
// multicast group, and whoever answers with a NOTIFY names the server in its body
// (Guide, "Plug and Play (PnP) Server"). The zero value works.
//
// Interface and TTL of the multicast are those of wire.OS.
type PnP struct {
	Address   string           // where the SUBSCRIBE goes: host or host:port; empty: PnPGroup
	Behaviour device.Behaviour // PnPWait, PnPLinger, PnPEvent
	Network   wire.Network     // nil: wire.OS{}
	Trace     trace.Sink       // nil: trace.Discard
	Socket    *SIPSocket       // shared with other phones; nil: a fresh one for each search
}

// Find implements Finder. It resends on RFC 3261's timers until somebody accepts the
// subscription, and returns Behaviour.PnPLinger after the first NOTIFY with a URL, or
// with ErrNothing when Behaviour.PnPWait is over. Who answers later, or again, within
// that time is answered and recorded; the first URL counts.
func (p PnP) Find(ctx context.Context, id device.Identity) (Offer, error) {
	if b := &p.Behaviour; b.PnPWait == 0 || b.PnPLinger == 0 || b.PnPEvent == "" { // thousands of phones have theirs filled in
		p.Behaviour = b.WithDefaults()
	}
	id = id.WithDefaults()
	if p.Network == nil {
		p.Network = wire.OS{}
	}
	if p.Trace == nil {
		p.Trace = trace.Discard
	}
	to, err := p.resolve(ctx)
	if err != nil {
		return Offer{}, err
	}
	if p.Socket != nil {
		return p.behind(ctx, id, to)
	}
	conn, local, err := p.listen(ctx, to)
	if err != nil {
		return Offer{}, err
	}
	defer func() { _ = conn.Close() }() // nothing is buffered
	s := newPnPSearch(&ownSocket{PacketConn: conn}, to, newSubscription(id, local, p.Behaviour), p.Behaviour, p.Trace)
	return s.run(ctx)
}

// behind is a search from the shared socket.
func (p PnP) behind(ctx context.Context, id device.Identity, to netip.AddrPort) (Offer, error) {
	local, ok := p.Socket.from(to)
	if !ok {
		return Offer{}, noRoute(to)
	}
	sub := newSubscription(id, local, p.Behaviour)
	conn, err := p.Socket.begin(sub.callID)
	if err != nil {
		return Offer{}, pnpError("the shared SIP socket is closed", err)
	}
	defer func() { _ = conn.Close() }() // never fails
	return newPnPSearch(conn, to, sub, p.Behaviour, p.Trace).run(ctx)
}

// Check returns what is wrong with Address as it is written; nothing is looked up or sent.
func (p PnP) Check() error {
	_, _, _, err := p.target()
	return err
}

// target returns Address, and its host and port.
func (p PnP) target() (address, host string, port uint16, err error) {
	address = p.Address
	if address == "" {
		address = PnPGroup
	}
	host, port = address, defaultSIPPort
	if h, text, err := net.SplitHostPort(address); err == nil {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return "", "", 0, pnpError(fmt.Sprintf("PnP address %s: want a port from 1 to 65535 after the colon", address), err)
		}
		host, port = h, uint16(n)
	}
	return address, host, port, nil
}

// resolve returns the IPv4 address and port that the SUBSCRIBE goes to.
func (p PnP) resolve(ctx context.Context) (netip.AddrPort, error) {
	address, host, port, err := p.target()
	if err != nil {
		return netip.AddrPort{}, err
	}
	found, err := p.Network.LookupHost(ctx, host)
	if err != nil {
		return netip.AddrPort{}, pnpError(fmt.Sprintf("PnP address %s: %v", address, err), err)
	}
	for _, a := range found {
		if a = a.Unmap(); a.Is4() {
			return netip.AddrPortFrom(a, port), nil
		}
	}
	return netip.AddrPort{}, pnpError(fmt.Sprintf("PnP address %s: no IPv4 address, and the phone speaks IPv4", address), nil)
}

// listen binds an ephemeral port of the address that packets to the group leave from:
// Via and Contact tell the responder that address.
func (p PnP) listen(ctx context.Context, to netip.AddrPort) (net.PacketConn, netip.AddrPort, error) {
	bind := ":0"
	if source, ok := wire.SourceFor(p.Network, to); ok {
		bind = net.JoinHostPort(source.String(), "0")
	}
	conn, err := p.Network.ListenPacket(ctx, "udp4", bind)
	if errors.Is(err, os.ErrPermission) {
		return nil, netip.AddrPort{}, pnpError(fmt.Sprintf("may not open a UDP socket: %v", err), errors.Join(ErrPrivilege, err))
	}
	if err != nil {
		return nil, netip.AddrPort{}, pnpError(fmt.Sprintf("no UDP socket for %s: %v", to, err), err)
	}
	local := addrPortOf(conn.LocalAddr())
	if !local.Addr().IsValid() || local.Addr().IsUnspecified() {
		_ = conn.Close() // it was never used
		return nil, netip.AddrPort{}, noRoute(to)
	}
	return conn, local, nil
}

// noRoute is a machine that has no way to where the SUBSCRIBE goes.
func noRoute(to netip.AddrPort) *Error {
	return pnpError(fmt.Sprintf("no route to %s: "+
		"name an interface that has an IPv4 address, or a responder's unicast address", to), nil)
}

// pnpError is a search that our own machine, or its user, ended.
func pnpError(detail string, cause error) *Error {
	if cause == nil {
		cause = errors.New(detail)
	}
	return &Error{Source: SourcePnP, Detail: detail, Err: cause}
}

// The timers of a request that is no INVITE, over UDP (RFC 3261 §17.1.2.2, table 4):
// it is resent after T1, then at intervals that double up to T2, and every T2 once a
// provisional response came; after 64*T1 (Timer F) no more.
const (
	sipT1     = 500 * time.Millisecond
	sipT2     = 4 * time.Second
	sipTimerF = 64 * sipT1
)
