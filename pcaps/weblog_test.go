package pcaps

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Lines of a log are put into the timeline of the phone that they are of: by the MAC in
// the path, by that in the User-Agent, by the address. Those of others, and of other
// times, are counted.
func TestBeside(t *testing.T) {
	w := newWriter(t, 1)
	w.tcp(testPhone, netip.MustParseAddrPort("192.0.2.1:80"), "GET /0021f2000001.cfg HTTP/1.1\r\nHost: h\r\n\r\n",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
	w.later(3e9)
	log := strings.Join([]string{
		`10.9.9.9 - - [06/May/2024:09:08:09 +0200] "GET /0021f2000001.cfg HTTP/1.1" 404 0 "-" "-"`,
		`10.9.9.9 - user [06/May/2024:07:08:10 +0000] "GET /office.cfg HTTP/1.1" 200 17 "-" "Flyingvoice FIP14G V0.5.15 00:21:F2:00:00:01"`,
		`192.0.2.10 - - [06/May/2024:07:08:11 +0000] "GET /a\"b.cfg HTTP/1.1" 403 9`,
		`198.51.100.1 - - [06/May/2024:07:08:11 +0000] "GET / HTTP/1.1" 200 9`,
		`192.0.2.10 - - [06/May/2024:08:08:11 +0000] "GET / HTTP/1.1" 200 9`,
		`no line of a log`, `192.0.2.10 - - [yesterday] "GET / HTTP/1.1" 200 9`, ``}, "\n")
	var all WebLog
	notes, err := all.Add("access.log", strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"access.log:6: no line of a combined log; the line is passed over",
		"access.log:7: its time cannot be read; the line is passed over"}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Error(diff)
	}
	c := read(t, w.out.Bytes())
	c.Beside(&all)
	if kinds := kindsOf(t, c); kinds != "fetch.request fetch.missing log.line log.line log.line" {
		t.Error(kinds)
	}
	var text bytes.Buffer
	if err := c.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"log access.log:1: GET /0021f2000001.cfg: 404, 0 bytes", "log access.log:2: GET /office.cfg: 200, 17 bytes",
		`log access.log:3: GET /a%22b.cfg: 403, 9 bytes`, "1 are of other times than the capture, and 1 of nobody in it"} {
		if !strings.Contains(text.String(), line) {
			t.Errorf("%q is not in\n%s", line, text.String())
		}
	}
}

// What TLS hides, the log tells.
func TestLogOfTLS(t *testing.T) {
	b, _ := fetchTapped(t, 0x0304, 0x1301, false)
	c := read(t, b)
	stamp := c.First.UTC().Format("02/Jan/2006:15:04:05 -0700")
	for status, want := range map[string]Cause{"403": Forbidden, "502": ServerFailed, "401": LoginRefused} {
		c := read(t, b)
		var all WebLog
		if _, err := all.Add("a.log", strings.NewReader(`127.0.0.1 - - [`+stamp+`] "GET /x.cfg HTTP/1.1" `+status+` 9 "-" "-"`)); err != nil {
			t.Fatal(err)
		}
		c.Beside(&all)
		if d := Diagnose(c.Phones[0])[0]; d.Cause != want || !strings.Contains(d.Text, "a.log:1: GET /x.cfg: "+status) {
			t.Errorf("%s: %+v", status, d)
		}
	}
}

func TestNotLog(t *testing.T) {
	for _, text := range []string{"", "hello\nworld\n", strings.Repeat("x", maxLogLine+1)} {
		if _, err := new(WebLog).Add("x.log", strings.NewReader(text)); !errors.Is(err, ErrNotLog) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}

// No text makes it panic, and no line gets into the timeline with control characters.
func FuzzWebLog(f *testing.F) {
	f.Add(`192.0.2.10 - - [06/May/2024:07:08:11 +0000] "GET /a\"b.cfg HTTP/1.1" 403 9 "-" "x"`)
	f.Fuzz(func(t *testing.T, line string) {
		e, why := readLogLine(line)
		if why == "" && strings.ContainsAny(e.path+e.method, "\n\x1b") {
			t.Errorf("%q", e.path)
		}
	})
}
