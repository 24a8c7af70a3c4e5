package pcaps

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// A clock that is set in the midst of a capture, at whatever frame, as one is just after the power came back, lets nobody be
// blamed who was not before.
func TestClockIsSet(t *testing.T) {
	library(t, func(t *testing.T, capture []byte) {
		whole := blamed(read(t, capture))
		in, err := hold("a capture", bytes.NewReader(capture))
		if err != nil {
			t.Fatal(err)
		}
		for _, by := range []time.Duration{40 * time.Second, 2 * time.Minute, 20_000 * time.Hour, -time.Hour} {
			for from := 1; from < len(in.frames); from++ {
				frames := make([]frame, len(in.frames))
				for i, h := range in.frames {
					frames[i] = h.frame
					if i >= from {
						frames[i].at = frames[i].at.Add(by)
					}
				}
				// What ICMP says of a request is known by its time: without it, that nobody answered is left.
				for what, text := range moreBlamed(pcapOf(t, frames), whole) {
					if _, known := whole[blame{what.side, Refused}]; !known || what.cause != NoAnswer {
						t.Errorf("set by %v before frame %d: %s: %s: %s", by, from+1, what.side, what.cause, text)
					}
				}
			}
		}
	})
}

// A session is silent as long as its file comes, and the clock may be set meanwhile, more than once. One that is silent for
// longer than a connection is followed is not told to its end, and nobody is blamed.
func TestLongFTPFile(t *testing.T) {
	for name, test := range map[string]struct {
		ahead, back time.Duration // after one line of it, and after two
		lines       int           // of five seconds each
	}{
		"three minutes":                             {0, 0, 36},
		"ten minutes":                               {0, 0, 120},
		"three minutes, the clock set ahead":        {20_000 * time.Hour, 0, 36},
		"ahead, and a little back":                  {20_000 * time.Hour, 6 * time.Second, 36},
		"ahead, and back to where it was":           {20_000 * time.Hour, 20_000 * time.Hour, 36},
		"ten minutes, ahead by less than a silence": {80 * time.Second, 0, 120},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			s := newFTPSession(w, testPhone.Addr(), testServer.Addr(), 41000).does("PASV", "", "227 (192,0,2,1,200,14)")
			d := w.dial(netip.AddrPortFrom(s.client, 42000), netip.AddrPortFrom(s.server, 200<<8+14))
			s.does("RETR", passCfg, "150 here")
			for i := range test.lines {
				d.serve(fmt.Sprintf("linekey.%d.label=x\n", i+1), 0)
				w.later(5 * time.Second)
				switch i {
				case 0:
					w.later(test.ahead)
				case 1:
					w.later(-test.back)
				}
			}
			d.hangup()
			s.c.serve("226 done\r\n", 0)
			s.c.hangup()
			p := read(t, w.out.Bytes()).Phones[0]
			if test.lines > 60 {
				if got := Diagnose(p); got[0].Side != ByCapture {
					t.Errorf("%+v", got)
				}
				return
			}
			if len(p.Files) != 1 || p.Files[0].Partial != "" || bytes.Count(p.Files[0].Body, []byte("\n")) != test.lines {
				t.Errorf("%+v", p.Files)
			}
			if got := Diagnose(p); got[0].Cause != AllWell {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A transfer that stopped, or a file that was asked for in vain, and of which nothing was heard for long, is told as such,
// though the phone asks again then from the same port.
func TestStoppedAndAskedLater(t *testing.T) {
	for _, later := range []time.Duration{2 * time.Minute, time.Hour} {
		for name, begin := range map[string]func(tftpTalk) tftpTalk{
			"stopped": func(x tftpTalk) tftpTalk {
				return x.ask().says(tftp.AppendData(nil, 1, bytes.Repeat([]byte("#"), 512))).acks(1)
			},
			"asked three times": func(x tftpTalk) tftpTalk {
				return x.ask().later(4 * time.Second).ask().later(4 * time.Second).ask()
			},
		} {
			w := newWriter(t, layers.LinkTypeEthernet)
			x := begin(tftpTalk{w, netip.AddrPortFrom(testPhone.Addr(), 40001), testTID}).later(later).ask()
			x.peer = netip.AddrPortFrom(testServer.Addr(), 50009)
			x.says(tftp.AppendData(nil, 1, []byte("k=v\n"))).acks(1)
			if got := Diagnose(read(t, w.out.Bytes()).Phones[0]); got[0].Cause != NoAnswer {
				t.Errorf("%s, %v later: %+v", name, later, got)
			}
		}
	}
}

// A file that stopped, with its session, is told as such, whichever of the two connections is given up first.
func TestFTPStopped(t *testing.T) {
	w := newWriter(t, layers.LinkTypeEthernet)
	s := newFTPSession(w, testPhone.Addr(), testServer.Addr(), 41000).does("PASV", "", "227 (192,0,2,1,200,14)")
	d := w.dial(netip.AddrPortFrom(s.client, 42000), netip.AddrPortFrom(s.server, 200<<8+14))
	s.does("RETR", passCfg, "150 here")
	d.serve("k=v\n", 0)
	for i := range 30 {
		w.later(25 * time.Second)
		w.ethernet(etherIPv4, packetOf(t, netip.MustParseAddrPort("192.0.2.99:4000"), netip.MustParseAddrPort("192.0.2.98:4000"), []byte{byte(i)}))
	}
	capture := w.out.Bytes()
	for range 20 {
		if got := Diagnose(read(t, capture).Phones[0]); got[0].Cause != FileCut {
			t.Fatalf("%+v", got)
		}
	}
}

// A phone that connects anew from the same port, after a silence, has begun anew.
func TestSamePortAfterSilence(t *testing.T) {
	for silence, isn := range map[time.Duration]uint32{10 * time.Minute: 500, time.Hour: 900_000, 2 * time.Hour: 1000} {
		w := newWriter(t, layers.LinkTypeEthernet)
		phone, server := netip.AddrPortFrom(testPhone.Addr(), 40001), netip.AddrPortFrom(testServer.Addr(), 80)
		get := "GET /" + passCfg + " HTTP/1.1\r\nHost: x\r\n\r\n"
		w.dial(phone, server).phone(get, 0)
		w.later(silence)
		c := w.joined(phone, server)
		c.seq = map[bool]uint32{true: isn, false: 7}
		c.segment(true, "", true, false)
		c.segment(false, "", true, false)
		c.phone(get, 0)
		c.serve("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nk=v\n", 0)
		c.hangup()
		p := read(t, w.out.Bytes()).Phones[0]
		if got := Diagnose(p); got[0].Cause != NoAnswer || len(p.Files) != 1 || p.Files[0].Partial != "" {
			t.Errorf("%v: %+v, %+v", silence, got, p.Files)
		}
	}
}

// Two clocks in one capture, whose frames come in turn, make no frame a time to look at all that is open.
func TestTwoClocksAreNoLeaps(t *testing.T) {
	var c clock
	due := 0
	for i := range 10_000 {
		at := time.Unix(int64(i), 0)
		if i%2 == 1 {
			at = at.Add(time.Hour)
		}
		if c.next(at) {
			due++
		}
	}
	if due > 1 {
		t.Errorf("looked %d times", due)
	}
}
