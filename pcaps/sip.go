package pcaps

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
)

// sipWatch follows PnP: SUBSCRIBE, its answers, NOTIFY; check-sync NOTIFYs; and
// registrations.
type sipWatch struct {
	r       *roster
	dialogs map[string]*dialog // by Call-ID
	notes   map[string]*notice // NOTIFYs without a dialog of ours, by Call-ID
	regs    map[string]*register
}

// dialog is one SUBSCRIBE and what belongs to it.
type dialog struct {
	phone    *Phone
	local    netip.AddrPort
	contact  netip.AddrPort // where its Contact says that it hears
	tag      string
	sends    int
	first    time.Time
	last     time.Time
	notifies int
}

// notice is a NOTIFY that asks for an answer.
type notice struct {
	phone *Phone
	last  time.Time
}

const (
	maxDialogs = 50_000
	sipIdle    = 5 * time.Minute
)

func newSIPWatch(r *roster) *sipWatch {
	return &sipWatch{r: r, dialogs: make(map[string]*dialog), notes: make(map[string]*notice),
		regs: make(map[string]*register)}
}

// sipStarts are the beginnings of the messages that count.
var sipStarts = [][]byte{[]byte("SUBSCRIBE "), []byte("NOTIFY "), []byte("REGISTER "), []byte("SIP/2.0 ")}

// take looks at a datagram; false: it is no SIP message that counts.
func (w *sipWatch) take(d datagram) bool {
	start := bytes.TrimLeft(d.data[:min(len(d.data), 32)], "\r\n\x00")
	for _, s := range sipStarts {
		if bytes.HasPrefix(start, s) {
			w.message(d)
			return true
		}
	}
	return false
}

// message takes a SIP message.
func (w *sipWatch) message(d datagram) {
	m, err := discover.ReadSIP(d.data)
	if err != nil {
		return
	}
	id := m.Header("call-id")
	switch {
	case m.Method == "SUBSCRIBE":
		w.subscribe(d, m, id)
	case m.Method == "NOTIFY":
		w.notify(d, m, id)
	case m.CSeq() == "SUBSCRIBE":
		w.response(d, m, id)
	case m.CSeq() == "NOTIFY":
		w.answer(d, m, id)
	case m.Method == "REGISTER":
		w.register(d, m, id)
	case m.CSeq() == "REGISTER":
		w.registered(d, m, id)
	}
}

func (w *sipWatch) event(kind trace.Kind, d datagram, since time.Time) Event {
	return Event{Event: trace.Event{Kind: kind, At: d.at, Frame: d.frame, Took: sinceOf(since, d.at)}}
}

// subscribe takes a SUBSCRIBE that asks for a profile; others are a PBX's affair.
func (w *sipWatch) subscribe(d datagram, m *discover.SIPMessage, id string) {
	s := w.dialogs[id]
	if s == nil {
		if !strings.HasPrefix(strings.ToLower(m.Header("event")), "ua-profile") || len(w.dialogs) >= maxDialogs {
			return
		}
		phone := w.r.phoneAt(d.src.Addr(), d.hw)
		for _, text := range []string{m.URI, m.Header("from"), m.Header("contact")} {
			if mac, ok := macIn(strings.ReplaceAll(text, ":MAC", "/MAC")); ok {
				phone = w.r.claim(d.src.Addr(), d.hw, mac)
				break
			}
		}
		if phone == nil {
			return
		}
		phone.provisions = true
		phone.ports = append(phone.ports[:min(len(phone.ports), 63)], d.src)
		readProfile(phone, m.Header("event"))
		s = &dialog{phone: phone, local: d.src, contact: contactOf(m.Header("contact")), tag: m.Tag("from"), first: d.at}
		w.dialogs[id] = s
	}
	s.sends++
	s.last = d.at
	e := w.event(trace.PnPSubscribe, d, s.first)
	e.Name, e.Peer, e.Attempt, e.Detail = userOf(m.URI), d.dst, s.sends, "from "+d.src.String()
	e.Facts = sipFacts(m, d.data)
	for _, name := range []string{"from", "to"} {
		uri, _, _ := strings.Cut(m.Header(name), ";tag=")
		e.Facts = append(e.Facts, Fact{"sip." + name, trace.Clean(uri)})
	}
	w.r.record(s.phone, e)
}

// userOf is the user part of a SIP URI.
func userOf(uri string) string {
	_, rest, ok := strings.Cut(uri, ":")
	user, _, at := strings.Cut(rest, "@")
	if !ok || !at {
		return trace.Clean(uri)
	}
	return trace.Clean(user)
}

// readProfile takes model and version from the Event header.
func readProfile(p *Phone, event string) {
	for part := range strings.SplitSeq(event, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		value = trace.Clean(strings.Trim(value, `"`))
		switch strings.ToLower(name) {
		case "model":
			p.Model = value
		case "version":
			p.Firmware = value
		}
	}
}

// sipFacts are the headers that say what a message is, without what only identifies it.
func sipFacts(m *discover.SIPMessage, raw []byte) []Fact {
	facts := []Fact{{"sip.method", m.Method}, {"sip.headers", strings.Join(m.Headers(), ",")}, {"sip.length", strconv.Itoa(len(raw))}}
	if m.Method != "" {
		facts = append(facts, Fact{"sip.uri", trace.Clean(m.URI)})
	} else {
		facts[0] = Fact{"sip.status", strconv.Itoa(m.Status)}
	}
	if method := m.CSeq(); method != "" {
		facts = append(facts, Fact{"sip.cseq-method", trace.Clean(method)})
	}
	for _, name := range []string{"event", "accept", "expires", "max-forwards", "cseq", "content-type", "subscription-state",
		"user-agent", "server"} {
		if v := m.Header(name); v != "" {
			facts = append(facts, Fact{"sip." + name, trace.Clean(v)})
		}
	}
	return facts
}

