package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/pcaps/library"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// The guide's two figures, acted out: our phone is what --like finds in the rebuilt
// capture, a real DHCP server and a real SIP responder name the server, and that one
// behaves as the figure's Tftpd32. `pcap diff` finds no difference.
func TestLikeGuide(t *testing.T) {
	if testing.Short() {
		t.Skip("two passes with the guide's own waiting times")
	}
	tb := testbed.New(t, append(testbed.DnsmasqDHCP.Needs, testbed.SIPpNeeds...))
	server := tb.Server.Addr.String()
	t.Run("DHCP option 66", func(t *testing.T) {
		tb := tb.For(t)
		tb.StartDHCP(testbed.DnsmasqDHCP, testbed.DHCPOptions{Option66: server})
		actOut(t, tb, "guide_dhcp_option66.pcapng", "--dhcp")
	})
	t.Run("PnP", func(t *testing.T) {
		tb := tb.For(t)
		sipp := tb.StartSIPp("testdata/sipp/guide.xml", "tftp://"+server+"/0021f222b01d.cfg")
		actOut(t, tb, "guide_pnp.pcapng", "--pnp")
		sipp.Wait()
	})
}

// actOut lets the phone of a captured figure live its pass again, and compares.
func actOut(t *testing.T, tb *testbed.Testbed, name, discovery string) {
	t.Helper()
	dir := t.TempDir()
	figure, own := filepath.Join(dir, name), filepath.Join(dir, "own.pcapng")
	b, err := library.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(figure, b, 0o600); err != nil {
		t.Fatal(err)
	}
	capture, err := pcaps.Read(name, bytes.NewReader(b), pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tftpd32(t, tb.Server, capture.Phones[0])

	program := filepath.Join(dir, "fipsim")
	if err := os.Symlink(executable(t), program); err != nil {
		t.Fatal(err)
	}
	// The phone's own exit status is of no interest: it fails where the figure's server has no file for it.
	ran, err := tb.Phone.Command(t.Context(), program, "phone", "--like", figure, discovery, "--interface", tb.Phone.Interface,
		"--pcap", own).CombinedOutput()
	t.Logf("the phone (%v):\n%s", err, ran)
	out, err := exec.CommandContext(t.Context(), program, "pcap", "diff", figure, own).CombinedOutput()
	if err != nil {
		t.Errorf("pcap diff: %v\n%s", err, out)
	}
}

func executable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// tftpd32 serves TFTP as the server of the figures: it passes over the first request of
// all, answers options with plain DATA, and pads its error text with a NUL more.
func tftpd32(t *testing.T, ns *testbed.Namespace, p *pcaps.Phone) {
	t.Helper()
	conn, err := ns.Network().ListenPacket(t.Context(), "udp4", net.JoinHostPort(ns.Addr.String(), "69"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for silent := len(p.Files) > 0; ; silent = false {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			request, err := tftp.Parse(buf[:n])
			if err != nil || silent {
				continue
			}
			answer := append(tftp.AppendError(nil, tftp.FileNotFound, "File not found"), 0)
			for _, f := range p.Files {
				if f.Name == request.Filename {
					answer = tftp.AppendData(nil, 1, f.Body)
				}
			}
			fromNewPort(ns, from, answer)
		}
	}()
}

// fromNewPort sends one datagram from a port that is used for nothing else.
func fromNewPort(ns *testbed.Namespace, to net.Addr, answer []byte) {
	conn, err := ns.Network().ListenPacket(context.Background(), "udp4", net.JoinHostPort(ns.Addr.String(), "0"))
	if err == nil {
		_, _ = conn.WriteTo(answer, to) // what gets lost is seen by its absence
		conn.Close()
	}
}
