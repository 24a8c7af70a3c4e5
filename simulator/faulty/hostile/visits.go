package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"time"
)

// askVisitors ask where a server is, in ways that no phone does.
var askVisitors = []Visitor{
	{"phone-subscribe-flood", "subscribes as one phone after the other", func(g *guest) {
		g.packets(g.PnP, func(n int) string {
			return subscribe(fmt.Sprintf("0021F2%06X", n), fmt.Sprint(n), "Flyingvoice FIP14G")
		})
	}},
	{"phone-sip-garbage", "sends what is no SIP, and a SUBSCRIBE cut off at every length", func(g *guest) {
		whole := subscribe("0021F2000001", "x", "x")
		g.packets(g.PnP, func(n int) string {
			return [...]string{
				whole[:n%len(whole)], strings.Repeat("\xff", n%1400), strings.Repeat("\r\n", n%700), Evil + " x SIP/2.0\r\n\r\n",
			}[n%4]
		})
	}},
	{"phone-escapes", "has terminal escape sequences and HTML in all that it says", func(g *guest) {
		g.packets(g.PnP, func(n int) string { return subscribe(Evil, Evil+fmt.Sprint(n), Evil) })
		g.packets(g.TFTP, func(int) string { return "\x00\x01" + Evil + ".boot\x00octet\x00" + Evil + "\x00" + Evil + "\x00" })
		g.packets(g.DHCP, func(n int) string {
			return discoverAs(n, dhcpDiscover, text(60, Evil), text(12, Evil), text(61, Evil), text(77, Evil))
		})
		g.talk(g.FTP, "USER "+Evil+"\r\nPASS "+Evil+"\r\nCLNT "+Evil+"\r\nRETR "+Evil+"\r\n"+Evil+"\r\n")
		g.talk(g.HTTP, "GET /%1b%5b2J%e2%80%ae<script>alert(1)</script> HTTP/1.1\r\nHost: x\r\n"+
			"User-Agent: Flyingvoice \u202e</pre><script>alert(1)</script> V1 00:21:F2:00:00:01\r\n\r\n")
	}},
	{"phone-dhcp-starvation", "takes an address as one phone after the other", func(g *guest) {
		g.packets(g.DHCP, func(n int) string { return discoverAs(n/2, []byte{dhcpDiscover, dhcpRequest}[n%2]) })
	}},
	{"phone-dhcp-garbage", "sends DHCP that is cut off at every length, and options past its end", func(g *guest) {
		whole := discoverAs(1, dhcpDiscover, text(60, "x"))
		g.packets(g.DHCP, func(n int) string { return whole[:n%len(whole)] + string([]byte{82, 255, 1, 200})[:n%5] })
	}},
}

