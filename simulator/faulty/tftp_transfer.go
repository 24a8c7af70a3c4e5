package faulty

import (
	"cmp"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpDatagram is one packet for a transfer.
type tftpDatagram struct {
	from netip.AddrPort
	b    []byte
}

// tftpTransfer is one file on its way to one client.
type tftpTransfer struct {
	service *tftpService
	client  netip.AddrPort
	request tftp.Packet
	in      chan tftpDatagram // what comes, from whatever socket
	over    chan struct{}     // closed when the transfer is to end
	once    sync.Once
	conn    net.PacketConn // its own; nil: the service's (onePort)

	body    []byte
	blksize int
	granted []tftp.Option
	last    *tftp.Packet // what waits for an ACK
	index   uint64       // of the block, from 1; 0: the OACK
}

// run serves the file. Everything it does is bounded in time: each packet is sent
// tftpSends times at most.
func (t *tftpTransfer) run() {
	finished := false
	defer func() { t.service.over(t, finished) }()
	if !t.service.fault.onePort && t.listen() != nil {
		return
	}
	defer func() {
		if t.conn != nil {
			t.service.drop(t.conn)
		}
	}()
	if d := t.service.fault.delay; d > 0 && t.pause(d) {
		return
	}
	r := t.service.answer(request{scheme: "tftp", name: t.request.Filename, raw: t.request.Filename, peer: t.client.Addr()})
	switch {
	case r.silent:
		return
	case !r.found:
		code := tftp.FileNotFound
		if r.code != 0 {
			code = tftp.ErrorCode(r.code - 1) // 1 stands for ERROR 0
		}
		if d := t.service.fault.missDelay; d > 0 && t.pause(d) {
			return
		}
		if !t.service.fault.missOnce || t.service.seen.add(t.client.String()) == 1 {
			t.emit(&tftp.Packet{Op: tftp.ERROR, Code: code, Message: code.String()}, 0)
		}
		finished = true
		return
	}
	t.body = r.body
	if isNetascii(t.request.Mode) {
		t.body = toNetascii(t.body)
	}
	finished = t.transfer()
}

// listen gives the transfer a port of its own (RFC 1350 §4).
func (t *tftpTransfer) listen() error {
	at := tftpAt
	if t.service.fault.elsewhere {
		at = "127.0.0.2:0"
	}
	conn, err := new(net.ListenConfig).ListenPacket(t.service.ctx, "udp", at)
	if err != nil {
		return err
	}
	t.service.hold(conn)
	t.conn = conn
	t.service.run(func() {
		buf := make([]byte, 1<<16)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			t.deliver(addrPort(from), append([]byte(nil), buf[:n]...))
		}
	})
	return nil
}

// end ends the transfer without a word.
func (t *tftpTransfer) end() { t.once.Do(func() { close(t.over) }) }

// pause waits, and reports whether the server was closed meanwhile.
func (t *tftpTransfer) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return false
	case <-t.service.ctx.Done():
		return true
	}
}

// deliver hands a packet to the transfer, or drops it where too many wait.
func (t *tftpTransfer) deliver(from netip.AddrPort, b []byte) {
	select {
	case t.in <- tftpDatagram{from, b}:
	default:
	}
}

// transfer sends the OACK, if there is one, and all blocks. It reports whether the last
// one was acknowledged.
func (t *tftpTransfer) transfer() bool {
	f := &t.service.fault
	t.negotiate()
	if len(t.granted) > 0 || f.emptyOACK {
		if f.unordered {
			t.emit(&tftp.Packet{Op: tftp.OACK, Options: t.granted}, 0)
		} else if !t.deliverPacket(&tftp.Packet{Op: tftp.OACK, Options: t.granted}) {
			return false
		}
	}
	for rest := t.body; ; {
		t.index++
		n := min(len(rest), t.blksize)
		if n == 0 && f.noLast && t.index > 1 {
			return true
		}
		if f.stopsAt == t.index {
			return false
		}
		if f.newPortAt == t.index && t.move() != nil {
			return false
		}
		if !t.deliverPacket(&tftp.Packet{Op: tftp.DATA, Block: t.number(), Data: rest[:n]}) {
			return false
		}
		if n < t.blksize {
			if f.oneMore {
				t.emit(&tftp.Packet{Op: tftp.DATA, Block: t.number() + 1}, 0)
			}
			return true
		}
		rest = rest[n:]
	}
}

