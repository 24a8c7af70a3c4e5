package discover

import (
	"net/netip"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// Lease is what a DHCP server gave besides the provisioning server's address
// (RFC 2131 §2, RFC 2132).
type Lease struct {
	Address   netip.Prefix   // yiaddr with the subnet mask (option 1)
	Server    netip.Addr     // server identifier (option 54)
	ServerMAC device.MAC     // where the ACK came from on the Ethernet: the server or its relay; zero where that isn't known
	Routers   []netip.Addr   // option 3
	DNS       []netip.Addr   // option 6
	Option    int            // the option that held the provisioning server's address: 66; 0: none
	Granted   time.Time      // when the ACK came
	Time      time.Duration  // option 51: how long the address may be used
	T1        time.Duration  // option 58, or half of Time: renew with the server itself
	T2        time.Duration  // option 59, or 7/8 of Time: rebind with any server
	Options   map[int][]byte // every option of the ACK, as it came
}