// fileVisitors ask for files so.
var fileVisitors = []Visitor{
	{"phone-endless-names", "asks for one name after the other, and for some that are longer than a packet", func(g *guest) {
		g.packets(g.TFTP, func(n int) string { return "\x00\x01" + strings.Repeat("x", n%1400) + fmt.Sprint(n) + "\x00octet\x00" })
		g.talk(g.HTTP, "GET /"+strings.Repeat("x", 1<<20)+" HTTP/1.1\r\nHost: x\r\n\r\n")
		g.talk(g.FTP, "RETR "+strings.Repeat("x", 1<<20))
	}},
	{"phone-tftp-options", "asks for hundreds of options, and for values that they cannot have", func(g *guest) {
		g.packets(g.TFTP, func(n int) string {
			odd := [...]string{"-1", "0", "65536", "18446744073709551616", Evil, "", "1e9"}
			return "\x00\x01y000000000000.cfg\x00octet\x00blksize\x00" + odd[n%7] +
				"\x00tsize\x00" + odd[n/7%7] + "\x00timeout\x00" + odd[n/49%7] +
				strings.Repeat("\x00x\x00y", n%300) + "\x00"
		})
	}},
	{"phone-tftp-many", "begins hundreds of transfers, and acknowledges nothing", func(g *guest) {
		g.packets(g.TFTP, func(int) string { return "\x00\x01y000000000000.cfg\x00octet\x00blksize\x00512\x00" })
	}},
	{"phone-tftp-garbage", "sends packets of no kind, of all lengths, and writes", func(g *guest) {
		g.packets(g.TFTP, func(n int) string {
			return string([]byte{0, byte(n % 8)}) + strings.Repeat("\x00", n%600) + "x\x00octet\x00"
		})
	}},
	{"phone-connections", "opens hundreds of connections and drips a request into each", func(g *guest) {
		var open []net.Conn
		for n := range 300 {
			if c := g.dial("tcp", []string{g.FTP, g.HTTP, g.HTTPS}[n%3]); c != nil {
				say(c, "G")
				open = append(open, c)
			}
		}
		g.pause(100 * time.Millisecond)
		for _, c := range open {
			c.Close()
		}
	}},
	{"phone-http-endless", "sends a header without end, and a body without end", func(g *guest) {
		g.talk(g.HTTP, "GET / HTTP/1.1\r\nHost: x\r\n"+strings.Repeat("X-Flood: "+strings.Repeat("x", 1000)+"\r\n", 2000))
		g.talk(g.HTTP, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+
			strings.Repeat("3e8\r\n"+strings.Repeat("x", 1000)+"\r\n", 2000))
	}},
	{"phone-http-garbage", "sends what is no HTTP, and two requests that look like one", func(g *guest) {
		g.talk(g.HTTP, strings.Repeat("\xff", 5000))
		g.talk(g.HTTP, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"+
			"0\r\n\r\nGET /../../etc/passwd HTTP/1.1\r\n\r\n")
	}},
	{"phone-tls-garbage", "sends what is no TLS, and a ClientHello of which nothing follows", func(g *guest) {
		g.talk(g.HTTPS, strings.Repeat("\xff", 5000))
		g.talk(g.HTTPS, "\x16\x03\x01\xff\xff\x01\xff\xff\xff\x03\x03")
	}},
	{"phone-ftp-elsewhere", "wants data connections to other hosts, and other people's files", func(g *guest) {
		g.talk(g.FTP, "USER x\r\nPASS x\r\nPORT 127,0,0,2,31,144\r\nEPRT |1|127.0.0.2|8080|\r\nRETR y000000000000.cfg\r\n"+
			"RETR ../../../../etc/passwd\r\nCWD /../..\r\nSTOR x\r\nDELE y000000000000.cfg\r\nSITE EXEC id\r\n"+
			strings.Repeat("PASV\r\n", 200))
	}},
}

// subscribe is a phone's SUBSCRIBE.
func subscribe(mac, id, agent string) string {
	return "SUBSCRIBE sip:MAC%3A" + mac + "@224.0.1.75 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK" + id + "\r\n" +
		"From: <sip:MAC%3A" + mac + "@224.0.1.75>;tag=x\r\nTo: <sip:MAC%3A" + mac + "@224.0.1.75>\r\n" +
		"Call-ID: " + id + "\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:" + mac + "@127.0.0.1:9>\r\n" +
		"Event: ua-profile;profile-type=\"device\";vendor=\"" + agent + "\";model=\"" + agent + "\";version=\"1\"\r\n" +
		"User-Agent: " + agent + "\r\nExpires: 0\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
}

// discoverAs is a message of the n-th client, as a relay agent passes it on.
func discoverAs(n int, kind byte, options ...[]byte) string {
	b := make([]byte, 240)
	b[0], b[1], b[2], b[3] = 1, 1, 6, 1
	binary.BigEndian.PutUint32(b[4:], uint32(n)) //nolint:gosec // a few thousand
	copy(b[24:], []byte{127, 0, 0, 1})
	copy(b[28:], []byte{0, 0x21, 0xf2, byte(n >> 16), byte(n >> 8), byte(n)})
	copy(b[236:], []byte{99, 130, 83, 99})
	b = append(b, option(optKind, kind)...)
	return string(append(append(b, bytes.Join(options, nil)...), 255))
}
