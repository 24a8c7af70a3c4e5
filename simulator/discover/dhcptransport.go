package discover

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/fipsim/fipsim/simulator/device"
)

// UDP ports of DHCP (RFC 2131 §4.1).
const (
	dhcpServerPort = 67
	dhcpClientPort = 68
)

// Transport carries the DHCP messages of many phones at once: Raw as Ethernet frames,
// Relay as a relay agent does.
type Transport interface {
	// Begin opens a transaction: replies that carry xid and mac come to it. Its error
	// is ErrTaken where the transaction ID is in use already.
	Begin(xid uint32, mac device.MAC) (Transaction, error)
	// Foreign counts the messages so far that were for no open transaction.
	Foreign() uint64
}

// Transaction is one phone's side of an exchange.
type Transaction interface {
	// Send sends a DHCP message, without any header below it.
	Send(message []byte, to Target) error
	// Replies is where the answers come. It is closed when the transport ends.
	Replies() <-chan Packet
	// Close ends the transaction; later replies count as foreign.
	Close()
}

// Target says where a message goes. The zero value is everybody on the link.
type Target struct {
	Client    netip.Addr // the address that the phone holds; invalid: none, 0.0.0.0
	Server    netip.Addr // invalid: broadcast
	ServerMAC device.MAC // zero: broadcast
}

// Packet is a DHCP message that came in.
type Packet struct {
	Message []byte
	From    netip.AddrPort
	MAC     device.MAC // sender on the Ethernet; zero where that isn't known
}

// transactions tells replies apart by transaction ID and MAC. The zero value is ready.
type transactions struct {
	mu      sync.Mutex
	open    map[uint32]*inbox
	closed  bool
	foreign atomic.Uint64
}

// inbox is one open transaction. Servers answer once; whoever floods a phone with
// replies to its own transaction fills its few places, the rest counts as foreign.
type inbox struct {
	mac     device.MAC
	packets chan Packet
}

const inboxPlaces = 16

func (t *transactions) begin(xid uint32, mac device.MAC) (*inbox, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, errTransportClosed
	}
	if t.open[xid] != nil {
		return nil, ErrTaken
	}
	if t.open == nil {
		t.open = make(map[uint32]*inbox)
	}
	in := &inbox{mac: mac, packets: make(chan Packet, inboxPlaces)}
	t.open[xid] = in
	return in, nil
}

// ErrTaken is a transaction ID that another phone on the same Transport is using.
var ErrTaken = errors.New("the transaction ID is in use")

var errTransportClosed = errors.New("the DHCP transport is closed")

func (t *transactions) end(xid uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, xid)
}

// deliver hands p to its transaction, or counts it. It never blocks. p.Message is not
// to be reused.
func (t *transactions) deliver(p Packet) {
	xid, mac, ok := replyKey(p.Message)
	t.mu.Lock()
	defer t.mu.Unlock()
	in := t.open[xid]
	if !ok || in == nil || in.mac != mac {
		t.foreign.Add(1)
		return
	}
	select {
	case in.packets <- p:
	default:
		t.foreign.Add(1)
	}
}

// wanted reports whether deliver would find the message's transaction, so that a
// flood costs no copies.
func (t *transactions) wanted(message []byte) bool {
	xid, mac, ok := replyKey(message)
	t.mu.Lock()
	defer t.mu.Unlock()
	in := t.open[xid]
	if ok && in != nil && in.mac == mac {
		return true
	}
	t.foreign.Add(1)
	return false
}

// shut ends all transactions, so that nobody waits for a socket that is gone.
func (t *transactions) shut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for xid, in := range t.open {
		close(in.packets)
		delete(t.open, xid)
	}
}

// Foreign implements Transport.
func (t *transactions) Foreign() uint64 { return t.foreign.Load() }
