package fetch

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fipsim/fipsim/simulator/trace"
)

// The bytes of a session.
func TestFTPCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := (&ftpScript{data: "a = 1", greeting: "220-Welcome to\r\n230 users of\r\n 220 servers\r\n220 ready"}).start()
		k, res, err := f.get(t)
		if err != nil || string(res.Body) != "a = 1" {
			t.Fatalf("%v, %v", res, err)
		}
		want := []string{"USER test1", "PASS " + secret, "FEAT", "TYPE I", "EPSV", "RETR a.cfg", "QUIT"}
		if diff := cmp.Diff(want, f.commands); diff != "" {
			t.Errorf("commands (-want +got):\n%s", diff)
		}
		peer := netip.AddrPortFrom(scriptedHost, 21)
		events := []trace.Event{
			{Kind: trace.FetchReply, URL: "ftp://192.0.2.80/a.cfg", Peer: peer, Detail: "230 in"},
			{Kind: trace.FetchRequest, URL: "ftp://192.0.2.80/a.cfg", Peer: peer, Attempt: 1},
			{Kind: trace.FetchDone, URL: "ftp://192.0.2.80/a.cfg", Bytes: 5},
		}
		if diff := cmp.Diff(events, k.events.Events(), cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// Oddities that a phone lives with, and what is recorded of them.
func TestFTPTolerates(t *testing.T) {
	for name, test := range map[string]struct {
		replies map[string]string
		said    string
	}{
		"EPSV refused": {
			map[string]string{"EPSV": "500 EPSV not understood"},
			"EPSV is refused, PASV comes next: 500 EPSV not understood",
		},
		"PASV to another host": {
			map[string]string{"EPSV": "502 no", "PASV": "227 passive (10,9,8,7,4,1)"},
			"PASV names another host, the phone connects to 192.0.2.80: 227 passive (10,9,8,7,4,1)",
		},
		"logged in by USER": {map[string]string{"USER": "230 no password needed"}, "230 no password needed"},
		"250 for 226":       {map[string]string{"RETR": "125 open\r\n250 done"}, "230 in"},
		"multi-line login":  {map[string]string{"PASS": "230-Hello\r\n331 friends of\r\n230 phones"}, "230 Hello"},
		"password echoed":   {map[string]string{"PASS": "230 in with " + secret + "\x1b[2J"}, "230 in with *** [2J"},
		"size announced": {
			map[string]string{"RETR": "150 Opening BINARY mode data connection for a.cfg (5 bytes).\r\n226 ok"},
			"230 in",
		},
		"more than announced": {map[string]string{"RETR": "150 Opening a.cfg (3 bytes).\r\n226 ok"}, "230 in"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k, res, err := (&ftpScript{data: "a = 1", replies: test.replies}).start().get(t)
				if err != nil || string(res.Body) != "a = 1" {
					t.Fatalf("%v, %v", res, err)
				}
				said := strings.Join(k.said(trace.FetchReply), "\n")
				if !strings.Contains(said, test.said) {
					t.Errorf("recorded %q, want in it %q", said, test.said)
				}
			})
		})
	}
}

