package phone

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
)

var sipSender = netip.MustParseAddrPort("192.0.2.9:5060")

// sipMessage makes a request of method, with more header lines. A line that names a
// header of the usual ones replaces it; one that ends in ":-" takes it out.
func sipMessage(method string, more ...string) []byte {
	lines := []string{
		"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1", "From: <sip:prov@192.0.2.9>;tag=1", "To: <sip:1001@192.0.2.1>",
		"Call-ID: a@192.0.2.9", "CSeq: 1 " + method, "Content-Length: 0",
	}
	for _, line := range more {
		name, _, _ := strings.Cut(line, ":")
		at := len(lines)
		for i := range lines {
			if strings.HasPrefix(lines[i], name+":") {
				at = i
			}
		}
		switch {
		case strings.HasSuffix(line, ":-"):
			lines = append(lines[:at], lines[at+1:]...)
		case at < len(lines):
			lines[at] = line
		default:
			lines = append(lines, line)
		}
	}
	return []byte(method + " sip:1001@192.0.2.1:5060 SIP/2.0\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n")
}

// statusOf is the status line of an answer, without its version.
func statusOf(answer []byte) string {
	line, _, _ := bytes.Cut(answer, []byte("\r\n"))
	return strings.TrimPrefix(string(line), "SIP/2.0 ")
}

// Twelve ways to write check-sync; half of them are none.
func TestCheckSyncSpellings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		lines   string
		status  string
		trigger device.Trigger
	}{
		{"Event: check-sync", "200 OK", device.CheckSync},
		{"Event: check-sync;reboot=true", "200 OK", device.CheckSyncReboot},
		{"event:check-sync;reboot=false", "200 OK", device.CheckSync},
		{"EVENT: Check-Sync ; Reboot = TRUE", "200 OK", device.CheckSyncReboot},
		{"o: CHECK-SYNC", "200 OK", device.CheckSync},
		{"o:check-sync;id=7;reboot =true", "200 OK", device.CheckSyncReboot},

		{"Event: checksync", "489 Bad Event", ""},
		{"Event: check-sync2;reboot=true", "489 Bad Event", ""},
		{"Event: resync", "489 Bad Event", ""},
		{"X-Event: check-sync", "489 Bad Event", ""},
		{"Event: check-sync|To: <sip:1001@192.0.2.1>;tag=2", "481 Call/Transaction Does Not Exist", ""},
		{"Event: check-sync|Event : resync", "400 More Than One Event", ""},
	}
	for _, test := range tests {
		t.Run(test.lines, func(t *testing.T) {
			answer, action := new(sipCore).answerRequest(sipMessage("NOTIFY", strings.Split(test.lines, "|")...), sipSender)
			if statusOf(answer) != test.status || action.trigger != test.trigger {
				t.Errorf("%q, trigger %q; want %q, %q", statusOf(answer), action.trigger, test.status, test.trigger)
			}
		})
	}
}

// What other parameters a check-sync may have does not matter, nor what reboot is set
// to if not to true.
func TestCheckSyncParameters(t *testing.T) {
	t.Parallel()
	for value, reboot := range map[string]bool{
		"check-sync;reboot":                   false,
		"check-sync;reboot=":                  false,
		"check-sync;reboot=1":                 false,
		"check-sync;noreboot=true":            false,
		"check-sync;reboot=truer":             false,
		`check-sync;reboot="true"`:            true,
		"check-sync;;reboot=true;":            true,
		"\tcheck-sync\t;\treboot\t=\ttrue\t":  true,
		"check-sync;reboot=false;reboot=true": true,
	} {
		known, got := parseEvent(value)
		if !known || got != reboot {
			t.Errorf("parseEvent(%q) = %v, %v; want true, %v", value, known, got, reboot)
		}
	}
}

func TestSIPAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		raw    []byte
		status string // empty: no answer
		has    string // a line of the answer
	}{
		{"OPTIONS", sipMessage("OPTIONS"), "200 OK", "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY"},
		{"OPTIONS tells events", sipMessage("OPTIONS"), "200 OK", "Allow-Events: check-sync"},
		{"INVITE", sipMessage("INVITE"), "480 Temporarily Unavailable", ""},
		{"ACK", sipMessage("ACK"), "", ""},
		{"BYE", sipMessage("BYE"), "481 Call/Transaction Does Not Exist", ""},
		{"CANCEL of nothing", sipMessage("CANCEL"), "481 Call/Transaction Does Not Exist", ""},
		{"OPTIONS in a dialog", sipMessage("OPTIONS", "To: <sip:x@y>;TAG=7"), "481 Call/Transaction Does Not Exist", ""},
		{"MESSAGE", sipMessage("MESSAGE"), "405 Method Not Allowed", "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY"},
		{"SUBSCRIBE", sipMessage("SUBSCRIBE", "Event: presence"), "405 Method Not Allowed", ""},
		{"unknown method", sipMessage("FROBNICATE"), "501 Not Implemented", ""},
		{"no event", sipMessage("NOTIFY"), "489 Bad Event", "Allow-Events: check-sync"},
		{"an extension", sipMessage("OPTIONS", "Require: 100rel"), "420 Bad Extension", "Unsupported: 100rel"},
		{"another version", bytes.Replace(sipMessage("OPTIONS"), []byte("SIP/2.0\r\n"), []byte("SIP/3.0\r\n"), 1), "505 Version Not Supported", ""},

		{"no From", sipMessage("OPTIONS", "From:-"), "400 Missing From", ""},
		{"no Call-ID", sipMessage("OPTIONS", "Call-ID:-"), "400 Missing Call-ID", ""},
		{"two To", sipMessage("OPTIONS", "t: <sip:x@y>"), "400 More Than One To", ""},
		{"no CSeq", sipMessage("NOTIFY", "CSeq:-"), "400 Missing CSeq", ""},
		{"CSeq of another method", sipMessage("NOTIFY", "CSeq: 1 OPTIONS"), "400 Bad CSeq", ""},
		{"CSeq beyond 2**31", sipMessage("NOTIFY", "CSeq: 2147483648 NOTIFY"), "400 Bad CSeq", ""},
		{"To is no address", sipMessage("NOTIFY", `To: "1001`), "400 Bad To", ""},
		{"a line without a colon", sipMessage("NOTIFY", "no colon here"), "400 Bad Request", ""},
		{"body too short", sipMessage("NOTIFY", "Content-Length: 10"), "400 Bad Request", ""},
		{"Content-Length is no number", sipMessage("NOTIFY", "Content-Length: many"), "400 Bad Request", ""},
		{"no URI", []byte("NOTIFY  SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n\r\n"), "400 Bad Request", ""},
		{"an ACK is never answered", sipMessage("ACK", "From:-"), "", ""},

		{"no Via", sipMessage("OPTIONS", "Via:-"), "", ""},
		{"Via names no host", sipMessage("OPTIONS", "Via: SIP/2.0/UDP ;branch=z9hG4bK1"), "", ""},
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "", ""},
		{"empty", nil, "", ""},
		{"keep-alive", []byte("\r\n\r\n"), "", ""},
		{"binary", []byte{0, 1, 2, 3, 0xff}, "", ""},
		{"long", append(sipMessage("OPTIONS"), make([]byte, maxSIPMessage)...), "", ""},
		{"a long line", sipMessage("OPTIONS", "X: "+strings.Repeat("a;", maxSIPLine)), "", ""},
		{"many headers", sipMessage("OPTIONS", strings.Repeat("X: 1\r\n", maxSIPHeaders)+"X: 1"), "", ""},

		{"LF alone", bytes.ReplaceAll(sipMessage("NOTIFY", "Event: check-sync"), []byte("\r"), nil), "200 OK", ""},
		{"no empty line", bytes.TrimSuffix(sipMessage("OPTIONS"), []byte("\r\n")), "200 OK", ""},
		{"folded", sipMessage("NOTIFY", "Event: check-sync;\r\n reboot=true"), "200 OK", ""},
		{"compact", sipMessage("NOTIFY", "Via:-", "v: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1", "From:-", "f: <sip:a@b>;tag=1",
			"To:-", "t: <sip:c@d>", "Call-ID:-", "i: 7", "o: check-sync"), "200 OK", "Call-ID: 7"},
		{"more after the body", append(sipMessage("NOTIFY", "Event: check-sync"), "more"...), "200 OK", ""},
		{"an odd header of no use", sipMessage("NOTIFY", "Event: check-sync", "Contact: <<<;;;", "Max-Forwards: x"), "200 OK", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer, action := new(sipCore).answerRequest(test.raw, sipSender)
			if got := statusOf(answer); got != test.status {
				t.Errorf("%q (%v), want %q", got, action.dropped, test.status)
			}
			if !strings.Contains(string(answer), test.has) {
				t.Errorf("no line %q in\n%s", test.has, answer)
			}
		})
	}
}

