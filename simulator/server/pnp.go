package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/wire"
)

// PnPOptions says what a SIP PnP responder tells phones, and how.
type PnPOptions struct {
	// Listen is the UDP listen address for SUBSCRIBEs that are sent to the server
	// itself; empty: a free port of 127.0.0.1. Ignored where Interface is set.
	Listen string
	// Interface is the interface where the server joins the group 224.0.1.75, at port
	// 5060 of all addresses, and so hears SUBSCRIBEs that are sent to it directly too.
	Interface string
	// URL is what a phone is told: the body of its NOTIFY. Nil, or an empty text: the
	// phone gets no answer, so that another responder of the group may serve it.
	URL func(device.MAC) string
	// Delay is how long after the 200 the NOTIFY leaves.
	Delay time.Duration
	// NotifyPort is where NOTIFYs come from with PnPOtherPort; 0: 7777, as in the
	// guide's capture.
	NotifyPort uint16
	// Oddities are what real responders do, and a phone forgives.
	Oddities []PnPOddity
	// OnMessage is told of every message, by one goroutine at a time. It must not block
	// for long, and must not call the server's Close.
	OnMessage func(PnPMessage)
	// Network is where the sockets are made; nil: wire.OS{}.
	Network wire.Network
}

// PnPOddity is something unusual that phones meet in the field.
type PnPOddity string

// The oddities of a PnP responder. All but PnPViaReused, PnPFromToReused and PnPLFOnly
// are legal SIP.
const (
	PnPOtherPort    PnPOddity = "other-port"      // the NOTIFY comes from NotifyPort
	PnPNotifyFirst  PnPOddity = "notify-first"    // the NOTIFY comes before the 200
	PnPNotifyTwice  PnPOddity = "notify-twice"    // the NOTIFY comes a second time at once
	PnPCSeq3        PnPOddity = "cseq-3"          // the NOTIFY's CSeq is 3
	PnPCompact      PnPOddity = "compact-headers" // headers have their compact names (RFC 3261 §7.3.3)
	PnPViaReused    PnPOddity = "via-reused"      // the NOTIFY has the SUBSCRIBE's own Via
	PnPFromToReused PnPOddity = "from-to-reused"  // the NOTIFY has the SUBSCRIBE's From and To
	PnPLFOnly       PnPOddity = "lf-only"         // lines end with LF alone
)

// PnPOddities lists them all.
func PnPOddities() []PnPOddity {
	return []PnPOddity{PnPOtherPort, PnPNotifyFirst, PnPNotifyTwice, PnPCSeq3, PnPCompact, PnPViaReused, PnPFromToReused, PnPLFOnly}
}

// PnPMessage is one message that came, and what the server made of it.
type PnPMessage struct {
	At     time.Time
	Peer   netip.AddrPort
	MAC    device.MAC // zero where the message names no phone
	Method string     // SUBSCRIBE, …; NOTIFY for a phone's answer to one; empty for what is not SIP
	Event  string     // the SUBSCRIBE's Event, which tells vendor, model and version
	Status int        // of the server's answer, or of the phone's answer to a NOTIFY; 0: none
	URL    string     // what the phone was told
	Detail string     // for a person: why there was no answer, how often a NOTIFY was sent
}

// PnP is a running SIP PnP responder (Guide, "Plug and Play (PnP) Server"). It keeps
// nothing of a phone but a NOTIFY that is not answered yet. Its methods may be called
// at any time and from any goroutine.
type PnP struct {
	options PnPOptions
	conn    net.PacketConn // hears SUBSCRIBEs
	other   net.PacketConn // sends NOTIFYs: conn, or that of PnPOtherPort
	own     netip.Addr     // the server's address for Via and Contact; unspecified: by the way to the phone
	secret  string         // makes tags and branches that no other run makes
	close   func() error
	readers sync.WaitGroup

	mu      sync.Mutex
	pending map[string]*notify // by the branch of its Via
	history []PnPMessage
	closed  bool

	told sync.Mutex // OnMessage is called by one goroutine at a time
}

// pnpGroup is the group of all SIP servers (RFC 3261 §10.2.6), where phones subscribe.
var pnpGroup = netip.MustParseAddrPort("224.0.1.75:5060")

// defaultNotifyPort is where the NOTIFY of the guide's capture came from.
const defaultNotifyPort = 7777

