package pcaps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// wireField is one field of a UDP payload: name, and where its bytes are.
type wireField struct {
	name     string
	from, to int
}

// notCompared are the fields of which Ignored says that they are not compared, by the
// kind of message and the field's name: what * stands for, or a name.
var notCompared = []string{
	"dhcp xid", "dhcp secs", "dhcp hops", "dhcp giaddr", "dhcp padding", // after the End option there is nothing
	// The lease itself, and the length and order of a server's options.
	"dhcp-server yiaddr", "dhcp-server option 1", "dhcp-server option 3", "dhcp-server option 6", "dhcp-server option 51",
	"dhcp-server option 54", "dhcp-server option 58", "dhcp-server option 59", "dhcp-server flags",
	"dhcp-server ciaddr", "dhcp-server siaddr", "dhcp-server code 58", "dhcp-server code 59", // each becomes the other
	"dhcp-phone option 50", "dhcp-phone option 54",
	"tftp message", "sip reason",
	"sip via", "sip contact", "sip cseq number", "sip content-length", "sip tag",
	"sip-server from", "sip-server to", "sip-answer from", "sip-answer to", // but in a SUBSCRIBE
}

// Each field in each packet of the guide's figures, changed once on the wire, makes a
// difference that names the frame, unless it is one of those that are not compared.
func TestDiffFindsEachFieldOnTheWire(t *testing.T) {
	tried := 0
	for _, name := range []string{"guide_dhcp_option66.pcapng", "guide_pnp.pcapng"} {
		original := behaviourOf(t, name)
		frames := framesIn(t, name)
		for n, f := range frames {
			kind, fields := wireFields(f)
			for _, field := range fields {
				label := kind + " " + field.name
				general, _, _ := strings.Cut(kind, "-")
				ignored := slices.Contains(notCompared, label) || slices.Contains(notCompared, general+" "+field.name)
				changed := slices.Clone(f)
				changeField(changed[field.from:field.to])
				all := slices.Clone(frames)
				all[n] = changed
				b, err := ReadBehaviour("changed", bytes.NewReader(captureFrames(t, all)))
				if err != nil {
					t.Fatal(err)
				}
				tried++
				diff := Diff(original, b)
				place := fmt.Sprintf("frame %d", n+1)
				if name == "guide_dhcp_option66.pcapng" && label == "tftp-phone opcode" && n+1 == 5 {
					place = "frame 6" // one request, sent twice: which of the two is left can't be told
				}
				named := slices.ContainsFunc(diff, func(d Difference) bool { return d.A == place || d.B == place })
				switch {
				case ignored && len(diff) > 0:
					t.Errorf("%s %s: %s is not compared, and makes a difference: %v", name, place, label, diff)
				case !ignored && !named:
					t.Errorf("%s %s: %s changed from %q, and nothing names it: %v", name, place, label, f[field.from:field.to], diff)
				}
			}
		}
	}
	if tried < 200 {
		t.Errorf("only %d fields were tried", tried)
	}
}

// changeField changes one byte so that the field stays of its kind.
func changeField(b []byte) {
	i := len(b) - 1
	switch c := b[i]; {
	case c >= '0' && c < '9', c >= 'a' && c < 'z', c >= 'A' && c < 'Z':
		b[i]++
	case c == '9', c == 'z', c == 'Z':
		b[i]--
	default:
		b[i] ^= 1
	}
}

