package library

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// guidePhone is the phone of both figures.
var guidePhone = device.MAC{0x00, 0x21, 0xf2, 0x22, 0xb0, 0x1d}

// guideDay is made up: the figures print only the time of day.
var guideDay = time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC)

func port(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

// guideDHCP is the figure of DHCP option 66 (Guide, "DHCP option 66"): discovery, the
// bare MAC asked for twice, three files that are missing, and the common cfg.
func guideDHCP(c *capture) {
	c.day, c.mac = guideDay, guidePhone
	nobody, everybody := port("0.0.0.0:68"), port("255.255.255.255:67")
	server := port("192.168.50.92:67")
	phone := func(n uint16) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr("192.168.50.4"), n) }
	daemon := func(n uint16) netip.AddrPort { return netip.AddrPortFrom(server.Addr(), n) }

	c.udp("14:29:06.842740", "guide frame 485, grade A: Discover, 590 bytes; options 55 and 60: grade B", nobody, everybody,
		true, bootp(1, 1, nil))
	c.udp("14:29:06.876257", "guide frame 489, grade A: Offer, about 343 bytes", server, port("255.255.255.255:68"), false,
		bootp(2, 2, lease))
	c.udp("14:29:06.879025", "guide frame 490, grade A: Request, 590 bytes", nobody, everybody, true, bootp(1, 3, asked))
	c.udp("14:29:06.895000", "not numbered in the guide, time made up; ACK, 343 bytes: grade A; text of option 66: grade B",
		server, port("255.255.255.255:68"), false, bootp(2, 5, lease))

	ask := func(clock, comment, name string, from uint16) {
		c.udp(clock, comment+"; source port "+portGrade(from), phone(from), daemon(69), true, readRequest(name))
	}
	miss := func(clock, comment string, from, to uint16) {
		// A Tftpd32 pads its error text with two NULs: 62 bytes instead of 61.
		c.udp(clock, comment, daemon(from), phone(to), false, append(tftp.AppendError(nil, tftp.FileNotFound, "File not found"), 0))
	}
	mac := guidePhone.String()
	ask("14:29:30.719753", "guide frame 573, grade A: RRQ, 93 bytes, no answer", mac, 55820)
	ask("14:29:34.954594", "guide frame 580, grade A: the same again, 4.235 s later", mac, 55820)
	miss("14:29:34.956266", "guide frame 581, grade A: ERROR 1, from port 64902", 64902, 55820)
	ask("14:29:35.321573", "guide frame 583, grade A: RRQ, 98 bytes", mac+".boot", 55821)
	miss("14:29:35.322920", "guide frame 584, grade A: ERROR 1, from port 64903", 64903, 55821)
	ask("14:29:35.518512", "guide frame 585, grade A: RRQ, 99 bytes", device.CommonBoot, 55822)
	miss("14:29:35.526433", "guide frame 586, grade A: ERROR 1, from port 64904", 64904, 55822)
	ask("14:29:35.676215", "guide frame 587, grade A: RRQ, 98 bytes", device.CommonCfg, 55823)
	c.udp("14:29:35.677966", "guide frame 588, grade A: DATA 1, the last, 70 bytes, no OACK; its text is made up",
		daemon(64905), phone(55823), false, tftp.AppendData(nil, 1, []byte(guideCfg)))
}

func portGrade(n uint16) string {
	if n == 55823 {
		return "grade A"
	}
	return "made up"
}

// guideCfg has the 70 bytes of the figure; what they say is made up.
const guideCfg = "#!version:1.0.0.1\nlang.gui=English\nlocal_time.time_zone=+8\nx.y=rebuilt"

// readRequest has the options of libcurl, whose requests the phone's are: its length,
// 81 bytes on the wire and the name, proves all but the digit of timeout.
func readRequest(name string) []byte {
	return tftp.AppendRRQ(nil, name, tftp.Octet, tftp.Option{Name: tftp.OptionTsize, Value: "0"},
		tftp.Option{Name: tftp.OptionBlksize, Value: "512"}, tftp.Option{Name: tftp.OptionTimeout, Value: "3"})
}

// lease are the options of Offer and ACK, in the guide's order (RFC 2132).
var lease = []byte("\x36\x04\xc0\xa8\x32\x5c" + // 54: 192.168.50.92
	"\x01\x04\xff\xff\xff\x00" + // 1: 255.255.255.0
	"\x03\x04\xc0\xa8\x32\x01" + // 3: 192.168.50.1
	"\x06\x04\xc0\xa8\x32\x01" + // 6: 192.168.50.1
	"\x33\x04\x00\x01\x51\x80" + // 51: a day
	"\x3a\x04\x00\x00\xa8\xc0" + // 58: half of it
	"\x3b\x04\x00\x01\x27\x50" + // 59: seven eighths
	"\x42\x0d192.168.50.92") // 66

