package faulty

import (
	"bytes"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// syncFaults are about the NOTIFY that makes a phone provision. Their server serves
// files over HTTP, and rightly.
func syncFaults() []spec {
	fault := func(name string, clause Clause, rule, doc string, f syncFault) spec {
		return spec{name, "checksync", clause, rule, doc, func(b *behaviour) { b.sync = f }}
	}
	change := func(name, rule, doc string, change func(m *sipText, reboot bool)) spec {
		return fault(name, CheckSyncFaults, rule, doc, syncFault{change: change})
	}
	return []spec{
		fault("never", CheckSyncFaults, "FIP-TRIG-010", "nothing is sent: only phones that registered are notified",
			syncFault{never: true}),
		change("resync", "FIP-TRIG-011", "the event is resync, as of another maker's phones", func(m *sipText, _ bool) {
			m.set("Event",
				"resync")
		}),
		change("no-event", "FIP-TRIG-011", "the NOTIFY has no Event", func(m *sipText, _ bool) { m.drop("Event") }),
		{"stale", "checksync", Stale, "FIP-TRIG-012", "files are rendered anew only after the phones were notified",
			func(b *behaviour) { b.sync.stale, b.search = true, untilRendered }},
		{"stale-own", "checksync", Stale, "FIP-TRIG-021", "as stale, for the phones' own cfg files: a queue of jobs",
			func(b *behaviour) { b.sync.stale, b.search = true, untilOwnRendered }},
		change("reboot-lost", "FIP-TRIG-013", "reboot=true is not sent", func(m *sipText, _ bool) { m.set("Event", "check-sync") }),
		change("reboot-one", "FIP-TRIG-013", "the parameter is reboot=1", func(m *sipText, reboot bool) {
			if reboot {
				m.set("Event", "check-sync;reboot=1")
			}
		}),
		change("reboot-always", "FIP-TRIG-014", "reboot=true is always sent: what other makers' phones need",
			func(m *sipText, _ bool) { m.set("Event", "check-sync;reboot=true") }),
		{"reboot-old-url", "checksync", WrongServer, "FIP-TRIG-020",
			"a phone that is made to reboot is told the URL of before: PnP is told of changes only at night",
			func(b *behaviour) { b.pnp.url = firstOfRebooted() }},
		fault("once", Lost, "FIP-TRIG-015", "the NOTIFY is sent once: scripts", syncFault{once: true}),
		fault("fresh", CheckSyncFaults, "FIP-TRIG-016", "each try is another request: a script in a loop", syncFault{fresh: true}),
		fault("endless", CheckSyncFaults, "FIP-TRIG-017", "the NOTIFY is sent three times, answered or not", syncFault{endless: true}),
		change("max-forwards", "FIP-TRIG-018", "the NOTIFY has no Max-Forwards", func(m *sipText, _ bool) { m.drop("Max-Forwards") }),
		change("no-tag", "FIP-TRIG-018", "From has no tag", func(m *sipText, _ bool) { m.set("From", "<"+address(m.get("From"))+">") }),
		change("lf", "FIP-TRIG-019", "lines end with LF: a template of a Unix editor", func(m *sipText, _ bool) { m.eol = "\n" }),
		change("length", "FIP-TRIG-019", "Content-Length counts a body that is not there", func(m *sipText, _ bool) { m.length = "2" }),
	}
}

// firstOfRebooted tells phones that were made to reboot their first URL.
func firstOfRebooted() func(*Server, device.MAC, string) string {
	first := firstOfPhone()
	return func(s *Server, phone device.MAC, right string) string {
		before := first(s, phone, right)
		if _, rebooted := s.sync.rebooted.Load(phone); rebooted {
			return before
		}
		return right
	}
}

// untilOwnRendered is untilRendered for cfg files of phones.
func untilOwnRendered(s *Server, next answerer) answerer {
	late := untilRendered(s, next)
	return func(r request) reply {
		if cfg(r.name) && macFor(r.name) {
			return late(r)
		}
		return next(r)
	}
}

// untilRendered serves what was there before the latest change, while the server
// renders.
func untilRendered(s *Server, next answerer) answerer {
	var mu sync.Mutex
	now, before := make(map[string]reply), make(map[string]reply)
	return func(r request) reply {
		right := next(r)
		mu.Lock()
		defer mu.Unlock()
		if last, ok := now[r.name]; !ok || !bytes.Equal(last.body, right.body) {
			if ok {
				before[r.name] = last
			}
			now[r.name] = right
		}
		old, ok := before[r.name]
		if until := s.sync.staleT.Load(); ok && until != nil && time.Now().Before(*until) {
			return old
		}
		return right
	}
}
