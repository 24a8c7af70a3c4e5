package wire

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Datagram is one UDP packet: its two ends and its payload.
type Datagram struct {
	From, To netip.AddrPort
	Payload  []byte
}

// queueLength is how many datagrams a socket in memory holds before it drops more,
// as a kernel's receive buffer does.
const queueLength = 4096

// queue is the receiving half of a net.PacketConn in memory, with deadlines. All its
// waiting is on channels, so that it works in a testing/synctest bubble.
type queue struct {
	arrived chan struct{} // holds one while packets lie here
	closed  chan struct{}
	close   sync.Once

	mu      sync.Mutex
	packets []Datagram
	expired chan struct{} // closed when the read deadline has passed
	timer   *time.Timer
}

func newQueue() *queue {
	return &queue{
		arrived: make(chan struct{}, 1),
		closed:  make(chan struct{}),
		expired: make(chan struct{}),
	}
}

// put adds a datagram; when the queue is full or closed, the datagram is lost.
func (q *queue) put(d Datagram) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-q.closed:
		return
	default:
	}
	if len(q.packets) < queueLength {
		q.packets = append(q.packets, d)
		q.tell()
	}
}

// take removes the oldest datagram; another reader may have been quicker.
func (q *queue) take() (d Datagram, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.packets) == 0 {
		return Datagram{}, false
	}
	d, q.packets[0] = q.packets[0], Datagram{}
	if q.packets = q.packets[1:]; len(q.packets) > 0 {
		q.tell()
	}
	return d, true
}

// tell wakes one reader; q.mu is held.
func (q *queue) tell() {
	select {
	case q.arrived <- struct{}{}:
	default:
	}
}

// ReadFrom implements net.PacketConn. A datagram longer than b is cut.
func (q *queue) ReadFrom(b []byte) (int, net.Addr, error) {
	q.mu.Lock()
	expired := q.expired
	q.mu.Unlock()
	for {
		select {
		case <-q.closed:
			return 0, nil, net.ErrClosed
		case <-expired:
			return 0, nil, os.ErrDeadlineExceeded
		default:
		}
		select {
		case <-q.arrived:
			if d, ok := q.take(); ok {
				return copy(b, d.Payload), net.UDPAddrFromAddrPort(d.From), nil
			}
		case <-q.closed:
		case <-expired:
		}
	}
}

// SetReadDeadline implements net.PacketConn; a read that waits already is released
// by a deadline in the past.
func (q *queue) SetReadDeadline(t time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
	select {
	case <-q.expired:
		q.expired = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return nil
	}
	expired := q.expired
	wait := time.Until(t)
	if wait <= 0 {
		close(expired)
		return nil
	}
	q.timer = time.AfterFunc(wait, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.expired == expired { // not moved since
			close(expired)
		}
	})
	return nil
}

// Close releases every reader.
func (q *queue) Close() error {
	err := net.ErrClosed
	q.close.Do(func() {
		close(q.closed)
		err = q.SetReadDeadline(time.Time{})
	})
	return err
}
