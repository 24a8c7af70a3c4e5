package pcaps

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/device"
)

var (
	sipServer = netip.MustParseAddrPort("192.0.2.1:5060")

	subscribedText = "SIP/2.0 200 OK\r\nFrom: <sip:MAC0021f2000001@224.0.1.75>;tag=p\r\nTo: <sip:MAC0021f2000001@224.0.1.75>;tag=s\r\n" +
		"Call-ID: c1\r\nCSeq: 1 SUBSCRIBE\r\nContent-Length: 0\r\n\r\n"
	notifiedText = "SIP/2.0 200 OK\r\nFrom: <sip:MAC0021f2000001@224.0.1.75>;tag=s\r\nTo: <sip:MAC0021f2000001@224.0.1.75>;tag=p\r\n" +
		"Call-ID: c1\r\nCSeq: 2 NOTIFY\r\nl : 0\r\n\r\n"
	checkSyncText = "NOTIFY sip:1001@192.0.2.10:40000 SIP/2.0\r\nFrom: <sip:a@192.0.2.1>;tag=a\r\nTo: <sip:1001@192.0.2.10>\r\nCall-ID: k1\r\n" +
		"CSeq: 1 NOTIFY\r\nEvent: check-sync;reboot=true\r\nContent-Length: 0\r\n\r\n"
	checkedText = "SIP/2.0 200 OK\r\nFrom: <sip:a@192.0.2.1>;tag=a\r\nTo: <sip:1001@192.0.2.10>;tag=x\r\nCall-ID: k1\r\nCSeq: 1 NOTIFY\r\n" +
		"Content-Length: 0\r\n\r\n"
)

// registerText is a REGISTER and its answer.
func registerText(cseq int, more, answer string) (request, response string) {
	head := fmt.Sprintf("From: <sip:1001@pbx.example.test>;tag=r\r\nTo: <sip:1001@pbx.example.test>\r\nCall-ID: r1\r\nCSeq: %d REGISTER\r\n", cseq)
	return "REGISTER sip:pbx.example.test SIP/2.0\r\n" + head + "Contact: <sip:1001@192.0.2.10:40000>\r\nExpires: 3600\r\n" + more +
		"User-Agent: Flyingvoice FIP13G V0.6.24 00:21:F2:00:00:01\r\nContent-Length: 0\r\n\r\n", "SIP/2.0 " + answer + "\r\n" + head + "Content-Length: 0\r\n\r\n"
}

// talkOfSIP is all that a phone and its servers say by SIP, message by message.
func talkOfSIP() (all []string, fromPhone []bool) {
	say := func(phone bool, text string) { all, fromPhone = append(all, text), append(fromPhone, phone) }
	say(true, subscribeText)
	say(false, subscribedText)
	say(false, notifyText)
	say(true, notifiedText)
	ask, refuse := registerText(1, "", "401 Unauthorized")
	say(true, ask)
	say(false, refuse)
	ask, take := registerText(2, "Authorization: Digest username=\"1001\", response=\"5ec2e7\"\r\n", "200 OK\r\nContact: <sip:x>;expires=600")
	say(true, ask)
	say(false, take)
	say(false, checkSyncText)
	say(true, checkedText)
	return all, fromPhone
}

const wholeSIP = "pnp.subscribe pnp.response pnp.notify pnp.answer register.request register.answer register.request register.done " +
	"notify.checksync sip.answer"

// The same messages are the same events over UDP and over TCP, however the segments cut
// them: a message a segment, several in one, one in several, bytes alone, with the
// keep-alives of RFC 5626 in between.
func TestSIPOverTCP(t *testing.T) {
	all, fromPhone := talkOfSIP()
	w := newWriter(t, layers.LinkTypeEthernet)
	for i, text := range all {
		from, to := sipServer, testPhone
		if fromPhone[i] {
			from, to = to, from
		}
		w.ethernet(etherIPv4, packetOf(t, from, to, []byte(text)))
	}
	udp := read(t, w.out.Bytes())
	if kinds := kindsOf(t, udp); kinds != wholeSIP {
		t.Fatalf("over UDP: %s", kinds)
	}
	for name, write := range map[string]func(c *tcpConn){
		"a message a segment": func(c *tcpConn) {
			for i, text := range all {
				c.send(fromPhone[i], text, 0)
			}
		},
		"a message in pieces": func(c *tcpConn) {
			for i, text := range all {
				c.send(fromPhone[i], text, 100)
			}
		},
		"byte by byte": func(c *tcpConn) {
			for i, text := range all {
				c.send(fromPhone[i], text, 1)
			}
		},
		"what one side says at once, in one segment": func(c *tcpConn) {
			for i := 0; i < len(all); {
				text, j := "", i
				for ; j < len(all) && fromPhone[j] == fromPhone[i]; j++ {
					text += all[j]
				}
				c.send(fromPhone[i], text, 0)
				i = j
			}
		},
		"keep-alives": func(c *tcpConn) {
			for i, text := range all {
				c.phone("\r\n\r\n", 0)
				c.serve("\r\n", 0)
				c.send(fromPhone[i], text, 0)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			c := w.dial(testPhone, sipServer)
			write(c)
			c.hangup()
			got := read(t, w.out.Bytes())
			if diff := cmp.Diff(told(udp), told(got)); diff != "" {
				t.Errorf("(-UDP +TCP):\n%s", diff)
			}
			if p := got.Phones[0]; p.MAC != device.DefaultMAC || p.Model != "FIP13G" || len(got.Notes) > 0 {
				t.Errorf("%+v %q", p, got.Notes)
			}
		})
	}
}

