package steps

import (
	"strings"
	"testing"
)

// Replies are read as RFC 959 §4.2 has them.
func TestReplyCode(t *testing.T) {
	for _, c := range []struct {
		line     string
		code     int
		more, ok bool
	}{
		{"220 ready\r\n", 220, false, true},
		{"220-welcome\r\n", 220, true, true},
		{"220\r\n", 220, false, true},
		{"220 \n", 220, false, true},
		{" 220 indented, within several lines\r\n", 0, false, false},
		{"22 ready\r\n", 0, false, false},
		{"2200 ready\r\n", 0, false, false},
		{"099 ready\r\n", 99, false, false},
		{"600 ready\r\n", 600, false, false},
		{"HTTP/1.1 400 Bad Request\r\n", 0, false, false},
		{"", 0, false, false},
	} {
		code, more, ok := replyCode(c.line)
		if ok != c.ok || ok && (code != c.code || more != c.more) {
			t.Errorf("%q: %d, %v, %v; want %d, %v, %v", c.line, code, more, ok, c.code, c.more, c.ok)
		}
	}
}

// The port of a data connection is read where its RFC puts it, and nowhere else.
func TestDataPort(t *testing.T) {
	for text, want := range map[string]int{
		"Entering Extended Passive Mode (|||6446|)":                6446,
		"Entering Extended Passive Mode (|||6446|).":               6446,
		"any delimiter (!!!6446!)":                                 6446,
		"another delimiter at the end (|||6446!)":                  0,
		"an address too (|1|127.0.0.1|6446|)":                      0,
		"no port (||||)":                                           0,
		"(|||0|)":                                                  0,
		"(|||65536|)":                                              0,
		"(|||64 46|)":                                              0,
		"Entering Extended Passive Mode, port 6446":                0,
		"closed before it is opened )|||6446|(":                    0,
		"Entering Extended Passive Mode (some words) (|||65535|) ": 65535,
	} {
		if got := epsvPort(text); got != want {
			t.Errorf("EPSV: %q: %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"Entering Passive Mode (127,0,0,1,25,46)":  "127.0.0.1:6446",
		"Entering Passive Mode (127,0,0,1,25,46).": "127.0.0.1:6446",
		"Entering Passive Mode 127,0,0,1,25,46":    "127.0.0.1:6446", // RFC 1123 §4.1.2.6
		"=127,0,0,1,25,46":                         "127.0.0.1:6446",
		"Entering Passive Mode (127,0,0,1,256,46)": "invalid AddrPort",
		"Entering Passive Mode (127.0.0.1.25.46)":  "invalid AddrPort",
		"Entering Passive Mode":                    "invalid AddrPort",
	} {
		if got := pasvAddress(ftpReply{code: 227, text: text}).String(); got != want {
			t.Errorf("PASV: %q: %s, want %s", text, got, want)
		}
	}
}

// A status line is that of HTTP/1 (RFC 9112 §4).
func TestStatusOf(t *testing.T) {
	for line, want := range map[string]int{
		"HTTP/1.1 200 OK": 200, "HTTP/1.0 404 Not Found": 404, "HTTP/1.1 200 ": 200, "HTTP/1.1 200": 200,
		"HTTP/2 200": 0, "ICY 200 OK": 0, "Status: 200": 0, "HTTP/1.1 2000 OK": 0, "HTTP/1.1 20 OK": 0, "HTTP/1.1  200 OK": 0, "": 0,
	} {
		if got := statusOf(line); got != want {
			t.Errorf("%q: %d, want %d", line, got, want)
		}
	}
}

// A challenge is found among others (RFC 9110 §11.6.1).
func TestChallengeIs(t *testing.T) {
	for _, c := range []struct {
		text, scheme string
		want         bool
	}{
		{`Basic realm="phones"`, "basic", true},
		{`BASIC realm="phones", charset="UTF-8"`, "basic", true},
		{`Negotiate, Digest realm="phones", nonce="1", qop="auth"`, "digest", true},
		{`NTLM`, "basic", false},
		{`Bearer realm="basic"`, "basic", false},
		{``, "basic", false},
	} {
		if got := challengeIs(c.text, c.scheme); got != c.want {
			t.Errorf("%q, %s: %v, want %v", c.text, c.scheme, got, c.want)
		}
	}
}

// What servers say is read without a panic, and a port is one.
func FuzzReplies(f *testing.F) {
	for _, seed := range []string{
		"229 (|||6446|)", "227 (127,0,0,1,25,46)", "220-a\r\n220 b", "HTTP/1.1 200 OK", "(", ")(", "(((((((", "227 1,2,3,4,5", "Basic", ", ,",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if port := epsvPort(text); port < 0 || port > 65535 {
			t.Errorf("EPSV: port %d", port)
		}
		pasvAddress(ftpReply{code: 227, text: text})
		if code, _, ok := replyCode(text); ok && (code < 100 || code > 599) {
			t.Errorf("reply code %d", code)
		}
		if status := statusOf(text); status != 0 && !strings.HasPrefix(text, "HTTP/1.") {
			t.Errorf("status %d", status)
		}
		challengeIs(text, "basic")
	})
}
