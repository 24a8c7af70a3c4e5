package main

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// notifyCmd is `fipsim notify`.
type notifyCmd struct {
	To     string        `arg:"" name:"HOST:PORT|sip:URI" help:"The phone: HOST:PORT, or sip:USER:PASSWORD@HOST:PORT;transport=tcp."`
	Reboot bool          `help:"Ask for a reboot (reboot=true)."`
	Wait   time.Duration `help:"How long to wait for the phone's answer." default:"32s" placeholder:"D"`
}

// Run sends a check-sync and tells what came. What the phone says is its verdict: 2xx
// is 0, another answer 1, silence 3.
func (c *notifyCmd) Run(a *app) error {
	to, err := server.ParseCheckSyncTarget(c.To)
	if err != nil {
		return verdict.Usagef("notify: %w", err)
	}
	if c.Wait <= 0 {
		return verdict.Usagef("--wait: want more than nothing, as 5s")
	}
	event := "check-sync;reboot=false"
	if c.Reboot {
		event = "check-sync;reboot=true"
	}
	out := &printer{w: a.stdout}
	start := time.Now()
	answer, err := server.CheckSync{
		To: to, Reboot: c.Reboot, Wait: c.Wait,
		OnSend: func(n int, _, at netip.AddrPort) {
			again := ""
			if n > 1 {
				again = " again"
			}
			out.line("%9.3f  -> NOTIFY to %s over %s%s (Event: %s)", time.Since(start).Seconds(), at, to.Transport, again, event)
		},
	}.Send(a.ctx)
	if err != nil {
		return &verdict.Error{Err: fmt.Errorf("notify: %w%s", err, notifyHint(err))}
	}
	out.line("%9.3f  <- %d %s", answer.Took.Seconds(), answer.Code, answer.Reason)
	if answer.Code >= 300 {
		return &verdict.Fail{Err: fmt.Errorf("notify: the phone answers %d %s%s", answer.Code, answer.Reason, answerHint(answer.Code))}
	}
	return out.err
}

// notifyHint says what to do about no answer.
func notifyHint(err error) string {
	switch {
	case errors.Is(err, server.ErrPhoneSilent):
		return "\n  Is it the right address and port? A phone takes a NOTIFY at its SIP port, 5060 unless provisioned " +
			"otherwise; a firewall may drop it."
	case errors.Is(err, server.ErrPhoneRefused):
		return "\n  Is the phone on, and is the port right?"
	}
	return ""
}

// answerHint says what to do about an answer that is no success.
func answerHint(code int) string {
	switch code {
	case 401, 407:
		return "\n  It asks for credentials: give an account's as sip:USER:PASSWORD@HOST:PORT."
	case 403:
		return "\n  It takes NOTIFYs from its registrar only."
	case 404:
		return "\n  It wants an account's user name: sip:USER@HOST:PORT."
	case 489:
		return "\n  It does not know the event check-sync."
	}
	return ""
}
