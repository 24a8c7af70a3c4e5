package phone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// sipUnregisterTime is how long a phone that goes down waits for its registrars.
const sipUnregisterTime = 4 * time.Second

// sipStack is the SIP side of one time with power: the sockets, and what uses them.
type sipStack struct {
	phone   *Phone
	network wire.Network
	events  sipEvents
	core    sipCore
	local   netip.AddrPort // where the sockets are bound
	udp     net.PacketConn
	tcp     net.Listener // nil: the network can't

	ctx    context.Context // ends when the sockets close
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	counts   SIPCounts
	conns    map[net.Conn]bool
	pending  map[string]chan *sipResponse // by branch
	accounts map[int]*registration
}

// openSIP binds the sockets and begins to answer.
func openSIP(ctx context.Context, o SIPOptions, p *Phone) (*sipStack, error) {
	s := &sipStack{
		phone: p, network: o.Network, events: sipEvents{next: p.Trace()},
		conns: make(map[net.Conn]bool), pending: make(map[string]chan *sipResponse), accounts: make(map[int]*registration),
	}
	if s.network == nil {
		s.network = p.Network()
	}
	host, port := o.listenAt(p.Settings())
	if err := s.listen(ctx, host, port); err != nil {
		return nil, fmt.Errorf("SIP: listen at %s: %w", net.JoinHostPort(host, port), err)
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.setRules()
	transports := "UDP"
	s.tasks.Go(s.serveUDP)
	if s.tcp != nil {
		transports = "UDP, TCP"
		s.tasks.Go(s.serveTCP)
	}
	s.events.always(trace.Event{Kind: trace.SIPListening, Peer: s.local, Detail: transports})
	return s, nil
}

// listenAt returns host and port to listen at, with these settings.
func (o SIPOptions) listenAt(settings *config.Settings) (host, port string) {
	host, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		host = o.Listen
	}
	if port != "" {
		return host, port
	}
	if n, ok := settings.Get("sip.listen_port"); ok {
		if number, err := strconv.ParseUint(n, 10, 16); err == nil && number > 0 {
			return host, n
		}
	}
	return host, "5060"
}

// moved reports whether the settings name another port now.
func (s *sipStack) moved(o SIPOptions) bool {
	_, fixed, _ := net.SplitHostPort(o.Listen)
	_, port := o.listenAt(s.phone.Settings())
	return fixed == "" && port != strconv.Itoa(int(s.local.Port()))
}

func (s *sipStack) cannotMove(err error) {
	s.events.always(trace.Event{Kind: trace.SIPIgnored, Name: "listen", Fault: trace.LocalFailure,
		Detail: "the new SIP port, which is left for " + s.local.String() + ": " + sipLine(err.Error())})
}

// portHeld is how long a port that the phone had before it went down may still be taken: a process that is being started
// on this machine shares all sockets until it runs its program.
const portHeld = time.Second

// listen binds a port, that of the phone's last life too.
func (s *sipStack) listen(ctx context.Context, host, port string) error {
	for until := time.Now().Add(portHeld); ; {
		err := s.bind(ctx, host, port)
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(until) {
			return err
		}
		select {
		case <-time.After(portHeld / 20):
		case <-ctx.Done():
			return err
		}
	}
}

// bind binds UDP and TCP to the same port, as Contact has one for both.
func (s *sipStack) bind(ctx context.Context, host, port string) error {
	const tries = 10 // where any port will do, one that is free for both
	for try := 1; ; try++ {
		udp, err := s.network.ListenPacket(ctx, "udp", net.JoinHostPort(host, port))
		if err != nil {
			return err
		}
		s.udp, s.local = udp, addrPortOf(udp.LocalAddr())
		both, ok := s.network.(wire.Listener)
		if !ok {
			return nil
		}
		s.tcp, err = both.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(s.local.Port()))))
		if err == nil {
			return nil
		}
		udp.Close()
		if port != "0" || try == tries {
			return err
		}
	}
}

