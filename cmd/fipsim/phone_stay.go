package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// life is what --stay is about: how the phone lives, and what has power with it.
type life struct {
	Stay   bool   `help:"Live until Ctrl-C: provision again at intervals and when asked to; SIGHUP is Save & Apply."`
	Repeat string `help:"With --stay: the time between interval passes, whatever the settings say; seconds, or 90s, 5m, 1h." placeholder:"D"`
	SIP    string `name:"sip" help:"With --stay: hear SIP here, UDP and TCP, take check-sync, and register the accounts; 127.0.0.1:0 takes a free port." placeholder:"ADDR"`
	Web    string `help:"With --stay: show the phone's management page here; elsewhere than on loopback it asks for a password." placeholder:"ADDR"`
}

// checkLife reads the flags about the phone's life into o.
func (c *phoneCmd) checkLife(s *session, o *phone.Options) error {
	for _, f := range []struct{ name, value string }{{"--repeat", c.Repeat}, {"--sip", c.SIP}, {"--web", c.Web}} {
		if f.value != "" && !c.Stay {
			return verdict.Usagef("%s goes with --stay", f.name)
		}
	}
	if c.Stay && c.Format == "json" {
		return verdict.Usagef("--stay and --format json exclude each other: a life is no document; --trace FILE writes its events")
	}
	if c.Repeat != "" {
		repeat, err := device.ParseDuration(c.Repeat)
		if err == nil && repeat < time.Second {
			err = fmt.Errorf("%s is less than a second", c.Repeat)
		}
		if err != nil {
			return verdict.Usagef("--repeat: %w", err)
		}
		o.Repeat = repeat
	}
	if c.SIP != "" {
		if strings.Contains(c.SIP, ":") && net.ParseIP(c.SIP) == nil { // else HOST alone: the settings name the port
			if err := checkListen("--sip", c.SIP); err != nil {
				return err
			}
		}
		s.sip = phone.NewSIP(phone.SIPOptions{Listen: c.SIP})
		o.Attach = append(o.Attach, s.sip)
	}
	if c.Web != "" {
		if err := checkListen("--web", c.Web); err != nil {
			return err
		}
		s.page = newPage(c.Web)
		o.Attach = append(o.Attach, s.page)
	}
	return nil
}

// live lets the phone live until Ctrl-C. Its error is of what has power with the phone.
func (c *phoneCmd) live(a *app, s *session) error {
	if s.page != nil {
		if err := s.page.open(a, s); err != nil {
			return &verdict.Error{Err: fmt.Errorf("--web: %w", err)}
		}
		s.closers = append(s.closers, s.page.close)
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	ended := make(chan error, 1)
	go func() { ended <- s.phone.Run(a.ctx) }()
	for {
		select {
		case <-hangups:
			s.phone.Trigger(device.SaveApply)
		case err := <-ended:
			if err != nil {
				return &verdict.Error{Err: err}
			}
			return nil
		}
	}
}