// told are events without when and where.
func told(c *Capture) (all []string) {
	for _, p := range c.Phones {
		for _, e := range p.Events {
			all = append(all, fmt.Sprint(e.Kind, " ", e.Name, " ", e.Peer, " ", e.URL, " ", e.Attempt, " ", e.Fault, " ", e.Detail, " ", e.Facts))
		}
	}
	return all
}

// What a capture lacks of a connection costs the message that it is a part of, and none
// of those after it; a capture may begin in the middle, and a server may dial the phone.
func TestSIPOverTCPInPart(t *testing.T) {
	for _, test := range []struct {
		name, want, note string
		write            func(w *writer)
	}{
		{"joined in the middle of a message", "pnp.subscribe pnp.response pnp.notify", "", func(w *writer) {
			c := w.joined(testPhone, sipServer)
			c.phone("9bK1\r\nEvent: presence\r\nContent-Length: 0\r\n\r\n"+subscribeText, 0)
			c.serve(subscribedText+notifyText, 0)
		}},
		{"a hole", "pnp.subscribe pnp.notify", "holes", func(w *writer) {
			c := w.dial(testPhone, sipServer)
			c.phone(subscribeText, 0)
			c.serve(subscribedText[:60], 0)
			c.lost = true
			c.serve(subscribedText[60:90], 0)
			c.lost = false
			c.serve(subscribedText[90:]+notifyText, 0)
			c.hangup()
		}},
		{"a connection of its own for the NOTIFY, from the server", "pnp.subscribe pnp.response pnp.notify pnp.answer", "", func(w *writer) {
			c := w.dial(netip.MustParseAddrPort("192.0.2.10:51000"), sipServer)
			c.phone(subscribeText, 0)
			c.serve(subscribedText, 0)
			back := w.dial(netip.MustParseAddrPort("192.0.2.1:35000"), testPhone)
			back.phone(notifyText, 0)
			back.serve(notifiedText, 0)
		}},
		{"a NOTIFY without Content-Length", "pnp.subscribe pnp.notify pnp.ignored pnp.answer", "", func(w *writer) {
			c := w.dial(testPhone, sipServer)
			c.phone(subscribeText, 0)
			c.serve(strings.Replace(notifyText, "Content-Length: 17\r\n", "", 1), 0)
			c.phone(notifiedText, 0)
		}},
		{"a length beyond all measure", "pnp.subscribe pnp.notify", "", func(w *writer) {
			c := w.dial(testPhone, sipServer)
			c.phone(subscribeText, 0)
			c.serve(strings.Replace(subscribedText, "Length: 0", "Length: 2000000000", 1)+notifyText, 0)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			test.write(w)
			c := read(t, w.out.Bytes())
			if kinds := kindsOf(t, c); kinds != test.want || (strings.Join(c.Notes, " ") != "") != (test.note != "") {
				t.Errorf("%s, %q", kinds, c.Notes)
			}
			for _, e := range c.Phones[0].Events {
				if e.Kind == "pnp.notify" && e.URL != "tftp://192.0.2.1/" {
					t.Errorf("the NOTIFY names %q", e.URL)
				}
			}
		})
	}
}

// A registration that is refused is told, after what is to be said of the provisioning;
// one that came about is none to speak of.
func TestRegistrationRefused(t *testing.T) {
	for answer, want := range map[string]Cause{"401 Unauthorized": LoginRefused, "403 Forbidden": ServerFailed, "200 OK": ""} {
		w := newWriter(t, layers.LinkTypeEthernet)
		w.serve(40001, passCfg, account, true)
		c := w.dial(testPhone, sipServer)
		for i, text := range []string{"401 Unauthorized", answer} {
			ask, said := registerText(i+1, []string{"", "Authorization: Digest response=\"5ec2e7\"\r\n"}[i], text)
			c.phone(ask, 0)
			c.serve(said, 0)
		}
		all := Diagnose(read(t, w.out.Bytes()).Phones[0])
		last := all[len(all)-1]
		if all[0].Cause != AllWell || want == "" && len(all) != 1 || want != "" && (last.Cause != want || last.Side != Open) {
			t.Errorf("%s: %+v", answer, all)
		}
	}
}
