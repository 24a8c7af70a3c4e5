package discover

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mdlayher/packet"
	"golang.org/x/net/bpf"

	"github.com/fipsim/fipsim/simulator/device"
)

// Raw is a Transport of Ethernet frames on one interface: one pair of AF_PACKET
// sockets for all phones, each frame from its phone's own MAC. It never configures the
// interface; leased addresses are the phones', not the machine's. So that servers can
// reach a phone that renews (RFC 2131 §4.1: an ACK goes to ciaddr), Raw answers ARP
// requests for the addresses that its phones hold, but for those the interface has
// itself.
type Raw struct {
	transactions
	dhcp, arp *packet.Conn
	own       map[netip.Addr]bool
	once      sync.Once
	done      sync.WaitGroup
	record    atomic.Pointer[func(time.Time, []byte)]

	heldMu sync.Mutex
	byAddr map[netip.Addr]device.MAC
	byMAC  map[device.MAC]netip.Addr
}

// EtherTypes (RFC 7042 appendix B.1).
const (
	etherTypeIPv4 = 0x0800
	etherTypeARP  = 0x0806
)

// ListenRaw opens an interface by name. It is served until Close. Its error is an
// *Error, with ErrPrivilege where CAP_NET_RAW is missing.
func ListenRaw(name string) (*Raw, error) {
	if runtime.GOOS != "linux" { // the library tells so too, by an error that nothing can be matched with
		return nil, rawError(name, errors.ErrUnsupported)
	}
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return nil, rawError(name, fmt.Errorf("no such interface: %w", err))
	}
	if ifi.Flags&net.FlagUp == 0 {
		return nil, rawError(name, errors.New("the interface is down"))
	}
	if len(ifi.HardwareAddr) != 6 {
		return nil, rawError(name, errors.New("not an Ethernet interface: use relay mode"))
	}
	r := &Raw{own: ownAddrs(ifi), byAddr: make(map[netip.Addr]device.MAC), byMAC: make(map[device.MAC]netip.Addr)}
	filter, err := clientFilter()
	if err != nil {
		return nil, rawError(name, err)
	}
	if r.dhcp, err = packet.Listen(ifi, packet.Raw, etherTypeIPv4, &packet.Config{Filter: filter}); err != nil {
		return nil, rawError(name, err)
	}
	if r.arp, err = packet.Listen(ifi, packet.Raw, etherTypeARP, nil); err != nil {
		_ = r.dhcp.Close() // the first error is the one to tell
		return nil, rawError(name, err)
	}
	// Offers are asked for as broadcasts, but a renewal is answered to the phone's MAC, as
	// some servers answer everything. The interface drops what isn't for its own MAC,
	// unless it is promiscuous. That ends with the socket.
	if err := r.dhcp.SetPromiscuous(true); err != nil {
		return nil, errors.Join(rawError(name, err), r.dhcp.Close(), r.arp.Close())
	}
	r.done.Go(r.serveDHCP)
	r.done.Go(r.serveARP)
	return r, nil
}

func rawError(name string, err error) *Error {
	e := &Error{Source: SourceDHCP, Err: err, Detail: fmt.Sprintf("raw frames on %s: %v", name, err)}
	switch {
	case errors.Is(err, os.ErrPermission):
		e.Err = ErrPrivilege
		e.Detail = fmt.Sprintf("raw frames on %s need CAP_NET_RAW (root, or setcap cap_net_raw+ep); relay mode needs none", name)
	case errors.Is(err, errors.ErrUnsupported):
		e.Detail = "raw frames need Linux: use relay mode"
	}
	return e
}

func ownAddrs(ifi *net.Interface) map[netip.Addr]bool {
	own := make(map[netip.Addr]bool)
	addrs, _ := ifi.Addrs() // an interface without addresses is a usual one here
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own[p.Addr().Unmap()] = true
		}
	}
	return own
}

