package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/wire"
)

// DHCPOptions says what a DHCP server gives out, and to whom.
type DHCPOptions struct {
	// Listen is the UDP listen address for requests that come through relay agents;
	// empty: a free port of 127.0.0.1. Ignored where Interface is set.
	Listen string
	// Interface is the interface whose link the phones are on: the server binds port 67
	// there, answers by broadcast, and hears relay agents too. Needs CAP_NET_RAW and
	// CAP_NET_BIND_SERVICE.
	Interface string
	// Pool is the subnet that addresses come from, but for its first, its last and the
	// server's own; invalid: 198.18.0.0/15 (for benchmarks, RFC 2544 appendix C.2.2), of use in relay mode only.
	Pool netip.Prefix
	// Lease is how long an address may be used; 0: an hour. Whole seconds.
	Lease time.Duration
	// Option66 is the text of option 66 for a phone; nil, or an empty text: none.
	Option66 func(device.MAC) string
	// Options are further options for everybody, by number.
	Options map[int][]byte
	// Oddities are what the server does that is legal and unusual.
	Oddities []DHCPOddity
	// OnMessage is told of every message, by one goroutine. It must not block for long.
	OnMessage func(DHCPMessage)
	// Network is where the socket is made without Interface; nil: wire.OS{}. A *wire.Tap
	// records what crosses the socket, also with Interface.
	Network wire.Network
}

// DHCPOddity is something legal that phones meet in the field.
type DHCPOddity string

// The oddities of a DHCP server.
const (
	PadNUL      DHCPOddity = "pad-nul"      // NULs after option 66, as Tftpd32 and dnsmasq send them
	PadSpace    DHCPOddity = "pad-space"    // spaces around option 66
	Overload    DHCPOddity = "overload"     // option 66 stands in the sname field (RFC 2132 §9.3)
	AnswerTwice DHCPOddity = "answer-twice" // each answer comes a second time
	NAKFirst    DHCPOddity = "nak-first"    // a phone's first REQUEST is refused
)

// DHCPOddities lists them all.
func DHCPOddities() []DHCPOddity {
	return []DHCPOddity{PadNUL, PadSpace, Overload, AnswerTwice, NAKFirst}
}

// DHCPMessage is one message that came, and its answer.
type DHCPMessage struct {
	At      time.Time
	Peer    netip.AddrPort     // the sender: a relay agent, or a phone
	MAC     device.MAC         // chaddr
	Type    dhcpv4.MessageType // DISCOVER, REQUEST, RELEASE, …
	Vendor  string             // option 60
	Answer  dhcpv4.MessageType // dhcpv4.MessageTypeNone: none was sent
	Address netip.Addr         // offered or leased
	Detail  string             // why there was no answer, or a NAK
}

// DHCP is a running DHCP server (RFC 2131). Its methods may be called at any time and
// from any goroutine.
type DHCP struct {
	options DHCPOptions
	conn    net.PacketConn
	id      netip.Addr // server identifier
	bits    int        // of the subnet mask that phones get
	pool    *pool
	refused map[device.MAC]bool // had their NAKFirst

	mu      sync.Mutex
	history []DHCPMessage
	close   func() error
	done    chan struct{}
}

// ListenDHCP starts a DHCP server, which serves until Close or until ctx ends. Its
// errors are those of sockets (errors.Is finds syscall.EADDRINUSE and fs.ErrPermission)
// and of Options that cannot be.
func ListenDHCP(ctx context.Context, o DHCPOptions) (*DHCP, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	d := &DHCP{options: o, refused: make(map[device.MAC]bool), bits: o.Pool.Bits(), done: make(chan struct{})}
	if err := d.listen(ctx); err != nil {
		return nil, fmt.Errorf("serve dhcp: %w", err)
	}
	d.pool = newPool(o.Pool, d.id, o.Lease)
	d.close = sync.OnceValue(d.conn.Close)
	stop := context.AfterFunc(ctx, func() { _ = d.close() }) // nobody is there to be told
	go func() {
		defer close(d.done)
		defer stop()
		d.serve()
	}()
	return d, nil
}

