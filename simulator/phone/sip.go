package phone

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

// SIPOptions makes a SIP side. The zero value works.
type SIPOptions struct {
	// Listen is where the phone hears SIP, on UDP and TCP: HOST:PORT, where port 0
	// takes any free one. Without a port it is that of the setting sip.listen_port, or
	// 5060. Empty: 127.0.0.1:0.
	Listen  string
	Network wire.Network // nil: the phone's
}

// SIP is a phone's SIP side, to be put into Options.Attach: it answers OPTIONS and
// NOTIFY, and registers the accounts of the provisioned settings. It uses package sip
// of sipgo to read messages, and sockets of its own: a registrar sends its check-sync
// to where the REGISTER came from, and sipgo's client would register from another
// socket than the one that listens, keep timers that no test can hold, and need one
// user agent for each phone.
type SIP struct {
	options SIPOptions

	mu     sync.Mutex
	stack  *sipStack // nil: no power
	counts SIPCounts // of earlier times with power
}

// Registration is how an account stands with its registrar.
type Registration struct {
	Account int       // from 1
	AOR     string    // address-of-record: sip:USER@SERVER (RFC 3261 §10)
	Server  string    // HOST:PORT, or what the settings say in its place
	State   string    // RegistrationOff, …
	Detail  string    // for a person; one line, no secrets
	Expires time.Time // when the registrar forgets the phone; zero: it does not know it
}

// What Registration.State says.
const (
	RegistrationOff         = "off"         // not enabled, or the phone has no power
	RegistrationRegistering = "registering" // asking for the first time
	Registered              = "registered"
	RegistrationFailed      = "failed" // asks again later, where that can help
)

// SIPCounts counts what came to the phone's SIP side since it was made.
type SIPCounts struct {
	Requests  uint64 // answered, those that came again included
	Again     uint64 // those that came again
	Dropped   uint64 // neither a request that can be answered nor an answer that was waited for
	CheckSync uint64 // NOTIFYs that asked for a pass
}

// NewSIP returns a SIP side without power.
func NewSIP(o SIPOptions) *SIP {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	return &SIP{options: o}
}

// PowerOn implements Attachment: it opens the sockets and registers. Its error is that
// of the address to listen at.
func (s *SIP) PowerOn(ctx context.Context, p *Phone) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	stack, err := openSIP(ctx, s.options, p)
	if err != nil {
		return err
	}
	s.stack = stack
	stack.settingsChanged()
	return nil
}

// SettingsChanged implements Attachment: it registers accounts that changed anew, and
// leaves the others alone; it listens at another port where sip.listen_port says so.
func (s *SIP) SettingsChanged(*Phone) {
	stack := s.powered()
	switch {
	case stack == nil:
	case stack.moved(s.options) && s.move(stack):
	default:
		stack.settingsChanged()
	}
}

// powered returns what the phone has with power; nil without.
func (s *SIP) powered() *sipStack {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stack
}

// move opens the SIP side at the port that the settings name now. Where that can't be,
// it stays where it is, and move returns false.
func (s *SIP) move(old *sipStack) bool {
	stack, err := openSIP(old.ctx, s.options, old.phone)
	if err != nil {
		old.cannotMove(err)
		return false
	}
	s.mu.Lock()
	s.stack = stack
	s.mu.Unlock()
	s.retire(context.Background(), old)
	stack.settingsChanged()
	return true
}

// retire closes a stack and keeps its counts.
func (s *SIP) retire(ctx context.Context, stack *sipStack) {
	stack.close(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts = s.counts.plus(stack.counted())
}

// PowerOff implements Attachment: it unregisters, waiting for registrars no longer than
// ctx and four seconds, and closes the sockets.
func (s *SIP) PowerOff(ctx context.Context) {
	s.mu.Lock()
	stack := s.stack
	s.stack = nil
	s.mu.Unlock()
	if stack == nil {
		return
	}
	s.retire(ctx, stack)
}

// Addr returns the address at which the phone hears SIP; invalid without power.
func (s *SIP) Addr() netip.AddrPort {
	stack := s.powered()
	if stack == nil {
		return netip.AddrPort{}
	}
	return stack.local
}

// Registrations returns how the accounts stand, in their order: those that are enabled,
// and those that are configured and off. It is empty without power.
func (s *SIP) Registrations() []Registration {
	stack := s.powered()
	if stack == nil {
		return nil
	}
	list := stack.registrations()
	slices.SortFunc(list, func(a, b Registration) int { return cmp.Compare(a.Account, b.Account) })
	return list
}

// Counts returns what came to the SIP side.
func (s *SIP) Counts() SIPCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stack == nil {
		return s.counts
	}
	return s.counts.plus(s.stack.counted())
}

func (c SIPCounts) plus(o SIPCounts) SIPCounts {
	return SIPCounts{c.Requests + o.Requests, c.Again + o.Again, c.Dropped + o.Dropped, c.CheckSync + o.CheckSync}
}
