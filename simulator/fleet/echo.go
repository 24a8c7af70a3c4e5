package fleet

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// echo is a UDP socket that sends to itself. How long a datagram takes there and back is how long a server's answer
// waits on this machine before a phone of ours reads it: a timer that fires in time does not tell, as what came to a
// socket waits behind all others whose answers came before. It is in each latency, a time for each answer.
type echo struct {
	conn  *net.UDPConn
	began time.Time
	done  sync.WaitGroup

	mu    sync.Mutex
	times *hdr.Histogram
}

// openEcho opens it; nil where the machine has no loopback interface that is up.
func openEcho() *echo {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil
	}
	e := &echo{conn: conn, began: time.Now(), times: hdr.New(lowest, highest, digits)}
	e.done.Go(e.read)
	return e
}

// send sends what time it is.
func (e *echo) send() {
	if e == nil {
		return
	}
	now := binary.BigEndian.AppendUint64(nil, uint64(time.Since(e.began)))
	_, _ = e.conn.WriteTo(now, e.conn.LocalAddr()) // what is lost is not measured
}

func (e *echo) read() {
	in := make([]byte, 16)
	self := e.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	for {
		n, from, err := e.conn.ReadFromUDPAddrPort(in)
		if err != nil {
			return // closed
		}
		if n != 8 || from != self {
			continue // somebody else's
		}
		took := time.Since(e.began) - time.Duration(binary.BigEndian.Uint64(in))
		e.mu.Lock()
		_ = e.times.RecordValue(micros(took))
		e.mu.Unlock()
	}
}

// at is a percentile of what was measured so far; 0 where nothing was.
func (e *echo) at(percent float64) time.Duration {
	if e == nil {
		return 0
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Duration(e.times.ValueAtPercentile(percent)) * time.Microsecond
}

func (e *echo) close() {
	if e == nil {
		return
	}
	_ = e.conn.Close()
	e.done.Wait()
}
