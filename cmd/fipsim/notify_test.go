package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// TestNotifyScripts are the scripts about `fipsim notify`. $PHONE is where a simulated
// phone hears SIP, $GUARDED one that asks for credentials, $ODD somebody who answers
// 489 to everything, $SILENT somebody who never answers. `passes N TRIGGER` waits until
// $PHONE has had so many passes for that reason.
func TestNotifyScripts(t *testing.T) {
	plain, events := notified(t, device.Behaviour{RebootTime: 1})
	guarded, _ := notified(t, device.Behaviour{NotifyAuth: "digest"})
	odd := answersAll(t, "489 Bad Event")
	silent := answersAll(t, "")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/notify",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
			"passes": func(ts *testscript.TestScript, _ bool, args []string) {
				left, err := strconv.Atoi(args[0])
				ts.Check(err)
				_, err = events.Wait(t.Context(), func(e trace.Event) bool {
					if e.Kind == trace.PassStart && e.Detail == args[1] {
						left--
					}
					return left == 0
				})
				ts.Check(err)
			},
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("PHONE", plain)
			e.Setenv("GUARDED", guarded)
			e.Setenv("ODD", odd)
			e.Setenv("SILENT", silent)
			if dir := os.Getenv("GOCOVERDIR"); dir != "" {
				e.Setenv("GOCOVERDIR", dir)
			}
			return nil
		},
	})
}

// notified gives a phone power, and returns where it hears SIP and what happens to it.
func notified(t *testing.T, b device.Behaviour) (addr string, events *trace.Recorder) {
	t.Helper()
	dir := t.TempDir()
	cfg := "account.1.enable=1\naccount.1.user_name=1001\naccount.1.password=p#w:1\naccount.1.sip_server_host=127.0.0.1\naccount.1.sip_server_port=9\n"
	if err := os.WriteFile(filepath.Join(dir, "0021f2000001.cfg"), []byte(cfg), 0o644); err != nil {
		t.Fatal(err)
	}
	events = new(trace.Recorder)
	side := phone.NewSIP(phone.SIPOptions{})
	p, err := phone.New(phone.Options{
		Behaviour: b, Trace: trace.NewStream(device.DefaultMAC, events), Attach: []phone.Attachment{side},
		Finders: map[string]discover.Finder{"static": discover.Static{URL: "file://" + dir + "/"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if _, err := events.Wait(t.Context(), trace.OfKind(trace.SIPListening)); err != nil {
		t.Fatal(err)
	}
	return side.Addr().String(), events
}

// answersAll answers every request over UDP with a status; none: silence.
func answersAll(t *testing.T, status string) (addr string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, head, _ := strings.Cut(string(buf[:n]), "\r\n")
			if status != "" {
				_, _ = conn.WriteTo([]byte("SIP/2.0 "+status+"\r\n"+head), from)
			}
		}
	}()
	return conn.LocalAddr().String()
}
