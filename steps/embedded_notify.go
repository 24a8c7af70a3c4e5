package steps

import (
	"context"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/server"
)

// notifyTime is how long a phone on loopback may take to answer a check-sync.
const notifyTime = 8 * time.Second

// Notify implements scenarios.Notifier: it sends a check-sync to a phone that listens at
// host:port, and waits for its 200 (Guide, "SIP NOTIFY Message").
func (e *Embedded) Notify(ctx context.Context, phone device.MAC, at string, reboot bool) error {
	to, err := server.ParseCheckSyncTarget("sip:" + phone.String() + "@" + at)
	if err != nil {
		return harness("%v", err)
	}
	answer, err := server.CheckSync{To: to, Reboot: reboot, Wait: notifyTime}.Send(ctx)
	switch {
	case err != nil:
		return harness("check-sync to %s: %v", at, err)
	case answer.Code != 200:
		return harness("the phone at %s answers a check-sync with %d %s", at, answer.Code, answer.Reason)
	}
	return nil
}
