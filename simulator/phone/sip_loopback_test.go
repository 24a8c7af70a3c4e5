package phone_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// gate is a way of finding the server that lets a pass wait: it says when one has come,
// and holds it until it is opened.
type gate struct {
	url    string
	came   chan struct{}
	open   chan struct{}
	passes atomic.Int64
}

func (g *gate) Find(ctx context.Context, id device.Identity) (discover.Offer, error) {
	g.passes.Add(1)
	g.came <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
		return discover.Offer{}, ctx.Err()
	}
	return discover.Static{URL: g.url}.Find(ctx, id)
}

// onLoopback gives a phone with that cfg a SIP side at a free port, and waits until it
// hears.
func onLoopback(t *testing.T, o phone.Options, cfg string) (*phone.Phone, *phone.SIP, *trace.Recorder) {
	t.Helper()
	events := new(trace.Recorder)
	side := phone.NewSIP(phone.SIPOptions{})
	o.Trace = trace.NewStream(device.DefaultMAC, events)
	o.Attach = []phone.Attachment{side}
	if o.Finders == nil {
		o.Finders = map[string]discover.Finder{"static": discover.Static{URL: publish(t, tree{"0021f2000001.cfg": cfg})}}
	}
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if _, err := events.Wait(t.Context(), trace.OfKind(trace.SIPListening)); err != nil {
		t.Fatal(err)
	}
	return p, side, events
}

// A port that somebody holds for a moment longer is waited for; one that stays taken ends the phone's life.
func TestSIPPortHeld(t *testing.T) {
	t.Parallel()
	for name, release := range map[string]bool{"for a moment": true, "for good": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			held, err := net.ListenPacket("udp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			l := &living{t: t, events: new(trace.Recorder), done: make(chan error, 1)}
			o := phone.Options{Attach: []phone.Attachment{phone.NewSIP(phone.SIPOptions{Listen: held.LocalAddr().String()})},
				Trace: trace.NewStream(device.DefaultMAC, l.events)}
			if l.Phone, err = phone.New(o); err != nil {
				t.Fatal(err)
			}
			if release {
				time.AfterFunc(100*time.Millisecond, func() { held.Close() })
			}
			l.on()
			if !release {
				if err := <-l.done; !errors.Is(err, syscall.EADDRINUSE) {
					t.Errorf("%v", err)
				}
				return
			}
			l.wait(1, trace.SIPListening, "")
			l.off()
		})
	}
}

// A client that we did not write asks over UDP and over TCP.
func TestSIPAgainstSIPGo(t *testing.T) {
	t.Parallel()
	_, side, events := onLoopback(t, phone.Options{}, "account.1.label=x\n")
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
	agent, err := sipgo.NewUA(sipgo.WithUserAgent("pbx"))
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	client, err := sipgo.NewClient(agent, sipgo.WithClientHostname("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	at := side.Addr()
	for _, transport := range []string{"UDP", "TCP"} {
		for _, test := range []struct {
			method sip.RequestMethod
			event  string
			code   int
		}{{sip.OPTIONS, "", 200}, {sip.NOTIFY, "check-sync;reboot=false", 200}, {sip.NOTIFY, "talk", 489}, {sip.MESSAGE, "", 405}} {
			request := sip.NewRequest(test.method, sip.Uri{Scheme: "sip", User: "1001", Host: "127.0.0.1", Port: int(at.Port())})
			request.SetTransport(transport)
			if test.event != "" {
				request.AppendHeader(sip.NewHeader("Event", test.event))
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			response, err := client.Do(ctx, request)
			cancel()
			if err != nil || response.StatusCode != test.code {
				t.Errorf("%s %s %s: %v, %v; want %d", transport, test.method, test.event, response, err, test.code)
			}
		}
	}
	if _, err := events.Wait(t.Context(), func(e trace.Event) bool { return e.Kind == trace.PassStart && e.Detail == "check-sync" }); err != nil {
		t.Error(err)
	}
}

// Ten thousand NOTIFYs, each answered: one pass at most waits, and memory stays flat.
func TestNotifyFlood(t *testing.T) {
	const flood, window = 10000, 64
	g := &gate{url: publish(t, tree{"0021f2000001.cfg": "account.1.label=x\n"}), came: make(chan struct{}, 8), open: make(chan struct{}, 8)}
	g.open <- struct{}{} // the power-on pass
	p, side, events := onLoopback(t, phone.Options{
		Finders: map[string]discover.Finder{"static": g}, Behaviour: device.Behaviour{Rediscover: "always"},
	}, "")
	<-g.came

	conn, err := net.Dial("udp", side.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	notify := func(i int) {
		fmt.Fprintf(conn, "NOTIFY sip:1001@phone SIP/2.0\r\nVia: SIP/2.0/UDP pbx;branch=z9hG4bK%d;rport\r\nFrom: <sip:pbx>;tag=1\r\nTo: <sip:1001@phone>\r\n"+
			"Call-ID: %[1]d\r\nCSeq: 1 NOTIFY\r\nEvent: check-sync\r\nContent-Length: 0\r\n\r\n", i)
	}
	notify(-1)
	<-g.came // the pass of the first NOTIFY is under way, and stays so
	before, goroutines := heap(), runtime.NumGoroutine()
	answer := make([]byte, 2048)
	start := time.Now()
	for i := range flood {
		notify(i)
		if i >= window { // so that no buffer overflows
			if _, err := conn.Read(answer); err != nil || !bytes.HasPrefix(answer, []byte("SIP/2.0 200 ")) {
				t.Fatalf("%q, %v", answer, err)
			}
		}
	}
	for range window + 1 {
		if _, err := conn.Read(answer); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d NOTIFYs answered in %v", flood, time.Since(start).Round(time.Millisecond))
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("%d bytes more than before", grown)
	}
	if now := runtime.NumGoroutine(); now > goroutines+2 {
		t.Errorf("%d goroutines, %d before", now, goroutines)
	}
	if got := p.Status(); got.Kept != device.CheckSync || got.Passes != 2 {
		t.Errorf("%+v", got)
	}
	g.open <- struct{}{} // the pass that was under way
	<-g.came             // the one that waited
	g.open <- struct{}{}
	done := 0
	_, err = events.Wait(t.Context(), func(e trace.Event) bool {
		if e.Kind == trace.PassDone {
			done++
		}
		return done == 3
	})
	if err != nil {
		t.Error(err)
	}
	if got := g.passes.Load(); got != 3 || p.Status().Passes != 3 || side.Counts().CheckSync != flood+1 {
		t.Errorf("%d passes, %+v", got, side.Counts())
	}
	told := 0
	for _, e := range events.Events() {
		if strings.HasPrefix(string(e.Kind), "sip.") {
			told++
		}
	}
	if told > 2000 {
		t.Errorf("%d events of a flood", told)
	}
}

// heap returns the bytes that are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
