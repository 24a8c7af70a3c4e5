package testbed

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Cable is what a bad cable does to the frames that cross it, in both directions and
// whatever they carry. Each share is of the frames, from 0 to 1; ARP is spared, as its
// own back-off would be all that a test sees.
type Cable struct {
	Loss      float64
	Duplicate float64
	Reorder   float64       // these come ReorderBy late, after what was sent behind them
	Delay     time.Duration // of each frame; more or less than that by up to Jitter
	Jitter    time.Duration
	Seed      uint64
}

// ReorderBy is how late a frame is that comes out of order.
const ReorderBy = 20 * time.Millisecond

// CableCounts is what a bad cable did.
type CableCounts struct{ Frames, Lost, Duplicated, Reordered uint64 }

// badCable carries frames between two TAP devices, one at each end.
type badCable struct {
	Cable
	ends [2]*os.File

	mu     sync.Mutex
	random *rand.Rand

	frames, lost, duplicated, reordered atomic.Uint64
}

// NewOver is New with a cable that loses, duplicates, reorders and delays frames. The
// frames pass through this process: no netem is needed, but /dev/net/tun.
func NewOver(t testing.TB, needs Needs, c Cable) *Testbed {
	t.Helper()
	tb := newSides(t, needs)
	b := &badCable{Cable: c, random: rand.New(rand.NewPCG(c.Seed, 1))}
	var carried sync.WaitGroup
	for i, ns := range []*Namespace{tb.Server, tb.Phone} {
		var err error
		tb.must(ns.Run(func() { b.ends[i], err = tapDevice(cable) }), "plug the cable in")
		tb.must(err, "plug the cable in")
	}
	carried.Go(func() { b.carry(b.ends[0], b.ends[1]) })
	carried.Go(func() { b.carry(b.ends[1], b.ends[0]) })
	t.Cleanup(func() {
		for _, end := range b.ends {
			_ = end.Close() // of a device
		}
		carried.Wait()
	})
	tb.bad = b
	tb.plugIn()
	return tb
}

// carry takes frames from one end to the other until the cable is unplugged.
func (b *badCable) carry(from, to *os.File) {
	const largest = 1 << 16
	buf := make([]byte, largest)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		for _, delay := range b.fate(buf[:n]) {
			if delay <= 0 {
				_, _ = to.Write(buf[:n]) // an interface that is down loses it
				continue
			}
			late := append([]byte(nil), buf[:n]...)
			time.AfterFunc(delay, func() { _, _ = to.Write(late) })
		}
	}
}

// fate is how late each copy of a frame comes.
func (b *badCable) fate(frame []byte) []time.Duration {
	const etherType, arp = 12, 0x0806 // where a frame tells what it carries, and ARP's number there
	if len(frame) < etherType+2 || binary.BigEndian.Uint16(frame[etherType:]) == arp {
		return []time.Duration{0}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.frames.Add(1)
	if b.random.Float64() < b.Loss {
		b.lost.Add(1)
		return nil
	}
	delay := b.Delay + time.Duration((2*b.random.Float64()-1)*float64(b.Jitter))
	if b.random.Float64() < b.Reorder {
		b.reordered.Add(1)
		delay += ReorderBy
	}
	if b.random.Float64() < b.Duplicate {
		b.duplicated.Add(1)
		return []time.Duration{delay, delay}
	}
	return []time.Duration{delay}
}

// CableCounts tells what the cable of NewOver did until now.
func (tb *Testbed) CableCounts() CableCounts {
	if tb.bad == nil {
		return CableCounts{}
	}
	b := tb.bad
	return CableCounts{b.frames.Load(), b.lost.Load(), b.duplicated.Load(), b.reordered.Load()}
}
