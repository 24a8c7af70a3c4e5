package steps

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// Bounds on the answer to a NOTIFY: sent again after T1 and at doubled intervals, as RFC
// 3261 §17.1.2.2 has it, for as long as a phone on loopback could ever need.
const (
	notifyT1   = 500 * time.Millisecond
	notifyTime = 8 * time.Second
)

// Notify implements scenarios.Notifier: it sends a check-sync to a phone that listens at
// host:port, and waits for its 200 (Guide, "SIP NOTIFY Message").
func (e *Embedded) Notify(ctx context.Context, phone device.MAC, at string, reboot bool) error {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", at)
	if err != nil {
		return harness("%v", err)
	}
	defer conn.Close()
	message := checkSync(conn.LocalAddr().String(), at, phone, reboot)
	answer := make([]byte, 4096)
	end := time.Now().Add(notifyTime)
	for wait := notifyT1; time.Now().Before(end) && ctx.Err() == nil; wait *= 2 {
		if _, err := conn.Write(message); err != nil {
			return harness("%v", err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			return harness("%v", err)
		}
		n, err := conn.Read(answer)
		if err != nil {
			continue
		}
		status, _, _ := strings.Cut(string(answer[:n]), "\r\n")
		if !strings.HasPrefix(status, "SIP/2.0 2") {
			return harness("the phone at %s answers a check-sync with %q", at, status)
		}
		return nil
	}
	return harness("the phone at %s does not answer a check-sync", at)
}

// checkSync is the NOTIFY that asks a phone to provision.
func checkSync(from, to string, phone device.MAC, reboot bool) []byte {
	event := "check-sync"
	if reboot {
		event += ";reboot=true"
	}
	id := rand.Text()
	return fmt.Appendf(nil, "NOTIFY sip:%[1]s@%[2]s SIP/2.0\r\n"+
		"Via: SIP/2.0/UDP %[3]s;branch=z9hG4bK%[4]s;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:fipsim@%[3]s>;tag=%[4]s\r\nTo: <sip:%[1]s@%[2]s>\r\nCall-ID: %[4]s\r\nCSeq: 1 NOTIFY\r\n"+
		"Contact: <sip:fipsim@%[3]s>\r\nEvent: %[5]s\r\nSubscription-State: active\r\nContent-Length: 0\r\n\r\n",
		phone, to, from, id, event)
}
