package pcaps

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// serve writes a transfer of a whole small file, or of an ERROR 1 where there is none.
func (w *writer) serve(port uint16, name, body string, there bool) {
	phone := netip.AddrPortFrom(testPhone.Addr(), port)
	w.ethernet(etherIPv4, packetOf(w.t, phone, testServer, tftp.AppendRRQ(nil, name, "octet", tftp.Option{Name: "timeout", Value: "9"})))
	answer := tftp.AppendError(nil, tftp.FileNotFound, "File not found")
	if there {
		answer = tftp.AppendData(nil, 1, []byte(body))
	}
	w.ethernet(etherIPv4, packetOf(w.t, testTID, phone, answer))
}

// A capture becomes a scenario that scenarios.Open reads: the tree from the phones'
// folder on, the phone with its options, what it must hold; and all of it for its owner
// only, as passwords are in it.
func TestExtract(t *testing.T) {
	w := newWriter(t, layers.LinkTypeEthernet)
	w.serve(40001, "prov/0021f2000001.boot", "", false)
	w.serve(40002, "prov/y000000000000.boot", "include:config <sub/office.cfg>\n", true)
	w.serve(40003, "prov/sub/office.cfg", "lang.gui=French\naccount.1.password=hunter2\n", true)
	w.serve(40004, "elsewhere/ring.wav", "RIFF", true)
	c := read(t, w.out.Bytes())
	dir := filepath.Join(t.TempDir(), "field")
	out, err := Extract(c, dir)
	if err != nil {
		t.Fatal(err)
	}
	if out.Files != 2 || out.Phones != 1 || !strings.Contains(strings.Join(out.Remarks, "\n"), "not in the tree: elsewhere/ring.wav") ||
		!strings.Contains(strings.Join(out.Remarks, "\n"), "missing on the server: prov/0021f2000001.boot") {
		t.Errorf("%+v", out)
	}
	s, err := scenarios.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(filepath.Join(dir, "tree", "sub", "office.cfg"))
	if err != nil || string(body) != "lang.gui=French\naccount.1.password=hunter2\n" {
		t.Errorf("%q, %v", body, err)
	}
	p := s.Phones[0]
	if p.Identity.MAC != device.DefaultMAC || p.Behaviour.TFTPTimeout != 9 || p.Expect.Len() != 2 || s.Features == nil {
		t.Errorf("%+v", p)
	}
	err = filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if info, infoErr := d.Info(); err == nil && infoErr == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is readable by others: %s", name, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := Extract(c, dir); err == nil {
		t.Error("a folder with something in it was written into")
	}
}

// No name in a capture leads out of the folder.
func TestExtractStaysInside(t *testing.T) {
	w := newWriter(t, layers.LinkTypeEthernet)
	w.serve(40001, "../../../etc/0021f2000001.cfg", "a=b\n", true)
	w.serve(40002, "/abs/../../0021f2000001.boot", "include:config <x.cfg>\n", true)
	dir := t.TempDir()
	if _, err := Extract(read(t, w.out.Bytes()), filepath.Join(dir, "in")); err != nil {
		t.Fatal(err)
	}
	there, err := os.ReadDir(dir)
	if err != nil || len(there) != 1 {
		t.Errorf("%v, %v", there, err)
	}
}