// clientFilter lets through unfragmented UDP to port 68, so that a busy interface
// costs nothing.
func clientFilter() ([]bpf.RawInstruction, error) {
	const etherLength, protocolUDP, whole = 14, 17, 64 << 10
	return bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: etherLength + 9, Size: 1}, // protocol
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: protocolUDP, SkipTrue: 6},
		bpf.LoadAbsolute{Off: etherLength + 6, Size: 2}, // fragment offset
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: 0x1fff, SkipTrue: 4},
		bpf.LoadMemShift{Off: etherLength}, // length of the IP header
		bpf.LoadIndirect{Off: etherLength + 2, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: dhcpClientPort, SkipTrue: 1},
		bpf.RetConstant{Val: whole},
		bpf.RetConstant{Val: 0},
	})
}

// Record hands each frame that the phones send, and each that is for one of them, to
// sink from now on: with the time, and a slice that is not to be kept. wire.Capture's
// Frame is such a sink.
func (r *Raw) Record(sink func(at time.Time, frame []byte)) { r.record.Store(&sink) }

func (r *Raw) note(frame []byte) {
	if sink := r.record.Load(); sink != nil {
		(*sink)(time.Now(), frame)
	}
}

// Begin implements Transport.
func (r *Raw) Begin(xid uint32, mac device.MAC) (Transaction, error) {
	in, err := r.begin(xid, mac)
	if err != nil {
		return nil, err
	}
	return &rawTransaction{r, xid, in}, nil
}

type rawTransaction struct {
	raw *Raw
	xid uint32
	in  *inbox
}

// Send implements Transaction.
func (t *rawTransaction) Send(message []byte, to Target) error {
	frame, err := dhcpFrame(t.in.mac, to, message)
	if err != nil {
		return err
	}
	t.raw.note(frame)
	_, err = t.raw.dhcp.WriteTo(frame, &packet.Addr{HardwareAddr: frame[:6]})
	return err
}

func (t *rawTransaction) Replies() <-chan Packet { return t.in.packets }

func (t *rawTransaction) Close() { t.raw.end(t.xid) }

// Hold says which address a phone has from now on; invalid: none.
func (r *Raw) Hold(mac device.MAC, addr netip.Addr) {
	r.heldMu.Lock()
	defer r.heldMu.Unlock()
	if before, ok := r.byMAC[mac]; ok && r.byAddr[before] == mac {
		delete(r.byAddr, before)
	}
	delete(r.byMAC, mac)
	if addr.IsValid() && !r.own[addr] {
		r.byAddr[addr], r.byMAC[mac] = mac, addr
	}
}

func (r *Raw) holder(addr netip.Addr) (device.MAC, bool) {
	r.heldMu.Lock()
	defer r.heldMu.Unlock()
	mac, ok := r.byAddr[addr]
	return mac, ok
}

func (r *Raw) serveDHCP() {
	defer r.shut()
	reader := newFrameReader()
	readFrames(r.dhcp, func(frame []byte) {
		if p, ok := reader.read(frame); ok && r.wanted(p.Message) {
			r.note(frame)
			p.Message = append([]byte(nil), p.Message...)
			r.deliver(p)
		}
	})
}

func (r *Raw) serveARP() {
	readFrames(r.arp, func(frame []byte) {
		if answer := arpAnswer(frame, r.holder); answer != nil {
			r.note(frame)
			r.note(answer)
			// Who asked asks again when an answer is lost.
			_, _ = r.arp.WriteTo(answer, &packet.Addr{HardwareAddr: answer[:6]})
		}
	})
}

// readFrames hands each frame to take, until the socket is closed or fails for good.
func readFrames(conn *packet.Conn, take func(frame []byte)) {
	buffer := make([]byte, 64<<10)
	for failed := 0; failed < maxReadErrors; {
		n, _, err := conn.ReadFrom(buffer)
		switch {
		case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrClosed):
			return
		case err != nil:
			failed++
			time.Sleep(readErrorPause)
			continue
		}
		failed = 0
		take(buffer[:n])
	}
}

// Close ends the transport; transactions that are open end with it.
func (r *Raw) Close() error {
	var err error
	r.once.Do(func() { err = errors.Join(r.dhcp.Close(), r.arp.Close()) })
	r.done.Wait()
	return err
}
