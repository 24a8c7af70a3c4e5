package faulty

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// How the server waits. RFC 1350 leaves it open; a phone gives up after 10 s.
const (
	tftpResend = time.Second
	tftpSends  = 6
)

// mostTransfers bounds what a flood can open.
const mostTransfers = 4096

// tftpFault is what a fault changes of TFTP; the zero value is RFC 1350 with the options
// blksize and tsize (RFC 2347 to 2349).
type tftpFault struct {
	// send sees each packet before it leaves. It may change it, and says how often it
	// is sent. sent is how often it was before.
	send func(t *tftpTransfer, p *tftp.Packet, sent int) (times int)
	// options makes another OACK of the one that is right; none: DATA comes at once.
	options func(t *tftpTransfer, granted []tftp.Option) []tftp.Option
	// duplicateAck is what is done about an ACK that came before.
	duplicateAck ackAction
	elsewhere    bool                       // answers come from another address of the machine
	resend       time.Duration              // until a packet is sent again; 0: tftpResend
	delay        time.Duration              // before the first answer
	missDelay    time.Duration              // before the answer for what is not there
	bareErrors   bool                       // the text of an ERROR has no NUL at its end
	refuses      func(p *tftp.Packet) bool  // requests that get ERROR 4
	ignores      func(p *tftp.Packet) bool  // requests that get no answer
	onceEach     bool                       // a request from the same port is answered once
	missOnce     bool                       // as onceEach, for what is not there
	restarts     bool                       // a request that comes again ends the transfer under way
	deafToErrors bool                       // an ERROR does not end a transfer
	writable     bool                       // write requests are granted
	fromZero     func(t *tftpTransfer) bool // blocks are numbered from 0
	oneMore      bool                       // an empty block follows the last one
	forceSize    int                        // bytes a block, whatever was negotiated
	noLast       bool                       // a file of whole blocks gets no empty block at its end
	wrapTo       uint16                     // the block after 65535
	stopsAt      uint64                     // this block never leaves; 0: all do
	emptyOACK    bool                       // in the place of none
	unordered    bool                       // does not wait for the ACK of block 0
	onePort      bool                       // answers from the port that was asked
	newPortAt    uint64                     // from this block on another port sends; 0: none does
	anySource    bool                       // takes ACKs from whoever sends them
	endsOnAny    bool                       // a packet from elsewhere ends the transfer
	slots        int                        // transfers at once, those given up not counted out; 0: no limit
	serial       bool                       // one transfer after the other
	dies         func(b []byte) bool        // packets after which nothing is served
}

// ackAction is what a server does about an ACK that it had before.
type ackAction int

// The actions. RFC 1123 §4.2.3.1: a sender must never resend the current DATA packet
// on receipt of a duplicate ACK.
const (
	ignoreAck ackAction = iota
	resendOnAck
	endOnAck
	nextOnAck // it is taken for that of the current block
)

// tftpService serves requests at one port.
type tftpService struct {
	*Server
	fault tftpFault
	conn  net.PacketConn

	mu     sync.Mutex
	active map[netip.AddrPort]*tftpTransfer // by client
	used   int                              // slots
	seen   counter                          // requests by client
}

// tftpAt is where faulty servers answer over TFTP. Some go on at the ports of phones that have hung up, and the next phone
// with such a port takes whatever comes first from its server's address (RFC 1350 §4): nobody else's is this one.
const tftpAt = "127.0.0.67:0"

func (s *Server) startTFTP() error {
	conn, err := new(net.ListenConfig).ListenPacket(s.ctx, "udp", tftpAt)
	if err != nil {
		return err
	}
	if udp, ok := conn.(*net.UDPConn); ok {
		_ = udp.SetReadBuffer(4 << 20) // as much as the system allows
	}
	s.hold(conn)
	t := &tftpService{Server: s, fault: s.behaviour.tftp, conn: conn, active: make(map[netip.AddrPort]*tftpTransfer)}
	s.urls["tftp"] = base("tftp", conn.LocalAddr())
	s.run(t.serve)
	return nil
}

// serve reads requests until the socket is closed.
func (s *tftpService) serve() {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if s.ctx.Err() != nil {
			return
		}
		if err != nil {
			continue // what one client's host said is not the others' affair
		}
		b := append([]byte(nil), buf[:n]...)
		if s.fault.dies != nil && s.fault.dies(b) {
			s.deaf()
			return
		}
		s.take(addrPort(from), b)
	}
}

// deaf reads on and answers nothing, as a program whose worker has crashed.
func (s *tftpService) deaf() {
	buf := make([]byte, 1<<16)
	for s.ctx.Err() == nil {
		_, _, _ = s.conn.ReadFrom(buf) // nobody listens
	}
}

// take handles one packet that came to the port of requests.
func (s *tftpService) take(from netip.AddrPort, b []byte) {
	p, err := tftp.Parse(b)
	s.mu.Lock()
	known := s.active[from]
	s.mu.Unlock()
	switch {
	case err != nil:
		s.say(from, tftp.IllegalOperation, "malformed request")
	case p.Op == tftp.RRQ:
		s.takeRead(from, &p, known)
	case known != nil && s.fault.onePort:
		known.deliver(from, b)
	case p.Op == tftp.WRQ && s.fault.writable:
		s.run(func() { s.receive(from, p.Filename) })
	case p.Op == tftp.WRQ:
		s.say(from, tftp.AccessViolation, "read only")
	case p.Op == tftp.ERROR:
	default:
		s.say(from, tftp.IllegalOperation, tftp.IllegalOperation.String())
	}
}

// takeRead handles a read request; known is the client's transfer that is under way.
func (s *tftpService) takeRead(from netip.AddrPort, p *tftp.Packet, known *tftpTransfer) {
	f := &s.fault
	s.mu.Lock()
	count := len(s.active)
	s.mu.Unlock()
	switch {
	case f.refuses != nil && f.refuses(p), !validMode(p.Mode):
		s.say(from, tftp.IllegalOperation, tftp.IllegalOperation.String())
	case known != nil && f.restarts:
		known.end()
	case known != nil || count >= mostTransfers: // it is on its way already
	case f.ignores != nil && f.ignores(p), f.onceEach && s.seen.add(from.String()) > 1:
	default:
		s.begin(from, p)
	}
}

// begin starts a transfer.
func (s *tftpService) begin(from netip.AddrPort, p *tftp.Packet) {
	if s.fault.slots > 0 && s.full() {
		return
	}
	t := &tftpTransfer{service: s, client: from, request: *p, in: make(chan tftpDatagram, 64), over: make(chan struct{})}
	s.mu.Lock()
	s.active[from] = t
	s.mu.Unlock()
	if s.fault.serial {
		t.run()
		return
	}
	s.run(t.run)
}

// full takes a slot, and reports whether there was none.
func (s *tftpService) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used >= s.fault.slots {
		return true
	}
	s.used++
	return false
}

// over is told when a transfer has ended. A server with slots frees that of a transfer
// which was finished, and forgets those of clients that went away.
func (s *tftpService) over(t *tftpTransfer, finished bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.active, t.client)
	if finished {
		s.used--
	}
}

func (s *tftpService) say(to netip.AddrPort, code tftp.ErrorCode, text string) {
	_, _ = s.conn.WriteTo(tftp.AppendError(nil, code, text), net.UDPAddrFromAddrPort(to)) // it may be lost, as any packet
}

func addrPort(a net.Addr) netip.AddrPort {
	if u, ok := a.(*net.UDPAddr); ok {
		p := u.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}