// serveUDP answers until the socket closes.
func (s *sipStack) serveUDP() {
	buf := make([]byte, maxSIPMessage+1)
	for {
		n, from, err := s.udp.ReadFrom(buf)
		switch {
		case err == nil:
			s.receive(buf[:n], addrPortOf(from), func(answer []byte, to netip.AddrPort) error {
				_, err := s.udp.WriteTo(answer, net.UDPAddrFromAddrPort(to))
				return err
			})
		case s.ctx.Err() != nil:
			return
		case errors.Is(err, net.ErrClosed):
			return
		default:
			s.events.always(trace.Event{Kind: trace.SIPIgnored, Name: "socket", Fault: trace.LocalFailure,
				Detail: "everything over UDP from now on: the socket broke: " + sipLine(err.Error())})
			return
		}
	}
}

// receive takes one message, and sends the answer where there is one.
func (s *sipStack) receive(raw []byte, from netip.AddrPort, send func([]byte, netip.AddrPort) error) {
	if isSIPResponse(raw) {
		s.answered(raw, from)
		return
	}
	answer, action := s.core.answerRequest(raw, from)
	s.count(action, answer != nil)
	if action.dropped != nil && !errors.Is(action.dropped, errSIPKeepAlive) {
		s.events.limited(trace.Event{Kind: trace.SIPIgnored, Name: "malformed", Peer: from, Bytes: 1,
			Detail: "from " + from.String() + ": " + action.dropped.Error()})
	}
	for _, e := range action.events {
		s.events.limited(e)
	}
	if answer != nil {
		// A lost answer is asked for again; a reboot must not overtake it.
		_ = send(answer, action.to)
	}
	if action.trigger != "" {
		s.phone.Trigger(action.trigger)
	}
}

func (s *sipStack) count(a sipAction, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case a.dropped != nil:
		s.counts.Dropped++
	case answered:
		s.counts.Requests++
	}
	if a.again {
		s.counts.Again++
	}
	if a.trigger != "" {
		s.counts.CheckSync++
	}
}

func (s *sipStack) counted() SIPCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// setRules makes the rules for answering of what the phone holds now.
func (s *sipStack) setRules() {
	behaviour := s.phone.Behaviour()
	rules := newSIPRules(s.phone.Identity(), behaviour, s.phone.Settings())
	if behaviour.NotifyFrom == "registrar" {
		rules.registrars = make(map[netip.Addr]bool)
		s.mu.Lock()
		for _, r := range s.accounts {
			for _, peer := range r.addresses() {
				rules.registrars[peer] = true
			}
		}
		s.mu.Unlock()
	}
	s.core.rules.Store(rules)
}

// newSIPRules are the rules of a phone, but for who its registrars are.
func newSIPRules(id device.Identity, behaviour device.Behaviour, settings *config.Settings) *sipRules {
	rules := &sipRules{
		agent:  sipLine(id.Expand(behaviour.UserAgent)),
		digest: behaviour.NotifyAuth == "digest",
		realm:  device.Vendor,
	}
	if !rules.digest {
		return rules
	}
	rules.passwords = make(map[string]string)
	for i := accountLimit(id, behaviour); i >= 1; i-- {
		a := settings.Account(i)
		if !a.Enabled || a.Password == "" {
			continue
		}
		rules.passwords[a.AuthName] = a.Password
		if isSIPHost(a.Server) {
			rules.realm = a.Server // of the first account in the end: senders know the registrar's
		}
	}
	return rules
}

// close unregisters, and closes everything.
func (s *sipStack) close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	accounts := s.accounts
	s.accounts = nil
	s.mu.Unlock()

	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), sipUnregisterTime)
	defer cancel()
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	var all sync.WaitGroup
	for _, r := range accounts {
		all.Go(func() { r.stop(bounded, true) })
	}
	all.Wait()

	s.cancel()
	s.udp.Close()
	if s.tcp != nil {
		s.tcp.Close()
	}
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.tasks.Wait()
	s.events.flush()
}

// addrPortOf returns the address of a socket or of its other side.
func addrPortOf(a net.Addr) netip.AddrPort {
	var at netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		at = a.AddrPort()
	case *net.TCPAddr:
		at = a.AddrPort()
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
