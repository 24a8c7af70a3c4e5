package discover

import (
	"net/netip"
	"time"
)

// Exchange is what crossed the phone's socket during one SIP PnP search, in the order
// in which it was sent and arrived. It is evidence: the bytes may hold a password
// that the server put into its URL.
type Exchange struct {
	Messages []Message
	Left     int // further datagrams that were not kept, see maxKept
}

// Message is one datagram.
type Message struct {
	At   time.Time
	Sent bool           // by the phone
	Peer netip.AddrPort // the other side
	Raw  []byte         // not to be changed
	Cut  bool           // Raw is only the beginning: the datagram had more than the phone reads
}

// What an Exchange keeps at most, so that a flood does not fill the memory.
const (
	maxKept      = 64
	maxKeptBytes = 256 << 10
)

// keep appends a datagram while there is room. Raw is kept as it is: whoever reuses
// its buffer clones it first.
func (x *Exchange) keep(m Message) {
	size := len(m.Raw)
	for _, k := range x.Messages {
		size += len(k.Raw)
	}
	if len(x.Messages) >= maxKept || size > maxKeptBytes {
		x.Left++
		return
	}
	if x.Messages == nil {
		x.Messages = make([]Message, 0, 4) // a SUBSCRIBE and its answer, a NOTIFY and its
	}
	x.Messages = append(x.Messages, m)
}