// ListenPnP starts a SIP PnP responder, which serves until Close or until ctx ends.
// Its errors are those of sockets (errors.Is finds syscall.EADDRINUSE and
// fs.ErrPermission), of an interface that is not there, and of oddities that are none.
func ListenPnP(ctx context.Context, o PnPOptions) (*PnP, error) {
	for _, odd := range o.Oddities {
		if !slices.Contains(PnPOddities(), odd) {
			return nil, fmt.Errorf("server: no oddity of PnP is called %q; there are: %v", odd, PnPOddities())
		}
	}
	if o.Network == nil {
		o.Network = wire.OS{}
	}
	p := &PnP{options: o, secret: rand.Text(), pending: make(map[string]*notify)}
	if err := p.listen(ctx); err != nil {
		return nil, fmt.Errorf("serve pnp: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Close() }) // nobody is there to be told
	p.close = sync.OnceValue(func() error {
		stop()
		return p.shutdown()
	})
	p.readers.Go(func() { p.read(p.conn) })
	if p.other != p.conn {
		p.readers.Go(func() { p.read(p.other) })
	}
	return p, nil
}

// listen binds the sockets, and settles the server's own address.
func (p *PnP) listen(ctx context.Context) error {
	address := p.options.Listen
	switch {
	case p.options.Interface != "":
		own, err := wire.InterfacePrefix(p.options.Interface)
		if err != nil {
			return err
		}
		p.own = own.Addr()
		address = fmt.Sprintf(":%d", pnpGroup.Port())
	case address == "":
		address = "127.0.0.1:0"
	}
	var err error
	if p.conn, err = p.options.Network.ListenPacket(ctx, "udp4", address); err != nil {
		return err
	}
	p.other = p.conn
	if !p.own.IsValid() {
		p.own = addrPort(p.conn.LocalAddr()).Addr()
	}
	if err = p.join(); err == nil {
		err = p.listenOther(ctx)
	}
	if err != nil {
		_ = p.conn.Close() // why it is of no use matters more
	}
	return err
}

// join makes the socket hear the group.
func (p *PnP) join() error {
	if p.options.Interface == "" {
		return nil
	}
	ifi, err := net.InterfaceByName(p.options.Interface)
	if err != nil {
		return fmt.Errorf("interface %s: %w", p.options.Interface, err)
	}
	conn := p.conn
	if tapped, ok := conn.(interface{ Unwrap() net.PacketConn }); ok {
		conn = tapped.Unwrap()
	}
	if err := ipv4.NewPacketConn(conn).JoinGroup(ifi, net.UDPAddrFromAddrPort(pnpGroup)); err != nil {
		return fmt.Errorf("join %s at %s: %w", pnpGroup.Addr(), p.options.Interface, err)
	}
	return nil
}

func (p *PnP) listenOther(ctx context.Context) error {
	if !p.odd(PnPOtherPort) {
		return nil
	}
	port := p.options.NotifyPort
	if port == 0 {
		port = defaultNotifyPort
	}
	other, err := p.options.Network.ListenPacket(ctx, "udp4", netip.AddrPortFrom(p.own, port).String())
	if err == nil {
		p.other = other
	}
	return err
}

func (p *PnP) odd(o PnPOddity) bool { return slices.Contains(p.options.Oddities, o) }

// Addr returns where the server hears SUBSCRIBEs, for a phone that is told a unicast
// address. A server that listens on all addresses names 127.0.0.1 here.
func (p *PnP) Addr() netip.AddrPort {
	return reachable(netip.AddrPortFrom(p.own, addrPort(p.conn.LocalAddr()).Port()))
}

// History returns the messages that came, oldest first: the last 10,000 of them.
func (p *PnP) History() []PnPMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.history[max(0, len(p.history)-historyLimit):])
}

func (p *PnP) record(m PnPMessage) {
	m.Event, m.Detail, m.Method = printable(m.Event), printable(m.Detail), printable(m.Method)
	m.At = time.Now()
	p.mu.Lock()
	if len(p.history) >= 2*historyLimit {
		p.history = append(p.history[:0], p.history[historyLimit:]...)
	}
	p.history = append(p.history, m)
	p.mu.Unlock()
	if p.options.OnMessage != nil {
		p.told.Lock()
		defer p.told.Unlock()
		p.options.OnMessage(m)
	}
}

// Close stops the server. Calling it again returns the same.
func (p *PnP) Close() error { return p.close() }

func (p *PnP) shutdown() error {
	p.mu.Lock()
	p.closed = true
	for _, n := range p.pending {
		n.timer.Stop()
	}
	clear(p.pending)
	p.mu.Unlock()
	err := p.conn.Close()
	if p.other != p.conn {
		err = errors.Join(err, p.other.Close())
	}
	p.readers.Wait()
	return err
}

// maxReadErrors is how many errors in a row make a socket broken. A single one is one
// datagram's trouble, such as an ICMP error.
const maxReadErrors = 100

// read serves one socket until it is closed.
func (p *PnP) read(conn net.PacketConn) {
	buf := make([]byte, maxSIP+1)
	for failed := 0; failed < maxReadErrors; {
		n, from, err := conn.ReadFrom(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			failed++
		default:
			failed = 0
			p.receive(buf[:n], addrPort(from))
		}
	}
}

// pnpMAC reads the phone's MAC from the user of a SIP URI: MAC0021f2000001, as the
// phone writes it, or MAC%3a0021f2000001, as other makers' do.
func pnpMAC(user string) (device.MAC, bool) {
	lower := strings.ToLower(user)
	digits, ok := strings.CutPrefix(lower, "mac")
	if !ok {
		return device.MAC{}, false
	}
	mac, err := device.ParseMAC(strings.TrimPrefix(digits, "%3a"))
	return mac, err == nil
}
