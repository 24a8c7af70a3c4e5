package server

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/fipsim/fipsim/simulator/device"
)

// notify is a NOTIFY on its way to a phone.
type notify struct {
	mac    device.MAC
	url    string
	to     netip.AddrPort
	branch string // what the phone's answer is known by
	bytes  []byte

	// The rest is guarded by PnP.mu.
	timer    *time.Timer
	interval time.Duration
	first    time.Time
	sends    int
}

// The timers of a request that is no INVITE, over UDP (RFC 3261 §17.1.2.2, table 4).
const (
	sipT1     = 500 * time.Millisecond
	sipT2     = 4 * time.Second
	sipTimerF = 64 * sipT1
)

// maxPending bounds how many NOTIFYs wait for an answer. Beyond it a NOTIFY is sent
// once, and not again.
const maxPending = 10_000

// newNotify makes the NOTIFY that a SUBSCRIBE brings: in its dialog, final, with the
// URL as body (RFC 6665 §4.2.2, §4.4.3).
func (p *PnP) newNotify(req *sip.Request, seen PnPMessage, target netip.AddrPort) *notify {
	contact := req.Contact().Address
	msg := sip.NewRequest(sip.NOTIFY, contact)
	own := p.uri(seen.Peer)
	n := &notify{mac: seen.MAC, url: seen.URL, to: target, branch: "z9hG4bK" + p.derive("branch", req)}

	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: "UDP", Host: own.Host, Port: own.Port}
	via.Params.Add("branch", n.branch)
	if p.odd(PnPViaReused) {
		via = req.Via()
		n.branch = via.Params.GetOr("branch", "")
	}
	from, to := req.To().AsFrom(), req.From().AsTo()
	from.Params = from.Params.Clone()
	from.Params.Add("tag", p.tag(req))
	if p.odd(PnPFromToReused) {
		from, to = *req.From(), *req.To()
	}
	cseq := &sip.CSeqHeader{SeqNo: 1, MethodName: sip.NOTIFY}
	if p.odd(PnPCSeq3) {
		cseq.SeqNo = 3
	}
	maxForwards := sip.MaxForwardsHeader(70)
	contentType := sip.ContentTypeHeader("application/url")
	for _, h := range []sip.Header{via, &maxForwards, &from, &to, req.CallID(), cseq,
		&sip.ContactHeader{Address: own}, sip.NewHeader("Event", "ua-profile"),
		sip.NewHeader("Subscription-State", "terminated;reason=timeout"), &contentType} {
		msg.AppendHeader(h)
	}
	msg.SetBody([]byte(n.url))
	n.bytes = p.dress(msg.String())
	return n
}

// start sends a NOTIFY, and sees to it that it is sent again until it is answered. For
// a SUBSCRIBE that was resent meanwhile the one that is on its way will do.
func (p *PnP) start(n *notify) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.pending[n.branch] != nil {
		return
	}
	n.interval = sipT1
	if len(p.pending) < maxPending {
		p.pending[n.branch] = n
	}
	if p.options.Delay > 0 {
		n.timer = time.AfterFunc(p.options.Delay, func() { p.transmit(n) })
		return
	}
	n.timer = time.AfterFunc(sipTimerF, func() { p.transmit(n) }) // transmitLocked moves it
	p.transmitLocked(n)
}

// transmit sends a NOTIFY that is due.
func (p *PnP) transmit(n *notify) {
	p.mu.Lock()
	waits := p.pending[n.branch] == n
	late := n.sends > 0 && time.Since(n.first) >= sipTimerF
	if late {
		delete(p.pending, n.branch)
	}
	if !p.closed && !late && (waits || n.sends == 0) {
		p.transmitLocked(n)
	}
	p.mu.Unlock()
	if late && waits {
		p.record(PnPMessage{Peer: n.to, MAC: n.mac, Method: "NOTIFY", URL: n.url, Detail: fmt.Sprintf("no answer; sent %d times", n.sends)})
	}
}

func (p *PnP) transmitLocked(n *notify) {
	if n.sends == 0 {
		n.first = time.Now()
	}
	n.sends++
	p.send(p.other, n.bytes, n.to)
	if n.sends == 1 && p.odd(PnPNotifyTwice) {
		p.send(p.other, n.bytes, n.to)
	}
	if p.pending[n.branch] != n {
		n.timer.Stop()
		return
	}
	n.timer.Reset(min(n.interval, max(0, sipTimerF-time.Since(n.first))))
	n.interval = min(2*n.interval, sipT2)
}

// answered takes a phone's answer to a NOTIFY. Any final one ends the resending.
func (p *PnP) answered(res *sip.Response, from netip.AddrPort) {
	seen := PnPMessage{Peer: from, Method: string(sip.NOTIFY), Status: res.StatusCode}
	branch := ""
	if via := res.Via(); via != nil {
		branch = via.Params.GetOr("branch", "")
	}
	p.mu.Lock()
	n := p.pending[branch]
	if n != nil && !res.IsProvisional() {
		n.timer.Stop()
		delete(p.pending, branch)
	}
	p.mu.Unlock()
	if n == nil {
		seen.Detail = "an answer to no NOTIFY that waits for one"
	} else {
		seen.MAC, seen.URL, seen.Detail = n.mac, n.url, res.Reason
	}
	p.record(seen)
}

// send sends one datagram; one that cannot be sent is as good as lost.
func (p *PnP) send(conn net.PacketConn, b []byte, to netip.AddrPort) {
	_, _ = conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
}
