package phone

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// unknownModelAccounts is how many accounts a model has that the guide does not list.
const unknownModelAccounts = 16

// accountLimit is the highest account index of a phone.
func accountLimit(id device.Identity, b device.Behaviour) int {
	if b.Accounts > 0 {
		return b.Accounts
	}
	if n, ok := device.Accounts(id.Model); ok {
		return n
	}
	return unknownModelAccounts
}

// settingsChanged brings the accounts in line with the settings: those that changed, or
// are new, register; those that are gone unregister; the others are left alone.
func (s *sipStack) settingsChanged() {
	id, behaviour, settings := s.phone.Identity(), s.phone.Behaviour(), s.phone.Settings()
	s.setRules()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	limit := accountLimit(id, behaviour)
	for i, r := range s.accounts {
		if i > limit {
			s.replace(i, r, config.Account{})
		}
	}
	for i := 1; i <= limit; i++ {
		if a, old := settings.Account(i), s.accounts[i]; old == nil || old.account != a {
			s.replace(i, old, a)
		}
	}
}

// replace puts an account in the place of another one, or of none; s.mu is held. The
// old one unregisters first, unless the new one takes its place at the registrar.
func (s *sipStack) replace(i int, old *registration, a config.Account) {
	delete(s.accounts, i)
	var next *registration
	if a.Enabled || a.Server != "" || a.User != "" {
		next = newRegistration(s, a)
		s.accounts[i] = next
	}
	if old == nil {
		next.start()
		return
	}
	s.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, sipUnregisterTime)
		defer cancel()
		old.stop(ctx, !sameBinding(old.account, a))
		next.start()
	})
}

// sameBinding reports whether registering b replaces what the registrar holds of a: the
// same Contact of the same address-of-record (RFC 3261 §10.3).
func sameBinding(a, b config.Account) bool {
	hostA, portA := nextHop(a)
	hostB, portB := nextHop(b)
	return b.Enabled && a.User == b.User && a.Server == b.Server && a.Transport == b.Transport && hostA == hostB && portA == portB
}

// registrations returns how the accounts stand, in no order.
func (s *sipStack) registrations() []Registration {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Registration, 0, len(s.accounts))
	for _, r := range s.accounts {
		list = append(list, r.report())
	}
	return list
}

// unusable says why an account can't be registered at all; empty: it can.
func unusable(a config.Account) string {
	server, user := fmt.Sprintf("account.%d.sip_server_host", a.Index), fmt.Sprintf("account.%d.user_name", a.Index)
	switch {
	case a.Server == "":
		return "the account is enabled and has no SIP server (" + server + ")"
	case !isSIPHost(a.Server):
		return server + " is neither a host name nor an address"
	case a.OutboundProxy != "" && !isSIPHost(a.OutboundProxy):
		return fmt.Sprintf("account.%d.outbound_host is neither a host name nor an address", a.Index)
	case a.User == "":
		return "the account is enabled and has no user name (" + user + ")"
	case strings.ContainsFunc(a.User+a.AuthName, unicode.IsControl):
		return user + " or the name for authentication holds a control character"
	}
	return ""
}

// isSIPHost reports whether text can stand as a host in a SIP URI (RFC 3261 §25.1).
func isSIPHost(text string) bool {
	for _, c := range text {
		if !isSIPToken(string(c)) && !strings.ContainsRune("[]:", c) || strings.ContainsRune("*!%+`'~", c) {
			return false
		}
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	return bare != "" && !strings.ContainsAny(bare, "[]") && (!strings.Contains(bare, ":") || strings.Count(bare, ":") > 1)
}

// sipLine makes text fit for a header line or an event: no control characters, none that
// turn a line around, and not without end.
func sipLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
	const most = 200
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
