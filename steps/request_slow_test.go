package steps

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/wire"
)

// dripping is a TFTP server that sends a block a second, for ever.
func dripping(d wire.Datagram, send func(wire.Datagram)) {
	next := uint16(1)
	if p, err := tftp.Parse(d.Payload); err == nil && p.Op == tftp.ACK {
		next = p.Block + 1
	}
	data := tftp.AppendData(nil, next, make([]byte, 512))
	time.AfterFunc(time.Second, func() { send(wire.Datagram{From: d.To, To: d.From, Payload: data}) })
}

// What ended a request that took too long is named: the suite's own limit, or the
// phone's option.
func TestSlowFileIsNoVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		behaviour device.Behaviour
		want      string
	}{
		"the suite's limit":  {device.Behaviour{}, "a.cfg was still coming after 4m0s: this is too slow to be judged"},
		"the phone's option": {device.Behaviour{TFTPTransferTime: 10 * time.Second}, "a.cfg: the file was not whole after 10s (option tftp_transfer_time)"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := new(wire.Memory)
				net.HandleUDP(netip.MustParseAddrPort("192.0.2.9:69"), dripping)
				w := &world{suite: &suite{net: net, options: Options{Target: paper{scenarios.TFTP}}}, mac: firstMAC, behaviour: c.behaviour}
				_, err := w.request(t.Context(), &url.URL{Scheme: "tftp", Host: "192.0.2.9", Path: "a.cfg"}, time.Minute)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
			})
		})
	}
}
