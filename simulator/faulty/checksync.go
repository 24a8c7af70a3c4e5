package faulty

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// syncFault is what a fault changes of the NOTIFY that makes a phone provision; the zero
// value is one that is right.
type syncFault struct {
	change  func(m *sipText, reboot bool)
	never   bool // nothing is sent
	once    bool // it is sent once
	endless bool // it is sent again though it was answered
	fresh   bool // what is sent again is another one
	stale   bool // for staleTime after it, files are served as they were before the last change
}

// syncServer is what a server knows of its NOTIFYs.
type syncServer struct {
	can    bool
	number atomic.Int64
	staleT atomic.Pointer[time.Time]

	rebooted sync.Map // device.MAC of each phone that was made to reboot
}

// startNotifying says that the server can notify phones.
func (s *Server) startNotifying() error {
	s.sync.can = true
	return nil
}

// staleTime is longer than a phone takes to come.
const staleTime = 10 * time.Second

// Notifies reports whether the server can notify phones.
func (s *Server) Notifies() bool { return s.sync.can }

// Notify sends a check-sync to a phone that listens at host:port, again until it is
// answered, for two seconds (Guide, "SIP NOTIFY Message"). Its errors are those of
// sockets.
func (s *Server) Notify(ctx context.Context, phone device.MAC, at string, reboot bool) error {
	f := &s.behaviour.sync
	if f.never {
		return nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, "udp4", at)
	if err != nil {
		return err
	}
	defer conn.Close()
	if f.stale {
		until := time.Now().Add(staleTime)
		s.sync.staleT.Store(&until)
	}
	if reboot {
		s.sync.rebooted.Store(phone, true)
	}
	number := s.sync.number.Add(1)
	buf := make([]byte, 1<<16)
	answered := false
	for n, wait := 0, 500*time.Millisecond; n < 3; n, wait = n+1, 2*wait {
		if f.fresh {
			number = s.sync.number.Add(1)
		}
		if _, err := conn.Write(checkSyncText(conn.LocalAddr().String(), at, phone, number, reboot, f).bytes()); err != nil {
			return err
		}
		if f.once {
			return nil
		}
		if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			return err
		}
		if _, err := conn.Read(buf); err == nil && !f.endless {
			return nil
		} else if err == nil && !answered {
			answered = true
			time.Sleep(wait) // the fault: it goes on all the same
		}
	}
	return nil
}

// checkSyncText is the NOTIFY.
func checkSyncText(own, at string, phone device.MAC, number int64, reboot bool, f *syncFault) *sipText {
	event := "check-sync"
	if reboot {
		event += ";reboot=true"
	}
	to := fmt.Sprintf("sip:%s@%s", phone, at)
	m := &sipText{start: "NOTIFY " + to + " SIP/2.0", head: []sipLine{
		{"Via", fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bKsync%d", own, number)},
		{"Max-Forwards", "70"},
		{"From", fmt.Sprintf("<sip:server@%s>;tag=sync%d", own, number)},
		{"To", "<" + to + ">"},
		{"Call-ID", fmt.Sprintf("sync%d@%s", number, own)},
		{"CSeq", "1 NOTIFY"},
		{"Contact", "<sip:server@" + own + ">"},
		{"Event", event},
		{"Subscription-State", "active"},
	}}
	if f.change != nil {
		f.change(m, reboot)
	}
	return m
}
