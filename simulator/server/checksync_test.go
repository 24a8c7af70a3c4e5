package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"
	"github.com/icholy/digest"

	"github.com/fipsim/fipsim/simulator/server"
)

func TestParseCheckSyncTarget(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.1":                                 "sip:192.0.2.1:5060",
		"192.0.2.1:5062":                            "sip:192.0.2.1:5062",
		"phone.example":                             "sip:phone.example:5060",
		"2001:db8::1":                               "sip:[2001:db8::1]:5060",
		"[2001:db8::1]:5070":                        "sip:[2001:db8::1]:5070",
		"sip:192.0.2.1":                             "sip:192.0.2.1:5060",
		"SIP:1001@192.0.2.1:5070;Transport=TCP":     "sip:1001@192.0.2.1:5070;transport=tcp",
		"sip:1001:p%25w:1@192.0.2.1":                "sip:1001@192.0.2.1:5060",
		"sip:1001@[2001:db8::1]:5070;transport=udp": "sip:1001@[2001:db8::1]:5070",
		"":               "!names no host",
		"sips:192.0.2.1": "!sips: is for TLS",
		"sip:1001:hunter2@192.0.2.1;transport=tls": `!transport "tls"`,
		"1001@192.0.2.1":                "!neither HOST:PORT nor a SIP URI",
		"http://192.0.2.1/":             "!neither HOST:PORT nor a SIP URI",
		"192.0.2.1:99999":               "!port 99999",
		"192.0.2.1:0":                   "!port 0",
		"sip:1001@192.0.2.1:0":          "!port 0",
		"[2001:db8::1]:0":               "!port 0",
		"192.0.2.1:port":                "!not a SIP URI",
		"sip:":                          "!n",
		"sip:1001@ 192.0.2.1":           "!not a SIP URI",
		"sip:1001@192.0.2.1\r\nX: y":    "!not a SIP URI",
		"sip:1001:hunter2%zz@192.0.2.1": "!the password holds a %",
		"sip:<1001>@host>":              "!names no host",
	} {
		target, err := server.ParseCheckSyncTarget(text)
		if message, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.HasPrefix(err.Error(), message) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: error %v, want %q", text, err, message)
			}
			continue
		}
		if err != nil || target.URI() != want {
			t.Errorf("%q: %q, %v; want %q", text, target.URI(), err, want)
		}
	}
	if target, _ := server.ParseCheckSyncTarget("sip:1001:p%25w:1@192.0.2.1"); target.User != "1001" || target.Password != "p%w:1" {
		t.Errorf("%+v", target)
	}
}

// FuzzParseCheckSyncTarget: what is read can be asked, and has no line of its own.
func FuzzParseCheckSyncTarget(f *testing.F) {
	for _, seed := range []string{"192.0.2.1:5060", "sip:1001:pw@[::1]:5070;transport=tcp", "sip:a?b", "::", "sip:%@%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		target, err := server.ParseCheckSyncTarget(text)
		if err == nil && (strings.ContainsAny(target.URI(), "\r\n ") || target.Port < 1 || target.Port > 65535) {
			t.Errorf("%q: %q", text, target.URI())
		}
	})
}

// scriptedPhone answers each NOTIFY that a pipe brings with lines, the status line
// first; none: silence.
func scriptedPhone(conn net.Conn, answer func(n int, r *sip.Request) []string) {
	defer conn.Close()
	buf := make([]byte, 4096)
	for n := 1; ; n++ {
		size, err := conn.Read(buf)
		if err != nil {
			return
		}
		message, err := sip.ParseMessage(append([]byte(nil), buf[:size]...))
		if err != nil {
			panic(fmt.Sprintf("%q: %v", buf[:size], err))
		}
		request := message.(*sip.Request)
		lines := answer(n, request)
		if len(lines) == 0 {
			continue
		}
		text := "SIP/2.0 " + strings.Join(lines, "\n") + fmt.Sprintf("\ni: %s\nCSeq: %s\nl: 0\n\n", request.CallID().Value(), request.CSeq().Value())
		go conn.Write([]byte(text))
	}
}

// ask sends a check-sync to a scripted phone.
func ask(t *testing.T, to string, c server.CheckSync, answer func(n int, r *sip.Request) []string) (server.CheckSyncAnswer, []time.Duration, error) {
	t.Helper()
	var err error
	if c.To, err = server.ParseCheckSyncTarget(to); err != nil {
		t.Fatal(err)
	}
	ours, theirs := net.Pipe()
	go scriptedPhone(theirs, answer)
	c.Dial = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
	start := time.Now()
	var sent []time.Duration
	c.OnSend = func(int, netip.AddrPort, netip.AddrPort) { sent = append(sent, time.Since(start)) }
	a, err := c.Send(t.Context())
	synctest.Wait()
	return a, sent, err
}

