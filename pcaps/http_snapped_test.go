package pcaps

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Where the snap length cut frames, each request whose first line is there is told, with what came of it; what is
// beyond is called neither missing nor anybody's fault.
func TestSnappedHTTP(t *testing.T) {
	server := netip.MustParseAddrPort("192.0.2.1:80")
	body := strings.Repeat("lang.gui=French\n", 200)
	for snap, want := range map[int][]string{
		// 54 bytes are Ethernet's, IP's and TCP's heads.
		64:  {"fetch.request 0021f…", "fetch.failed the capture lacks the answer", "fetch.request y0000…", "fetch.failed the capture lacks the answer"},
		96:  {"fetch.request 0021f2000001.cfg", "fetch.done", "fetch.request y000000000000.cfg", "fetch.missing HTTP 404 Not Found"},
		128: {"fetch.request 0021f2000001.cfg", "fetch.done", "fetch.request y000000000000.cfg", "fetch.missing HTTP 404 Not Found"},
		300: {"fetch.request 0021f2000001.cfg", "fetch.failed the capture lacks a part of this file",
			"fetch.request y000000000000.cfg", "fetch.missing HTTP 404 Not Found"},
	} {
		t.Run(fmt.Sprint(snap), func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			w.snap = snap
			c := w.dial(testPhone, server)
			c.phone(ask("GET /0021f2000001.cfg", ""), 0)
			c.serve(fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: %d\r\n\r\n", len(body)), 0)
			c.serve(body, 1400)
			c.phone(ask("GET /y000000000000.cfg", ""), 0)
			c.seq[true] -= uint32(len(ask("GET /y000000000000.cfg", "")))
			c.phone(ask("GET /y000000000000.cfg", ""), 0) // sent again
			c.serve("HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Length: 9\r\n\r\nnot there", 0)
			c.hangup()
			got := read(t, w.out.Bytes())
			if len(got.Phones) != 1 || got.Cut == 0 {
				t.Fatalf("%d phones, %d frames cut", len(got.Phones), got.Cut)
			}
			var told []string
			for _, e := range got.Phones[0].Events {
				line := string(e.Kind)
				switch {
				case e.Kind == "fetch.request":
					line += " " + e.Name
				case e.Kind != "fetch.done":
					line += " " + e.Detail
				}
				told = append(told, line)
				if e.Fault != trace.NoFault && e.Fault != trace.NotFound {
					t.Errorf("%s: %s", line, e.Fault)
				}
			}
			if diff := cmp.Diff(want, told); diff != "" {
				t.Error(diff)
			}
			for _, f := range got.Phones[0].Files {
				if f.Partial == "" {
					t.Errorf("%s is called whole", f.Name)
				}
			}
		})
	}
}

// A 401 tells nothing of credentials that were beyond the snap length, a redirect not where it leads.
func TestSnappedAnswers(t *testing.T) {
	for line, want := range map[string]string{
		"HTTP/1.1 401 Unauthorized": "fetch.reply HTTP 401 Unauthorized",
		"HTTP/1.1 302 Found":        "fetch.reply HTTP 302 Found",
		"HTTP/1.1 403 Forbidden":    "fetch.failed HTTP 403 Forbidden",
		"HTTP/1.1 500 Internal":     "fetch.failed HTTP 500 Internal",
	} {
		w := newWriter(t, layers.LinkTypeEthernet)
		w.snap = 96
		c := w.dial(testPhone, netip.MustParseAddrPort("192.0.2.1:80"))
		c.phone(ask("GET /0021f2000001.cfg", "Authorization: Basic dTpw\r\n"), 0)
		c.serve(line+"\r\nServer: a server of some length\r\nContent-Length: 0\r\n\r\n", 0)
		c.hangup()
		events := read(t, w.out.Bytes()).Phones[0].Events
		if e := events[len(events)-1]; string(e.Kind)+" "+e.Detail != want {
			t.Errorf("%s: %s %s, want %s", line, e.Kind, e.Detail, want)
		}
	}
}

// No first lines make the reader panic, wherever the snap length cuts them.
func FuzzSnapped(f *testing.F) {
	f.Add([]byte("GET /0021f2000001.cfg HTTP/1.1\r\nHo"), []byte("HTTP/1.1 200 OK\r\nServ"), 20)
	f.Add([]byte("GET http://h/%zz HTTP/1.0\r\n\r\n"), []byte("HTTP/1.1 301 Moved\r\nLocation: /%\r\n"), 9)
	f.Add([]byte("HEAD "), []byte("HTTP/1."), 1)
	f.Fuzz(func(t *testing.T, client, server []byte, missing int) {
		r := newRoster()
		w := newTCPWatch(r)
		fl := &flow{w: w, client: phonePort, server: netip.MustParseAddrPort("192.0.2.1:80"), hw: device.DefaultMAC}
		for i := range 4 {
			w.current.missing = (missing + i) & 0xff
			fl.last = moment{frame: i + 1}
			fl.snapped(true, &layers.TCP{BaseLayer: layers.BaseLayer{Payload: client}, Seq: uint32(i) << 30})
			fl.snapped(false, &layers.TCP{BaseLayer: layers.BaseLayer{Payload: server}, Seq: uint32(i) << 10})
		}
		fl.ReassemblyComplete(nil)
		phones, _ := r.finish()
		for _, p := range phones {
			Diagnose(p)
			for _, e := range p.Events {
				if strings.ContainsAny(e.Name+e.Detail, "\n\x1b") {
					t.Errorf("a control character in %q, %q", e.Name, e.Detail)
				}
			}
		}
	})
}