// Servers that fail, each in its own way.
func TestFTPBadServers(t *testing.T) {
	for name, test := range map[string]struct {
		script *ftpScript
		want   error
		words  []string
	}{
		"full":     {&ftpScript{greeting: "421 too many\r\nclose"}, ErrServer, []string{"421 too many"}},
		"silent":   {&ftpScript{greeting: "hang"}, ErrNoAnswer, []string{"silence for 30s before its greeting"}},
		"hangs up": {&ftpScript{greeting: "close"}, ErrTruncated, []string{"ended the connection before its greeting"}},
		"not FTP": {
			&ftpScript{greeting: "SSH-2.0-OpenSSH\x07"}, ErrProtocol,
			[]string{"the greeting is not FTP: SSH-2.0-OpenSSH"},
		},
		"not FTP after USER": {
			&ftpScript{replies: map[string]string{"USER": "who-" + secret}}, ErrProtocol,
			[]string{"the reply to USER is not FTP: who-***"},
		},
		"endless greeting": {
			&ftpScript{greeting: strings.Repeat("220-"+strings.Repeat("x", 1000)+"\r\n", 100)}, ErrProtocol,
			[]string{"more than 65536 bytes"},
		},
		"endless line": {
			&ftpScript{greeting: "220 " + strings.Repeat("x", 100_000)}, ErrProtocol, []string{"more than 65536 bytes"},
		},
		"USER refused": {
			&ftpScript{replies: map[string]string{"USER": "530 go away"}}, ErrUnauthorized,
			[]string{"530 go away, with the credentials given"},
		},
		"PASS refused": {
			&ftpScript{replies: map[string]string{"PASS": "530-Login incorrect\r\n530 " + secret}}, ErrUnauthorized,
			[]string{"530 Login incorrect ***"},
		},
		"account wanted": {
			&ftpScript{replies: map[string]string{"PASS": "332 account?"}}, ErrUnauthorized, []string{"332 account?"},
		},
		"no login with 550": {&ftpScript{replies: map[string]string{"PASS": "550 odd"}}, ErrServer, []string{"550 odd"}},
		"silent after PASS": {
			&ftpScript{replies: map[string]string{"PASS": "hang"}}, ErrNoAnswer, []string{"silence for 30s after PASS"},
		},
		"TYPE refused":      {&ftpScript{replies: map[string]string{"TYPE": "504 no"}}, ErrServer, []string{"504 no"}},
		"silent after EPSV": {&ftpScript{replies: map[string]string{"EPSV": "hang"}}, ErrNoAnswer, []string{"silence for 30s after"}},
		"no passive at all": {
			&ftpScript{replies: map[string]string{"EPSV": "500 no", "PASV": "550 neither"}}, ErrServer,
			[]string{"550 neither"},
		},
		"bad PASV": {
			&ftpScript{replies: map[string]string{"EPSV": "500 no", "PASV": "227 )1,2("}}, ErrProtocol,
			[]string{"reply to PASV"},
		},
		"PASV of big numbers": {
			&ftpScript{replies: map[string]string{"EPSV": "500 no", "PASV": "227 (999,0,0,1,4,1)"}}, ErrProtocol,
			[]string{"no address"},
		},
		"EPSV to port 0": {
			&ftpScript{replies: map[string]string{"EPSV": "229 (|||0|)"}}, ErrProtocol,
			[]string{"port 0 for the data connection"},
		},
		"EPSV to port -1": {&ftpScript{replies: map[string]string{"EPSV": "229 (|||-1|)"}}, ErrProtocol, []string{"port -1"}},
		"data port refused": {
			&ftpScript{replies: map[string]string{"EPSV": "229 (|||4000|)"}}, ErrRefused,
			[]string{"data connection to port 4000: connection refused"},
		},
		"missing": {
			&ftpScript{replies: map[string]string{"RETR": "550 no such file"}}, ErrNotFound,
			[]string{"550 no such file"},
		},
		"missing, 551":    {&ftpScript{replies: map[string]string{"RETR": "551 page type"}}, ErrNotFound, []string{"551 page type"}},
		"can't open data": {&ftpScript{replies: map[string]string{"RETR": "425 can't"}}, ErrServer, []string{"425 can't"}},
		"read error on disk": {
			&ftpScript{data: "a", replies: map[string]string{"RETR": "150 here\r\n451 disk"}}, ErrServer,
			[]string{"1 bytes came, then the reply 451 disk"},
		},
		"aborted": {
			&ftpScript{data: "a", replies: map[string]string{"RETR": "150 here\r\n426 broken"}}, ErrTruncated,
			[]string{"1 bytes came, then the reply 426 broken"},
		},
		"no 226": {
			&ftpScript{data: "a = 1", replies: map[string]string{"RETR": "150 here\r\nhang"}}, ErrTruncated,
			[]string{"5 bytes came, but no reply 226", "silence for 30s"},
		},
		"hangs up for 226": {
			&ftpScript{data: "a = 1", replies: map[string]string{"RETR": "150 here\r\nclose"}}, ErrTruncated,
			[]string{"no reply 226"},
		},
		"another end": {
			&ftpScript{data: "a", replies: map[string]string{"RETR": "150 here\r\n200 ok"}}, ErrProtocol,
			[]string{"200 ok", "where 226 confirms"},
		},
		"shorter than announced": {
			&ftpScript{data: "a", replies: map[string]string{"RETR": "150 a.cfg (5 bytes)\r\n226 ok"}}, ErrTruncated,
			[]string{"1 of 5 bytes"},
		},
		"half, then silence": {
			&ftpScript{data: "a", silent: true, replies: map[string]string{"RETR": "150 a.cfg (5 bytes)\r\nhang"}},
			ErrNoAnswer, []string{"silence for 30s after 1 of 5 bytes"},
		},
		"endless file": {
			&ftpScript{data: "for ever ", endless: true, replies: map[string]string{"RETR": "150 here"}}, ErrTooLarge,
			[]string{"1000 bytes"},
		},
		"announced too large": {
			&ftpScript{data: "a", replies: map[string]string{"RETR": "150 a.cfg (5000 bytes)"}}, ErrTooLarge,
			[]string{"5000 bytes announced"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, _, err := test.script.start().get(t)
				fails(t, err, test.want, test.words...)
				if want := netip.AddrPortFrom(scriptedHost, 21); err.Peer.Addr() != want.Addr() {
					t.Errorf("peer is %v, want %v", err.Peer, want)
				}
			})
		})
	}
}

