package pcaps

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
)

// dhcpWatch follows the DHCP messages of a capture. A client is known by its chaddr.
type dhcpWatch struct {
	r     *roster
	state map[device.MAC]*dhcpState
}

// dhcpState is one client's exchange.
type dhcpState struct {
	xid   uint32
	sends map[dhcpv4.MessageType]int
	first time.Time
}

func newDHCPWatch(r *roster) *dhcpWatch {
	return &dhcpWatch{r: r, state: make(map[device.MAC]*dhcpState)}
}

// dhcpURLOptions are those that are known to carry the provisioning server's address.
var dhcpURLOptions = []int{66, 150, 160, 43, 67, 159, 161}

// looksLikeDHCP tells a DHCP message for Ethernet by its magic cookie (RFC 2131 §3),
// at whatever port a relay uses.
func looksLikeDHCP(b []byte) bool {
	return len(b) >= 240 && (b[0] == 1 || b[0] == 2) && string(b[236:240]) == "\x63\x82\x53\x63"
}

// take looks at a datagram; false: it is not DHCP.
func (w *dhcpWatch) take(d datagram) bool {
	if !looksLikeDHCP(d.data) {
		return false
	}
	var mac device.MAC
	copy(mac[:], d.data[28:])
	if d.data[1] != 1 || d.data[2] != 6 || mac.IsZero() {
		return true
	}
	phone := w.r.phoneOf(mac)
	if phone == nil {
		return true
	}
	phone.likely = true
	if src, dst := d.src.Port(), d.dst.Port(); (src != 67 && src != 68) || (dst != 67 && dst != 68) {
		phone.oddDHCP = true
	}
	if isPhoneMaker(mac) {
		phone.provisions = true
	}
	m, err := discover.ReadDHCP(d.data)
	if err != nil {
		detail := trace.Clean(err.Error())
		if d.cut > 0 {
			detail = fmt.Sprintf("the capture lacks %d bytes of it", d.cut)
		}
		w.r.record(phone, Event{Event: trace.Event{Kind: trace.DHCPIgnored, At: d.at, Frame: d.frame, Detail: detail}})
		return true
	}
	s := w.state[mac]
	if s == nil || s.xid != xidOf(d.data) && d.data[0] == 1 {
		if s == nil {
			s = &dhcpState{first: d.at}
			w.state[mac] = s
		}
		s.xid, s.first, s.sends = xidOf(d.data), d.at, make(map[dhcpv4.MessageType]int)
	}
	if d.data[0] == 1 {
		w.asked(phone, s, d, m)
	} else {
		w.answered(phone, s, d, m)
	}
	return true
}

func xidOf(b []byte) uint32 {
	return uint32(b[4])<<24 | uint32(b[5])<<16 | uint32(b[6])<<8 | uint32(b[7])
}

// isPhoneMaker tells the Ethernet addresses of the phones' maker: 00:21:F2, and
// 78:99:12 on recent stock.
func isPhoneMaker(m device.MAC) bool {
	return m[0] == 0x00 && m[1] == 0x21 && m[2] == 0xf2 || m[0] == 0x78 && m[1] == 0x99 && m[2] == 0x12
}

// asked records a client's message.
func (w *dhcpWatch) asked(phone *Phone, s *dhcpState, d datagram, m *dhcpv4.DHCPv4) {
	kind, detail := trace.DHCPRequest, ""
	client, _ := netip.AddrFromSlice(m.ClientIPAddr.To4())
	switch m.MessageType() { //nolint:exhaustive // the rest is of no use
	case dhcpv4.MessageTypeDiscover:
		kind, detail = trace.DHCPDiscover, fmt.Sprintf("transaction 0x%08x", s.xid)
		if phone.custom == "" {
			phone.custom = customOptions(d.data, m)
		}
	case dhcpv4.MessageTypeRequest, dhcpv4.MessageTypeInform:
		detail = addr(m.Options[50]).String()
		if client.IsValid() && !client.IsUnspecified() {
			kind, detail = trace.DHCPRenew, client.String()
			w.r.bind(phone, client)
		}
		if m.MessageType() == dhcpv4.MessageTypeInform {
			kind, detail = trace.DHCPRequest, "INFORM, from "+client.String()
		}
	case dhcpv4.MessageTypeRelease:
		kind, detail = trace.DHCPRelease, client.String()
	default:
		return
	}
	s.sends[m.MessageType()]++
	for _, code := range m.Options[55] {
		if slices.Contains(dhcpURLOptions[:3], int(code)) {
			phone.provisions = phone.provisions || code != 150 || isPhoneMaker(phone.MAC)
		}
	}
	e := Event{Event: trace.Event{Kind: kind, At: d.at, Frame: d.frame, Attempt: s.sends[m.MessageType()],
		Took: sinceOf(s.first, d.at), Detail: detail}}
	e.Facts = dhcpFacts(d.data, m)
	w.r.record(phone, e)
}

