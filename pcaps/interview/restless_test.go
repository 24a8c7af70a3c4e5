package interview_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/pcaps/interview"
	"github.com/fipsim/fipsim/simulator/wire"
)

// A link on which it is never quiet does not keep an interview for ever: it says why it
// ends.
func TestRestless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := bench{new(wire.Memory)}
		o := options(network)
		o.Longest = time.Minute
		start, took := time.Now(), time.Duration(0)
		_, err := interview.Run(t.Context(), o, func(ctx context.Context, boot *interview.Boot) error {
			end := make(chan struct{})
			noise, err := network.ListenPacket(ctx, "udp4", host+":0")
			if err != nil {
				return err
			}
			go func() { talk(noise); close(end) }()
			err = boot.Wait(ctx, time.Minute, 20*time.Second)
			took = time.Since(start)
			noise.Close()
			<-end
			return err
		})
		if !errors.Is(err, interview.ErrRestless) || took != 2*time.Minute {
			t.Errorf("after %s: %v, want that after two minutes: %v", took, err, interview.ErrRestless)
		}
	})
}

// talk asks for a name again and again until its socket is closed.
func talk(conn net.PacketConn) {
	to := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(host + ":69"))
	for {
		if _, err := conn.WriteTo([]byte("\x00\x01x\x00octet\x00"), to); err != nil {
			return
		}
		time.Sleep(5 * time.Second) // of the bubble's own time
	}
}
