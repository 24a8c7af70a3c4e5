package pcaps

// What Neighbor Discovery is made of (RFC 4861 §4): ICMPv6 types, each with the length of what stands before its
// options, and the options that hold addresses.
var ndpBodies = map[byte]int{133: 8, 134: 16, 135: 24, 136: 24, 137: 40}

const (
	ndpSource       = 1 // link-layer address of the sender
	ndpTarget       = 2 // link-layer address of the target
	ndpPrefix       = 3 // prefix information
	ndpMTU          = 5
	ndpNameServers  = 25 // RFC 8106 §5.1
	ndpLeastOptions = 8  // an option's length counts units of so many bytes (RFC 4861 §4.6)
)

// neighbors replaces the addresses in a message of Neighbor Discovery, which is to IPv6 what ARP is to IPv4; what
// other options hold is overwritten. False: it is none, or was cut.
func (d *disguise) neighbors(b []byte) bool {
	body, ok := ndpBodies[b[0]]
	if !ok || len(b) < body {
		return false
	}
	for at := 8; at+16 <= body && body > 16; at += 16 { // a target, and where a redirect leads
		d.own6(b[at : at+16])
	}
	for b = b[body:]; len(b) >= ndpLeastOptions && b[1] > 0 && int(b[1])*ndpLeastOptions <= len(b); b = b[int(b[1])*ndpLeastOptions:] {
		d.neighborOption(b[0], b[2:int(b[1])*ndpLeastOptions])
	}
	d.blank(b)
	return true
}

// neighborOption replaces what follows an option's type and length.
func (d *disguise) neighborOption(kind byte, value []byte) {
	switch {
	case (kind == ndpSource || kind == ndpTarget) && len(value) == 6:
		d.ownMAC(value)
	case kind == ndpPrefix && len(value) == 30:
		d.own6(value[14:])
	case kind == ndpMTU:
	case kind == ndpNameServers:
		for at := 6; at+16 <= len(value); at += 16 {
			d.own6(value[at : at+16])
		}
	default:
		d.blank(value)
	}
}