func (o *DHCPOptions) setDefaults() error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Lease == 0 {
		o.Lease = time.Hour
	}
	for _, odd := range o.Oddities {
		if !slices.Contains(DHCPOddities(), odd) {
			return fmt.Errorf("server: no oddity of DHCP is called %q; there are: %v", odd, DHCPOddities())
		}
	}
	switch {
	case o.Interface != "" && !o.Pool.IsValid():
		return fmt.Errorf("server: DHCP on %s needs a pool of addresses, part of the interface's subnet", o.Interface)
	case !o.Pool.IsValid():
		o.Pool = netip.MustParsePrefix("198.18.0.0/15") // as many as phones of a whole run
	}
	if !o.Pool.Addr().Is4() || o.Pool.Bits() < 8 || o.Pool.Bits() > 30 {
		return fmt.Errorf("server: DHCP pool %s: want an IPv4 subnet from /8 to /30", o.Pool)
	}
	if o.Lease < time.Second || o.Lease >= 1<<32*time.Second {
		return fmt.Errorf("server: DHCP lease of %s: want 1 s or more, and less than 2^32 s", o.Lease)
	}
	return nil
}

// listen binds the socket and settles the server identifier.
func (d *DHCP) listen(ctx context.Context) error {
	var err error
	if d.options.Interface == "" {
		if d.options.Network == nil {
			d.options.Network = wire.OS{}
		}
		d.conn, err = d.options.Network.ListenPacket(ctx, "udp4", d.options.Listen)
		if err != nil {
			return err
		}
		d.id = reachable(addrPort(d.conn.LocalAddr())).Addr()
		return nil
	}
	own, err := wire.InterfacePrefix(d.options.Interface)
	if err != nil {
		return err
	}
	d.id = own.Addr()
	if own.Contains(d.options.Pool.Addr()) && own.Bits() < d.bits { // the pool is a part of the link's subnet
		d.bits = own.Bits()
	}
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		return errors.Join(raw.Control(func(fd uintptr) { err = bindTo(fd, d.options.Interface) }), err)
	}}
	d.conn, err = lc.ListenPacket(ctx, "udp4", ":67")
	if tap, ok := d.options.Network.(*wire.Tap); ok && err == nil {
		d.conn = tap.Socket(d.conn)
	}
	return err
}

// Addr returns where the server listens, for a relay agent to ask.
func (d *DHCP) Addr() netip.AddrPort {
	return netip.AddrPortFrom(d.id, addrPort(d.conn.LocalAddr()).Port())
}

// History returns the messages that came, oldest first: the last 10,000 of them.
func (d *DHCP) History() []DHCPMessage {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.history[max(0, len(d.history)-historyLimit):])
}

// record sends the answer and keeps the message. Whoever has the answer finds it in the
// history: History waits while it is being sent.
func (d *DHCP) record(m *DHCPMessage, send func() error) {
	d.mu.Lock()
	if err := send(); err != nil {
		m.Answer, m.Detail = dhcpv4.MessageTypeNone, err.Error()
	}
	m.Vendor, m.Detail = printable(m.Vendor), printable(m.Detail)
	if len(d.history) >= 2*historyLimit {
		d.history = append(d.history[:0], d.history[historyLimit:]...)
	}
	d.history = append(d.history, *m)
	d.mu.Unlock()
	if d.options.OnMessage != nil {
		d.options.OnMessage(*m)
	}
}

// Close stops the server. Calling it again returns the same.
func (d *DHCP) Close() error {
	err := d.close()
	<-d.done
	return err
}

func (d *DHCP) odd(o DHCPOddity) bool { return slices.Contains(d.options.Oddities, o) }

// option66 is the value of option 66 for a phone, with the padding that is asked for.
func (d *DHCP) option66(mac device.MAC) []byte {
	if d.options.Option66 == nil {
		return nil
	}
	text := d.options.Option66(mac)
	if text == "" {
		return nil
	}
	if d.odd(PadSpace) {
		text = "  " + text + "  "
	}
	if d.odd(PadNUL) {
		text += strings.Repeat("\x00", max(1, 32-len(text)))
	}
	return []byte(text)
}
