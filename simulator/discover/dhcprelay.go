package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/wire"
)

// RelayOptions says where a Relay asks.
type RelayOptions struct {
	Server  string       // HOST:PORT; without a port, 67
	Local   netip.Addr   // the relay's own address, which goes into giaddr; invalid: the one that leads to Server
	Network wire.Network // nil: wire.OS{}
}

// Relay is a Transport that speaks as a DHCP relay agent (RFC 1542 §4, RFC 3046): one
// UDP socket for all phones, no raw frames, a server anywhere. The server hands out
// addresses of the subnet that giaddr is in.
//
// "The relay agent's port is 67" for servers that know only RFC 2131 §4.1, and that is
// where they answer, wherever the request came from. So for a server on port 67 the
// relay binds port 67 where it may. Where it may not, or the server's port is another,
// the relay's port is any, and option 82 asks for answers there (RFC 8357).
type Relay struct {
	transactions
	conn   net.PacketConn
	server netip.AddrPort
	local  netip.AddrPort
	hint   string
	once   sync.Once
	done   chan struct{}
}

// ListenRelay opens the socket. It is served until Close. Its errors are those of the
// server's name, and of an address that isn't this machine's.
func ListenRelay(ctx context.Context, o RelayOptions) (*Relay, error) {
	if o.Network == nil {
		o.Network = wire.OS{}
	}
	server, err := relayServer(ctx, o)
	if err != nil {
		return nil, err
	}
	if !o.Local.IsValid() {
		if o.Local, err = localTowards(ctx, o.Network, server); err != nil {
			return nil, err
		}
	}
	r := &Relay{server: server, done: make(chan struct{})}
	if err := r.listen(ctx, o, server.Port() == dhcpServerPort); err != nil {
		return nil, err
	}
	r.local = addrPortOf(r.conn.LocalAddr())
	widen(r.conn)
	go r.serve()
	return r, nil
}

// relayServer resolves Server to an IPv4 address and a port.
func relayServer(ctx context.Context, o RelayOptions) (netip.AddrPort, error) {
	host, portText, err := net.SplitHostPort(o.Server)
	if err != nil {
		host, portText = o.Server, "67"
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", portText)
	if err != nil || host == "" || port == 0 {
		return netip.AddrPort{}, fmt.Errorf("%q is not a DHCP server's HOST:PORT", o.Server)
	}
	addrs, err := o.Network.LookupHost(ctx, host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("DHCP server %s: %w", host, err)
	}
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			return netip.AddrPortFrom(a, uint16(port)), nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("DHCP server %s: no IPv4 address", host)
}

// listen binds port 67 where answers may come only there, else any.
func (r *Relay) listen(ctx context.Context, o RelayOptions, known bool) error {
	var err error
	if known {
		at := netip.AddrPortFrom(o.Local, dhcpServerPort)
		r.conn, err = o.Network.ListenPacket(ctx, "udp4", at.String())
		if err == nil {
			return nil
		}
		r.hint = fmt.Sprintf("the server may answer to port 67 of the relay only, which could not be bound (%v)", reason(err))
		if errors.Is(err, os.ErrPermission) {
			r.hint += ": that needs CAP_NET_BIND_SERVICE"
		}
	}
	r.conn, err = o.Network.ListenPacket(ctx, "udp4", netip.AddrPortFrom(o.Local, 0).String())
	if err != nil {
		return fmt.Errorf("DHCP relay: %w", err)
	}
	return nil
}

// reason is the system's word for a socket error: "permission denied".
func reason(err error) error {
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err
	}
	return err
}

func (r *Relay) silenceHint() string { return r.hint }

// Local returns the relay's address and port.
func (r *Relay) Local() netip.AddrPort { return r.local }

// Begin implements Transport.
func (r *Relay) Begin(xid uint32, mac device.MAC) (Transaction, error) {
	in, err := r.begin(xid, mac)
	if err != nil {
		return nil, err
	}
	return &relayTransaction{r, xid, in}, nil
}

type relayTransaction struct {
	relay *Relay
	xid   uint32
	in    *inbox
}

// Send implements Transaction. Renewals and releases too go to the relay's server: the
// phone's address is nobody's on this machine, so the answer must come to giaddr.
func (t *relayTransaction) Send(message []byte, _ Target) error {
	err := sendTo(t.relay.conn, viaRelay(message, t.relay.local), t.relay.server)
	if isRefusal(err) {
		return nil
	}
	return err
}

// Replies implements Transaction: what came back to giaddr for this transaction id.
func (t *relayTransaction) Replies() <-chan Packet { return t.in.packets }

// Close implements Transaction: later replies are nobody's.
func (t *relayTransaction) Close() { t.relay.end(t.xid) }

// serve reads until Close. "Connection refused" is one phone's datagram come back, not
// the end of the socket.
func (r *Relay) serve() {
	defer close(r.done)
	defer r.shut()
	buffer := make([]byte, 64<<10)
	for failed := 0; failed < maxReadErrors; {
		n, from, err := readFrom(r.conn, buffer)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			failed++
			time.Sleep(readErrorPause)
			continue
		}
		failed = 0
		if r.wanted(buffer[:n]) {
			r.deliver(Packet{Message: append([]byte(nil), buffer[:n]...), From: from})
		}
	}
}

// A socket that fails this often in a row, with pauses, is given up.
const (
	maxReadErrors  = 100
	readErrorPause = 10 * time.Millisecond
)

// Close ends the relay; transactions that are open end with it.
func (r *Relay) Close() error {
	var err error
	r.once.Do(func() { err = r.conn.Close() })
	<-r.done
	return err
}
