package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// once decides the fate of the first datagram that begins so, in one direction; it
// passes all others on.
func once(ours bool, begin string, fate ...time.Duration) func(wire.Datagram, bool) []time.Duration {
	var mu sync.Mutex
	done := false
	return func(d wire.Datagram, sent bool) []time.Duration {
		mu.Lock()
		defer mu.Unlock()
		if !done && sent == ours && bytes.HasPrefix(d.Payload, []byte(begin)) {
			done = true
			return fate
		}
		return []time.Duration{0}
	}
}

// briefly is how long a phone listens on whose URL is all that counts.
const briefly = time.Millisecond

// subscribesWithLoss is a SUBSCRIBE on a network that loses or doubles a packet.
func subscribesWithLoss(ctx context.Context, how string) error {
	w := of(ctx)
	mac, err := w.customer(ctx)
	if err != nil {
		return err
	}
	if t, err := w.ordinaryPnP(ctx); err != nil {
		return err
	} else if err := errors.Join(t.needsURL(), t.needsAnswer()); err != nil {
		return err
	}
	fault := map[string]func(wire.Datagram, bool) []time.Duration{
		"its SUBSCRIBE arrives twice": once(true, "SUBSCRIBE", 0, 0),
		"the first NOTIFY is lost":    once(false, "NOTIFY"),
		"the first answer is lost":    once(false, "SIP/2.0 2"),
		"its first answer is lost":    once(true, "SIP/2.0 2"),
	}[how]
	if fault == nil {
		return harness("no loss is called %q", how)
	}
	linger := briefly
	if strings.HasSuffix(how, "answer is lost") {
		linger = 2 * pnpLinger // what is sent again comes after T1, on a busy machine later
	}
	t, err := w.subscribe(ctx, mac, &wire.Tap{Next: w.network(), Fault: fault}, linger)
	if err == nil {
		w.hear(t)
	}
	return err
}

func theNotifyComesAgain(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if len(t.notified()) == 0 {
		return violated("the NOTIFY that was lost, again", "%s", t.what())
	}
	return nil
}

// itComesAsItWas judges the second coming of a NOTIFY whose answer was lost.
func itComesAsItWas(ctx context.Context) error {
	t := of(ctx).talks.pnp
	all := t.notified()
	if len(all) < 2 {
		return blocked("the NOTIFY whose answer was lost did not come again (see FIP-PNP-040)")
	}
	for _, e := range all[1:] {
		if e.Attempt > 1 {
			return nil
		}
	}
	return violated("the same NOTIFY again", "one came with another Via, CSeq or tag: to the phone it is a further one")
}

func answeredNotifyStays(ctx context.Context) error {
	w := of(ctx)
	t := w.talks.pnp
	if err := t.needsNotify(); err != nil {
		return err
	}
	if t.comesAfterAnswer() == 0 {
		return nil
	}
	// Where our answer was late, the server is right: once more.
	mac, err := w.customer(ctx)
	if err != nil {
		return err
	}
	if t, err = w.subscribe(ctx, mac, w.network(), pnpLinger); err != nil {
		return err
	}
	w.hear(t)
	if after := t.comesAfterAnswer(); after > 0 {
		return violated("no NOTIFY after the phone's 200", "it came again after %v", after.Round(time.Millisecond))
	}
	return nil
}

// onItsWay is how long after an answer that crossed it a request may still come: half of
// T1 (RFC 3261 §17.1.1.1).
const onItsWay = 250 * time.Millisecond

// comesAfterAnswer is how long after the phone's answer a NOTIFY came again; 0: none
// did. What comes at once was on its way.
func (t *pnpTalk) comesAfterAnswer() time.Duration {
	answered := t.all(trace.PnPAnswer, "200")
	for _, e := range t.notified() {
		if e.Attempt > 1 && len(answered) > 0 && e.At.Sub(answered[0].At) > onItsWay {
			return e.At.Sub(answered[0].At)
		}
	}
	return 0
}

// bothAnswersSameTag compares the tags of the answers to a SUBSCRIBE that came twice.
func bothAnswersSameTag(ctx context.Context) error {
	t := of(ctx).talks.pnp
	var tags []string
	for _, m := range t.came("SIP/2.0 2") {
		_, tag, _ := strings.Cut(header(m.Raw, "to", "t"), ";tag=")
		tag, _, _ = strings.Cut(tag, ";")
		tags = append(tags, tag)
	}
	if len(tags) < 2 {
		return blocked("only one answer came (see FIP-PNP-043)")
	}
	for _, tag := range tags[1:] {
		if tag != tags[0] {
			return violated("one tag", "the tags are %q and %q: two dialogs for one SUBSCRIBE", tags[0], tag)
		}
	}
	return nil
}

func toldAllTheSame(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if t.err != nil {
		return violated("a NOTIFY with a URL", "%s", t.what())
	}
	return nil
}

// phonesSubscribe lets all customers subscribe at once.
func phonesSubscribe(ctx context.Context) error {
	w := of(ctx)
	macs, err := w.customers(ctx)
	if err != nil {
		return err
	}
	alone, err := w.ordinaryPnP(ctx)
	if err == nil {
		err = alone.needsURL()
	}
	if err != nil {
		return err
	}
	n := len(macs)
	found, errs := make([]*pnpTalk, n), make([]error, n)
	var all side
	for i := range n {
		all.Go(func() { found[i], errs[i] = w.subscribe(ctx, macs[i], w.network(), briefly) })
	}
	all.Wait()
	w.talks.pnp = new(pnpTalk)
	for i := range n {
		if errs[i] != nil {
			return errs[i]
		}
		w.talks.events = append(w.talks.events, found[i].events...)
		if found[i].err != nil {
			w.talks.pnp.err = fmt.Errorf("one of %d phones: %w", n, found[i].err)
		}
	}
	return nil
}

