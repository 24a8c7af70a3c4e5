package pcaps

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// site draws what a phone does with its servers.
type site struct{ *writer }

func (s site) phone(port uint16) netip.AddrPort { return netip.AddrPortFrom(testPhone.Addr(), port) }
func (s site) web() netip.AddrPort              { return netip.AddrPortFrom(testServer.Addr(), 80) }

// asks asks for a file over HTTP.
func (s site) asks(port uint16, name, header string) *tcpConn {
	c := s.dial(s.phone(port), s.web())
	c.segment(true, "GET /"+name+" HTTP/1.1\r\nHost: 192.0.2.1\r\n"+header+"\r\n", false, false)
	return c
}

// gets asks for a file, and is answered.
func (s site) gets(port uint16, name, header, status, body string) {
	c := s.asks(port, name, header)
	c.segment(false, fmt.Sprintf("HTTP/1.1 %s\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body), false, false)
	c.hangup()
}

// resets is the server's RST to a SYN.
func (s site) resets(port uint16, ack uint32, hasACK bool) {
	tcp := &layers.TCP{SrcPort: 80, DstPort: layers.TCPPort(port), Ack: ack, ACK: hasACK, RST: true}
	ip := ip4(s.web(), s.phone(port), layers.IPProtocolTCP)
	_ = tcp.SetNetworkLayerForChecksum(ip)
	s.ethernet(etherIPv4, layersOf(s.t, ip, tcp))
}

// What is there is told, though the rules that excuse an incomplete capture come near.
func TestStillTold(t *testing.T) {
	const lone = "account.1.enable = 1\naccount.1.user_name = 1\naccount.1.password = x\n" // no SIP server
	const missing = "404 Not Found"
	const basic = "Authorization: Basic eDp5\r\n"
	withoutBoot := func(s site, common string) {
		s.gets(40001, passBoot, "", missing, "")
		s.gets(40002, "y000000000000.boot", "", missing, "")
		s.gets(40003, "y000000000000.cfg", "", common, "")
		s.gets(40004, passCfg, "", "200 OK", lone)
	}
	for _, test := range []struct {
		name string
		draw func(s site)
		want Cause
		text string // in one of that cause
	}{
		{"HTTP: silence for 10 s, the phone gives it up and goes on", func(s site) {
			c := s.asks(40001, passBoot, "")
			s.at = s.at.Add(10 * time.Second)
			c.hangup()
			s.gets(40002, passCfg, "", "200 OK", account)
		}, NoAnswer, "never answered"},
		{"HTTP: the server hangs up without a word", func(s site) {
			s.asks(40001, passBoot, "").segment(false, "", false, true)
			s.gets(40002, passCfg, "", "200 OK", account)
		}, NoAnswer, "never answered"},
		{"TFTP: asked again and again from new ports", func(s site) {
			for port := range uint16(4) {
				s.ask(40001+port, passBoot)
				s.at = s.at.Add(500 * time.Millisecond)
			}
		}, NoAnswer, "never answered"},
		{"TFTP: the phone's ACKs do not arrive", func(s site) {
			s.ask(40001, passBoot)
			for i := range 12 {
				s.reply(40001, tftp.AppendData(nil, 1, make([]byte, 512)))
				if i < 5 {
					s.ethernet(etherIPv4, packetOf(t, s.phone(40001), testTID, tftp.AppendAck(nil, 1)))
				}
				s.at = s.at.Add(time.Second)
			}
			s.ask(40002, "y000000000000.boot")
		}, NoAnswer, "stopped in the middle"},
		{"TFTP: the phone goes on at once", func(s site) {
			s.ask(40001, passBoot)
			s.serve(40002, passCfg, account, true)
		}, Incomplete, "at once"},
		{"one SYN to a dead address, then another address", func(s site) {
			s.serve(40009, passBoot, "", false)
			s.joined(s.phone(40001), netip.MustParseAddrPort("192.0.2.2:80")).segment(true, "", true, false)
			s.at = s.at.Add(300 * time.Millisecond)
			s.gets(40002, passCfg, "", "200 OK", account)
		}, NoAnswer, "192.0.2.2:80 never answered"},
		{"refused", func(s site) {
			s.serve(40009, passBoot, "", false)
			s.joined(s.phone(40001), s.web()).segment(true, "", true, false)
			s.resets(40001, 1001, true)
			s.resets(40001, 777, true)
		}, Refused, ""},
		{"refused by something in between", func(s site) {
			s.serve(40009, passBoot, "", false)
			s.joined(s.phone(40001), s.web()).segment(true, "", true, false)
			s.resets(40001, 0, false)
		}, Refused, ""},
		{"no credentials, and five minutes later they are typed in", func(s site) {
			s.gets(40001, passBoot, "", "401 Unauthorized", "")
			s.at = s.at.Add(5 * time.Minute)
			s.gets(40002, passBoot, "", "401 Unauthorized", "")
			s.gets(40003, passBoot, basic, "200 OK", "include:config <"+passCfg+">\n")
			s.gets(40004, passCfg, basic, "200 OK", account)
		}, LoginRefused, ""},
		{"credentials for provisioning, none for the phone book", func(s site) {
			s.gets(40002, passBoot, basic, "200 OK", "include:config <"+passCfg+">\n")
			s.gets(40003, passCfg, basic, "200 OK", account)
			s.gets(40004, "phonebook.xml", "", "401 Unauthorized", "")
		}, LoginRefused, ""},
		{"an account without a SIP server", func(s site) { withoutBoot(s, missing) }, Unusable, "no SIP server"},
		{"the same, and the common cfg is forbidden", func(s site) { withoutBoot(s, "403 Forbidden") }, Unusable, "no SIP server"},
		{"the same, and a log is sent", func(s site) {
			withoutBoot(s, missing)
			c := s.dial(s.phone(40005), s.web())
			c.segment(true, "PUT /"+passMAC+".log HTTP/1.1\r\nHost: 192.0.2.1\r\nContent-Length: 2\r\n\r\nhi", false, false)
			c.segment(false, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", false, false)
			c.hangup()
		}, Unusable, "no SIP server"},
		{"the same, and an include with %20", func(s site) {
			s.gets(40001, passBoot, "", "200 OK", "include:config <a%20b.cfg>\ninclude:config <"+passCfg+">\n")
			s.gets(40002, "a%20b.cfg", "", "200 OK", "lang.gui = French\n")
			s.gets(40003, passCfg, "", "200 OK", lone)
		}, Unusable, "no SIP server"},
		{"the same, and an ERROR long after a transfer's end", func(s site) {
			s.serve(40003, passBoot, "include:config <"+passCfg+">\n", true)
			s.serve(40004, passCfg, lone, true)
			s.later(100 * time.Second)
			s.later(30 * time.Second)
			s.reply(40004, tftp.AppendError(nil, 0, "timeout"))
		}, Unusable, "no SIP server"},
		{"a port that is not one, though a file is lost", func(s site) {
			s.gets(40001, passBoot, "", "200 OK", "include:config <lost.cfg>\ninclude:config <"+passCfg+">\n")
			s.gets(40003, passCfg, "", "200 OK", "account.1.sip_server.1.port = 99999\n")
		}, Unusable, "99999"},
		{"a NOTIFY of before, then a SUBSCRIBE that nobody answers", func(s site) {
			s.sip(netip.MustParseAddrPort("192.0.2.1:7777"), "192.0.2.10:40000", notifyText)
			s.at = s.at.Add(time.Minute)
			s.sip(s.phone(40000), "224.0.1.75:5060", strings.Replace(subscribeText, "Call-ID: c1", "Call-ID: c2", 1))
		}, NoAnswer, "no PnP server answered"},
		{"ICMP about something else, cut short", func(s site) {
			s.snap = 62
			s.ask(40001, passBoot)
			tcp := &layers.TCP{SrcPort: 41000, DstPort: 443, SYN: true, Seq: 1}
			ip := ip4(s.phone(41000), netip.MustParseAddrPort("203.0.113.5:443"), layers.IPProtocolTCP)
			_ = tcp.SetNetworkLayerForChecksum(ip)
			s.ethernet(etherIPv4, icmp4(t, "203.0.113.1", 3, 13, 0, layersOf(t, ip, tcp, gopacket.Payload(nil))))
		}, NoAnswer, "nothing came back"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := site{newWriter(t, layers.LinkTypeEthernet)}
			test.draw(s)
			s.later(time.Minute)
			s.later(time.Minute)
			var all []Diagnosis
			for _, p := range read(t, s.out.Bytes()).Phones {
				all = append(all, Diagnose(p)...)
			}
			if !slices.ContainsFunc(all, func(d Diagnosis) bool { return d.Cause == test.want && strings.Contains(d.Text, test.text) }) {
				t.Errorf("want %s, %q; got", test.want, test.text)
				for _, d := range all {
					t.Errorf("%s (%s): %s", d.Cause, d.Side, d.Text)
				}
			}
		})
	}
}
