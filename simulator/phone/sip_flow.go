package phone

import (
	"context"
	"math"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/wire"
)

// sipFlow is the way from the phone to a registrar, and back: over UDP the socket that
// listens, over TCP and TLS a connection that stays open while the account is
// registered (RFC 5626 §3.1).
type sipFlow struct {
	transport string         // udp, tcp, tls
	peer      netip.AddrPort // the registrar or the outbound proxy
	local     netip.AddrPort // where it reaches the phone
	conn      net.Conn       // nil over UDP
	udp       net.PacketConn
	opened    time.Time
	gone      chan struct{} // closed with the connection; nil over UDP
}

func (f *sipFlow) reliable() bool { return f.conn != nil }

func (f *sipFlow) send(message []byte) error {
	if f.conn != nil {
		return writeSIP(f.conn, message)
	}
	_, err := f.udp.WriteTo(message, net.UDPAddrFromAddrPort(f.peer))
	return err
}

func (f *sipFlow) close() {
	if f != nil && f.conn != nil {
		f.conn.Close()
	}
}

// next returns host and port of the account's next hop: "the outbound proxy" where
// there is one, else the registrar. Port 0 stands for the transport's own: the phone
// asks DNS for addresses alone, not for NAPTR and SRV (RFC 3263).
func nextHop(a config.Account) (host string, port int) {
	host, port = a.Server, a.Port
	if a.OutboundProxy != "" {
		host, port = a.OutboundProxy, a.OutboundPort
	}
	if port == 0 {
		port = sip.DefaultUdpPort
		if a.Transport == "tls" {
			port = sip.DefaultTlsPort
		}
	}
	if len(host) > 1 && host[0] == '[' {
		host = host[1 : len(host)-1]
	}
	return host, port
}

// openFlow finds the next hop of an account and connects to it. attempt chooses among
// several addresses of one name, so that the next attempt asks the next one. ended is
// called when a connection ends.
func (s *sipStack) openFlow(ctx context.Context, a config.Account, attempt int, ended func(*sipFlow)) (*sipFlow, error) {
	ctx, cancel := context.WithTimeout(ctx, sipTimerF)
	defer cancel()
	host, port := nextHop(a)
	f := &sipFlow{transport: a.Transport, udp: s.udp, opened: time.Now()}
	if a.Transport == "tcp" || a.Transport == "tls" {
		return f, s.connect(ctx, f, net.JoinHostPort(host, strconv.Itoa(port)), ended)
	}
	f.transport = "udp"
	addrs, err := s.network.LookupHost(ctx, host)
	if err != nil {
		return nil, fetch.DialError(ctx, err)
	}
	f.peer = netip.AddrPortFrom(addrs[attempt%len(addrs)].Unmap(), uint16(port))
	f.local = s.reachableFrom(f.peer)
	return f, nil
}

// connect opens the connection of a flow.
func (s *sipStack) connect(ctx context.Context, f *sipFlow, address string, ended func(*sipFlow)) (err error) {
	if f.transport == "tls" {
		f.conn, err = fetch.DialTLS(ctx, fetch.Options{
			Identity: s.phone.Identity(), Behaviour: s.phone.Behaviour(), Network: s.network, TLS: s.phone.options.TLS,
		}, address)
	} else if f.conn, err = s.network.DialContext(ctx, "tcp", address); err != nil {
		err = fetch.DialError(ctx, err)
	}
	if err != nil {
		return err
	}
	f.peer, f.gone = addrPortOf(f.conn.RemoteAddr()), make(chan struct{})
	f.local = s.reachableFrom(f.peer)
	if f.transport == "tls" || s.tcp == nil {
		f.local = addrPortOf(f.conn.LocalAddr()) // nobody can call the phone there but over this connection
	}
	if !s.adopt(f.conn, math.MaxInt) {
		f.close()
		return context.Canceled
	}
	s.tasks.Go(func() {
		s.serveConn(f.conn, 0)
		close(f.gone)
		ended(f)
	})
	return nil
}

// reachableFrom is the phone's address for a peer: the socket's own, or where it is
// bound to all addresses, that from which packets to peer leave.
func (s *sipStack) reachableFrom(peer netip.AddrPort) netip.AddrPort {
	if !s.local.Addr().IsUnspecified() {
		return s.local
	}
	if addr, ok := wire.SourceFor(s.network, peer); ok {
		return netip.AddrPortFrom(addr.Unmap(), s.local.Port())
	}
	return s.local
}