func eachIsToldURL(ctx context.Context) error {
	if t := of(ctx).talks.pnp; t.err != nil {
		return violated("a NOTIFY with a URL for each", "%s", t.err)
	}
	return nil
}

// malformedSIP are datagrams that a server meets in the field: keep-alives, other
// protocols, cut messages, numbers out of range (RFC 4475 has many more).
func malformedSIP(at string) []string {
	head := "SUBSCRIBE sip:MAC0021f2000001@224.0.1.75 SIP/2.0\r\n"
	via := "Via: SIP/2.0/UDP " + at + ";branch=z9hG4bKmalformed\r\n"
	return []string{
		"\r\n\r\n", "\x00", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SUBSCRIBE", "SUBSCRIBE sip:\r\n\r\n", head, head + "\r\n",
		head + via + "Content-Length: 99999999999999999999\r\n\r\n",
		head + via + "From: <sip:x\r\nTo: \"\r\nCall-ID:\r\nCSeq: 4294967296 SUBSCRIBE\r\nContent-Length: -1\r\n\r\n",
		head + via + "From: ;tag=\r\nTo: <>\r\nCSeq: SUBSCRIBE\r\nEvent: ;;;\r\nContact: *\r\n\r\n",
		head + "Via: SIP/2.0/UDP\r\nVia: ;;\r\nFrom: <sip:MAC@>;tag=1\r\nTo: <sip:MAC@>\r\nCall-ID: 1\r\nCSeq: 1 SUBSCRIBE\r\n\r\n",
		"SIP/2.0 200 OK\r\n\r\n", "SIP/2.0 -1\r\n\r\n", strings.Repeat("A", 1400), head + strings.Repeat("Via: ,\r\n", 150),
		"\xff\xfe\xfd\x00\x01", head + strings.Repeat("X: y\r\n", 200) + "\r\n",
	}
}

// theServerGotMalformed sends such things, where an ordinary SUBSCRIBE had its answer.
func theServerGotMalformed(ctx context.Context) error {
	w := of(ctx)
	t, err := w.ordinaryPnP(ctx)
	if err == nil {
		err = t.needsURL()
	}
	if err != nil {
		return err
	}
	at, err := w.pnpAddress()
	if err != nil {
		return err
	}
	if at == "" {
		at = discover.PnPGroup
	}
	return w.scatter(ctx, at, malformedSIP("127.0.0.1:9"))
}

// aPhoneSubscribesAgain is a SUBSCRIBE of its own.
func aPhoneSubscribesAgain(ctx context.Context) error {
	w := of(ctx)
	mac, err := w.customer(ctx)
	if err != nil {
		return err
	}
	t, err := w.subscribe(ctx, mac, w.network(), briefly)
	if err == nil {
		w.hear(t)
	}
	return err
}

// scatter sends datagrams that nobody waits an answer to.
func (w *world) scatter(ctx context.Context, address string, all []string) error {
	to, err := net.ResolveUDPAddr("udp4", address)
	if err != nil {
		return harness("%v", err)
	}
	conn, err := w.network().ListenPacket(ctx, "udp4", ":0")
	if err != nil {
		return harness("%v", err)
	}
	defer conn.Close()
	for _, d := range all {
		if _, err := conn.WriteTo([]byte(d), to); err != nil {
			return harness("%v", err)
		}
	}
	return nil
}

// subscribesToUnknown asks the server itself for an event package that there is not:
// what is sent to the group, a server may leave to others there.
func subscribesToUnknown(ctx context.Context) error {
	w := of(ctx)
	at, err := w.pnpAddress()
	if err != nil {
		return err
	}
	if at == "" {
		return blocked("phones find this server by the group alone, where any other may answer too")
	}
	conn, err := w.network().ListenPacket(ctx, "udp4", net.JoinHostPort(w.hostTowards(ctx), "0"))
	if err != nil {
		return harness("%v", err)
	}
	defer conn.Close()
	to, err := net.ResolveUDPAddr("udp4", at)
	if err != nil {
		return harness("%v", err)
	}
	own, user := conn.LocalAddr().String(), "MAC"+w.mac.String()
	request := fmt.Sprintf("SUBSCRIBE sip:%[1]s@%[2]s SIP/2.0\r\nVia: SIP/2.0/UDP %[3]s;branch=z9hG4bK%[4]s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%[1]s@%[2]s>;tag=1\r\nTo: <sip:%[1]s@%[2]s>\r\nCall-ID: %[4]s\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:%[1]s@%[3]s>\r\n"+
		"Expires: 0\r\nEvent: fipsim-no-such-event\r\nContent-Length: 0\r\n\r\n", user, to, own, w.canary)
	if _, err := conn.WriteTo([]byte(request), to); err != nil {
		return harness("%v", err)
	}
	w.talks.pnp = new(pnpTalk)
	if err := conn.SetReadDeadline(time.Now().Add(2 * silence)); err != nil {
		return harness("%v", err)
	}
	buf := make([]byte, 1<<16)
	if n, _, err := conn.ReadFrom(buf); err == nil {
		w.talks.pnp.messages = []discover.Message{{At: time.Now(), Raw: buf[:n]}}
	}
	return nil
}

func theAnswerIs489(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if len(t.messages) == 0 {
		return violated("489 Bad Event", "no answer came")
	}
	line, _, _ := strings.Cut(string(t.messages[0].Raw), "\r\n")
	if !strings.HasPrefix(line, "SIP/2.0 489") {
		return violated("489 Bad Event", "%q came", line)
	}
	return nil
}