// asked are the options of the Request that the Discover has not.
var asked = []byte("\x32\x04\xc0\xa8\x32\x04\x36\x04\xc0\xa8\x32\x5c")

// bootp is a DHCP message (RFC 2131 §2): of a phone, padded to 548 bytes and with its
// own options, or of a server.
func bootp(op, kind byte, options []byte) []byte {
	b := make([]byte, 240, 548)
	b[0], b[1], b[2] = op, 1, 6
	binary.BigEndian.PutUint32(b[4:], 0xf8448829)
	b[10] = 0x80 // answers go to everybody
	if op == 2 {
		copy(b[16:], []byte{192, 168, 50, 4})
	}
	copy(b[28:], guidePhone[:])
	copy(b[236:], []byte{99, 130, 83, 99})
	b = append(b, 53, 1, kind)
	if op == 2 {
		return append(append(b, options...), 255)
	}
	b = append(append(b, 61, 7, 1), guidePhone[:]...)
	b = append(b, options...)
	b = append(b, 57, 2, 2, 64, 55, 8, 1, 3, 6, 12, 15, 28, 42, 66)
	b = append(append(b, 60, 12), "udhcp 1.16.1"...)
	return append(b, 255)[:548]
}

// guidePnP is the figure of SIP PnP (Guide, "PnP"): SUBSCRIBE, 200, NOTIFY from another
// port, and the file that it names.
func guidePnP(c *capture) {
	c.day, c.mac = guideDay, guidePhone
	phone, group, server := port("192.168.50.163:59495"), port("224.0.1.75:5060"), port("192.168.50.183:5060")
	notifier := port("192.168.50.183:7777")
	user := "sip:MAC" + guidePhone.String() + "@224.0.1.75"
	contact := "sip:MAC" + guidePhone.String() + "@" + phone.String()
	const id, via = "rebuilt-1", "z9hG4bKrebuilt1"
	event := `ua-profile;profile-type="device";vendor="Flyingvoice";model="FIP14G";version="V0.5.15"`

	c.udp("14:58:40.482353", "guide frame 389, grade A: addresses and Request-URI; the other headers: grade B/C", phone, group, true,
		message("SUBSCRIBE "+user+" SIP/2.0", "Via: SIP/2.0/UDP "+phone.String()+";branch="+via, "From: <"+user+">;tag=phone1",
			"To: <"+user+">",
			"Call-ID: "+id, "CSeq: 1 SUBSCRIBE", "Contact: <"+contact+">", "Max-Forwards: 70", "Expires: 0", "Event: "+event,
			"Accept: application/url", "Content-Length: 0"))
	c.udp("14:58:40.482943", "about guide frame 390, grade B: 200 OK, about 393 bytes", server, phone, false,
		message("SIP/2.0 200 OK", "Via: SIP/2.0/UDP "+phone.String()+";branch="+via, "From: <"+user+">;tag=phone1",
			"To: <"+user+">;tag=server1",
			"Call-ID: "+id, "CSeq: 1 SUBSCRIBE", "Contact: <sip:"+server.String()+">", "Expires: 0", "Content-Length: 0"))
	body := "tftp://" + server.Addr().String() + "/" + guidePhone.CfgName()
	c.udp("14:58:43.694439", "about guide frame 391, grade B: NOTIFY from port 7777, about 486 bytes; its URL: grade C",
		notifier, phone, false,
		message("NOTIFY "+contact+" SIP/2.0", "Via: SIP/2.0/UDP "+notifier.String()+";branch=z9hG4bKrebuilt2",
			"From: <"+user+">;tag=server1",
			"To: <"+user+">;tag=phone1", "Call-ID: "+id, "CSeq: 2 NOTIFY", "Contact: <sip:"+notifier.String()+">",
			"Max-Forwards: 70", "Event: "+event,
			"Subscription-State: terminated;reason=timeout", "Content-Type: application/url",
			fmt.Sprintf("Content-Length: %d", len(body)), "", body))
	c.udp("14:58:43.697000", "not in the guide, time made up; the phone's 200: grade C", phone, notifier, true,
		message("SIP/2.0 200 OK", "Via: SIP/2.0/UDP "+notifier.String()+";branch=z9hG4bKrebuilt2", "From: <"+user+">;tag=server1",
			"To: <"+user+">;tag=phone1", "Call-ID: "+id, "CSeq: 2 NOTIFY", "Content-Length: 0"))
	c.udp("14:58:44.596978", "guide frame 393, grade A: RRQ, 97 bytes", port("192.168.50.163:40508"), port("192.168.50.183:69"), true,
		readRequest(guidePhone.CfgName()))
}

// message is a SIP message; what follows an empty line is its body.
func message(lines ...string) []byte {
	text := strings.Join(lines, "\r\n")
	if !strings.Contains(text, "\r\n\r\n") {
		text += "\r\n\r\n"
	}
	return []byte(text)
}
