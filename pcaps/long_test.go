package pcaps

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/device"
)

// crowd writes a capture of many phones that is nowhere as a whole: what one phone does,
// with every other phone's MAC and address in it.
type crowd struct {
	first  [][]byte // the frames of the phone with number 0
	later  [][]byte // an hour after the last phone, and every hour
	phones int
	at     time.Time
	record []byte
}

// callFrames is what a phone does for the rest of the day: it speaks, and a laptop behind
// it is in the web.
func callFrames(t *testing.T) (all [][]byte) {
	w := newWriter(t, layers.LinkTypeEthernet)
	phone, other := netip.MustParseAddr("10.0.0.0"), netip.MustParseAddr("192.0.2.99")
	voice := append([]byte{0x80, 8}, make([]byte, 170)...) // RTP, G.711
	for range 40 {
		w.ethernet(etherIPv4, packetOf(t, netip.AddrPortFrom(phone, 16384), netip.AddrPortFrom(other, 16386), voice))
		w.ethernet(etherIPv4, packetOf(t, netip.AddrPortFrom(other, 16386), netip.AddrPortFrom(phone, 16384), voice))
	}
	for i := range 20 {
		ip := ip4(netip.AddrPortFrom(other, 443), netip.AddrPortFrom(phone, 50000), layers.IPProtocolTCP)
		tcp := &layers.TCP{SrcPort: 443, DstPort: 50000, Seq: uint32(1 + 1400*i), ACK: true, Window: 65535}
		_ = tcp.SetNetworkLayerForChecksum(ip)
		w.ethernet(etherIPv4, layersOf(t, ip, tcp, gopacket.Payload(append([]byte{0x17, 3, 3, 5, 115}, make([]byte, 1395)...))))
	}
	for _, s := range w.shots() {
		all = append(all, s.data)
	}
	return all
}

// write writes frames until there are size bytes of them, and calls look 20 times on its
// way. It returns how many they were.
func (c *crowd) write(w io.Writer, size int64, look func(done int64)) (frames int, err error) {
	out := bufio.NewWriterSize(w, 1<<20)
	_, err = out.WriteString("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00")
	done, next, now := int64(0), size/20, c.first
	for n := 0; done < size && err == nil; n++ {
		if n == c.phones {
			n, now, c.at = 0, c.later, c.at.Add(time.Hour)
		}
		for _, frame := range now {
			c.frame(frame, n)
			frames++
			done += int64(len(c.record))
			if _, err = out.Write(c.record); err != nil {
				return frames, err
			}
		}
		if done >= next {
			look(done)
			next += size / 20
		}
	}
	return frames, out.Flush()
}

// frame makes the record of a frame that is phone n's.
func (c *crowd) frame(frame []byte, n int) {
	c.at = c.at.Add(37 * time.Microsecond)
	r := binary.LittleEndian.AppendUint32(c.record[:0], uint32(c.at.Unix()))
	r = binary.LittleEndian.AppendUint32(r, uint32(c.at.Nanosecond()/1000))
	r = binary.LittleEndian.AppendUint32(r, uint32(len(frame)))
	r = binary.LittleEndian.AppendUint32(r, uint32(len(frame)))
	r = append(r, frame...)
	c.record = r
	mac := device.DefaultMAC.Add(uint64(n))
	copy(r[16+6:], mac[:])
	for _, at := range []int{16 + 14 + 12, 16 + 14 + 16} { // source and destination
		if a := r[at : at+4]; a[0] == 10 {
			copy(a, []byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
		}
	}
	if at := bytes.Index(r, []byte(device.DefaultMAC.String())); at >= 0 {
		copy(r[at:], mac.String())
	}
}

// resident is a process's memory in MB (proc(5), /proc/pid/statm).
func resident(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, pages int
	_, _ = fmt.Sscan(string(text), &size, &pages)
	return float64(pages*os.Getpagesize()) / (1 << 20)
}

// BenchmarkLong streams captures of gigabytes to the command, and tells its memory on the
// way and in the end.
func BenchmarkLong(b *testing.B) {
	command := filepath.Join(b.TempDir(), "fipsim")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", command, "../cmd/fipsim").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	pass, calls := passPackets(b, 0), callFrames(new(testing.T))
	size := int64(0)
	for _, frame := range pass {
		size += int64(16 + len(frame))
	}
	for _, long := range []struct {
		name   string
		later  [][]byte
		phones int
		size   int64
		args   []string
	}{
		{"5GB-10000-phones-a-pass-and-calls", calls, 10_000, 5e9, nil},
		{"5GB-10000-phones-pass-after-pass", pass, 10_000, 5e9, nil},
		{"5GB-one-phone-of-those", pass, 10_000, 5e9, []string{"--phone", device.DefaultMAC.String()}},
		{"100000-phones", pass, 100_000, 100_000 * size, nil},
	} {
		b.Run(long.name, func(b *testing.B) {
			for b.Loop() {
				c := &crowd{first: pass, later: long.later, phones: long.phones, at: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)}
				showLong(b, c, long.size, append([]string{command, "pcap", "show", "-"}, long.args...))
			}
		})
	}
}

func showLong(b *testing.B, c *crowd, size int64, args []string) {
	cmd := exec.CommandContext(b.Context(), args[0], args[1:]...)
	head := new(firstLines)
	cmd.Stdout, cmd.Stderr = head, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	var looks strings.Builder
	frames, err := c.write(in, size, func(int64) { fmt.Fprintf(&looks, " %.0f", resident(cmd.Process.Pid)) })
	_ = in.Close()
	if waited := cmd.Wait(); err != nil || waited != nil {
		b.Fatal(err, waited)
	}
	most, cpu := mostMemory(cmd.ProcessState), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	b.Logf("%d bytes, %d frames in %s, %s of the processor; MB at every twentieth:%s; %.0f at most\n%s", size, frames,
		time.Since(start).Round(time.Second), cpu.Round(100*time.Millisecond), &looks, most, head.text)
	b.ReportMetric(most, "MB")
	b.ReportMetric(float64(frames)/cpu.Seconds(), "packets/cpu-s")
}

// firstLines keeps the beginning of what is written to it.
type firstLines struct{ text []byte }

func (f *firstLines) Write(p []byte) (int, error) {
	if len(f.text) < 600 {
		f.text = append(f.text, p[:min(len(p), 600)]...)
	}
	return len(p), nil
}