// answered records a server's message.
func (w *dhcpWatch) answered(phone *Phone, s *dhcpState, d datagram, m *dhcpv4.DHCPv4) {
	address, server := addr(m.YourIPAddr.To4()), addr(m.Options[54])
	e := Event{Event: trace.Event{At: d.at, Frame: d.frame, Peer: d.src, Took: sinceOf(s.first, d.at)}}
	switch m.MessageType() { //nolint:exhaustive // the rest is of no use
	case dhcpv4.MessageTypeOffer:
		e.Kind, e.Detail = trace.DHCPOffer, fmt.Sprintf("%s offered by %s", address, server)
	case dhcpv4.MessageTypeAck:
		e.Kind, e.Detail = trace.DHCPAck, fmt.Sprintf("%s leased by %s", address, server)
		w.r.bind(phone, address)
	case dhcpv4.MessageTypeNak:
		e.Kind, e.Detail = trace.DHCPNak, trace.Clean(string(m.Options[56]))
		w.r.record(phone, e)
		return
	default:
		return
	}
	text, code, err := discover.ServerText(m.Options, dhcpURLOptions[:4])
	switch {
	case err != nil:
		e.Detail += ", " + trace.Clean(err.Error())
	case text == "":
		e.Detail += ", no option 66, 150, 160 or 43"
	default:
		e.URL = discover.WithoutUserInfo(text)
		e.Detail += fmt.Sprintf(", option %d %q", code, e.URL)
		if code != 43 {
			phone.provisions = true
		}
	}
	e.Facts = dhcpFacts(d.data, m)
	w.r.record(phone, e)
}

// dhcpFacts are all options in the order in which they came, and the fields beside.
func dhcpFacts(b []byte, m *dhcpv4.DHCPv4) []Fact {
	order := optionOrder(b)
	facts := []Fact{{"dhcp.type", strconv.Itoa(int(m.MessageType()))}, {"dhcp.length", strconv.Itoa(len(b))}, {"dhcp.order", order}}
	facts = append(facts, bootpFacts(m)...)
	if name := strings.TrimRight(m.ServerHostName, "\x00"); name != "" && len(m.Options[52]) == 0 {
		facts = append(facts, Fact{"dhcp.sname", shown([]byte(name))})
	}
	if name := strings.TrimRight(m.BootFileName, "\x00"); name != "" && len(m.Options[52]) == 0 {
		facts = append(facts, Fact{"dhcp.file", shown([]byte(name))})
	}
	codes := make([]int, 0, len(m.Options))
	for code := range m.Options {
		if code != 53 && code != 255 {
			codes = append(codes, int(code))
		}
	}
	slices.Sort(codes)
	for _, code := range codes {
		facts = append(facts, Fact{"dhcp.option." + strconv.Itoa(code), dhcpValue(code, m.Options[uint8(code)])})
	}
	return facts
}

// bootpFacts are the fields before the options, as far as there is something in them.
func bootpFacts(m *dhcpv4.DHCPv4) []Fact {
	var facts []Fact
	switch {
	case m.IsBroadcast() && m.Flags == 0x8000:
		facts = append(facts, Fact{"dhcp.flags", "broadcast"})
	case m.Flags != 0:
		facts = append(facts, Fact{"dhcp.flags", fmt.Sprintf("0x%04x", m.Flags)})
	}
	for _, f := range []struct {
		name string
		ip   []byte
	}{{"dhcp.ciaddr", m.ClientIPAddr}, {"dhcp.yiaddr", m.YourIPAddr}, {"dhcp.siaddr", m.ServerIPAddr}, {"dhcp.giaddr", m.GatewayIPAddr}} {
		if a := addr(f.ip); a.IsValid() && !a.IsUnspecified() {
			facts = append(facts, Fact{f.name, a.String()})
		}
	}
	return facts
}

// optionOrder lists the codes of the options field as they stand there.
func optionOrder(b []byte) string {
	var codes []string
	for i := 240; i < len(b) && b[i] != 255; {
		if b[i] == 0 {
			i++
			continue
		}
		codes = append(codes, strconv.Itoa(int(b[i])))
		if i+1 >= len(b) {
			break
		}
		i += 2 + int(b[i+1])
	}
	return strings.Join(codes, ",")
}

// dhcpValue writes an option's value: addresses, numbers or text where it is such, else
// hexadecimal.
func dhcpValue(code int, v []byte) string {
	switch code {
	case 1, 3, 6, 28, 42, 50, 54, 150:
		if len(v)%4 == 0 {
			var all []string
			for ; len(v) > 0; v = v[4:] {
				all = append(all, addr(v[:4]).String())
			}
			return strings.Join(all, ",")
		}
	case 51, 58, 59:
		if len(v) == 4 {
			return strconv.FormatUint(uint64(v[0])<<24|uint64(v[1])<<16|uint64(v[2])<<8|uint64(v[3]), 10)
		}
	case 55:
		all := make([]string, len(v))
		for i, c := range v {
			all[i] = strconv.Itoa(int(c))
		}
		return strings.Join(all, ",")
	case 61, 82:
		return hex.EncodeToString(v)
	}
	return shown(v)
}

// shown writes bytes as text where they are, without padding and without a password,
// else as hexadecimal digits.
func shown(v []byte) string {
	text := strings.Trim(string(v), "\x00 ")
	odd := func(c rune) bool {
		return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == utf8.RuneError
	}
	switch {
	case text != "" && !strings.ContainsFunc(text, odd):
		return discover.WithoutUserInfo(text)
	case strings.Contains(text, "@"):
		return fmt.Sprintf("%d bytes, not shown: they may hold a password", len(v))
	}
	return hex.EncodeToString(v)
}
