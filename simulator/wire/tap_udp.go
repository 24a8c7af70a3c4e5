package wire

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// tappedSocket records the datagrams of a socket.
type tappedSocket struct {
	net.PacketConn
	tap   *Tap
	local netip.AddrPort

	mu      sync.Mutex
	sources map[netip.AddrPort]netip.AddrPort // by peer, where the socket is bound to no address
}

// Unwrap returns the socket below, for those who must set something on it.
func (s *tappedSocket) Unwrap() net.PacketConn { return s.PacketConn }

// ReadFrom implements net.PacketConn.
func (s *tappedSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.PacketConn.ReadFrom(b)
	if err == nil {
		s.record(false, addrPort(from), b[:n])
	}
	return n, from, err
}

// WriteTo implements net.PacketConn.
func (s *tappedSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	s.record(true, addrPort(to), b) // before it leaves: the answer must not come first in the file
	return s.PacketConn.WriteTo(b, to)
}

func (s *tappedSocket) record(ours bool, peer netip.AddrPort, payload []byte) {
	if s.tap.Capture == nil {
		return
	}
	d := Datagram{From: peer, To: s.source(peer), Payload: payload}
	if ours {
		d.From, d.To = d.To, d.From
	}
	s.tap.Capture.Datagram(time.Now(), ours, d)
}

func (s *tappedSocket) source(peer netip.AddrPort) netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.sources[peer]; ok {
		return known
	}
	if s.sources == nil || len(s.sources) >= maxSources {
		s.sources = make(map[netip.AddrPort]netip.AddrPort)
	}
	source := s.tap.source(s.local, peer)
	s.sources[peer] = source
	return source
}

// maxSources bounds what a flood from many addresses makes a socket remember.
const maxSources = 1024

// faultySocket is a tapped socket whose datagrams Tap.Fault may lose, delay and
// duplicate, in both directions. What the phone sends is recorded as sent even where
// it is lost afterwards, as a capture at the phone's own port would have it.
type faultySocket struct {
	*tappedSocket
	queue *queue
	done  chan struct{} // closed when pump has ended
}

// pump moves datagrams from the socket to the queue.
func (s *faultySocket) pump() {
	defer close(s.done)
	buf := make([]byte, 1<<16)
	for {
		n, from, err := s.PacketConn.ReadFrom(buf)
		if err != nil {
			_ = s.queue.Close() // closed before: that is why the read failed
			return
		}
		d := Datagram{From: addrPort(from), To: s.local, Payload: append([]byte(nil), buf[:n]...)}
		for _, delay := range s.tap.Fault(d, false) {
			after(delay, func() { s.queue.put(d) })
		}
	}
}

// ReadFrom implements net.PacketConn.
func (s *faultySocket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.queue.ReadFrom(b)
	if err == nil {
		s.record(false, addrPort(from), b[:n])
	}
	return n, from, err
}

// WriteTo implements net.PacketConn.
func (s *faultySocket) WriteTo(b []byte, to net.Addr) (int, error) {
	s.record(true, addrPort(to), b)
	d := Datagram{From: s.local, To: addrPort(to), Payload: append([]byte(nil), b...)}
	for _, delay := range s.tap.Fault(d, true) {
		after(delay, func() {
			_, _ = s.PacketConn.WriteTo(d.Payload, to) // a datagram may be lost
		})
	}
	return len(b), nil
}

// SetReadDeadline implements net.PacketConn.
func (s *faultySocket) SetReadDeadline(t time.Time) error { return s.queue.SetReadDeadline(t) }

// SetDeadline implements net.PacketConn.
func (s *faultySocket) SetDeadline(t time.Time) error { return s.queue.SetReadDeadline(t) }

// Close implements net.PacketConn.
func (s *faultySocket) Close() error {
	_ = s.queue.Close()
	err := s.PacketConn.Close()
	<-s.done
	return err
}

// after calls f when the delay is over: at once, in the caller, when there is none.
func after(delay time.Duration, f func()) {
	if delay <= 0 {
		f()
		return
	}
	time.AfterFunc(delay, f)
}