// A session that the server ended between two files is opened once more; a server that
// does so each time is served by sessions of one file.
func TestFTPSessionLost(t *testing.T) {
	for name, reply := range map[string]string{"with 421": "150 here\r\n226 done", "without a word": "150 here\r\n226 done\r\nclose"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := (&ftpScript{data: "a = 1", replies: map[string]string{"RETR": reply}}).start()
				if name == "with 421" {
					f.idle = time.Second
				}
				k := &kit{Options: Options{Network: f}}
				s := k.schemes(t)
				for range 3 {
					if _, err := k.over(t, s, Request{URL: withUser(t, "ftp://192.0.2.80/a.cfg")}); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Minute)
				}
				s.Close()
				synctest.Wait()
				if f.sessions != 3 {
					t.Errorf("%d sessions, want 3", f.sessions)
				}
			})
		})
	}
}

// A server that never keeps a session is not asked for ever.
func TestFTPSessionLostForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := (&ftpScript{data: "a = 1"}).start()
		k := &kit{Options: Options{Network: f}}
		s := k.schemes(t)
		defer s.Close()
		r := Request{URL: withUser(t, "ftp://192.0.2.80/a.cfg")}
		if _, err := k.over(t, s, r); err != nil {
			t.Fatal(err)
		}
		f.mu.Lock()
		f.replies = map[string]string{"EPSV": "421 no\r\nclose"}
		f.mu.Unlock()
		_, err := k.over(t, s, r)
		fails(t, err, ErrServer, "421 no")
		if f.sessions != 2 {
			t.Errorf("%d sessions, want 2", f.sessions)
		}
	})
}

// The context ends whatever a session waits for.
func TestFTPCancelled(t *testing.T) {
	for _, hang := range []string{"USER", "EPSV", "RETR"} {
		t.Run(hang, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := (&ftpScript{replies: map[string]string{hang: "hang"}}).start()
				s := (&kit{Options: Options{Network: f}}).schemes(t)
				defer s.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
				defer cancel()
				start := time.Now()
				_, err := s.Fetch(ctx, Request{URL: mustURL(t, "ftp://192.0.2.80/a.cfg")})
				if !errors.Is(err, ErrTimeUp) || time.Since(start) != 7*time.Second {
					t.Errorf("after %v: %v, want %v after 7s", time.Since(start), err, ErrTimeUp)
				}
			})
		})
	}
}

// What is watched may be cut anywhere.
func FuzzFTPWatch(f *testing.F) {
	f.Add("220-a\r\n220 b\r\nPASV\r\n227 (1,2,3,4,5,6)\r\n", 3)
	f.Add("227 )(\r\n", 1)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		whole, parts := watched(text), []ftpReply(nil)
		if cut > 0 && cut < len(text) {
			parts = watched(text[:cut], text[cut:])
		} else {
			parts = watched(text)
		}
		if diff := cmp.Diff(whole, parts, cmp.AllowUnexported(ftpReply{})); diff != "" {
			t.Errorf("cut at %d (-whole +parts):\n%s", cut, diff)
		}
		s := new(ftpSession)
		s.options, _ = s.options.prepared()
		for _, r := range whole {
			_ = s.note(r)
		}
	})
}

func watched(parts ...string) []ftpReply {
	var replies []ftpReply
	w := ftpWatch{reply: func(r ftpReply) error { replies = append(replies, r); return nil }}
	for _, p := range parts {
		_, _ = w.Write([]byte(p))
	}
	return replies
}
