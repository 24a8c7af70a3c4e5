package testbed

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// CaptureNeeds is what Capture and TsharkFields run.
var CaptureNeeds = Needs{"tshark", "dumpcap"}

// captureLimit is how long dumpcap may take to start, and to see a packet.
const captureLimit = 20 * time.Second

// markPort is the discard service's. The last packet of a capture goes there, and is
// not in what Stop returns.
const markPort = 9

// Capture is a recording of what crosses a namespace's cable.
type Capture struct {
	tb   *Testbed
	ns   *Namespace
	file string
	*child
}

// Capture starts to record what crosses ns's cable and fits filter (pcap-filter(7);
// "" for everything), and returns when it does.
func (tb *Testbed) Capture(ns *Namespace, filter string) *Capture {
	tb.t.Helper()
	dir := tb.folder("capture")
	c := &Capture{tb: tb, ns: ns, file: filepath.Join(dir, "all.pcap")}
	args := []string{"-q", "-P", "-i", ns.Interface, "-w", c.file}
	if filter != "" {
		args = append(args, "-f", fmt.Sprintf("(%s) or udp dst port %d", filter, markPort))
	}
	cmd := tb.command(ns, "dumpcap", args...)
	stderr := &lockedBuffer{}
	cmd.Stderr = stderr
	c.child = tb.launch(cmd)
	tb.t.Cleanup(c.kill)
	// It names its file after it has opened the interface.
	tb.until(c, func() bool { return strings.Contains(stderr.String(), "File: ") }, stderr)
	return c
}

// Stop ends the recording once it holds all that was sent before, and returns the
// pcap file.
func (c *Capture) Stop() string {
	c.tb.t.Helper()
	mark := fmt.Appendf(nil, "end of capture %s", c.file)
	conn, err := c.ns.Network().DialContext(c.tb.t.Context(), "udp", net.JoinHostPort(c.other().String(), fmt.Sprint(markPort)))
	c.tb.must(err, "mark the capture's end")
	defer conn.Close()
	_, err = conn.Write(mark)
	c.tb.must(err, "mark the capture's end")
	c.tb.until(c, func() bool {
		got, err := os.ReadFile(c.file)
		return err == nil && bytes.Contains(got, mark)
	}, &lockedBuffer{})
	c.tb.must(c.cmd.Process.Signal(os.Interrupt), "stop dumpcap")
	<-c.gone

	clean := filepath.Join(filepath.Dir(c.file), "capture.pcap")
	notMark := fmt.Sprintf("!(udp.dstport == %d) && !(icmp && udp.dstport == %[1]d)", markPort)
	out, err := tshark(c.tb.t, "-n", "-r", c.file, "-Y", notMark, "-F", "pcap", "-w", clean)
	if err != nil {
		c.tb.t.Fatalf("testbed: tshark: %v\n%s", err, out)
	}
	return clean
}

// other is the address at the cable's other end.
func (c *Capture) other() fmt.Stringer {
	if c.ns == c.tb.Phone {
		return c.tb.Server.Addr
	}
	return c.tb.Phone.Addr
}

// until polls for something that dumpcap does, within captureLimit.
func (tb *Testbed) until(c *Capture, done func() bool, log fmt.Stringer) {
	tb.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(captureLimit)
	for !done() {
		select {
		case <-c.gone:
			tb.t.Fatalf("testbed: dumpcap ended: %v\n%s", c.err, log)
		case <-limit:
			tb.t.Fatalf("testbed: dumpcap has not come so far within %v\n%s", captureLimit, log)
		case <-tick.C:
		}
	}
}

// TsharkFields returns the wanted fields of each packet of a capture file that fits
// the display filter, as tshark dissects it; a field that occurs more than once has
// its values separated by commas. decodeAs is tshark's -d, as "udp.port==7777,sip".
func TsharkFields(t testing.TB, file string, decodeAs []string, filter string, fields ...string) [][]string {
	t.Helper()
	args := []string{"-n", "-r", file, "-Y", filter, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=,"}
	for _, d := range decodeAs {
		args = append(args, "-d", d)
	}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := tshark(t, args...)
	if err != nil {
		t.Fatalf("testbed: tshark: %v\n%s", err, out)
	}
	var rows [][]string
	for line := range strings.Lines(out) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows
}

// tshark runs it without the settings of the user who tests; on error, the text that
// it returns is what tshark said.
func tshark(t testing.TB, args ...string) (string, error) {
	t.Helper()
	path, err := lookPath("tshark")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C.UTF-8", "HOME=" + t.TempDir()}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stderr.String(), err
	}
	return stdout.String(), nil
}