// number is the block number of the current block.
func (t *tftpTransfer) number() uint16 {
	f := &t.service.fault
	wrap := f.wrapTo
	if f.fromZero != nil && f.fromZero(t) {
		return uint16(t.index - 1) //nolint:gosec // as below
	}
	if t.index <= 65535 || wrap == 0 {
		return uint16(t.index) //nolint:gosec // block numbers wrap to 0
	}
	return uint16((t.index-65536)%(65536-uint64(wrap))) + wrap //nolint:gosec // below 65536
}

// move goes on at another port.
func (t *tftpTransfer) move() error {
	old := t.conn
	if err := t.listen(); err != nil {
		return err
	}
	if old != nil {
		t.service.drop(old)
	}
	return nil
}

// deliverPacket sends a packet until it is acknowledged. It reports whether it was.
func (t *tftpTransfer) deliverPacket(p *tftp.Packet) bool {
	t.last = p
	most := tftpSends
	if every := t.service.fault.resend; every > 0 && every < tftpResend {
		most *= int(tftpResend / every)
	}
	for sends := range most {
		t.emit(p, sends)
		switch t.await(p.Block) {
		case acknowledged:
			return true
		case ended:
			return false
		case timedOut:
		}
	}
	return false
}

// waited is how waiting for an ACK ended.
type waited int

const (
	acknowledged waited = iota
	ended
	timedOut
)

// await waits for the ACK of a block until it is time to send it again.
func (t *tftpTransfer) await(block uint16) waited {
	timer := time.NewTimer(cmp.Or(t.service.fault.resend, tftpResend))
	defer timer.Stop()
	for {
		select {
		case d := <-t.in:
			if how, done := t.take(d, block); done {
				return how
			}
		case <-timer.C:
			return timedOut
		case <-t.over:
			return ended
		case <-t.service.ctx.Done():
			return ended
		}
	}
}

// take handles one packet. done is false where it changes nothing.
func (t *tftpTransfer) take(d tftpDatagram, block uint16) (how waited, done bool) {
	f := &t.service.fault
	if d.from != t.client && !f.anySource {
		if f.endsOnAny {
			return ended, true
		}
		// "An error packet should be sent to the source of the incorrect packet, while
		// not disturbing the transfer." (RFC 1350 §4)
		t.write(tftp.AppendError(nil, tftp.UnknownTransferID, tftp.UnknownTransferID.String()), d.from)
		return 0, false
	}
	p, err := tftp.Parse(d.b)
	switch {
	case err != nil:
		return 0, false
	case p.Op == tftp.ERROR:
		return ended, !f.deafToErrors
	case p.Op != tftp.ACK:
		return 0, false
	case p.Block == block, f.duplicateAck == nextOnAck:
		return acknowledged, true
	case f.duplicateAck == endOnAck:
		return ended, true
	case f.duplicateAck == resendOnAck:
		t.emit(t.last, 0)
	}
	return 0, false
}

// emit sends a packet as the fault would have it.
func (t *tftpTransfer) emit(p *tftp.Packet, sent int) {
	own, times := *p, 1
	if t.service.fault.send != nil {
		times = t.service.fault.send(t, &own, sent)
	}
	b := own.Append(nil)
	if own.Op == tftp.ERROR && t.service.fault.bareErrors {
		b = b[:len(b)-1]
	}
	for range times {
		t.write(b, t.client)
	}
}

func (t *tftpTransfer) write(b []byte, to netip.AddrPort) {
	conn := t.conn
	if conn == nil {
		conn = t.service.conn
	}
	_, _ = conn.WriteTo(b, net.UDPAddrFromAddrPort(to)) // what cannot be sent is as good as lost on the way
}
