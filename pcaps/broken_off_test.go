package pcaps

import (
	"bytes"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"
)

// A capture that breaks off, at whatever frame, blames nobody whom the whole one does not blame: what did not happen
// until then may have happened a moment later.
func TestBrokenOff(t *testing.T) {
	library(t, func(t *testing.T, capture []byte) {
		whole := blamed(read(t, capture))
		for n, part := range beginnings(t, capture) {
			for what, text := range moreBlamed(part, whole) {
				t.Errorf("after frame %d: %s: %s: %s", n+1, what.side, what.cause, text)
			}
		}
	})
}

// library runs a test for each capture of the library.
func library(t *testing.T, test func(t *testing.T, capture []byte)) {
	t.Helper()
	files, err := filepath.Glob("library/*.pcapng")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d captures: %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".pcapng"), func(t *testing.T) { test(t, b) })
	}
}

// blame is what may be held against somebody.
type blame struct {
	side  Side
	cause Cause
}

// blamed are the diagnoses that say more than that something is not in a capture.
func blamed(c *Capture) map[blame]string {
	all := make(map[blame]string)
	for _, p := range c.Phones {
		for _, d := range Diagnose(p) {
			if d.Side != Nobody && d.Side != ByCapture && d.Cause != NothingSeen {
				all[blame{d.Side, d.Cause}] = d.Text
			}
		}
	}
	return all
}

// moreBlamed are the diagnoses of a part of a capture that the whole one does not lead to.
func moreBlamed(part []byte, whole map[blame]string) map[blame]string {
	c, err := Read("a part", bytes.NewReader(part), Options{})
	if err != nil {
		return nil // nothing in it is of a phone
	}
	all := blamed(c)
	maps.DeleteFunc(all, func(what blame, _ string) bool { return whole[what] != "" })
	return all
}

// beginnings are captures of the first frame, the first two, and so on.
func beginnings(t *testing.T, capture []byte) (all [][]byte) {
	t.Helper()
	in, err := hold("a capture", bytes.NewReader(capture))
	if err != nil {
		t.Fatal(err)
	}
	var frames []frame
	for _, h := range in.frames {
		frames = append(frames, h.frame)
		all = append(all, pcapOf(t, frames))
	}
	return all
}

// Who closes a connection in the midst of a file has broken it off: the server is blamed for its own FIN only.
func TestPhoneLeaves(t *testing.T) {
	for _, phone := range []bool{false, true} {
		w := newWriter(t, layers.LinkTypeEthernet)
		c := w.dial(netip.AddrPortFrom(testPhone.Addr(), 40001), netip.AddrPortFrom(testServer.Addr(), 80))
		c.segment(true, "GET /"+passBoot+" HTTP/1.1\r\nHost: x\r\n\r\n", false, false)
		c.segment(false, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ninclude", false, false)
		c.segment(phone, "", false, true)
		c.segment(!phone, "", false, true)
		d := Diagnose(read(t, w.out.Bytes()).Phones[0])[0]
		if want := map[bool]Side{false: ByServer, true: Open}[phone]; d.Cause != FileCut || d.Side != want {
			t.Errorf("the phone closes it: %v: %s, %s: %s", phone, d.Cause, d.Side, d.Text)
		}
	}
}
