package steps

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/discover"
)

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
