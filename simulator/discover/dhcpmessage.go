package discover

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
)

// Layout of a BOOTP message (RFC 951 §3, RFC 2131 §2).
const (
	bootpSecs    = 8
	bootpFlags   = 10
	bootpCiaddr  = 12
	bootpGiaddr  = 24
	bootpChaddr  = 28
	bootpSname   = 44
	bootpFile    = 108
	bootpCookie  = 236
	bootpOptions = 240

	// dhcpLength is the length of every message of the phone: 590 bytes on the wire,
	// less 42 of Ethernet, IP and UDP (Guide, the capture of DHCP option 66).
	dhcpLength = 548
	// dhcpMaxSize is what option 57 says: 548 and the IP and UDP headers.
	dhcpMaxSize = 576
	// broadcastFlag asks for answers to 255.255.255.255, as the guide's capture shows
	// the Offer: a phone without an address cannot yet be reached at one (RFC 2131 §4.1).
	broadcastFlag = 0x8000
)

// dhcpMessage is what changes from one message of the phone to the next.
type dhcpMessage struct {
	kind      dhcpv4.MessageType
	xid       uint32
	mac       device.MAC
	secs      time.Duration // since the phone began to ask
	client    netip.Addr    // ciaddr: the address that the phone has; invalid: none yet
	requested netip.Addr    // option 50
	server    netip.Addr    // option 54
}

// dhcpOptions are the parts of Behaviour that stand in every message, read once.
type dhcpOptions struct {
	clientID   []byte // option 61; nil: not sent
	parameters []byte // option 55
	vendor     []byte // option 60
	hostname   []byte // option 12
	custom     []dhcpOption
}

type dhcpOption struct {
	code  byte
	value []byte
}

// readDHCPOptions reads the DHCP options of b. Its errors name the option of the
// phone and what it may be.
func readDHCPOptions(b device.Behaviour, id device.Identity) (dhcpOptions, error) {
	o := dhcpOptions{vendor: []byte(id.Expand(b.DHCPVendorClass)), hostname: []byte(id.Expand(b.DHCPHostname))}
	for _, code := range b.DHCPParameters {
		if code < 1 || code > 254 {
			return o, fmt.Errorf("option dhcp_parameters: %d is not a DHCP option number (1 to 254)", code)
		}
		o.parameters = append(o.parameters, byte(code))
	}
	switch b.DHCPClientID {
	case "mac": // hardware type 1 and the address (RFC 2132 §9.14)
		o.clientID = append([]byte{1}, id.MAC[:]...)
	case "none":
	default:
		raw, err := hex.DecodeString(b.DHCPClientID)
		if err != nil {
			return o, fmt.Errorf("option dhcp_client_id: %q is none of mac, none, or hexadecimal bytes", b.DHCPClientID)
		}
		o.clientID = raw
	}
	var err error
	o.custom, err = readCustom(b.DHCPCustom)
	return o, err
}

// readCustom reads "77=626f6f74;124=00".
func readCustom(text string) ([]dhcpOption, error) {
	var custom []dhcpOption
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		number, digits, _ := strings.Cut(part, "=")
		code, err := strconv.ParseUint(strings.TrimSpace(number), 10, 8)
		value, hexErr := hex.DecodeString(strings.TrimSpace(digits))
		if err != nil || code < 1 || code > 254 || hexErr != nil || len(value) > 255 {
			return nil, fmt.Errorf("option dhcp_custom: %q: want number=hexadecimal bytes, such as 77=626f6f74", part)
		}
		custom = append(custom, dhcpOption{byte(code), value})
	}
	return custom, nil
}