func (w *sipWatch) response(d datagram, m *discover.SIPMessage, id string) {
	s := w.dialogs[id]
	if s == nil {
		return
	}
	s.last = d.at
	e := w.event(trace.PnPResponse, d, s.first)
	e.Name, e.Peer, e.Attempt, e.Detail, e.Facts = strconv.Itoa(m.Status), d.src, s.sends, trace.Clean(m.Reason), sipFacts(m, d.data)
	w.r.record(s.phone, e)
}

// notify takes a NOTIFY: one that offers a URL, or a check-sync.
func (w *sipWatch) notify(d datagram, m *discover.SIPMessage, id string) {
	event := strings.ToLower(m.Header("event"))
	if s := w.dialogs[id]; s != nil {
		w.offer(s, d, m)
		return
	}
	mac, named := macIn(strings.ReplaceAll(m.URI, ":MAC", "/MAC"))
	phone := w.r.phoneAt(d.dst.Addr(), device.MAC{})
	if named && phone != nil && phone.MAC.IsZero() {
		phone = w.r.claim(d.dst.Addr(), device.MAC{}, mac)
	}
	if phone == nil {
		return
	}
	switch {
	case strings.HasPrefix(event, "check-sync"):
		phone.provisions = true
		e := w.event(trace.NotifyCheckSync, d, d.at)
		e.Name, e.Peer, e.Facts = "check-sync", d.src, sipFacts(m, d.data)
		if strings.Contains(strings.ReplaceAll(event, " ", ""), "reboot=true") {
			e.Name = "check-sync, reboot=true"
		}
		w.remember(id, phone, d.at)
		w.r.record(phone, e)
	case strings.HasPrefix(event, "ua-profile"), strings.EqualFold(m.Header("content-type"), "application/url"):
		phone.provisions = true
		e := w.event(trace.PnPIgnored, d, d.at)
		e.Name, e.Peer, e.Facts = "foreign", d.src, sipFacts(m, d.data)
		e.Detail = "a NOTIFY with another Call-ID than the SUBSCRIBE's"
		url, _ := m.URL()
		e.URL = discover.WithoutUserInfo(url)
		w.remember(id, phone, d.at)
		w.r.record(phone, e)
	}
}

func (w *sipWatch) remember(id string, phone *Phone, at time.Time) {
	if len(w.notes) < maxDialogs {
		w.notes[id] = &notice{phone, at}
	}
}

// offer takes a NOTIFY of a dialog. What makes a phone pass over it is said beside it.
func (w *sipWatch) offer(s *dialog, d datagram, m *discover.SIPMessage) {
	s.last = d.at
	s.notifies++
	url, why := m.URL()
	e := w.event(trace.PnPNotify, d, s.first)
	e.Peer, e.URL, e.Bytes, e.Attempt, e.Facts = d.src, discover.WithoutUserInfo(url), int64(len(m.Body)), s.notifies, sipFacts(m, d.data)
	w.r.record(s.phone, e)
	odd := func(id, detail string) {
		x := w.event(trace.PnPIgnored, d, s.first)
		x.Name, x.Peer, x.Detail = id, d.src, detail
		w.r.record(s.phone, x)
	}
	if d.dst != s.local && (!d.stream || !s.listens(d.dst)) {
		odd("port", fmt.Sprintf("the NOTIFY went to %s, but the phone subscribed from %s: it does not listen there", d.dst, s.local))
	}
	if tag := m.Tag("to"); tag != "" && tag != s.tag && m.Tag("from") != s.tag {
		odd("tag", "a NOTIFY with a To tag that is not the phone's")
	}
	if why != "" {
		odd("no-url", "a NOTIFY that "+why)
	}
	if d.endless {
		odd("no-length", "a NOTIFY over TCP without Content-Length: where it ends is not known (RFC 3261 §20.14)")
	}
}

// answer is the phone's answer to a NOTIFY.
func (w *sipWatch) answer(d datagram, m *discover.SIPMessage, id string) {
	kind, phone := trace.PnPAnswer, (*Phone)(nil)
	since := d.at
	if s := w.dialogs[id]; s != nil {
		phone, since = s.phone, s.first
	} else if n := w.notes[id]; n != nil {
		kind, phone = trace.SIPAnswer, n.phone
	}
	if phone == nil {
		return
	}
	e := w.event(kind, d, since)
	e.Name, e.Peer, e.Detail, e.Facts = strconv.Itoa(m.Status), d.dst, trace.Clean(m.Reason), sipFacts(m, d.data)
	w.r.record(phone, e)
}

// sweep forgets dialogs that nothing was heard of for long.
func (w *sipWatch) sweep(now time.Time) {
	for id, s := range w.dialogs {
		if now.Sub(s.last) > sipIdle {
			delete(w.dialogs, id)
		}
	}
	for id, n := range w.notes {
		if now.Sub(n.last) > sipIdle {
			delete(w.notes, id)
		}
	}
	for id, g := range w.regs {
		if now.Sub(g.last) > sipIdle {
			delete(w.regs, id)
		}
	}
}