// An answer repeats the request's headers byte for byte, all Vias in their order, and
// goes where RFC 3261 §18.2.2 and RFC 3581 have it.
func TestSIPAnswerHeaders(t *testing.T) {
	t.Parallel()
	core := new(sipCore)
	core.rules.Store(&sipRules{agent: "Flyingvoice FIP14G V0.5.15 00:21:F2:00:00:01"})
	raw := sipMessage("NOTIFY", "Event: check-sync", "Via: SIP/2.0/UDP proxy.example:5070 ; branch=z9hG4bK2;rport , SIP/2.0/TCP b;branch=3",
		"v: SIP/2.0/UDP last.example;branch=z9hG4bK4", `From:  "A; \"B\"" <sip:prov@x;lr>;tag=1;x="y z"`, "To: sip:1001@192.0.2.1")
	answer, action := core.answerRequest(raw, netip.MustParseAddrPort("192.0.2.9:40000"))
	head, tag, _ := strings.Cut(string(answer), "To: sip:1001@192.0.2.1;tag=")
	want := "SIP/2.0 200 OK\r\n" +
		"Via: SIP/2.0/UDP proxy.example:5070 ; branch=z9hG4bK2;rport=40000;received=192.0.2.9, SIP/2.0/TCP b;branch=3\r\n" +
		"Via: SIP/2.0/UDP last.example;branch=z9hG4bK4\r\n" +
		`From: "A; \"B\"" <sip:prov@x;lr>;tag=1;x="y z"` + "\r\n"
	if diff := cmp.Diff(want, head); diff != "" {
		t.Errorf("head (-want +got):\n%s", diff)
	}
	_, rest, _ := strings.Cut(tag, "\r\n")
	want = "Call-ID: a@192.0.2.9\r\nCSeq: 1 NOTIFY\r\nUser-Agent: Flyingvoice FIP14G V0.5.15 00:21:F2:00:00:01\r\nContent-Length: 0\r\n\r\n"
	if diff := cmp.Diff(want, rest); diff != "" {
		t.Errorf("rest (-want +got):\n%s", diff)
	}
	if action.to.String() != "192.0.2.9:40000" {
		t.Errorf("with rport it goes to %s", action.to)
	}
	for via, to := range map[string]string{
		"192.0.2.9:5070": "192.0.2.9:5070", "192.0.2.9": "192.0.2.9:5060", "elsewhere.example:5080": "192.0.2.9:5080", "x:0": "192.0.2.9:5060",
	} {
		_, action := core.answerRequest(sipMessage("OPTIONS", "Via: SIP/2.0/UDP "+via), netip.MustParseAddrPort("192.0.2.9:40000"))
		if action.to.String() != to {
			t.Errorf("Via %s: the answer goes to %s, want %s", via, action.to, to)
		}
	}
}
