package pcaps

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
)

// ftpSession writes an FTP session: commands and replies in turn, data where a connection
// for it is named.
type ftpSession struct {
	w      *writer
	c      *tcpConn
	client netip.Addr
	server netip.Addr
}

func newFTPSession(w *writer, client, server netip.Addr, port uint16) *ftpSession {
	s := &ftpSession{w: w, client: client, server: server}
	s.c = w.dial(netip.AddrPortFrom(client, port), netip.AddrPortFrom(server, 21))
	s.c.serve("220-Welcome\r\n220-to 220 files\r\n220 ready\r\n", 11)
	return s.does("USER", "phone", "331 password").does("PASS", "made-up", "230-Hello\r\n 230 is no end\r\n230 in").does("TYPE", "I", "200 ok")
}

func (s *ftpSession) does(verb, arg, reply string) *ftpSession {
	s.c.phone(strings.TrimSpace(verb+" "+arg)+"\r\n", 0) // tshark reads no command that comes in pieces
	if reply != "" {
		s.c.serve(reply+"\r\n", 0)
	}
	return s
}

// passive fetches a file by a connection that the phone opens.
func (s *ftpSession) passive(name, body string, port uint16) *ftpSession {
	s.c.phone("RETR "+name+"\r\n", 0)
	d := s.w.dial(netip.AddrPortFrom(s.client, port+1000), netip.AddrPortFrom(s.server, port))
	s.c.serve("150 here\r\n", 0)
	d.serve(body, 100)
	d.hangup()
	s.c.serve("226 done\r\n", 0)
	return s
}

// active fetches one by a connection that the server opens.
func (s *ftpSession) active(name, body string, port uint16) *ftpSession {
	s.c.phone("RETR "+name+"\r\n", 0)
	s.c.serve("150 here\r\n", 0)
	d := s.w.dial(netip.AddrPortFrom(s.server, 20), netip.AddrPortFrom(s.client, port))
	d.phone(body, 100)
	s.c.serve("226 done\r\n", 0) // before the data connection is closed
	d.hangup()
	return s
}

// Sessions of all kinds tell what tshark tells, command by command and reply by reply; and
// each file comes out whole.
func TestFTPAsTshark(t *testing.T) {
	needTshark(t)
	at := netip.MustParseAddr
	body := strings.Repeat("lang.gui=French\n", 40)
	w := newWriter(t, layers.LinkTypeEthernet)
	phone, server := at("192.0.2.10"), at("192.0.2.1")
	newFTPSession(w, phone, server, 41000).does("PASV", "", "227 Entering Passive Mode (192,0,2,1,200,10)").passive(passBoot, body, 200<<8+10).
		does("PASV", "", "227 =192,0,2,1,200,11").passive(passCfg, body, 200<<8+11).does("QUIT", "", "221 bye").c.hangup()
	newFTPSession(w, phone, server, 41001).does("EPSV", "", "229 Entering Extended Passive Mode (|||51300|)").passive("sub/office.cfg", body, 51300).
		does("SIZE", "gone.cfg", "550 no").does("RETR", "gone.cfg", "550 no such file").does("RETR", "busy.cfg", "450 busy").c.hangup()
	newFTPSession(w, phone, server, 41002).does("PORT", "192,0,2,10,170,1", "200 ok").active("active.cfg", body, 170<<8+1).
		does("EPRT", "|1|192.0.2.10|43522|", "200 ok").active("active2.cfg", body, 43522).does("NOOP", "", "200").c.hangup()
	newFTPSession(w, at("2001:db8::10"), at("2001:db8::1"), 41003).does("EPRT", "|2|2001:db8::10|43600|", "200 ok").active("six.cfg", body, 43600).
		does("EPSV", "2", "229 (|||51400|)").passive("six2.cfg", body, 51400).c.hangup()
	s := &ftpSession{w: w, client: phone, server: server, c: w.dial(netip.AddrPortFrom(phone, 41004), netip.AddrPortFrom(server, 21))}
	s.c.serve("220 ready\r\n", 0)
	s.does("AUTH", "TLS", "234 go on").c.phone("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03", 0)
	s.c.hangup()
	newFTPSession(w, phone, server, 41005).does("CWD", "/prov", "250 ok").does("CWD", "phones", "250 ok").does("PASV", "", "227 (10,9,8,7,200,12)").
		passive("nat.cfg", body, 200<<8+12).c.hangup()
	holdFTP(t, w.out.Bytes(), body)
}