func framesIn(t *testing.T, name string) [][]byte {
	t.Helper()
	f, err := os.Open("library/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for {
		b, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
}

// captureFrames writes frames a second apart.
func captureFrames(t *testing.T, frames [][]byte) []byte {
	t.Helper()
	w := newWriter(t, layers.LinkTypeEthernet)
	for _, f := range frames {
		w.raw(f)
	}
	return w.out.Bytes()
}

// wireFields are the fields of a frame's UDP payload, and the kind of message.
func wireFields(frame []byte) (kind string, fields []wireField) {
	p := gopacket.NewPacket(frame, layers.LinkTypeEthernet, gopacket.Default)
	udp := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
	ip := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	start := 14 + 4*int(ip.IHL) + 8
	payload := udp.Payload
	by := "phone"
	if p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet).SrcMAC[0] == 2 { // made up
		by = "server"
	}
	switch {
	case looksLikeDHCP(payload):
		kind, fields = "dhcp-"+by, dhcpFields(payload)
	case bytes.HasPrefix(payload, []byte("SIP/2.0")) && by == "phone":
		kind, fields = "sip-answer", sipFields(payload)
	case bytes.Contains(payload, []byte("SIP/2.0")):
		kind, fields = "sip-"+by, sipFields(payload)
	default:
		kind, fields = "tftp-"+by, tftpFields(payload)
	}
	for i := range fields {
		fields[i].from += start
		fields[i].to += start
	}
	return kind, fields
}

func dhcpFields(b []byte) []wireField {
	all := []wireField{{"op", 0, 1}, {"htype", 1, 2}, {"hlen", 2, 3}, {"hops", 3, 4}, {"xid", 4, 8}, {"secs", 8, 10}, {"flags", 10, 11},
		{"ciaddr", 12, 16}, {"yiaddr", 16, 20}, {"siaddr", 20, 24}, {"giaddr", 24, 28}, {"chaddr", 28, 34}, {"sname", 44, 45},
		{"file", 108, 109}, {"cookie", 236, 240}}
	i := 240
	for b[i] != 255 {
		all = append(all, wireField{fmt.Sprintf("option %d", b[i]), i + 2, i + 2 + int(b[i+1])}, wireField{fmt.Sprintf("code %d", b[i]), i, i + 1})
		i += 2 + int(b[i+1])
	}
	if i+1 < len(b) {
		all = append(all, wireField{"padding", len(b) - 1, len(b)})
	}
	return all
}

func tftpFields(b []byte) []wireField {
	all := []wireField{{"opcode", 0, 2}}
	p, err := tftp.Parse(b)
	if err != nil {
		return all
	}
	switch p.Op { //nolint:exhaustive // the figures have no other
	case tftp.DATA:
		return append(all, wireField{"block", 2, 4}, wireField{"data", 4, len(b)})
	case tftp.ERROR:
		return append(all, wireField{"code", 2, 4}, wireField{"message", 4, 4 + len(p.Message)})
	}
	at := 2
	for i, word := range bytes.Split(b[2:len(b)-1], []byte{0}) {
		all = append(all, wireField{fmt.Sprintf("word %d", i), at, at + len(word)})
		at += len(word) + 1
	}
	return all
}

// sipFields are each word of the start line, each header's name and value, and the body.
func sipFields(b []byte) []wireField {
	var all []wireField
	at := 0
	for i, line := range strings.Split(string(b), "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		switch {
		case i == 0:
			words := strings.SplitN(line, " ", 3)
			user, _, _ := strings.Cut(words[1], "@")
			all = append(all, wireField{"first word", at, at + len(words[0])},
				wireField{"second word", at + len(words[0]) + 1, at + len(words[0]) + 1 + len(user)})
		case line == "":
		case !ok || strings.Contains(name, " ") || strings.HasPrefix(value, "//"):
			all = append(all, wireField{"body", at, at + len(line)})
		default:
			all = append(all, headerFields(strings.ToLower(name), value, at+len(name)+1)...)
		}
		at += len(line) + 2
	}
	return all
}

// headerFields are the URI and the tag of From and To, and all of other headers.
func headerFields(name, value string, at int) []wireField {
	uri, tag, tagged := strings.Cut(value, ";tag=")
	switch {
	case name == "call-id":
		return nil // one for the whole dialog: another one is another dialog
	case (name == "from" || name == "to") && tagged:
		return []wireField{{name, at, at + len(uri) - 1}, {"tag", at + len(uri) + 5, at + len(uri) + 5 + len(tag)}}
	case name == "cseq":
		return []wireField{{"cseq number", at, at + 2}, {"cseq method", at + 2, at + len(value)}}
	case name == "from" || name == "to":
		return []wireField{{name, at, at + len(uri) - 1}}
	}
	return []wireField{{name, at, at + len(value)}}
}