// bytes writes m in the option order of udhcpc 1.17 to 1.33: 53, 61, 50, 54, 57, 55, 60,
// 12, then the custom ones. A library that sorts options would give the phone
// another signature. A RELEASE has only 53, 61 and 54 (RFC 2131 table 5).
func (m dhcpMessage) bytes(o dhcpOptions) ([]byte, error) {
	p := make([]byte, bootpOptions, dhcpLength)
	p[0], p[1], p[2] = byte(dhcpv4.OpcodeBootRequest), 1, 6 // Ethernet, six bytes
	binary.BigEndian.PutUint32(p[4:], m.xid)
	binary.BigEndian.PutUint16(p[bootpSecs:], uint16(min(m.secs/time.Second, 0xffff)))
	if !m.client.IsValid() {
		binary.BigEndian.PutUint16(p[bootpFlags:], broadcastFlag)
	} else {
		copy(p[bootpCiaddr:], m.client.AsSlice())
	}
	copy(p[bootpChaddr:], m.mac[:])
	copy(p[bootpCookie:], []byte{99, 130, 83, 99}) // RFC 2131 §3
	p = appendOption(p, dhcpv4.OptionDHCPMessageType, []byte{byte(m.kind)})
	p = appendOption(p, dhcpv4.OptionClientIdentifier, o.clientID)
	p = appendOption(p, dhcpv4.OptionRequestedIPAddress, m.requested.AsSlice())
	p = appendOption(p, dhcpv4.OptionServerIdentifier, m.server.AsSlice())
	if m.kind != dhcpv4.MessageTypeRelease {
		p = appendOption(p, dhcpv4.OptionMaximumDHCPMessageSize, binary.BigEndian.AppendUint16(nil, dhcpMaxSize))
		p = appendOption(p, dhcpv4.OptionParameterRequestList, o.parameters)
		p = appendOption(p, dhcpv4.OptionClassIdentifier, o.vendor)
		p = appendOption(p, dhcpv4.OptionHostName, o.hostname)
		for _, c := range o.custom {
			p = append(append(p, c.code, byte(len(c.value))), c.value...)
		}
	}
	p = append(p, dhcpv4.OptionEnd.Code())
	if len(p) > dhcpLength-relaySuffix {
		return nil, fmt.Errorf("the phone's DHCP options take %d bytes, %d is the most: "+
			"shorten dhcp_vendor_class, dhcp_hostname, dhcp_client_id or dhcp_custom",
			len(p)-bootpOptions, dhcpLength-relaySuffix-bootpOptions)
	}
	return p[:dhcpLength], nil // the capacity was allocated as zeros: padding
}

// appendOption appends one option; an empty value leaves it out. Values are cut at
// the 255 bytes that a length can say.
func appendOption(p []byte, code dhcpv4.OptionCode, value []byte) []byte {
	if len(value) == 0 {
		return p
	}
	value = value[:min(len(value), 255)]
	return append(append(p, code.Code(), byte(len(value))), value...)
}

// relaySuffix is the length of what a relay adds: option 82 with an empty sub-option 19.
const relaySuffix = 4

// viaRelay returns message as a relay agent passes it on: hops 1, its own address in
// giaddr (RFC 1542 §4.1.1). "A DHCP relay agent that uses a UDP source port other
// than 67 MUST include the sub-option" 19 of option 82, so that the server answers to
// that port (RFC 8357 §4).
func viaRelay(message []byte, giaddr netip.AddrPort) []byte {
	p := append([]byte(nil), message...)
	p[3] = 1
	copy(p[bootpGiaddr:], giaddr.Addr().AsSlice())
	if giaddr.Port() == dhcpServerPort {
		return p
	}
	if end := endOfOptions(p); end+relaySuffix < len(p) {
		copy(p[end:], []byte{dhcpv4.OptionRelayAgentInformation.Code(), 2, 19, 0, dhcpv4.OptionEnd.Code()})
	}
	return p
}

// endOfOptions returns where the End option of one of our own messages stands.
func endOfOptions(p []byte) int {
	for i := bootpOptions; i < len(p); {
		switch p[i] {
		case dhcpv4.OptionEnd.Code():
			return i
		case dhcpv4.OptionPad.Code():
			i++
		default:
			if i+1 >= len(p) {
				return len(p)
			}
			i += 2 + int(p[i+1])
		}
	}
	return len(p)
}