func TestCheckSyncAnswers(t *testing.T) {
	t.Parallel()
	say := func(lines ...string) func(int, *sip.Request) []string {
		return func(int, *sip.Request) []string { return lines }
	}
	for _, test := range []struct {
		name   string
		answer func(int, *sip.Request) []string
		code   int
		reason string
	}{
		{"200", say("200 OK"), 200, "OK"},
		{"489", say("489 Bad Event", "Allow-Events: x"), 489, "Bad Event"},
		{"a reason with control characters", say("480 Nobody\x1b[31m\there"), 480, "Nobody[31mhere"},
		{"no reason", say("202"), 202, ""},
		{"provisional first", func(n int, _ *sip.Request) []string {
			if n == 1 {
				return []string{"100 Trying"}
			}
			return []string{"200 OK"}
		}, 200, "OK"},
		{"an odd one first", func(n int, _ *sip.Request) []string {
			return []string{map[int]string{1: "99 Odd", 2: "OK"}[n] + strings.Repeat("200 OK", n/3)}
		}, 200, "OK"},
		{"401 without a password", say("401 Unauthorized", `WWW-Authenticate: Digest realm="x", nonce="y"`), 401, "Unauthorized"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _, err := ask(t, "sip:1001@192.0.2.1", server.CheckSync{}, test.answer)
				if err != nil || a.Code != test.code || a.Reason != test.reason {
					t.Errorf("%+v, %v", a, err)
				}
			})
		})
	}
}

// Silence: the request is sent again as RFC 3261 §17.1.2.2 has it, for 32 s.
func TestCheckSyncSilence(t *testing.T) {
	t.Parallel()
	for transport, want := range map[string]string{
		"udp": "[0s 500ms 1.5s 3.5s 7.5s 11.5s 15.5s 19.5s 23.5s 27.5s 31.5s]",
		"tcp": "[0s]",
	} {
		t.Run(transport, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, sent, err := ask(t, "sip:192.0.2.1;transport="+transport, server.CheckSync{}, func(int, *sip.Request) []string { return nil })
				if took := time.Since(start); !errors.Is(err, server.ErrPhoneSilent) || took != 32*time.Second || fmt.Sprint(sent) != want {
					t.Errorf("%v after %v, sent at %v", err, took, sent)
				}
			})
		})
	}
}

// The request has the reboot that was asked for, and answers a challenge.
func TestCheckSyncChallenged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		challenge := &digest.Challenge{Realm: "phone", Nonce: "n", Algorithm: "SHA-256", QOP: []string{"auth"}}
		var requests []*sip.Request
		a, _, err := ask(t, "sip:1001:p%23w@192.0.2.1", server.CheckSync{Reboot: true}, func(_ int, r *sip.Request) []string {
			requests = append(requests, r)
			h := r.GetHeader("Authorization")
			if h == nil {
				return []string{"401 Unauthorized", "WWW-Authenticate: " + challenge.String()}
			}
			got, err := digest.ParseCredentials(h.Value())
			if err != nil {
				return []string{"400 " + err.Error()}
			}
			want, err := digest.Digest(challenge, digest.Options{Method: "NOTIFY", URI: got.URI, Username: "1001", Password: "p#w", Count: 1, Cnonce: got.Cnonce})
			if err != nil || want.Response != got.Response {
				return []string{"403 Forbidden"}
			}
			return []string{"200 OK"}
		})
		if err != nil || a.Code != 200 || len(requests) != 2 {
			t.Fatalf("%+v, %v, %d requests", a, err, len(requests))
		}
		var events []string
		for _, r := range requests {
			events = append(events, r.GetHeader("Event").Value(), r.CSeq().Value(), r.Recipient.String())
		}
		want := []string{"check-sync;reboot=true", "1 NOTIFY", "sip:1001@192.0.2.1:5060", "check-sync;reboot=true", "2 NOTIFY", "sip:1001@192.0.2.1:5060"}
		if diff := cmp.Diff(want, events); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A port where nothing listens is told from silence, over UDP and TCP, and so is a
// connection that ends.
func TestCheckSyncRefused(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, transport := range []string{"udp", "tcp"} {
		to, err := server.ParseCheckSyncTarget("sip:127.0.0.1:9;transport=" + transport)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (server.CheckSync{To: to}).Send(t.Context()); !errors.Is(err, server.ErrPhoneRefused) {
			t.Errorf("%s: %v", transport, err)
		}
	}
	go func() {
		if conn, err := l.Accept(); err == nil {
			_, _ = io.ReadAtLeast(conn, make([]byte, 1), 1)
			conn.Close()
		}
	}()
	defer l.Close()
	to, err := server.ParseCheckSyncTarget("sip:" + l.Addr().String() + ";transport=tcp")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (server.CheckSync{To: to}).Send(t.Context()); err == nil {
		t.Error("an answer from nobody")
	}
}