func holdFTP(t *testing.T, b []byte, body string) {
	var want, got []string
	for _, r := range testbed.TsharkFields(t, written(t, b), nil, "ftp.request || ftp.response", "frame.number", "ftp.request.command",
		"ftp.request.arg", "ftp.response.code") {
		if verb := r[1]; verb != "" && verb == strings.ToUpper(verb) && strings.Trim(verb, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			arg := r[2]
			if verb == "PASS" {
				arg = "********"
			}
			want = append(want, fmt.Sprint(r[0], " ", verb, " ", arg))
		}
	}
	c := read(t, b)
	files := make(map[string]bool)
	for _, p := range c.Phones {
		for _, e := range p.Events {
			switch {
			case e.Kind == FTPCommand:
				arg, reply, _ := strings.Cut(e.Detail, "→")
				got = append(got, fmt.Sprint(e.Frame, " ", e.Name, " ", strings.TrimSpace(arg)))
				if reply == "" || e.Fact("ftp.reply") != strings.TrimSpace(reply)[:3] {
					t.Errorf("frame %d: %s", e.Frame, e.Detail)
				}
			case e.Kind == trace.FetchReply && !strings.Contains(e.Detail, "under TLS"):
				t.Errorf("frame %d: %s", e.Frame, e.Detail)
			}
		}
		for _, f := range p.Files {
			files[f.URL] = string(f.Body) == body && f.Partial == ""
		}
	}
	slices.SortFunc(want, byFrame)
	slices.SortFunc(got, byFrame)
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 35 {
		t.Errorf("%d commands (-tshark +got):\n%s", len(want), diff)
	}
	urls := map[string]bool{"ftp://192.0.2.1/" + passBoot: true, "ftp://192.0.2.1/" + passCfg: true, "ftp://192.0.2.1/sub/office.cfg": true,
		"ftp://192.0.2.1/active.cfg": true, "ftp://192.0.2.1/active2.cfg": true, "ftp://[2001:db8::1]/six.cfg": true,
		"ftp://[2001:db8::1]/six2.cfg": true, "ftp://192.0.2.1/prov/phones/nat.cfg": true}
	if diff := cmp.Diff(urls, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// A client that is refused SIZE, and asks no further, was told that there is no such file,
// once for each; where it does ask, that answer counts, and folders and uploads are none.
func TestFTPSizeRefused(t *testing.T) {
	w := newWriter(t, layers.LinkTypeEthernet)
	newFTPSession(w, testPhone.Addr(), testServer.Addr(), 41000).does("SIZE", "gone.cfg", "550 no such file").does("CWD", "sub", "250 ok").
		does("SIZE", "gone2.cfg", "550 no such file").does("SIZE", "there.cfg", "550 not now").does("PASV", "", "227 (192,0,2,1,200,13)").
		passive("there.cfg", "k=v\n", 200<<8+13).
		does("SIZE", "/folder", "550 not a plain file").does("CWD", "/folder", "250 ok").
		does("SIZE", "new.log", "550 no such file").does("STOR", "new.log", "553 no").
		does("SIZE", "last.cfg", "550 no such file").c.hangup()
	var got []string
	for _, e := range read(t, w.out.Bytes()).Phones[0].Events {
		if e.Kind == trace.FetchMissing || e.Kind == trace.FetchDone {
			got = append(got, fmt.Sprint(e.Kind, " ", e.URL, " ", e.Detail))
		}
	}
	want := []string{"fetch.missing ftp://192.0.2.1/gone.cfg 550 no such file (to SIZE)",
		"fetch.missing ftp://192.0.2.1/sub/gone2.cfg 550 no such file (to SIZE)", "fetch.done ftp://192.0.2.1/sub/there.cfg ",
		"fetch.missing ftp://192.0.2.1/folder/last.cfg 550 no such file (to SIZE)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Where the capture lacks what the server said, as one with a short snap length does, no
// reply is taken for another command's, and silence is nobody's fault.
func TestFTPHoles(t *testing.T) {
	w := newWriter(t, layers.LinkTypeEthernet)
	s := newFTPSession(w, testPhone.Addr(), testServer.Addr(), 41000)
	s.c.phone("PASV\r\n", 0)
	s.c.lost = true
	s.c.serve("227 Entering Passive Mode (192,0,2,1,200,13)\r\n", 0)
	s.c.lost = false
	s.does("RETR", passCfg, "150 here").does("NOOP", "", "226 done")
	s.c.phone("TYPE I\r\n", 0)
	s.c.lost = true
	s.c.serve("550 what was before\r\n", 0)
	s.c.lost = false
	s.does("SIZE", passBoot, "213 5").does("RETR", passBoot, "").does("RETR", "more.cfg", "").c.hangup()
	p := read(t, w.out.Bytes()).Phones[0]
	right := map[string]string{"RETR": "226 done", "SIZE": "213 5", "NOOP": "none"}
	for _, e := range p.Events {
		reply := e.Detail[strings.LastIndex(e.Detail, " ")+1:]
		if e.Kind == FTPCommand && e.Fact("ftp.reply") != "0" && right[e.Name] != "" && !strings.HasSuffix(right[e.Name], reply) {
			t.Errorf("%s %s", e.Name, e.Detail)
		}
	}
	for _, d := range Diagnose(p) {
		if d.Side != ByCapture && d.Side != Nobody {
			t.Errorf("%+v", d)
		}
	}
}

// A file whose data connection the capture lacks, and perhaps what was said of it, does not take that of the next, which
// a client opens before it asks.
func TestFTPDataMissing(t *testing.T) {
	for _, reply := range []string{"226 done", ""} {
		w := newWriter(t, layers.LinkTypeEthernet)
		s := newFTPSession(w, testPhone.Addr(), testServer.Addr(), 41000).does("PASV", "", "227 (192,0,2,1,200,13)").does("RETR", passBoot, reply).
			does("PASV", "", "227 (192,0,2,1,200,14)")
		d := w.dial(netip.AddrPortFrom(s.client, 42000), netip.AddrPortFrom(s.server, 200<<8+14))
		s.does("RETR", passCfg, "150 here")
		d.serve("k=v\n", 100)
		d.hangup()
		s.c.serve("226 done\r\n", 0)
		s.c.hangup()
		p := read(t, w.out.Bytes()).Phones[0]
		if len(p.Files) != 1 || p.Files[0].Name != passCfg || p.Files[0].Partial != "" {
			t.Errorf("reply %q: %+v", reply, p.Files)
		}
		for _, d := range Diagnose(p) {
			if d.Side != ByCapture && d.Side != Nobody {
				t.Errorf("reply %q: %+v", reply, d)
			}
		}
	}
}
